"""Where the features of a spectrogram front-end lie: in time and in frequency."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.layers import MFCC, STFT, TensorFlowMFCC

FRONTEND = "frontend"


@dataclass(frozen=True, eq=False)
class Grid:
    """The frames and bins of a front-end.

    Attributes:
        hop: Distance from one frame to the next in samples.
        offset: Sample on which the first frame is centered.
        reach: Samples on either side of the middle that a frame covers.
        frequencies: Center of each bin in Hz, float64 (bins,); None if bins are not
            frequencies.
    """

    hop: float
    offset: float
    reach: float
    frequencies: np.ndarray | None

    def middles(self, frames: int) -> np.ndarray:
        """Return the sample in the middle of each frame, int64 (frames,)."""
        places = self.offset + self.hop * np.arange(frames)
        return np.rint(places).astype(np.int64)


def spectrogram_of(model: AudioModel) -> keras.KerasTensor:
    """Return the output of the spectrogram front-end, (batch, frames, bins).

    Raises:
        ValueError: The model has none: it hears the waveform, or its front-end returns
            something else.
    """
    shape = _frontend_shape(model)
    if not has_spectrogram(model):
        about = "no layer 'frontend'" if shape is None else f"one of shape {shape}"
        raise ValueError(
            f"{model.name} has no front-end that returns a spectrogram (batch, frames, "
            f"bins): it has {about}. Pass on='waveform'."
        )
    return model.get_layer(FRONTEND).output


def has_spectrogram(model: AudioModel) -> bool:
    """Return whether the front-end of a model returns a spectrogram."""
    shape = _frontend_shape(model) or ()
    return len(shape) == 3 and shape[2] not in (None, 1)


def _frontend_shape(model: AudioModel) -> tuple[int | None, ...] | None:
    named = [layer for layer in model.layers if layer.name == FRONTEND]
    return tuple(named[0].output.shape) if named else None


def find_grid(model: AudioModel, samples: int, frames: int) -> Grid:
    """Return where the frames and bins of a front-end lie.

    Args:
        model: A model with a spectrogram front-end.
        samples: Number of samples of a waveform.
        frames: Number of frames that the front-end makes of it.
    """
    features = spectrogram_of(model)
    layers = keras.Model(model.input, features).layers
    frequencies = _frequencies(layers, features.shape[2], model.spec.sample_rate)
    framing = next((layer for layer in layers if hasattr(layer, "hop_length")), None)
    if framing is None or not _fits(framing, samples, frames):
        hop = samples / frames
        return Grid(hop, (hop - 1) / 2, hop, frequencies)
    span = getattr(framing, "win_length", None) or 2 * framing.hop_length
    offset = 0 if getattr(framing, "center", True) else (span - 1) / 2
    return Grid(float(framing.hop_length), offset, span / 2, frequencies)


def _fits(framing: Any, samples: int, frames: int) -> bool:
    """Return whether a layer makes about this number of frames."""
    span = getattr(framing, "n_fft", 0)
    return abs(frames * framing.hop_length - samples) <= span + 2 * framing.hop_length


def _frequencies(layers: list[Any], bins: int, rate: int) -> np.ndarray | None:
    if any(isinstance(layer, MFCC | TensorFlowMFCC) for layer in layers):
        return None
    for layer in layers:
        bank = getattr(layer, "filterbank", None)
        if isinstance(bank, np.ndarray) and bank.shape[1] == bins:
            return _centers(bank, np.arange(len(bank)) * rate / layer.n_fft)
    for layer in layers:
        if type(layer).__name__ == "Spectrogram" and layer.bins == bins:
            assert isinstance(layer, STFT)
            return np.arange(bins) * rate / layer.n_fft
    return None


def _centers(bank: np.ndarray, hertz: np.ndarray) -> np.ndarray:
    """Return the mean frequency of each band; bands of no bin lie between others."""
    total = bank.sum(axis=0)
    known = np.flatnonzero(total > 0)
    means = (bank * hertz[:, None]).sum(axis=0)[known] / total[known]
    return np.interp(np.arange(bank.shape[1]), known, means)
