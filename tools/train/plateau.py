"""Training as in the sample-level papers: SGD with a falling learning rate.

A stage is a learning rate. It ends after some epochs without a lower validation loss;
the next one begins from the best weights so far with a fifth of the rate and no
momentum, and after the last one the best weights are kept. The rate also shrinks by a
millionth a step.

Sources: jongpillee/sampleCNN, commit 555269a (run_pubtaga_endToEnd_cnn_novalidgen.py);
tae-jun/resemul, commit f2c2c80 (train.py); tae-jun/sampleaudio, commit 87cf32c
(train.py). None of them decays weights.
"""

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from kerasaudio.core import AudioModel
from kerasaudio.datasets import ClipBatches
from kerasaudio.files.whole_file import write_csv, writing_whole
from kerasaudio.training.identity import check_same
from kerasaudio.training.state import State


@dataclass(frozen=True)
class Plateau:
    """Settings, those of the papers unless named otherwise.

    Attributes:
        learning_rate: Of the first stage.
        factor: By which the next stage is slower.
        stages: Learning rates in all: 0.01 to 0.000016.
        patience: Epochs without a lower validation loss that end a stage.
        epochs: Of a stage, at most.
        momentum: Of Nesterov's kind.
        decay: Of the learning rate with each step, inverse in time.
        seed: Of all that is random.
    """

    learning_rate: float = 0.01
    factor: float = 0.2
    stages: int = 5
    patience: int = 2
    epochs: int = 100
    momentum: float = 0.9
    decay: float = 1e-6
    seed: int = 0

    def rate(self, stage: int) -> float:
        """Give the learning rate at the beginning of a stage."""
        return self.learning_rate * self.factor**stage

    def optimizer(self, stage: int) -> keras.optimizers.Optimizer:
        """Give the optimizer of a stage."""
        rate = keras.optimizers.schedules.InverseTimeDecay(
            self.rate(stage), decay_steps=1, decay_rate=self.decay
        )
        return keras.optimizers.SGD(rate, momentum=self.momentum, nesterov=True)


@dataclass(frozen=True)
class Epoch:
    """What an epoch gave.

    Attributes:
        number: From 1, over all stages.
        stage: From 0.
        learning_rate: Of the stage.
        loss: On the training windows, mean of the epoch.
        validation_loss: On the validation windows.
        seconds: It took.
        is_best: Whether no loss before was as low.
    """

    number: int
    stage: int
    learning_rate: float
    loss: float
    validation_loss: float
    seconds: float
    is_best: bool

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"epoch {self.number}, rate {self.learning_rate:g}: loss {self.loss:.4f}, "
            f"validation {self.validation_loss:.4f}, {self.seconds:.0f} s"
            f"{', best' if self.is_best else ''}"
        )


def train(
    model: AudioModel,
    training: ClipBatches,
    validation: ClipBatches,
    out: Path,
    settings: Plateau,
    *,
    loss: str,
    facts: Mapping[str, Any],
    restart: bool = False,
    report: Callable[[Epoch], None] = print,
) -> list[Epoch]:
    """Train a model in place, keep its best weights, and save it.

    The state after each epoch is in the folder OUT.training: called again after a kill,
    it goes on behind the last finished epoch. OUT.epochs.csv lists the epochs.

    Args:
        model: With a top; the compiled state is replaced.
        training: Windows to learn from.
        validation: Windows whose loss decides.
        out: The `.keras` file to write.
        settings: See `Plateau`.
        loss: Name of the Keras loss.
        facts: What else makes this training the one it is, ready for JSON.
        restart: Whether to forget an interrupted training.
        report: Told of each epoch as it ends.

    Returns:
        The epochs.

    Raises:
        ValueError: An interrupted training with other settings; a loss that is no
            number any more.
        OSError: Something cannot be written.
    """
    state = State(out)
    if restart:
        state.remove()
    own = {**asdict(settings), "loss": loss, **facts}
    kept = state.facts() if state.exists else None
    if kept is not None:
        check_same(kept["training"], own, state.folder)
    state.begin()
    weights = list(model.variables)
    epochs = [Epoch(**epoch) for epoch in (kept or {}).get("epochs", [])]
    first = kept["stage"] if kept is not None else 0
    for stage in range(first, settings.stages):
        optimizer = settings.optimizer(stage)
        model.compile(optimizer, loss)
        optimizer.build(model.trainable_variables)
        variables = [*weights, *optimizer.variables]
        if kept is not None and stage == first:
            state.load(variables)
        elif stage:
            state.load_best(weights, _best(epochs))
        while not _is_over(epochs, stage, settings):
            epoch = _epoch(model, training, validation, settings, stage, epochs)
            epochs.append(epoch)
            if epoch.is_best:
                state.save_best(weights, epoch.number)
            write_csv(
                out.with_suffix(".epochs.csv"),
                [list(asdict(epoch)), *(asdict(each).values() for each in epochs)],
            )
            listed = [asdict(each) for each in epochs]
            progress = {"training": own, "stage": stage, "epochs": listed}
            state.save(variables, progress, _best(epochs))
            report(epoch)
    state.load_best(weights, _best(epochs))
    best = min(epoch.validation_loss for epoch in epochs)
    _save(model, out, state, best, training.clips.name)
    return epochs


def _best(epochs: list[Epoch]) -> int:
    return [epoch.number for epoch in epochs if epoch.is_best][-1]


def _is_over(epochs: list[Epoch], stage: int, settings: Plateau) -> bool:
    inside = [epoch for epoch in epochs if epoch.stage == stage]
    stale = inside[-settings.patience :]
    return len(inside) >= settings.epochs or (
        len(stale) == settings.patience and not any(epoch.is_best for epoch in stale)
    )


def _epoch(
    model: AudioModel,
    training: ClipBatches,
    validation: ClipBatches,
    settings: Plateau,
    stage: int,
    epochs: list[Epoch],
) -> Epoch:
    begin, number = time.perf_counter(), len(epochs)

    def begin_epoch(*_: Any) -> None:
        training.epoch = number
        keras.utils.set_random_seed((settings.seed + number) % 2**32)

    history = model.fit(
        training,
        validation_data=validation,
        epochs=1,
        shuffle=False,  # the batches are, by their own seed
        verbose="auto" if os.isatty(1) else 0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=begin_epoch)],
    ).history
    loss, validation_loss = (float(history[key][-1]) for key in ("loss", "val_loss"))
    if not (math.isfinite(loss) and math.isfinite(validation_loss)):
        raise ValueError(
            f"In epoch {number + 1} the loss became {loss}, on the validation clips "
            f"{validation_loss}. Start anew with a lower learning rate than "
            f"{settings.learning_rate:g}."
        )
    return Epoch(
        number + 1,
        stage,
        settings.rate(stage),
        loss,
        validation_loss,
        round(time.perf_counter() - begin, 2),
        all(validation_loss < past.validation_loss for past in epochs),
    )


def _save(
    model: AudioModel, out: Path, state: State, validation_loss: float, dataset: str
) -> None:
    spec = model.spec.replace(
        trained_on=(*model.spec.trained_on, dataset),
        metrics={"validation_loss": validation_loss},
    )
    trained = AudioModel(model.input, model.output, name=model.name, spec=spec)
    with writing_whole(out) as temporary:
        trained.save(temporary)
    state.remove()
