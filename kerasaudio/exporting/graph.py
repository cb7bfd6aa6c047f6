"""Convert a Keras model to a TensorFlow graph, from which every format is made.

This runs on the TensorFlow backend only; see `other_backend` for the others.
"""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.core.carried import continued
from kerasaudio.core.feature_model import frontend_layers
from kerasaudio.exporting.facts import (
    INPUT,
    files,
    next_state,
    output_name,
    state_input,
)
from kerasaudio.exporting.formats import Format
from kerasaudio.exporting.rebuild import few_weights_layers, normalizations, rebuild

SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Order:
    """A request to export a model.

    Attributes:
        format: Format to write.
        samples: Length of the input in samples; None for any length.
        quantize: Quantization; None for float32.
        facts: Facts to store in the file.
        calibration: Clips to calibrate on, float32 (clips, samples), for int8.
        with_state: Whether to write the network that takes and returns the state.
    """

    format: Format
    samples: int | None
    quantize: str | None
    facts: Mapping[str, Any]
    calibration: np.ndarray | None = None
    with_state: bool = False


@dataclass(frozen=True)
class Graph:
    """A model as a function of TensorFlow.

    Attributes:
        function: A tf.function, waveform (and state) -> {name of the output: output}.
        variables: Variables that the function reads.
        frontend: Names of the layers that make features, which are never quantized.
        few_weights: Names of the layers with too few weights to quantize.
        normalizations: Names of the batch normalizations that could not be folded.
    """

    function: Any
    variables: list[Any]
    frontend: list[str]
    few_weights: list[str]
    normalizations: list[str]


def trace(model: AudioModel, order: Order) -> Graph:
    """Return a model as a graph in the form that the format needs."""
    import tensorflow as tf

    network = rebuild(model, order.samples, order.format.method, fold=True)
    name = output_name(model.spec)
    batch = 1 if order.format.one_clip else None

    signature = [tf.TensorSpec((batch, order.samples), name=INPUT)]

    def run(waveform: Any) -> dict[str, Any]:
        return {name: network(waveform, training=False)}

    def run_step(waveform: Any, *state: Any) -> dict[str, Any]:
        output, *after = stepped([waveform, *state], training=False)
        return {name: output} | {next_state(i): x for i, x in enumerate(after)}

    if order.with_state:
        stepped = continued(network)
        signature = [tf.TensorSpec((1, order.samples), name=INPUT)]
        for number, state in enumerate(stepped.inputs[1:]):
            signature.append(tf.TensorSpec(state.shape, name=state_input(number)))
    function = tf.function(
        run_step if order.with_state else run, input_signature=signature
    )
    variables = [variable.value for variable in network.variables]
    return Graph(
        function,
        variables,
        frontend_layers(network),
        few_weights_layers(network),
        normalizations(network),
    )


def write_saved_model(graph: Graph, order: Order, folder: Path) -> None:
    """Write a SavedModel with one signature and the facts among its assets."""
    import tensorflow as tf

    sources = folder.with_name(f"{folder.name}-assets")
    sources.mkdir()
    module = tf.Module()
    module.read = graph.variables
    module.run = graph.function
    module.told = []
    for name, text in files(order.facts).items():
        (sources / name).write_text(text, encoding="utf-8")
        module.told.append(tf.saved_model.Asset(str(sources / name)))
    with _without_info():
        tf.saved_model.save(
            module,
            str(folder),
            signatures={SIGNATURE: graph.function.get_concrete_function()},
        )


@contextlib.contextmanager
def _without_info() -> Iterator[None]:
    """Hide what TensorFlow logs in notebooks, twice: the place of our hidden folder."""
    logger = logging.getLogger("tensorflow")
    before = logger.level
    logger.setLevel(max(before, logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(before)
