"""What is changed at random while a network learns."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras.layers import Layer

from kerasaudio.arguments import number
from kerasaudio.core import AudioModel
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.training.augmented import augmented, check_layers

_SHOWN = 2_000  # characters of a layer's config; noises are longer


@dataclass(frozen=True)
class Augmentation:
    """Augmentation for `train`: in the graph, and between the clips of a batch.

    Attributes:
        waveform: Layers behind the input; see `augmented`.
        features: Layers behind the front-end; see `augmented`.
        mixup: None, or alpha above 0 of mixup: each window is mixed with another of its
            batch, and their targets alike, by the share min(b, 1 - b), b from
            Beta(alpha, alpha). With class weights the windows' weights are mixed, too.

    Raises:
        ValueError: What is no layer, an alpha out of range.

    Source: Zhang et al. 2018, "mixup", arXiv:1710.09412.

    Examples:
        >>> augmentation = kerasaudio.training.Augmentation(
        ...     waveform=[kerasaudio.layers.Noise(seed=0)],
        ...     features=[kerasaudio.layers.SpecAugment(seed=0)],
        ...     mixup=0.2,
        ... )
        >>> model = kerasaudio.LeNetMFCC(labels=["hiss", "hum"], filters=4)
        >>> learner = augmentation.around(model)  # as train(..., augmentation=) does
        >>> learner.output_shape
        (None, 2)
    """

    waveform: tuple[Layer, ...] = ()
    features: tuple[Layer, ...] = ()
    mixup: float | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("waveform", "features"):
            check_layers(name, getattr(self, name))
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.mixup is not None:
            object.__setattr__(self, "mixup", number(self.mixup, "mixup", above=0))

    def around(self, model: AudioModel) -> keras.Model:
        """Give the network to train: `augmented`, or the model where there is none."""
        if not (self.waveform or self.features):
            return model
        return augmented(model, self.waveform, self.features)

    def to_dict(self) -> dict[str, Any]:
        """Give the settings, ready for JSON; long ones by their hash."""
        return {
            "waveform": [_settings(layer) for layer in self.waveform],
            "features": [_settings(layer) for layer in self.features],
            "mixup": self.mixup,
        }


def _settings(layer: Layer) -> dict[str, Any]:
    # Names are counted up in a process; they say nothing.
    config = {k: v for k, v in layer.get_config().items() if k != "name"}
    text = json.dumps(keras.saving.serialize_keras_object(config), sort_keys=True)
    if len(text) > _SHOWN:
        text = hashlib.sha256(text.encode()).hexdigest()
    return {type(layer).__name__: text}


class MixedBatches(keras.utils.PyDataset):
    """Batches whose windows are mixed with each other; see `Augmentation.mixup`.

    Args:
        batches: To mix, with targets (batch, classes).
        alpha: Of the Beta distribution.
        seed: With the epoch and the batch it decides what is drawn.
    """

    def __init__(self, batches: ClipBatches, alpha: float, seed: int) -> None:
        super().__init__()
        self._batches, self._alpha, self._seed = batches, alpha, seed

    def __len__(self) -> int:
        """Give the number of batches in an epoch."""
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Give a batch of this epoch."""
        batch = self._batches[index]
        rng = np.random.default_rng((self._seed, self._batches.epoch, 2, index))
        clips = len(batch[0])
        other = rng.permutation(clips)
        share = rng.beta(self._alpha, self._alpha, clips).astype("float32")
        share = np.minimum(share, 1 - share)
        return tuple(_mixed(part, other, share) for part in batch)

    def on_epoch_end(self) -> None:
        """Draw anew from now on; Keras calls it."""
        self._batches.on_epoch_end()


def _mixed(part: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    wide = share.reshape(-1, *(1,) * (part.ndim - 1))
    return part + wide * (part[other] - part)
