"""The course of one ascent: step by step until it ends, diverges or is interrupted."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

Stopped = Literal["finished", "reached", "interrupted", "diverged", "flat"]
_LEAST_SLOPE = 1e-30


class Steps(Protocol):
    """How the steps of an ascent are made, for waveforms or for pictures."""

    def shift(self, iteration: int) -> Any:
        """Return how far what climbs is rolled in an iteration; 0 or () for not."""

    def roll(self, batch: np.ndarray, shift: Any, back: bool = False) -> np.ndarray:
        """Return a batch rolled by a shift, or back."""

    def move(self, batch: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return a batch one step further."""


class Kind(NamedTuple):
    """What climbs.

    Attributes:
        name: Its name in sentences.
        elsewhere: Where else to start, if there is no gradient.
        patience: Number of iterations over which a falling score is averaged.
    """

    name: str
    elsewhere: str
    patience: int


SOUND = Kind("sound", "another seed, or start= with a sound that it hears", 50)


class Climb:
    """A waveform, or a picture, on its way up.

    Args:
        slope: Value and gradient of a batch.
        score: Turns values into the scores of the course.
        ascent: How a step is made.
        start: Where it starts, without the axis of the batch.
        course: Scores of iterations that were done before.
        kind: What climbs.
    """

    def __init__(
        self,
        slope: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
        score: Callable[[np.ndarray], np.ndarray],
        ascent: Steps,
        start: np.ndarray,
        course: list[float],
        kind: Kind = SOUND,
    ) -> None:
        self.place = start
        self.course = course
        self._kind = kind
        self._done = len(course)
        self.stopped: Stopped = "finished"
        self.note = ""
        self._slope, self._score, self._ascent = slope, score, ascent
        self._values: list[float] = []
        self._best = (-np.inf, start)

    def go(self, iterations: int, goal: float | None, bar: Any) -> None:
        """Make steps until one of the reasons to stop.

        Raises:
            ValueError: There is no slope at the start.
        """
        try:
            for _ in range(iterations):
                if not self._advance(goal):
                    return
                bar.set_postfix(score=f"{self.course[-1]:.4g}", refresh=False)
                bar.update()
        except KeyboardInterrupt:
            del self.course[self._done :]  # of a step that was not made
            done = len(self.course)
            self._stop("interrupted", f"Interrupted after {done} iterations.")
        else:
            self._stop("finished", f"{len(self.course)} iterations.")

    def final_score(self) -> float:
        """Return the score of the place where it is."""
        values, _ = self._slope(self.place[None])
        return float(self._score(values)[0])

    def _advance(self, goal: float | None) -> bool:
        """Make one step; False if the ascent has stopped."""
        shift = self._ascent.shift(len(self.course))
        shifted = self._ascent.roll(self.place[None], shift)
        (value,), gradient = self._slope(shifted)
        gradient = self._ascent.roll(gradient, shift, back=True)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return self._diverge("its value or gradient was not finite")
        self._values.append(float(value))
        self.course.append(float(self._score(np.array([value]))[0]))
        if value > self._best[0]:
            self._best = (float(value), self.place)
        # The score of what is returned counts, not of the shifted one.
        if goal is not None and self.course[-1] >= goal:
            score = self.final_score() if shift else self.course[-1]
            if score >= goal:
                count = len(self.course)
                return self._stop("reached", f"Score reached in {count} iterations.")
        patience = self._kind.patience
        falls = np.mean(self._values[-patience:]) < self._values[0]
        if len(self._values) > patience and falls:
            return self._diverge(
                f"its score fell below that of the start in {patience} iterations"
            )
        if np.abs(gradient).max() < _LEAST_SLOPE:
            if len(self._values) == 1:
                raise ValueError(
                    "There is no gradient at the start: the unit is silent there, or "
                    "its score is as high as it can be. Try "
                    f"{self._kind.elsewhere}."
                )
            return self._stop(
                "flat",
                f"Stopped after {len(self.course)} iterations: the gradient is zero.",
            )
        self.place = self._ascent.move(self.place[None], gradient)[0]
        self._done = len(self.course)
        return True

    def _diverge(self, reason: str) -> bool:
        self.place = self._best[1]
        return self._stop(
            "diverged",
            f"Stopped after {len(self.course)} iterations, as {reason}. The "
            f"{self._kind.name} is the best one before. Use a smaller step.",
        )

    def _stop(self, stopped: Stopped, note: str) -> bool:
        self.stopped, self.note = stopped, note
        return False
