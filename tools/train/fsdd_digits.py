"""Learn which digit is spoken: the Free Spoken Digits, official split.

    python tools/train/fsdd_digits.py fsdd/ --model LeNetMFCC --out build/fsdd

Takes 0 to 4 of each speaker and digit are held out and heard once, at the end; takes 5
to 9 choose the epoch. With --speakers those named are held out instead.
Clips are 8 kHz; in training they are shifted, louder or softer, and noisy.

Writes MODEL.keras, MODEL.safetensors (the weights alone, which a preset is made of) and
MODEL.json (the measured result with all settings). Stopped and started again, it goes
on where it was. KERAS_BACKEND chooses the backend.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import recipe

import kerasaudio
from kerasaudio.datasets.fsdd import FSDD, SAMPLE_RATE
from kerasaudio.training import Schedule, measure, train

MODELS: dict[str, dict[str, Any]] = {
    "LeNetMFCC": {"sample_rate": SAMPLE_RATE},
    "SpeechGRU": {"sample_rate": SAMPLE_RATE},
}
FIRST_TAKE = 10  # of those that are learnt from; 5 to 9 choose the epoch
SHIFT = SAMPLE_RATE // 10


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    data = FSDD(options.folder, label="digit")
    if options.speakers:
        known, unknown = data.speaker_split(options.speakers)
    else:
        known, unknown = data.official_split()
    chosen = data.takes[known] < FIRST_TAKE
    learn, choose = data.take(known[~chosen]), data.take(known[chosen])
    held_out = data.take(unknown)

    keras.utils.set_random_seed(options.seed)
    factory = getattr(kerasaudio, options.model)
    model = factory(labels=data.class_names, **MODELS[options.model])
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.model}.keras"
    began = time.perf_counter()
    done = train(
        model,
        learn,
        choose,
        path,
        schedule=Schedule(
            unfreeze_epochs=options.epochs, patience=options.epochs, seed=options.seed
        ),
        overwrite=options.overwrite,
        report=recipe.tell,
        augment=augment,
    )
    report = measure(done.model, held_out)
    weights = path.with_suffix(".safetensors")
    result = {
        "data": "Free Spoken Digit Dataset 1.0.9, CC BY-SA 4.0",
        "script": "tools/train/fsdd_digits.py",
        "tag": "fsdd",
        "test": f"FSDD, {options.speakers or 'official split'}",
        "arguments": MODELS[options.model],
        "labels": list(data.class_names),
        "clips": {
            "trained_on": len(learn),
            "chose": len(choose),
            "test": len(held_out),
        },
        "accuracy": report.accuracy,
        "macro_f1": report.macro_f1,
        "model": options.model,
        "parameters": recipe.write_weights(weights, done.model),
        "seed": options.seed,
        "epochs": options.epochs,
        "seconds": round(time.perf_counter() - began, 1),
    }
    recipe.write_result(path.with_suffix(".json"), result)


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


def _parser() -> argparse.ArgumentParser:
    parser = recipe.parser(__doc__ or "", out="build/fsdd", epochs=30)
    parser.add_argument("--model", choices=sorted(MODELS), default="LeNetMFCC")
    parser.add_argument(
        "--speakers", nargs="+", metavar="NAME", help="hold these out instead"
    )
    return parser


if __name__ == "__main__":
    main()
