"""Published weights: the manifest, verified files, safe readers, converters."""

from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.files.errors import DownloadError, UnsafeFileError, WeightsError
from kerasaudio.weights.fetch import Fetched, fetch, fetch_companions
from kerasaudio.weights.listing import list_weights
from kerasaudio.weights.load import load_state
from kerasaudio.weights.manifest import Source, WeightsEntry, find, tags
from kerasaudio.weights.whereabouts import Whereabouts, whereabouts

__all__ = [
    "Whereabouts",
    "DownloadError",
    "Fetched",
    "Source",
    "UnsafeFileError",
    "WeightsEntry",
    "WeightsError",
    "fetch",
    "fetch_companions",
    "find",
    "list_weights",
    "load_state",
    "read_torch",
    "tags",
    "whereabouts",
]
