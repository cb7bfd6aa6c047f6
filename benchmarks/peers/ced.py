"""CED in torch, with torchaudio's front-end, as the original runs it.

waveform (b, samples) -> mel (b, 64, frames) -> decibels, init_bn -> patches of 16 x 16,
positions -> tokens (b, n, d), band by band -> layers -> mean -> scores (b, 527)

The original is RicherMans/CED at 60a0f54; keys are its own. A clip is one chunk at
most.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.peers import original

HEAD_SIZE = 64
TOP_DB = 120.0


def predict(golden: str, factory: str, batch: int, samples: int) -> Callable[[], Any]:
    """Scores of clips, as work to be timed."""
    return original.timed(network(golden), factory, golden, batch, samples)


def network(golden: str) -> nn.Module:
    """Give the network of a golden file."""
    from benchmarks import seeded

    tensors = seeded.state(golden)
    _, size, _, steps = tensors["time_pos_embed"].shape
    layers = sum(key.endswith(".attn.qkv.bias") for key in tensors)
    classes = len(tensors["outputlayer.1.bias"])
    return original.filled(AudioTransformer(size, layers, steps, classes), golden)


class AudioTransformer(nn.Module):
    """From waveforms (batch, samples) at 16 kHz to scores (batch, classes)."""

    def __init__(self, size: int, layers: int, steps: int, classes: int) -> None:
        super().__init__()
        self.front_end = nn.ModuleList([_Mel()])
        self.init_bn = nn.ModuleDict({"1": nn.BatchNorm2d(64)})
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(1, size, 16, stride=16)})
        self.time_pos_embed = nn.Parameter(torch.zeros(1, size, 1, steps))
        self.freq_pos_embed = nn.Parameter(torch.zeros(1, size, 4, 1))
        self.blocks = nn.Sequential(*(_Layer(size) for _ in range(layers)))
        self.norm = nn.LayerNorm(size, eps=1e-6)
        self.outputlayer = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, classes))

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        x = 10 * torch.log10(torch.clamp(self.front_end[0](waveforms), min=1e-10))
        x = torch.maximum(x, x.amax() - TOP_DB)[:, None]
        x = self.init_bn["1"](x.transpose(1, 2)).transpose(1, 2)
        x = self.patch_embed["proj"](x)
        x = x + self.time_pos_embed[:, :, :, : x.shape[3]]
        x = x + self.freq_pos_embed
        x = self.blocks(x.permute(0, 2, 3, 1).flatten(1, 2))
        return self.outputlayer(self.norm(x).mean(1)).sigmoid()


class _Mel(nn.Module):
    """Power of mel bands as torchaudio gives it, to (batch, 64, frames)."""

    def __init__(self) -> None:
        super().__init__()
        self.spectrogram, self.mel_scale = nn.Module(), nn.Module()
        self.spectrogram.register_buffer("window", torch.zeros(512))
        self.mel_scale.register_buffer("fb", torch.zeros(257, 64))

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        window = self.spectrogram.window
        x = torch.stft(waveforms, 512, 160, window=window, return_complex=True)
        power = x.abs().pow(2.0)
        return torch.matmul(power.transpose(-1, -2), self.mel_scale.fb).transpose(
            -1, -2
        )


class _Layer(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(size, eps=1e-6) for _ in range(2))
        self.attn = _Attention(size)
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(size, 4 * size), "fc2": nn.Linear(4 * size, size)}
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        hidden = nn.functional.gelu(self.mlp["fc1"](self.norm2(x)))
        return x + self.mlp["fc2"](hidden)


class _Attention(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.heads = size // HEAD_SIZE
        self.qkv = nn.Linear(size, 3 * size)
        self.proj = nn.Linear(size, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        clips, tokens, _ = x.shape
        split = self.qkv(x).reshape(clips, tokens, 3, self.heads, HEAD_SIZE)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        shares = (query @ key.transpose(-2, -1) * HEAD_SIZE**-0.5).softmax(dim=-1)
        return self.proj((shares @ value).transpose(1, 2).reshape(x.shape))
