"""Follow the end of a clip inside a longer array through a network.

jax compiles one program per length. A clip that was padded to such a length must give
the same result as without padding. Therefore each tensor carries the number of its
steps that belong to the clip; the steps after them are arbitrary. A rule for each kind
of layer computes this number for its output. If the layer uses more than one step, the
rule hides the other steps: padding sees zeros, means and maxima see the clip only.

Rules for layers that only one network uses are in that network's file, all others in
`time_rules` and `time_rules_frontend`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops


class Timed:
    """A tensor, and the number of its steps that belong to the clip.

    Attributes:
        value: (batch, steps, ...), or a tensor without a time axis.
        count: Number of steps that belong to the clip, a scalar tensor; None without a
            time axis.
        pieces: Number of consecutive rows that belong to one clip, padding included;
            None if each row is a clip.
        within: Number of steps inside each piece of (batch, pieces, steps, ...) that
            belong to the clip; None if all do.
    """

    def __init__(
        self, value: Any, count: Any = None, pieces: Any = None, within: Any = None
    ) -> None:
        self.value, self.count, self.pieces = value, count, pieces
        self.within = within


class NoRuleError(Exception):
    """The effect of a layer on the end of a clip is unknown."""


Rule = Callable[[Any, Sequence[Timed]], Timed]
RULES: dict[type, Rule] = {}


def rule(*kinds: type) -> Callable[[Rule], Rule]:
    """Return a decorator that registers a rule for exactly these classes."""

    def register(function: Rule) -> Rule:
        for kind in kinds:
            RULES[kind] = function
        return function

    return register


def demand(condition: bool, layer: Any) -> None:
    """Raise NoRuleError unless there is a rule for the layer's configuration."""
    if not condition:
        raise NoRuleError(f"{type(layer).__name__} {layer.name!r}")


def steps(count: Any, width: int, stride: int) -> Any:
    """Return the number of windows of this width and stride that fit into the steps."""
    left = count - width
    if stride == 1:
        return left + 1
    if stride & (stride - 1) == 0:  # XLA repeats this in loops, and division is slow
        return ops.right_shift(left, stride.bit_length() - 1) + 1
    return left // stride + 1


def hide(x: Any, count: Any, value: float = 0.0) -> Any:
    """Return (batch, steps, ...) with `value` after the first `count` steps."""
    inside = ops.arange(ops.shape(x)[1], dtype="int32") < count
    inside = ops.reshape(inside, (1, -1) + (1,) * (len(x.shape) - 2))
    return ops.where(inside, x, ops.convert_to_tensor(value, x.dtype))


def mean(x: Any, count: Any, axes: Sequence[int], keepdims: bool = False) -> Any:
    """Average (batch, steps, ...) over axes, including the steps, in float32.

    Args:
        x: (batch, steps, ...).
        count: Number of steps that belong to the clip.
        axes: Axes to average over; must include 1.
        keepdims: Whether to keep these axes with size 1.
    """
    total = ops.sum(
        hide(ops.cast(x, "float32"), count), axis=tuple(axes), keepdims=keepdims
    )
    for axis in axes:
        size = count if axis == 1 else ops.shape(x)[axis]
        total = total / ops.cast(size, "float32")
    return ops.cast(total, x.dtype)
