"""A copy of the original EfficientAT mn04 in torch, including the front-end.

waveform (b, 320000) -> log-mel (b, 1, 128, 1000) -> MobileNetV3 -> logits (b, 527)

The original builds its mel bank in every call; this copy builds it once.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.keras_work import noise

WIDTH = 0.4
CLASSES = 527
# Kernel, expanded, out, squeeze and excitation, activation, stride: MobileNetV3-large.
BLOCKS = (
    (3, 16, 16, False, "relu", 1),
    (3, 64, 24, False, "relu", 2),
    (3, 72, 24, False, "relu", 1),
    (5, 72, 40, True, "relu", 2),
    (5, 120, 40, True, "relu", 1),
    (5, 120, 40, True, "relu", 1),
    (3, 240, 80, False, "hardswish", 2),
    (3, 200, 80, False, "hardswish", 1),
    (3, 184, 80, False, "hardswish", 1),
    (3, 184, 80, False, "hardswish", 1),
    (3, 480, 112, True, "hardswish", 1),
    (3, 672, 112, True, "hardswish", 1),
    (5, 672, 160, True, "hardswish", 2),
    (5, 960, 160, True, "hardswish", 1),
    (5, 960, 160, True, "hardswish", 1),
)


def predict(batch: int, samples: int) -> Callable[[], Any]:
    """Front-end and network, from waveforms to logits."""
    import torch

    log_mel, network, waveforms = frontend(), twin().eval(), noise(batch, samples)

    def logits() -> Any:
        with torch.inference_mode():
            return network(log_mel(torch.from_numpy(waveforms))).numpy()

    return logits


def train(batch: int, samples: int) -> Callable[[], float]:
    """One training step of front-end and network, from waveforms."""
    import torch

    from benchmarks.torch_work import training

    log_mel, network = frontend(), twin()
    waveforms = torch.from_numpy(noise(batch, samples))

    def scores(inputs: Any) -> Any:
        return network(log_mel(inputs)).sigmoid()

    return training(network, scores, waveforms, CLASSES)


def frontend() -> Callable[[Any], Any]:
    """Give the function from waveforms (b, n) to log-mel (b, 1, 128, frames)."""
    import torch

    from kerasaudio.layers.filterbank import mel_filterbank

    bank = mel_filterbank(
        sample_rate=32_000,
        n_fft=1024,
        n_mels=128,
        fmax=15_000.0,
        htk=True,
        norm=None,
        triangles="mel",
    )
    weights = torch.tensor(bank.T, dtype=torch.float32)
    window = torch.hann_window(800, periodic=False)
    filter_ = torch.tensor([[[-0.97, 1.0]]])

    def log_mel(waveform: Any) -> Any:
        x = torch.nn.functional.conv1d(waveform.unsqueeze(1), filter_).squeeze(1)
        x = torch.stft(x, 1024, 320, 800, window=window, return_complex=True)
        power = torch.view_as_real(x).pow(2).sum(dim=-1)
        return ((torch.matmul(weights, power) + 1e-5).log() + 4.5).div(5.0).unsqueeze(1)

    return log_mel


def twin() -> Any:
    """Give the network, from log-mel (b, 1, 128, frames) to logits (b, 527)."""
    from torch import nn

    activations = {"relu": nn.ReLU, "hardswish": nn.Hardswish, None: nn.Identity}

    def convolution(
        inside: int,
        outside: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: str | None = None,
    ) -> Any:
        return nn.Sequential(
            nn.Conv2d(
                inside,
                outside,
                kernel,
                stride,
                padding=kernel // 2,
                groups=groups,
                bias=False,
            ),
            nn.BatchNorm2d(outside, eps=1e-3),
            activations[activation](),
        )

    class SqueezeExcite(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            hidden = scaled(channels / 4, 1.0)
            self.scale = nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(channels, hidden),
                nn.ReLU(),
                nn.Linear(hidden, channels),
                nn.Sigmoid(),
                nn.Unflatten(1, (channels, 1, 1)),
            )

        def forward(self, x: Any) -> Any:
            return x * self.scale(x)

    class Residual(nn.Sequential):
        def forward(self, x: Any) -> Any:
            return x + super().forward(x)

    channels = scaled(16)
    modules = [convolution(1, channels, 3, 2, activation="hardswish")]
    for kernel, expanded, out, excite, activation, stride in BLOCKS:
        wide, outside = scaled(expanded), scaled(out)
        steps = []
        if wide != channels:
            steps.append(convolution(channels, wide, 1, activation=activation))
        steps.append(convolution(wide, wide, kernel, stride, wide, activation))
        if excite:
            steps.append(SqueezeExcite(wide))
        steps.append(convolution(wide, outside, 1))
        residual = stride == 1 and channels == outside
        modules.append((Residual if residual else nn.Sequential)(*steps))
        channels = outside
    modules += [
        convolution(channels, 6 * channels, 1, activation="hardswish"),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6 * channels, scaled(1280)),
        nn.Hardswish(),
        nn.Dropout(0.2),
        nn.Linear(scaled(1280), CLASSES),
    ]
    return nn.Sequential(*modules)


def scaled(channels: float, width: float = WIDTH) -> int:
    """Scale a number of channels to the next multiple of 8, as MobileNets do."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded
