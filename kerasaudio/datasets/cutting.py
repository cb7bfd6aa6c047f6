"""Where windows begin in a clip, how loud they are, and what fills a short one."""

import numpy as np

from kerasaudio.models import AudioSpec

GRID = 8  # places a window length where the level is looked at


def window_length(
    spec: AudioSpec, clip_seconds: float | None, lengths: np.ndarray
) -> int:
    """Give the samples of a window.

    Args:
        spec: Of the network.
        clip_seconds: What was asked for. None takes the network's own length, or for a
            network of any length the median of the clips, at most `window_samples`.
        lengths: Of the clips, in samples.

    Raises:
        ValueError: The network does not take such a length.
    """
    if clip_seconds is None:
        if spec.clip_samples is not None:
            return spec.clip_samples
        return max(spec.min_samples, min(int(np.median(lengths)), spec.window_samples))
    exact, least = spec.clip_samples, spec.min_samples
    samples = round(clip_seconds * spec.sample_rate) if clip_seconds > 0 else 0
    if samples != exact and (exact is not None or samples < max(1, least)):
        want = f"{(exact or least) / spec.sample_rate:g} s"
        raise ValueError(
            f"{spec.architecture or 'The model'} takes clips of "
            f"{want if exact else f'at least {want}'}. Received: clip_seconds="
            f"{clip_seconds!r}."
        )
    return samples


def check_silence(silence_db: float | None) -> None:
    """Raise a ValueError unless a threshold is none, or a level up to full scale."""
    if silence_db is not None and not -np.inf < silence_db <= 0:
        raise ValueError(
            f"silence_db must be a level of 0 dB or less. Received: {silence_db!r}."
        )


def side_by_side(length: int, size: int, hop: int) -> np.ndarray:
    """Give the starts of windows that cover a clip.

    The last may reach past the end, by less than half a hop; at least one.
    """
    count = max(1, int((length - size) / hop + 1.5)) if length > size else 1
    return np.arange(count, dtype=np.int64) * hop


def evenly(length: int, size: int, count: int) -> np.ndarray:
    """Give the starts of so many windows, from the clip's first sample to its last."""
    return np.linspace(0, max(0, length - size), count).astype(np.int64)


def everywhere(length: int, size: int) -> np.ndarray:
    """Give the starts at which a window is tried for silence."""
    step = max(1, size // GRID)
    return np.arange(0, max(0, length - size) + 1, step, dtype=np.int64)


def levels(waveform: np.ndarray, starts: np.ndarray, size: int) -> np.ndarray:
    """Give the level of windows in dB: RMS, 0 dB for a constant 1; -inf for zeros.

    Only what a window has of the clip counts, not what fills it up.
    """
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    ends = np.minimum(starts + size, len(waveform))
    mean = (energy[ends] - energy[starts]) / np.maximum(1, ends - starts)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(np.maximum(mean, 0.0))


def filled(piece: np.ndarray, head: np.ndarray, size: int, padding: str) -> np.ndarray:
    """Fill a window up as `kerasaudio.windows` does.

    Args:
        piece: What the clip has of it.
        head: The clip from its beginning, `size` samples or all of it.
        size: Samples wanted.
        padding: "zeros", or "repeat", which continues with the clip's beginning.
    """
    lacking = size - len(piece)
    if not lacking:
        return piece
    rest = np.resize(head, lacking) if padding == "repeat" else np.zeros(lacking)
    return np.concatenate([piece, rest.astype(np.float32)])
