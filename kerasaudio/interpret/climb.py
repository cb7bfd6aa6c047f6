"""The course of one ascent: step by step until it ends, diverges or is interrupted."""

from collections.abc import Callable
from typing import Any

import numpy as np

from kerasaudio.interpret.ascent import Ascent
from kerasaudio.interpret.auralization import Stopped
from kerasaudio.interpret.gradient import Gradient

_PATIENCE = 50  # iterations over which a falling score is averaged
_LEAST_SLOPE = 1e-30


class Climb:
    """A waveform on its way up.

    Args:
        slope: Value and gradient of waveforms.
        score: Turns values into the scores of the course.
        ascent: How a step is made.
        waveform: Where it starts, (samples,).
        course: Scores of iterations that were done before.
    """

    def __init__(
        self,
        slope: Gradient,
        score: Callable[[np.ndarray], np.ndarray],
        ascent: Ascent,
        waveform: np.ndarray,
        course: list[float],
    ) -> None:
        self.waveform = waveform
        self.course = course
        self._done = len(course)
        self.stopped: Stopped = "finished"
        self.note = ""
        self._slope, self._score, self._ascent = slope, score, ascent
        self._values: list[float] = []
        self._best = (-np.inf, waveform)

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
        """Return the score of the waveform as it is."""
        values, _ = self._slope(self.waveform[None])
        return float(self._score(values)[0])

    def _advance(self, goal: float | None) -> bool:
        """Make one step; False if the ascent has stopped."""
        shift = self._ascent.shift(len(self.course))
        shifted = np.roll(self.waveform, shift)
        (value,), gradient = self._slope(shifted[None])
        gradient = np.roll(gradient, -shift, axis=1)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return self._diverge("its value or gradient was not finite")
        self._values.append(float(value))
        self.course.append(float(self._score(np.array([value]))[0]))
        if value > self._best[0]:
            self._best = (float(value), self.waveform)
        # The score of the sound that is returned counts, not of the shifted one.
        if goal is not None and self.course[-1] >= goal:
            score = self.final_score() if shift else self.course[-1]
            if score >= goal:
                count = len(self.course)
                return self._stop("reached", f"Score reached in {count} iterations.")
        recent = self._values[-_PATIENCE:]
        if len(self._values) > _PATIENCE and np.mean(recent) < self._values[0]:
            return self._diverge(
                f"its score fell below that of the start in {_PATIENCE} iterations"
            )
        if np.abs(gradient).max() < _LEAST_SLOPE:
            if len(self._values) == 1:
                raise ValueError(
                    "There is no gradient at the start: the unit is silent there, or "
                    "its score is as high as it can be. Try another seed, or start= "
                    "with a sound that it hears."
                )
            return self._stop(
                "flat",
                f"Stopped after {len(self.course)} iterations: the gradient is zero.",
            )
        self.waveform = self._ascent.move(self.waveform[None], gradient)[0]
        self._done = len(self.course)
        return True

    def _diverge(self, reason: str) -> bool:
        self.waveform = self._best[1]
        return self._stop(
            "diverged",
            f"Stopped after {len(self.course)} iterations, as {reason}. The sound is "
            "the best one before. Use a smaller step.",
        )

    def _stop(self, stopped: Stopped, note: str) -> bool:
        self.stopped, self.note = stopped, note
        return False
