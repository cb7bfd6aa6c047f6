"""What is said at the end of a training."""

import math
from collections.abc import Sequence

from kerasaudio.text import counted
from kerasaudio.training.epochs import Epoch, finished
from kerasaudio.training.plan import Phase, Plan
from kerasaudio.training.probing import PROBE


def unfinished(
    epochs: Sequence[Epoch], plan: Plan, phases: Sequence[Phase], refitted: bool
) -> str | None:
    """Return a sentence if the last epoch was the best on the validation clips.

    Args:
        epochs: All epochs.
        plan: Schedule of the training.
        phases: Its phases.
        refitted: Whether the network then learned from all clips.
    """
    last = epochs[-1]
    if math.isnan(last.score) or not last.is_best or last.phase == PROBE:
        return None
    phase = next(phase for phase in phases if phase.name == last.phase)
    # Whatever has learned from all clips cannot choose its epoch by some of them.
    onward = "" if refitted else "train the saved model again, or "
    return (
        f"Training was still improving in its last epoch. To go on, {onward}start "
        f"again with more epochs than {plan.field_of(phase)}={phase.epochs}."
    )


def of_probe(clips: int) -> str:
    """Return what is said of a training without epochs on a number of clips."""
    return (
        f"The head is the linear probe of {clips} clips, and the body stays as it was: "
        "with few clips, the validation clips cannot tell if training it helps. Pass "
        "unfreeze_epochs=15 to try."
    )


def of_versions(clips: int, versions: int, made: int) -> str | None:
    """Return what is said of versions of clips that were learned from; None without.

    Args:
        clips: Number of clips.
        versions: Number of versions of each.
        made: Number of versions that were not there before.
    """
    if not versions:
        return None
    return (
        f"{counted(versions, 'version')} of each of {clips} clips were learned from, "
        f"too: {clips * versions}, of which {made} were made now."
    )


def of_refit(best: Epoch, again: Sequence[Epoch], held: int, clips: int) -> str:
    """Return what is said of a training that was repeated on all clips.

    Args:
        best: The epoch that they chose.
        again: Epochs of the training on all clips.
        held: Number of clips that chose the epoch.
        clips: Number of all clips.
    """
    steps = finished(again)
    if not steps:
        return (
            f"On the {held} validation clips, no epoch was better than the linear "
            f"probe. So the head is the probe of all {clips} clips, on the body as it "
            "was."
        )
    head = "its head started from their probe, and " if not again[0].number else ""
    epochs = "1 epoch was" if steps == 1 else f"{steps} epochs were"
    return (
        f"The {held} validation clips chose epoch {best.number}. Then the network "
        f"learned from all {clips} clips: {head}{epochs} trained again."
    )
