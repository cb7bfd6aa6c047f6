"""What is climbed for a target, and the score that people read."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from kerasaudio.core import AudioModel
from kerasaudio.interpret.target import Target, activation_name

_TINY = 1e-7
_NOTHING = -1e9


class Objective(NamedTuple):
    """A number per clip to climb.

    Attributes:
        value: Function of the outputs of the target's network and its input; (batch,).
        score: Function of such values: the score that the model gives.
    """

    value: Callable[..., Any]
    score: Callable[[np.ndarray], np.ndarray]


def objective_of(
    model: AudioModel, target: Target, *, is_label: bool, against: bool
) -> Objective:
    """Return what to climb towards a target, or away from it.

    For labels it is the logarithm of the odds, which has a slope where the score itself
    is flat, near 0 and 1: the logit of a sigmoid; of a softmax, the logit minus the
    logarithm of the sum of the other exponentials. For heads without such an
    activation, and for units, it is their value.

    Args:
        model: The model.
        target: See `find_target`.
        is_label: Whether the target is a label.
        against: Whether to go down: the score is then 1 - p, or the negative value.
    """
    activation = activation_name(model) if is_label else None
    sign = -1.0 if against else 1.0
    if activation not in ("sigmoid", "softmax"):
        return Objective(lambda out, x: sign * target.values(out), np.asarray)
    odds = _of_probabilities if target.network is model else _ODDS[activation]
    return Objective(lambda out, x: sign * odds(target, out), _sigmoid)


def _of_probabilities(target: Target, outputs: Any) -> Any:
    score = target.values(outputs)
    return ops.log(score + _TINY) - ops.log(1 - score + _TINY)


def _of_softmax(target: Target, logits: Any) -> Any:
    others = np.where(np.arange(logits.shape[-1]) == target.unit, _NOTHING, 0)
    rest = ops.logsumexp(ops.add(logits, others.astype("float32")), axis=-1)
    return target.values(logits) - rest


def _of_sigmoid(target: Target, logits: Any) -> Any:
    return target.values(logits)


_ODDS = {"softmax": _of_softmax, "sigmoid": _of_sigmoid}


def _sigmoid(values: np.ndarray) -> np.ndarray:
    score: np.ndarray = 0.5 * (1 + np.tanh(np.asarray(values, "float64") / 2))
    return score
