"""Convolutions, then maxima, then activation and normalization; see `early_pooling`."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch

from kerasaudio.core.programs.early_pooling import Chain, image_kernel
from kerasaudio.core.programs.folded import scale_and_shift
from kerasaudio.core.programs.torch_steps import along_time
from kerasaudio.core.programs.torch_steps.activations import apply
from kerasaudio.core.programs.torch_steps.linear import Convolution
from kerasaudio.core.programs.torch_steps.others import Pool
from kerasaudio.core.programs.torch_steps.step import Step, value


class _Pooled(Convolution):
    """A convolution whose maxima are changed, in place of all its outputs."""

    def __init__(self, chain: Chain) -> None:
        layer, self._second, pooling, self._rectifier = chain
        super().__init__(layer, None, None)
        self._chain = chain
        self.variables = [*self.variables, *self._second.weights]
        self._rises = layer.activation
        strides, of_pooling = chain.strides()
        self._strides = [*self._strides[: -len(strides)], *strides]
        self._pool = Pool(pooling, of_pooling)
        tall, *wide = layer.kernel_size
        two = along_time.Form.of(tall).parts == 2
        self.in_strips = two and bool(wide) and wide[0] > 1

    def _weights(self) -> tuple[Any, Any]:
        kernel, bias = super()._weights()
        sign = self._sign()
        return kernel * sign, None if bias is None else bias * sign

    def _sign(self) -> Any:
        scale, _ = scale_and_shift(self._second, value)
        return torch.where(scale < 0, -1.0, 1.0)

    def prepare(self) -> Any:
        """Return the kernels, the sign, and the normalization's scale and shift."""
        sign = self._sign()
        some = sign if bool((sign < 0).any()) else None
        kernels = super().prepare(), cache(lambda: self._tiled(sign))
        return kernels, some, *scale_and_shift(self._second, value)

    def _tiled(self, sign: Any) -> tuple[along_time.AlongTime, Any]:
        kernel, bias = value(self._layer.kernel) * sign, self._layer.bias
        made = along_time.AlongTime(image_kernel(kernel))
        return made, None if bias is None else value(bias) * sign

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        """Return (batch, ..., channels)."""
        kernels, sign, scale, shift = ready
        y = self._maxima(kernels, inputs, owned)
        if sign is not None:
            y = y * sign
        y = apply(self._rises, y, True)
        y = torch.addcmul(shift, y, scale, out=y)
        return y if self._rectifier is None else torch.relu_(y)

    def _maxima(self, kernels: Any, inputs: Sequence[Any], owned: bool) -> Any:
        (x,) = inputs
        plain, tiled = kernels
        if x.device.type == "cpu" and self._chain.in_tiles(x.shape[1:-1]):
            kernel, bias = tiled()
            y = self._chain.maxima(kernel.maxima, x)
            return y if bias is None else y.add_(bias)
        return self._pool.run(None, [super().run(plain, inputs, owned)], True)


def pooled_step(nodes: Sequence[Any]) -> Step:
    """Return the step of nodes that `find_chains` yields."""
    return _Pooled(Chain.of(nodes))
