"""The steps of a functional model, in the order in which they run."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from keras import layers

from kerasaudio.core.programs.early_pooling import find_chains
from kerasaudio.core.programs.graph import Graph, is_simple
from kerasaudio.core.programs.torch_steps import others  # noqa: F401 (registers steps)
from kerasaudio.core.programs.torch_steps.activations import activation_of
from kerasaudio.core.programs.torch_steps.linear import LINEAR, linear_step
from kerasaudio.core.programs.torch_steps.pooled import pooled_step
from kerasaudio.core.programs.torch_steps.step import (
    STEPS,
    Step,
    is_linear,
    is_plain,
    last_axis,
)


class Planned:
    """One or several nodes of the graph that run as one step.

    Attributes:
        nodes: The nodes of Keras, each of which uses the output of the one before.
        step: What computes them; None if the layer itself has to.
        inputs: The tensors of the graph that it needs.
        outputs: Those that it makes.
        owned: Whether nothing else needs the first input.
        done: `id` of the tensors that nothing needs afterwards.
    """

    def __init__(self, nodes: Sequence[Any], step: Step | None) -> None:
        self.nodes, self.step = nodes, step
        self.inputs = list(nodes[0].input_tensors)
        self.outputs = list(nodes[-1].outputs)
        self.owned = False
        self.done: list[int] = []


def plan(model: Any) -> list[Planned]:
    """Return the steps of a functional model.

    Batch normalization and activations become part of the convolution or dense layer
    before them if nothing else uses its output; maxima are taken early.
    """
    graph = Graph(model)
    early = {
        id(nodes[0]): nodes
        for nodes in find_chains(graph)
        if nodes[-1].operation.padding == "valid"
    }
    planned, taken = [], set()
    for node in graph.nodes:
        if id(node) not in taken:
            chain, step = _chain(node, graph)
            if id(node) in early:
                chain = list(early[id(node)])
                step = pooled_step(chain)
            taken |= {id(one) for one in chain}
            planned.append(Planned(chain, step))
    _find_owners(planned, graph.users, graph.results)
    return planned


def settings(model: Any) -> list[Any]:
    """Return what a plan depends on and users may change in a model's layers."""
    names = ("activation", "dtype_policy", "quantization_mode", "lora_enabled")
    return [[getattr(layer, name, None) for name in names] for layer in model.layers]


def _chain(node: Any, graph: Graph) -> tuple[list[Any], Step | None]:
    """Return the nodes that run together from one on, and their step."""
    layer = node.operation
    if not is_simple(node) or not is_plain(layer):
        return [node], None
    if type(layer) not in LINEAR:
        make = STEPS.get(type(layer))
        return [node], None if make is None else make(layer)
    chain, normalization, activation = [node], None, layer.activation
    for after in graph.followers(node):
        last = after.operation
        if not is_linear(activation) or not is_plain(last):
            break
        takes = type(last) is layers.BatchNormalization and last_axis(last)
        if takes and normalization is None:
            normalization = last
        elif activation_of(last) is not None:
            activation = activation_of(last)
        else:
            break
        chain.append(after)
    return chain, linear_step(layer, normalization, activation)


def _find_owners(planned: Sequence[Planned], users: Any, results: set[int]) -> None:
    """Note which tensors may be overwritten, and which are no longer needed."""
    left = Counter({key: len(nodes) for key, nodes in users.items()})
    free: set[int] = set()  # tensors whose memory nothing else refers to
    for one in planned:
        first = id(one.inputs[0])
        one.owned = first in free and left[first] == 1 and first not in results
        for tensor in one.inputs:
            left[id(tensor)] -= 1
        one.done = [
            id(tensor)
            for tensor in {id(t): t for t in one.inputs}.values()
            if left[id(tensor)] == 0 and id(tensor) not in results
        ]
        if one.step is not None and (one.step.makes_new or one.owned):
            free.update(id(tensor) for tensor in one.outputs)
        else:  # the outputs may be views of the inputs
            free.difference_update(id(tensor) for tensor in one.inputs)
