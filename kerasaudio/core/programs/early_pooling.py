"""Take maxima before the activation and the normalization behind a convolution.

    convolution -> bias, activation -> normalization -> maxima
    convolution of kernel * sign -> maxima -> * sign, bias, activation -> normalization

What follows a convolution rises with its output in each channel, so the numbers are the
same. If normalization scales a channel by a negative number, it falls; the sign of the
kernel is changed there. After the maxima there are fewer values to change. Of a window
of one value along an axis, the values between windows are not computed. What runs in
tiles (see `along_time`) may also have its activation behind the normalization.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import keras
from keras import activations, layers, ops

from kerasaudio.core.programs import along_time
from kerasaudio.core.programs.graph import Graph, is_simple

_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D)
_POOLINGS = (layers.MaxPooling1D, layers.MaxPooling2D)
_RISING = (activations.relu, activations.sigmoid, activations.tanh)
Maxima = Callable[[Any, Any, Sequence[int]], Any]  # see `along_time.maxima`


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

    def in_tiles(self, image: Sequence[int | None]) -> bool:
        """Return whether tiles along time are faster.

        Args:
            image: Length, or height and width, of the input.
        """
        layer, _, pooling, _ = self
        if keras.backend.backend() == "tensorflow" and layer.kernel_size[0] == 3:
            return False  # XLA takes as long there as TensorFlow's own convolutions
        dense = {*self.strides()[0], *layer.dilation_rate} == {1}
        beside = tuple(pooling.strides) == tuple(pooling.pool_size)
        if None in image or not (dense and beside and pooling.padding == "valid"):
            return False
        sizes = [size for size in image if size is not None]
        if layer.padding == "valid":
            sizes = [a - b + 1 for a, b in zip(sizes, layer.kernel_size, strict=True)]
        fill = [1] * (2 - len(sizes))
        kernel = [*layer.kernel_size, *fill, *layer.kernel.shape[-2:]]
        return along_time.pays(kernel, [*sizes, *fill], [*pooling.pool_size, *fill])

    def maxima(self, how: Callable[[Any, Sequence[int]], Any], x: Any) -> Any:
        """Return the maxima in tiles, (batch, ..., channels).

        Args:
            how: Function of an image that needs no more padding, (batch, height, width,
                inputs), and of the height and width of a window.
            x: The input, (batch, ..., inputs).
        """
        x = self._padded(x) if self.convolution.padding == "same" else x
        if self.convolution.rank == 2:
            return how(x, self.pooling.pool_size)
        return how(x[:, :, None], (*self.pooling.pool_size, 1))[:, :, 0]

    def _padded(self, x: Any) -> Any:
        """Return the input with the padding of a convolution without strides."""
        whole = [size - 1 for size in self.convolution.kernel_size]
        sides = [(size // 2, size - size // 2) for size in whole]
        return ops.pad(x, [(0, 0), *sides, (0, 0)])

    def stand_ins(self, maxima: Maxima | None) -> dict[int, Callable[..., Any]]:
        """Return what runs in place of the layers, by the `id` of the layer.

        Args:
            maxima: What computes maxima in tiles, as `along_time.maxima`; None for
                nothing in tiles.
        """
        passed = {id(layer): lambda x, **_: x for layer in self.layers()}
        return {**passed, id(self.convolution): partial(self._run, maxima)}

    def _run(self, maxima: Maxima | None, x: Any, **_: Any) -> Any:
        """Return what the maxima are, (batch, ..., channels)."""
        layer, normalization, pooling, rectifier = self
        strides, of_pooling = self.strides()
        padding = layer.padding
        if padding == "same" and strides != tuple(layer.strides):
            x, padding = self._padded(x), "valid"
        sign = 1.0
        if normalization.scale:
            sign = ops.where(normalization.gamma < 0, -1.0, 1.0)
        kernel, dilation = layer.kernel * sign, layer.dilation_rate
        if maxima is not None and self.in_tiles(x.shape[1:-1]):
            kernel = image_kernel(kernel)
            y = self.maxima(lambda image, pool: maxima(image, kernel, pool), x)
        else:
            y = ops.conv(x, kernel, strides, padding, dilation_rate=dilation)
            y = ops.max_pool(y, pooling.pool_size, of_pooling, pooling.padding)
        y = y * sign if layer.bias is None else y * sign + layer.bias
        y = normalization(layer.activation(y), training=False)
        return y if rectifier is None else rectifier(y)


def image_kernel(kernel: Any) -> Any:
    """Return a kernel for images, (height, width, inputs, channels)."""
    return kernel if len(kernel.shape) == 4 else kernel[:, None]


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
            and chain.in_tiles(layer.input.shape[1:-1])
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
