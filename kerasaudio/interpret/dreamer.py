"""A network prepared for dreams: gradient ascent on a picture, octave by octave."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerasaudio.core.inference import InferenceModel
from kerasaudio.interpret.climb import Climb, Kind, Stopped
from kerasaudio.interpret.dream_goal import Layers, find_goal
from kerasaudio.interpret.gradient import Gradient
from kerasaudio.interpret.picture_network import (
    PictureNetwork,
    Preprocess,
    functional,
)
from kerasaudio.interpret.pictures import Size, resized

_PICTURE = Kind("picture", "another seed, picture or layer", 20)
_GRAY, _NOISE = 0.5, 0.1
_MOST_PRODUCTS = 2**28  # 1 GB


@dataclass(frozen=True)
class Schedule:
    """How a dream goes.

    Attributes:
        sizes: Height and width of each octave, the smallest first.
        iterations: Number of steps in each.
        step: Mean change of a pixel by one step.
        jitter: Up to how many pixels the picture is rolled in each iteration.
        seed: Seeds of what is random.
    """

    sizes: Sequence[Size]
    iterations: int
    step: float
    jitter: int
    seed: tuple[int, ...] = ()

    def seeded(self, *seed: int) -> "Schedule":
        """Return the same with seeds."""
        return replace(self, seed=seed)

    @property
    def steps(self) -> int:
        """Number of steps in all."""
        return len(self.sizes) * self.iterations


@dataclass
class Course:
    """A dream while it goes on.

    Attributes:
        picture: float32 (height, width, 3).
        scores: Score in each iteration so far.
        stopped: See `Dream`.
        note: See `Dream`.
    """

    picture: np.ndarray
    scores: list[float] = field(default_factory=list)
    stopped: Stopped = "finished"
    note: str = ""


class Dreamer:
    """A network that is prepared for dreams, for several with the same target.

    What the backend compiles (not on torch) is kept, for each size of a picture. The
    weights are those of today.

    Args:
        network: See `dream`.
        layers: See `dream`.
        label: See `dream`.
        unit: See `dream`.
        picture_layer: See `dream`.
        preprocess: See `dream`.

    Raises:
        ValueError: See `dream`.

    Examples:
        >>> network = keras.Sequential(
        ...     [
        ...         keras.Input((64, 64, 3)),
        ...         keras.layers.Rescaling(1 / 255),
        ...         keras.layers.Conv2D(8, 5, 2, activation="relu", name="edges"),
        ...     ]
        ... )
        >>> dreamer = kerasaudio.interpret.Dreamer(network, "edges")
        >>> dreamer
        Dreamer('edges' of sequential...)
        >>> first, second = (
        ...     kerasaudio.interpret.dream(dreamer, iterations=2, seed=seed)
        ...     for seed in (0, 1)
        ... )
        >>> first.picture.shape
        (64, 64, 3)
    """

    def __init__(
        self,
        network: keras.Model,
        layers: Layers | None = None,
        *,
        label: str | None = None,
        unit: int | None = None,
        picture_layer: str | None = None,
        preprocess: Preprocess | None = None,
    ) -> None:
        self._layers = layers
        self.model = functional(network)
        self.goal = find_goal(self.model, layers, label, unit)
        self.seen = PictureNetwork(
            self.model, self.goal.outputs, self.goal.names, picture_layer, preprocess
        )

    def __repr__(self) -> str:
        """Return the target and the name of the network."""
        return f"Dreamer({self.goal.title!r} of {self.model.name})"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the target and of the weights up to it."""
        found = hashlib.sha256(repr((self.goal.title, self._layers)).encode())
        for weight in self.seen.network.get_weights():
            found.update(np.ascontiguousarray(weight).tobytes())
        return found.hexdigest()

    def guide(self, picture: np.ndarray, largest: Size) -> list[np.ndarray]:
        """Return the activations of a guide, (positions, channels) for each layer.

        Args:
            picture: float32 (height, width, 3).
            largest: Size of the pictures that it guides; a larger guide is reduced.

        Raises:
            ValueError: What is climbed has no guide, or there would be too many pairs
                of positions.
        """
        if self.goal.guided is None:
            raise ValueError(
                f"A guide goes with layers, not with {self.goal.title!r}, one number. "
                "Leave out label= and unit=, or the guide."
            )
        if self.seen.size is not None:
            size = self.seen.size
        else:
            height, width = picture.shape[:2]
            ratio = min(1.0, max(largest) / max(height, width))
            size = round(height * ratio) or 1, round(width * ratio) or 1
        for name, own, its in zip(
            self.goal.names,
            self.seen.shapes(largest),
            self.seen.shapes(size),
            strict=True,
        ):
            if len(its) != 4:
                raise ValueError(
                    f"Layer {name!r} has no map to compare with a guide's, (batch, "
                    f"height, width, channels): it returns {tuple(its[1:])}. Name an "
                    "earlier layer."
                )
            pairs = int(np.prod([side or 1 for side in (*own[1:3], *its[1:3])]))
            if pairs > _MOST_PRODUCTS:
                raise ValueError(
                    f"At layer {name!r}, the picture and the guide have {pairs:.2g} "
                    "pairs of positions to compare, more than fits into 1 GB. Pass a "
                    "smaller guide or size, or a later layer."
                )
        maps = self._maps.predict_on_batch(resized(picture, size)[None])
        maps = [maps] if len(self.goal.names) == 1 else maps
        return [
            np.asarray(each, "float32").reshape(-1, each.shape[-1]) for each in maps
        ]

    def run(
        self,
        picture: np.ndarray,
        guide: Sequence[np.ndarray] | None,
        schedule: Schedule,
        bar: Any,
    ) -> Course:
        """Change a picture, from the smallest octave to the largest.

        Args:
            picture: float32 (height, width, 3), of the largest size.
            guide: Activations of a guide, or None.
            schedule: How the dream goes.
            bar: Progress bar.

        Raises:
            ValueError: A size does not fit the network, or there is no gradient.
        """
        for size in schedule.sizes:
            self.seen.shapes(size)
        slope = self._slope(guide)
        course = Course(picture)
        detail = np.zeros((*schedule.sizes[0], 3), "float32")
        for size in schedule.sizes:
            base = resized(picture, size)
            steps = _Steps(schedule, size)
            start = (base + resized(detail, size)).clip(0, 1)
            climb = Climb(slope, self.goal.score, steps, start, course.scores, _PICTURE)
            climb.go(schedule.iterations, None, bar)
            course.stopped, course.note = climb.stopped, climb.note
            detail = climb.place - base
            if climb.stopped in ("interrupted", "diverged"):
                break
        whole = picture + resized(detail, picture.shape[:2])
        course.picture = whole.clip(0, 1).astype("float32")
        return course

    def _slope(self, guide: Sequence[np.ndarray] | None) -> Callable[[Any], Any]:
        if guide is None:
            return self._alone
        return lambda batch: self._guided(batch, *guide)

    @cached_property
    def _alone(self) -> Gradient:
        return Gradient(self.seen.network, self.goal.value)

    @cached_property
    def _guided(self) -> Gradient:
        assert self.goal.guided is not None
        return Gradient(self.seen.network, self.goal.guided)

    @cached_property
    def _maps(self) -> InferenceModel:
        network = self.seen.network
        return InferenceModel(network.input, network.outputs)


class _Steps:
    """Steps uphill for pictures of one size."""

    def __init__(self, schedule: Schedule, size: Size) -> None:
        self._schedule = schedule
        self._most = [min(schedule.jitter, side // 2) for side in size]

    def shift(self, iteration: int) -> tuple[int, ...]:
        """Return by how many rows and columns the picture is rolled."""
        if not any(self._most):
            return ()
        rng = np.random.default_rng((*self._schedule.seed, iteration))
        return tuple(int(rng.integers(-most, most + 1)) for most in self._most)

    def roll(
        self, batch: np.ndarray, shift: tuple[int, ...], back: bool = False
    ) -> np.ndarray:
        """Return pictures rolled by rows and columns, or back."""
        if not shift:
            return batch
        return np.roll(batch, [-by if back else by for by in shift], axis=(1, 2))

    def move(self, batch: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the pictures one step further."""
        mean = float(np.abs(gradient).mean())
        change = self._schedule.step / mean if mean else 0.0
        return (batch + change * gradient).clip(0, 1).astype("float32")


def noise(size: Size, seed: Sequence[int]) -> np.ndarray:
    """Return a gray picture with seeded noise."""
    rng = np.random.default_rng(seed)
    picture = _GRAY + _NOISE * rng.standard_normal((*size, 3))
    return picture.clip(0, 1).astype("float32")
