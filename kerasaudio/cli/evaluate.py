"""`kerasaudio evaluate`: measure your model, or a network on a data set."""

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kerasaudio.cli.common import (
    add_model_options,
    complain,
    load_model,
    positive,
    positive_number,
    positive_seconds,
    seed,
)
from kerasaudio.cli.measure import (
    add_clip_options,
    add_split_options,
    measure_model,
)
from kerasaudio.cli.wording import CACHE_WORDS, CLIP_WORDS, MODEL_WORDS, Words
from kerasaudio.cli.writer import add_json_option, json_line
from kerasaudio.text import escaped, printable

PROBES = ("linear", "mlp", "gru", "frozen", "full")
DATA_SETS = ("esc50", "esc10")

_DESCRIPTION = """Measure a model on labeled sounds.

evaluate MODEL FOLDER measures a model that knows your classes: a .keras file, or a
preset such as LogMelCNN/esc10. FOLDER contains one folder of sounds for each class, or
is a .csv table with the columns path and label; use --separator ';' if clips can have
several labels. The windows of a clip are averaged.

evaluate esc50|esc10 FOLDER measures a pretrained network on the official folds. Each
fold is held out once and classified by a probe that was trained on the other folds.
FOLDER is that of the official archive, with audio/ and meta/esc50.csv. esc50 uses all
classes that its table lists, esc10 the ten classes of ESC-10.

probes:
  linear  logistic regression on the embeddings
  mlp     a network with one hidden layer on the embeddings
  gru     a recurrent network over the embeddings of short windows
  frozen  a new head, trained on the waveforms with the network frozen
  full    the whole network, trained on the waveforms

Embeddings are computed once and kept; a second run of linear, mlp or gru is fast.
The same seed gives the same results."""

_EXAMPLES = """examples:
  kerasaudio evaluate mine.keras sounds/ --out report/
  kerasaudio evaluate mine.keras sounds/ --hold-out 0.2
  kerasaudio evaluate esc50 ESC-50-master --model EfficientAT --weights audioset
  kerasaudio evaluate esc10 ESC-50-master --model MusiCNN --probe mlp --json
  kerasaudio evaluate esc50 ESC-50-master --model mine.keras --out report/
  kerasaudio evaluate esc50 ESC-50-master --model EfficientAT --weights audioset \\
      --probe full --epochs 8 --learning-rate 0.0003"""

_TUNING = ("epochs", "batch_size", "learning_rate", "clip_seconds")
_WORDS: Words = {
    **MODEL_WORDS,
    **CLIP_WORDS,
    **CACHE_WORDS,
    **{name: f"--{name.replace('_', '-')}" for name in _TUNING},
    "; download=True gets it": "",
    "Give each clip one, numbered from 1: LabeledClips(..., folds=...), or use "
    "kerasaudio.datasets.k_fold": "The table of ESC-50 has them in its column fold",
}


def add(commands: Any) -> None:
    """Register the command."""
    evaluate = commands.add_parser(
        "evaluate",
        help="measure your model on your sounds, or a network on a data set",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    evaluate.add_argument("what", type=_what, metavar="MODEL|esc50|esc10")
    evaluate.add_argument("path", metavar="FOLDER")
    evaluate.add_argument(
        "--out",
        metavar="FOLDER",
        help="also write report.json, tables as .csv, and confusion.png",
    )
    evaluate.add_argument(
        "--overwrite", action="store_true", help="replace the report in --out"
    )
    add_json_option(evaluate)
    of_model = evaluate.add_argument_group("MODEL")
    add_split_options(
        of_model,
        "measure only the clips that `kerasaudio train --hold-out` kept from the "
        "training; pass the same share, --recording and --seed",
    )
    add_clip_options(of_model)
    folds = evaluate.add_argument_group("esc50 and esc10")
    add_model_options(folds)
    folds.add_argument("--probe", choices=PROBES, help="default: linear")
    folds.add_argument(
        "--layer", help="use the output of this layer (default: embedding)"
    )
    folds.add_argument(
        "--seed",
        type=seed,
        help="seed of everything random, and of --hold-out (default: 0)",
    )
    tuning = evaluate.add_argument_group("training, of mlp, gru, frozen and full")
    tuning.add_argument("--epochs", type=positive)
    tuning.add_argument("--batch-size", type=positive)
    tuning.add_argument("--learning-rate", type=positive_number)
    tuning.add_argument(
        "--clip-seconds",
        type=positive_seconds,
        help="cut clips to this length, for frozen, full and MODEL",
    )
    evaluate.set_defaults(run=_evaluate, wording=_WORDS)


def _evaluate(options: argparse.Namespace) -> int:
    if options.out is not None:
        _check_out(Path(options.out), options.overwrite)  # better now than after hours
    elif options.overwrite:
        raise ValueError("--overwrite needs --out.")
    if options.what not in DATA_SETS:
        _refuse_probing(options)
        return measure_model(options)
    return _probe(options)


def _probe(options: argparse.Namespace) -> int:
    from kerasaudio.evaluation import cross_validate
    from kerasaudio.plot.figure import check_matplotlib

    if options.out is not None:
        check_matplotlib()  # before hours of work, not after
    if (options.silence_db, options.separator, options.errors) != (None, None, "raise"):
        raise ValueError(
            "--silence-db, --separator and --errors are for MODEL, not for "
            f"{options.what}."
        )
    if (options.hold_out, options.recording) != (None, None):
        raise ValueError(
            f"--hold-out and --recording are for MODEL, not for {options.what}, which "
            "has its own folds."
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clips = _loader(options.what)(options.path)
    for warning in caught:
        complain(printable(str(warning.message)), _WORDS)
    given = {name: getattr(options, name) for name in _TUNING}
    report = cross_validate(
        load_model(options),
        clips,
        options.probe or "linear",
        options.seed or 0,
        layer=options.layer or "embedding",
        **{name: value for name, value in given.items() if value is not None},
    )
    sys.stdout.write(
        json_line(report.to_dict()) if options.json else f"{_text(report)}\n"
    )
    if options.out is not None:
        complain(f"The report is in {printable(report.save(options.out))}.")
    return 0


def _what(text: str) -> str:
    """Read the name of a data set, of a preset, or of a saved model."""
    if text in DATA_SETS or text.endswith(".keras") or "/" in text:
        return text
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither esc50 nor esc10, nor a .keras file, nor a preset such as "
        "LogMelCNN/esc10"
    )


def _refuse_probing(options: argparse.Namespace) -> None:
    names = (
        *("weights", "probe", "layer", "epochs", "batch_size"),
        *("model", "learning_rate"),
        *(("seed",) if options.hold_out is None else ()),
    )
    given = [name for name in names if getattr(options, name) is not None]
    if given:
        raise ValueError(
            f"{options.what} is measured without changes. Leave out "
            f"{', '.join('--' + name.replace('_', '-') for name in given)}: only esc50 "
            "and esc10 take them."
        )


def _check_out(folder: Path, overwrite: bool) -> None:
    from kerasaudio.files.whole_file import check_writable

    if os.path.lexists(folder / "report.json") and not overwrite:
        raise ValueError(
            f"{str(folder)!r} already has a report. Use another folder, or pass "
            "--overwrite."
        )
    folder.mkdir(parents=True, exist_ok=True)
    check_writable(folder / "report.json")


def _loader(data_set: str) -> Callable[[str], Any]:
    from kerasaudio.datasets import ESC50

    return ESC50 if data_set == "esc50" else partial(ESC50, esc10=True)


def _text(report: Any) -> str:
    """Return the report as tables of text."""
    title = (
        f"{escaped(report.dataset)}, {len(report.paths)} clips: "
        f"{escaped(str(report.origin['model']))}, "
        f"{report.probe}, seed {report.seed}"
    )
    return f"{title}\n\n{report.table()}"
