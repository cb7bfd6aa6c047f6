"""Walks through the graph of a functional model."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras import layers


class Graph:
    """The nodes of a functional model in the order in which they run.

    Attributes:
        nodes: Those that are not inputs.
        users: `id` of a tensor -> the nodes that take it.
        results: `id` of the tensors that the model returns.
    """

    def __init__(self, model: Any) -> None:
        self.nodes = [
            node
            for depth in sorted(model._nodes_by_depth, reverse=True)
            for node in model._nodes_by_depth[depth]
            if node.operation is not None and not node.is_input
        ]
        self.users: dict[int, list[Any]] = defaultdict(list)
        for node in self.nodes:
            for tensor in node.input_tensors:
                self.users[id(tensor)].append(node)
        self.results = {id(tensor) for tensor in keras.tree.flatten(model.outputs)}
        self._calls = Counter(id(node.operation) for node in self.nodes)

    def followers(self, node: Any) -> Iterator[Any]:
        """Yield the nodes behind one, as long as each alone uses what was before."""
        while len(node.outputs) == 1 and id(node.outputs[0]) not in self.results:
            after = self.users[id(node.outputs[0])]
            if len(after) != 1 or not is_simple(after[0]):
                return
            (node,) = after
            if len(node.input_tensors) != 1:
                return
            yield node

    def are_called_once(self, nodes: Sequence[Any]) -> bool:
        """Return whether the layers of nodes have no other nodes."""
        return all(self._calls[id(node.operation)] == 1 for node in nodes)


def is_simple(node: Any) -> bool:
    """Return whether a layer is called with nothing but tensors, by position."""
    if not isinstance(node.operation, layers.Layer) or len(node.outputs) != 1:
        return False
    named = node.arguments.kwargs.items()  # whether it trains is known here
    if any(value is not None for name, value in named if name != "training"):
        return False
    given = keras.tree.flatten(node.arguments.args)
    return all(isinstance(one, keras.KerasTensor) for one in given)
