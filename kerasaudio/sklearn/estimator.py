"""What the estimators share: their network, the vectors of X, copies, pickles."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from kerasaudio.core import AudioModel
from kerasaudio.core.audio_input import Clip
from kerasaudio.features import FeatureExtractor
from kerasaudio.sklearn.networks import extractor_for
from kerasaudio.sklearn.sounds import check_folders, is_file
from kerasaudio.transfer.vectors import file_vectors

Model = AudioModel | Callable[..., AudioModel] | str | PathLike[str]


class SoundEstimator(BaseEstimator):
    """An estimator with a pretrained network in front; the network is not trained."""

    model: Model
    layer: str | Sequence[str]
    pool: str
    window_seconds: float | None
    hop_seconds: float | None
    sampling_rate: int | None
    cache: str | PathLike[str] | None

    _hears_all = False  # whether the whole of each clip is used, as for probes

    def __sklearn_clone__(self) -> Self:
        """Copy the parameters; a model object is shared, because it does not change."""
        if not isinstance(self.model, AudioModel):
            copy: Self = super().__sklearn_clone__()
            return copy
        bare = type(self)(**(self.get_params(deep=False) | {"model": ""}))
        # scikit-learn's own: the form of the output, the routing of metadata.
        bare.__dict__ |= {k: v for k, v in self.__dict__.items() if k[0] == "_"}
        copy = super(SoundEstimator, bare).__sklearn_clone__()
        return copy.set_params(model=self.model)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle stores, unless the model is an object.

        Raises:
            TypeError: The model is an object.
        """
        if isinstance(self.model, AudioModel):
            raise TypeError(
                f"{type(self).__name__} holds a model object, which is not pickled. "
                "Save it with model.save('mine.keras'), and pass the path: "
                "set_params(model='mine.keras')."
            )
        state: dict[str, Any] = super().__getstate__()
        return state

    def _extractor(self) -> FeatureExtractor:
        windows = (self.window_seconds, self.hop_seconds)
        return extractor_for(
            self.model,
            self.layer,
            self.pool,
            *windows,
            self.cache,
            hears_all=self._hears_all,
        )

    def _vectors(self, clips: Sequence[Clip]) -> np.ndarray:
        """Return the vectors of clips of one kind, float32 (clips, features)."""
        extractor = self._extractor()
        if not is_file(clips[0]):
            return np.concatenate([extractor.timeline(*clip).vectors for clip in clips])
        paths = [clip.audio for clip in clips]
        check_folders(paths)
        each, _ = file_vectors(extractor, paths, "X", None)
        return np.concatenate(each)
