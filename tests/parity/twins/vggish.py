"""VGGish of harritaylor/torchvggish at f3f9096: `vggish.py` and `mel_features.py`.

With the weights and the sound of vggish_seeded.npz the original's own code, its network
in float64, gives the numbers of that file: 3e-8 of the maximum, float32's rounding.
"""

import torch
from torch.nn import functional

from parity.twins import Stages, State
from parity.twins.mel import triangles

CONVOLUTIONS = (0, 3, 6, 8, 11, 13)
POOLED = {0: "pool1", 3: "pool2", 8: "pool3", 13: "pool4"}  # behind these
FRAMES = 96


def vggish(state: State, waveforms: torch.Tensor) -> Stages:
    """Patches, maps, embeddings before and after the last ReLU, their mean.

    Patches lie side by side on the batch axis in maps, on an axis of their own else.
    """
    patches = log_mel_patches(waveforms)
    stages = {"patches": patches}
    x = patches.flatten(0, 1)[:, None]
    for number in CONVOLUTIONS:
        weight, bias = _layer(state, f"features.{number}")
        x = functional.conv2d(x, weight, bias, padding=1).relu()
        if number in POOLED:
            stages[POOLED[number]] = x = functional.max_pool2d(x, 2)
    x = x.permute(0, 2, 3, 1).flatten(1)
    for number in (0, 2):
        x = functional.linear(x, *_layer(state, f"embeddings.{number}")).relu()
    x = functional.linear(x, *_layer(state, "embeddings.4"))
    stages["linear"] = x = x.unflatten(0, patches.shape[:2])
    stages["embeddings"] = x.relu()
    return stages | {"embedding": x.relu().mean(dim=1)}


def log_mel_patches(waveforms: torch.Tensor) -> torch.Tensor:
    """Give (batch, patches, 96, 64): 400 samples every 160; a rest is left out."""
    frames = waveforms.unfold(1, 400, 160)
    window = torch.hann_window(400, dtype=torch.float64).to(frames.dtype)
    magnitudes = torch.fft.rfft(frames * window, 512).abs()
    bank = triangles(64, 512, 16_000, (125, 7_500)).to(frames.dtype)
    log_mel = (magnitudes @ bank.T + 0.01).log()
    count = log_mel.shape[1] // FRAMES
    return log_mel[:, : count * FRAMES].unflatten(1, (count, FRAMES))


def _layer(state: State, path: str) -> tuple[torch.Tensor, torch.Tensor]:
    return state[f"{path}.weight"], state[f"{path}.bias"]
