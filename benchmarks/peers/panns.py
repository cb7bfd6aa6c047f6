"""PANNs' Cnn14 in torch, with torchlibrosa's front-end, as the original runs it.

waveform (b, samples) -> two convolutions for the spectrum -> mel (b, 1, frames, 64)
-> decibels, bn0 -> six blocks -> clip: scores (b, 527)
                               -> decision level: scores of segments, frames, the clip

The original is qiuqiangkong/audioset_tagging_cnn at d2f4b8c; keys are its own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers import original

SEGMENT = 32  # frames
BATCH = 8  # windows


def predict(golden: str, factory: str, batch: int, samples: int) -> Callable[[], Any]:
    """Scores of clips, as work to be timed."""
    return original.timed(network(golden), factory, golden, batch, samples)


def hear_file(golden: str, factory: str, window: int, hop: int) -> Callable[[str], Any]:
    """Scores of the frames of a file, window by window, as work to be timed.

    Args:
        golden: Golden file that names the weights.
        factory: Ours, by name.
        window: Length of a window in samples.
        hop: From the start of one window to that of the next.
    """
    import soundfile

    from benchmarks import seeded
    from kerasaudio.events import framewise

    original_ = network(golden)
    original.check(original_.frames, framewise(seeded.ours(factory, golden)), window)

    def hear(path: str) -> Any:
        loud, batch = 0, []
        blocks = soundfile.blocks(
            path, window, window - hop, dtype="float32", fill_value=0
        )
        for block in blocks:
            batch.append(block)
            if len(batch) == BATCH:
                loud += count(np.stack(batch))
                batch.clear()
        return loud + (count(np.stack(batch)) if batch else 0)

    def count(waveforms: np.ndarray) -> int:
        return int((original.numbers(original_.frames, waveforms) >= 0.5).sum())

    return hear


def network(golden: str) -> nn.Module:
    """Give the network of a golden file; "dlmax" in its name is the decision level."""
    from benchmarks import seeded

    shapes = {key: tensor.shape for key, tensor in seeded.state(golden).items()}
    kind = DecisionLevelMax if "dlmax" in golden else Cnn14
    width, classes = (shapes[f"{key}.weight"][0] for key in (FIRST, "fc_audioset"))
    return original.filled(kind(width, classes), golden)


FIRST = "conv_block1.conv1"


class Cnn14(nn.Module):
    """From waveforms (batch, samples) at 32 kHz to scores (batch, classes)."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.spectrogram_extractor = _Spectrogram()
        self.logmel_extractor = _LogMel()
        self.bn0 = nn.BatchNorm2d(64)
        inside, outside = 1, width
        for number in range(1, 7):
            setattr(self, f"conv_block{number}", _Block(inside, outside))
            inside, outside = outside, 2 * outside
        self.fc1 = nn.Linear(inside, inside)
        self.fc_audioset = nn.Linear(inside, classes)

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        x = self.maps(waveforms)
        x = x.amax(dim=2) + x.mean(dim=2)
        return self.fc_audioset(self.fc1(x).relu()).sigmoid()

    def maps(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Give (batch, channels, segments)."""
        x = self.logmel_extractor(self.spectrogram_extractor(waveforms))
        x = self.bn0(x.transpose(1, 3)).transpose(1, 3)
        for number in range(1, 7):
            x = getattr(self, f"conv_block{number}")(x, 1 if number == 6 else 2)
        return x.mean(dim=3)


class DecisionLevelMax(Cnn14):
    """The same network, whose clip is the loudest of its segments of 0.32 s."""

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        return self.segments(waveforms).amax(dim=1)

    def segments(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Give scores (batch, segments, classes)."""
        x = self.maps(waveforms)
        x = functional.max_pool1d(x, 3, 1, 1) + functional.avg_pool1d(x, 3, 1, 1)
        x = self.fc1(x.transpose(1, 2)).relu()
        return self.fc_audioset(x).sigmoid()

    def frames(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Give scores (batch, frames, classes): frames are 320 samples apart."""
        segments = self.segments(waveforms)
        repeated = segments.repeat_interleave(SEGMENT, dim=1)
        missing = 1 + waveforms.shape[1] // 320 - repeated.shape[1]
        return torch.cat([repeated, segments[:, -1:].expand(-1, missing, -1)], dim=1)


class _Spectrogram(nn.Module):
    """Power spectrum by convolutions, (batch, samples) to (batch, 1, frames, 513)."""

    def __init__(self) -> None:
        super().__init__()
        self.stft = nn.ModuleDict(
            {
                f"conv_{part}": nn.Conv1d(1, 513, 1024, stride=320, bias=False)
                for part in ("real", "imag")
            }
        )

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        x = functional.pad(waveforms[:, None], (512, 512), mode="reflect")
        parts = [self.stft[f"conv_{part}"](x) for part in ("real", "imag")]
        real, imag = (part[:, None].transpose(2, 3) for part in parts)
        return real**2 + imag**2


class _LogMel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.melW = nn.Parameter(torch.zeros(513, 64))

    def forward(self, power: torch.Tensor) -> torch.Tensor:
        return 10 * torch.log10(torch.clamp(power @ self.melW, min=1e-10))


class _Block(nn.Module):
    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.bn2 = nn.BatchNorm2d(outside)

    def forward(self, x: torch.Tensor, pool: int) -> torch.Tensor:
        x = functional.relu_(self.bn1(self.conv1(x)))
        x = functional.relu_(self.bn2(self.conv2(x)))
        return functional.avg_pool2d(x, pool)
