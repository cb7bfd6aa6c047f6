"""Take maxima before the activation and the normalization behind a convolution.

    convolution -> bias, activation -> normalization -> maxima
    convolution of kernel * sign -> maxima -> * sign, bias, activation -> normalization

What follows a convolution rises with its output in each channel, so the numbers are the
same. If normalization scales a channel by a negative number, it falls; the sign of the
kernel is changed there. After the maxima there are fewer values to change. Of a window
of one value along an axis, the values between windows are not computed. Where kernels
are tall (see `tall`), an activation may also come behind the normalization.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from keras import activations, layers, ops

from kerasaudio.core.programs import tall
from kerasaudio.core.programs.graph import Graph, is_simple

_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D)
_POOLINGS = (layers.MaxPooling1D, layers.MaxPooling2D)
_RISING = (activations.relu, activations.sigmoid, activations.tanh)
Maxima = Callable[[Any, Any, int], Any]  # see `tall.maxima`


class Chain(NamedTuple):
    """Layers that may run in another order.

    Attributes:
        convolution: A convolution with an activation.
        normalization: The batch normalization behind it.
        pooling: The maxima behind that.
        rectifier: A ReLU between these two, or None.
    """

    convolution: Any
    normalization: Any
    pooling: Any
    rectifier: Any = None

    @classmethod
    def of(cls, nodes: Sequence[Any]) -> "Chain":
        """Return the chain of nodes in the order of the graph."""
        first, second, *others, last = (node.operation for node in nodes)
        return cls(first, second, last, *others)

    def layers(self) -> list[Any]:
        """Return the layers."""
        return [layer for layer in self if layer is not None]

    def strides(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the strides of the convolution and of the maxima behind it."""
        first, second = list(self.convolution.strides), list(self.pooling.strides)
        dense = {*first, *self.convolution.dilation_rate} == {1}
        for axis, size in enumerate(self.pooling.pool_size):
            if size == 1 and dense:
                first[axis], second[axis] = first[axis] * second[axis], 1
        return tuple(first), tuple(second)

    def is_tall(self, image: Sequence[int | None]) -> bool:
        """Return whether tiles along the first axis are faster.

        Args:
            image: Height and width of the input.
        """
        layer, _, pooling, _ = self
        sizes = layer.kernel.shape
        dense = {*self.strides()[0], *layer.dilation_rate} == {1}
        if len(sizes) != 4 or None in image or not dense:
            return False
        high, wide = (a - b + 1 for a, b in zip(image, sizes, strict=False))
        return (
            layer.padding == pooling.padding == "valid"
            and tuple(pooling.strides) == tuple(pooling.pool_size)
            and pooling.pool_size[0] == 1
            and pooling.pool_size[1] <= wide
            and tall.pays(sizes, (high, wide))
        )

    def stand_ins(self, maxima: Maxima | None) -> dict[int, Callable[..., Any]]:
        """Return what runs in place of the layers, by the `id` of the layer.

        Args:
            maxima: Convolves with tall kernels in tiles, as `tall.maxima`; None if all
                kernels are as others.
        """
        passed = {id(layer): lambda x, **_: x for layer in self.layers()}
        return {**passed, id(self.convolution): partial(self._run, maxima)}

    def _run(self, maxima: Maxima | None, x: Any, **_: Any) -> Any:
        """Return what the maxima are, (batch, ..., channels)."""
        layer, normalization, pooling, rectifier = self
        strides, of_pooling = self.strides()
        padding = layer.padding
        if padding == "same" and strides != tuple(layer.strides):
            whole = [size - 1 for size in layer.kernel_size]
            sides = [(size // 2, size - size // 2) for size in whole]
            x, padding = ops.pad(x, [(0, 0), *sides, (0, 0)]), "valid"
        sign = 1.0
        if normalization.scale:
            sign = ops.where(normalization.gamma < 0, -1.0, 1.0)
        kernel, dilation = layer.kernel * sign, layer.dilation_rate
        if maxima is not None and self.is_tall(x.shape[1:3]):
            y = maxima(x, kernel, pooling.pool_size[1])
        else:
            y = ops.conv(x, kernel, strides, padding, dilation_rate=dilation)
            y = ops.max_pool(y, pooling.pool_size, of_pooling, pooling.padding)
        y = y * sign if layer.bias is None else y * sign + layer.bias
        y = normalization(layer.activation(y), training=False)
        return y if rectifier is None else rectifier(y)


def stand_ins(
    model: Any, without: Collection[str] = (), maxima: Maxima | None = None
) -> dict[int, Callable[..., Any]]:
    """Return what runs in place of layers, by the `id` of the layer.

    Args:
        model: A functional model.
        without: Names of convolutions that stay as they are.
        maxima: See `Chain.stand_ins`.
    """
    found: dict[int, Callable[..., Any]] = {}
    for nodes in find_chains(Graph(model)):
        chain = Chain.of(nodes)
        if chain.convolution.name not in without:
            found.update(chain.stand_ins(maxima))
    return found


def find_chains(graph: Graph) -> Iterator[tuple[Any, ...]]:
    """Yield the nodes of the layers of a `Chain`, in the order of the graph."""
    for node in graph.nodes:
        after = tuple(islice(graph.followers(node), 3))
        for chain in ((node, *after[:2]), (node, *after)):
            if (
                len(chain) >= 3
                and is_simple(node)
                and graph.are_called_once(chain)
                and _fits(Chain.of(chain))
            ):
                yield chain
                break


def _fits(chain: Chain) -> bool:
    layer, normalization, pooling, rectifier = chain
    if not (
        type(layer) in _CONVOLUTIONS
        and type(normalization) is layers.BatchNormalization
        and type(pooling) in _POOLINGS
    ):
        return False
    if rectifier is None:
        rises = layer.activation in _RISING
    else:
        rises = (
            type(rectifier) is layers.ReLU
            and not rectifier.negative_slope
            and not rectifier.threshold
            and layer.activation is activations.linear
            and chain.is_tall(layer.input.shape[1:3])
        )
    return (
        rises
        and layer.padding in ("same", "valid")
        and layer.groups == 1
        and layer.quantization_mode is None
        and not getattr(layer, "lora_enabled", False)
        and {one.dtype_policy.name for one in chain.layers()} == {"float32"}
        and layer.data_format == pooling.data_format == "channels_last"
        and normalization.axis in (-1, len(layer.output.shape) - 1)
    )
