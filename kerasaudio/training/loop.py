"""Train a network on clips: frozen, then whole; stopped, it goes on where it was."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.datasets import LabelledClips
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.evaluation.predict import predict_kept
from kerasaudio.files.whole_file import check_writable, writing_whole
from kerasaudio.files.workplace import remove_dead, workplace
from kerasaudio.training.augmentation import Augmentation, MixedBatches
from kerasaudio.training.epochs import Epoch, Trained
from kerasaudio.training.head import Head
from kerasaudio.training.identity import check_same, identity
from kerasaudio.training.schedule import Phase, Schedule
from kerasaudio.training.state import State


def train(
    model: AudioModel,
    training: LabelledClips,
    validation: LabelledClips | None,
    out: str | PathLike[str],
    *,
    schedule: Schedule | None = None,
    augmentation: Augmentation | None = None,
    overwrite: bool = False,
    restart: bool = False,
    report: Callable[[Epoch], None] | None = None,
    verbose: int | str = 0,
    **batches: Any,
) -> Trained:
    """Train a network, keep its best epoch, and save it.

    After each epoch the state is written to the folder OUT.training. Called again with
    the same arguments after a crash, a kill or a full disk, it goes on behind the last
    finished epoch, and ends where it would have ended.

    Args:
        model: With a top for the classes of the clips; it is trained in place.
        training: Clips to learn from.
        validation: Clips that choose the epoch; none of the recordings of `training`.
            None keeps the last epoch, which no score is known of.
        out: The `.keras` file to write.
        schedule: Epochs, learning rates and so on; None for `Schedule.for_model`.
        augmentation: What is changed at random while the network learns. Layers
            without a seed draw one, which is kept with the state.
        overwrite: Whether to replace `out`.
        restart: Whether to forget an interrupted training.
        report: Told of each epoch as it ends.
        verbose: Progress inside an epoch, as of `keras.Model.fit`.
        **batches: Of `ClipBatches`: clip_seconds, windows_per_clip, silence_db,
            augment, errors, cache, dtype, readers.

    Returns:
        The model, and what each epoch gave.

    Raises:
        ValueError: Clips that do not fit the model; a state that is damaged, or of
            another training; a loss that is no number any more.
        OSError: A file cannot be decoded or written; `out` is there already; another
            process trains it.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labelled")
        >>> learn, check = kerasaudio.datasets.split(clips, (0.5, 0.5))
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> schedule = kerasaudio.training.Schedule(unfreeze_epochs=2)
        >>> trained = kerasaudio.training.train(
        ...     model, learn, check, "hum-or-hiss.keras", schedule=schedule
        ... )
        >>> len(trained.epochs)
        2
        >>> tags = kerasaudio.load("hum-or-hiss.keras").tag("labelled/hum/0.wav")
    """
    path = check_out(out, overwrite=overwrite, restart=restart)
    state = State(path)
    chosen = schedule or Schedule.for_model(model)
    with workplace(path.parent, only=path.name):
        changed = augmentation or Augmentation()
        run = _Run(
            model, training, validation, state, chosen, changed, restart, batches
        )
        return run.train(path, report, verbose)


def check_out(
    out: str | PathLike[str], *, overwrite: bool = False, restart: bool = False
) -> Path:
    """Give the path that a model can be saved at.

    Raises:
        ValueError: It is no `.keras` file.
        OSError: It is there already, and not from a training that was interrupted; or
            its folder is missing or read-only.
    """
    path = Path(out)
    if path.suffix != ".keras":
        raise ValueError(f"The model is saved as .keras. Received: {fspath(out)!r}.")
    remove_dead(path.parent)  # before what it may finish is looked for
    unfinished = State(path).exists and not restart
    if path.exists() and not overwrite and not unfinished:
        raise FileExistsError(
            f"{fspath(path)!r} is there already. Remove it, choose another name, or "
            "pass overwrite=True (--overwrite)."
        )
    check_writable(path)
    return path


class _Run:
    """One training, from the start or from where it was."""

    def __init__(
        self,
        model: AudioModel,
        training: LabelledClips,
        validation: LabelledClips | None,
        state: State,
        schedule: Schedule,
        augmentation: Augmentation,
        restart: bool,
        batches: Mapping[str, Any],
    ) -> None:
        self._model, self._state, self._schedule = model, state, schedule
        self._head = Head(model, training, mixed=augmentation.mixup is not None)
        self._learner = augmentation.around(model)
        facts = identity(model, training, validation, schedule, augmentation, batches)
        if restart:
            state.remove()
        self._kept = state.facts() if state.exists else None
        if self._kept is not None:
            check_same(self._kept["training"], facts, state.folder)
        self._facts = facts
        state.begin()
        settings = {name: value for name, value in batches.items() if name != "augment"}
        size, seed = schedule.batch_size, schedule.seed
        self._batches = training.batches(
            model,
            size,
            one_hot=self._head.one_hot,
            class_weights=schedule.class_weights,
            seed=seed,
            **batches,
        )
        self._fed: keras.utils.PyDataset = self._batches
        if augmentation.mixup is not None:
            self._fed = MixedBatches(self._batches, augmentation.mixup, seed)
        self._spec = self._trained_spec()
        settings.pop("clip_seconds", None)
        settings.pop("windows_per_clip", None)
        self._held_out: tuple[ClipBatches, np.ndarray] | None = None
        if validation is not None:
            heard = validation.batches(self._spec, size, training=False, **settings)
            self._held_out = heard, self._head.targets(heard.clips)
        # In one order: freezing layers changes that of model.variables.
        self._weights = list(model.variables)
        own = {id(variable) for variable in self._weights}
        self._dice = [v for v in self._learner.variables if id(v) not in own]
        self._epochs = [
            Epoch(**epoch) for epoch in (self._kept or {}).get("epochs", [])
        ]

    def train(
        self,
        path: Path,
        report: Callable[[Epoch], None] | None,
        verbose: int | str,
    ) -> Trained:
        """Go through the phases, and save the best epoch."""
        first = 0 if self._kept is None else self._kept["phase"]
        for number, phase in enumerate(self._schedule.phases):
            if number < first:
                continue
            variables = self._begin(phase)
            done, stale = 0, 0
            if self._kept is not None and number == first:
                self._state.load(variables)
                done, stale = self._kept["done"], self._kept["stale"]
            elif number:
                self._load_best()
            while done < phase.epochs and stale < self._schedule.patience:
                epoch = self._epoch(phase, verbose)
                done, stale = done + 1, 0 if epoch.is_best else stale + 1
                self._epochs.append(epoch)
                if epoch.is_best:
                    self._state.save_best(self._weights, epoch.number)
                self._state.save(
                    variables,
                    {
                        "training": self._facts,
                        "phase": number,
                        "done": done,
                        "stale": stale,
                        "epochs": [asdict(epoch) for epoch in self._epochs],
                    },
                    self._best,
                )
                if report is not None:
                    report(epoch)
        self._load_best()
        trained = Trained(self._finished(), path, tuple(self._epochs))
        with writing_whole(path) as temporary:
            trained.model.save(temporary)
        self._state.remove()
        return trained

    @property
    def _best(self) -> int:
        return [epoch.number for epoch in self._epochs if epoch.is_best][-1]

    def _load_best(self) -> None:
        self._state.load_best(self._weights, self._best)

    def _begin(self, phase: Phase) -> list[Any]:
        """Compile for a phase; give all that changes in it."""
        self._head.freeze(
            self._model, phase.name == "frozen", self._schedule.keep_statistics
        )
        rate: Any = phase.learning_rate
        if self._schedule.cosine_decay:
            steps = phase.epochs * len(self._fed)
            rate = keras.optimizers.schedules.CosineDecay(rate, steps)
        optimizer = keras.optimizers.Adam(rate)
        self._learner.compile(optimizer, self._head.loss)
        optimizer.build(self._learner.trainable_variables)
        return [*self._weights, *self._dice, *optimizer.variables]

    def _epoch(self, phase: Phase, verbose: int | str) -> Epoch:
        begin = time.perf_counter()
        number = len(self._epochs)

        def begin_epoch(*_: Any) -> None:
            # Where Keras builds the model first, it has ended an epoch by now.
            self._batches.epoch = number
            # Dropout on torch draws from a generator whose state no layer keeps.
            keras.utils.set_random_seed((self._schedule.seed + number) % 2**32)

        # The batches are shuffled; Keras would shuffle them again, without our seed.
        history = self._learner.fit(
            self._fed,
            epochs=1,
            shuffle=False,
            verbose=verbose,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=begin_epoch)],
        )
        loss = float(history.history["loss"][-1])
        score = validation_loss = math.nan
        if self._held_out is not None:
            heard, targets = self._held_out
            outputs = predict_kept(self._model, heard)
            score, validation_loss = self._head.validate(targets, outputs)
        validated = self._held_out is None or math.isfinite(validation_loss)
        if not math.isfinite(loss) or not validated:
            raise ValueError(
                f"In epoch {number + 1} the loss became {loss}, on the validation "
                f"clips {validation_loss}. Start anew with a lower learning rate than "
                f"{phase.learning_rate:g}."
            )
        seconds = time.perf_counter() - begin
        epoch = Epoch(
            number + 1, phase.name, loss, score, validation_loss, seconds, True
        )
        best = max((past.rank for past in self._epochs), default=None)
        return Epoch(**asdict(epoch) | {"is_best": best is None or epoch.rank > best})

    def _finished(self) -> AudioModel:
        """Give the model uncompiled, its spec saying what it has become."""
        model = self._model
        for layer in model.layers:
            layer.trainable = True
        metrics = {"dataset": self._facts["dataset"]}
        if self._held_out is not None:
            best = max(self._epochs, key=lambda epoch: epoch.rank)
            metrics["validation_clips"] = len(self._held_out[1])
            metrics["validation_score"] = best.score
        return AudioModel(
            model.input,
            model.output,
            name=model.name,
            spec=self._spec.replace(
                trained_on=(*self._spec.trained_on, self._facts["dataset"]),
                metrics=metrics,
            ),
        )

    def _trained_spec(self) -> AudioSpec:
        """Give the spec with the windows that the network learns from."""
        spec = self._model.spec
        window = spec.clip_samples or self._batches.window_samples
        # A hop that goes with shorter windows would have longer ones overlap.
        hop = None if window > spec.window_samples else spec.hop_samples
        return spec.replace(window_samples=window, hop_samples=hop)
