"""Distinguish dogs from other animals and people by 1 s of samples: BarkNet, ESC-10.

    python tools/train/esc10_dogs.py esc10/ --mistakes build/esc10-dogs/mistakes

Dogs against roosters, crying babies and sneezes, 40 clips each, in seconds that are not
silent (-50 dB). Fold 5, or each fold that --folds names, is held out and tested once,
at the end. A training has a fixed number of epochs, during which the learning rate
falls to 0, and the last epoch is kept. In each epoch two seconds are cut out of each
clip at random; they are rolled, made louder or softer, filtered, and mixed with noise.
Dogs are a quarter of the clips and have the same weight as all others together.

Writes dogs-FOLD.keras, .safetensors (the weights alone; those of fold 5 make the
preset) and .json: accuracy, and balanced accuracy, the mean of both classes' recalls,
by second and by clip (its seconds averaged). --mistakes writes every misclassified
second as a sound file and a picture (extra [plot]), and mistakes.csv. After an
interruption the same command resumes. KERAS_BACKEND chooses the backend.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import recipe
import soundfile

import kerasaudio
from kerasaudio import layers
from kerasaudio.audio.window_rule import WindowRule
from kerasaudio.datasets import ESC50, LabeledClips
from kerasaudio.datasets.batching import cutting
from kerasaudio.evaluation import evaluate
from kerasaudio.files.whole_file import write_csv
from kerasaudio.models.bark_net import BarkNet
from kerasaudio.training import Augmentation

RATE = 16_000
SILENCE_DB = -50.0
NETWORK: dict[str, Any] = {"filters": 8}
RIVALS = ("rooster", "crying_baby", "sneezing")
LABELS = ("dog", "other")
FOLDS = (1, 2, 3, 4, 5)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    data = dogs(ESC50(options.folder, esc10=True))
    options.out.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[Any, ...]] = []
    for fold in options.folds:
        learn, held_out = data.hold_out(fold)
        path = options.out / f"dogs-{fold}.json"
        if path.exists() and not options.overwrite:
            print(f"{path} is there already")
        else:
            learn_and_hear(learn, held_out, fold, path, options)
        if options.mistakes is not None:
            model = keras.saving.load_model(path.with_suffix(".keras"))
            rows += write_mistakes(model, seconds_of(held_out), options.mistakes)
    if options.mistakes is not None:
        titles = ("file", "start", "truth", "said", "score", "sound", "picture")
        write_csv(options.mistakes / "mistakes.csv", [titles, *rows])
        print(f"{len(rows)} mistakes in {options.mistakes}")


def dogs(data: ESC50) -> LabeledClips:
    """Give the animals and people of ESC-10, as dogs and others."""
    names = np.array(data.categories)
    which = np.flatnonzero(np.isin(names, ["dog", *RIVALS]))
    assert data.folds is not None
    return LabeledClips(
        name="ESC-10 dogs",
        paths=tuple(data.paths[i] for i in which),
        targets=(names[which] != "dog").astype(np.int64),
        class_names=LABELS,
        folds=data.folds[which],
        groups=data.src_file[which],
    )


def seconds_of(clips: LabeledClips) -> LabeledClips:
    """Cut clips into seconds, side by side, without silent ones.

    A clip that is silent throughout gives its loudest second.
    """
    numbers, starts = [], []
    for number, path in enumerate(clips.paths):
        waveform = kerasaudio.load_audio(path, RATE)
        # A rest of less than half a second is left out.
        count = max(1, int(len(waveform) / RATE + 0.5))
        places = WindowRule(RATE, RATE).spans(len(waveform))[:count]
        level = cutting.levels(waveform, places)
        begins = np.array([span.start for span in places])
        loud = begins[level >= min(SILENCE_DB, level.max())]
        numbers += [number] * len(loud)
        starts += (loud / RATE).tolist()
    return LabeledClips(
        name=f"{clips.name}, seconds",
        paths=tuple(clips.paths[i] for i in numbers),
        targets=clips.targets[numbers],
        class_names=clips.class_names,
        starts=np.array(starts),
        ends=np.array(starts) + 1,
        partial=True,
    )


def learn_and_hear(
    learn: LabeledClips,
    held_out: LabeledClips,
    fold: int,
    path: Path,
    options: argparse.Namespace,
) -> None:
    """Train without a fold, hear it, and write weights and result."""
    print(f"fold {fold} held out", flush=True)
    keras.utils.set_random_seed(options.seed)
    model = BarkNet(labels=LABELS, **NETWORK)
    began = time.perf_counter(), time.process_time()
    done = recipe.train_without_validation(
        model,
        learn,
        path.with_suffix(".keras"),
        options,
        augmentation(options.seed),
        silence_db=SILENCE_DB,
        windows_per_clip=2,
    )
    seconds = evaluate(done.model, seconds_of(held_out))
    whole = evaluate(done.model, held_out, silence_db=SILENCE_DB)
    result = {
        "model": "BarkNet",
        "tag": "esc10",
        "arguments": NETWORK,
        "labels": list(LABELS),
        "parameters": recipe.write_weights(
            path.with_suffix(".safetensors"), done.model
        ),
        "data": f"ESC-10, dogs, {', '.join(RIVALS)}, folds "
        f"{', '.join(str(f) for f in FOLDS if f != fold)}; CC BY 3.0",
        "script": "tools/train/esc10_dogs.py",
        "seed": options.seed,
        "test": f"ESC-10 animals and people, fold {fold}, seconds that are not silent",
        "clips": {"trained_on": len(learn), "test": len(held_out)},
        "seconds_tested": len(seconds.targets),
        "accuracy": seconds.accuracy,
        "macro_f1": seconds.macro_f1,
        "balanced_accuracy": balanced(seconds),
        "confusion": seconds.confusion.tolist(),
        "by_clip": {
            "accuracy": whole.accuracy,
            "balanced_accuracy": balanced(whole),
            "confusion": whole.confusion.tolist(),
        },
        "epochs": options.epochs,
        "loss": [round(epoch.loss, 4) for epoch in done.epochs],
        "took_seconds": round(time.perf_counter() - began[0], 1),
        "processor_seconds": round(time.process_time() - began[1], 1),
    }
    recipe.write_result(path, result)


def augmentation(seed: int) -> Augmentation:
    """Give what is changed while it learns."""
    return Augmentation(
        waveform=(
            layers.TimeShift(RATE // 4, seed=seed),
            layers.Volume((-12, 6), seed=seed + 1),
            layers.Filter(RATE, seed=seed + 2, probability=0.5),
            layers.Noise((15, 45), seed=seed + 3),
        )
    )


def balanced(report: Any) -> float:
    """Give the mean recall of the classes."""
    return float(np.mean([found["recall"] for found in report.per_class.values()]))


def write_mistakes(
    model: Any, seconds: LabeledClips, folder: Path
) -> list[tuple[Any, ...]]:
    """Write what was mistaken as sound and picture; gives the rows of the table."""
    from kerasaudio.plot import events

    folder.mkdir(parents=True, exist_ok=True)
    report = evaluate(model, seconds)
    assert seconds.starts is not None
    rows = []
    for number in np.flatnonzero(report.predictions != report.targets):
        path, start = seconds.paths[number], float(seconds.starts[number])
        truth = seconds.class_names[seconds.targets[number]]
        said = report.class_names[report.predictions[number]]
        score = float(report.scores[number, report.predictions[number]])
        begin = round(start * RATE)
        waveform = kerasaudio.load_audio(path, RATE)[begin : begin + RATE]
        stem = folder / f"{path.stem}-{start:g}s-{truth}-as-{said}"
        sound, picture = stem.with_name(f"{stem.name}.wav"), f"{stem.name}.png"
        soundfile.write(sound, waveform, RATE)
        length = len(waveform) / RATE
        events(
            waveform,
            [(said, 0.0, length)],
            folder / picture,
            true=[(truth, 0.0, length)],
            sample_rate=RATE,
            labels=LABELS,
            title=f"{truth}, not {said} {score:.2f}: {path.stem} {start:g} s",
        )
        row = (path.name, start, truth, said, round(score, 4), sound.name, picture)
        rows.append(row)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = recipe.parser(__doc__ or "", out="build/esc10-dogs", epochs=40)
    add = parser.add_argument
    add("--folds", nargs="+", type=int, choices=FOLDS, default=[5])
    add("--mistakes", type=Path, metavar="FOLDER", help="write them there")
    return parser


if __name__ == "__main__":
    main()
