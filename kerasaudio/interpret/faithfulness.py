"""Deletion and insertion curves: does a score depend on what an attribution says?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from keras import ops

from kerasaudio.arguments import number, whole_number
from kerasaudio.audio.window_rule import weighted_means
from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.core.inference import InferenceModel
from kerasaudio.interpret.attribution import (
    Attribution,
    check_attribution,
    spectrum_of,
    transforms,
    waveform_of,
)
from kerasaudio.interpret.kept import kept
from kerasaudio.interpret.target import find_target
from kerasaudio.interpret.view import by_shape
from kerasaudio.layers.base import check_choice
from kerasaudio.layers.filterbank import hertz_to_mel

Order = Literal["attribution", "random"]


@dataclass(frozen=True, eq=False)
class Curve:
    """The score of a sound from which parts are removed, or to which they are added.

    Attributes:
        fractions: Share of the parts, from 0 to 1, float64 (points,).
        scores: Score at each, as of `AudioModel.tag`; of a unit, its value.
        name: "deletion" or "insertion".

    Examples:
        >>> fractions, scores = np.array([0, 0.5, 1]), np.array([1, 0.5, 0])
        >>> kerasaudio.interpret.Curve(fractions, scores, "deletion")
        Curve(deletion, auc=0.500, from 1.000 to 0.000 in 2 steps)
    """

    fractions: np.ndarray
    scores: np.ndarray
    name: str

    @property
    def auc(self) -> float:
        """Area under the curve: the mean score, by trapezoids."""
        return float(np.trapezoid(self.scores, self.fractions))

    def __repr__(self) -> str:
        """Return the area and the ends of the curve."""
        first, last = self.scores[0], self.scores[-1]
        return (
            f"{type(self).__name__}({self.name}, auc={self.auc:.3f}, from {first:.3f} "
            f"to {last:.3f} in {len(self.scores) - 1} steps)"
        )


def deletion_curve(
    model: AudioModel,
    found: Attribution,
    *,
    order: Order = "attribution",
    steps: int = 10,
    fractions: Sequence[float] | None = None,
    seconds: float = 0.1,
    bands: int = 8,
    seed: int = 0,
) -> Curve:
    """Return the score while the strongest parts of a sound are silenced one by one.

    Parts are tiles of the sound's short-time Fourier transform. The sooner the score
    falls, the smaller the area, and the better the attribution.

    Args:
        model: The model that was explained.
        found: The attribution; its sound and its target are used.
        order: ``"attribution"`` (default): the largest first; ``"random"``: for
            comparison, the same tiles in a random order.
        steps: Number of equal steps; default: 10.
        fractions: Instead of equal steps, the shares of the tiles at which to score,
            rising from 0 to 1: first steps are often the ones that matter.
        seconds: Length of a tile; default: 0.1.
        bands: Number of tiles over frequency, equally wide in mel; attributions without
            frequencies have 1. Default: 8.
        seed: Seed of the random order.

    Raises:
        ValueError: A number is out of range, or the model lacks the target.

    Source: Petsiuk, Das & Saenko 2018, arXiv:1806.07421.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> found = kerasaudio.interpret.grad_cam(model, "song.wav", label="3")
        >>> curve = kerasaudio.interpret.deletion_curve(model, found, steps=4)
        >>> curve.fractions.tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
        >>> fine = [0, 0.01, 0.03, 0.1, 0.3, 1]
        >>> curve = kerasaudio.interpret.deletion_curve(model, found, fractions=fine)
        >>> len(curve.scores)
        6
    """
    tiles = _Tiles(model, found, order, seconds, bands, seed)
    return tiles.curve("deletion", _shares(steps, fractions))


def insertion_curve(
    model: AudioModel,
    found: Attribution,
    *,
    order: Order = "attribution",
    steps: int = 10,
    fractions: Sequence[float] | None = None,
    seconds: float = 0.1,
    bands: int = 8,
    seed: int = 0,
) -> Curve:
    """Return the score while the strongest parts are added to silence one by one.

    The sooner the score rises, the larger the area, and the better the attribution.

    Args:
        model: See `deletion_curve`.
        found: See `deletion_curve`.
        order: See `deletion_curve`.
        steps: See `deletion_curve`.
        fractions: See `deletion_curve`.
        seconds: See `deletion_curve`.
        bands: See `deletion_curve`.
        seed: See `deletion_curve`.

    Raises:
        ValueError: As `deletion_curve`.

    Source: Petsiuk, Das & Saenko 2018, arXiv:1806.07421.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> found = kerasaudio.interpret.grad_cam(model, "song.wav", label="3")
        >>> curve = kerasaudio.interpret.insertion_curve(model, found, steps=4)
        >>> whole = dict(model.tag("song.wav", top=10))["3"]
        >>> bool(abs(curve.scores[-1] - whole) < 1e-4)
        True
    """
    tiles = _Tiles(model, found, order, seconds, bands, seed)
    return tiles.curve("insertion", _shares(steps, fractions))


class _Tiles:
    """A sound in tiles of time and frequency, in the order of an attribution."""

    def __init__(
        self,
        model: AudioModel,
        found: Attribution,
        order: str,
        seconds: float,
        bands: int,
        seed: int,
    ) -> None:
        check_model(model, "A curve")
        check_attribution(found)
        if found.sample_rate != model.spec.sample_rate:
            raise ValueError(
                f"{model.name} hears {model.spec.sample_rate:,} Hz, but the "
                f"attribution is of a model for {found.sample_rate:,} Hz. Pass the "
                "model that was explained."
            )
        check_choice(order=(order, ("attribution", "random")))
        seconds = number(seconds, "seconds", above=0)
        bands = whole_number(bands, "bands")
        self._model, self._found = model, found
        rate = found.sample_rate
        self._stft, self._inverse = transforms(rate, len(found.waveform))
        self._spectrum = spectrum_of(self._stft, found.waveform)
        frames, bins = self._spectrum.shape[:2]
        over_frequency = found.frequencies is not None and found.values.ndim == 2
        bands = bands if over_frequency else 1
        count = max(1, round(found.seconds / seconds))
        edges = np.linspace(0, hertz_to_mel(rate / 2), bands + 1)[1:-1]
        times = np.arange(frames) * self._stft.hop_length / rate
        rows = _steps(times, found.seconds, count)
        columns = _band(np.arange(bins) * rate / self._stft.n_fft, edges)
        self._tile = rows[:, None] * bands + columns
        self._count = count * bands
        self._place = np.argsort(
            np.random.default_rng(whole_number(seed, "seed", 0)).permutation(
                self._count
            )
            if order == "random"
            else -self._strength(count, bands, edges),
            kind="stable",
        )

    def curve(self, name: str, fractions: np.ndarray) -> Curve:
        """Return the curve."""
        waveforms = [self._waveform(name, fraction) for fraction in fractions]
        return Curve(fractions, scores(self._model, self._found, waveforms), name)

    def _strength(self, count: int, bands: int, edges: np.ndarray) -> np.ndarray:
        """Return the sum of the attribution in each tile."""
        found = self._found
        values = found.values.astype("float64")
        if found.kind == "sensitivity":
            values = np.abs(values)
        values = values.reshape(len(values), -1)
        if found.frequencies is None or bands == 1:
            values = values.sum(axis=1, keepdims=True)
            columns = np.zeros(1, int)
        else:
            columns = _band(found.frequencies, edges)
        rows = _steps(found.times, found.seconds, count)
        tiles = (rows[:, None] * bands + columns).ravel()
        sums = np.bincount(tiles, values.ravel(), count * bands)
        # Parts of the attribution may be longer than tiles, and leave some empty.
        near = np.ix_(_nearest(rows, count), _nearest(columns, bands))
        return sums.reshape(count, bands)[near].ravel()

    def _waveform(self, name: str, fraction: float) -> np.ndarray:
        moved = np.zeros(self._count, bool)
        moved[self._place[: round(fraction * self._count)]] = True
        kept = moved if name == "insertion" else ~moved
        if kept.all():
            return self._found.waveform
        mask = kept[self._tile]
        return waveform_of(self._inverse, self._spectrum * mask[..., None])


def scores(
    model: AudioModel, found: Attribution, waveforms: Sequence[np.ndarray]
) -> np.ndarray:
    """Return the scores of waveforms for the target of an attribution, as `tag` does.

    Args:
        model: The model.
        found: The attribution.
        waveforms: float32 (samples,) each, at the model's rate.

    Returns:
        float64 (waveforms,).
    """
    asked = dict(found.asked)
    target = find_target(model, **asked)
    network = model
    if "layer" in asked:
        network = kept(
            model,
            ("scores", f"layer {asked['layer']}", "waveform"),
            lambda: InferenceModel(model.input, target.network.output),
        )
    windows = [window for each in waveforms for window in model.spec.rule.cut(each)]
    outputs = by_shape(network.predict_on_batch, (each.samples for each in windows))
    of_windows = [
        float(ops.convert_to_numpy(target.values(ops.convert_to_tensor(each[None])))[0])
        for each in outputs
    ]
    clip_of = np.repeat(np.arange(len(waveforms)), len(windows) // len(waveforms))
    weights = [window.weight for window in windows]
    return weighted_means(np.array(of_windows), clip_of, weights, len(waveforms))


def _shares(steps: int, fractions: Sequence[float] | None) -> np.ndarray:
    if fractions is None:
        return np.linspace(0, 1, whole_number(steps, "steps") + 1)
    shares = np.array([number(each, "fractions") for each in fractions], np.float64)
    rising = len(shares) > 1 and (np.diff(shares) > 0).all()
    if not rising or shares[0] != 0 or shares[-1] != 1:
        raise ValueError(
            "fractions must rise from 0 to 1, as [0, 0.01, 0.1, 1] does. "
            f"Received: {fractions!r}."
        )
    return shares


def _steps(times: np.ndarray, seconds: float, count: int) -> np.ndarray:
    return np.clip((times / seconds * count).astype(int), 0, count - 1)


def _band(hertz: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.searchsorted(edges, hertz_to_mel(hertz), "right")


def _nearest(known: np.ndarray, count: int) -> np.ndarray:
    """Return the nearest of some known places for each of `count` places."""
    places = np.unique(known)
    away = np.abs(np.arange(count)[:, None] - places)
    return np.asarray(places[away.argmin(axis=1)])
