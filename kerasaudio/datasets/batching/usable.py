"""Find which clips can be used and where they are in their files; report the others."""

from pathlib import Path

import numpy as np

from kerasaudio.audio import AudioDecodeError
from kerasaudio.datasets.batching.decoded import DecodedAudio
from kerasaudio.datasets.batching.parts import END, Part
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.protocol import Clips
from kerasaudio.text import counted, warn

ERRORS = ("raise", "skip")
_SHOWN = 5


def check_errors(errors: str) -> None:
    """Raise a ValueError unless `errors` is "raise" or "skip"."""
    if errors not in ERRORS:
        raise ValueError(f"errors must be one of {ERRORS}. Received: {errors!r}.")


def parts_of(clips: Clips, rate: int) -> dict[Path, list[Part]]:
    """Return the parts of each file that clips need, in samples at a rate."""
    parts: dict[Path, list[Part]] = {}
    for i, path in enumerate(clips.paths):
        parts.setdefault(path, []).append(_part(clips, i, rate))
    return parts


def _part(clips: Clips, i: int, rate: int) -> Part:
    start = 0.0 if clips.starts is None else float(clips.starts[i])
    end = np.inf if clips.ends is None else float(clips.ends[i])
    return round(start * rate), END if np.isinf(end) else round(end * rate)


def usable(
    clips: Clips, audio: DecodedAudio, errors: str
) -> tuple[np.ndarray, np.ndarray]:
    """Find each clip in its decoded file.

    Args:
        clips: All clips.
        audio: Their decoded files.
        errors: "raise", or "skip" to warn about unusable clips and leave them out.

    Returns:
        Positions of usable clips, int64 (n,), and their start and end samples (end
        excluded) in their files, int64 (n, 2).

    Raises:
        AudioDecodeError: Files cannot be used with "raise"; or no file can be used.
    """
    rate = audio.sample_rate
    problems: dict[str, str] = {}
    kept, spans = [], []
    for i, path in enumerate(clips.paths):
        if path in audio.errors:
            problems[str(path)] = audio.errors[path]
            continue
        length = audio.lengths[path]
        start, stop = _part(clips, i, rate)
        if start < min(stop, length):
            kept.append(i)
            spans.append((start, min(stop, length)))
        else:
            begin = 0.0 if clips.starts is None else clips.starts[i]
            problems[str(path)] = (
                f"a clip should start at {begin:g} s, but its file is only "
                f"{length / rate:.3f} s long"
            )
    if problems:
        _complain(clips, problems, errors if kept else "raise")
    return np.array(kept, np.int64), np.array(spans, np.int64)


def require_classes(clips: Clips, kept: Clips, heard: np.ndarray) -> None:
    """Raise unless each class still has a clip to train on.

    Args:
        clips: All clips.
        kept: Clips that can be decoded.
        heard: Positions in `kept` of clips that are not silent.

    Raises:
        ValueError: Classes have no clip left; the message names them.
    """
    lost = clips.multi_hot.any(axis=0) & ~kept.multi_hot[heard].any(axis=0)
    if lost.any():
        names = [clips.class_names[i] for i in np.flatnonzero(lost)]
        raise ValueError(
            f"{clips.name}: no clip is left to train on for the classes "
            f"{listed(names)}: all are silent or cannot be used."
        )


def _complain(clips: Clips, problems: dict[str, str], errors: str) -> None:
    named = [f"{path}: {problem}" for path, problem in problems.items()]
    more = "\n..." if len(named) > _SHOWN else ""
    text = (
        f"{counted(len(named), 'file')} of {clips.name} cannot be used:\n"
        + "\n".join(named[:_SHOWN])
        + more
    )
    if errors == "raise":
        raise AudioDecodeError(f'{text}\nRepair or remove them, or pass errors="skip".')
    warn(f"{text}\nThey are left out.", stacklevel=5)
