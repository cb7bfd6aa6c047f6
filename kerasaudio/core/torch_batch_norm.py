"""Batch normalization of training steps on torch, in torch's own operation.

Keras normalizes a batch in about ten passes over it, and as many for the gradient;
torch's operation needs two. Values, gradients and moving statistics are the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

_METHOD = "call"


@contextmanager
def one_operation(model: keras.Model, training: bool | None) -> Iterator[None]:
    """Let the batch normalization of a model use torch's operation, while this lasts.

    It does nothing on other backends, without `training`, and in `torch.compile`, which
    joins the passes itself.

    Args:
        model: Model whose layers are built.
        training: Whether a training step runs.
    """
    found = _normalizations(model) if training else []
    for layer in found:  # past the tracking of Keras and torch
        layer.__dict__[_METHOD] = _Normalization(layer)
    try:
        yield
    finally:
        for layer in found:
            layer.__dict__.pop(_METHOD, None)


def _normalizations(model: keras.Model) -> list[Any]:
    if keras.backend.backend() != "torch":
        return []
    import torch

    if torch.compiler.is_compiling():
        return []
    return [
        layer
        for layer in model._flatten_layers()
        if type(layer) is keras.layers.BatchNormalization and _METHOD not in vars(layer)
    ]


class _Normalization:
    """Callable with the place of `BatchNormalization.call`."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(
        self, inputs: Any, training: bool | None = None, mask: Any = None
    ) -> Any:
        """Normalize a batch, and note its statistics."""
        layer = self._layer
        if not (training and layer.trainable and mask is None and self._takes(inputs)):
            return type(layer).call(layer, inputs, training=training, mask=mask)
        outputs, mean, variance = _normalized(layer, inputs)
        keep = layer.momentum
        for moving, now in (
            (layer.moving_mean, mean),
            (layer.moving_variance, variance),
        ):
            moving.assign(moving * keep + now * (1.0 - keep))
        return outputs

    def _takes(self, inputs: Any) -> bool:
        """Return whether torch's operation does what this layer does."""
        import torch

        layer = self._layer
        other = vars(layer).get("_moments")  # of `training.devices.moments`
        return (
            inputs.dtype == torch.float32
            and layer.compute_dtype == layer.variable_dtype == "float32"
            and inputs.device.type != "meta"
            and not (getattr(layer, "renorm", False) or layer.synchronized)
            and (other is None or not getattr(other, "in_force", True))
            and inputs.numel() > inputs.shape[layer.axis]  # torch refuses one value
        )


def _normalized(layer: Any, inputs: Any) -> tuple[Any, Any, Any]:
    """Return the normalized batch, and mean and variance of its channels."""
    import torch

    axis = layer.axis % inputs.ndim
    channels = inputs.shape[axis]
    x = inputs.movedim(axis, 1)
    if x.ndim == 3:  # the layout that Keras gives to Conv1D and pooling
        x = x.contiguous()
    mean, variance = x.new_zeros(channels), x.new_zeros(channels)
    outputs = torch.nn.functional.batch_norm(
        x,
        mean,
        variance,
        layer.gamma.value if layer.scale else None,
        layer.beta.value if layer.center else None,
        training=True,
        momentum=1.0,  # both become those of this batch
        eps=layer.epsilon,
    )
    count = inputs.numel() // channels
    # Keras' variance is that of the batch, torch's an estimate of the true one.
    return outputs.movedim(1, axis), mean, variance * ((count - 1) / count)
