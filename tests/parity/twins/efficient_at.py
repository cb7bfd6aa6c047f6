"""EfficientAT mn04: the network that `benchmarks` times, and its log mel."""

import torch

from benchmarks.peers import efficient_at
from parity.twins import Stages, State
from parity.twins.mel import triangles

LAST_MAP = 16  # the modules up to here are `features.N`


def mn04(state: State, waveforms: torch.Tensor) -> Stages:
    """Log mel, feature maps, their mean, logits."""
    network = efficient_at.twin().to(waveforms.dtype).eval()
    own = network.state_dict()
    network.load_state_dict(dict(zip(own, state.values(), strict=True)))
    x = log_mel(waveforms)
    stages = {"frontend": x}
    x = x[:, None]
    for number, module in enumerate(network):
        x = module(x)
        if number <= LAST_MAP:
            stages[f"features_{number}"] = x
        elif isinstance(module, torch.nn.Flatten):
            stages["embedding"] = x
    return stages | {"logits": x}


def log_mel(waveforms: torch.Tensor) -> torch.Tensor:
    """Give (batch, 128, frames): 800 of 1024 samples, 320 apart."""
    x = waveforms[:, 1:] - 0.97 * waveforms[:, :-1]
    window = torch.hann_window(800, periodic=False, dtype=x.dtype)
    spectrum = torch.stft(x, 1024, 320, 800, window=window, return_complex=True)
    bank = triangles(128, 1024, 32_000, (0, 15_000)).to(x.dtype)
    mel = bank @ spectrum.abs().square()
    return ((mel + 1e-5).log() + 4.5) / 5
