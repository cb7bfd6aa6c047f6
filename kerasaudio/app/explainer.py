"""A thread that finds what the network listens to, for those who want to see it.

It takes at most a quarter of one core: it rests three times as long as each explanation
took, and skips what came meanwhile. So it hardly holds up the tags, which another
thread finds.
"""

import base64
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.app.ear import Moment
from kerasaudio.app.worker import Worker
from kerasaudio.core import AudioModel
from kerasaudio.interpret import Attribution, grad_cam, saliency
from kerasaudio.layers.filterbank import hertz_to_mel, mel_to_hertz

BANDS = 64  # rows of the page's spectrogram
_COLUMN_SECONDS = 0.02
_REST_SECONDS = 0.2
_LEAST_SCORE = 0.05
_SOFT = 98.0  # percentile of the strength that is marked in full

Deliver = Callable[[dict[str, Any]], None]


class Question(NamedTuple):
    """What a visitor wants to see.

    Attributes:
        moment: A window.
        label: Its best label.
        score: The score of that.
        deliver: Function of the answer; it is called by the explainer's thread.
    """

    moment: Moment
    label: str
    score: float
    deliver: Deliver


def bands(sample_rate: int) -> np.ndarray:
    """Return the middles of the rows in Hz, evenly spaced in mel, float64 (BANDS,)."""
    top = hertz_to_mel(sample_rate / 2)
    return mel_to_hertz((np.arange(BANDS) + 0.5) * top / BANDS)


class Explainer(Worker):
    """Answers the newest question of each visitor.

    Args:
        model: The model.
        samples: Length of its windows, with their context.
    """

    def __init__(self, model: AudioModel, samples: int) -> None:
        super().__init__("explainer")
        self._model, self._samples = model, samples
        self._questions: dict[int, Question] = {}
        self._bands = bands(model.spec.sample_rate)
        self._methods: tuple[Callable[..., Attribution], ...] = (saliency, grad_cam)

    def ask(self, who: int, question: Question) -> None:
        """Replace the question of a visitor."""
        if question.score < _LEAST_SCORE or not question.moment.samples.any():
            return
        with self._ready:
            self._questions[who] = question
            self._ready.notify()

    def leave(self, who: int) -> None:
        """Forget the question of a visitor."""
        with self._ready:
            self._questions.pop(who, None)

    def _work(self) -> None:
        noise = np.random.default_rng(0).normal(0, 0.1, self._samples)
        label = (self._model.spec.labels or ("",))[0]
        moment = Moment(noise.astype(np.float32), 0, 1)
        self._answer(Question(moment, label, 1, lambda message: None))
        while True:
            with self._ready:
                if not self._comes(lambda: self._questions):
                    return
                question = self._questions.pop(next(iter(self._questions)))
            begin = time.perf_counter()
            answer = self._answer(question)
            question.deliver(answer)
            took = time.perf_counter() - begin
            with self._ready:
                self._ready.wait_for(
                    lambda: self._is_over, timeout=max(_REST_SECONDS, 3 * took)
                )

    def _answer(self, question: Question) -> dict[str, Any]:
        """Return a message with a mask, or with why there is none."""
        reason: Exception | None = None
        for method in self._methods:
            try:
                found = method(
                    self._model,
                    question.moment.samples,
                    self._model.spec.sample_rate,
                    label=question.label,
                )
                return self._message(question, found)
            except Exception as error:  # of a network of one's own: told to the page
                reason = error
        return {"kind": "no_saliency", "why": f"No saliency: {reason}"}

    def _message(self, question: Question, found: Attribution) -> dict[str, Any]:
        mask = self._mask(found)
        whole = np.rint(255 * mask).astype(np.uint8)
        return {
            "kind": "saliency",
            "label": question.label,
            "start": question.moment.end - found.seconds,
            "end": question.moment.end,
            "columns": len(mask),
            "mask": base64.b64encode(whole.tobytes()).decode("ascii"),
        }

    def _mask(self, found: Attribution) -> np.ndarray:
        """Return shares of the strongest part, (columns, BANDS), lowest first."""
        strength = found.strength.astype("float64")
        if found.frequencies is None:  # no places in frequency: whole columns
            strength = strength.reshape(len(strength), -1).sum(axis=1)
            strength = np.repeat(strength[:, None], BANDS, axis=1)
        else:
            order = np.argsort(found.frequencies)
            hertz = found.frequencies[order]
            rows = np.searchsorted(hertz, self._bands).clip(0, len(hertz) - 1)
            below = (rows - 1).clip(0)
            is_nearer = self._bands - hertz[below] < hertz[rows] - self._bands
            strength = strength[:, order][:, np.where(is_nearer, below, rows)]
        columns = max(1, round(found.seconds / _COLUMN_SECONDS))
        edges = found.seconds * np.arange(columns) / columns
        nearest = np.searchsorted(found.times, edges).clip(0, len(found.times) - 1)
        strength = strength[nearest]
        most = float(np.percentile(strength, _SOFT))
        return np.minimum(strength / most, 1) if most > 0 else np.sign(strength)
