"""Learn ESC-10 from scratch: LogMelCNN, five folds, the gain of each augmentation.

    python tools/train/esc10_log_mel.py esc10/ --augment none all
    python tools/train/esc10_log_mel.py esc10/ --augment noise mask --folds 1 2

Each fold is held out and tested once, at the end. A training has a fixed number of
epochs, during which the learning rate falls to 0, and the last epoch is kept. In each
epoch a window of 1.5 s is cut out of each clip, at a random position that is not
silent. The scores of a held-out clip are averaged over five windows without the silent
ones.

    none    no augmentation
    shift   the window is rolled by up to 0.37 s
    noise   for every second window white noise, 20 to 50 dB below the sound
    level   12 dB softer to 6 dB louder, and for every second window an equalizer's band
            raised or lowered by up to 12 dB
    vtlp    for every second window the frequency axis warped by 0.9 to 1.1
    mask    SpecAugment: two masks of up to 8 frames and two of up to 12 bands
    mixup   with another clip of the batch, alpha 0.2
    all     all of these

Writes, for each of them and each fold, AUGMENT-FOLD.keras, .safetensors (the weights
alone; none-5 is the preset) and .json; and summary.json. After an interruption
the same command resumes, and repeats nothing. KERAS_BACKEND chooses the backend.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import recipe

from kerasaudio import layers
from kerasaudio.datasets import ESC50
from kerasaudio.evaluation import evaluate
from kerasaudio.models.log_mel_cnn import LogMelCNN
from kerasaudio.training import Augmentation

RATE = 22_050
NETWORK: dict[str, Any] = {"filters": 16, "clip_samples": 63 * 512}  # 64 frames, 1.46 s
DROPOUT = 0.0  # with 0.2 so small a network learns next to nothing in 30 epochs
HEARD: dict[str, Any] = {"silence_db": -60.0}
TESTED: dict[str, Any] = {**HEARD, "windows_per_clip": 5}
FOLDS = (1, 2, 3, 4, 5)
SINGLE = ("shift", "noise", "level", "vtlp", "mask", "mixup")
NAMES = ("none", *SINGLE, "all")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    data = ESC50(options.folder, esc10=True)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.augment:
        for fold in options.folds:
            path = options.out / f"{name}-{fold}.json"
            if path.exists() and not options.overwrite:
                print(f"{path} is there already")
            else:
                hold_out(data, name, fold, path, options)
    summary = {
        name: summarized(options.out, name)
        for name in NAMES
        if any(options.out.glob(f"{name}-*.json"))
    }
    recipe.write_result(options.out / "summary.json", summary)


def hold_out(
    data: ESC50, name: str, fold: int, path: Path, options: argparse.Namespace
) -> None:
    """Train without a fold, hear it, and write weights and result."""
    print(f"{name}, fold {fold} held out", flush=True)
    learn, held_out = data.hold_out(fold)
    keras.utils.set_random_seed(options.seed)
    model = LogMelCNN(labels=data.class_names, dropout=DROPOUT, **NETWORK)
    began = time.perf_counter(), time.process_time()
    done = recipe.train_without_validation(
        model,
        learn,
        path.with_suffix(".keras"),
        options,
        augmentation(name, options.seed),
        **HEARD,
    )
    report = evaluate(done.model, held_out, **TESTED)
    result = {
        "model": "LogMelCNN",
        "tag": "esc10",
        "arguments": NETWORK,
        "labels": list(data.class_names),
        "parameters": recipe.write_weights(
            path.with_suffix(".safetensors"), done.model
        ),
        "data": f"ESC-10, folds {', '.join(str(f) for f in FOLDS if f != fold)}; "
        "CC BY 3.0",
        "script": "tools/train/esc10_log_mel.py",
        "seed": options.seed,
        "test": f"ESC-10, fold {fold}",
        "clips": {"trained_on": len(learn), "test": len(held_out)},
        "accuracy": report.accuracy,
        "macro_f1": report.macro_f1,
        "augmentation": name,
        "epochs": options.epochs,
        "loss": [round(epoch.loss, 4) for epoch in done.epochs],
        "confusion": report.confusion.tolist(),
        "seconds": round(time.perf_counter() - began[0], 1),
        "processor_seconds": round(time.process_time() - began[1], 1),
    }
    recipe.write_result(path, result)


def augmentation(name: str, seed: int) -> Augmentation:
    """Give what a word of the command line stands for."""
    chosen = SINGLE if name == "all" else (name,)
    waveform: dict[str, list[keras.layers.Layer]] = {
        "shift": [layers.TimeShift(RATE * 3 // 8, seed=seed)],
        "noise": [layers.Noise((20, 50), seed=seed + 1, probability=0.5)],
        "level": [
            layers.Volume((-12, 6), seed=seed + 2),
            layers.Filter(RATE, seed=seed + 3, probability=0.5),
        ],
    }
    features: dict[str, list[keras.layers.Layer]] = {
        "vtlp": [
            layers.VTLP(RATE, (0.9, 1.1), scale="mel", seed=seed + 4, probability=0.5)
        ],
        "mask": [
            layers.SpecAugment(
                time_width=8, frequency_width=12, time_share=0.25, seed=seed + 5
            )
        ],
    }
    return Augmentation(
        waveform=tuple(layer for key in chosen for layer in waveform.get(key, [])),
        features=tuple(layer for key in chosen for layer in features.get(key, [])),
        mixup=0.2 if "mixup" in chosen else None,
    )


def summarized(folder: Path, name: str) -> dict[str, Any]:
    """Give the accuracies of the folds that are done, and their mean."""
    files = sorted(folder.glob(f"{name}-*.json"))
    folds = {
        file.stem.rpartition("-")[2]: json.loads(file.read_text(encoding="utf-8"))
        for file in files
    }
    accuracies = [result["accuracy"] for result in folds.values()]
    return {
        "folds": {fold: result["accuracy"] for fold, result in folds.items()},
        "mean": statistics.fmean(accuracies),
        "deviation": statistics.pstdev(accuracies),
        "processor_seconds": sum(r["processor_seconds"] for r in folds.values()),
    }


def _parser() -> argparse.ArgumentParser:
    parser = recipe.parser(__doc__ or "", out="build/esc10-log-mel", epochs=30)
    add = parser.add_argument
    add(
        "--augment",
        nargs="+",
        choices=NAMES,
        default=["none", "all"],
        metavar="NAME",
        help=f"of {', '.join(NAMES)}; default: none all",
    )
    add("--folds", nargs="+", type=int, choices=FOLDS, default=list(FOLDS))
    return parser


if __name__ == "__main__":
    main()
