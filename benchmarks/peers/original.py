"""How an original network in torch is timed: first it must give what ours gives."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import seeded
from benchmarks.keras_work import noise, predicting

CLIPS, SECONDS = 2, 2
TOLERANCE = 1e-4


def timed(
    network: Any, factory: str, golden: str, batch: int, samples: int, **arguments: Any
) -> Callable[[], Any]:
    """Give the prediction of a batch, NumPy in and out, as work to be timed.

    Args:
        network: Original, from waveforms (batch, samples) to probabilities.
        factory: Ours, by name.
        golden: Golden file that names the weights of both.
        batch: Number of clips.
        samples: Length of a clip.
        **arguments: Of the factory.

    Raises:
        AssertionError: The two differ.
    """
    check(network, seeded.ours(factory, golden, **arguments), samples)
    waveforms = noise(batch, samples)
    return lambda: numbers(network, waveforms)


def check(network: Callable[[Any], Any], model: Any, samples: int) -> None:
    """Compare an original with a model of ours, on short clips of noise.

    Raises:
        AssertionError: The two differ.
    """
    heard = noise(CLIPS, min(samples, SECONDS * model.spec.sample_rate))
    want = predicting(model, heard)()
    np.testing.assert_allclose(numbers(network, heard), want, rtol=0, atol=TOLERANCE)


def filled(network: Any, golden: str) -> Any:
    """Give a torch network the seeded weights; it must have the original's keys."""
    import torch

    tensors = seeded.state(golden)
    network.load_state_dict({k: torch.as_tensor(v) for k, v in tensors.items()})
    return network.eval()


def numbers(network: Callable[[Any], Any], waveforms: np.ndarray) -> np.ndarray:
    """Run a network on waveforms without gradients."""
    import torch

    with torch.inference_mode():
        return network(torch.from_numpy(waveforms)).numpy()
