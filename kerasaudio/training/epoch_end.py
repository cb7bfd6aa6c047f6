"""Keras callbacks that `train` passes to `fit`: seeding, validation and backup."""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import keras

from kerasaudio.core import AudioModel
from kerasaudio.training.epochs import Epoch, better, finished
from kerasaudio.training.head import Head
from kerasaudio.training.held_out import HeldOut, validated
from kerasaudio.training.waiting import Waiting


def check_callbacks(callbacks: Any) -> tuple[keras.callbacks.Callback, ...]:
    """Return the callbacks as a tuple.

    Raises:
        ValueError: One is not a Keras callback, or is `SwapEMAWeights`.
    """
    several = isinstance(callbacks, Iterable)
    told = tuple(callbacks) if several else ()
    if not several or not all(isinstance(c, keras.callbacks.Callback) for c in told):
        raise ValueError(
            "callbacks must be a list of keras.callbacks.Callback. Received: "
            f"{callbacks!r}."
        )
    if any(isinstance(c, keras.callbacks.SwapEMAWeights) for c in told):
        raise ValueError(
            "callbacks must not include SwapEMAWeights: it replaces the weights, so "
            "that an epoch's score and its saved weights do not match. Use an "
            "optimizer with use_ema=True and an ema_overwrite_frequency instead."
        )
    return told


class Seeding(keras.callbacks.Callback):
    """Callback that makes each epoch reproducible, also in a resumed training.

    Args:
        batches: Batches whose windows are drawn again in each epoch.
        seed: Random seed of the training.
        epochs: Finished epochs.
        begin: Function that is then called with the random seed of the epoch.
    """

    def __init__(
        self,
        batches: Any,
        seed: int,
        epochs: list[Epoch],
        begin: Callable[[int], None],
    ) -> None:
        super().__init__()
        self._batches, self._seed, self._epochs = batches, seed, epochs
        self._start = begin

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the random seeds for this epoch."""
        number = finished(self._epochs)
        # If Keras had to build the model first, the batches have counted an epoch.
        self._batches.epoch = number
        # Dropout on torch uses a generator whose state is not saved with any layer.
        drawn = (self._seed + number) % 2**32
        keras.utils.set_random_seed(drawn)
        self._start(drawn)


class Validation(keras.callbacks.Callback):
    """Callback that scores the validation clips, and records each epoch.

    The score and the loss are added to the logs.

    Args:
        audio_model: Model without augmentation.
        head: Head of the model.
        held_out: The validation clips; None without validation.
        monitor: Criterion by which epochs are compared; see `Plan`.
        phase: Name of the phase.
        learning_rate: Learning rate at the start of the phase.
        epochs: Finished epochs; each new one is appended.
        waiting: Callback that knows how long the epoch waited for data.
    """

    def __init__(
        self,
        audio_model: AudioModel,
        head: Head,
        held_out: HeldOut | None,
        monitor: str,
        phase: str,
        learning_rate: float,
        epochs: list[Epoch],
        waiting: Waiting,
    ) -> None:
        super().__init__()
        # Keras keeps the model that it trains as `_model`.
        self._heard, self._head, self._monitor = audio_model, head, monitor
        self._held_out, self._epochs = held_out, epochs
        self._phase, self._rate = phase, learning_rate
        self._begin, self._waiting = 0.0, waiting

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start timing the epoch."""
        self._begin = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Validate, and append the epoch.

        Raises:
            ValueError: A loss is NaN or infinite.
        """
        logs = {} if logs is None else logs
        loss = float(logs["loss"])
        score, validation_loss = validated(
            self._heard, self._head, self._held_out, self._monitor
        )
        if self._held_out is not None:
            logs |= {"val_score": score, "val_loss": validation_loss}
        number = finished(self._epochs) + 1
        measured = self._held_out is None or math.isfinite(validation_loss)
        if not math.isfinite(loss) or not measured:
            # With warm-up, the learning rate starts at 0.
            than = f" than {self._rate:g}" if self._rate else ""
            raise ValueError(
                f"The loss must stay finite. Received: {loss} in epoch {number}, and "
                f"{validation_loss} on the validation clips. Start again with a lower "
                f"learning rate{than}."
            )
        seconds = time.perf_counter() - self._begin
        done = Epoch(
            *(number, self._phase, self._rate, loss, score, validation_loss, seconds),
            is_best=True,
            waiting=self._waiting.share,
        )
        self._epochs.append(better(done, self._epochs, self._monitor))


class Backup(keras.callbacks.Callback):
    """Callback that saves the state after each epoch, and stops without progress.

    It must be the last callback, so that what the others set is saved with the state.

    Args:
        keep: Function that writes the state. It is called with the number of finished
            epochs in the phase, and with the number of epochs in a row, up to now,
            without progress.
        epochs: Finished epochs.
        stale: Number of epochs in a row without progress so far.
        patience: Number of epochs in a row without progress that end the phase.
        least: Number of epochs in the phase before which they do not.
        report: Function that is called with each finished epoch; None for none.
    """

    def __init__(
        self,
        keep: Callable[[int, int], None],
        epochs: list[Epoch],
        stale: int,
        patience: int,
        least: int,
        report: Callable[[Epoch], None] | None,
    ) -> None:
        super().__init__()
        self._keep, self._epochs, self._report = keep, epochs, report
        self._stale, self._patience, self._least = stale, patience, least

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save the state; stop the phase after `patience` epochs without progress."""
        latest = self._epochs[-1]
        self._stale = 0 if latest.is_best else self._stale + 1
        if self._stale >= self._patience and epoch + 1 >= self._least:
            self.model.stop_training = True
        whole = self.params["epochs"] if self.model.stop_training else epoch + 1
        self._keep(whole, self._stale)
        if self._report is not None:
            self._report(latest)
