"""SileroVAD: where somebody speaks, with a score every 32 ms that remembers the past.

    waveform (b, samples) -> 64 samples of silence in front, or those before the window,
    and silence behind, up to whole chunks -> chunks: 512 samples and the 64 before them
    (b, n, 576, 1)
    -> the end of each chunk is reflected, magnitudes: frontend (b, n, 4 frames, 129)
    -> 4 x [conv over 3 frames, ReLU] (b, n, 4, 128) (b, n, 2, 64) (b, n, 1, 64)
       (b, n, 1, 128)
    -> LSTM over the chunks (b, n, 128), whose mean is the embedding (b, 128)
    -> ReLU -> dense, sigmoid: frame_scores (b, n, 1)
    -> mean: predictions (b, 1)

Published without scores for exactly these weights.

Source: Silero Team, "Silero VAD: pre-trained enterprise-grade voice activity detector",
2021, github.com/snakers4/silero-vad; silero-vad 6.2.3, `silero_vad_16k_op15.onnx`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import keras
import numpy as np
from keras import layers, ops

from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.architecture import Architecture, Body, score_pieces
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.patchwise import PatchMean
from kerasaudio.core.pretrained import Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Patches, Spectrogram, WholeWindows, channels_last
from kerasaudio.layers.base import Shape
from kerasaudio.layers.context import LeadIn
from kerasaudio.layers.framing import pad_ends
from kerasaudio.layers.time_axis import Timed, rule

SAMPLE_RATE = 16_000
CHUNK = 512
BEFORE = 64  # samples of the chunk before that each chunk includes
FRAME = 256
HOP = 128
BINS = FRAME // 2 + 1
FRAMES = 4
WINDOW_SAMPLES = 320 * CHUNK  # 10.24 s
FRONTEND: dict[str, Any] = {"n_fft": FRAME, "hop_length": HOP}
STRIDES = (1, 2, 2, 1)


def SileroVAD(
    weights: Weights = None,
    *,
    filters: int | None = None,
    units: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Score every 32 ms whether somebody speaks, with a recurrent network.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 512
    samples (32 ms). Whole clips (`tag`, `embed`) have at least 0.05 s.
    Output: (batch, classes), the mean of the scores of the chunks of 512 samples; the
    layer `frame_scores` has them, (batch, chunks, classes). A last chunk that is not
    full is filled with silence.
    Embedding: (batch, units), the mean of the LSTM's output over the chunks.
    Whole clips: as upstream, the state of the LSTM goes on through the clip, however
    long it is: in `tag`, `embed`, `kerasaudio.events.frame_scores` and `find_events`,
    and in `kerasaudio.Stream`, which gives a score for every chunk.

    Args:
        filters: Filters of the first and of the last convolution, at least 2; those
            between have half as many; default: 128.
        units: Units of the LSTM; default: 128.

    Source: github.com/snakers4/silero-vad; silero-vad 6.2.3.
    """
    return build(_SILERO_VAD, **locals())


@keras.saving.register_keras_serializable("kerasaudio")
class ChunkSpectrogram(Spectrogram):
    """Magnitudes of the frames of each chunk, whose end is reflected by half a hop.

    Input: chunks (batch, chunks, samples, 1), floating point.
    Output: float32 (batch, chunks, frames, n_fft // 2 + 1), not negative.

    Args:
        **kwargs: See `Spectrogram`; not centered.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"center": False})

    def call(self, inputs: Any) -> Any:
        """Transform (batch, chunks, samples, 1)."""
        chunks = ops.shape(inputs)[1]
        x = ops.reshape(inputs, (-1, inputs.shape[2]))
        frames = super().call(pad_ends(x, 0, self.hop_length // 2, "reflect"))
        return ops.reshape(frames, (-1, chunks, *frames.shape[1:]))

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return the specification of the output."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), "float32")

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, chunks, frames, bins)."""
        batch, chunks, samples, _ = input_shape
        assert samples is not None
        frames = self.count_frames(samples + self.hop_length // 2)
        return (batch, chunks, frames, self.bins)


@rule(ChunkSpectrogram)
def _chunk_by_chunk(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value), x.count)


def _body(filters: int, units: int) -> Body:
    if filters < 2:
        raise ValueError(f"filters must be at least 2. Received: {filters!r}.")
    waveform = keras.Input((None,), name="waveform")
    x = LeadIn(BEFORE, name="lead_in")(waveform)
    x = WholeWindows(BEFORE + CHUNK, CHUNK, name="whole_chunks")(x)
    x = layers.Reshape((-1, 1), name="samples", dtype="float32")(x)
    x = Patches(BEFORE + CHUNK, CHUNK, name="chunks")(x)
    x = ChunkSpectrogram(**FRONTEND, name="frontend")(x)
    widths = (filters, filters // 2, filters // 2, filters)
    for number, (width, stride) in enumerate(zip(widths, STRIDES, strict=True)):
        # As in torch; Keras' "same" would add one frame only, behind, with a stride.
        x = channels_last.ZeroPadding2D(((0, 0), (1, 1)), name=f"conv{number}_pad")(x)
        x = channels_last.Conv2D(
            width, (1, 3), (1, stride), activation="relu", name=f"conv{number}"
        )(x)
    x = layers.Reshape((-1, filters), name="steps")(x)
    x = layers.LSTM(units, return_sequences=True, name="lstm_l0")(x)
    embedding = PatchMean(name="embedding")(x)
    x = layers.ReLU(name="relu")(x)
    spec = AudioSpec.of_any_length(
        SAMPLE_RATE,
        WINDOW_SAMPLES,
        CHUNK,
        step_samples=CHUNK,
        frontend=FRONTEND | {"frame_samples": CHUNK},
    )
    return Body(waveform, embedding, x, spec)


def convert(tensors: Mapping[str, np.ndarray], origin: str) -> State:
    """Convert the initializers of `silero_vad_16k_op15.onnx`.

    Args:
        tensors: Arrays by name.
        origin: Origin of the arrays, for error messages.

    Raises:
        ValueError: The arrays are not those of this network.
    """
    known = {
        f"model.decoder.rnn.{part}_{side}"
        for part in ("weight", "bias")
        for side in ("ih", "hh")
    } | {"model.stft.forward_basis_buffer"}
    if not known <= tensors.keys():
        raise ValueError(
            f"{origin} does not hold a SileroVAD at 16 kHz, with model.stft and "
            f"model.decoder: its tensors are {sorted(tensors)[:4]} ..."
        )
    named = {}
    for key, tensor in tensors.items():
        name = key.removeprefix("model.").replace(".reparam_conv", "")
        if name.startswith("encoder.") and tensor.ndim == 3:
            tensor = tensor[..., None]  # over the frames of one chunk
        elif name.startswith("decoder.rnn."):
            name = f"{name.replace('decoder.rnn', 'lstm')}_l0"
        elif name == "decoder.decoder.2.weight":
            tensor = tensor[..., 0]
        named[name] = tensor
    rename = {f"encoder_{number}": f"conv{number}" for number in range(len(STRIDES))}
    rename["decoder_decoder_2"] = "frame_scores"
    return from_torch(
        named, rename=rename, constants={"stft.forward_basis_buffer": _basis()}
    )


def _basis() -> np.ndarray:
    """Return upstream's stored transform, (2 x bins, 1, samples), with its window."""
    waves = np.exp(-2j * np.pi / FRAME * np.outer(np.arange(BINS), np.arange(FRAME)))
    waves *= Spectrogram(**FRONTEND).window_samples
    return np.concatenate([waves.real, waves.imag])[:, None].astype("float32")


_SILERO_VAD = Architecture(
    name="SileroVAD",
    body=_body,
    defaults={"filters": 128, "units": 128},
    classes=1,
    head=score_pieces("frame_scores"),
    example={"labels": ["speech", "music"], "filters": 4, "units": 4},
    bundled="16k",
)
