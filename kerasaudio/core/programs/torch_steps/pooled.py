"""Convolutions, then maxima, then activation and normalization; see `early_pooling`."""

from collections.abc import Sequence
from typing import Any

import torch

from kerasaudio.core.programs.early_pooling import Chain
from kerasaudio.core.programs.folded import scale_and_shift
from kerasaudio.core.programs.torch_steps.activations import apply
from kerasaudio.core.programs.torch_steps.linear import Convolution
from kerasaudio.core.programs.torch_steps.others import Pool
from kerasaudio.core.programs.torch_steps.step import Step, value


class _Pooled(Convolution):
    """A convolution whose maxima are changed, in place of all its outputs."""

    def __init__(self, chain: Chain) -> None:
        layer, self._second, pooling = chain
        super().__init__(layer, None, None)
        self.variables = [*self.variables, *self._second.weights]
        self._rises = layer.activation
        strides, of_pooling = chain.strides()
        self._strides = [*self._strides[: -len(strides)], *strides]
        self._pool = Pool(pooling, of_pooling)

    def _weights(self) -> tuple[Any, Any]:
        kernel, bias = super()._weights()
        sign = self._sign()
        return kernel * sign, None if bias is None else bias * sign

    def _sign(self) -> Any:
        scale, _ = scale_and_shift(self._second, value)
        return torch.where(scale < 0, -1.0, 1.0)

    def prepare(self) -> Any:
        """Return the kernel, the sign, and the normalization's scale and shift."""
        sign = self._sign()
        some = sign if bool((sign < 0).any()) else None
        return super().prepare(), some, *scale_and_shift(self._second, value)

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        """Return (batch, ..., channels)."""
        kernel, sign, scale, shift = ready
        y = super().run(kernel, inputs, owned)
        y = self._pool.run(None, [y], True)
        if sign is not None:
            y = y * sign
        y = apply(self._rises, y, True)
        return torch.addcmul(shift, y, scale, out=y)


def pooled_step(nodes: Sequence[Any]) -> Step:
    """Return the step of nodes that `find_chains` yields."""
    return _Pooled(Chain(*(node.operation for node in nodes)))
