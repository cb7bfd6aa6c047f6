"""Cut a waveform of any length into windows of equal length, with their starts."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.audio.check import (
    MOST_SAMPLES,
    check_rate,
    check_size,
    check_waveform,
)
from kerasaudio.audio.decode import open_audio
from kerasaudio.audio.errors import check_errors
from kerasaudio.audio.load import check_seconds, check_span, mix, read_blocks
from kerasaudio.audio.resample import resample_stream
from kerasaudio.audio.source import AudioFile
from kerasaudio.audio.window_rule import PADDINGS, Window, WindowRule, cut_stream


def windows(
    waveform: np.ndarray,
    window_samples: int,
    hop_samples: int | None = None,
    padding: str = "zeros",
) -> tuple[np.ndarray, np.ndarray]:
    """Cut a waveform into windows that together contain every sample.

    Windows start at 0, `hop_samples`, 2 `hop_samples`, ... If samples remain after the
    last full window, one more window starts at the next hop and is padded. (If the hop
    is longer than the window, the samples between two windows are left out.)

    Args:
        waveform: Float samples in [-1, 1], (samples,), of any length.
        window_samples: Length of a window in samples.
        hop_samples: Distance from one start to the next in samples; default:
            `window_samples`.
        padding: Content that fills the last window: "zeros" (silence; default);
            "repeat": after its end the clip starts again from its beginning, as often
            as needed; or "whole_repeats": the samples in it again, as often as they
            fit, then silence. Which is right depends on how the network was trained.

    Returns:
        Windows, float32 (n, window_samples), and their starts in samples, int64 (n,).

    Raises:
        ValueError: The waveform, a length, the hop or the padding is invalid, or the
            windows together have more than 2**31 samples (8 GiB).

    Examples:
        >>> waveform = np.linspace(0, 1, 40_000)
        >>> cut, starts = kerasaudio.windows(waveform, 16_000, hop_samples=12_000)
        >>> cut.shape, starts.tolist()
        ((3, 16000), [0, 12000, 24000])
    """
    samples = check_waveform(waveform)
    rule = _rule(window_samples, hop_samples, padding)
    check_size(
        (1 + max(0, -(-(len(samples) - rule.window) // rule.hop))) * rule.window,
        "The windows of this clip together",
        "Use a longer hop, or iter_windows, which yields them one by one.",
    )
    cut = rule.cut(samples)
    return (
        np.stack([window.samples for window in cut]),
        np.array([window.start for window in cut], np.int64),
    )


def iter_windows(
    path_or_file: AudioFile,
    sample_rate: int,
    window_samples: int,
    hop_samples: int | None = None,
    padding: str = "zeros",
    *,
    offset: float = 0.0,
    duration: float | None = None,
    block_seconds: float = 30.0,
    reader: str = "soundfile",
    errors: str = "raise",
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield the windows of `windows(load_audio(...))` one by one, in bounded memory.

    Hours of audio are read, mixed, resampled and cut in blocks, with the same result.
    An error in the file is raised when it is reached.

    Args:
        path_or_file: As for `load_audio`.
        sample_rate: Sample rate of the windows in Hz.
        window_samples: Length of a window in samples.
        hop_samples: Distance from one start to the next in samples; default:
            `window_samples`.
        padding: "zeros" (default), "repeat" or "whole_repeats", as for `windows`.
        offset: Start in seconds; default: 0.
        duration: Duration to read in seconds; default: up to the end.
        block_seconds: Duration to decode at a time, in seconds; default: 30.
        reader: As for `load_audio`.
        errors: As for `load_audio`; the warning comes with the last window.

    Yields:
        A window, float32 (window_samples,), and its start in samples after `offset`.

    Raises:
        ValueError, OSError, ImportError: As `load_audio` and `windows`. Invalid
            arguments raise at once, problems with the file raise during iteration.

    Examples:
        >>> for window, start in kerasaudio.iter_windows("song.wav", 16_000, 20_000):
        ...     print(window.shape, start / 16_000)
        (20000,) 0.0
        (20000,) 1.25
        (20000,) 2.5
    """
    rule = _rule(window_samples, hop_samples, padding)
    stream = stream_windows(
        path_or_file,
        sample_rate,
        rule,
        offset=offset,
        duration=duration,
        block_seconds=block_seconds,
        reader=reader,
        errors=errors,
    )
    return ((window.samples, window.start) for window in stream)


def stream_windows(
    path_or_file: AudioFile,
    sample_rate: int,
    rule: WindowRule,
    *,
    length: int | None = None,
    offset: float = 0.0,
    duration: float | None = None,
    block_seconds: float = 30.0,
    reader: str = "soundfile",
    errors: str = "raise",
) -> Iterator[Window]:
    """Yield the windows of `rule.cut(load_audio(...))` one by one, in bounded memory.

    Args:
        path_or_file: As for `load_audio`.
        sample_rate: Sample rate of the windows in Hz.
        rule: Rule that cuts the windows.
        length: Number of samples at that rate, if the rule requires it.
        offset: Start in seconds; default: 0.
        duration: Duration to read in seconds; default: up to the end.
        block_seconds: Duration to decode at a time, in seconds; default: 30.
        reader: As for `load_audio`.
        errors: "raise" or "salvage", as for `load_audio`.
    """
    chunks = stream_audio(
        path_or_file,
        sample_rate,
        offset=offset,
        duration=duration,
        block_seconds=block_seconds,
        reader=reader,
        errors=errors,
    )
    return cut_stream(chunks, rule, length)


def stream_audio(
    path_or_file: AudioFile,
    sample_rate: int,
    *,
    offset: float = 0.0,
    duration: float | None = None,
    block_seconds: float = 30.0,
    reader: str = "soundfile",
    errors: str = "raise",
) -> Iterator[np.ndarray]:
    """Yield the waveform of `load_audio` in blocks; arguments are checked at once."""
    sample_rate = check_rate(sample_rate)
    offset, duration = check_span(offset, duration)
    block_span = check_seconds(block_seconds, "block_seconds")
    errors = check_errors(errors)

    def generate() -> Iterator[np.ndarray]:
        with open_audio(path_or_file, reader, errors) as audio:
            block_frames = max(1, int(block_span * audio.sample_rate))
            blocks = read_blocks(audio, offset, duration, block_frames, errors)
            mono = (np.ascontiguousarray(mix(block)) for block in blocks)
            yield from resample_stream(mono, audio.sample_rate, sample_rate)

    return generate()


def _rule(size: Any, hop: Any, padding: Any) -> WindowRule:
    if padding not in PADDINGS:
        raise ValueError(f"padding must be one of {PADDINGS}. Received: {padding!r}.")
    most = MOST_SAMPLES
    size = whole_number(size, "window_samples", most=most, unit="samples")
    hop = size if hop is None else hop
    hop = whole_number(hop, "hop_samples", most=most, unit="samples")
    return WindowRule(size, hop, padding)
