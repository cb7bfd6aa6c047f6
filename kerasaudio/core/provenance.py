"""The steps that led to a model's weights, which its spec carries through all files."""

from pathlib import Path
from typing import Any

from kerasaudio.core.audio_model import AudioModel
from kerasaudio.files.digests import digest
from kerasaudio.version import __version__

Step = dict[str, Any]


def trained(data: str, clips: int, classes: int, part: str) -> Step:
    """Return the step of a training.

    Args:
        data: Name of the data set.
        clips: Number of clips.
        classes: Number of classes.
        part: "network", or "head" if the body has not changed.
    """
    return {
        "step": "trained",
        "part": part,
        "data": data,
        "clips": clips,
        "classes": classes,
        "kerasaudio": __version__,
    }


def loaded(origin: str, name: str, pin: str) -> Step:
    """Return the step of loading a file: its origin, name and hash."""
    return {
        "step": "loaded",
        "from": origin,
        "file": name,
        "hash": pin,
        "kerasaudio": __version__,
    }


def read_from(path: Path) -> Step:
    """Return the step of reading the user's own file, with its hash."""
    return loaded("file", path.name, f"sha256:{digest(path, 'sha256')}")


def with_step(model: AudioModel, step: Step) -> AudioModel:
    """Return a model that shares the layers and has one step more."""
    spec = model.spec.replace(provenance=(*model.spec.provenance, step))
    return AudioModel(model.input, model.output, name=model.name, spec=spec)
