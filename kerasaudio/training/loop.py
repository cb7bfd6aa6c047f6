"""Train a network on clips, phase by phase; an interrupted training is resumed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import keras

from kerasaudio.arguments import whole_number
from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.protocol import check_clips
from kerasaudio.files.whole_file import check_writable
from kerasaudio.files.workplace import remove_dead, workplace
from kerasaudio.training.augmentation import Augmentation
from kerasaudio.training.compiling import Compiling
from kerasaudio.training.epoch_end import check_callbacks
from kerasaudio.training.epochs import Epoch, Trained
from kerasaudio.training.plan import Plan
from kerasaudio.training.plateau import PlateauSchedule
from kerasaudio.training.probing import PROBE, HeadStart, chosen_start
from kerasaudio.training.run import Run
from kerasaudio.training.schedule import Schedule
from kerasaudio.training.state import State


def train(
    model: AudioModel,
    training: LabeledClips,
    validation: LabeledClips | None,
    out: str | PathLike[str],
    *,
    schedule: Schedule | PlateauSchedule | None = None,
    head: HeadStart | None = None,
    augmentation: Augmentation | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    optimizer: str | keras.optimizers.Optimizer | None = None,
    loss: Any = None,
    metrics: Sequence[Any] | None = None,
    validation_windows: int | None = None,
    log: str | PathLike[str] | None = None,
    overwrite: bool = False,
    restart: bool = False,
    report: Callable[[Epoch], None] | None = None,
    verbose: int | str = 0,
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
        training: Clips to train on.
        validation: Clips that the best epoch is chosen by, from other recordings than
            those of `training`. None to keep the last epoch, without a score.
        out: Path of the `.keras` file to write.
        schedule: Epochs, learning rates and other settings: a `Schedule` or a
            `PlateauSchedule`; None for `Schedule.for_model`.
        head: How the head starts. "probe": with the weights of the linear probe
            (`kerasaudio.transfer.fit_probe`) on the training clips; this state is epoch
            0, so that the result is never worse than the probe on the validation clips.
            "kept": with the weights that it has, which are random in a new head. None
            for "probe" if the model is pretrained, its head is new (`spec.metrics` is
            empty) and one dense layer, and each clip has one class; else "kept".
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
            network's head.
        metrics: Metrics, as for `keras.Model.compile`, computed on the training windows
            of an epoch and added to the logs; None for no metrics.
        validation_windows: Number of windows of each validation clip, at least 1,
            spread evenly from its beginning to its end; None for the windows that
            `model.tag` uses.
        log: Path of a `.csv` file with one row per epoch and the fields of `Epoch` as
            columns. It is written after each epoch, also by a resumed training. None
            for no file.
        overwrite: Whether to replace `out` and `log` if they exist.
        restart: Whether to discard an interrupted training.
        report: Function that is called with each finished `Epoch`; None for none.
        verbose: Progress display within an epoch, as in `keras.Model.fit`.
        **batches: Arguments of `ClipBatches`: clip_seconds, windows_per_clip,
            silence_db, augment, errors, cache, dtype, readers.

    Returns:
        The model, its path, and the results of each epoch.

    Raises:
        ValueError: The clips do not fit the model; the saved state is damaged, or
            belongs to another training; a loss is NaN or infinite; both a schedule and
            a callback set the learning rate; a `PlateauSchedule` has no validation
            clips; or `head` is unknown, or "probe" for a head that cannot start so.
        OSError: A file cannot be decoded or written; `out` or `log` exists; or
            another process is training it.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> learn, check = kerasaudio.datasets.split(clips, (0.5, 0.5))
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> schedule = kerasaudio.training.Schedule(unfreeze_epochs=2)
        >>> trained = kerasaudio.training.train(
        ...     model, learn, check, "hum-or-hiss.keras", schedule=schedule
        ... )
        >>> len(trained.epochs)
        2
        >>> tags = kerasaudio.load("hum-or-hiss.keras").tag("labeled/hum/0.wav")
    """
    check_model(model, "train")
    check_clips(training)
    if validation is not None:
        check_clips(validation)
    if validation_windows is not None:
        validation_windows = whole_number(validation_windows, "validation_windows")
    if "versions" in batches:  # they would change the validation clips, too
        raise ValueError(
            "versions must be passed as augmentation=Augmentation(versions=...). "
            f"Received: versions={batches['versions']!r}."
        )
    told = check_callbacks(callbacks)
    start, excuse = chosen_start(head, model, training)
    chosen = schedule
    if chosen is None:
        chosen = Schedule.for_model(model, fitted_head=start == PROBE)
    _check_plan(chosen, validation)
    how = Compiling(optimizer, loss, metrics)
    how.check(chosen, told)
    path = check_out(out, overwrite=overwrite, restart=restart)
    going_on = overwrite or State(path).exists
    listed = None if log is None else _check_log(log, going_on)
    changed = augmentation or Augmentation()
    with workplace(path.parent, only=path.name):
        run = Run(
            model,
            training,
            validation,
            State(path),
            chosen,
            start,
            changed,
            how,
            restart,
            validation_windows,
            batches,
        )
        done = run.train(path, told, report, verbose, listed)
    notes = (excuse, run.versions, run.unfinished)
    return replace(done, notes=tuple(note for note in notes if note is not None))


def _check_plan(plan: Any, validation: LabeledClips | None) -> None:
    """Raise a ValueError unless this is a schedule, with validation if it needs it."""
    if not isinstance(plan, Plan):
        raise ValueError(
            "schedule must be a kerasaudio.training.Schedule or PlateauSchedule. "
            f"Received: {type(plan).__name__}."
        )
    if plan.needs_validation and validation is None:
        raise ValueError(
            f"{type(plan).__name__} needs validation clips to end its stages. Hold "
            "some out with kerasaudio.datasets.split(clips, (0.8, 0.2)), or use a "
            "Schedule. Received: None."
        )


def _check_log(log: str | PathLike[str], overwrite: bool) -> Path:
    path = Path(log)
    if path.suffix != ".csv":
        raise ValueError(f"log must be a .csv file. Received: {fspath(log)!r}.")
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"{fspath(path)!r} already exists. Use another log, or pass overwrite=True."
        )
    check_writable(path)
    remove_dead(path.parent)
    return path


def check_out(
    out: str | PathLike[str], *, overwrite: bool = False, restart: bool = False
) -> Path:
    """Return `out` as a path if a model can be saved there.

    Raises:
        ValueError: The suffix is not `.keras`.
        OSError: The file exists, and there is no interrupted training of it to resume;
            or its folder is missing or read-only.
    """
    path = Path(out)
    if path.suffix != ".keras":
        raise ValueError(f"out must be a .keras file. Received: {fspath(out)!r}.")
    remove_dead(path.parent)  # first, as it may complete an interrupted write
    unfinished = State(path).exists and not restart
    if path.exists() and not overwrite and not unfinished:
        raise FileExistsError(
            f"{fspath(path)!r} already exists. Remove it, choose another name, or pass "
            "overwrite=True."
        )
    check_writable(path)
    return path
