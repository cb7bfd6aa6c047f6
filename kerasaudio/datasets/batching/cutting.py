"""Windows of clips: where they are, how loud, augmentation, and sharing of batches."""

from collections.abc import Callable, Sequence

import numpy as np

from kerasaudio.audio.window_rule import Span, WindowRule
from kerasaudio.core import AudioSpec

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]
GRID = 8  # places per window length where the level is measured


def window_length(
    spec: AudioSpec, clip_seconds: float | None, lengths: np.ndarray
) -> int:
    """Return the length of a window in samples.

    Args:
        spec: Spec of the network.
        clip_seconds: Wanted length in seconds. None for the network's own length, or
            for a network of any length the median of the clips, at most
            `window_samples`, at least the length that short clips are padded to.
        lengths: Lengths of the clips, in samples.

    Raises:
        ValueError: The network does not accept such a length.
    """
    if clip_seconds is None:
        if spec.clip_samples is not None:
            return spec.clip_samples
        usual = max(int(np.median(lengths)), spec.short_samples)
        return max(spec.min_samples, min(usual, spec.window_samples))
    samples = round(clip_seconds * spec.sample_rate) if clip_seconds > 0 else 0
    if samples < 1 or not spec.takes(samples):
        raise ValueError(
            f"{spec.architecture or 'The model'} accepts clips of {spec.lengths}. "
            f"Received: clip_seconds={clip_seconds!r}."
        )
    return samples


def check_silence(silence_db: float | None) -> None:
    """Raise a ValueError unless a threshold is None or a level up to full scale."""
    if silence_db is not None and not -np.inf < silence_db <= 0:
        raise ValueError(
            f"silence_db must be a level of at most 0 dB. Received: {silence_db!r}."
        )


def evenly(length: int, size: int, count: int) -> np.ndarray:
    """Return the starts of `count` windows, evenly spaced over the whole clip."""
    return np.linspace(0, max(0, length - size), count).astype(np.int64)


def everywhere(length: int, size: int) -> np.ndarray:
    """Return the starts of the windows that are checked for silence."""
    step = max(1, size // GRID)
    return np.arange(0, max(0, length - size) + 1, step, dtype=np.int64)


def piece(rule: WindowRule, start: int, length: int) -> Span:
    """Return the full-length window at a start in a clip of some length (samples)."""
    own = min(rule.window, length - start)
    return Span(start, rule.window, own, 1.0, rule.padding)


def spans(rule: WindowRule, length: int, per_clip: int | None) -> list[Span]:
    """Return a clip's windows: by the rule, or `per_clip` of them, evenly spaced."""
    if per_clip is None:
        return rule.spans(length)
    starts = evenly(length, rule.window, per_clip)
    return [piece(rule, start, length) for start in starts.tolist()]


def levels(waveform: np.ndarray, places: Sequence[Span]) -> np.ndarray:
    """Return the level of windows in dB: RMS, 0 dB for a constant 1; -inf for zeros.

    Padding does not count.
    """
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    starts = np.array([span.start for span in places])
    lengths = np.array([span.length for span in places])
    mean = (energy[starts + lengths] - energy[starts]) / np.maximum(1, lengths)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(np.maximum(mean, 0.0))


def augmented(
    augment: Augment, window: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the augmented window; its length must not change."""
    result = np.asarray(augment(window.copy(), rng), "float32")
    if result.shape != window.shape:
        raise ValueError(
            f"augment must return windows of shape {window.shape}. Received: "
            f"{result.shape}."
        )
    return result


def by_length(
    sizes: Sequence[int], batch_size: int, longest_first: bool = False
) -> list[np.ndarray]:
    """Group windows into batches, each of one length.

    If there are several lengths, the first two batches have different ones: from these
    two, Keras' TensorFlow backend learns which dimensions vary. With `longest_first`,
    each clip's windows stay in order instead, as only its last one is shorter.
    """
    lengths = np.asarray(sizes)
    batches = []
    kinds = sorted(set(sizes), reverse=True) if longest_first else dict.fromkeys(sizes)
    for length in kinds:
        alike = np.flatnonzero(lengths == length)
        batches += np.split(alike, range(batch_size, len(alike), batch_size))
    other = next(
        (i for i, b in enumerate(batches) if lengths[b[0]] != lengths[batches[0][0]]), 0
    )
    if other > 1 and not longest_first:
        batches.insert(1, batches.pop(other))
    return batches
