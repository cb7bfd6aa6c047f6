"""Train a network on clips: frozen, then whole; stopped, it goes on where it was."""

from collections.abc import Callable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import keras

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
from kerasaudio.training.run import Run
from kerasaudio.training.schedule import Schedule
from kerasaudio.training.state import State


def train(
    model: AudioModel,
    training: LabeledClips,
    validation: LabeledClips | None,
    out: str | PathLike[str],
    *,
    schedule: Schedule | None = None,
    augmentation: Augmentation | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    optimizer: str | keras.optimizers.Optimizer | None = None,
    loss: Any = None,
    metrics: Sequence[Any] | None = None,
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
        schedule: Epochs, learning rates and so on; None for `Schedule.for_model`.
        augmentation: What is changed at random while the network learns. Layers
            without a seed draw one, which is kept with the state.
        callbacks: Any of Keras' or your own, for all phases. They find ``val_score``
            and ``val_loss``, of whole clips, among the logs; what they set on the
            optimizer is kept with the state, what they hold themselves is not. One
            that stops the training ends the phase.
        optimizer: A name, which takes the schedule's learning rates; or an optimizer
            with its own, of which each phase gets a copy. None for Adam.
        loss: Of Keras; None for the one that goes with the network's head.
        metrics: Of Keras, on the windows of an epoch; they show in the logs.
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
    told = check_callbacks(callbacks)
    path = check_out(out, overwrite=overwrite, restart=restart)
    state = State(path)
    chosen = schedule or Schedule.for_model(model)
    with workplace(path.parent, only=path.name):
        changed = augmentation or Augmentation()
        how = Compiling(optimizer, loss, metrics)
        run = Run(
            model, training, validation, state, chosen, changed, how, restart, batches
        )
        return run.train(path, told, report, verbose)


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
