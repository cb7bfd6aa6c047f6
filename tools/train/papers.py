"""Options and one run, shared by the recipes of the sample-level papers."""

import argparse
import csv
import os
from collections.abc import Mapping
from typing import Any

import keras
import recipe

import kerasaudio
from kerasaudio.cli.arguments import add_set_option, factory_arguments
from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabeledClips
from kerasaudio.training import Epoch, PlateauSchedule, train
from kerasaudio.training.state import State


def parser(
    documentation: str, *, out: str, models: Mapping[str, Any]
) -> argparse.ArgumentParser:
    """Give the options of both recipes.

    Args:
        documentation: Of the script; `--help` shows it.
        out: Folder that it writes to if none is named.
        models: Factories to choose from, the first by default, and their arguments.
    """
    made = recipe.parser(documentation, out=out, epochs=PlateauSchedule.epochs)
    made.add_argument("--model", choices=list(models), default=next(iter(models)))
    add_set_option(made)
    made.add_argument("--batch-size", type=int, default=PlateauSchedule.batch_size)
    made.add_argument(
        "--learning-rate", type=float, default=PlateauSchedule.learning_rate
    )
    made.add_argument(
        "--stages",
        type=int,
        default=PlateauSchedule.stages,
        help="learning rates, each a fifth of the one before (default: 5); --epochs "
        "is the most that one of them lasts",
    )
    made.add_argument("--patience", type=int, help="epochs without progress in a stage")
    made.add_argument(
        "--windows",
        type=int,
        default=1,
        help="of each clip in an epoch, at random places",
    )
    made.add_argument(
        "--restart", action="store_true", help="forget an interrupted training"
    )
    return made


def run(
    options: argparse.Namespace,
    parts: tuple[LabeledClips, LabeledClips],
    arguments: Mapping[str, Any],
    *,
    patience: int = PlateauSchedule.patience,
    test_windows: int | None = None,
) -> tuple[AudioModel, dict[str, Any]]:
    """Train what the command line asks for, or load it where it is trained already.

    Args:
        options: Of `parser`.
        parts: Clips to learn from, and those whose loss decides.
        arguments: Of the factory; --set has the last word.
        patience: Where the command line names none.
        test_windows: Windows of each clip that decides; None for all, side by side.

    Returns:
        The model, and the facts of its training for the result.
    """
    learn, choose = parts
    schedule = PlateauSchedule(
        learning_rate=options.learning_rate,
        stages=options.stages,
        patience=patience if options.patience is None else options.patience,
        epochs=options.epochs,
        batch_size=options.batch_size,
        seed=options.seed,
    )
    chosen = {**arguments, **factory_arguments(options.model, options.arguments)}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.model}.keras"
    log = path.with_suffix(".epochs.csv")
    if not path.exists() or State(path).exists or options.overwrite:
        keras.utils.set_random_seed(options.seed)
        factory = getattr(kerasaudio, options.model)
        model = factory(labels=learn.class_names, **chosen)
        print(f"{options.model}, {model.count_params():,} weights, {len(learn)} clips")
        train(
            model,
            learn,
            choose,
            path,
            schedule=schedule,
            validation_windows=test_windows,
            log=log,
            overwrite=True,
            restart=options.restart,
            report=_tell,
            verbose="auto" if os.isatty(1) else 0,
            windows_per_clip=options.windows,
            dtype="int16",
        )
    model = keras.saving.load_model(path, compile=False)
    with log.open(newline="") as file:
        epochs = list(csv.DictReader(file))
    best = min(epochs, key=lambda epoch: float(epoch["validation_loss"]))
    return model, {
        "model": options.model,
        "arguments": chosen,
        "parameters": model.count_params(),
        "clips": {"trained_on": len(learn), "chose": len(choose)},
        "optimizer": "SGD, Nesterov momentum 0.9",
        "learning_rates": [phase.learning_rate for phase in schedule.phases],
        "patience": schedule.patience,
        "batch_size": options.batch_size,
        "windows": options.windows,
        "seed": options.seed,
        "epochs": len(epochs),
        "best_epoch": int(best["number"]),
        "first_loss": float(epochs[0]["loss"]),
        "last_loss": float(epochs[-1]["loss"]),
        "validation_loss": float(best["validation_loss"]),
        "training_seconds": round(sum(float(each["seconds"]) for each in epochs), 1),
    }


def _tell(epoch: Epoch) -> None:
    """Print what an epoch gave."""
    print(
        f"epoch {epoch.number}, rate {epoch.learning_rate:g}: loss {epoch.loss:.4f}, "
        f"validation {epoch.validation_loss:.4f}, {epoch.seconds:.0f} s"
        f"{', best' if epoch.is_best else ''}",
        flush=True,
    )
