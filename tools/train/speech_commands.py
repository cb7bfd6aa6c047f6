"""Recognize spoken words: Speech Commands, official lists, 35 or 12 classes.

    python tools/train/speech_commands.py words/ --download --model ReSE2Multi

The network is trained on the training part. The loss on the validation list reduces the
learning rate and chooses the weights. The testing list is used once, at the end.
--classes 35 are all words of version 2 (30: version 1; all: the words in the folder);
12 are the ten commands, silence, and a sample of the other words as "unknown".

    model       input                      settings of
    ReSE2Multi  22,050 samples, 22,050 Hz  Kim, Lee & Nam 2019, IEEE JSTSP
    SampleCNN   22,050 samples, 22,050 Hz  the same, without residuals and excitation
    LeNetMFCC   MFCC of 1 s, 16 kHz        this project
    SpeechGRU   MFCC of 1 s, 16 kHz        this project
    BarkNet     16,000 samples, 16 kHz     this project

All models are trained by SGD with Nesterov momentum, a rate of 0.01 that is divided by
five four times, and 23 clips per step, as tae-jun/sampleaudio at commit 87cf32c trains
the first.

Writes MODEL.keras, MODEL.epochs.csv, MODEL.json (the measured result) and MODEL-report/
(confusion, mistakes). After an interruption the same command resumes; a finished
training is only measured. KERAS_BACKEND chooses the backend.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import papers
import recipe

from kerasaudio.datasets import SpeechCommands
from kerasaudio.evaluation import evaluate

_SAMPLES: dict[str, Any] = {
    "clip_samples": 22_050,
    "blocks": 8,
    "sample_rate": 22_050,
}
MODELS: dict[str, dict[str, Any]] = {
    "ReSE2Multi": _SAMPLES,
    "SampleCNN": _SAMPLES,
    "LeNetMFCC": {"clip_samples": 16_000},
    "SpeechGRU": {"clip_samples": 16_000},
    "BarkNet": {},
}
CLASSES = {"35": 35, "30": 30, "12": 12, "all": None}


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    data = SpeechCommands(
        options.folder,
        classes=CLASSES[options.classes],
        seed=options.seed,
        download=options.download,
        version=1 if options.classes == "30" else 2,
    )
    learn, choose, test = data.published_split()
    model, facts = papers.run(options, (learn, choose), MODELS[options.model])
    begin = time.perf_counter()
    report = evaluate(model, test, batch_size=options.batch_size, dtype="int16")
    report.save(options.out / f"{options.model}-report")
    result = {
        "data": options.data,
        "script": "tools/train/speech_commands.py",
        "test": "testing_list.txt",
        **facts,
        "classes": len(data.class_names),
        "test_clips": len(test),
        **report.figures(),
        "test_seconds": round(time.perf_counter() - begin, 1),
    }
    recipe.write_result(options.out / f"{options.model}.json", result)


def _parser() -> argparse.ArgumentParser:
    parser = papers.parser(__doc__ or "", out="build/speech_commands", models=MODELS)
    parser.add_argument("--classes", choices=list(CLASSES), default="35")
    parser.add_argument(
        "--download", action="store_true", help="get the data set where it is not there"
    )
    parser.add_argument(
        "--data", default="Speech Commands", help="what the result calls the data"
    )
    return parser


if __name__ == "__main__":
    main()
