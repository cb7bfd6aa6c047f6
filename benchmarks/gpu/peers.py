"""Other libraries on the device, in torch; figures in milliseconds."""

from collections.abc import Callable
from typing import Any

from benchmarks.frontend import BANDS, HOP, N_FFT, SAMPLE_RATE, TOP_DB
from benchmarks.gpu.fast import SMALL_AST, clock, wait
from benchmarks.keras_work import noise
from benchmarks.networks import MUSIC_CLASSES, SAMPLE_CNN_SAMPLES


def torchaudio(quick: bool) -> dict[str, float]:
    """Its `MelSpectrogram` and `AmplitudeToDB`."""
    from torchaudio import transforms

    mel = transforms.MelSpectrogram(
        SAMPLE_RATE, N_FFT, hop_length=HOP, n_mels=BANDS
    ).to(_device())
    decibel = transforms.AmplitudeToDB("power", TOP_DB)
    x = _clips(quick)
    return _inference(lambda: decibel(mel(x)), quick)


def nnaudio(quick: bool) -> dict[str, float]:
    """Its `MelSpectrogram`, a convolution, then decibels."""
    from nnAudio.features.mel import MelSpectrogram

    from benchmarks.peers.log_mel import _decibel

    layer = MelSpectrogram(
        sr=SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP, n_mels=BANDS, verbose=False
    ).to(_device())
    x = _clips(quick)
    return _inference(lambda: _decibel(layer(x)), quick)


def mn04(quick: bool) -> dict[str, float]:
    """The original's twin, with its front-end."""
    import torch

    from benchmarks.peers.efficient_at import frontend, twin

    with torch.device(_device()):
        log_mel, network = frontend(), twin().eval()
    x = _on_device(noise(2, 32_000) if quick else noise(64, 320_000))
    return _inference(lambda: network(log_mel(x)), quick)


def sample_cnn(quick: bool) -> dict[str, float]:
    """The original's twin."""
    network = _sample_cnn().eval()
    x = _on_device(noise(1 if quick else 64, SAMPLE_CNN_SAMPLES)).unsqueeze(1)
    return _inference(lambda: network(x), quick)


def training(quick: bool) -> dict[str, float]:
    """A step of stochastic gradient descent of the original's twin."""
    from benchmarks import torch_work

    network = _sample_cnn()
    x = _on_device(noise(2 if quick else 64, SAMPLE_CNN_SAMPLES)).unsqueeze(1)
    step = torch_work.training(network, network, x, MUSIC_CLASSES)

    def waited() -> None:
        step()
        wait()

    return {"ms": clock(waited, quick)}


def ast(quick: bool) -> dict[str, float]:
    """The network of transformers in bfloat16, from features."""
    import torch
    from transformers import ASTConfig, ASTModel

    sizes = {
        "hidden_size": SMALL_AST["hidden_size"],
        "num_hidden_layers": SMALL_AST["num_layers"],
        "num_attention_heads": SMALL_AST["num_heads"],
        "intermediate_size": SMALL_AST["intermediate_size"],
        "max_length": 128,
    }
    config = ASTConfig(**(sizes if quick else {}))
    network = ASTModel(config).eval().to(_device(), torch.bfloat16)
    shape = (1 if quick else 64, config.max_length, config.num_mel_bins)
    x = torch.zeros(shape, dtype=torch.bfloat16, device=_device())
    return _inference(lambda: network(x).pooler_output, quick)


def _inference(work: Callable[[], Any], quick: bool) -> dict[str, float]:
    import torch

    def run() -> None:
        with torch.inference_mode():
            work()
        wait()

    return {"ms": clock(run, quick)}


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _on_device(batch: Any) -> Any:
    import torch

    return torch.from_numpy(batch).to(_device())


def _clips(quick: bool) -> Any:
    return _on_device(noise(4, SAMPLE_RATE) if quick else noise(1_024, 3 * SAMPLE_RATE))


def _sample_cnn() -> Any:
    from benchmarks.peers.sample_cnn import torch_twin

    return torch_twin().to(_device())
