"""Probe AudioSet's networks on UrbanSound8K with what AudioSet calls the ten classes.

    python tools/train/urbansound8k_named.py UrbanSound8K/ --weights audioset

Nine of the ten classes have classes of AudioSet that mean the same, and street music
is music (NAMED). Their scores from EfficientAT, as log-odds, the highest of each class,
are ten features that have learned from far more recordings than the folds have. The
probes hear them alone, or beside embeddings (CANDIDATES). Each of these parts is
standardized and then divided by the square root of its width: together, ten features
weigh as much as a thousand, which all are penalized alike.

Candidate and penalty are those of least mean cross-entropy on the learned folds, each
left out in turn. Only the chosen one then hears the fold --test. The vectors are kept
in --out, where those of urbansound8k_fine_tune.py are found again. KERAS_BACKEND
chooses the backend.
"""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import recipe
from esc10_fine_tune import Kept
from hear_and_see_tables import confusion
from hear_and_see_training import described
from urbansound8k_fine_tune import (
    NETWORKS,
    cross_entropy_of,
    embedded,
    opened,
    report_of,
)

from kerasaudio.datasets import LabeledClips
from kerasaudio.evaluation import predict_clips
from kerasaudio.files.whole_file import write_text, writing_whole
from kerasaudio.models.efficient_at import EfficientAT
from kerasaudio.transfer.arrays import moments, standardize
from kerasaudio.transfer.logistic import Problem, fit_logistic, softmax
from kerasaudio.weights.label_lists import label_list

NAMED: dict[str, tuple[str, ...]] = {
    "air_conditioner": ("Air conditioning",),
    "car_horn": (
        "Vehicle horn, car horn, honking",
        "Toot",
        "Air horn, truck horn",
    ),
    "children_playing": (
        "Children playing",
        "Children shouting",
        "Child speech, kid speaking",
    ),
    "dog_bark": ("Bark", "Dog", "Bow-wow"),
    "drilling": ("Drill",),
    "engine_idling": ("Idling",),
    "gun_shot": ("Gunshot, gunfire",),
    "jackhammer": ("Jackhammer",),
    "siren": ("Siren",),
    "street_music": ("Music",),
}
SCORES = "named scores"
CANDIDATES = (
    (SCORES,),
    ("EfficientAT",),
    ("EfficientAT", SCORES),
    NETWORKS,
    (*NETWORKS, SCORES),
)
LEAST_SCORE = 1e-7  # as for Keras' losses
CS = (0.3, 1.0, 3.0, 10.0, 30.0)

Facts = dict[str, Any]
Parts = Mapping[str, np.ndarray]


def main(arguments: Sequence[str] | None = None) -> None:
    """Choose, test and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    data, folds, settings = opened(options)
    settings |= {
        "penalties": list(CS),
        "named": {name: list(same) for name, same in NAMED.items()},
    }
    kept = Kept(options.out, settings, options.overwrite)
    facts = kept("named", partial(found, data, folds, options))
    facts = {
        "data": f"UrbanSound8K, folds {', '.join(map(str, folds))}",
        "test": f"fold {options.test}",
        "script": "tools/train/urbansound8k_named.py",
        "found": facts,
    }
    recipe.write_result(options.out / "named-result.json", facts)
    write_text(options.out / "named-result.md", page(facts["found"]))


def found(
    data: LabeledClips, folds: Sequence[int], options: argparse.Namespace
) -> Facts:
    """Choose on the learned folds, and test the choice."""
    parts = {name: embedded(name, data, options) for name in NETWORKS}
    parts[SCORES] = named_scores(data, options)
    tried = explore(parts, data, folds)
    best = min(tried, key=lambda one: one["loss"])
    at = data.require_folds()
    tested = at == options.test
    heard = np.isin(at, folds)
    (scores,) = probed(parts, data, best["parts"], best["C"], [(heard, tested)])
    report = report_of(data.take(tested), scores)
    return {"tried": tried, "chosen": {**best, **described(report)}}


def named_scores(data: LabeledClips, options: argparse.Namespace) -> np.ndarray:
    """Give the highest log-odds among the classes of AudioSet that NAMED has for each.

    The scores of all classes are kept in the folder.
    """
    path = options.out / "EfficientAT-scores.npy"
    if not path.exists() or options.overwrite:
        model = EfficientAT(weights=options.weights)
        with writing_whole(path) as temporary:
            np.save(temporary, predict_clips(model, data))
    scores = np.clip(np.load(path).astype("float64"), LEAST_SCORE, 1 - LEAST_SCORE)
    odds = np.log(scores) - np.log1p(-scores)
    labels = label_list("audioset")
    each = [
        odds[:, [labels.index(same) for same in NAMED[name]]].max(axis=1)
        for name in data.class_names
    ]
    return np.stack(each, axis=1).astype("float32")


def explore(parts: Parts, data: LabeledClips, folds: Sequence[int]) -> list[Facts]:
    """Give the loss of each candidate and penalty, each fold left out in turn."""
    at = data.require_folds()
    splits = [(np.isin(at, folds) & (at != fold), at == fold) for fold in folds]
    targets = [data.targets[left_out] for _, left_out in splits]
    tried = []
    for names in CANDIDATES:
        for penalty in CS:
            scores = probed(parts, data, names, penalty, splits)
            losses = list(map(cross_entropy_of, scores, targets))
            right = [
                s.argmax(axis=1) == t for s, t in zip(scores, targets, strict=True)
            ]
            tried.append(
                {
                    "parts": list(names),
                    "C": penalty,
                    "loss": float(np.mean(losses)),
                    "accuracy_of_folds": float(np.concatenate(right).mean()),
                }
            )
    return tried


def probed(
    parts: Parts,
    data: LabeledClips,
    names: Sequence[str],
    penalty: float,
    splits: Sequence[tuple[np.ndarray, np.ndarray]],
) -> list[np.ndarray]:
    """Learn from the first clips of each split; give the scores of the second."""
    vectors = [
        np.concatenate([_alike(parts[name], heard) for name in names], axis=1)
        for heard, _ in splits
    ]
    problems = [
        Problem(x[heard], data.targets[heard])
        for x, (heard, _) in zip(vectors, splits, strict=True)
    ]
    fits = fit_logistic(problems, len(data.class_names), penalty)
    return [
        softmax(x[asked] @ fit.kernel + fit.bias)
        for x, fit, (_, asked) in zip(vectors, fits, splits, strict=True)
    ]


def _alike(part: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Standardize by the clips that are heard; the variances' sum is 1."""
    return standardize(part, *moments(part[heard])) / part.shape[1] ** 0.5


def page(facts: Facts) -> str:
    """Give the table of candidates, and the confusion matrix of the chosen one."""
    lines = [
        "| probe on | loss on learned folds | accuracy on learned folds, % |",
        "|---|---|---|",
    ]
    for names in CANDIDATES:
        own = [one for one in facts["tried"] if one["parts"] == list(names)]
        best = min(own, key=lambda one: one["loss"])
        lines.append(
            f"| {' + '.join(names)} (C = {best['C']:g}) | {best['loss']:.3f} "
            f"| {100 * best['accuracy_of_folds']:.1f} |"
        )
    chosen = facts["chosen"]
    lines += [
        "",
        f"Chosen: {' + '.join(chosen['parts'])}, C = {chosen['C']:g}. Tested: accuracy "
        f"{100 * chosen['accuracy']:.2f} %, macro F1 {100 * chosen['macro_f1']:.2f} %. "
        "Clips by true class (row) and predicted class:",
        "",
        *confusion(chosen["class_names"], chosen["confusion"]),
    ]
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("folder", type=Path, help="of the data set")
    made.add_argument("--out", type=Path, default=Path("build/urbansound8k-fine-tune"))
    made.add_argument("--weights", default="audioset", help="EfficientAT's tag, file")
    made.add_argument("--test", type=int, default=10, help="fold; default: 10")
    made.add_argument("--overwrite", action="store_true", help="compute all again")
    return made


if __name__ == "__main__":
    main()
