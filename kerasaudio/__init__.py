"""kerasaudio: a Keras 3 model zoo for sound.

    model = kerasaudio.load("YAMNet/audioset")
    model.predict(waveforms)      # (batch, samples) -> (batch, classes)
    model.tag("street.mp3")       # [("Vehicle", 0.8), ...]
    model.timeline("street.mp3")  # scores over time
    model.embed("street.mp3")     # a vector

Factories and weights: `kerasaudio.list_weights()`.
"""

try:
    import keras as _keras  # noqa: F401  (first, to load its backend)
except ModuleNotFoundError as error:
    if error.name not in ("tensorflow", "jax", "torch"):
        raise
    raise ModuleNotFoundError(
        f"The backend of Keras is {error.name} (set by KERAS_BACKEND, keras.json or "
        f"default), which is not installed. Run: pip install "
        f'"kerasaudio[{error.name}]". Or choose another backend: '
        "KERAS_BACKEND=tensorflow, jax or torch.",
        name=error.name,
    ) from None

from kerasaudio import (
    datasets,
    evaluation,
    events,
    layers,
    metrics,
    models,
    moved,
    plot,
    sharing,
    similarity,
    streaming,
    training,
    transfer,
    weights,
)
from kerasaudio.audio import (
    AudioDecodeError,
    AudioWarning,
    find_audio,
    iter_windows,
    load_audio,
    pitch_shift,
    resample,
    time_stretch,
    windows,
)
from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.evaluation import cross_validate, evaluate
from kerasaudio.exporting import export
from kerasaudio.features import FeatureExtractor, Features, load_features
from kerasaudio.loading import load
from kerasaudio.models import *  # noqa: F403
from kerasaudio.ontology import Ontology
from kerasaudio.streaming import Stream
from kerasaudio.version import __version__ as __version__
from kerasaudio.weights import list_weights
from kerasaudio.zero_shot import ZeroShot

__all__ = [
    *models.__all__,
    "AudioDecodeError",
    "AudioModel",
    "AudioSpec",
    "AudioWarning",
    "FeatureExtractor",
    "Features",
    "Ontology",
    "Stream",
    "ZeroShot",
    "cross_validate",
    "datasets",
    "evaluate",
    "evaluation",
    "events",
    "export",
    "find_audio",
    "iter_windows",
    "layers",
    "list_weights",
    "load",
    "load_audio",
    "load_features",
    "metrics",
    "models",
    "pitch_shift",
    "plot",
    "resample",
    "sharing",
    "similarity",
    "streaming",
    "time_stretch",
    "training",
    "transfer",
    "weights",
    "windows",
]

moved.install()
