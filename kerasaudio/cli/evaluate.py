"""`kerasaudio evaluate`: how well a network does on a data set."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kerasaudio.cli.common import (
    add_model_options,
    complain,
    load_model,
    positive,
    positive_seconds,
)
from kerasaudio.report import columns, printable

PROBES = ("linear", "mlp", "gru", "frozen", "full")
DATA_SETS = ("esc50", "esc10")

_DESCRIPTION = """Measure a pretrained network on a data set, by its official folds.

Each fold is held out once; a classifier that learnt from the others names its clips.
esc50 is a folder as in the official archive, with audio/ and meta/esc50.csv, and all
the classes that its table lists; esc10 takes the ten classes of ESC-10 in it.

probes:
  linear  logistic regression on the embeddings
  mlp     a network with one hidden layer on the embeddings
  gru     a recurrent network over the embeddings of short windows
  frozen  a new head trained on the waveforms, the network as it is
  full    the whole network trained on the waveforms

Embeddings are computed once and kept; the next linear, mlp or gru takes a moment.
The same seed gives the same figures."""

_EXAMPLES = """examples:
  kerasaudio evaluate esc50 ESC-50-master --model EfficientAT --weights audioset
  kerasaudio evaluate esc10 ESC-50-master --model MusiCNN --probe mlp --json
  kerasaudio evaluate esc50 ESC-50-master --model mine.keras --out report/
  kerasaudio evaluate esc50 ESC-50-master --model EfficientAT --weights audioset \\
      --probe full --epochs 8 --learning-rate 0.0003"""


def add(commands: Any) -> None:
    """Register the command."""
    evaluate = commands.add_parser(
        "evaluate",
        help="measure a network on a data set, fold by fold",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    evaluate.add_argument("data_set", choices=DATA_SETS, metavar="esc50|esc10")
    evaluate.add_argument("path", metavar="FOLDER")
    add_model_options(evaluate)
    evaluate.add_argument("--probe", choices=PROBES, default="linear")
    evaluate.add_argument(
        "--layer", default="embedding", help="whose output is used (default: embedding)"
    )
    evaluate.add_argument(
        "--seed", type=_seed, default=0, help="of all that is random (default: 0)"
    )
    tuning = evaluate.add_argument_group("training, of mlp, gru, frozen and full")
    tuning.add_argument("--epochs", type=positive)
    tuning.add_argument("--batch-size", type=positive)
    tuning.add_argument("--learning-rate", type=_positive_number)
    tuning.add_argument(
        "--clip-seconds",
        type=positive_seconds,
        help="length that frozen and full cut clips to",
    )
    evaluate.add_argument(
        "--out",
        metavar="FOLDER",
        help="also write report.json, confusion.csv and .png, predictions.csv",
    )
    evaluate.add_argument("--json", action="store_true", help="print the report")
    evaluate.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from kerasaudio.transfer import evaluate

    if options.out is not None:
        _check_out(Path(options.out))  # better now than after hours
    clips = _loader(options.data_set)(options.path)
    names = ("epochs", "batch_size", "learning_rate", "clip_seconds")
    given = {name: getattr(options, name) for name in names}
    report = evaluate(
        load_model(options),
        clips,
        options.probe,
        options.seed,
        layer=options.layer,
        **{name: value for name, value in given.items() if value is not None},
    )
    print(report.to_json() if options.json else _text(report))
    if options.out is not None:
        complain(f"The report is in {printable(report.save(options.out))}.")
    return 0


def _check_out(folder: Path) -> None:
    from kerasaudio.whole_file import check_writable

    folder.mkdir(parents=True, exist_ok=True)
    check_writable(folder / "report.json")


def _loader(data_set: str) -> Callable[[str], Any]:
    from kerasaudio.datasets import ESC50

    return ESC50 if data_set == "esc50" else partial(ESC50, esc10=True)


def _text(report: Any) -> str:
    """Give the report as tables for people."""
    title = (
        f"{report.dataset}, {len(report.paths)} clips: {report.origin['model']}, "
        f"{report.probe}, seed {report.seed}"
    )
    folds: list[tuple[str, ...]] = [("fold", "accuracy")]
    folds += [(str(i), _percent(a)) for i, a in enumerate(report.folds, start=1)]
    folds.append(("mean", f"{_percent(report.accuracy)} ± {_percent(report.std)}"))
    classes: list[tuple[str, ...]] = [("class", "clips", "accuracy", "taken for")]
    for row, (name, share) in enumerate(report.per_class.items()):
        counts = report.confusion[row]
        wrong = [
            f"{report.class_names[i]} {counts[i]}"
            for i in (-counts).argsort(kind="stable")
            if counts[i] and i != row
        ]
        classes.append((name, str(counts.sum()), _percent(share), ", ".join(wrong)))
    return f"{title}\n\n{columns(folds)}\n\n{columns(classes)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number below 2**32")
    return int(text)


def _positive_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return number
