"""PANNs of qiuqiangkong/audioset_tagging_cnn at d2f4b8c, `pytorch/models.py`.

Maps are (batch, channels, frames, bins). Depth and width are those of the state dict.
"""

from itertools import count
from typing import Any

import torch
from torch.nn import functional

from parity.twins import Stages, State

RATIO = 32  # frames of a segment


def cnn(state: State, waveforms: torch.Tensor) -> Stages:
    """Cnn10 and Cnn14, which does not pool after its sixth block."""
    stages, x = _log_mel(state, waveforms)
    stages |= _blocks(state, x)
    return _summarized(state, stages, stages.pop("maps"))


def decision_max(state: State, waveforms: torch.Tensor) -> Stages:
    """Cnn14_DecisionLevelMax: scores of segments, of frames, and of the clip."""
    stages, features = _segments(state, waveforms)
    logits = _linear(state, "fc_audioset", features)
    scores = logits.sigmoid()
    return stages | {
        "logits": logits,
        "frames": _of_frames(scores, stages["logmel"].shape[1]),
        "clipwise": scores.amax(dim=1),
    }


def decision_attention(state: State, waveforms: torch.Tensor) -> Stages:
    """Cnn14_DecisionLevelAtt: the clip's scores are weighted means of segments."""
    stages, features = _segments(state, waveforms)
    attention, logits = (
        functional.linear(
            features,
            state[f"att_block.{name}.weight"][..., 0],
            state[f"att_block.{name}.bias"],
        )
        for name in ("att", "cla")
    )
    scores, weights = logits.sigmoid(), attention.clamp(-10, 10).softmax(dim=1)
    return stages | {
        "logits": logits,
        "frames": _of_frames(scores, stages["logmel"].shape[1]),
        "clipwise": (weights * scores).sum(dim=1),
    }


def resnet(state: State, waveforms: torch.Tensor) -> Stages:
    """ResNet22 and ResNet38: pooling stands for strides."""
    stages, x = _log_mel(state, waveforms)
    stages["conv_block1"] = x = _block(state, "conv_block1", x)
    for layer in range(1, 5):
        for number in count():
            path = f"resnet.layer{layer}.{number}"
            if f"{path}.conv1.weight" not in state:
                break
            x = _residual(state, path, x)
        stages[f"layer{layer}"] = x
    x = functional.avg_pool2d(x, 2)
    x = _block(state, "conv_block_after1", x, pool=1)
    return _summarized(state, stages, x)


def wavegram(state: State, waveforms: torch.Tensor) -> Stages:
    """Wavegram_Logmel_Cnn14: 32 bands learned from samples, beside the log mel."""
    stages, x = _log_mel(state, waveforms)
    y = functional.conv1d(
        waveforms[:, None], state["pre_conv0.weight"], stride=5, padding=5
    )
    y = _norm(state, "pre_bn0", y).relu()
    for number in (1, 2, 3):
        path = f"pre_block{number}"
        for step in (1, 2):
            y = functional.conv1d(
                y, state[f"{path}.conv{step}.weight"], padding=step, dilation=step
            )
            y = _norm(state, f"{path}.bn{step}", y).relu()
        y = functional.max_pool1d(y, 4)
    y = y.unflatten(1, (-1, 32)).transpose(2, 3)
    stages["wavegram"] = y = _block(state, "pre_block4", y, pool=(2, 1))
    stages["conv_block1"] = x = _block(state, "conv_block1", x)
    stages |= _blocks(state, torch.cat([x, y], dim=1), first=2)
    return _summarized(state, stages, stages.pop("maps"))


def _log_mel(state: State, waveforms: torch.Tensor) -> tuple[Stages, torch.Tensor]:
    """Give decibels, and the same normalized band by band, as an image."""
    bank = state["logmel_extractor.melW"]
    n_fft = 2 * (len(bank) - 1)
    window = torch.hann_window(n_fft, dtype=waveforms.dtype)
    spectrum = torch.stft(
        waveforms, n_fft, n_fft * 5 // 16, window=window, return_complex=True
    )
    mel = spectrum.abs().square().transpose(1, 2) @ bank
    decibels = 10 * mel.clamp(min=1e-10).log10()
    normal = _norm(state, "bn0", decibels.transpose(1, 2)).transpose(1, 2)
    return {"logmel": decibels}, normal[:, None]


def _blocks(state: State, x: torch.Tensor, first: int = 1) -> Stages:
    stages = {}
    for number in count(first):
        name = f"conv_block{number}"
        if f"{name}.conv1.weight" not in state:
            return stages | {"maps": x}
        stages[name] = x = _block(state, name, x, pool=1 if number == 6 else 2)
    raise AssertionError


def _segments(state: State, waveforms: torch.Tensor) -> tuple[Stages, torch.Tensor]:
    """Give features (batch, segments, channels)."""
    stages, x = _log_mel(state, waveforms)
    stages |= _blocks(state, x)
    x = stages.pop("maps").mean(dim=3)
    x = functional.max_pool1d(x, 3, 1, 1) + functional.avg_pool1d(x, 3, 1, 1)
    return stages, _linear(state, "fc1", x.transpose(1, 2)).relu()


def _of_frames(scores: torch.Tensor, frames: int) -> torch.Tensor:
    repeated = scores.repeat_interleave(RATIO, dim=1)
    rest = scores[:, -1:].expand(-1, frames - repeated.shape[1], -1)
    return torch.cat([repeated, rest], dim=1)


def _residual(state: State, path: str, x: torch.Tensor) -> torch.Tensor:
    inner = outer = x
    if f"{path}.downsample.1.weight" in state:
        inner = outer = functional.avg_pool2d(x, 2)
        outer = functional.conv2d(outer, state[f"{path}.downsample.1.weight"])
        outer = _norm(state, f"{path}.downsample.2", outer)
    inner = _convolved(state, path, 1, inner).relu()
    return (_convolved(state, path, 2, inner) + outer).relu()


def _block(state: State, path: str, x: torch.Tensor, pool: Any = 2) -> torch.Tensor:
    for number in (1, 2):
        x = _convolved(state, path, number, x).relu()
    return functional.avg_pool2d(x, pool)


def _convolved(state: State, path: str, number: int, x: torch.Tensor) -> torch.Tensor:
    x = functional.conv2d(x, state[f"{path}.conv{number}.weight"], padding=1)
    return _norm(state, f"{path}.bn{number}", x)


def _norm(state: State, path: str, x: torch.Tensor) -> torch.Tensor:
    mean, variance = state[f"{path}.running_mean"], state[f"{path}.running_var"]
    weight, bias = state[f"{path}.weight"], state[f"{path}.bias"]
    return functional.batch_norm(x, mean, variance, weight, bias)


def _linear(state: State, path: str, x: torch.Tensor) -> torch.Tensor:
    return functional.linear(x, state[f"{path}.weight"], state[f"{path}.bias"])


def _summarized(state: State, stages: Stages, x: torch.Tensor) -> Stages:
    x = x.mean(dim=3)
    embedding = _linear(state, "fc1", x.amax(dim=2) + x.mean(dim=2)).relu()
    logits = _linear(state, "fc_audioset", embedding)
    return stages | {"embedding": embedding, "logits": logits}
