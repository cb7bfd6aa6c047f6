"""Distinguish dogs from other animals and people by 1 s of samples: BarkNet, ESC-10.

    python tools/train/esc10_dogs.py esc10/ --mistakes build/esc10-dogs/mistakes

Dogs against roosters, crying babies and sneezes, 40 clips each, in seconds that are not
silent (-50 dB). Each fold, or each that --folds names, is held out and tested once, at
the end; the last epoch is kept. Then, or with --folds none, a network learns from all
folds in the same way: the preset, which nothing of ESC-10 can test any more.

YAMNet teaches. Of each fold 1,024 seconds are made once: faster or slower, half of them
mixed with another sound, which may be of ESC-10's six other classes, filtered, noisy.
BarkNet learns scores, the mean of the label and of what a linear probe on YAMNet says,
and, with a second head that is dropped at the end, the 16 main components of YAMNet's
embedding. It hears parts of 0.25 s from loud places first, four times as many for the
same work, then whole seconds. The learning rate falls to 0 both times.

Writes dogs-FOLD.keras, .safetensors (the weights alone) and .json: accuracy, and
balanced accuracy, the mean of both classes' recalls, by second and by clip (its seconds
averaged); summary.json has the means, and so has dogs-all.json, which is the preset's:
they are those of the networks that had not heard the fold. --mistakes
writes every misclassified second as a sound file and a picture (extra [plot]), and
mistakes.csv. After an interruption the same command resumes. KERAS_BACKEND chooses the
backend.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import keras
import numpy as np
import recipe
from esc10_dogs_mistakes import write_mistakes
from esc10_dogs_pool import DOG, FOLDS, RATE, RIVALS, SILENCE_DB, TEACHER, Pools
from esc10_dogs_student import Plan, new_learner, student_of, targets, teach

import kerasaudio
from kerasaudio.audio.window_rule import WindowRule
from kerasaudio.core import AudioModel
from kerasaudio.datasets import ESC50, LabeledClips
from kerasaudio.datasets.batching import cutting
from kerasaudio.datasets.learned import learned_too
from kerasaudio.evaluation import evaluate
from kerasaudio.files.whole_file import write_csv

NETWORK: dict[str, Any] = {"filters": 8}
LABELS = (DOG, "other")
PART = RATE // 4
TEST = (
    "ESC-10 animals and people, seconds that are not silent, mean of five networks, "
    "each without the fold it was tested on; these weights learned from all five"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    data = ESC50(options.folder, esc10=True)
    options.out.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[Any, ...]] = []
    for fold in filter(None, options.folds):
        path = options.out / f"dogs-{fold}.json"
        if path.exists() and not options.overwrite:
            print(f"{path} is there already")
        else:
            learn_and_hear(data, fold, path, options)
        if options.mistakes is not None:
            model = keras.saving.load_model(path.with_suffix(".keras"))
            seconds = seconds_of(dogs(data).hold_out(fold)[1])
            rows += write_mistakes(model, seconds, options.mistakes)
    if None in options.folds:
        learn_all(data, options.out / "dogs-all.json", options)
    recipe.write_result(options.out / "summary.json", summary(options.out))
    if options.mistakes is not None:
        titles = ("file", "start", "truth", "said", "score", "sound", "picture")
        write_csv(options.mistakes / "mistakes.csv", [titles, *rows])
        print(f"{len(rows)} mistakes in {options.mistakes}")


def dogs(data: ESC50) -> LabeledClips:
    """Give the animals and people of ESC-10, as dogs and others."""
    names = np.array(data.categories)
    which = np.flatnonzero(np.isin(names, [DOG, *RIVALS]))
    assert data.folds is not None
    return LabeledClips(
        name="ESC-10 dogs",
        paths=tuple(data.paths[i] for i in which),
        targets=(names[which] != DOG).astype(np.int64),
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
    data: ESC50, fold: int, path: Path, options: argparse.Namespace
) -> None:
    """Train without a fold, hear it, and write weights and result."""
    print(f"fold {fold} held out", flush=True)
    learn, held_out = dogs(data).hold_out(fold)
    folds = sorted(set(data.require_folds().tolist()) - {fold})
    began = time.perf_counter(), time.process_time()
    model = learned(data, folds, path, options)
    model.save(path.with_suffix(".keras"))
    seconds = evaluate(model, seconds_of(held_out))
    whole = evaluate(model, held_out, silence_db=SILENCE_DB)
    result = {
        **_facts(model, folds, path, options),
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
        "took_seconds": round(time.perf_counter() - began[0], 1),
        "processor_seconds": round(time.process_time() - began[1], 1),
    }
    recipe.write_result(path, result)


def learn_all(data: ESC50, path: Path, options: argparse.Namespace) -> None:
    """Train on all folds; the scores are the means of those that were held out.

    Raises:
        ValueError: A fold has not been measured yet.
    """
    folds = sorted(set(data.require_folds().tolist()))
    measured = [path.with_name(f"dogs-{fold}.json") for fold in folds]
    if missing := [file.name for file in measured if not file.exists()]:
        raise ValueError(
            f"{path.parent} lacks {', '.join(missing)}. Hold each fold out first: the "
            "score of what heard all of them is theirs."
        )
    if path.exists() and not options.overwrite:
        print(f"{path} is there already")
        return
    print("no fold held out", flush=True)
    results = [json.loads(file.read_text(encoding="utf-8")) for file in measured]
    model = learned(data, folds, path, options)
    model.save(path.with_suffix(".keras"))
    means = summary(path.parent)["mean"]
    result = {
        **_facts(model, folds, path, options),
        "test": TEST,
        "clips": {"trained_on": len(dogs(data)), "test": 0},
        "accuracy": means["by_second"],
        "macro_f1": fmean(one["macro_f1"] for one in results),
        "balanced_accuracy": means["by_second_balanced"],
        "by_clip": {
            "accuracy": means["by_clip"],
            "balanced_accuracy": means["by_clip_balanced"],
        },
    }
    recipe.write_result(path, result)


def _facts(
    model: AudioModel, folds: Sequence[int], path: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Write the weights, and say what they are."""
    return {
        "model": "BarkNet",
        "tag": "esc10",
        "arguments": NETWORK,
        "labels": list(LABELS),
        "parameters": recipe.write_weights(path.with_suffix(".safetensors"), model),
        "data": f"ESC-10, dogs, {', '.join(RIVALS)}, folds "
        f"{', '.join(map(str, folds))}, and its six other classes; CC BY 3.0; "
        f"taught by {TEACHER}",
        "teacher": TEACHER,
        "script": "tools/train/esc10_dogs.py",
        "seed": options.seed,
        "epochs": {"parts": options.epochs, "whole": options.whole_epochs},
    }


def learned(
    data: ESC50, folds: Sequence[int], path: Path, options: argparse.Namespace
) -> AudioModel:
    """Train on some folds: on parts of seconds, then on whole ones."""
    pool = Pools(data, options.out, options.seed).of_folds(folds)
    goals = targets(pool)
    plans = (
        Plan(PART, options.epochs, batch_size=32, rate=3e-3),
        Plan(RATE, options.whole_epochs, batch_size=8, rate=5e-4),
    )
    keras.utils.set_random_seed(options.seed)
    weights = None
    for plan in plans:
        learner = new_learner(LABELS, NETWORK, plan.samples)
        if weights is not None:
            learner.set_weights(weights)
        name = f"{path.stem}-{plan.samples}-{plan.epochs}-{options.seed}.keras"
        unfinished = path.with_name(name)
        if options.overwrite:
            unfinished.unlink(missing_ok=True)
        learner = teach(learner, pool.sounds, goals, unfinished, plan, options.seed)
        weights = learner.get_weights()
    model = student_of(learner, LABELS, NETWORK)
    spec = model.spec.replace(learned_files=learned_too((), _heard(data, folds)))
    return AudioModel(model.input, model.output, name=model.name, spec=spec)


def _heard(data: ESC50, folds: Sequence[int]) -> list[Path]:
    """Give the files that some folds' seconds are made of."""
    clips = dogs(data)
    tested = set(clips.paths)
    others = [path for path in data.paths if path not in tested]
    inside = np.isin(clips.require_folds(), folds)
    return [clips.paths[i] for i in np.flatnonzero(inside)] + others


def summary(folder: Path) -> dict[str, Any]:
    """Give the results of the folds that are done, and their means."""
    files = sorted(folder.glob("dogs-?.json"))
    folds = {file.stem[-1]: json.loads(file.read_text("utf-8")) for file in files}
    table = {
        fold: {
            "by_second": result["accuracy"],
            "by_second_balanced": result["balanced_accuracy"],
            "by_clip": result["by_clip"]["accuracy"],
            "by_clip_balanced": result["by_clip"]["balanced_accuracy"],
        }
        for fold, result in folds.items()
    }
    names = next(iter(table.values()))
    means = {name: fmean(row[name] for row in table.values()) for name in names}
    return {"folds": table, "mean": means}


def balanced(report: Any) -> float:
    """Give the mean recall of the classes."""
    return float(np.mean([found["recall"] for found in report.per_class.values()]))


def _fold(text: str) -> int | None:
    """Read a fold, or none."""
    if text == "none":
        return None
    if text not in map(str, FOLDS):
        raise argparse.ArgumentTypeError(f"{text!r} is not none, nor a fold, 1 to 5")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = recipe.parser(__doc__ or "", out="build/esc10-dogs", epochs=5)
    add = parser.add_argument
    add(
        "--folds",
        nargs="+",
        type=_fold,
        default=[*FOLDS, None],
        metavar="FOLD",
        help="to hold out, 1 to 5, or none, for the preset; default: all of these",
    )
    add("--whole-epochs", type=int, default=1, help="on whole seconds; default: 1")
    add("--mistakes", type=Path, metavar="FOLDER", help="write them there")
    return parser


if __name__ == "__main__":
    main()
