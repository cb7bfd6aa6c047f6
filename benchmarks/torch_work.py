"""How an original network in torch is trained."""

from collections.abc import Callable
from typing import Any

LEARNING_RATE = 0.01  # that of Keras' "sgd"


def training(
    network: Any, scores: Callable[[Any], Any], inputs: Any, classes: int
) -> Callable[[], float]:
    """Give one step of stochastic gradient descent as work to be timed.

    It does what `benchmarks.keras_work.training` does: from a batch to the binary cross
    entropy with targets that are all 0, and to new weights.

    Args:
        network: Module to train.
        scores: From the inputs to probabilities (batch, classes), by the network.
        inputs: A batch, as a tensor on the network's device.
        classes: Number of classes.

    Returns:
        A function that takes a step and returns the loss before it.
    """
    import torch

    network.train()
    targets = torch.zeros(len(inputs), classes, device=inputs.device)
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy(scores(inputs), targets)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step
