"""FCN, CRNN and MusiCNN of Won et al. 2020.

Of minzwon/sota-music-tagging-models at 4e1d652, `training/model.py`.
"""

from typing import Any

import torch
from torch.nn import functional

from parity.twins import Stages, State

FCN_POOLS = ((2, 4), (2, 4), (2, 4), (3, 5), (4, 4))  # (bins, frames)
CRNN_POOLS = ((2, 2), (3, 3), (4, 4), (4, 4))


def fcn(state: State, waveforms: torch.Tensor) -> Stages:
    """Convolutions until one step is left."""
    stages = _convolved(state, waveforms, FCN_POOLS)
    stages["embedding"] = stages["layer5"].flatten(1)
    return _scored(state, stages, "dense")


def crnn(state: State, waveforms: torch.Tensor) -> Stages:
    """Convolutions until one band is left, then two recurrent layers."""
    stages = _convolved(state, waveforms, CRNN_POOLS)
    steps = stages["layer4"].squeeze(2).transpose(1, 2)
    weights = {
        key.removeprefix("layer5."): tensor
        for key, tensor in state.items()
        if key.startswith("layer5.")
    }
    recurrent = torch.nn.GRU(128, 32, 2, batch_first=True).to(waveforms.dtype)
    recurrent.load_state_dict(weights)
    stages["embedding"] = recurrent(steps)[0][:, -1]
    return _scored(state, stages, "dense")


def musicnn(state: State, waveforms: torch.Tensor) -> Stages:
    """Timbre and rhythm side by side, three layers over time, peak and mean."""
    stages = _spectrogram(state, waveforms)
    x = stages["spec_bn"]
    loudness = x.mean(dim=2)
    front = [
        _relu(state, f"layers.{number}", x, padding=(0, 3)).amax(dim=2)
        for number in (0, 1)
    ]
    front += [
        _relu(state, f"layers.{number}", loudness, padding=width // 2)
        for number, width in ((2, 129), (3, 65), (4, 33))
    ]
    stages["timbre"], stages["rhythm"] = front[0], front[2]
    stages["front"] = x = torch.cat(front, dim=1)
    levels = [x]
    for number in (1, 2, 3):
        y = _relu(state, f"layer{number}", x, padding=3)
        x = y if number == 1 else y + x
        levels.append(x)
    stages["midend"] = x = torch.cat(levels, dim=1)
    x = torch.cat([x.amax(dim=2), x.mean(dim=2)], dim=1)
    x = functional.linear(x, state["dense1.weight"], state["dense1.bias"])
    stages["embedding"] = _norm(state, "bn", x).relu()
    return _scored(state, stages, "dense2")


def _spectrogram(state: State, waveforms: torch.Tensor) -> Stages:
    """torchaudio's mel spectrogram in decibels, by the tables of the state dict."""
    spectrum = torch.stft(
        waveforms,
        512,
        256,
        window=state["spec.spectrogram.window"],
        return_complex=True,
    )
    bank = state["spec.mel_scale.fb"]
    mel = (spectrum.abs().square().transpose(1, 2) @ bank).transpose(1, 2)
    decibels = 10 * mel.clamp(min=1e-10).log10()
    return {
        "frontend": decibels,
        "spec_bn": _norm(state, "spec_bn", decibels[:, None]),
    }


def _convolved(
    state: State, waveforms: torch.Tensor, pools: tuple[tuple[int, int], ...]
) -> Stages:
    stages = _spectrogram(state, waveforms)
    x = stages["spec_bn"]
    for number, pool in enumerate(pools, start=1):
        x = functional.max_pool2d(_relu(state, f"layer{number}", x, padding=1), pool)
        stages[f"layer{number}"] = x
    return stages


def _relu(state: State, path: str, x: torch.Tensor, padding: Any) -> torch.Tensor:
    """Convolve over time, or time and bands, normalize, rectify."""
    weight, bias = state[f"{path}.conv.weight"], state[f"{path}.conv.bias"]
    convolve = functional.conv1d if weight.ndim == 3 else functional.conv2d
    return _norm(state, f"{path}.bn", convolve(x, weight, bias, padding=padding)).relu()


def _norm(state: State, path: str, x: torch.Tensor) -> torch.Tensor:
    mean, variance = state[f"{path}.running_mean"], state[f"{path}.running_var"]
    weight, bias = state[f"{path}.weight"], state[f"{path}.bias"]
    return functional.batch_norm(x, mean, variance, weight, bias)


def _scored(state: State, stages: Stages, head: str) -> Stages:
    logits = functional.linear(
        stages["embedding"], state[f"{head}.weight"], state[f"{head}.bias"]
    )
    return stages | {"logits": logits, "predictions": logits.sigmoid()}
