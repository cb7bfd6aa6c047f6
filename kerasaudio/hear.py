"""The HEAR 2021 interface: scene and timestamp embeddings of any preset.

    hear-validator kerasaudio.hear --model EfficientAT/audioset

waveforms (sounds, samples) -> windows -> `embedding` layer ->
    mean over the clip                     (sounds, size)             scene
    every 50 ms, centered on its timestamp  (sounds, timestamps, size) timestamps

Interface: Turian et al. 2022, "HEAR: Holistic Evaluation of Audio Representations",
arXiv:2203.03022; https://hearbenchmark.com/hear-api.html.
"""

import math
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import is_number
from kerasaudio.audio.check import check_dtype, check_values
from kerasaudio.core import AudioModel
from kerasaudio.core.feature_model import tap
from kerasaudio.core.spec import AudioSpec
from kerasaudio.core.windowed import run, timeline, waveform_windows
from kerasaudio.loading import load

DEFAULT_MODEL = "YAMNet/audioset"
# The sample rates of the tasks that HEAR published.
SAMPLE_RATES = (16_000, 22_050, 32_000, 44_100, 48_000)
HOP_MS = 50.0
# Window of networks that accept any length, as in EfficientAT's own HEAR entry
# (fschmid56/EfficientAT_HEAR@08dde7d, hear_wrapper.py).
WINDOW_SECONDS = 0.16
# Most samples in a batch: 2**19 samples are 33 s at 16 kHz.
_BATCH_SAMPLES = 2**19
_MOST_WINDOWS = 64


def _module_class() -> Any:
    """Return the base class: tf.Module or torch's Module for HEAR; object with JAX."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        return tensorflow.Module
    if keras.backend.backend() == "torch":
        import torch

        return torch.nn.Module
    return object


_Module: Any = _module_class()


class HearModel(_Module):
    """An AudioModel for HEAR: a tf.Module, a torch module, or a plain object with JAX.

    Args:
        model: A model of kerasaudio with an embedding layer.

    Attributes:
        sample_rate: Sample rate of the waveforms in Hz, one of `SAMPLE_RATES`.
        scene_embedding_size: Number of features of a scene embedding.
        timestamp_embedding_size: Number of features of a timestamp embedding.
        spec: The model's `AudioSpec`.

    Raises:
        ValueError: The model's sample rate is not one of HEAR's.
        TypeError: `model` is not a model of kerasaudio.
    """

    def __init__(self, model: AudioModel) -> None:
        super().__init__()
        if not isinstance(model, AudioModel):
            raise TypeError(
                "model must be an AudioModel, such as kerasaudio.load("
                f"'YAMNet/audioset'). Received: {type(model).__name__}."
            )
        if model.spec.sample_rate not in SAMPLE_RATES:
            raise ValueError(
                f"HEAR supports only the sample rates {SAMPLE_RATES} Hz. Received: "
                f"{model.name}, which needs {model.spec.sample_rate} Hz."
            )
        self.spec = model.spec
        self.sample_rate = model.spec.sample_rate
        self.embedder = tap(model, ["embedding"])
        size = int(self.embedder.output.shape[-1])
        self.scene_embedding_size = size
        self.timestamp_embedding_size = size
        if keras.backend.backend() == "tensorflow":
            # A tf.Module finds variables in its attributes, but not those of Keras.
            self.values = [variable.value for variable in self.embedder.variables]

    def embed(self, windows: Iterable[np.ndarray]) -> np.ndarray:
        """Run the network batch by batch.

        Args:
            windows: Waveforms of one length, float32 (samples,).

        Returns:
            float32 (windows, size).
        """
        predict = self.embedder.predict_on_batch
        with self._device():
            return np.concatenate([run(predict, batch) for batch in _batches(windows)])

    def _device(self) -> AbstractContextManager[Any]:
        """Use the device that torch's `.to` moved the parameters to."""
        if keras.backend.backend() != "torch":
            return nullcontext()
        return keras.device(str(next(self.parameters()).device))


def load_model(model_file_path: str = "") -> HearModel:
    """Load a preset or a saved model.

    Args:
        model_file_path: "EfficientAT/audioset" or another of
            `kerasaudio.list_weights()`, the path of a saved .keras model, or "" for
            `DEFAULT_MODEL`.

    Returns:
        The model to pass to the functions below.

    Raises:
        ValueError: The preset is unknown, or its sample rate is not one of HEAR's.
        OSError: A file is missing, or a download failed.
    """
    return HearModel(load(model_file_path or DEFAULT_MODEL))


def get_scene_embeddings(audio: Any, model: HearModel) -> Any:
    """Turn each sound into one vector, the same as `AudioModel.embed`.

    Args:
        audio: Mono waveforms in [-1, 1], (sounds, samples), at `model.sample_rate`, at
            least 50 ms long; a tensor of the backend or an array.
        model: Model from `load_model`.

    Returns:
        float32 tensor of the backend, (sounds, model.scene_embedding_size).

    Raises:
        ValueError: The audio has another shape, integers, NaN or values above full
            scale, or is too short.
        TypeError: `model` is not from `load_model`.
    """
    waveforms = _waveforms(audio, model)
    if model.embedder.has_state:
        rate = model.sample_rate
        with model._device():
            heard = [timeline(model.embedder, model.spec, x, rate) for x in waveforms]
        means = np.stack([clip.mean() for clip in heard])
        return keras.ops.convert_to_tensor(means, "float32")
    cut = [
        list(waveform_windows(model.spec, waveform, model.sample_rate))
        for waveform in waveforms
    ]
    # All sounds have the same length, and so do their windows.
    each = [
        model.embed(window.samples for window in alike)
        for alike in zip(*cut, strict=True)
    ]
    weights = [window.weight for window in cut[0]]
    scenes = np.average(np.stack(each), axis=0, weights=weights)
    return keras.ops.convert_to_tensor(scenes, "float32")


def get_timestamp_embeddings(
    audio: Any,
    model: HearModel,
    hop_ms: float = HOP_MS,
    window_seconds: float | None = None,
) -> tuple[Any, Any]:
    """Turn each sound into vectors at regular times.

    The window of a vector is centered on its timestamp; outside the sound it is padded
    with silence. Timestamps are 0, `hop_ms`, 2 `hop_ms`, ... up to the end of the
    sound. Each is rounded to a sample separately, so that errors do not add up. A
    network with a state (`spec.step_samples`) hears each window on its own.

    Args:
        audio: As for `get_scene_embeddings`, of any length.
        model: Model from `load_model`.
        hop_ms: Time from one timestamp to the next in milliseconds.
        window_seconds: Length of the windows in seconds, for networks that accept any
            length; None for 0.16 s, or the minimum of the network if that is longer.
            Other networks have their own.

    Returns:
        Embeddings, (sounds, timestamps, model.timestamp_embedding_size), and their
        timestamps in milliseconds, (sounds, timestamps): float32 tensors of the
        backend.

    Raises:
        ValueError: The audio is unusable, as for `get_scene_embeddings`; the hop is
            shorter than a sample; the network does not accept the window.
        TypeError: `model` is not from `load_model`.
    """
    waveforms = _waveforms(audio, model)
    hop = _hop_samples(hop_ms, model.sample_rate)
    window = _window_samples(window_seconds, model.spec)
    context = model.spec.context_samples
    sounds, samples = waveforms.shape
    indices = np.arange(math.floor(samples / hop + 1e-6) + 1)
    centers = np.rint(indices * hop).astype(int)
    vectors = model.embed(
        piece
        for waveform in waveforms
        for piece in _centered(waveform, centers.tolist(), window, context)
    )
    timestamps = np.tile(indices * float(hop_ms), (sounds, 1))
    return (
        keras.ops.convert_to_tensor(
            vectors.reshape(sounds, len(centers), model.timestamp_embedding_size)
        ),
        keras.ops.convert_to_tensor(timestamps, "float32"),
    )


def _waveforms(audio: Any, model: HearModel) -> np.ndarray:
    if not isinstance(model, HearModel):
        raise TypeError(
            "model must be from kerasaudio.hear.load_model. Wrap your own model in "
            f"HearModel(model). Received: {type(model).__name__}."
        )
    if keras.ops.is_tensor(audio):
        audio = keras.ops.convert_to_numpy(audio)
    waveforms = np.asarray(audio)
    check_dtype(waveforms, "audio")
    if waveforms.ndim != 2 or waveforms.size == 0:
        raise ValueError(
            "audio must be a batch of mono sounds, of shape (sounds, samples). "
            f"Received: shape {waveforms.shape}."
        )
    check_values(waveforms, "audio")
    return waveforms.astype("float32", copy=False)


def _hop_samples(hop_ms: Any, sample_rate: int) -> float:
    hop = float(hop_ms) / 1000 * sample_rate if is_number(hop_ms) else math.nan
    if not 1 <= hop < math.inf:
        raise ValueError(
            f"hop_ms must be a number of milliseconds such as 50.0, and at least one "
            f"sample, {1000 / sample_rate:.4f} ms. Received: {hop_ms!r}."
        )
    return hop


def _window_samples(window_seconds: float | None, spec: AudioSpec) -> int:
    if window_seconds is not None:
        return spec.with_windows(window_seconds).window_samples
    default = round(WINDOW_SECONDS * spec.sample_rate)
    return spec.clip_samples or max(spec.min_samples, default)


def _centered(
    waveform: np.ndarray, centers: list[int], window: int, context: int
) -> Iterator[np.ndarray]:
    padded = np.pad(waveform, (context + window // 2, window - window // 2))
    for center in centers:
        yield padded[center : center + context + window]


def _batches(windows: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    pending: list[np.ndarray] = []
    for window in windows:
        pending.append(window)
        if len(pending) == _batch_size(len(window)):
            yield np.stack(pending)
            pending = []
    if pending:
        yield np.stack(pending)


def _batch_size(samples: int) -> int:
    """Return the batch size: a power of two, which `run` does not pad."""
    most = max(1, min(_MOST_WINDOWS, _BATCH_SAMPLES // samples))
    return 1 << (most.bit_length() - 1)
