"""Score every frame of a clip of any length, in windows that may overlap.

Where two windows overlap, the first half of the frames is that of the earlier window,
the second that of the later one: there each hears most around its frames. A network
whose frames hear more than themselves has windows for this in its spec's `frontend`,
`frame_window_samples` and `frame_hop_samples`.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from kerasaudio.audio.window_rule import Window
from kerasaudio.core.spec import AudioSpec


class Frames(NamedTuple):
    """Consecutive frames of a clip.

    Attributes:
        scores: Scores (frames, classes).
        start: Start of the first frame in samples.
        end: End of the last one: where the next frames start, or the clip ends.
    """

    scores: np.ndarray
    start: int
    end: int


def over_frames(spec: AudioSpec) -> AudioSpec:
    """Return the spec with the windows in which a clip's frames are scored."""
    window = spec.frontend.get("frame_window_samples")
    if window is None:
        # Side by side, the last one padded, so that its last frame is scored.
        return spec.over_time().replace(rest="full", hop_samples=None)
    hop = spec.frontend["frame_hop_samples"]
    return spec.over_time().replace(
        window_samples=window, hop_samples=hop, short_samples=0, rest="count"
    )


def join_frames(
    windows: Iterable[tuple[Window, np.ndarray]], step: int
) -> Iterator[Frames]:
    """Yield the frames of one window after another, each frame once.

    Args:
        windows: Windows of `over_frames`, with the scores (frames, classes) of each.
        step: Distance from one frame to the next in samples.
    """
    held, start, end = None, 0, 0
    for window, scores in windows:
        scores = scores[: -(-window.length // step)]
        first = 0
        if held is not None:
            shared = min(
                max(0, start // step + len(held) - window.start // step), len(scores)
            )
            first = shared // 2
            held = held[: len(held) - (shared - first)]
            yield Frames(held, start, window.start + step * first)
        held, start = scores[first:], window.start + step * first
        end = window.start + window.length
    if held is not None:
        yield Frames(held, start, end)
