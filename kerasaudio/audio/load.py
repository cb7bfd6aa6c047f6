"""Read a file as a waveform at a given sample rate, whole or in blocks."""

import math
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from kerasaudio.arguments import is_number, plain
from kerasaudio.audio.check import check_rate, check_size, check_values
from kerasaudio.audio.decode import Decoder, open_audio
from kerasaudio.audio.errors import (
    AudioDecodeError,
    AudioWarning,
    IncompleteAudioError,
    check_errors,
)
from kerasaudio.audio.plain_wav import read_plain_wav
from kerasaudio.audio.resample import resample_channels, resampled_length
from kerasaudio.audio.source import AudioFile
from kerasaudio.text import warn

# Blocks limit the memory that a header can request, even with a thousand channels.
BLOCK_FRAMES = 2**18
_BLOCK_SAMPLES = 2**23
# 0.29 s at 100 Hz is 28.999999999999996 frames, which must count as 29.
_ROUNDING = 1e-6

Hold = Callable[[int], None]


def load_audio(
    path_or_file: AudioFile,
    sample_rate: int,
    mono: bool = True,
    offset: float = 0.0,
    duration: float | None = None,
    *,
    reader: str = "soundfile",
    errors: str = "raise",
) -> np.ndarray:
    """Read audio from a file, mix it to mono and resample it.

    libsndfile decodes wav (all widths, float, extensible), flac, ogg, opus, mp3, mp2,
    aiff, au and caf. The `ffmpeg` program, if installed, decodes mp4, m4a, mov, mkv,
    webm, aac, wma and others (docs/data.md lists them). The result has every sample
    that the file states; otherwise an error is raised. Formats that do not state their
    length (voc, ircam, paf, ...) are rejected.
    Mono is the mean of the channels. Resampling uses soxr's HQ recipe.
    The result equals that of `librosa.load(..., res_type="soxr_hq")`; as there, the
    part from `offset` on is resampled by itself.

    Args:
        path_or_file: A path, or an open binary file, which is read from its start
            and left open. If it is not seekable (a pipe), it is copied to a temporary
            file first.
        sample_rate: Sample rate of the result in Hz.
        mono: Whether to average the channels; default: True.
        offset: Start in seconds; default: 0.
        duration: Duration to read in seconds; default: up to the end. If the file ends
            earlier, the result is shorter.
        reader: "soundfile" (default), or "tensorflow-io" (the extra of that name) for
            the formats that it decodes.
        errors: "raise" (default), or "salvage" to return the readable part of a
            truncated or damaged file; then an `AudioWarning` says how much could be
            read and what is missing.

    Returns:
        A float32 array in [-1, 1], (samples,) if `mono`, else (channels, samples).
        Lossy formats may exceed 1 a little.

    Raises:
        ValueError: An argument is invalid, `offset` is at or after the end, or the
            result has more than 2**31 samples (8 GiB).
        AudioDecodeError: The file is not audio, is damaged or truncated, has no
            samples, or needs ffmpeg.
        OSError: The file is missing or cannot be read.
        ImportError: The tensorflow-io reader does not work here.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)
        >>> waveform.shape, waveform.dtype  # 3 s
        ((48000,), dtype('float32'))
        >>> kerasaudio.load_audio("song.wav", 8_000, offset=1, duration=0.5).shape
        (4000,)
    """
    sample_rate = check_rate(sample_rate)
    offset, duration = check_span(offset, duration)
    errors = check_errors(errors)
    span = offset, duration
    return _load(
        path_or_file, sample_rate, mono, span, reader, errors, lambda size: None
    )


def load_within(path: AudioFile, sample_rate: int, hold: Hold) -> np.ndarray:
    """Read a whole file as `load_audio` does, and report its size before.

    Args:
        path: Path of the file.
        sample_rate: Sample rate of the result in Hz.
        hold: Function called with the size in bytes of the waveform at the higher of
            both rates: with the stated size before decoding, and with a larger one if
            the file turns out to be longer. It may block. Copies take up to three times
            as much memory.
    """
    return _load(path, sample_rate, True, (0, None), "soundfile", "raise", hold)


def _load(
    file: AudioFile,
    sample_rate: int,
    mono: bool,
    span: tuple[float, float | None],
    reader: str,
    errors: str,
    hold: Hold,
) -> np.ndarray:
    def hold_samples(samples: int, rate: int) -> None:
        hold(4 * resampled_length(samples, rate, max(rate, sample_rate)))

    whole = (*span, reader) == (0, None, "soundfile")
    plain = read_plain_wav(file, hold_samples) if whole else None
    if plain is not None:
        frames, rate = mix(plain[0]) if mono else plain[0], plain[1]
    else:
        with open_audio(file, reader, errors) as audio:
            rate = audio.sample_rate
            channels = 1 if mono else audio.channels
            size = channels * _promised(audio, *span)
            _check_size(size, audio, sample_rate)
            hold_samples(size, rate)
            blocks = read_blocks(audio, *span, BLOCK_FRAMES, errors)
            mixed = map(mix, blocks) if mono else blocks

            def admit(size: int) -> None:
                _check_size(size, audio, sample_rate)
                hold_samples(size, rate)

            frames = _joined(mixed, admit)
    if mono:
        return resample_channels(frames[:, None], rate, sample_rate)[:, 0]
    return np.ascontiguousarray(resample_channels(frames, rate, sample_rate).T)


def _joined(blocks: Iterator[np.ndarray], admit: Callable[[int], None]) -> np.ndarray:
    """Join blocks without two copies in memory, allocating only what has arrived."""
    first = next(blocks)
    admit(first.size)
    second = next(blocks, None)
    if second is None:
        return first
    joined, size = first.flatten(), first.size
    for block in chain([second], blocks):
        admit(size + block.size)
        if size + block.size > joined.size:
            more = max(size + block.size, joined.size * 5 // 4)
            joined.resize(more, refcheck=False)
        joined[size : size + block.size] = block.reshape(-1)
        size += block.size
    joined.resize(size, refcheck=False)
    return joined.reshape(-1, *first.shape[1:])


def mix(block: np.ndarray) -> np.ndarray:
    """Average the channels of (frames, channels)."""
    return block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)


def check_span(offset: Any, duration: Any) -> tuple[float, float | None]:
    """Return offset and duration in seconds, or raise a ValueError."""
    return (
        check_seconds(offset, "offset", or_zero=True),
        None if duration is None else check_seconds(duration, "duration"),
    )


def check_seconds(value: Any, name: str, or_zero: bool = False) -> float:
    """Return a time in seconds, or raise a ValueError."""
    if not (is_number(value) and (value > 0 or (or_zero and value == 0))):
        kind = "zero or a positive" if or_zero else "a positive"
        raise ValueError(f"{name} must be {kind} time in s. Received: {value!r}.")
    return float(plain(value))


def read_blocks(
    audio: Decoder,
    offset: float,
    duration: float | None,
    block_frames: int,
    errors: str = "raise",
) -> Iterator[np.ndarray]:
    """Yield checked blocks (frames, channels) of a span given in seconds.

    Raises:
        ValueError: The span contains no samples.
        AudioDecodeError: The file contains no samples, invalid samples, or fewer than
            it states; with errors="salvage" the last case is a warning, if any samples
            can be read.
    """
    start = _frames(offset, audio)
    frames = None if duration is None else _frames(duration, audio)
    if frames == 0:
        raise ValueError(
            f"duration={duration:g} s is shorter than one sample of {audio.name}, at "
            f"{audio.sample_rate} Hz."
        )
    block_frames = max(1, min(block_frames, _BLOCK_SAMPLES // audio.channels))
    position = start
    try:
        for block in audio.blocks(start, frames, block_frames):
            _check_values(block, audio, position)
            position += len(block)
            yield block
    except IncompleteAudioError as error:
        if errors == "raise" or position == start:
            raise
        warn(error.loss, AudioWarning, stacklevel=3)
    if position == start:
        total = sum(len(block) for block in audio.blocks(0, None, block_frames))
        if not total:
            raise AudioDecodeError(
                f"{audio.name} contains no samples: its header is valid, but the "
                f"audio is empty."
            )
        raise ValueError(
            f"offset={offset:g} s is at or after the end of {audio.name}, which is "
            f"{total / audio.sample_rate:.3f} s long."
        )


def _check_values(block: np.ndarray, audio: Decoder, position: int) -> None:
    try:
        check_values(block, f"The audio of {audio.name} from sample {position} on")
    except ValueError as error:
        raise AudioDecodeError(str(error)) from error


def _promised(audio: Decoder, offset: float, duration: float | None) -> int:
    """Return the stated number of frames of a span; 0 if the file states none."""
    left = max(0, (audio.frames or 0) - _frames(offset, audio))
    return left if duration is None else min(left, _frames(duration, audio))


def _check_size(samples: int, audio: Decoder, sample_rate: int) -> None:
    rate = max(audio.sample_rate, sample_rate)
    check_size(
        resampled_length(samples, audio.sample_rate, rate),
        f"The audio of {audio.name} at {rate:,} Hz",
        "Read it in parts: pass duration= (and offset=), or use iter_windows.",
    )


def _frames(seconds: float, audio: Decoder) -> int:
    # 2**62 frames are more than any file has, and fit into a C integer.
    return min(2**62, math.floor(seconds * audio.sample_rate + _ROUNDING))
