"""A file to a waveform at the wanted rate, whole or as a stream of blocks."""

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

# Blocks bound what a header can make us allocate, also one of a thousand channels.
BLOCK_FRAMES = 2**18
_BLOCK_SAMPLES = 2**23
# 0.29 s at 100 Hz is 28.999999999999996 frames: count it as 29.
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
    """Read sound from a file, mix it to mono and bring it to a sample rate.

    Wav (all widths, float, extensible), flac, ogg, opus, mp3, mp2, aiff, au and caf are
    decoded by libsndfile; mp4, m4a, mov, mkv, webm, aac, wma and others by the `ffmpeg`
    program where it is installed (docs/data.md lists them). What is read gives every
    sample that the file promises, or an error: files of kinds that do not tell how long
    they are (voc, ircam, paf, ...) are refused.
    Mono is the mean of the channels. soxr's HQ recipe resamples.
    The numbers are those of `librosa.load(..., res_type="soxr_hq")`; the part between
    `offset` and its end is resampled by itself, as there.

    Args:
        path_or_file: A path, or an open binary file, which is read from its start
            and left open. What cannot be sought (a pipe) is copied to a temporary
            file first.
        sample_rate: Rate wanted in Hz.
        mono: Whether to average the channels.
        offset: Where to start, in seconds.
        duration: How much to read, in seconds, or None for all. Where the file ends
            sooner, so does the result.
        reader: "soundfile", or "tensorflow-io" (the extra of that name) for the
            formats that it decodes.
        errors: "raise", or "salvage" to get what a file has that was cut short or is
            damaged; an `AudioWarning` then says how much that is, and what is missing.

    Returns:
        float32 array in [-1, 1], (samples,) if `mono`, else (channels, samples).
        Lossy formats may overshoot 1 a little.

    Raises:
        ValueError: A bad argument, `offset` at or past the end, or more than 2**31
            samples (8 GiB).
        AudioDecodeError: Not audio, damaged, cut short, without samples, or in need
            of ffmpeg.
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
    """Read a whole file as `load_audio` does, and say before how much that takes.

    Args:
        path: Of the file.
        sample_rate: Rate wanted in Hz.
        hold: Called with the bytes of the waveform at the higher of both rates: with
            those that the file promises before it is decoded, with more when it turns
            out to be longer. It may wait. Copies take up to three times as much.
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
    """Join blocks without holding them twice; only what has come takes memory."""
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
    """Give checked blocks (frames, channels) of a span given in seconds.

    Raises:
        ValueError: The span holds no samples.
        AudioDecodeError: The file holds none, or bad ones, or fewer than it promises;
            with errors="salvage" the last is a warning, if there are some.
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
                f"{audio.name} holds no samples: its header is good, but the sound "
                f"is empty."
            )
        raise ValueError(
            f"offset={offset:g} s is at or past the end of {audio.name}: the clip has "
            f"{total / audio.sample_rate:.3f} s."
        )


def _check_values(block: np.ndarray, audio: Decoder, position: int) -> None:
    try:
        check_values(block, f"The sound of {audio.name} from sample {position} on")
    except ValueError as error:
        raise AudioDecodeError(str(error)) from error


def _promised(audio: Decoder, offset: float, duration: float | None) -> int:
    """Give how many frames the file says a span has; 0 where it does not say."""
    left = max(0, (audio.frames or 0) - _frames(offset, audio))
    return left if duration is None else min(left, _frames(duration, audio))


def _check_size(samples: int, audio: Decoder, sample_rate: int) -> None:
    rate = max(audio.sample_rate, sample_rate)
    check_size(
        resampled_length(samples, audio.sample_rate, rate),
        f"The sound of {audio.name} at {rate:,} Hz",
        "Read it in parts: pass duration= (and offset=), or use iter_windows.",
    )


def _frames(seconds: float, audio: Decoder) -> int:
    # 2**62 frames are more than any file holds, and what C can still count.
    return min(2**62, math.floor(seconds * audio.sample_rate + _ROUNDING))
