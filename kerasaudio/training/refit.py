"""The training on all clips, once those that were held out have chosen the epoch."""

from collections.abc import Sequence
from typing import Any

from kerasaudio.datasets import LabeledClips, split
from kerasaudio.datasets.streams.stream import Stream
from kerasaudio.training.epochs import Epoch
from kerasaudio.training.plan import Phase
from kerasaudio.training.probing import PROBE

FEW = 64  # clips a class, on average: with more, a fifth of them teaches little
LEAST = 32  # clips a class: with fewer, a fifth of them cannot tell epochs apart


def hold_out(
    clips: LabeledClips, share: float, seed: int
) -> tuple[LabeledClips, LabeledClips]:
    """Return the clips to learn from, and those to choose the epoch by.

    Args:
        clips: All clips.
        share: Share of the clips to hold out.
        seed: Random seed.

    Raises:
        ValueError: A class has only one recording.
    """
    learn, choose = split(clips, (1 - share, share), seed)
    return learn, choose


def too_few(clips: LabeledClips | Stream) -> bool:
    """Return whether clips are too few to choose an epoch by some of them."""
    count = clips.clips if isinstance(clips, Stream) else len(clips)
    return count is not None and count < LEAST * len(clips.class_names)


def chosen_refit(
    given: bool | None,
    clips: LabeledClips | Stream,
    share: float | None,
    start: str,
    callbacks: Sequence[Any],
) -> bool:
    """Return whether to train again on all clips.

    Args:
        given: The user's choice; None for few clips and a head from a probe.
        clips: All clips.
        share: Share of the clips that is held out; None if they are other clips.
        start: How the head starts; see `chosen_start`.
        callbacks: The user's callbacks.

    Raises:
        ValueError: The choice is impossible.
    """
    if given not in (True, False, None):
        raise ValueError(f"refit must be True, False or None. Received: {given!r}.")
    if given and share is None:
        raise ValueError(
            "refit=True needs validation as a share of the clips, such as 0.2: clips "
            "that you pass yourself are never learned from. Received: "
            "refit=True with other validation."
        )
    if given is not None or share is None:
        return bool(given)
    assert not isinstance(clips, Stream)  # of which no share is held out
    few = len(clips) <= FEW * len(clips.class_names)
    return few and start == PROBE and not callbacks


def epochs_to_best(epochs: Sequence[Epoch], phases: Sequence[Phase]) -> list[int]:
    """Return the number of epochs of each phase that led to the best epoch.

    Every phase starts from the best epoch before it, so later ones do not count.
    """
    led = []
    for phase in phases:
        best = [epoch.is_best for epoch in epochs if epoch.phase == phase.name]
        led.append(len(best) - best[::-1].index(True) if True in best else 0)
    return led
