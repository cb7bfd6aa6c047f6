"""Random changes to what a network hears while it is trained."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras.layers import Layer

from kerasaudio.arguments import number
from kerasaudio.audio.versions import versions_of
from kerasaudio.core import AudioModel
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.training.augmented import augmented, check_layers

_SHOWN = 2_000  # longest config in characters; longer ones, such as noises, are hashed


@dataclass(frozen=True)
class Augmentation:
    """Augmentation for `train`: layers in the graph, mixup, versions made ahead.

    Attributes:
        waveform: Layers after the input, in order; default: none. See `augmented`.
        features: Layers after the front-end, in order; default: none. See `augmented`.
        mixup: Parameter alpha of mixup, above 0; None for no mixup. Each window is
            mixed with another one of its batch, and so are their targets: the share of
            the other window is min(b, 1 - b), with b drawn from Beta(alpha, alpha).
            With class weights, the weights of the windows are mixed, too.
        versions: Versions of each training clip, which are made before the first epoch,
            kept with the decoded audio, and learned from like further clips; default:
            none. "stretch": 0.81, 0.93, 1.07 and 1.23 times as fast; "pitch": -2, -1, 1
            and 2 semitones higher; or pairs such as ("stretch", 0.9) or ("pitch", 3).
            An epoch has a window of each clip and of each version. Versions have their
            own length; their windows are cut and padded as those of clips. They need
            the extra `augment`; see `time_stretch` and `pitch_shift`.

    Raises:
        ValueError: `waveform` or `features` is not a list of layers, `mixup` is not
            above 0, or `versions` has an unknown word or an amount out of range.

    Source: Zhang et al. 2018, "mixup", arXiv:1710.09412. Salamon & Bello 2017 made
    such versions, arXiv:1608.04363.

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
        >>> augmentation = kerasaudio.training.Augmentation(versions=["stretch"])
        >>> len(augmentation.versions)
        4
    """

    waveform: tuple[Layer, ...] = ()
    features: tuple[Layer, ...] = ()
    mixup: float | None = None
    versions: Sequence[str | tuple[str, float]] = ()

    def __post_init__(self) -> None:
        """Check the fields, and store the layers as tuples."""
        for name in ("waveform", "features"):
            check_layers(name, getattr(self, name))
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.mixup is not None:
            object.__setattr__(self, "mixup", number(self.mixup, "mixup", above=0))
        pairs = tuple((v.kind, v.amount) for v in versions_of(self.versions))
        object.__setattr__(self, "versions", pairs)

    def around(self, model: AudioModel) -> keras.Model:
        """Return the network to train: `augmented`, or the model without layers."""
        if not (self.waveform or self.features):
            return model
        return augmented(model, self.waveform, self.features)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as values for JSON; long ones as their hash."""
        told: dict[str, Any] = {
            "waveform": [_settings(layer) for layer in self.waveform],
            "features": [_settings(layer) for layer in self.features],
            "mixup": self.mixup,
        }
        if self.versions:
            told["versions"] = [list(pair) for pair in self.versions]
        return told


def _settings(layer: Layer) -> dict[str, Any]:
    # Names are left out: Keras numbers them, so they differ between processes.
    config = {k: v for k, v in layer.get_config().items() if k != "name"}
    text = json.dumps(keras.saving.serialize_keras_object(config), sort_keys=True)
    if len(text) > _SHOWN:
        text = hashlib.sha256(text.encode()).hexdigest()
    return {type(layer).__name__: text}


class MixedBatches(keras.utils.PyDataset):
    """Batches whose windows are mixed with each other; see `Augmentation.mixup`.

    Args:
        batches: Batches to mix, with targets (batch, classes).
        alpha: Parameter of the Beta distribution, above 0.
        seed: Random seed. With the number of the epoch and that of the batch, it
            determines what is drawn.
    """

    def __init__(self, batches: ClipBatches, alpha: float, seed: int) -> None:
        super().__init__()
        self._batches, self._alpha, self._seed = batches, alpha, seed

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Return a mixed batch of the current epoch."""
        batch = self._batches[index]
        rng = np.random.default_rng((self._seed, self._batches.epoch, 2, index))
        clips = len(batch[0])
        other = rng.permutation(clips)
        share = rng.beta(self._alpha, self._alpha, clips).astype("float32")
        share = np.minimum(share, 1 - share)
        return tuple(_mixed(part, other, share) for part in batch)

    def on_epoch_end(self) -> None:
        """Draw new windows from now on; Keras calls this after each epoch."""
        self._batches.on_epoch_end()


def _mixed(part: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    wide = share.reshape(-1, *(1,) * (part.ndim - 1))
    return part + wide * (part[other] - part)
