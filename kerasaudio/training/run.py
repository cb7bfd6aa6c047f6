"""One training, phase by phase: compile, fit, keep the state, save the model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.provenance import trained
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.batching.targets import ABSENT
from kerasaudio.datasets.learned import learned_too
from kerasaudio.evaluation.evaluate import report_on
from kerasaudio.evaluation.predict import means_of_windows, predict_windows
from kerasaudio.files.whole_file import write_csv
from kerasaudio.training.augmentation import Augmentation, MixedBatches
from kerasaudio.training.compiling import Compiling, learning_rate
from kerasaudio.training.devices.filling import FilledBatches
from kerasaudio.training.devices.learner import learner_of
from kerasaudio.training.devices.on_one import OnOne
from kerasaudio.training.devices.parallel import Parallel, Placement
from kerasaudio.training.devices.precision import policies_for
from kerasaudio.training.epoch_end import (
    Backup,
    HeldOut,
    Seeding,
    Validation,
    validated,
)
from kerasaudio.training.epochs import Epoch, best_of, table
from kerasaudio.training.head import Head
from kerasaudio.training.identity import check_same, identity
from kerasaudio.training.masked import UNKNOWN
from kerasaudio.training.plan import Phase, Plan
from kerasaudio.training.probing import PROBE, fit_head
from kerasaudio.training.state import State
from kerasaudio.training.waiting import ReadAhead, Waiting


class Run:
    """One training, from the start or resumed from its saved state."""

    def __init__(
        self,
        model: AudioModel,
        training: LabeledClips,
        validation: LabeledClips | None,
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
        facts = identity(
            model,
            training,
            validation,
            schedule,
            self._start,
            augmentation,
            validation_windows,
            batches,
        )
        masked = self._head.has_unknown and how.leaves_unknown_out
        if masked:
            facts["unknown labels"] = "left out"
        facts |= how.to_dict() | parallel.to_dict() | dict(more)
        self._kept = state.facts() if state.exists else None
        if self._kept is not None:
            check_same(self._kept["training"], facts, state.folder)
        self._facts = facts
        classes = len(model.spec.labels or ())
        self._step = trained(training.name, len(training), classes, "network")
        state.begin()
        settings = {name: value for name, value in batches.items() if name != "augment"}
        size, seed = schedule.batch_size * parallel.accumulate, schedule.seed
        self._batches = training.batches(
            model,
            size,
            one_hot=self._head.one_hot,
            class_weights=schedule.class_weights,
            unknown=UNKNOWN if masked else ABSENT,
            versions=augmentation.versions,
            seed=seed,
            **batches,
        )
        self._versions = augmentation.versions
        self._fed: keras.utils.PyDataset = self._batches
        if augmentation.mixup is not None:
            self._fed = MixedBatches(self._batches, augmentation.mixup, seed)
        if not parallel.is_plain:
            several = len(parallel.devices), parallel.accumulate
            self._fed = FilledBatches(self._fed, self._batches, *several)
        if keras.backend.backend() != "tensorflow":
            self._fed = ReadAhead(self._fed, self._batches)
        self._spec = self._trained_spec()
        settings.pop("clip_seconds", None)
        settings["windows_per_clip"] = validation_windows
        self._whole = partial(self._whole_clips, settings)
        self._held_out = None if validation is None else self._whole(validation)
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
        heard = self._whole(self._clips, versions=self._versions)
        loss = fit_head(self._model, self._body, self._head, *heard)
        found = validated(
            self._model, self._head, self._held_out, self._schedule.monitor
        )
        seconds = time.perf_counter() - begin
        self.epochs.append(Epoch(0, PROBE, 0.0, loss, *found, seconds, True, 0.0))
        self._state.save_best(self._weights, 0)
        if report is not None:
            report(self.epochs[0])

    @property
    def _clips(self) -> Any:
        """The clips that are learned from, without their versions."""
        used = self._batches.clips
        return used.take(np.arange(len(used) // (1 + len(self._versions))))

    def _whole_clips(
        self, settings: Mapping[str, Any], clips: Any, versions: Any = ()
    ) -> HeldOut:
        """Return batches of all windows of clips, and the targets of the clips."""
        heard = clips.batches(
            self._spec,
            self._schedule.batch_size,
            training=False,
            versions=versions,
            **settings,
        )
        return heard, self._head.targets(heard.clips)

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
        return len(self._clips), len(self._versions), self._batches.made

    @property
    def metrics(self) -> dict[str, Any]:
        """What the spec notes of the best epoch."""
        metrics = {"dataset": self._facts["dataset"]}
        if self._held_out is not None:
            best = best_of(self.epochs)
            metrics["validation_clips"] = len(self._held_out[1])
            metrics["validation_score"] = best.score
            if self._schedule.monitor != "score":
                metrics["validation_loss"] = best.validation_loss
        return metrics

    def spec(self) -> AudioSpec:
        """Return the spec of the model, with the training noted."""
        return self._spec.replace(
            trained_on=(*self._spec.trained_on, self._facts["dataset"]),
            provenance=(*self._spec.provenance, self._step),
            learned_files=learned_too(
                self._spec.learned_files, self._batches.clips.paths
            ),
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
        heard, _ = self._held_out
        scores = means_of_windows(heard, predict_windows(self._model, heard))
        return report_on(self.spec(), heard.clips, scores)

    def _trained_spec(self) -> AudioSpec:
        """Return the spec with windows as long as those in training."""
        spec = self._model.spec
        if spec.step_samples is not None:  # with a state, the windows do not matter
            return spec
        window = spec.clip_samples or self._batches.window_samples
        # The hop of shorter windows would make longer ones overlap.
        hop = None if window > spec.window_samples else spec.hop_samples
        return spec.replace(window_samples=window, hop_samples=hop)
