"""Fingerprints: 64 hexadecimal digits that identify a model."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kerasaudio.core import AudioModel

# Keras generates these when a model is built: "lambda_3" here, "lambda_7" there.
_MADE_UP = {"name", "build_config"}


def weights_hash(model: keras.Model) -> str:
    """Return the hash of all weights in order, with shapes and types: "sha256:..."."""
    digest = hashlib.sha256()
    for variable in model.variables:
        if "seed_generator" in variable.path:
            continue  # the state of a random number generator is not a weight
        value = np.ascontiguousarray(keras.ops.convert_to_numpy(variable.value))
        digest.update(f"{value.shape}{value.dtype}".encode())
        digest.update(value.tobytes())
    return f"sha256:{digest.hexdigest()}"


def fingerprint(model: AudioModel, facts: Mapping[str, Any]) -> str:
    """Return a hash of a model's architecture and of all that determines its output.

    Args:
        model: Model with its spec.
        facts: JSON-ready facts: the layers used and how, the hash of the weights.

    Returns:
        64 hexadecimal digits.
    """
    operations = [
        (type(operation).__name__, _settings(operation.get_config()))
        for operation in model.operations
    ]
    spec = model.spec.get_config()
    what = {
        "operations": operations,
        "input": [spec["sample_rate"], spec["clip_samples"], spec["window_padding"]],
        "facts": dict(facts),
    }
    text = json.dumps(what, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _settings(config: Any) -> Any:
    if isinstance(config, Mapping):
        return {k: _settings(v) for k, v in config.items() if k not in _MADE_UP}
    if isinstance(config, list | tuple):
        return [_settings(item) for item in config]
    return config
