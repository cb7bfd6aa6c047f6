"""What `fit` is told to do around each epoch of a training."""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.evaluation.predict import means_of_windows, predict_windows
from kerasaudio.training.epochs import Epoch, better
from kerasaudio.training.head import Head


def check_callbacks(callbacks: Any) -> tuple[keras.callbacks.Callback, ...]:
    """Give callbacks that every phase can have, or raise a ValueError."""
    several = isinstance(callbacks, Iterable)
    told = tuple(callbacks) if several else ()
    if not several or not all(isinstance(c, keras.callbacks.Callback) for c in told):
        raise ValueError(
            "callbacks must be a list of keras.callbacks.Callback. Received: "
            f"{callbacks!r}."
        )
    if any(isinstance(c, keras.callbacks.SwapEMAWeights) for c in told):
        raise ValueError(
            "SwapEMAWeights exchanges the weights behind the score that an epoch is "
            "kept by. Give an optimizer with use_ema=True and an "
            "ema_overwrite_frequency instead."
        )
    return told


class Seeding(keras.callbacks.Callback):
    """Makes each epoch the same, also where a training that stopped goes on.

    Args:
        batches: Whose windows are drawn anew.
        seed: Of the training.
        epochs: Those that have ended.
    """

    def __init__(self, batches: ClipBatches, seed: int, epochs: list[Epoch]) -> None:
        super().__init__()
        self._batches, self._seed, self._epochs = batches, seed, epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Draw what belongs to this epoch."""
        number = len(self._epochs)
        # Where Keras builds the model first, it has ended an epoch by now.
        self._batches.epoch = number
        # Dropout on torch draws from a generator whose state no layer keeps.
        keras.utils.set_random_seed((self._seed + number) % 2**32)


class Validation(keras.callbacks.Callback):
    """Scores held-out clips, adds that to the logs, and notes the epoch.

    Args:
        audio_model: The network, without augmentation.
        head: Of it.
        held_out: Batches of clips and their targets, if there are any.
        monitor: What makes an epoch better.
        phase: Name of that which the epochs belong to.
        learning_rate: With which it began.
        epochs: Those that have ended; each new one is added.
    """

    def __init__(
        self,
        audio_model: AudioModel,
        head: Head,
        held_out: tuple[ClipBatches, np.ndarray] | None,
        monitor: str,
        phase: str,
        learning_rate: float,
        epochs: list[Epoch],
    ) -> None:
        super().__init__()
        self._model, self._head, self._monitor = audio_model, head, monitor
        self._held_out, self._epochs = held_out, epochs
        self._phase, self._rate = phase, learning_rate
        self._begin = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self._begin = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Validate.

        Raises:
            ValueError: A loss that is no number any more.
        """
        logs = {} if logs is None else logs
        loss = float(logs["loss"])
        score = validation_loss = math.nan
        if self._held_out is not None:
            score, validation_loss = self._validate(*self._held_out)
            logs |= {"val_score": score, "val_loss": validation_loss}
        number = len(self._epochs) + 1
        validated = self._held_out is None or math.isfinite(validation_loss)
        if not math.isfinite(loss) or not validated:
            # A rate that is warmed up begins at 0.
            than = f" than {self._rate:g}" if self._rate else ""
            raise ValueError(
                f"In epoch {number} the loss became {loss}, on the validation clips "
                f"{validation_loss}. Start anew with a lower learning rate{than}."
            )
        seconds = time.perf_counter() - self._begin
        done = Epoch(
            number, self._phase, self._rate, loss, score, validation_loss, seconds, True
        )
        self._epochs.append(better(done, self._epochs, self._monitor))

    def _validate(self, heard: ClipBatches, targets: np.ndarray) -> tuple[float, float]:
        """Give score and loss."""
        outputs = predict_windows(self._model, heard)
        answers = means_of_windows(heard, outputs)
        score = self._head.score(targets, answers)
        if self._monitor == "window_loss":
            return score, self._head.cross_entropy(targets[heard.clip_of], outputs)
        return score, self._head.cross_entropy(targets, answers)


class Backup(keras.callbacks.Callback):
    """Keeps the state after each epoch, tells of it, and stops without progress.

    It stands last: what other callbacks set is kept with the state.

    Args:
        keep: Writes the state: of the epochs done in the phase and how many of them in
            a row were no better.
        epochs: Those that have ended.
        stale: How many were no better, so far.
        patience: How many may be.
        report: Told of each epoch, if anybody wants to know.
    """

    def __init__(
        self,
        keep: Callable[[int, int], None],
        epochs: list[Epoch],
        stale: int,
        patience: int,
        report: Callable[[Epoch], None] | None,
    ) -> None:
        super().__init__()
        self._keep, self._epochs, self._report = keep, epochs, report
        self._stale, self._patience = stale, patience

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the state, and stop if there was no progress for long."""
        latest = self._epochs[-1]
        self._stale = 0 if latest.is_best else self._stale + 1
        if self._stale >= self._patience:
            self.model.stop_training = True
        whole = self.params["epochs"] if self.model.stop_training else epoch + 1
        self._keep(whole, self._stale)
        if self._report is not None:
            self._report(latest)
