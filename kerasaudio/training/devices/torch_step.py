"""A training step on torch that several processes take together."""

from typing import Any, NamedTuple

import keras

from kerasaudio.training.devices.moments import marked


class Found(NamedTuple):
    """What a process finds in a step.

    Attributes:
        loss: Its part of the loss, a scalar.
        gradients: Its part of the gradient of each trainable variable, or None for
            those that the loss does not depend on.
        outputs: Outputs for its rows.
    """

    loss: Any
    gradients: list[Any]
    outputs: Any


def gradient(learner: Any, rows: Any, devices: int, scale: float) -> Found:
    """Compute the loss of some rows and its gradient.

    Args:
        learner: The `Learner`.
        rows: Waveforms, marks, targets and weights of the rows.
        devices: Number of devices, over which the loss is a mean.
        scale: Factor of the gradient.
    """
    x, marks, y, weights = map(keras.ops.convert_to_tensor, rows)
    with marked(marks), learner.precision.in_force():
        outputs = learner((x, marks), training=True)
        learner.zero_grad()
        loss = learner.compute_loss(
            (x, marks), y, outputs, sample_weight=weights, training=True
        )
        loss = loss / devices
        (loss * scale).backward()
    found = [variable.value.grad for variable in learner.trainable_variables]
    return Found(loss.detach(), found, outputs.detach())


def joined(learner: Any, found: Found) -> tuple[Any, list[Any]]:
    """Return the loss and the gradients, summed over all processes."""
    import torch

    values = [variable.value for variable in learner.trainable_variables]
    parts = [
        torch.zeros_like(value) if grad is None else grad
        for value, grad in zip(values, found.gradients, strict=True)
    ]
    flat = torch.cat([found.loss.reshape(1), *(part.reshape(-1) for part in parts)])
    torch.distributed.all_reduce(flat)
    sizes = [1, *(part.numel() for part in parts)]
    loss, *sums = torch.split(flat, sizes)
    gradients = [
        None if grad is None else part.reshape(value.shape)
        for part, grad, value in zip(sums, found.gradients, values, strict=True)
    ]
    return loss[0], gradients


def send_weights(learner: Any) -> None:
    """Give the trainable variables of all processes the values of the first."""
    import torch

    values = [variable.value for variable in learner.trainable_variables]
    with torch.no_grad():
        flat = torch.cat([value.reshape(-1) for value in values])
        torch.distributed.broadcast(flat, 0)
        if torch.distributed.get_rank():
            parts = torch.split(flat, [value.numel() for value in values])
            for value, part in zip(values, parts, strict=True):
                value.copy_(part.reshape(value.shape))


def others_of(learner: Any) -> list[Any]:
    """Return the variables that are not trainable, in a fixed order."""
    learned = {id(variable) for variable in learner.trainable_variables}
    return [v for v in learner.variables if id(v) not in learned]


def all_sum(value: Any) -> Any:
    """Return the sum of a tensor over all processes, with its gradient."""
    return _sum().apply(value)


def _sum() -> Any:
    """Return the function as torch wants it; torch is imported late."""
    global _Sum
    if _Sum is None:
        import torch

        class AllSum(torch.autograd.Function):
            """Sum over all processes; so is the gradient."""

            @staticmethod
            def forward(ctx: Any, value: Any) -> Any:
                total = value.clone()
                torch.distributed.all_reduce(total)
                return total

            @staticmethod
            def backward(ctx: Any, *gradients: Any) -> Any:
                total = gradients[0].clone()
                torch.distributed.all_reduce(total)
                return total

        _Sum = AllSum
    return _Sum


_Sum: Any = None
