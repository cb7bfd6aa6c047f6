"""Rebuild a network in the form that a runtime needs: front-end, length, float32."""

from math import prod

import keras

from kerasaudio.core import AudioModel
from kerasaudio.core.feature_model import config_parts
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.fold import fold_normalization
from kerasaudio.exporting.formats import FEW_WEIGHTS

_FLOATS = ("float32", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


def rebuild(
    model: AudioModel,
    samples: int | None,
    method: str | None = None,
    fold: bool = False,
) -> AudioModel:
    """Rebuild a network with the same weights for inference in float32.

    Args:
        model: The network.
        samples: Input length of the new network in samples; None for any length.
        method: "fft" or "matmul" for all front-end layers; None to leave them
            unchanged.
        fold: Whether to fold batch normalization into the layer before it.

    Raises:
        ExportError: The network has integer weights from Keras' own quantization, does
            not accept this length, or has layers that Keras cannot rebuild.
    """
    config = model.get_config()
    for part in config_parts(config):
        if part.get("class_name") == "DTypePolicy":
            part["config"] = {"name": "float32"}
        elif part.get("class_name", "").endswith("DTypePolicy"):
            raise ExportError(
                f"{model.name} has weights that keras.Model.quantize() rounded. "
                "Export the model without that, and pass quantize= instead."
            )
        settings = part.get("config")
        if not isinstance(settings, dict):
            continue
        if settings.get("dtype") in _FLOATS:
            settings["dtype"] = "float32"
        ours = str(part.get("registered_name")).startswith("kerasaudio>")
        if ours and method is not None and "method" in settings:
            settings["method"] = method
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            layer["config"]["batch_shape"] = (None, samples)
            layer["config"]["dtype"] = "float32"
    changed = fold_normalization(model, config) if fold else {}
    try:
        again = type(model).from_config(config)
    except (TypeError, ValueError) as error:
        raise ExportError(
            f"{model.name} cannot be rebuilt for {samples or 'any number of'} "
            "samples. Custom layers and functions must be registered with "
            f"keras.saving.register_keras_serializable(). Keras says: {error}"
        ) from error
    for layer in again.layers:
        name = layer.name
        layer.set_weights(changed.get(name, model.get_layer(name).get_weights()))
    return again


def computes_in_float32(model: AudioModel) -> bool:
    """Return whether every layer computes in float32."""
    return all(layer.compute_dtype == "float32" for layer in model.layers)


def few_weights_layers(model: AudioModel) -> list[str]:
    """Return the names of layers with kernels that are too small to be rounded."""
    named = []
    for layer in model.layers:
        kernels = [prod(w.shape) for w in layer.weights if len(w.shape) > 1]
        if kernels and max(kernels) < FEW_WEIGHTS:
            named.append(layer.name)
    return named


def normalizations(model: AudioModel) -> list[str]:
    """Return the names of the remaining batch normalizations."""
    kind = keras.layers.BatchNormalization
    return [layer.name for layer in model.layers if isinstance(layer, kind)]
