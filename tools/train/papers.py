"""Options and one run, shared by the recipes of the sample-level papers."""

import argparse
import csv
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import plateau
import recipe

import kerasaudio
from kerasaudio.cli.arguments import add_set_option, factory_arguments
from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabeledClips
from kerasaudio.training.head import Head
from kerasaudio.training.state import State

BATCH_SIZE = 23
PATIENCE = 2


def parser(
    documentation: str, *, out: str, models: Mapping[str, Any]
) -> argparse.ArgumentParser:
    """Give the options of both recipes.

    Args:
        documentation: Of the script; `--help` shows it.
        out: Folder that it writes to if none is named.
        models: Factories to choose from, the first by default, and their arguments.
    """
    made = recipe.parser(documentation, out=out, epochs=plateau.Plateau.epochs)
    made.add_argument("--model", choices=list(models), default=next(iter(models)))
    add_set_option(made)
    made.add_argument("--batch-size", type=int, default=BATCH_SIZE)
    made.add_argument(
        "--learning-rate", type=float, default=plateau.Plateau.learning_rate
    )
    made.add_argument(
        "--stages",
        type=int,
        default=plateau.Plateau.stages,
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
    patience: int = PATIENCE,
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
    settings = plateau.Plateau(
        learning_rate=options.learning_rate,
        stages=options.stages,
        patience=patience if options.patience is None else options.patience,
        epochs=options.epochs,
        seed=options.seed,
    )
    chosen = {**arguments, **factory_arguments(options.model, options.arguments)}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{options.model}.keras"
    if not path.exists() or State(path).exists or options.overwrite:
        keras.utils.set_random_seed(options.seed)
        factory = getattr(kerasaudio, options.model)
        model = factory(labels=learn.class_names, **chosen)
        print(f"{options.model}, {model.count_params():,} weights, {len(learn)} clips")
        _train(model, learn, choose, path, options, settings, chosen, test_windows)
    model = keras.saving.load_model(path, compile=False)
    with path.with_suffix(".epochs.csv").open(newline="") as file:
        epochs = list(csv.DictReader(file))
    best = min(epochs, key=lambda epoch: float(epoch["validation_loss"]))
    return model, {
        "model": options.model,
        "arguments": chosen,
        "parameters": model.count_params(),
        "clips": {"trained_on": len(learn), "chose": len(choose)},
        "optimizer": "SGD, Nesterov momentum 0.9",
        "learning_rates": [settings.rate(stage) for stage in range(settings.stages)],
        "patience": settings.patience,
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


def _train(
    model: AudioModel,
    learn: LabeledClips,
    choose: LabeledClips,
    path: Path,
    options: argparse.Namespace,
    settings: plateau.Plateau,
    arguments: Mapping[str, Any],
    test_windows: int | None,
) -> None:
    head = Head(model, learn)
    batches = {"one_hot": head.one_hot, "dtype": "int16"}
    begin = time.perf_counter()
    training = learn.batches(
        model,
        options.batch_size,
        windows_per_clip=options.windows,
        seed=options.seed,
        **batches,
    )
    validation = choose.batches(
        model,
        options.batch_size,
        training=False,
        windows_per_clip=test_windows,
        clip_seconds=training.window_samples / model.spec.sample_rate,
        **batches,
    )
    print(
        f"{len(training)} steps an epoch; read in {time.perf_counter() - begin:.0f} s"
    )
    plateau.train(
        model,
        training,
        validation,
        path,
        settings,
        loss=head.loss,
        facts={
            "model": options.model,
            "arguments": dict(arguments),
            "classes": list(learn.class_names),
            "clips": [len(learn), len(choose)],
            "batch_size": options.batch_size,
            "windows": options.windows,
        },
        restart=options.restart,
        report=lambda epoch: print(epoch, flush=True),
    )
