"""Take maxima before the activation and the normalization behind a convolution.

    convolution -> bias, activation -> normalization -> maxima
    convolution of kernel * sign -> maxima -> * sign, bias, activation -> normalization

What follows a convolution rises with its output in each channel, so the numbers are the
same. If normalization scales a channel by a negative number, it falls; the sign of the
kernel is changed there. After the maxima there are fewer values to change. Of a window
of one value along an axis, the values between windows are not computed.
"""

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Any, NamedTuple

from keras import activations, layers, ops

from kerasaudio.core.programs.graph import Graph, is_simple

_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D)
_POOLINGS = (layers.MaxPooling1D, layers.MaxPooling2D)
_RISING = (activations.relu, activations.sigmoid, activations.tanh)


class Chain(NamedTuple):
    """Layers that may run in another order.

    Attributes:
        convolution: A convolution with an activation.
        normalization: The batch normalization behind it.
        pooling: The maxima behind that.
    """

    convolution: Any
    normalization: Any
    pooling: Any

    def strides(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the strides of the convolution and of the maxima behind it."""
        first, second = list(self.convolution.strides), list(self.pooling.strides)
        dense = {*first, *self.convolution.dilation_rate} == {1}
        for axis, size in enumerate(self.pooling.pool_size):
            if size == 1 and dense:
                first[axis], second[axis] = first[axis] * second[axis], 1
        return tuple(first), tuple(second)

    def stand_ins(self) -> dict[int, Callable[..., Any]]:
        """Return what runs in place of the layers, by the `id` of the layer."""
        passed = {id(layer): lambda x, **_: x for layer in self[1:]}
        return {**passed, id(self.convolution): self._run}

    def _run(self, x: Any, **_: Any) -> Any:
        """Return what the maxima are, (batch, ..., channels)."""
        layer, normalization, pooling = self
        strides, of_pooling = self.strides()
        padding = layer.padding
        if padding == "same" and strides != tuple(layer.strides):
            whole = [size - 1 for size in layer.kernel_size]
            sides = [(size // 2, size - size // 2) for size in whole]
            x, padding = ops.pad(x, [(0, 0), *sides, (0, 0)]), "valid"
        sign = 1.0
        if normalization.scale:
            sign = ops.where(normalization.gamma < 0, -1.0, 1.0)
        dilation = layer.dilation_rate
        y = ops.conv(x, layer.kernel * sign, strides, padding, dilation_rate=dilation)
        y = ops.max_pool(y, pooling.pool_size, of_pooling, pooling.padding) * sign
        y = y if layer.bias is None else y + layer.bias
        return normalization(layer.activation(y), training=False)


def stand_ins(
    model: Any, without: Collection[str] = ()
) -> dict[int, Callable[..., Any]]:
    """Return what runs in place of layers, by the `id` of the layer.

    Args:
        model: A functional model.
        without: Names of convolutions that stay as they are.
    """
    found: dict[int, Callable[..., Any]] = {}
    for nodes in find_chains(Graph(model)):
        chain = Chain(*(node.operation for node in nodes))
        if chain.convolution.name not in without:
            found.update(chain.stand_ins())
    return found


def find_chains(graph: Graph) -> Iterator[tuple[Any, Any, Any]]:
    """Yield the nodes of convolution, normalization and maxima; see `Chain`."""
    for node in graph.nodes:
        chain = (node, *islice(graph.followers(node), 2))
        if (
            len(chain) == 3
            and is_simple(node)
            and graph.are_called_once(chain)
            and _fits(Chain(*(one.operation for one in chain)))
        ):
            yield chain


def _fits(chain: Chain) -> bool:
    layer, normalization, pooling = chain
    if not (
        type(layer) in _CONVOLUTIONS
        and type(normalization) is layers.BatchNormalization
        and type(pooling) in _POOLINGS
    ):
        return False
    return (
        layer.activation in _RISING
        and layer.padding in ("same", "valid")
        and layer.groups == 1
        and layer.quantization_mode is None
        and not getattr(layer, "lora_enabled", False)
        and {one.dtype_policy.name for one in chain} == {"float32"}
        and layer.data_format == pooling.data_format == "channels_last"
        and normalization.axis in (-1, len(layer.output.shape) - 1)
    )
