"""Build models that return the outputs of inner layers."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from kerasaudio.core.inference import InferenceModel
from kerasaudio.layers.time_axis import Timed, mean, rule


def tap(model: keras.Model, names: Sequence[str]) -> InferenceModel:
    """Build the network from the input to one or several layers.

    Outputs with more axes than (batch, features) are averaged over the axes between the
    first and the last (time, frequency). The features of several layers are
    concatenated, like the multi-level features of Lee & Nam 2017
    (https://arxiv.org/abs/1703.01793).

    Args:
        model: A functional model.
        names: Names of its layers.

    Returns:
        A model, (batch, samples) -> (batch, features).

    Raises:
        ValueError: There are no names, a layer does not exist, or it does not have a
            single output with features.
    """
    if not names:
        raise ValueError("Expected at least one layer name. Received: none.")
    vectors = [_vector(model, name) for name in names]
    joined = vectors[0] if len(vectors) == 1 else keras.ops.concatenate(vectors, -1)
    network = InferenceModel(model.input, joined)
    network.clip_lengths = getattr(model, "clip_lengths", None)
    network.has_state = getattr(model, "has_state", False)
    return network


def layer_output(model: keras.Model, name: str) -> keras.KerasTensor:
    """Return the output of a layer in the graph of a model, (batch, ..., features).

    Raises:
        ValueError: The model has no such layer, or it does not have a single output
            with features.
    """
    known = [layer.name for layer in model.layers]
    if name not in known:
        raise ValueError(
            f"{model.name} has no layer {name!r}. Its layers are: {', '.join(known)}."
        )
    try:
        output = model.get_layer(name).output
    except (AttributeError, ValueError) as error:
        raise ValueError(f"Layer {name!r} has no single output: {error}") from error
    if not isinstance(output, keras.KerasTensor) or len(output.shape) < 2:
        raise ValueError(f"Layer {name!r} does not return (batch, ..., features).")
    if output.shape[-1] is None:
        raise ValueError(
            f"Layer {name!r} has no fixed number of features: {output.shape}."
        )
    return output


def _vector(model: keras.Model, name: str) -> keras.KerasTensor:
    output = layer_output(model, name)
    if len(output.shape) == 2:
        return output
    return Summary(dtype=output.dtype)(output)


def frontend_layers(model: keras.Model) -> list[str]:
    """Return the names of the layers that make features, which stay in float32.

    They end with the layer `frontend`. If that passes on raw samples, they include the
    first layer with weights: samples have a larger range than 8 bits can represent.
    """
    features = model.get_layer("frontend").output
    if features.shape[2:] in ((), (1,)):
        features = next(layer for layer in model.layers if layer.weights).output
    return [
        layer.name
        for layer in keras.Model(model.input, features).layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def layer_copy(layer: Any, config: dict[str, Any]) -> Any:
    """Return a copy of a layer, without its weights, with another configuration."""
    if isinstance(layer, keras.layers.Lambda):  # its code is not configuration
        return keras.layers.Lambda(
            layer.function,
            arguments=layer.arguments,
            name=layer.name,
            dtype=config["dtype"],
        )
    return type(layer).from_config(config)


def config_parts(config: Any) -> Iterator[dict[str, Any]]:
    """Yield the configurations of all objects in a configuration, outermost first."""
    if isinstance(config, dict):
        yield config
        config = list(config.values())
    if isinstance(config, list | tuple):
        for value in config:
            yield from config_parts(value)


class Summary(keras.layers.Layer):
    """Average over all axes between the first and the last.

    Input: (batch, ..., features). Output: (batch, features).
    """

    def call(self, inputs: Any) -> Any:
        """Average over time and frequency."""
        return keras.ops.mean(inputs, axis=tuple(range(1, len(inputs.shape) - 1)))

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Return (batch, features)."""
        return (input_shape[0], input_shape[-1])


@rule(Summary)
def _summarize(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(mean(x.value, x.count, range(1, len(x.value.shape) - 1)))
