"""Sounds with their pictures and numbers, as one self-contained HTML file."""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.plot.document import write_static
from kerasaudio.plot.figure import check_matplotlib
from kerasaudio.plot.sound import RANGE_DB, Scale, measure, open_sound
from kerasaudio.text import one_line

_COLUMNS = 400
_HEIGHT = 100
_PEAK, _RMS = 0.9, 0.1


class Card(NamedTuple):
    """A sound on the page.

    Attributes:
        title: Heading.
        note: Sentence below it.
        waveform: float32 (samples,).
        sample_rate: In Hz.
        course: Score in each iteration, (iterations,).
        facts: Pairs of name and value.
    """

    title: str
    note: str
    waveform: np.ndarray
    sample_rate: int
    course: np.ndarray
    facts: Sequence[tuple[str, str]]


def write_sound_page(
    path: Path, cards: Sequence[Card], title: str, about: str = ""
) -> None:
    """Write the page: of each sound a player, pictures and numbers.

    Sounds are embedded as WAV with 16 bits, at a root mean square of 0.1 or a peak of
    0.9, whichever is softer, so that all are about as loud.

    Raises:
        OSError: The file cannot be written.
        ImportError: matplotlib is not installed.
    """
    check_matplotlib()
    articles = "\n".join(_article(card) for card in cards)
    write_static(path, "sounds", title, {"about": _safe(about), "cards": articles})


def _article(card: Card) -> str:
    title, seconds = _safe(card.title), len(card.waveform) / card.sample_rate
    facts = "".join(
        f"<dt>{_safe(name)}</dt><dd>{_safe(value)}</dd>" for name, value in card.facts
    )
    with open_sound(card.waveform, card.sample_rate) as sound:
        picture = measure(sound, Scale())
    last = len(card.course)
    return f"""<article>
<h2>{title}</h2>
<p>{_safe(card.note)}</p>
<audio controls preload="auto" src="{_sound(card)}" aria-label="{title}"></audio>
<figure>
<svg viewBox="0 0 {_COLUMNS} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="waveform"><path class="wave" d="{_wave(card.waveform)}"/></svg>
<img src="{_picture(picture.levels)}" alt="spectrogram">
<figcaption>{seconds:.3g} s, 0 to {picture.highest / 1000:g} kHz on the mel scale, black {RANGE_DB:g} dB below the loudest</figcaption>
</figure>
<figure>
<svg viewBox="0 0 {_COLUMNS} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="score"><path d="{_line(card.course)}"/></svg>
<figcaption>score in {last} iterations, {_range(card.course)}</figcaption>
</figure>
<dl>{facts}</dl>
</article>"""  # noqa: E501


def _safe(text: str) -> str:
    return html.escape(one_line(text))


def _sound(card: Card) -> str:
    import soundfile

    level = float(np.sqrt((card.waveform**2).mean()))
    peak = float(np.abs(card.waveform).max())
    gain = min(_PEAK / peak, _RMS / level) if level > 0 else 1.0
    encoded = io.BytesIO()
    soundfile.write(encoded, gain * card.waveform, card.sample_rate, format="WAV")
    return _address("audio/wav", encoded.getvalue())


def _picture(levels: np.ndarray) -> str:
    from matplotlib.image import imsave

    encoded = io.BytesIO()
    limits: dict[str, Any] = {"vmin": -RANGE_DB, "vmax": 0, "cmap": "magma"}
    imsave(encoded, levels, format="png", origin="lower", **limits)
    return _address("image/png", encoded.getvalue())


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _wave(waveform: np.ndarray) -> str:
    """Return the outline of a waveform, from its highest to its lowest samples."""
    columns = np.array_split(waveform, min(_COLUMNS, len(waveform)))
    most = max(float(np.abs(waveform).max()), 1e-9)
    high = [(1 - column.max() / most) * _HEIGHT / 2 for column in columns]
    low = [(1 - column.min() / most) * _HEIGHT / 2 for column in columns]
    x = np.linspace(0, _COLUMNS, len(columns))
    there = [*zip(x, high, strict=True), *zip(x[::-1], low[::-1], strict=True)]
    return _path(there) + "Z"


def _line(course: np.ndarray) -> str:
    """Return the course from left to right, its least value at the bottom."""
    finite = np.nan_to_num(course.astype("float64"))
    if len(finite) > 2 * _COLUMNS:
        finite = np.array([part.mean() for part in np.array_split(finite, _COLUMNS)])
    if not len(finite):
        return ""
    least, most = finite.min(), finite.max()
    share = (finite - least) / (most - least if most > least else 1)
    y = (1 - share) * (_HEIGHT - 4) + 2
    return _path(list(zip(np.linspace(0, _COLUMNS, len(y)), y, strict=True)))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _range(course: np.ndarray) -> str:
    if not len(course):
        return "none"
    return f"{np.min(course):.3g} to {np.max(course):.3g}"
