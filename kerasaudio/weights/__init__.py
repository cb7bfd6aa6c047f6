"""Published weights: what exists, verified files, safe readers, converters."""

from kerasaudio.weights.manifest import Source, WeightsEntry, find, list_weights, tags

__all__ = ["Source", "WeightsEntry", "find", "list_weights", "tags"]
