"""Recognize spoken digits: the Free Spoken Digit Dataset, official split.

    python tools/train/fsdd_digits.py fsdd/ --model LeNetMFCC --out build/fsdd

Takes 0 to 4 of each speaker and digit are held out and tested once, at the end; takes 5
to 9 choose the epoch. With --speakers all takes of the named speakers are held out
instead; takes 0 to 9 of the other speakers then choose the epoch. Clips have a rate of
8 kHz; in training they are shifted, made louder or softer, and mixed with noise.

Writes NAME.keras, NAME.safetensors (the weights alone, which a preset is made of: see
tools/bundle_preset.py) and NAME.json (the measured result with all settings); NAME is
the model, and with --speakers the held-out speakers. After an interruption the same
command resumes; finished work is not repeated. KERAS_BACKEND chooses the backend.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import recipe

import kerasaudio
from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.fsdd import FSDD, SAMPLE_RATE
from kerasaudio.evaluation import evaluate
from kerasaudio.training import Schedule, train

# 0.82 s, so that seven poolings by three end in one step.
SAMPLES: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "clip_samples": 6_561,
    "blocks": 7,
}
MODELS: dict[str, dict[str, Any]] = {
    "LeNetMFCC": {"sample_rate": SAMPLE_RATE},
    "ReSE2Multi": {**SAMPLES, "init_features": 24, "amplifying_ratio": 2},
    "SampleCNN": {**SAMPLES, "filters": 32},
    "SpeechGRU": {"sample_rate": SAMPLE_RATE},
}
# The others take any length; nine words of ten are shorter, silence fills them up.
SECONDS = {"LeNetMFCC": 0.7, "SpeechGRU": 0.7}
# From raw samples. Their published heads give independent probabilities, so the
# presets' do; and their normalization must keep up with 75 steps an epoch.
RAW = {"ReSE2Multi", "SampleCNN"}
MOMENTUM = 0.9
FIRST_TAKE = 10  # of those that are learned from; the ones before choose the epoch
SHIFT = SAMPLE_RATE // 10


class Split(NamedTuple):
    """Who is heard when.

    Attributes:
        learn: Clips to train on.
        choose: Clips that choose the epoch.
        test: Clips that are held out.
        name: What the test is.
    """

    learn: LabeledClips
    choose: LabeledClips
    test: LabeledClips
    name: str


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    name = "-".join([options.model, *(options.speakers or ())])
    path = options.out / f"{name}.keras"
    result = path.with_suffix(".json")
    settings = {
        "model": options.model,
        "arguments": MODELS[options.model],
        "seed": options.seed,
        "epochs": options.epochs,
        "clip_seconds": SECONDS.get(options.model),
    }
    if result.exists() and not options.overwrite:
        _check_same(result, settings)
        print(f"{result} is there already:\n{result.read_text()}")
        return
    options.out.mkdir(parents=True, exist_ok=True)
    split = divide(FSDD(options.folder, label="digit"), options.speakers)
    done = train(
        build(options.model, split.learn.class_names, options.seed),
        split.learn,
        split.choose,
        path,
        schedule=Schedule(
            unfreeze_epochs=options.epochs,
            patience=options.epochs,
            cosine_decay=options.model in RAW,
            seed=options.seed,
        ),
        # Without a result, what is there was stopped before it was measured.
        overwrite=True,
        report=recipe.tell,
        augment=augment,
        clip_seconds=settings["clip_seconds"],
    )
    report = evaluate(done.model, split.test, clip_seconds=settings["clip_seconds"])
    recipe.write_result(
        result,
        {
            "data": "Free Spoken Digit Dataset 1.0.9, CC BY-SA 4.0",
            "script": "tools/train/fsdd_digits.py",
            "tag": "fsdd",
            "test": split.name,
            "labels": list(split.learn.class_names),
            "clips": {
                "trained_on": len(split.learn),
                "chose": len(split.choose),
                "test": len(split.test),
            },
            "accuracy": report.accuracy,
            "macro_f1": report.macro_f1,
            "mistakes": [
                f"{mistake.path.name}: {mistake.predicted}"
                for mistake in report.mistakes
            ],
            **settings,
            "parameters": recipe.write_weights(
                path.with_suffix(".safetensors"), done.model
            ),
            "best_epoch": done.best.number,
            "validation_accuracy": done.best.score,
            "seconds": round(sum(epoch.seconds for epoch in done.epochs), 1),
            "seconds_an_epoch": round(
                float(np.median([epoch.seconds for epoch in done.epochs])), 1
            ),
        },
    )


def divide(data: FSDD, speakers: Sequence[str] | None = None) -> Split:
    """Hold out takes 0 to 4, or all takes of some speakers."""
    if speakers:
        known, unknown = data.speaker_split(speakers)
        name = f"FSDD, speakers {' and '.join(speakers)} held out"
    else:
        known, unknown = data.official_split()
        name = "FSDD, official split"
    chosen = data.takes[known] < FIRST_TAKE
    return Split(
        data.take(known[~chosen]), data.take(known[chosen]), data.take(unknown), name
    )


def build(name: str, labels: Sequence[str], seed: int) -> AudioModel:
    """Build a network with random weights."""
    keras.utils.set_random_seed(seed)
    activation = "sigmoid" if name in RAW else "auto"
    factory = getattr(kerasaudio, name)
    model: AudioModel = factory(
        labels=labels, classifier_activation=activation, **MODELS[name]
    )
    for layer in model.layers if name in RAW else ():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    return model


def augment(window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift by up to 0.1 s, scale by up to 6 dB, add noise 20 to 50 dB below."""
    shift = int(rng.integers(-SHIFT, SHIFT + 1))
    moved = np.zeros_like(window)
    if shift >= 0:
        moved[shift:] = window[: len(window) - shift]
    else:
        moved[:shift] = window[-shift:]
    level = np.sqrt(np.mean(np.square(window))) * 10 ** (rng.uniform(-50, -20) / 20)
    noise = rng.normal(0, 1, len(window)) * level
    return (moved + noise) * 10 ** (rng.uniform(-6, 6) / 20)


def _check_same(result: Path, settings: dict[str, Any]) -> None:
    there = json.loads(result.read_text())
    differ = [name for name, value in settings.items() if there.get(name) != value]
    if differ:
        raise ValueError(
            f"{result} was made with another {' and '.join(differ)}. Choose another "
            "--out, or pass --overwrite."
        )


def _parser() -> argparse.ArgumentParser:
    parser = recipe.parser(__doc__ or "", out="build/fsdd", epochs=30)
    parser.add_argument("--model", choices=sorted(MODELS), default="LeNetMFCC")
    parser.add_argument(
        "--speakers", nargs="+", metavar="NAME", help="hold these out instead"
    )
    return parser


if __name__ == "__main__":
    main()
