"""Measure whether attributions show what a network listens to.

    python tools/measure_attribution.py esc10/ --out build/attribution.jsonl

The folder has ESC-10 (or ESC-50). Three measurements, each with YAMNet/audioset, or the
network of --model:

curves: on 80 clips, 8 of each class, the class with the highest score is explained,
and the areas under the deletion and insertion curves are compared with the mean of
those of the same tiles in random orders ("random"; "random times" for tiles of all
frequencies).
places: in 20 mixtures, a dog on the left and rain on the right, the share of the mass
of "Bark" that is on the left. error: the completeness error of integrated gradients on
those clips.

Each line of OUT is one clip and one method; what is there is not done again. --report
prints the tables from OUT.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import kerasaudio
from kerasaudio import interpret
from kerasaudio.core import AudioModel
from kerasaudio.core.windowed import whole_clip
from kerasaudio.datasets import ESC50
from kerasaudio.interpret import Attribution, deletion_curve, insertion_curve

CLIPS_A_CLASS = 8
MIXTURES = 20
LABEL = "Bark"
TILES: dict[str, Any] = {
    "fractions": (0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.35, 0.6, 1),
    "seconds": 0.2,
    "bands": 8,
}
SEEDS = (0, 1, 2)
RANDOM = "random"
RANDOM_TIMES = "random times"
METHODS: dict[str, Callable[..., Attribution]] = {
    "occlusion": interpret.occlusion,
    "grad_cam": interpret.grad_cam,
    "saliency": interpret.saliency,
    "smooth_grad": lambda *args, **named: interpret.smooth_grad(
        *args, samples=8, **named
    ),
    "integrated_gradients": lambda *args, **named: interpret.integrated_gradients(
        *args, steps=128, **named
    ),
    "occlusion, both": lambda *args, **named: interpret.occlusion(
        *args, over="both", hop_seconds=0.2, **named
    ),
}
OVER_TIME = ("occlusion",)


def chosen(folder: Path) -> dict[str, list[Path]]:
    """Give the clips of each class, in the order of their names."""
    clips = ESC50(folder, esc10=True)
    by_class: dict[str, list[Path]] = {}
    for path, target in sorted(zip(clips.paths, clips.targets, strict=True)):
        by_class.setdefault(clips.class_names[target], []).append(path)
    return by_class


def spread(paths: list[Path], count: int) -> list[Path]:
    """Give some of the paths, spread over them."""
    return paths[:: len(paths) // count][:count]


def areas(model: AudioModel, found: Attribution) -> dict[str, float]:
    """Measure an attribution by its curves."""
    return {
        "deletion": deletion_curve(model, found, **TILES).auc,
        "insertion": insertion_curve(model, found, **TILES).auc,
    }


def random_areas(model: AudioModel, found: Attribution) -> dict[str, float]:
    """Measure random orders of the tiles by their curves: the mean of several seeds."""
    wild = [{"order": "random", "seed": seed, **TILES} for seed in SEEDS]
    deletion = [deletion_curve(model, found, **each).auc for each in wild]
    insertion = [insertion_curve(model, found, **each).auc for each in wild]
    return {
        "deletion": float(np.mean(deletion)),
        "insertion": float(np.mean(insertion)),
    }


def any_order(model: AudioModel, path: Path, label: str, method: str) -> Attribution:
    """Give a clip without an attribution, for random orders."""
    clip = whole_clip(model.spec, path)
    hertz = np.array([0.0, 1_000.0]) if method == RANDOM else None
    shape = (2,) if hertz is None else (2, 2)
    length = len(clip) / model.spec.sample_rate
    return Attribution(
        np.ones(shape, "float32"),
        np.array([0.25, 0.75]) * length,
        hertz,
        label,
        0.0,
        method,
        "contribution",
        clip,
        model.spec.sample_rate,
        {"label": label},
    )


def mixture(dog: Path, rain: Path, rate: int) -> np.ndarray:
    """Put two clips side by side, each with the same energy."""
    sides = [kerasaudio.load_audio(path, rate) for path in (dog, rain)]
    return np.concatenate([0.05 * side / np.sqrt(np.mean(side**2)) for side in sides])


def share_on_the_left(found: Attribution) -> float:
    """Give the share of the mass in the first half."""
    times, mass = found.over_time()
    return float(mass[times < found.seconds / 2].sum())


Task = tuple[str, str, Callable[[], dict[str, Any]]]


def places(model: AudioModel, folder: Path, methods: list[str]) -> Iterator[Task]:
    """Yield a name, a method and what measures it, for each mixture."""
    by_class = chosen(folder)
    rate = model.spec.sample_rate
    sides = [spread(by_class[name], MIXTURES) for name in ("dog", "rain")]
    for dog, rain in zip(*sides, strict=True):
        for method in (name for name in methods if name in METHODS):

            def placed(
                dog: Path = dog, rain: Path = rain, attribute: Any = METHODS[method]
            ) -> dict[str, Any]:
                clip = mixture(dog, rain, rate)
                found = attribute(model, clip, rate, label=LABEL)
                left = share_on_the_left(found)
                return {"left": left, "score": found.score, **found.details}

            yield f"{dog.stem} | {rain.stem}", method, placed


def curves(model: AudioModel, folder: Path, methods: list[str]) -> Iterator[Task]:
    """Yield a name, a method and what measures it, for each clip."""
    by_class = chosen(folder)
    each = [spread(own, CLIPS_A_CLASS) for own in by_class.values()]
    for path in (path for row in zip(*each, strict=True) for path in row):
        for method in methods:

            def curve(path: Path = path, method: str = method) -> dict[str, Any]:
                ((best, score),) = model.tag(path, top=1)
                if method in METHODS:
                    found = METHODS[method](model, path, label=best)
                    measured = areas(model, found)
                else:
                    found = any_order(model, path, best, method)
                    measured = random_areas(model, found)
                return {"label": best, "score": score, **found.details, **measured}

            yield path.stem, method, curve


def read(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Read what was measured."""
    if not out.exists():
        return {}
    lines = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    return {(line["clip"], line["method"]): line for line in lines}


def report(known: dict[tuple[str, str], dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the tables."""
    by_method: dict[str, dict[str, dict[str, Any]]] = {}
    for (clip, method), line in known.items():
        by_method.setdefault(method, {})[clip] = line
    for name, sign in (("deletion", -1), ("insertion", 1)):
        yield from _table(
            f"| method | clips | {name} | random | gain ± standard error | better |",
            [
                _curve_row(method, name, sign, own, by_method.get(rival, {}))
                for method, own in by_method.items()
                if method in METHODS
                for rival in [RANDOM_TIMES if method in OVER_TIME else RANDOM]
            ],
        )
    yield from _table(
        "| method | mixtures | left: mean ± sd | lowest | >= 80 % |",
        [_place_row(method, own) for method, own in by_method.items()],
    )
    errors = [
        line["completeness_error"]
        for line in known.values()
        if "completeness_error" in line
    ]
    if errors:
        yield (
            f"Completeness error on {len(errors)} clips: median "
            f"{np.median(errors):.4f}, highest {max(errors):.4f}, above 1 %: "
            f"{sum(error > 0.01 for error in errors)}."
        )


def _curve_row(
    method: str,
    name: str,
    sign: int,
    own: dict[str, dict[str, Any]],
    others: dict[str, dict[str, Any]],
) -> str:
    """Compare areas of the same clips; nothing if there are none."""
    both = [clip for clip in own if name in own[clip] and clip in others]
    if not both:
        return ""
    mine = np.array([own[clip][name] for clip in both])
    random = np.array([others[clip][name] for clip in both])
    gain = sign * (mine - random)
    title = f"{method} (times)" if method in OVER_TIME else method
    return (
        f"| {title} | {len(both)} | {_spread_of(mine)} | {_spread_of(random)} "
        f"| {gain.mean():+.3f} ± {gain.std() / len(gain) ** 0.5:.3f} "
        f"| {(gain > 0).mean():.0%} |"
    )


def _place_row(method: str, own: dict[str, dict[str, Any]]) -> str:
    left = np.array([line["left"] for line in own.values() if "left" in line])
    if not len(left):
        return ""
    return (
        f"| {method} | {len(left)} | {_spread_of(left)} | {left.min():.3f} "
        f"| {(left >= 0.8).sum()} |"
    )


def _table(heading: str, rows: list[str]) -> Iterator[str]:
    """Yield a table, unless it has no rows."""
    rows = [row for row in rows if row]
    if rows:
        yield from (heading, "|---" * (heading.count("|") - 1) + "|", *rows, "")


def _spread_of(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ± {values.std():.3f}"


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="ESC-10 or ESC-50")
    parser.add_argument("--model", default="YAMNet/audioset")
    parser.add_argument("--weights", help="a file, for --model FACTORY")
    parser.add_argument("--only", choices=("places", "curves"))
    names = [RANDOM, RANDOM_TIMES, *METHODS]
    parser.add_argument("--methods", nargs="+", default=names, choices=names)
    parser.add_argument("--out", type=Path, default=Path("build/attribution.jsonl"))
    parser.add_argument("--minutes", type=float, default=10, help="stop after these")
    parser.add_argument("--report", action="store_true", help="print the tables only")
    options = parser.parse_args()
    known = read(options.out)
    if not options.report:
        model = kerasaudio.load(options.model, options.weights)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        begin = time.perf_counter()
        kinds = {"places": places, "curves": curves}
        tasks = (
            task
            for kind, make in kinds.items()
            if options.only in (None, kind)
            for task in make(model, options.folder, options.methods)
        )
        for clip, method, measure in tasks:
            if (clip, method) in known:
                continue
            if time.perf_counter() - begin > 60 * options.minutes:
                print("Stopped; start it again to go on.")
                break
            start = time.perf_counter()
            line = {"clip": clip, "method": method, **measure()}
            line["seconds"] = round(time.perf_counter() - start, 2)
            known[clip, method] = line
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
    print("\n".join(report(known)))


if __name__ == "__main__":
    main()
