"""Train a network on clips, phase by phase; an interrupted training is resumed."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from typing import Any, Literal

import keras

from kerasaudio.arguments import is_number, number, whole_number
from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.datasets.streams.stream import Stream
from kerasaudio.files.progress import shows_bars
from kerasaudio.files.whole_file import writing_whole
from kerasaudio.files.workplace import workplace
from kerasaudio.training.augmentation import Augmentation
from kerasaudio.training.compiling import Compiling
from kerasaudio.training.devices.parallel import Parallel, Precision
from kerasaudio.training.epoch_end import check_callbacks
from kerasaudio.training.epochs import Epoch, Trained, best_of
from kerasaudio.training.given import check_stream, data_of
from kerasaudio.training.material import Data
from kerasaudio.training.notes import of_probe, of_refit, of_versions, unfinished
from kerasaudio.training.outputs import check_log, check_out
from kerasaudio.training.plan import Plan
from kerasaudio.training.plateau import PlateauSchedule
from kerasaudio.training.probing import PROBE, HeadStart, body_of, chosen_start
from kerasaudio.training.refit import chosen_refit, epochs_to_best, hold_out, too_few
from kerasaudio.training.run import Run
from kerasaudio.training.schedule import Schedule
from kerasaudio.training.state import State


def train(
    model: AudioModel,
    training: Any,
    validation: Any,
    out: str | PathLike[str],
    *,
    schedule: Schedule | PlateauSchedule | None = None,
    head: HeadStart | None = None,
    refit: bool | None = None,
    augmentation: Augmentation | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    optimizer: str | keras.optimizers.Optimizer | None = None,
    loss: Any = None,
    metrics: Sequence[Any] | None = None,
    validation_windows: int | None = None,
    devices: int | Literal["all"] | None = None,
    precision: Precision | None = None,
    accumulate: int = 1,
    log: str | PathLike[str] | None = None,
    overwrite: bool = False,
    restart: bool = False,
    report: Callable[[Epoch], None] | None = None,
    verbose: int | str | None = None,
    **batches: Any,
) -> Trained:
    """Train a network, and save it with the weights of its best epoch.

    This calls `compile` and `keras.Model.fit` once for each phase of the schedule, with
    the library's callbacks and yours. After each epoch the state is written to the
    folder OUT.training, next to `out`. If the process crashes, is killed or finds the
    disk full, call `train` again with the same arguments: it resumes after the last
    finished epoch, with the same result as without the interruption.

    Args:
        model: Model with a top for the classes of the clips; it is trained in place.
        training: Clips to train on. Or a loader of batches (waveforms, labels), which
            is read in each epoch: a `tf.data.Dataset`, a torch or grain `DataLoader`,
            or another of `kerasaudio.datasets.LabeledBatches`, which says what is in
            a batch. A loader has its own order and size of batches, and class weights
            are the weights in its batches.
        validation: What the best epoch is chosen by: the share of the clips to hold
            out for it, such as 0.2; no recording is on both sides. Or other clips, or a
            loader of them, from other recordings than those of `training`; they are
            never learned from. None to keep the last epoch, without a score.
        out: Path of the `.keras` file to write.
        schedule: Epochs, learning rates and other settings: a `Schedule` or a
            `PlateauSchedule`; None for `Schedule.for_model`: with fewer than 32 clips a
            class, a head from a probe has no epochs.
        head: How the head starts. "probe": with the weights of the linear probe
            (`kerasaudio.transfer.fit_probe`) on the training clips; this state is epoch
            0, so that the result is never worse than the probe on the validation clips.
            "kept": with the weights that it has, which are random in a new head. None
            for "probe" if the model is pretrained, its head is new (`spec.metrics` is
            empty) and one dense layer, and each clip has one class; else "kept".
        refit: Whether to train again on all clips, also those held out, for as many
            epochs as led to the best one, from the same start: a head from a probe then
            starts from the probe of all clips. Few clips are too dear to use them only
            to choose an epoch. None to do so if `validation` is a share, the head
            starts from a probe, there are at most 64 clips a class on average, and no
            callbacks. Your callbacks and `log` are for the first training only.
        augmentation: Random changes to the training windows, and versions of the
            training clips made ahead; None for none. Layers without a seed draw one,
            which is saved with the state.
        callbacks: Callbacks of Keras or your own, used in all phases. Their logs
            include ``val_score`` and ``val_loss``; see `Epoch`. What they set on the
            optimizer is saved with the state; what they store in themselves is not. A
            callback that stops the training ends the phase.
        optimizer: Name of a Keras optimizer, which gets the learning rates of the
            schedule; or an optimizer with its own learning rate, of which each phase
            uses a copy. None for the optimizer of the schedule.
        loss: Loss, as for `keras.Model.compile`; None for the loss that fits the
            network's head. It leaves labels out that are unknown
            (`LabeledClips.known`), see `MaskedBinaryCrossentropy`; for any other loss,
            they count as absent, with a warning.
        metrics: Metrics, as for `keras.Model.compile`, computed on the training windows
            of an epoch and added to the logs; None for no metrics.
        validation_windows: Number of windows of each validation clip, at least 1,
            spread evenly from its beginning to its end; None for the windows that
            `model.tag` uses.
        devices: Number of devices to train on, or "all": GPUs or TPUs, or CPUs where
            there are none. Each gets an equal part of a batch of `batch_size` windows;
            the loss and batch normalization are those of the whole batch. None for the
            device that Keras uses. An interrupted training can be resumed on another
            number of devices.
        precision: What training steps compute in: "mixed_bfloat16", "mixed_float16"
            (with a scaled loss) or "float32"; weights are float32. Validation and the
            saved model keep the dtype policy of the model. None for that policy.
        accumulate: Number of batches that are learned from at once: their gradients
            are averaged for one update, as if `batch_size` was so many times as large,
            with the memory of one batch. Batch normalization sees one batch at a time.
        log: Path of a `.csv` file with one row per epoch and the fields of `Epoch` as
            columns. It is written after each epoch, also by a resumed training. None
            for no file.
        overwrite: Whether to replace `out` and `log` if they exist.
        restart: Whether to discard an interrupted training.
        report: Function that is called with each finished `Epoch`; None for none. The
            epochs on all clips (`refit`) have no score.
        verbose: Progress display within an epoch, as in `keras.Model.fit`; None for a
            bar on terminals and in notebooks, and nothing elsewhere.
        **batches: Arguments of `ClipBatches`: clip_seconds, windows_per_clip,
            silence_db, augment, errors, cache, dtype, readers.

    Returns:
        The model, its path, the results of each epoch, and the report on the clips that
        chose the epoch.

    Raises:
        ValueError: The clips do not fit the model; the saved state is damaged, or
            belongs to another training; a loss is NaN or infinite; both a schedule and
            a callback set the learning rate; a `PlateauSchedule` has no validation
            clips; `head` is unknown, or "probe" for a head that cannot start so; a
            class has too few recordings to hold one out; `refit` is True, but
            `validation` is no share; or there are fewer devices.
        OSError: A file cannot be decoded or written; `out` or `log` exists; or
            another process is training it.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> schedule = kerasaudio.training.Schedule(unfreeze_epochs=2)
        >>> trained = kerasaudio.training.train(
        ...     model, clips, 0.5, "hum-or-hiss.keras", schedule=schedule
        ... )
        >>> len(trained.epochs), len(trained.report.paths)
        (2, 4)
        >>> tags = kerasaudio.load("hum-or-hiss.keras").tag("labeled/hum/0.wav")
    """
    check_model(model, "train")
    training = data_of(training, model)
    share, others = _share(validation, model)
    if validation_windows is not None:
        validation_windows = whole_number(validation_windows, "validation_windows")
    if "versions" in batches:  # they would change the validation clips, too
        raise ValueError(
            "versions must be passed as augmentation=Augmentation(versions=...). "
            f"Received: versions={batches['versions']!r}."
        )
    if isinstance(training, Stream):
        check_stream(training, share, augmentation, batches)
    told = check_callbacks(callbacks)
    start, excuse = chosen_start(head, model, training)
    chosen = schedule
    if chosen is None:
        chosen = Schedule.for_model(
            model, fitted_head=start == PROBE, few_clips=too_few(training)
        )
    _check_plan(chosen, validation, start)
    twice = chosen_refit(refit, training, share, start, told)
    learn, held_out = training, others
    if share is not None:
        learn, held_out = hold_out(training, share, chosen.seed)
    parallel = Parallel.asked(devices, precision, accumulate)
    how = Compiling(optimizer, loss, metrics, parallel.accumulate)
    how.check(chosen, told)
    path = check_out(out, overwrite=overwrite, restart=restart)
    going_on = overwrite or State(path).exists
    listed = None if log is None else check_log(log, going_on)
    if verbose is None:
        verbose = int(shows_bars(sys.stdout))
    with workplace(path.parent, only=path.name):
        state, whole = State(path), State(path, "all")
        if restart:
            state.remove()
        prepare = partial(
            Run,
            model,
            schedule=chosen,
            start=start,
            body=body_of(model) if start == PROBE else None,
            augmentation=augmentation or Augmentation(),
            how=how,
            validation_windows=validation_windows,
            batches=batches,
            more={"refit": True} if twice else {},
            parallel=parallel,
        )
        run = last = prepare(learn, held_out, state)
        notes: list[str | None] = [excuse]
        if twice:
            # Both are prepared before layers are frozen, so that their states match.
            last = prepare(training, None, whole)
            run.keep_start()
        run.train(told, report, verbose, listed)
        found = run.report()
        clips, versions, made = last.versions
        if twice:
            last.start_as(state)
            most = epochs_to_best(run.epochs, run.phases)
            last.train((), report, verbose, None, most)
            if chosen.phases:
                counts = run.held_out or 0, clips
                notes.append(of_refit(best_of(run.epochs), last.epochs, *counts))
        if not chosen.phases:
            notes.append(of_probe(clips))
        made += 0 if last is run else run.versions[2]
        notes.append(of_versions(clips, versions, made))
        notes.append(unfinished(run.epochs, chosen, run.phases, twice))
        result = last.finished(run.metrics)
        with writing_whole(path) as temporary:
            result.save(temporary)
        state.remove()
    said = tuple(note for note in notes if note is not None)
    return Trained(result, path, tuple(run.epochs), said, found)


def _share(validation: Any, model: AudioModel) -> tuple[float | None, Data | None]:
    """Return the share of the clips to hold out, or the clips that were passed."""
    if is_number(validation):
        return float(number(validation, "validation", above=0, below=1)), None
    return None, None if validation is None else data_of(validation, model)


def _check_plan(plan: Any, validation: Any, start: str) -> None:
    """Raise a ValueError unless this is a schedule, with validation if it needs it."""
    if not isinstance(plan, Plan):
        raise ValueError(
            "schedule must be a kerasaudio.training.Schedule or PlateauSchedule. "
            f"Received: {type(plan).__name__}."
        )
    if not plan.phases and start != PROBE:
        raise ValueError(
            "freeze_epochs and unfreeze_epochs must not both be 0, unless the head "
            'starts from a probe. Received: 0 and 0, with head="kept".'
        )
    if plan.needs_validation and validation is None:
        raise ValueError(
            f"{type(plan).__name__} needs validation clips to end its stages. Hold "
            "some out with kerasaudio.datasets.split(clips, (0.8, 0.2)), or use a "
            "Schedule. Received: None."
        )
