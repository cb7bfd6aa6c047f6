"""WhisperEncoder: the half of Whisper that hears, trained to transcribe speech.

    waveform (b, samples) -> filled with zeros, or cut: fit (b, 480000, 1)
    -> mel, power, 100 frames a second, without the last (b, 3000, 80)
    -> decibels, at most 80 below the loudest, scaled: frontend (b, 3000, 80)
    -> conv1, then conv2 with stride 2, GELU (b, 1500, d) -> positions added
    -> 4 to 32 x [attention, heads of 64 features; dense 4 d] -> layer_norm (b, 1500, d)
    -> without the steps behind the clip: states (b, steps, d), 50 a second
    -> mean: embedding (b, d)

d is the hidden size. Published without classes: a decoder turns all 1500 steps into
text. It is not part of this network.

Source: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak
Supervision", arXiv:2212.04356; openai/whisper, commit c0d2f62; the Hub's form follows
Hugging Face transformers 5.24 (`WhisperModel`, `WhisperFeatureExtractor`).
"""

from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import (
    TORCH_EPSILON,
    TransformerNames,
    conv_1d,
    transformer_layer,
)
from kerasaudio.core.build import Shared, build
from kerasaudio.core.patchwise import PatchMean
from kerasaudio.core.pretrained import Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, MelSpectrogram, Standardize
from kerasaudio.layers.fixed_length import FixedPositions, StepsOfClip
from kerasaudio.layers.transformer import FitFrames
from kerasaudio.models.whisper_files import from_openai, from_safetensors

SAMPLE_RATE = 16_000
HOP = 160
STEP = 2 * HOP  # conv2 halves the frames
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 400,
    "hop_length": HOP,
    "pad_mode": "reflect",
    "fmax": 8000.0,
}
# (log10(power) + 4) / 4, in decibels.
MEAN, STD = -40.0, 40.0
DEFAULTS = {
    "hidden_size": 384,
    "num_layers": 4,
    "num_heads": 6,
    "intermediate_size": 1536,
    "n_mels": 80,
    "max_length": 3000,
}
_NAMES = TransformerNames(
    "self_attn_layer_norm", "self_attn", "final_layer_norm", "fc1", "fc2"
)


def WhisperEncoder(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    intermediate_size: int | None = None,
    n_mels: int | None = None,
    max_length: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Describe speech with the encoder of Whisper.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 320
    samples (20 ms); the network ignores what comes after 30 s. Whole clips (`tag`,
    `embed`) have at least 0.05 s.
    Output: the embedding, (batch, hidden_size); with labels or classes of your own,
    their scores (batch, classes).
    Embedding: (batch, hidden_size), the mean of the layer `states`: what the encoder
    gives for each 20 ms of the clip, (batch, steps, hidden_size).
    Whole clips: windows of 30 s, side by side; the last one is weighted by its length.
    As upstream, a shorter clip is filled with zeros up to 30 s before the front-end,
    so that each clip takes as long as one of 30 s.

    Upstream passes on the steps of these zeros, too: the layer `layer_norm` has all
    1500. Their mean, which `WhisperForAudioClassification` of Hugging Face transformers
    takes, is mostly that of silence if the clip is short; the embedding is not.

    Upstream limits the range of a batch to 80 dB below its loudest clip, this network,
    as the Hub's code, that of each clip.

    A `.pt` of openai/whisper and a `.safetensors` of the Hub are read; the decoder in
    them is left out. The `dims` of the former, and the `config.json` next to the
    latter, give the number of heads; otherwise heads are 64 features wide, as in all
    published ones: tiny (the defaults), base (hidden_size 512, num_layers 6), small
    (768, 12), medium (1024, 24) and large (1280, 32; n_mels 128 since large-v3), with
    dense layers 4 times as wide.

    Args:
        hidden_size: Number of features of a step, even; default: 384.
        num_layers: Number of transformer layers; default: 4.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 6.
        intermediate_size: Units of the dense layer inside each layer; default: 1536.
        n_mels: Number of mel bands; default: 80.
        max_length: Number of frames of 10 ms that the network hears, even; default:
            3000.

    Source: arXiv:2212.04356; upstream openai/whisper at c0d2f62.
    """
    return build(_WHISPER_ENCODER, **locals())


def _body(
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    intermediate_size: int,
    n_mels: int,
    max_length: int,
) -> Body:
    if num_heads < 1 or hidden_size % num_heads:
        raise ValueError(
            f"num_heads must divide hidden_size={hidden_size}. Received: {num_heads!r}."
        )
    if max_length < 4 or max_length % 2:
        raise ValueError(
            f"max_length must be even, at least 4 frames. Received: {max_length!r}."
        )
    samples = max_length * HOP
    waveform = keras.Input((None,), name="waveform")
    x = layers.Reshape((-1, 1), dtype="float32", name="samples")(waveform)
    x = FitFrames(samples, name="fit")(x)
    x = layers.Reshape((samples,), dtype="float32", name="clip")(x)
    x = MelSpectrogram(**FRONTEND, n_mels=n_mels, name="mel")(x)
    x = layers.Cropping1D((0, 1), dtype="float32", name="whole_frames")(x)
    x = Decibel(name="decibel")(x)
    x = Standardize(MEAN, STD, name="frontend")(x)
    for name, stride in (("conv1", 1), ("conv2", 2)):
        x = conv_1d(x, hidden_size, 3, name, stride=stride)
        x = layers.Activation("gelu", name=f"{name}_gelu")(x)
    x = FixedPositions(name="positions")(x)
    for number in range(num_layers):
        name = f"layers_{number}"
        x = transformer_layer(
            x, num_heads, intermediate_size, TORCH_EPSILON, name, _NAMES
        )
    x = layers.LayerNormalization(epsilon=TORCH_EPSILON, name="layer_norm")(x)
    x = StepsOfClip(STEP, name="states")([x, waveform])
    embedding = PatchMean(name="embedding")(x)
    return Body(waveform, embedding, embedding, _spec(n_mels, max_length))


def _spec(n_mels: int, max_length: int) -> AudioSpec:
    samples = max_length * HOP
    return AudioSpec(
        sample_rate=SAMPLE_RATE,
        clip_samples=None,
        window_samples=samples,
        min_samples=STEP,
        max_samples=samples,
        frontend=FRONTEND | {"n_mels": n_mels, "mean": MEAN, "std": STD},
    )


_WHISPER_ENCODER = Architecture(
    name="WhisperEncoder",
    body=_body,
    defaults=DEFAULTS,
    converters={"whisper": from_safetensors, "openai_whisper": from_openai},
    suffixes={".pt": "openai_whisper", ".safetensors": "whisper"},
    classes=None,
    example={"labels": ["yes", "no"], "num_layers": 1},
)
