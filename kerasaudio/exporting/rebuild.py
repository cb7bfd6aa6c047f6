"""The same network in the form that a runtime takes: front-end, length, float32."""

from math import prod
from typing import Any

import keras

from kerasaudio.core import AudioModel
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
    """Build a network again, with the same weights, for inference in float32.

    Args:
        model: The network.
        samples: Length of the new one's input, None for any.
        method: "fft", "matmul" or "fft of powers of 2" (otherwise "matmul") for all its
            front-end layers; None as they are.
        fold: Whether batch normalization joins the layer in front of it.

    Raises:
        ExportError: It holds integer weights of Keras' own quantization, does not take
            this length, or has layers that Keras cannot build anew.
    """
    config = model.get_config()
    for part in _parts(config):
        if part.get("class_name") == "DTypePolicy":
            part["config"] = {"name": "float32"}
        elif part.get("class_name", "").endswith("DTypePolicy"):
            raise ExportError(
                f"{model.name} holds weights that keras.Model.quantize() rounded. "
                "Export the model as it was before, with quantize=."
            )
        settings = part.get("config")
        if not isinstance(settings, dict):
            continue
        if settings.get("dtype") in _FLOATS:
            settings["dtype"] = "float32"
        ours = str(part.get("registered_name")).startswith("kerasaudio>")
        if ours and method is not None and "method" in settings:
            settings["method"] = _method(method, settings.get("n_fft", 1))
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            layer["config"]["batch_shape"] = (None, samples)
            layer["config"]["dtype"] = "float32"
    changed = fold_normalization(model, config) if fold else {}
    try:
        again = type(model).from_config(config)
    except (TypeError, ValueError) as error:
        raise ExportError(
            f"{model.name} cannot be built anew for {samples or 'any number of'} "
            "samples. Layers and functions of your own must be registered, by "
            f"keras.saving.register_keras_serializable(). Keras says: {error}"
        ) from error
    for layer in again.layers:
        name = layer.name
        layer.set_weights(changed.get(name, model.get_layer(name).get_weights()))
    return again


def _method(wanted: str, n_fft: int) -> str:
    """Return the form of one layer; those without an `n_fft` choose a power of 2."""
    if wanted != "fft of powers of 2":
        return wanted
    return "fft" if n_fft & (n_fft - 1) == 0 else "matmul"


def _parts(node: Any) -> Any:
    """Return every object's configuration in a configuration, outermost first."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list | tuple):
        for value in node:
            yield from _parts(value)


def computes_in_float32(model: AudioModel) -> bool:
    """Tell whether every layer computes in float32."""
    return all(layer.compute_dtype == "float32" for layer in model.layers)


def frontend_layers(model: AudioModel) -> list[str]:
    """Name the layers from the waveform to features, which stay in float32.

    They end with the layer `frontend`. Where that passes on raw samples, the first
    layer with weights makes the features: samples span more than 8 bits can hold.
    """
    features = model.get_layer("frontend").output
    if features.shape[2:] in ((), (1,)):
        features = next(layer for layer in model.layers if layer.weights).output
    return [
        layer.name
        for layer in keras.Model(model.input, features).layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def few_weights_layers(model: AudioModel) -> list[str]:
    """Name the convolutions and dense layers whose weights are not worth rounding."""
    named = []
    for layer in model.layers:
        kernels = [prod(w.shape) for w in layer.weights if len(w.shape) > 1]
        if kernels and max(kernels) < FEW_WEIGHTS:
            named.append(layer.name)
    return named


def normalizations(model: AudioModel) -> list[str]:
    """Name the layers of batch normalization that are left."""
    kind = keras.layers.BatchNormalization
    return [layer.name for layer in model.layers if isinstance(layer, kind)]
