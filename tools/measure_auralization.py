"""Make sounds for labels of our networks, and ask other networks what they hear.

    python tools/measure_auralization.py --out build/auralization \\
        --efficient-at mn04_as_mAP_432.pt

Three parts: BarkNet("esc10") for "dog" and against it, plain and with priors;
SampleCNN("fsdd") for the ten digits, judged by LeNetMFCC("fsdd"); YAMNet("audioset")
for "Bark", "Siren" and "Whistling" with two slopes, as sirens are higher than dogs,
judged by EfficientAT if its file is given.
--parts chooses some. Writes a page with the sounds of each part and NAME.json; parts
whose .json is there are not computed again. Seeds are 0, 1, ... (--seeds).
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import kerasaudio
from kerasaudio.files.whole_file import write_text
from kerasaudio.interpret import Auralization, Priors, auralize, write_page
from kerasaudio.models.efficient_at import EfficientAT
from kerasaudio.weights.label_lists import label_list

GOAL = 0.99
# Of BarkNet, which learned from soft targets: with the usual ones its score for dogs
# ends at 0.88 to 0.96.
DOGS_PLAIN: dict[str, Any] = {"priors": None, "step": 0.01, "until": GOAL}
DOGS_PRIORS: dict[str, Any] = {
    "priors": Priors(slope_db=6, rms=0.2),
    "step": 0.006,
    "iterations": 1000,
    "until": GOAL,
}
DIGITS = tuple("0123456789")
SLOPES = (12, 6)  # dB per octave
SOUNDS = ("Bark", "Siren", "Whistling")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the parts that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("build/auralization"))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", type=int, default=3, help="default: 3")
    parser.add_argument("--first-seed", type=int, default=0, help="default: 0")
    parser.add_argument("--efficient-at", type=Path, help="its published .pt file")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.parts:
        path = options.out / f"{name}.json"
        if path.exists():
            print(f"{path} is there already")
            continue
        rows = PARTS[name](options)
        write_text(path, json.dumps(rows, indent=2) + "\n")
        print("\n".join(" | ".join(map(str, row.values())) for row in rows))


def dogs(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Make a dog and what is no dog, without and with priors."""
    model = kerasaudio.load("BarkNet/esc10")
    made = []
    for against in (False, True):
        for seed in _seeds(options):
            for settings in (DOGS_PLAIN, DOGS_PRIORS):
                made.append(
                    auralize(model, "dog", against=against, seed=seed, **settings)
                )
    return _written(options.out / "dogs.html", made, {})


def digits(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Make the ten digits."""
    model = kerasaudio.load("SampleCNN/fsdd")
    made = [
        auralize(model, digit, seed=seed)
        for seed in _seeds(options)
        for digit in DIGITS
    ]
    judges = {"LeNetMFCC": kerasaudio.load("LeNetMFCC/fsdd")}
    return _written(options.out / "digits.html", made, judges)


def sounds(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Make sounds of AudioSet."""
    model = kerasaudio.load("YAMNet/audioset")
    made = [
        auralize(model, label, priors=Priors(slope_db=slope), seed=seed)
        for slope in SLOPES
        for label in SOUNDS
        for seed in _seeds(options)
    ]
    judges = {}
    if options.efficient_at is not None:
        labels = label_list("audioset")
        judges["EfficientAT"] = EfficientAT(str(options.efficient_at), labels=labels)
    return _written(options.out / "sounds.html", made, judges)


PARTS: dict[str, Callable[[argparse.Namespace], list[dict[str, Any]]]] = {
    "dogs": dogs,
    "digits": digits,
    "sounds": sounds,
}


def _seeds(options: argparse.Namespace) -> range:
    return range(options.first_seed, options.first_seed + options.seeds)


def _written(
    path: Path, made: list[Auralization], judges: dict[str, kerasaudio.AudioModel]
) -> list[dict[str, Any]]:
    write_page(path, made, judges=judges)
    return [_row(result, judges) for result in made]


def _row(
    result: Auralization, judges: dict[str, kerasaudio.AudioModel]
) -> dict[str, Any]:
    about = result.describe()
    row: dict[str, Any] = {
        "target": result.target,
        "slope_db": (result.settings["priors"] or {}).get("slope_db", "plain"),
        "seed": result.settings["seed"],
        "score": round(result.score, 4),
        "iterations": len(result.course),
        "stopped": result.stopped,
        "crest_factor": round(about.crest_factor, 2),
        "spectral_centroid": round(about.spectral_centroid),
        "bursts": about.bursts,
        "burst_ms": round(1000 * about.burst_seconds),
    }
    for name, judge in judges.items():
        tags: list[Any] = judge.tag(result.waveform, result.sample_rate)
        row[name] = [(label, round(score, 3)) for label, score in tags[:5]]
        row[f"{name}_score"] = round(_score(judge, result), 4)
    return row


def _score(judge: kerasaudio.AudioModel, result: Auralization) -> float:
    """Give the score of the label that the sound was made for; 0 if it has none."""
    labels = list(judge.spec.labels or ())
    tags = dict(judge.tag(result.waveform, result.sample_rate, top=len(labels)))
    return float(np.float64(tags.get(result.target, 0.0)))


if __name__ == "__main__":
    main()
