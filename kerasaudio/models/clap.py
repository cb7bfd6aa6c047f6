"""CLAP: a network for sounds whose vectors lie beside those of sentences.

    waveform (b, 480000) -> log mel in decibels, 100 frames a second:
    frontend (b, 1001, 64) -> the audio spectrogram Swin, HTS-AT (`htsat_blocks`):
    norm (b, 8, 8, 768) -> mean over the patches (b, 768)
    -> dense, ReLU, dense (b, 512) -> unit length: embedding (b, 512)

`kerasaudio.ZeroShot` adds the tower for sentences, and tags sounds with any words.
The paper gives zero-shot accuracies; none is published for exactly these files.

Source: Wu et al. 2023, arXiv:2211.06687, LAION-AI/CLAP; details follow Hugging Face
transformers 5.24 (`ClapModel`, `ClapFeatureExtractor`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.hub_config import read_config
from kerasaudio.checkpoints.native import read_native
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, MelSpectrogram, channels_last
from kerasaudio.models.htsat_blocks import Swin, from_tower, hear_image, tower_sizes

SAMPLE_RATE = 48_000
HOP = 480
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 1024,
    "hop_length": HOP,
    "pad_mode": "reflect",
    "fmin": 50.0,
    "fmax": 14_000.0,
}
DEFAULTS = {
    "n_mels": 64,
    "image_size": 256,
    "patch_features": 96,
    "num_heads": 4,
    "window_size": 8,
    "stages": 4,
    "depth": 6,
    "projection_size": 512,
    "clip_samples": None,
}


def CLAP(
    weights: Weights = None,
    *,
    n_mels: int | None = None,
    image_size: int | None = None,
    patch_features: int | None = None,
    num_heads: int | None = None,
    window_size: int | None = None,
    stages: int | None = None,
    depth: int | None = None,
    projection_size: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Embed sounds of any kind beside sentences that describe them.

    This is the tower for sounds; `kerasaudio.ZeroShot` has both.

    Input: float32 in [-1, 1], mono, 48 kHz, (batch, 480000) samples (10 s).
    Output: the embedding, (batch, projection_size), of length 1; with labels or
    classes of your own, their scores (batch, classes).
    Whole clips: a clip shorter than 10 s is repeated as often as it fits, as upstream,
    and silence fills the rest. Of longer clips, upstream hears 10 s chosen at random;
    here, windows of 10 s lie side by side, and `embed` returns their mean, which is
    shorter than 1. The last window is repeated likewise, and weighted by the part of it
    that the clip covers.

    The files of Hugging Face transformers are read by their path, or that of their
    folder (`model.safetensors` or `pytorch_model.bin`): `ClapModel` without fusion,
    such as laion/clap-htsat-unfused.

    Args:
        n_mels: Number of mel bins, a divisor of `image_size`; default: 64.
        image_size: Side of the image that the spectrogram is folded to; default: 256.
        patch_features: Features of a patch in the first stage; default: 96.
        num_heads: Attention heads in the first stage, which each stage doubles;
            default: 4.
        window_size: Side of an attention window in patches; default: 8.
        stages: Number of stages; default: 4.
        depth: Number of layers of the last stage but one, where the others have 2;
            default: 6.
        projection_size: Length of the embedding; default: 512.
        clip_samples: Length of the input in samples; default: as many whole seconds as
            the image holds, which are the published 10 s (480,000).

    Source: arXiv:2211.06687; Hugging Face transformers' ClapModel.
    """
    return build(_CLAP, **locals())


def _body(
    n_mels: int,
    image_size: int,
    patch_features: int,
    num_heads: int,
    window_size: int,
    stages: int,
    depth: int,
    projection_size: int,
    clip_samples: int | None,
) -> Body:
    swin = Swin(image_size, patch_features, num_heads, window_size, stages, depth)
    swin.check(n_mels)
    clip_samples = swin.clip_samples(
        clip_samples, n_mels, HOP, SAMPLE_RATE, FRONTEND["n_fft"]
    )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = MelSpectrogram(**FRONTEND, n_mels=n_mels, name="mel")(waveform)
    x = Decibel(top_db=None, name="frontend")(x)
    x = hear_image(x, swin)
    x = channels_last.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(projection_size, "relu", name="audio_projection_linear1")(x)
    x = layers.Dense(projection_size, name="audio_projection_linear2")(x)
    embedding = layers.UnitNormalization(name="embedding", dtype="float32")(x)
    spec = AudioSpec.of_fixed_clips(
        SAMPLE_RATE, clip_samples, FRONTEND | {"n_mels": n_mels}
    ).replace(window_padding="whole_repeats")
    return Body(waveform, embedding, embedding, spec)


def _from_safetensors(path: Path) -> Converted:
    tensors = read_native(path)
    if "audio_projection_linear1/kernel" in tensors:  # saved by kerasaudio
        return Converted(tensors)
    return convert(tensors, path)


def _from_torch(path: Path) -> Converted:
    return convert(read_torch(path), path)


def convert(tensors: Mapping[str, np.ndarray], path: Path) -> Converted:
    """Convert the tower for sounds in a state dict of Hugging Face transformers.

    Args:
        tensors: Arrays by upstream key. Those of the tower for sentences are left out.
        path: Path of their file, next to which a `config.json` may be.

    Raises:
        ValueError: The arrays are not those of this network.
    """
    tower = _below(tensors, "audio_model.audio_encoder.")
    projection = tensors.get("audio_projection.linear2.bias")
    if not tower or projection is None:
        raise ValueError(
            f"{path} does not hold a ClapModel of Hugging Face transformers, with an "
            "audio_model and an audio_projection: its tensors are "
            f"{sorted(tensors)[:4]} ..."
        )
    if any("fusion_model" in key or "mel_conv2d" in key for key in tower):
        raise ValueError(
            f"{path} holds a CLAP with fusion, which hears long clips in another way "
            "and is not supported. Take one without fusion, such as "
            "laion/clap-htsat-unfused."
        )
    try:
        arguments = tower_sizes(tower)
    except ValueError as error:
        raise ValueError(f"{path} does not hold a CLAP with {error}.") from error
    arguments |= read_config(
        path.with_name("config.json"),
        "clap_audio_model",
        {"spec_size": "image_size"},
        {"hidden_act": "gelu", "projection_hidden_act": "relu", "mlp_ratio": 4.0},
        section="audio_config",
    )
    read_config(
        path.with_name("preprocessor_config.json"),
        "ClapFeatureExtractor",
        {},
        _HEARD | {"feature_size": arguments["n_mels"]},
        kind="feature_extractor_type",
    )
    arguments.setdefault("image_size", 4 * arguments["n_mels"])
    arguments["projection_size"] = len(projection)
    ends = _below(tensors, "audio_projection.", keep=True)
    return Converted(from_tower(tower) | from_torch(ends), arguments)


_HEARD = {
    "sampling_rate": SAMPLE_RATE,
    "fft_window_size": FRONTEND["n_fft"],
    "hop_length": HOP,
    "frequency_min": FRONTEND["fmin"],
    "frequency_max": FRONTEND["fmax"],
}


def _below(
    tensors: Mapping[str, np.ndarray], prefix: str, keep: bool = False
) -> dict[str, np.ndarray]:
    return {
        key if keep else key.removeprefix(prefix): tensor
        for key, tensor in tensors.items()
        if key.startswith(prefix)
    }


_CLAP = Architecture(
    name="CLAP",
    body=_body,
    defaults=DEFAULTS,
    free={"clip_samples"},
    converters={"clap": _from_safetensors, "clap_torch": _from_torch},
    suffixes={".safetensors": "clap", ".bin": "clap_torch"},
    classes=None,
    example={"patch_features": 8, "depth": 2},
)
