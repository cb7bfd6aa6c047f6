"""One training, phase by phase: compile, fit, keep the state, save the model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import keras

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.provenance import trained
from kerasaudio.files.whole_file import write_csv
from kerasaudio.training.augmentation import Augmentation
from kerasaudio.training.compiling import Compiling, learning_rate
from kerasaudio.training.devices.learner import learner_of
from kerasaudio.training.devices.on_one import OnOne
from kerasaudio.training.devices.parallel import Parallel, Placement
from kerasaudio.training.devices.precision import policies_for
from kerasaudio.training.epoch_end import Backup, Seeding, Validation
from kerasaudio.training.epochs import Epoch, best_of, table
from kerasaudio.training.head import Head
from kerasaudio.training.held_out import validated
from kerasaudio.training.identity import check_same, identity
from kerasaudio.training.material import Data, Use, fed_to, held_out_of, material_of
from kerasaudio.training.plan import Phase, Plan
from kerasaudio.training.probing import PROBE, fit_head
from kerasaudio.training.state import State
from kerasaudio.training.waiting import Waiting


class Run:
    """One training, from the start or resumed from its saved state."""

    def __init__(
        self,
        model: AudioModel,
        training: Data,
        validation: Data | None,
        state: State,
        schedule: Plan,
        start: str,
        body: InferenceModel | None,
        augmentation: Augmentation,
        how: Compiling,
        validation_windows: int | None,
        batches: Mapping[str, Any],
        more: Mapping[str, Any],
        parallel: Parallel,
    ) -> None:
        self._model, self._state, self._schedule = model, state, schedule
        self._how = how
        self._head = Head(model, training, mixed=augmentation.mixup is not None)
        self._start, self._body = start, body
        self._learner = augmentation.around(model)
        self._placement: Placement = OnOne()
        if not parallel.is_plain:
            self._placement = parallel.placement()
            policy = parallel.precision
            changes = policies_for(model, policy)
            self._learner = learner_of(self._learner, self._placement, policy, changes)
        masked = self._head.has_unknown and how.leaves_unknown_out
        use = Use(
            model,
            self._head,
            schedule,
            schedule.batch_size * parallel.accumulate,
            masked,
            augmentation,
            validation_windows,
            batches,
        )
        facts = identity(use, training, validation, start)
        facts |= how.to_dict() | parallel.to_dict() | dict(more)
        self._kept = state.facts() if state.exists else None
        if self._kept is not None:
            check_same(self._kept["training"], facts, state.folder)
        self._facts = facts
        self._name = training.name
        state.begin()
        self._material = material = material_of(use, training)
        self._batches: Any = material.batches
        self._fed = fed_to(use, self._batches, parallel)
        self._held_out = held_out_of(use, material.spec, validation)
        # A fixed order, because freezing layers changes the order of model.variables.
        self._weights = list(model.variables)
        own = {id(variable) for variable in self._weights}
        self._dice = [v for v in self._learner.variables if id(v) not in own]
        self.epochs = [Epoch(**epoch) for epoch in (self._kept or {}).get("epochs", [])]

    def train(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        report: Callable[[Epoch], None] | None,
        verbose: int | str,
        log: Path | None,
        most: Sequence[int] | None = None,
    ) -> None:
        """Run the phases that are left; the model then has its best weights.

        Args:
            callbacks: The user's callbacks.
            report: Function that is called with each finished epoch; None for none.
            verbose: Progress display within an epoch.
            log: CSV file of the epochs; None for none.
            most: Number of epochs of each phase; None for those of the schedule.
        """
        first = 0 if self._kept is None else self._kept["phase"]
        if self._kept is None and self._start == PROBE:
            self._probe(report)
            if log is not None:
                write_csv(log, table(self.epochs))
        for number, phase in enumerate(self.phases):
            epochs = phase.epochs if most is None else most[number]
            if number < first or not epochs:
                continue
            self._freeze(phase)
            with self._placement.placed(self._learner):
                self._run(number, phase, epochs, callbacks, report, verbose, log)
        self._load_best()

    def _run(
        self,
        number: int,
        phase: Phase,
        epochs: int,
        callbacks: Sequence[keras.callbacks.Callback],
        report: Callable[[Epoch], None] | None,
        verbose: int | str,
        log: Path | None,
    ) -> None:
        """Run what is left of a phase."""
        variables, rate = self._begin(phase)
        done, stale = 0, 0  # with a stale phase, all its epochs count as done
        if self._kept is not None and number == self._kept["phase"]:
            self._state.load(variables)
            done, stale = self._kept["done"], self._kept["stale"]
        elif number and self.epochs:
            self._load_best()
        if done < epochs:
            keep = partial(self._keep, variables, number, log)
            ours = self._callbacks(phase.name, rate, callbacks, keep, stale, report)
            # The batches are shuffled; Keras would shuffle again, without our seed.
            self._learner.fit(
                self._fed,
                epochs=epochs,
                initial_epoch=done,
                shuffle=False,
                verbose=verbose,
                callbacks=ours,
            )

    def keep_start(self) -> None:
        """Save what the training starts from, unless it has begun."""
        if self._kept is None:
            self._state.save_start([*self._weights, *self._dice])

    def start_as(self, other: State) -> None:
        """Start from what another training started from, unless this one has begun."""
        if self._kept is None:
            other.load_start([*self._weights, *self._dice])

    def _probe(self, report: Callable[[Epoch], None] | None) -> None:
        """Start the head from the probe, and record this as epoch 0.

        The state on disk begins with epoch 1; a training that ends before starts anew.
        """
        begin = time.perf_counter()
        assert self._body is not None
        loss = fit_head(self._model, self._head, self._material.rows(self._body))
        found = validated(
            self._model, self._head, self._held_out, self._schedule.monitor
        )
        seconds = time.perf_counter() - begin
        self.epochs.append(Epoch(0, PROBE, 0.0, loss, *found, seconds, True, 0.0))
        self._state.save_best(self._weights, 0)
        if report is not None:
            report(self.epochs[0])

    def _callbacks(
        self,
        phase: str,
        rate: float,
        given: Sequence[keras.callbacks.Callback],
        keep: Callable[[int, int], None],
        stale: int,
        report: Callable[[Epoch], None] | None,
    ) -> list[keras.callbacks.Callback]:
        epochs, schedule = self.epochs, self._schedule
        least = schedule.least_epochs(len(self._batches))
        waiting = Waiting()
        return [
            Seeding(self._batches, schedule.seed, epochs, self._placement.begin_epoch),
            Validation(
                *(self._model, self._head, self._held_out, schedule.monitor),
                *(phase, rate, epochs, waiting),
            ),
            *given,
            waiting,
            Backup(keep, epochs, stale, schedule.patience, least, report),
        ]

    def _keep(
        self,
        variables: list[Any],
        phase: int,
        log: Path | None,
        done: int,
        stale: int,
    ) -> None:
        """Write the log, the best weights and the state after an epoch."""
        if log is not None:
            write_csv(log, table(self.epochs))
        if self.epochs[-1].is_best:
            self._state.save_best(self._weights, self.epochs[-1].number)
        facts = {
            "training": self._facts,
            "phase": phase,
            "done": done,
            "stale": stale,
            "epochs": [asdict(epoch) for epoch in self.epochs],
        }
        self._state.save(variables, facts, self._best)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of the schedule for these clips."""
        return self._schedule.phases_of(len(self._batches))

    @property
    def _best(self) -> int:
        return best_of(self.epochs).number

    def _load_best(self) -> None:
        self._state.load_best(self._weights, self._best)

    def _freeze(self, phase: Phase) -> None:
        """Make trainable what a phase trains."""
        self._head.freeze(
            self._model, phase.name == "frozen", self._schedule.keep_statistics
        )

    def _begin(self, phase: Phase) -> tuple[list[Any], float]:
        """Compile for a phase; return all its variables and its learning rate."""
        with self._placement.scope():
            optimizer = self._how.compile(
                *(self._learner, self._schedule, phase, len(self._batches)),
                self._head.loss,
            )
        variables = [*self._weights, *self._dice, *optimizer.variables]
        return variables, learning_rate(optimizer)

    @property
    def versions(self) -> tuple[int, int, int]:
        """Number of clips, of versions of each, and of versions that were made now."""
        return self._material.versions

    @property
    def held_out(self) -> int | None:
        """Number of validation clips; None without any, or before they were read."""
        return None if self._held_out is None else self._held_out.count()

    @property
    def metrics(self) -> dict[str, Any]:
        """What the spec notes of the best epoch."""
        metrics = {"dataset": self._facts["dataset"]}
        if self._held_out is not None:
            best = best_of(self.epochs)
            metrics["validation_clips"] = self.held_out
            metrics["validation_score"] = best.score
            if self._schedule.monitor != "score":
                metrics["validation_loss"] = best.validation_loss
        return metrics

    def spec(self) -> AudioSpec:
        """Return the spec of the model, with the training noted."""
        spec, material = self._material.spec, self._material
        step = trained(self._name, material.count, self._head.classes, "network")
        return spec.replace(
            trained_on=(*spec.trained_on, self._facts["dataset"]),
            provenance=(*spec.provenance, step),
            learned_files=material.learned_files(spec.learned_files),
        )

    def finished(self, metrics: Mapping[str, Any]) -> AudioModel:
        """Return the uncompiled model, with the training and `metrics` in its spec."""
        model = self._model
        for layer in model.layers:
            layer.trainable = True
        spec = self.spec().replace(metrics=metrics)
        return AudioModel(model.input, model.output, name=model.name, spec=spec)

    def report(self) -> Any:
        """Return the report on the validation clips now; None without any."""
        if self._held_out is None:
            return None
        return self._held_out.report(self._model, self.spec())
