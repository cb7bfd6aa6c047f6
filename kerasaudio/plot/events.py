"""A picture of a sound and the events in it."""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasaudio.audio import check_waveform, load_audio
from kerasaudio.audio.check import check_rate
from kerasaudio.layers import Decibel, MelSpectrogram
from kerasaudio.layers.filterbank import hertz_to_mel
from kerasaudio.metrics.segment_f1 import check_event
from kerasaudio.plot.check import check_path
from kerasaudio.plot.clips import is_path
from kerasaudio.plot.figure import (
    add_legend,
    check_matplotlib,
    new_figure,
    plain,
    write_png,
)
from kerasaudio.plot.palette import COLORS

FILE_RATE = 16_000  # rate for reading files
_FRAMES = 400  # approximate number of frames of the spectrogram
_BANDS = 64
_RANGE_DB = 70
_TICKS = tuple(250 * 2**octave for octave in range(12))  # Hz

Span = tuple[str, float, float]


def events(
    audio: Any,
    predicted: Iterable[Any],
    path: str | PathLike[str],
    *,
    true: Iterable[Any] | None = None,
    sample_rate: int | None = None,
    labels: Sequence[str] | None = None,
    title: str = "Sound events",
) -> Path:
    """Draw a spectrogram, and below it the times of the events of each class.

    Each class has a row: true events in its upper half, predicted ones in the lower.

    Args:
        audio: Path, or mono waveform (samples,) of floats in [-1, 1].
        predicted: Predicted events: `kerasaudio.events.SoundEvent`, or tuples that
            begin with label, start and end in seconds.
        path: PNG file to write.
        true: True events, in the same form; None if unknown.
        sample_rate: Sample rate of the waveform in Hz; must be None for files, which
            are drawn up to 8 kHz.
        labels: Names of the rows, from the top; None for those of the events, sorted.
        title: Title above the picture.

    Returns:
        The path.

    Raises:
        ValueError: The audio is unusable; a waveform has no rate, or a file has one; an
            event is invalid, or its class is not in `labels`; the suffix is not .png.
        OSError: The sound cannot be read, or the picture cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> heard, true = [("chord", 0.1, 0.9)], [("chord", 0.0, 1.0)]
        >>> kerasaudio.plot.events("song.wav", heard, "song.png", true=true).name
        'song.png'
    """
    spans = {"predicted": [check_event(event) for event in predicted]}
    if true is not None:
        spans = {"true": [check_event(event) for event in true], **spans}
    rows = _rows(spans, labels)
    target = check_path(path, (".png",))
    check_matplotlib()
    waveform, rate = _waveform(audio, sample_rate)

    below = 0.5 + 0.35 * max(1, len(rows))
    figure, (upper, lower) = new_figure(
        9, 3 + below, nrows=2, sharex=True, height_ratios=(2.4, below)
    )
    seconds = len(waveform) / rate
    _draw_spectrogram(upper, waveform, rate)
    _draw_rows(lower, spans, rows)
    lower.set_xlim(0, seconds)
    lower.set_xlabel("seconds")
    upper.set_title(plain(title))
    handles = [_bar(name) for name in spans]
    add_legend(figure, handles, list(spans), loc="outside lower right", ncols=2)
    write_png(figure, target)
    return target


def _rows(spans: dict[str, list[Span]], labels: Sequence[str] | None) -> list[str]:
    used = sorted({label for events in spans.values() for label, _, _ in events})
    if labels is None:
        return used
    names = [] if isinstance(labels, str) else [str(label) for label in labels]
    unknown = [label for label in used if label not in names]
    if unknown or not names or len(set(names)) != len(names):
        raise ValueError(
            "labels must be different names that include those of all events. "
            f"Received: {labels!r}; events of {used}."
        )
    return names


def _waveform(audio: Any, sample_rate: int | None) -> tuple[np.ndarray, int]:
    if is_path(audio):
        if sample_rate is not None:
            raise ValueError(
                "A file has its own rate. Pass sample_rate only with waveforms. "
                f"Received: {audio!r} with sample_rate={sample_rate!r}."
            )
        return load_audio(audio, FILE_RATE), FILE_RATE
    waveform = check_waveform(audio, name="audio")
    if sample_rate is None:
        raise ValueError(
            "The sample rate of the waveform is unknown. Pass sample_rate=, in Hz."
        )
    return waveform, check_rate(sample_rate)


def _draw_spectrogram(axes: Any, waveform: np.ndarray, rate: int) -> None:
    """Draw levels in dB below the loudest, over mel frequency."""
    n_fft = 1 << (rate // 20).bit_length() - 1  # about 40 ms
    hop = max(n_fft // 4, len(waveform) // _FRAMES)
    mel = MelSpectrogram(
        sample_rate=rate,
        n_fft=n_fft,
        hop_length=hop,
        n_mels=min(_BANDS, n_fft // 2),  # each band needs a bin
        norm=None,
    )
    power = keras.ops.convert_to_numpy(Decibel()(mel(waveform[None])))[0].T
    seconds, highest = len(waveform) / rate, float(hertz_to_mel(rate / 2))
    axes.imshow(
        power,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=(0, seconds, 0, highest),
        vmin=power.max() - _RANGE_DB,
        vmax=power.max(),
        interpolation="nearest",
    )
    ticks = [hertz for hertz in _TICKS if hertz <= rate / 2]
    axes.set_yticks(hertz_to_mel(ticks), [f"{hertz / 1000:g}" for hertz in ticks])
    axes.set_ylabel("kHz")


def _draw_rows(axes: Any, spans: dict[str, list[Span]], rows: Sequence[str]) -> None:
    height = 0.8 / len(spans)
    for number, (kind, events_of_kind) in enumerate(spans.items()):
        for label, start, end in events_of_kind:
            bottom = rows.index(label) - 0.4 + number * height
            axes.broken_barh(
                [(start, end - start)], (bottom, height), color=_color(kind)
            )
    axes.set_yticks(range(len(rows)), [plain(name) for name in rows])
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)  # the first on top
    for border in np.arange(0.5, len(rows) - 1):
        axes.axhline(border, color="0.9", linewidth=0.8)
    axes.grid(axis="x", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _bar(kind: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(color=_color(kind))


def _color(kind: str) -> str:
    return COLORS[0] if kind == "true" else COLORS[1]
