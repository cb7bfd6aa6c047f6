"""EfficientAT mn04: the network that `benchmarks` times, and its log mel."""

import math

import torch

from benchmarks.peers import efficient_at

State = dict[str, torch.Tensor]
Stages = dict[str, torch.Tensor]

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
    mel = kaldi_bank().to(x.dtype) @ spectrum.abs().square()
    return ((mel + 1e-5).log() + 4.5) / 5


def kaldi_bank() -> torch.Tensor:
    """Give Kaldi's triangles, straight in mel, (128, 513), from 0 to 15 kHz."""
    bins = (
        1127 * (1 + torch.arange(513, dtype=torch.float64) * 32_000 / 1024 / 700).log()
    )
    ends = torch.linspace(
        0, 1127 * math.log(1 + 15_000 / 700), 130, dtype=torch.float64
    )
    left, center, right = (ends[i : 128 + i, None] for i in range(3))
    rising, falling = (bins - left) / (center - left), (right - bins) / (right - center)
    return torch.minimum(rising, falling).clamp(min=0)
