"""Shared by the recipes: arguments, printed text, and the file of results."""

import argparse
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasaudio.checkpoints.native import model_state, native_bytes
from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabeledClips
from kerasaudio.files.whole_file import write_text
from kerasaudio.training import Augmentation, Epoch, Schedule, Trained, train

MOST_GAIN_DB = 6


def parser(documentation: str, *, out: str, epochs: int) -> argparse.ArgumentParser:
    """Give the arguments that every recipe has.

    Args:
        documentation: Of the script; `--help` shows it.
        out: Folder that it writes to if none is named.
        epochs: That it trains if no number is given.
    """
    made = argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("folder", type=Path, help="of the data set")
    made.add_argument("--out", type=Path, default=Path(out), help=f"default: {out}")
    made.add_argument("--epochs", type=int, default=epochs, help=f"default: {epochs}")
    made.add_argument("--seed", type=int, default=0, help="of all that is random")
    made.add_argument(
        "--overwrite", action="store_true", help="train again what is trained already"
    )
    return made


def tell(epoch: Epoch) -> None:
    """Print what an epoch gave."""
    validated = math.isfinite(epoch.score)  # not where the last epoch counts
    score = f"validation {epoch.score:.4f}, " if validated else ""
    print(
        f"epoch {epoch.number}: loss {epoch.loss:.3f}, {score}{epoch.seconds:.1f} s",
        flush=True,
    )


def train_without_validation(
    model: AudioModel,
    clips: LabeledClips,
    path: Path,
    options: argparse.Namespace,
    augmentation: Augmentation,
    **batches: Any,
) -> Trained:
    """Train for a fixed number of epochs at a falling rate; the last epoch counts.

    Nothing is held back to choose an epoch by: for data sets of a few hundred clips.

    Args:
        model: To be trained.
        clips: To learn from.
        path: The `.keras` file to write.
        options: With `epochs` and `seed`.
        augmentation: Of the clips.
        **batches: Of `ClipBatches`.
    """
    return train(
        model,
        clips,
        None,
        path,
        schedule=Schedule(
            unfreeze_epochs=options.epochs,
            learning_rate=1e-3,
            cosine_decay=True,
            batch_size=8,
            seed=options.seed,
        ),
        augmentation=augmentation,
        overwrite=True,  # a model without its .json has not been measured
        report=tell,
        **batches,
    )


def turned(window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Begin anywhere in a clip and go round; louder or softer by up to 6 dB."""
    begun = np.roll(window, int(rng.integers(len(window))))
    return begun * 10 ** (rng.uniform(-MOST_GAIN_DB, MOST_GAIN_DB) / 20)


def write_result(path: Path, facts: Mapping[str, Any]) -> None:
    """Print a measured result, and write it as JSON with the backend it came from."""
    text = json.dumps({**facts, "backend": keras.backend.backend()}, indent=2)
    write_text(path, text + "\n")
    print(text)


def write_weights(path: Path, model: AudioModel) -> int:
    """Write the weights alone, which a preset is made of; gives their number."""
    path.write_bytes(native_bytes(model_state(model)))
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
