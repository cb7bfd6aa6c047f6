"""Windows of equal length over a waveform of any length, with their starts."""

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
    """Cut a waveform into windows; together they hold every sample.

    Windows start at 0, `hop_samples`, 2 `hop_samples`, ... If samples remain behind
    the last full window, one more starts at the next hop and is filled up. (With a
    hop longer than the window the samples between two windows are left out.)

    Args:
        waveform: float samples in [-1, 1], (samples,), of any length.
        window_samples: Length of a window in samples.
        hop_samples: Samples from one start to the next; None for `window_samples`.
        padding: What fills the last window: "zeros" (silence), or "repeat", where
            the clip is looped: behind its end it starts again from its beginning, as
            often as needed. Which is right depends on how a network was trained.

    Returns:
        Windows, float32 (n, window_samples), and their starts in samples, int64 (n,).

    Raises:
        ValueError: A bad waveform, length, hop or padding, or windows of more than
            2**31 samples (8 GiB) together.

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
        "Take a longer hop, or cut it with iter_windows, which gives them one by one.",
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
    """Give the windows of `windows(load_audio(...))` one by one, in bounded memory.

    Hours of sound are read, mixed, resampled and cut in blocks; the numbers are the
    same. An error in the file is raised when it is reached.

    Args:
        path_or_file: As for `load_audio`.
        sample_rate: Rate wanted in Hz.
        window_samples: Length of a window in samples.
        hop_samples: Samples from one start to the next; None for `window_samples`.
        padding: "zeros" or "repeat", as for `windows`.
        offset: Where to start, in seconds.
        duration: How much to read, in seconds, or None for all.
        block_seconds: How much to decode at a time.
        reader: As for `load_audio`.
        errors: As for `load_audio`; the warning comes with the last window.

    Yields:
        Window, float32 (window_samples,), and its start in samples after `offset`.

    Raises:
        ValueError, OSError, ImportError: As `load_audio` and `windows`; bad arguments
            at once, what is wrong with the file while iterating.

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
    """Give the windows of `rule.cut(load_audio(...))` one by one, in bounded memory.

    Args:
        path_or_file: As for `load_audio`.
        sample_rate: Rate wanted in Hz.
        rule: How to cut.
        length: Samples that there are at that rate, where the rule needs to know.
        offset: As for `iter_windows`, like those below.
        duration: How much to read.
        block_seconds: How much to decode at a time.
        reader: As for `load_audio`, like `errors`.
        errors: "raise" or "salvage".
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
    """Give the waveform of `load_audio` block by block; arguments are checked now."""
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
