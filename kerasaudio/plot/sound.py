"""The power of a sound over time and frequency, read in blocks, as a picture."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasaudio.arguments import number
from kerasaudio.audio import check_waveform
from kerasaudio.audio.check import check_rate
from kerasaudio.audio.decode import open_audio
from kerasaudio.audio.load import BLOCK_FRAMES, mix, read_blocks
from kerasaudio.layers import MelSpectrogram, Spectrogram
from kerasaudio.layers.base import check_choice
from kerasaudio.layers.filterbank import hertz_to_mel
from kerasaudio.plot.clips import is_path

RANGE_DB = 70.0  # from the loudest place to black
_MOST_BANDS = 96
_MOST_COLUMNS = 1_000
_TICKS = tuple(125 * 2**octave for octave in range(13))  # Hz, on the mel scale
_FLOOR = 1e-10  # power of silence, as in `Decibel`


class Scale(NamedTuple):
    """The frequency axis of a picture.

    Attributes:
        name: "mel" or "linear".
        highest: Highest frequency in Hz; None for half the sample rate.
    """

    name: str = "mel"
    highest: float | None = None


class Picture(NamedTuple):
    """The power of a sound, its loudest place at 0 dB.

    Attributes:
        levels: Levels in dB, float32 (bands, columns), the lowest band first.
        seconds: Length of the sound.
        shown_seconds: End of the last column.
        highest: Highest frequency in Hz.
    """

    levels: np.ndarray
    seconds: float
    shown_seconds: float
    highest: float


class Sound(NamedTuple):
    """A sound that can be measured.

    Attributes:
        rate: Its own sample rate in Hz.
        blocks: Parts of its waveform, float32 (samples,).
    """

    rate: int
    blocks: Iterable[np.ndarray]


@contextmanager
def open_sound(audio: Any, sample_rate: int | None) -> Iterator[Sound]:
    """Open a file at its own rate, or take a waveform.

    Raises:
        ValueError: The audio is unusable; a waveform has no rate, or a file has one.
        OSError: The file is missing or cannot be decoded.
    """
    if is_path(audio):
        if sample_rate is not None:
            raise ValueError(
                "A file has its own rate. Pass sample_rate only with waveforms. "
                f"Received: {audio!r} with sample_rate={sample_rate!r}."
            )
        with open_audio(os.fspath(audio), "soundfile", "raise") as file:
            yield Sound(
                file.sample_rate, map(mix, read_blocks(file, 0, None, BLOCK_FRAMES))
            )
        return
    waveform = check_waveform(audio, name="audio")
    if sample_rate is None:
        raise ValueError(
            "The sample rate of the waveform is unknown. Pass sample_rate=, in Hz."
        )
    starts = range(0, len(waveform), BLOCK_FRAMES)
    parts = (waveform[start : start + BLOCK_FRAMES] for start in starts)
    yield Sound(check_rate(sample_rate), parts)


def measure(sound: Sound, scale: Scale) -> Picture:
    """Measure the mean power in at most 2000 columns and some bands.

    Raises:
        ValueError: The scale is unknown, or its highest frequency is not between 0 and
            half the sample rate.
    """
    check_choice(scale=(scale.name, ("mel", "linear")))
    nyquist = sound.rate / 2
    highest = nyquist
    if scale.highest is not None:
        highest = number(scale.highest, "max_hertz", above=0, most=nyquist)
    n_fft = 1 << (sound.rate // 20).bit_length() - 1  # about 40 ms
    hop = n_fft // 4
    layer, shown = _layer(sound.rate, n_fft, scale.name, highest)
    columns = _Columns()
    samples = 0
    rest = np.zeros(n_fft // 2, "float32")
    for block in _and_end(sound.blocks, n_fft // 2):
        samples += len(block)
        rest = np.concatenate([rest, block])
        frames = 1 + (len(rest) - n_fft) // hop
        if frames > 0:
            used = rest[: (frames - 1) * hop + n_fft]
            power = keras.ops.convert_to_numpy(layer(used[None]))[0]
            columns.add(power[:, :shown])
            rest = rest[frames * hop :]
    power = columns.finish()
    levels = 10 * np.log10(np.maximum(power, _FLOOR)).T
    seconds = (samples - n_fft // 2) / sound.rate
    # A frame stands for the time around its middle; the first is centered on 0.
    step = columns.each * hop / sound.rate
    return Picture(levels - levels.max(), seconds, len(power) * step, highest)


def draw(axes: Any, picture: Picture, scale: Scale, range_db: float) -> Any:
    """Draw levels in dB below the loudest; return matplotlib's image."""
    is_mel = scale.name == "mel"
    top = float(hertz_to_mel(picture.highest)) if is_mel else picture.highest
    image = axes.imshow(
        picture.levels,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=(0, picture.shown_seconds, 0, top),
        vmin=-range_db,
        vmax=0,
        interpolation="nearest",
    )
    if is_mel:
        ticks = [hertz for hertz in _TICKS if 250 <= hertz <= picture.highest]
        ticks = ticks or [picture.highest]
        axes.set_yticks(hertz_to_mel(ticks), [f"{hertz / 1000:g}" for hertz in ticks])
    else:
        axes.yaxis.set_major_formatter(lambda hertz, _: f"{hertz / 1000:g}")
    axes.set_ylim(0, top)
    axes.set_ylabel("kHz")
    return image


def _layer(rate: int, n_fft: int, scale: str, highest: float) -> tuple[Any, int]:
    """Return the layer that measures, and how many of its bands are shown."""
    sizes: dict[str, Any] = {"n_fft": n_fft, "hop_length": n_fft // 4, "center": False}
    if scale == "linear":
        bins = int(highest * n_fft / rate) + 1
        return Spectrogram(**sizes, power=2.0), bins
    # Each band needs a bin of the FFT, also the narrow ones below 1 kHz.
    bands = int(hertz_to_mel(highest) / hertz_to_mel(rate / n_fft)) - 1
    bands = max(1, min(_MOST_BANDS, bands))
    layer = MelSpectrogram(rate, **sizes, n_mels=bands, fmax=highest, norm=None)
    return layer, bands


def _and_end(blocks: Iterable[np.ndarray], padding: int) -> Iterator[np.ndarray]:
    yield from blocks
    yield np.zeros(padding, "float32")


class _Columns:
    """Means of frames, so few that a sound of any length fits into memory."""

    def __init__(self) -> None:
        self.each = 1  # frames in a column
        self._columns: list[np.ndarray] = []
        self._pending: np.ndarray | None = None

    def add(self, frames: np.ndarray) -> None:
        """Add frames (frames, bands)."""
        if self._pending is not None:
            frames = np.concatenate([self._pending, frames])
        whole = len(frames) // self.each * self.each
        means = frames[:whole].reshape(-1, self.each, frames.shape[1]).mean(axis=1)
        self._columns.extend(means)
        self._pending = frames[whole:]
        while len(self._columns) >= 2 * _MOST_COLUMNS:
            if len(self._columns) % 2:
                last = np.repeat(self._columns.pop()[None], self.each, axis=0)
                self._pending = np.concatenate([last, self._pending])
            pairs = np.stack(self._columns)
            self._columns = list((pairs[::2] + pairs[1::2]) / 2)
            self.each *= 2

    def finish(self) -> np.ndarray:
        """Return the columns, float32 (columns, bands); the last may be of less."""
        if self._pending is not None and len(self._pending):
            self._columns.append(self._pending.mean(axis=0))
        return np.stack(self._columns)
