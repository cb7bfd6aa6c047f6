"""BEATs in torch, with torchaudio's Kaldi front-end, as the original runs it.

waveform (b, samples) -> filter bank energies, clip by clip (b, frames, 128) -> patches
of 16 x 16 (b, n, 512) -> dense (b, n, d) -> positions by convolution -> layers, in
which each query decides how much relative positions count -> scores (b, 527)

The original is microsoft/unilm, beats, at c68101b; keys are its own.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers import original

MEAN, STD = 15.41663, 6.55582
FRAME, HOP, N_FFT = 400, 160, 512
ALPHA = 32  # by which scores are divided before their maximum is subtracted


def predict(
    golden: str, factory: str, batch: int, samples: int, max_distance: int = 800
) -> Callable[[], Any]:
    """Scores of clips, as work to be timed."""
    found = network(golden, max_distance)
    arguments = {"max_distance": max_distance}
    return original.timed(found, factory, golden, batch, samples, **arguments)


def network(golden: str, max_distance: int = 800) -> nn.Module:
    """Give the network of a golden file."""
    from benchmarks import seeded

    tensors = seeded.state(golden)
    return original.filled(BEATs(tensors, max_distance), golden)


class BEATs(nn.Module):
    """From waveforms (batch, samples) at 16 kHz to scores (batch, classes).

    Args:
        tensors: State dict, for the sizes.
        max_distance: Distance from which on all are in one bucket.
    """

    def __init__(self, tensors: Any, max_distance: int) -> None:
        super().__init__()
        patches = len(tensors["layer_norm.bias"])
        size = len(tensors["post_extract_proj.bias"])
        self.fbank = _Fbank()
        self.patch_embedding = nn.Conv2d(1, patches, 16, stride=16, bias=False)
        self.layer_norm = nn.LayerNorm(patches)
        self.post_extract_proj = nn.Linear(patches, size)
        self.encoder = _Encoder(tensors, size, max_distance)
        self.predictor = nn.Linear(size, len(tensors["predictor.bias"]))

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        x = torch.stack([self.fbank(clip * 2**15) for clip in waveforms])
        x = (x - MEAN) / (2 * STD)
        x = self.patch_embedding(x[:, None]).flatten(2).transpose(1, 2)
        x = self.encoder(self.post_extract_proj(self.layer_norm(x)))
        return self.predictor(x).mean(dim=1).sigmoid()


class _Fbank(nn.Module):
    """Log mel energies of one clip (samples,), as torchaudio follows Kaldi."""

    def __init__(self) -> None:
        from kerasaudio.layers import KaldiFbank

        super().__init__()
        bank = torch.tensor(KaldiFbank(n_mels=128).filterbank)
        window = torch.hann_window(FRAME, periodic=False).pow(0.85)
        self.register_buffer("bank", bank, persistent=False)
        self.register_buffer("window", window, persistent=False)

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        frames = clip.unfold(0, FRAME, HOP)
        frames = frames - frames.mean(dim=1, keepdim=True)
        before = functional.pad(frames[None], (1, 0), mode="replicate")[0]
        frames = (frames - 0.97 * before[:, :-1]) * self.window
        spectrum = torch.fft.rfft(functional.pad(frames, (0, N_FFT - FRAME)))
        mel = spectrum.abs().pow(2.0) @ self.bank
        return torch.log(torch.clamp(mel, min=torch.finfo(torch.float32).eps))


class _Encoder(nn.Module):
    def __init__(self, tensors: Any, size: int, max_distance: int) -> None:
        super().__init__()
        layers = sum(key.endswith(".fc1.bias") for key in tensors)
        first = "encoder.layers.0."
        heads = tensors[f"{first}self_attn.grep_a"].shape[1]
        hidden = len(tensors[f"{first}fc1.bias"])
        bias = nn.Embedding(
            *tensors[f"{first}self_attn.relative_attention_bias.weight"].shape
        )
        _, inside, width = tensors["encoder.pos_conv.0.weight_v"].shape
        self.pos_conv = nn.ModuleList([_PositionalConv(size, inside, width)])
        self.layer_norm = nn.LayerNorm(size)
        scale = (2 * layers) ** 0.25
        self.layers = nn.ModuleList(
            _Layer(size, heads, hidden, scale, bias) for _ in range(layers)
        )
        self.max_distance = max_distance

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer_norm(x + self.pos_conv[0](x.transpose(1, 2)).transpose(1, 2))
        x = x.transpose(0, 1)  # tokens first
        biases = self.layers[0].self_attn.biases(*x.shape[:2], self.max_distance)
        for layer in self.layers:
            x = layer(x, biases)
        return x.transpose(0, 1)


class _PositionalConv(nn.Module):
    """A convolution of tokens whose filters are directions and lengths, then GELU."""

    def __init__(self, size: int, inside: int, width: int) -> None:
        super().__init__()
        self.weight_g = nn.Parameter(torch.zeros(1, 1, width))
        self.weight_v = nn.Parameter(torch.zeros(size, inside, width))
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size, inside, width = self.weight_v.shape
        kernel = torch._weight_norm(self.weight_v, self.weight_g, 2)
        x = functional.conv1d(
            x, kernel, self.bias, padding=width // 2, groups=size // inside
        )
        return functional.gelu(x[:, :, :-1] if width % 2 == 0 else x)


class _Layer(nn.Module):
    def __init__(
        self, size: int, heads: int, hidden: int, scale: float, bias: nn.Embedding
    ) -> None:
        super().__init__()
        self.self_attn = _Attention(size, heads, bias)
        self.self_attn_layer_norm = nn.LayerNorm(size)
        self.fc1 = nn.Linear(size, hidden)
        self.fc2 = nn.Linear(hidden, size)
        self.final_layer_norm = nn.LayerNorm(size)
        self.scale = scale

    def forward(self, x: torch.Tensor, biases: torch.Tensor) -> torch.Tensor:
        x = self.self_attn_layer_norm(x * self.scale + self.self_attn(x, biases))
        y = self.fc2(functional.gelu(self.fc1(x)))
        return self.final_layer_norm(x * self.scale + y)


class _Attention(nn.Module):
    def __init__(self, size: int, heads: int, bias: nn.Embedding) -> None:
        super().__init__()
        self.heads, self.scaling = heads, (size // heads) ** -0.5
        self.relative_attention_bias = bias
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, nn.Linear(size, size))
        self.grep_linear = nn.Linear(size // heads, 8)
        self.grep_a = nn.Parameter(torch.ones(1, heads, 1, 1))

    def biases(self, tokens: int, clips: int, most: int) -> torch.Tensor:
        """Give the biases of pairs of tokens, (clips * heads, tokens, tokens)."""
        places = torch.arange(tokens)
        apart = places[None, :] - places[:, None]
        half = self.relative_attention_bias.num_embeddings // 2
        single = half // 2
        away = apart.abs()
        share = torch.log(away.float() / single) / math.log(most / single)
        wide = (single + share * (half - single)).long().clamp(max=half - 1)
        buckets = torch.where(away < single, away, wide) + (apart > 0).long() * half
        values = self.relative_attention_bias(buckets).permute(2, 0, 1)
        return values[None].repeat(clips, 1, 1, 1).flatten(0, 1)

    def forward(self, x: torch.Tensor, biases: torch.Tensor) -> torch.Tensor:
        tokens, clips, size = x.shape
        query, key, value = (
            y.contiguous().view(tokens, clips * self.heads, -1).transpose(0, 1)
            for y in (
                self.q_proj(x) * self.scaling * (1 / ALPHA),
                self.k_proj(x),
                self.v_proj(x),
            )
        )
        scores = torch.bmm(query, key.transpose(1, 2))
        scores = (scores - scores.amax(dim=-1, keepdim=True)) * ALPHA
        unscaled = query.view(clips, self.heads, tokens, -1) * ALPHA / self.scaling
        found = self.grep_linear(unscaled).view(clips, self.heads, tokens, 2, 4)
        first, second = found.sum(-1).sigmoid().chunk(2, dim=-1)
        gate = first * (second * self.grep_a - 1.0) + 2.0
        scores = scores + gate.view(-1, tokens, 1) * biases
        attended = torch.bmm(scores.softmax(dim=-1), value)
        attended = attended.transpose(0, 1).contiguous().view(tokens, clips, size)
        return self.out_proj(attended)
