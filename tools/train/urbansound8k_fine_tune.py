"""Fine-tune EfficientAT on UrbanSound8K, beside the table of hear_and_see.py.

    python tools/train/urbansound8k_fine_tune.py UrbanSound8K/ --weights audioset

The fold --test is tested, and all others are learned, as there, in three ways:

    probe   multinomial logistic regression on the embedding of YAMNet, of EfficientAT,
            and of both; the penalty is one of CS
    head    a linear head on EfficientAT's embedding, the start of "whole"
    whole   that head, and then all weights of EfficientAT at a low rate, in batches of
            16, turned in time and up to 6 dB louder or softer; batch normalization
            keeps the statistics that it was published with (esc10_fine_tune.py)

Everything is chosen on the learned folds: each is left out in turn, and the least mean
cross-entropy wins, among the probes, and among 1 to --epochs epochs of "whole" at each
of --rates, unless these are taken --as-given. Only then the fold --test is heard, by
"whole" once for each of --seeds: the probe and the head are the optimum of a convex
loss, and have none. Each part is saved at once; after an interruption the same command
resumes. KERAS_BACKEND chooses the backend.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
import recipe
from esc10_fine_tune import Kept, Tuning, cross_entropy
from hear_and_see_tables import confusion
from hear_and_see_training import described

import kerasaudio
from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabeledClips, UrbanSound8K
from kerasaudio.evaluation import ClipReport, predict_clips
from kerasaudio.files.whole_file import write_text, writing_whole
from kerasaudio.transfer import fit_probe

CS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
NETWORKS = ("YAMNet", "EfficientAT")
PROBED = {name: (name,) for name in NETWORKS} | {" + ".join(NETWORKS): NETWORKS}

Facts = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Choose, train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    data, folds, settings = opened(options)
    kept = Kept(options.out, {**settings, "penalties": list(CS)}, options.overwrite)
    found = {"probe": kept("probe", partial(probed, data, folds, options))}
    if options.epochs:
        settings |= {
            "rates": options.rates,
            "epochs": options.epochs,
            "as_given": options.as_given,
        }
        kept = Kept(options.out, settings, options.overwrite)
        tuning = Late(lambda: Tuning(options.weights, data, options.seed))
        if options.as_given:
            chosen = {"rate": options.rates[0], "epochs": options.epochs}
        else:
            parts = [
                kept(f"without-{fold}", partial(explore, tuning, fold, options))
                for fold in folds
            ]
            chosen = choose(parts, options.rates)
        for seed in options.seeds:
            measure = partial(test, tuning, options.test, chosen, seed)
            found[f"seed-{seed}"] = kept(f"seed-{seed}", measure)
    facts = {
        "data": f"UrbanSound8K, folds {', '.join(map(str, folds))}",
        "test": f"fold {options.test}",
        "script": "tools/train/urbansound8k_fine_tune.py",
        "found": found,
    }
    recipe.write_result(options.out / "result.json", facts)
    write_text(options.out / "result.md", page(facts))


def opened(options: argparse.Namespace) -> tuple[UrbanSound8K, list[int], Facts]:
    """Give the clips, the learned folds, and what a result depends on.

    Raises:
        ValueError: There are less than two folds to learn from.
    """
    data = UrbanSound8K(options.folder)
    learned, _ = data.hold_out(options.test)
    folds = np.unique(np.asarray(learned.folds)).tolist()
    if len(folds) < 2:
        raise ValueError(
            f"It takes two folds besides {options.test}, one to learn from and one to "
            f"choose by. Received: {folds}."
        )
    options.out.mkdir(parents=True, exist_ok=True)
    settings: Facts = {
        "weights": str(options.weights),
        "clips": len(data),
        "test": options.test,
    }
    return data, folds, settings


class Late:
    """A network that is loaded when it is first needed."""

    def __init__(self, make: Callable[[], Tuning]) -> None:
        self._make = make
        self._made: Tuning | None = None

    def __call__(self) -> Tuning:
        """Give the network."""
        if self._made is None:
            self._made = self._make()
        return self._made


def probed(data: LabeledClips, folds: list[int], options: argparse.Namespace) -> Facts:
    """Choose the penalty of a probe of each network on the folds, then test it."""
    at = data.require_folds()
    tested, learned = at == options.test, at != options.test
    facts: Facts = {}
    for name, networks in PROBED.items():
        vectors = np.concatenate([embedded(n, data, options) for n in networks], axis=1)
        tried = []
        for penalty in CS:
            losses = []
            for fold in folds:
                scores = _probe(vectors, data, learned & (at != fold), penalty)
                own = at == fold
                losses.append(cross_entropy_of(scores[own], data.targets[own]))
            tried.append({"C": penalty, "loss": float(np.mean(losses))})
        best = min(tried, key=lambda one: one["loss"])
        scores = _probe(vectors, data, learned, best["C"])[tested]
        facts[name] = {
            **best,
            "tried": tried,
            **described(report_of(data.take(tested), scores)),
        }
    facts["chosen"] = min(PROBED, key=lambda name: facts[name]["loss"])
    return facts


def embedded(name: str, data: LabeledClips, options: argparse.Namespace) -> np.ndarray:
    """Give the embeddings of all clips by a network; kept in the folder."""
    path = options.out / f"{name}.npy"
    if not path.exists() or options.overwrite:
        weights = options.weights if name == "EfficientAT" else "audioset"
        body = getattr(kerasaudio, name)(weights=weights, include_top=False)
        with writing_whole(path) as temporary:
            np.save(temporary, predict_clips(body, data))
    return np.load(path)


def _probe(
    vectors: np.ndarray, data: LabeledClips, heard: np.ndarray, penalty: float
) -> np.ndarray:
    """Give the scores of all clips by a probe on some."""
    probe = fit_probe(vectors[heard], data.targets[heard], C=penalty)
    return np.asarray(probe.predict(vectors, verbose=0))


def cross_entropy_of(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give the mean loss of scores."""
    true = scores[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(true, keras.config.epsilon())).mean())


def explore(tuning: Late, fold: int, options: argparse.Namespace) -> Facts:
    """Train without a fold, and the test, at each rate; score it after each epoch."""
    clips = tuning().clips([fold])
    unheard = [fold, options.test]
    facts: Facts = {"head": cross_entropy(tuning().frozen(unheard), clips)}
    for rate in options.rates:
        losses: list[float] = []

        def score(model: AudioModel, losses: list[float] = losses) -> None:
            losses.append(cross_entropy(model, clips))

        tuning().unfrozen(unheard, rate, options.epochs, after=score)
        facts[str(rate)] = losses
    return facts


def choose(parts: Sequence[Facts], rates: Sequence[float]) -> Facts:
    """Give the rate and epochs of least mean loss on the folds that were left out."""
    candidates = [
        (float(loss), rate, epoch)
        for rate in rates
        for epoch, loss in enumerate(
            np.mean([part[str(rate)] for part in parts], axis=0), start=1
        )
    ]
    loss, rate, epochs = min(candidates)
    head = float(np.mean([part["head"] for part in parts]))
    return {"rate": rate, "epochs": epochs, "loss": loss, "loss_of_head": head}


def test(tuning: Late, fold: int, chosen: Facts, seed: int) -> Facts:
    """Train on all folds but one, and measure on that one."""
    tuned = tuning()
    tuned.seed = seed
    clips = tuned.clips([fold])
    head = predict_clips(tuned.frozen([fold]), clips)
    model = tuned.unfrozen([fold], chosen["rate"], chosen["epochs"])
    return {
        "choice": chosen,
        "head": described(report_of(clips, head)),
        "whole": described(report_of(clips, predict_clips(model, clips))),
    }


def report_of(clips: LabeledClips, scores: np.ndarray) -> ClipReport:
    """Give the report on scores of clips."""
    return ClipReport(
        dataset=clips.name,
        class_names=clips.class_names,
        paths=clips.paths,
        targets=clips.targets,
        scores=scores,
    )


def page(facts: Facts) -> str:
    """Give the table, and a confusion matrix for each row, as Markdown."""
    found = facts["found"]
    probes = found["probe"]
    rows = [
        (f"{name}, probe (C = {own['C']:g})", own["loss"], [own])
        for name, own in ((name, probes[name]) for name in PROBED)
    ]
    seeds = [found[name] for name in found if name.startswith("seed-")]
    if seeds:
        choice = seeds[0]["choice"]
        rows += [
            ("EfficientAT, head", choice.get("loss_of_head"), [seeds[0]["head"]]),
            (
                f"EfficientAT, whole ({choice['rate']:g}, {choice['epochs']} epochs)",
                choice.get("loss"),
                [seed["whole"] for seed in seeds],
            ),
        ]
    lines = [
        "| network | loss where it was chosen | seeds | accuracy, % | macro F1, % |",
        "|---|---|---|---|---|",
    ]
    for name, loss, each in rows:
        figures = [
            spread([one[key] for one in each]) for key in ("accuracy", "macro_f1")
        ]
        chosen = "not used" if loss is None else f"{loss:.3f}"
        lines.append(f"| {name} | {chosen} | {len(each)} | {' | '.join(figures)} |")
    for name, _, each in rows:
        lines += ["", f"{name}: clips by true class (row) and predicted class:", ""]
        lines += confusion(each[0]["class_names"], each[0]["confusion"])
    return "\n".join(lines) + "\n"


def spread(values: Sequence[float]) -> str:
    """Give the mean in per cent, and of several values the standard deviation."""
    mean = f"{100 * np.mean(values):.2f}"
    return mean if len(values) == 1 else f"{mean} ± {100 * np.std(values, ddof=1):.2f}"


def _parser() -> argparse.ArgumentParser:
    made = recipe.parser(__doc__ or "", out="build/urbansound8k-fine-tune", epochs=3)
    made.add_argument("--weights", default="audioset", help="EfficientAT's tag, file")
    made.add_argument("--test", type=int, default=10, help="fold; default: 10")
    made.add_argument("--rates", type=float, nargs="+", default=[1e-4, 3e-5])
    made.add_argument(
        "--as-given",
        action="store_true",
        help="take the first rate and all epochs; do not choose",
    )
    made.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    return made


if __name__ == "__main__":
    main()
