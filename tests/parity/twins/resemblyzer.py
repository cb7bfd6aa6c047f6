"""Resemblyzer's speaker network: librosa's power mel, torch's LSTM."""

import librosa
import torch

from parity.twins import Stages, State

STEPS = 160


def ge2e(state: State, waveforms: torch.Tensor) -> Stages:
    """Hear the first 160 frames: mel, last hidden state, vector of length 1."""
    x = power_mel(waveforms)[:, :, :STEPS].transpose(1, 2)
    recurrent = {
        key.removeprefix("lstm."): tensor
        for key, tensor in state.items()
        if key.startswith("lstm.")
    }
    units = recurrent["weight_hh_l0"].shape[1]
    network = torch.nn.LSTM(x.shape[2], units, len(recurrent) // 4, batch_first=True)
    network = network.to(x.dtype)
    network.load_state_dict(recurrent)
    _, (hidden, _) = network(x)
    raw = (hidden[-1] @ state["linear.weight"].T + state["linear.bias"]).relu()
    return {
        "mel": x,
        "lstm": hidden[-1],
        "embedding": raw / raw.norm(dim=1, keepdim=True),
    }


def power_mel(waveforms: torch.Tensor) -> torch.Tensor:
    """Give (batch, 40, frames): 400 samples, 160 apart, silence around the sound."""
    window = torch.hann_window(400, dtype=waveforms.dtype)
    spectrum = torch.stft(
        waveforms, 400, 160, window=window, pad_mode="constant", return_complex=True
    )
    bank = librosa.filters.mel(sr=16_000, n_fft=400, n_mels=40)
    return torch.from_numpy(bank).to(waveforms.dtype) @ spectrum.abs().square()
