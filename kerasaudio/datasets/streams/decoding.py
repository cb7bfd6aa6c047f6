"""Threads that decode clips before they are needed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from kerasaudio.audio.window_rule import WindowRule
from kerasaudio.core import AudioSpec
from kerasaudio.core.windowed import check_long_enough
from kerasaudio.datasets.batching import cutting
from kerasaudio.text import warn

_AHEAD = 2  # batches of clips that are decoded before they are needed


@dataclass(frozen=True, slots=True)
class LabeledClip:
    """A clip that has not been read yet.

    Attributes:
        name: Name, for messages and reports.
        classes: Numbers of its classes.
        waveform: Function that reads it, and returns float32 (samples,) at the rate of
            a spec.
    """

    name: str
    classes: tuple[int, ...]
    waveform: Callable[[AudioSpec], np.ndarray]


Order = Callable[[int | None, int], Iterable[LabeledClip]]


def enough_decoded(
    name: str,
    clips: int,
    order: Callable[[], Iterable[LabeledClip]],
    work: Callable[[int, LabeledClip], np.ndarray],
    readers: int,
    size: int,
    errors: str,
) -> Iterator[tuple[LabeledClip, np.ndarray]]:
    """Yield a result for as many clips as an epoch has; see `decoded`.

    Where clips are left out, the first ones of the epoch come again at its end.

    Args:
        name: Name of the data.
        clips: Number of clips.
        order: Function that gives the clips of the epoch.
        work: As for `decoded`.
        readers: As for `decoded`.
        size: As for `decoded`.
        errors: As for `decoded`.
    """
    count = 0
    while True:
        before = count
        for found in decoded(name, order(), work, readers, size, errors):
            yield found
            count += 1
            if count == clips:
                return
        if errors == "raise":
            return
        if count == before:
            raise ValueError(f"{name} has no clip that can be used.")


def decoded(
    name: str,
    order: Iterable[LabeledClip],
    work: Callable[[int, LabeledClip], np.ndarray],
    readers: int,
    size: int,
    errors: str,
) -> Iterator[tuple[LabeledClip, np.ndarray]]:
    """Yield clips with what threads made of them, in order.

    Args:
        name: Name of the data, for messages.
        order: The clips.
        work: Function of the number of a clip and the clip.
        readers: Number of threads.
        size: Number of clips in a batch; two batches are made ahead.
        errors: "raise", or "skip" to warn about clips that cannot be used.
    """
    coming: deque[tuple[LabeledClip, Future[np.ndarray]]] = deque()
    with ThreadPoolExecutor(readers, "kerasaudio-decoding") as pool:
        try:
            numbered = enumerate(order)
            while True:
                for number, clip in islice(numbered, _AHEAD * size - len(coming)):
                    coming.append((clip, pool.submit(work, number, clip)))
                if not coming:
                    return
                clip, result = coming.popleft()
                try:
                    found = result.result()
                except (OSError, ValueError) as error:
                    told = f"{clip.name} of {name} cannot be used: {error}"
                    if errors == "raise":
                        raise type(error)(
                            f'{told}\nRepair or remove it, or pass errors="skip".'
                        ) from error
                    warn(f"{told} It is left out.", stacklevel=2)
                    continue
                yield clip, found
        finally:
            for _, result in coming:
                result.cancel()


def waveform_of(clip: LabeledClip, spec: AudioSpec) -> np.ndarray:
    """Return the waveform of a clip, or raise a ValueError if it is too short."""
    waveform = clip.waveform(spec)
    check_long_enough(waveform, spec.sample_rate)
    return waveform


def random_window(
    rule: WindowRule, waveform: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return a window at a random place."""
    length = len(waveform)
    start = int(rng.integers(max(0, length - rule.window) + 1))
    span = cutting.piece(rule, start, length)
    piece = waveform[max(0, start - rule.context) : start + span.length]
    return rule.filled(piece, waveform[: rule.window], span).samples
