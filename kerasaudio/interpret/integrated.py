"""Integrated gradients: the shares of a sound's parts in a score, against silence."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.core import AudioModel
from kerasaudio.interpret.attribution import Attribution
from kerasaudio.interpret.explained import explain, result
from kerasaudio.interpret.view import On, View, check_slope

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
# Begin of the path in pieces: near silence, logarithms change fast.
_PIECES = {
    "waveform": (0.0, 1 / 256, 1 / 64, 1 / 16, 1 / 4, 1.0),
    "spectrogram": (0.0, 0.25, 0.5, 0.75, 1.0),
}
_MOST = 4


def integrated_gradients(
    model: AudioModel,
    audio: Any,
    sample_rate: int | None = None,
    *,
    label: str | None = None,
    layer: str | None = None,
    unit: int | None = None,
    on: On = "spectrogram",
    tolerance: float = 0.01,
    steps: int = 256,
) -> Attribution:
    """Return the contribution of each part of a sound to a score, against silence.

    The gradient is integrated on the straight way from silence to the sound, so that
    the contributions add up to the difference of their scores. Each piece of the way is
    integrated by Gauss and Legendre's rule of four nodes. The score at its ends tells
    how wrong that is, and the piece that is most wrong is halved.

    Args:
        model: See `saliency`.
        audio: See `saliency`.
        sample_rate: See `saliency`.
        label: See `saliency`.
        layer: See `saliency`.
        unit: See `saliency`.
        on: See `saliency`. On the spectrogram, silence is the spectrogram of silence;
            the lowest value of the clip's own, if the front-end measures against the
            loudest place.
        tolerance: Completeness error at which to stop, as a share of the difference of
            the scores; default: 0.01.
        steps: Largest number of gradients per window; default: 256.

    Returns:
        An `Attribution` of the kind "contribution". Its `details` have the
        `completeness_error` that was reached, which is above `tolerance` if `steps`
        were too few; the score of silence, `baseline`; and the number of `steps`.

    Raises:
        NoGradientError, ValueError, OSError: As `saliency`; a number is out of range.

    Source: Sundararajan, Taly & Yan 2017, arXiv:1703.01365.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> found = kerasaudio.interpret.integrated_gradients(
        ...     model, "song.wav", label="3"
        ... )
        >>> found.details["completeness_error"] < 0.01
        True
        >>> gain = found.score - found.details["baseline"]
        >>> bool(abs(found.values.sum() - gain) < 0.01 * abs(gain))
        True
    """
    tolerance = number(tolerance, "tolerance", above=0)
    fewest = (len(_PIECES["waveform"]) - 1) * (len(_NODES) + 1) + 1
    steps = whole_number(steps, "steps", fewest)
    view, asked = explain(model, audio, sample_rate, label, layer, unit, on)
    way = _Way(view)
    gain = way.score(1.0) - way.score(0.0)
    pieces = [way.piece(*ends) for ends in pairwise(_PIECES[on])]
    allowed = tolerance * abs(gain)
    while way.used + 2 * len(_NODES) + 1 <= steps:
        errors = [piece.error for piece in pieces]
        # Errors of opposite signs may cancel by chance, but not the most of them.
        if abs(sum(errors)) <= allowed and sum(map(abs, errors)) <= _MOST * allowed:
            break
        worst = pieces.pop(max(range(len(pieces)), key=lambda n: abs(pieces[n].error)))
        middle = (worst.begin + worst.end) / 2
        pieces.append(way.piece(worst.begin, middle))
        pieces.append(way.piece(middle, worst.end))
    of_windows = zip(*(piece.parts for piece in pieces), strict=True)
    total = [np.sum(parts, axis=0) for parts in of_windows]
    check_slope(total, view.target)
    error = abs(sum(piece.error for piece in pieces))
    error = error / abs(gain) if gain else float(error > 0)
    details = {
        "completeness_error": error,
        "baseline": way.score(0.0),
        "steps": way.used,
    }
    return result(
        view,
        asked,
        "integrated_gradients",
        total,
        way.score(1.0),
        kind="contribution",
        details=details,
    )


class _Piece(NamedTuple):
    """A piece of the way.

    Attributes:
        begin: Its begin, from 0 to 1.
        end: Its end.
        parts: Contributions to the difference of the scores at its ends, an array per
            window.
        error: Sum of the contributions, less that difference.
    """

    begin: float
    end: float
    parts: list[np.ndarray]
    error: float


class _Way:
    """The straight way from silence to the windows of a clip."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._from = view.baselines()
        self._by = [
            each - start for each, start in zip(view.inputs, self._from, strict=True)
        ]
        self._scores: dict[float, float] = {}
        self.used = 0  # evaluations per window

    def score(self, at: float) -> float:
        """Return the score of the clip at a place of the way, from 0 to 1."""
        if at not in self._scores:
            self.used += 1
            values = list(self._view.values(self._inputs([at])))
            self._scores[at] = self._view.clip_value(values)
        return self._scores[at]

    def piece(self, begin: float, end: float) -> _Piece:
        """Integrate a piece of the way."""
        gain = self.score(end) - self.score(begin)
        half = (end - begin) / 2
        nodes = begin + half * (1 + _NODES)
        self.used += len(nodes)
        parts = [np.zeros(each.shape, "float32") for each in self._by]
        slopes = self._view.slopes(self._inputs(nodes))
        for number_of, (_, gradient) in enumerate(slopes):
            window, node = divmod(number_of, len(nodes))
            parts[window] += np.float32(half * _WEIGHTS[node]) * gradient
        for part, by in zip(parts, self._by, strict=True):
            part *= by
        sums = [float(part.sum(dtype="float64")) for part in parts]
        return _Piece(begin, end, parts, self._view.clip_value(sums) - gain)

    def _inputs(self, places: Any) -> Iterator[np.ndarray]:
        for start, by in zip(self._from, self._by, strict=True):
            for place in places:
                yield (start + place * by).astype("float32")
