"""AudioEmbedder: sounds to vectors, as a transformer."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from kerasaudio.sklearn.estimator import Model, SoundEstimator
from kerasaudio.sklearn.sounds import read_sounds


class AudioEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, SoundEstimator):
    """Turn sounds into the vectors of a pretrained network; `fit` learns nothing.

    The vectors are those of `FeatureExtractor`. Vectors of files are kept on disk, so
    that each fold of a cross-validation finds them again. Vectors of waveforms are
    computed each time; `Pipeline(memory=...)` keeps them, too.

    X of `fit` and `transform` is one of:

    - a list, array or Series of paths;
    - a list of waveforms (samples,) of floats in [-1, 1], of NumPy or any backend;
    - an array, tensor or DataFrame (clips, samples) of such waveforms. As everywhere in
      scikit-learn, `fit` and `transform` must get the same number of columns; for other
      lengths pass a list;
    - rows of a Hugging Face dataset, {"array": ..., "sampling_rate": ...}, or a
      `datasets.Dataset` with one audio column.

    Args:
        model: Name such as "MusiCNN/mtat", path of a saved model ("mine.keras"), or an
            `AudioModel`. Copies of the estimator share its network. A pickle contains
            the name or path, never the network; with an `AudioModel` it is an error.
        layer: Name of a layer, or several, as for `FeatureExtractor`.
        pool: "mean" or "max" over the windows of a clip.
        window_seconds: Length of a window in seconds; None for the model's own.
        hop_seconds: Time from one window to the next; see `FeatureExtractor`.
        sampling_rate: Sample rate in Hz of waveforms that come without one; other rates
            than the model's are resampled. Not used for files.
        cache: Folder for the vectors of files; None for that of `FeatureExtractor`.

    Attributes:
        n_features_out_: Number of features.
        n_features_in_: Number of samples, if X has two axes.

    Raises:
        ValueError: By `fit` and `transform`: X mixes kinds, is empty, or holds unusable
            audio (no sample rate, integers, NaN, shorter than 50 ms); a file cannot be
            decoded; a parameter is wrong.
        OSError: By `transform`: a file is missing. The weights are unavailable.
        TypeError: X is sparse.

    Examples:
        >>> sounds = ["sounds/bark.wav", "sounds/knock.wav"]
        >>> embedder = kerasaudio.sklearn.AudioEmbedder("LeNetMFCC/fsdd").fit(sounds)
        >>> embedder.transform(sounds).shape
        (2, 84)
        >>> embedder.get_feature_names_out()[:2].tolist()
        ['audioembedder0', 'audioembedder1']
    """

    def __init__(
        self,
        model: Model = "YAMNet/audioset",
        *,
        layer: str | Sequence[str] = "embedding",
        pool: str = "mean",
        window_seconds: float | None = None,
        hop_seconds: float | None = None,
        sampling_rate: int | None = None,
        cache: str | PathLike[str] | None = None,
    ) -> None:
        self.model = model
        self.layer = layer
        self.pool = pool
        self.window_seconds = window_seconds
        self.hop_seconds = hop_seconds
        self.sampling_rate = sampling_rate
        self.cache = cache

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check X and load the network; no file is read.

        Args:
            X: Sounds.
            y: Not used.
        """
        read_sounds(self, X, self.sampling_rate, reset=True)
        self.n_features_out_ = self._extractor().width
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the vectors of sounds, float32 (clips, features).

        It can be called without `fit`.

        Args:
            X: Sounds.
        """
        return self._vectors(read_sounds(self, X, self.sampling_rate, reset=False))

    @property
    def _n_features_out(self) -> int:
        return self.n_features_out_

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that no `fit` is needed, and that vectors are float32."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = []
        return tags
