"""kerasaudio: a Keras 3 model zoo for sound.

    model = kerasaudio.load("YAMNet/audioset")
    model.predict(waveforms)      # (batch, samples) -> (batch, classes)
    model.tag("street.mp3")       # [("Vehicle", 0.8), ...]
    model.timeline("street.mp3")  # scores over time
    model.embed("street.mp3")     # a vector

Factories and weights: `kerasaudio.list_weights()`.
"""

import sys
from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

from kerasaudio import moved, start
from kerasaudio.version import __version__ as __version__

start.settle()


def __getattr__(name: str) -> _ModuleType:
    """Import `kerasaudio.sklearn` when it is used, as scikit-learn may be missing."""
    if name != "sklearn":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _import_module(f"{__name__}.{name}")


moved.install()

# `import kerasaudio` registers all layers, so that Keras can load saved models. The
# command `kerasaudio` leaves this for later: most of the time, help needs no backend.
if "keras" in sys.modules or not start.is_command():
    start.check_backend()
    if "keras" not in sys.modules:
        with start.without_log():
            import keras as _keras  # noqa: F401

    from kerasaudio import (
        app,
        corpus,
        datasets,
        evaluation,
        events,
        interpret,
        layers,
        metrics,
        models,
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
    from kerasaudio.core import AudioModel, AudioSpec, device, precision
    from kerasaudio.core.exactness import settle_precision as _settle_precision
    from kerasaudio.evaluation import cross_validate, evaluate
    from kerasaudio.exporting import export
    from kerasaudio.features import FeatureExtractor, Features, load_features
    from kerasaudio.loading import load
    from kerasaudio.models import *  # noqa: F403
    from kerasaudio.ontology import Ontology
    from kerasaudio.streaming import Stream
    from kerasaudio.weights import list_weights
    from kerasaudio.zero_shot import ZeroShot

    _settle_precision()

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
        "app",
        "corpus",
        "cross_validate",
        "datasets",
        "device",
        "evaluate",
        "evaluation",
        "events",
        "export",
        "find_audio",
        "interpret",
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
        "precision",
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
