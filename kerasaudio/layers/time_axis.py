"""Where a clip ends inside a longer array, followed through a network.

A clip that was filled up to a length for which there is a program (jax compiles one
for each) must give the numbers it gives alone. So each tensor on its way carries how
many of its steps are the clip's; what stands behind them is anything. A rule for each
kind of layer says how many there are behind it, and hides the others where the layer
looks farther than one step: padding sees zeros, means and maxima what there is.

Rules stand beside what they are for: those of our layers that only one network has in
its file, all others in `time_rules` and `time_rules_frontend`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops


class Timed:
    """A tensor, and how much of it is the clip's.

    Attributes:
        value: (batch, steps, ...), or a tensor without a time axis.
        count: How many steps are the clip's, a scalar tensor; None without a time axis.
        pieces: How many rows in a row are of one clip, with those that are not the
            clip's; None if each row is a clip.
    """

    def __init__(self, value: Any, count: Any = None, pieces: Any = None) -> None:
        self.value, self.count, self.pieces = value, count, pieces


class NoRuleError(Exception):
    """Nobody knows what a layer does to the end of a clip."""


Rule = Callable[[Any, Sequence[Timed]], Timed]
RULES: dict[type, Rule] = {}


def rule(*kinds: type) -> Callable[[Rule], Rule]:
    """Make a function the rule of layers of just these classes."""

    def register(function: Rule) -> Rule:
        for kind in kinds:
            RULES[kind] = function
        return function

    return register


def demand(condition: bool, layer: Any) -> None:
    """Raise NoRuleError unless a layer is set up in a way that has a rule."""
    if not condition:
        raise NoRuleError(f"{type(layer).__name__} {layer.name!r}")


def steps(count: Any, width: int, stride: int) -> Any:
    """Give how many windows of some width fit into so many steps, a stride apart."""
    left = count - width
    if stride == 1:
        return left + 1
    if stride & (stride - 1) == 0:  # XLA repeats it in each loop: a quotient is long
        return ops.right_shift(left, stride.bit_length() - 1) + 1
    return left // stride + 1


def hide(x: Any, count: Any, value: float = 0.0) -> Any:
    """Give (batch, steps, ...) with `value` behind the first `count` steps."""
    inside = ops.arange(ops.shape(x)[1], dtype="int32") < count
    inside = ops.reshape(inside, (1, -1) + (1,) * (len(x.shape) - 2))
    return ops.where(inside, x, ops.convert_to_tensor(value, x.dtype))


def mean(x: Any, count: Any, axes: Sequence[int], keepdims: bool = False) -> Any:
    """Average (batch, steps, ...) over axes, the steps among them; no half precision.

    Args:
        x: (batch, steps, ...).
        count: How many steps count.
        axes: 1, and others.
        keepdims: Whether they stay, of size 1.
    """
    total = ops.sum(
        hide(ops.cast(x, "float32"), count), axis=tuple(axes), keepdims=keepdims
    )
    for axis in axes:
        size = count if axis == 1 else ops.shape(x)[axis]
        total = total / ops.cast(size, "float32")
    return ops.cast(total, x.dtype)
