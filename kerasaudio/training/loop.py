"""Train a network on clips, phase by phase; stopped, it goes on where it was."""

from collections.abc import Callable, Sequence
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
    """Train a network, keep its best epoch, and save it.

    This is `keras.Model.fit`, once for each phase of the schedule, with callbacks of
    ours and yours; `compile` is called for you. After each epoch the state is written
    to the folder OUT.training. Called again with the same arguments after a crash, a
    kill or a full disk, it goes on behind the last finished epoch, and ends where it
    would have ended.

    Args:
        model: With a top for the classes of the clips; it is trained in place.
        training: Clips to learn from.
        validation: Clips that choose the epoch; none of the recordings of `training`.
            None keeps the last epoch, which no score is known of.
        out: The `.keras` file to write.
        schedule: Epochs, learning rates and so on: a `Schedule`, or a
            `PlateauSchedule`; None for `Schedule.for_model`.
        augmentation: What is changed at random while the network learns. Layers
            without a seed draw one, which is kept with the state.
        callbacks: Any of Keras' or your own, for all phases. They find ``val_score``
            and ``val_loss`` among the logs, as `Epoch` describes them; what they set on
            the optimizer is kept with the state, what they hold themselves is not. One
            that stops the training ends the phase.
        optimizer: A name, which takes the schedule's learning rates; or an optimizer
            with its own, of which each phase gets a copy. None for the schedule's.
        loss: Of Keras; None for the one that goes with the network's head.
        metrics: Of Keras, on the windows of an epoch; they show in the logs.
        validation_windows: Windows of each validation clip, 1 or more, evenly from its
            beginning to its end; None for those that `model.tag` hears.
        log: A `.csv` file that lists all epochs, a row each, as `Epoch` names them;
            written after each epoch, also by a training that goes on. None for none.
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
            another training; a loss that is no number any more; a learning rate that
            both a schedule and a callback set; a `PlateauSchedule` without validation.
        OSError: A file cannot be decoded or written; `out` is there already; another
            process trains it.

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
    told = check_callbacks(callbacks)
    chosen = Schedule.for_model(model) if schedule is None else schedule
    _check_plan(chosen, validation)
    how = Compiling(optimizer, loss, metrics)
    how.check(chosen, told)
    path = check_out(out, overwrite=overwrite, restart=restart)
    listed = None if log is None else _check_log(log)
    changed = augmentation or Augmentation()
    with workplace(path.parent, only=path.name):
        run = Run(
            model,
            training,
            validation,
            State(path),
            chosen,
            changed,
            how,
            restart,
            validation_windows,
            batches,
        )
        return run.train(path, told, report, verbose, listed)


def _check_plan(plan: Any, validation: LabeledClips | None) -> None:
    """Raise a ValueError unless there is a plan, and it can be followed."""
    if not isinstance(plan, Plan):
        raise ValueError(
            "schedule must be a kerasaudio.training.Schedule or PlateauSchedule. "
            f"Received: {type(plan).__name__}."
        )
    if plan.needs_validation and validation is None:
        raise ValueError(
            f"{type(plan).__name__} ends its stages by validation clips, and there are "
            "none. Hold some out, kerasaudio.datasets.split(clips, (0.8, 0.2)), or use "
            "a Schedule."
        )


def _check_log(log: str | PathLike[str]) -> Path:
    path = Path(log)
    if path.suffix != ".csv":
        raise ValueError(f"The log is a .csv file. Received: {fspath(log)!r}.")
    check_writable(path)
    remove_dead(path.parent)
    return path


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
            "pass overwrite=True."
        )
    check_writable(path)
    return path
