"""Prediction on torch without copies between layouts, and without memory anew.

Keras' layers keep channels last, but on torch they copy each input of a convolution or
pooling to channels first, and the output is used as a view. Batch normalization takes
five passes. On CPUs, most of a network's time is spent there, and on new memory, whose
pages the system clears. Here the graph becomes a list of steps (`torch_steps`), and a
batch runs in parts whose tensors fit into a processor's cache; if a step computes in
strips, two at a time (`side_by_side`). Layers without a step run as they are.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import keras

from kerasaudio.core.programs import side_by_side, torch_threads
from kerasaudio.core.programs.heap import keep_for_reuse
from kerasaudio.core.programs.rowwise import is_rowwise, makes_masks

PART_BYTES = 16 << 20  # of the largest tensor of a part of a batch, on CPUs
FRONTEND_BYTES = 4 << 20  # of the largest output of a layer before the first step
MOST_SHAPES = 64
PART_ROWS = 2  # smallest number of rows of a part that runs beside another


class TorchProgram:
    """Callable that returns the outputs of a model in inference; thread-safe.

    What is computed from the weights is kept, and computed anew for weights that
    changed. torch counts the changes of each tensor, by which they are noticed; it does
    not count those through `tensor.data`.

    Args:
        model: A functional model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._steps: list[Any] | None = None
        self._settings: list[Any] = []
        self._lock = Lock()
        self._ready: dict[int, tuple[Any, Any]] = {}  # step -> (its weights, prepared)
        self._largest: dict[Any, tuple[int, int, int]] = {}  # see `_measured`
        self._in_parts = self._side_by_side = False

    def __call__(self, inputs: Sequence[Any]) -> list[Any] | None:
        """Return the outputs, flat; None if the model must run as it is.

        Args:
            inputs: The tensors of the model's inputs, flat.
        """
        with self._lock:
            steps = self._planned()
            if not steps:
                return None
            ready = self._prepared(steps)
        rows = len(inputs[0])
        on_cpu = all(x.device.type == "cpu" for x in inputs)
        ready_steps = list(zip(steps, ready, strict=True))
        if not (self._in_parts and on_cpu and rows > 1):
            return self._run(ready_steps, self._values(inputs))
        return self._run_in_parts(ready_steps, inputs, rows)

    def _planned(self) -> list[Any]:
        """Return the steps; none if the model must run as it is."""
        from kerasaudio.core.programs.torch_steps.plan import plan, settings

        now = settings(self._model)
        if self._steps is None or now != self._settings:
            self._settings = now
            self._ready.clear()
            self._largest.clear()
            self._steps = [] if makes_masks(self._model) else plan(self._model)
            self._in_parts = is_rowwise(self._model)
            steps = [one.step for one in self._steps if one.step is not None]
            self._side_by_side = any(step.in_strips for step in steps)
            keep_for_reuse()
        return self._steps

    def _prepared(self, steps: Sequence[Any]) -> list[Any]:
        """Return what the steps need of the weights."""
        found: list[Any] = []
        for number, one in enumerate(steps):
            if one.step is None:
                found.append(None)
                continue
            weights = [variable._value for variable in one.step.variables]
            state = [(id(w), w.data_ptr(), _version(w)) for w in weights]
            before, ready = self._ready.get(number, (None, None))
            uncounted = any(changes is None for _, _, changes in state)
            if before != state or uncounted:
                ready = one.step.prepare()
                self._ready[number] = state, ready
            found.append(ready)
        return found

    def _run_in_parts(self, steps: Any, inputs: Sequence[Any], rows: int) -> list[Any]:
        """Return the outputs; layers before the first step run on more rows at once.

        Those are front-ends. Their tensors are small, and most of their time is that of
        Keras' calls, which is the same for one row and for several.
        """
        import torch

        divides = (
            self._side_by_side
            and side_by_side.divides(rows, PART_ROWS)
            and torch_threads.may_divide()
        )
        share = -(-rows // side_by_side.PARTS) if divides else rows
        most = PART_BYTES // (side_by_side.PARTS if divides else 1)
        size, size_before, before = self._sizes(steps, inputs, share, most)
        groups = [
            slice(start, min(start + size_before, first + share))
            for first in range(0, rows, share)
            for start in range(first, min(first + share, rows), size_before)
        ]

        def run(group: slice) -> list[list[Any]]:
            values = self._values([x[group] for x in inputs])
            _run_steps(steps[:before], values)
            found = []
            for start in range(0, group.stop - group.start, size):
                part = {key: x[start : start + size] for key, x in values.items()}
                found.append(self._run(steps[before:], part))
            return found

        if divides:
            setting = torch_threads.like_here(inputs[0].device)
            made = side_by_side.run(run, groups, setting)
        else:
            made = [run(group) for group in groups]
        parts = [part for found in made for part in found]
        if len(parts) == 1:
            return parts[0]
        return [torch.cat(outputs) for outputs in zip(*parts, strict=True)]

    def _sizes(
        self, steps: Any, inputs: Sequence[Any], rows: int, part_bytes: int
    ) -> tuple[int, int, int]:
        """Return the rows of a part, those of a front-end, and its number of steps.

        They do not depend on earlier calls. Otherwise the last digits of the outputs
        would. The first row of new shapes is run by itself to know how large its
        tensors become.
        """
        shapes = tuple((tuple(x.shape[1:]), x.dtype) for x in inputs)
        largest = self._largest.get(shapes)
        if largest is None:
            largest = self._measured(steps, [x[:1] for x in inputs])
            if len(self._largest) >= MOST_SHAPES:
                self._largest.clear()
            self._largest[shapes] = largest
        of_frontend, of_all, before = largest
        most = max(1, part_bytes // of_all)
        size = -(-rows // -(-rows // most))  # parts of about the same size
        return size, size * max(1, FRONTEND_BYTES // (of_frontend * size)), before

    def _measured(self, steps: Any, inputs: Sequence[Any]) -> tuple[int, int, int]:
        """Run the steps for one row; return bytes of the largest tensors.

        Args:
            steps: All steps.
            inputs: The tensors of the model's inputs.

        Returns:
            Those of the front-end, its inputs included, and of the outputs of all
            layers; and the number of steps of the front-end. That is 0 if a front-end
            makes several rows of one, which cannot be divided like the inputs.
        """
        values = self._values(inputs)
        before = next((n for n, (one, _) in enumerate(steps) if one.step), 0)
        first = _run_steps(steps[:before], values)
        divides = all(len(value) == 1 for value in values.values())
        second = _run_steps(steps[before:], values)
        of_frontend = max(1, *first, *(x.nbytes for x in inputs))
        return of_frontend, max(1, *first, *second), before if divides else 0

    def _values(self, inputs: Sequence[Any]) -> dict[int, Any]:
        """Return tensors by the `id` of those of the graph, as steps take them."""
        return {id(x): y for x, y in zip(self._model.inputs, inputs, strict=True)}

    def _run(self, steps: Any, values: dict[int, Any]) -> list[Any]:
        """Return the outputs of the model."""
        _run_steps(steps, values)
        return [values[id(tensor)] for tensor in self._model.outputs]


def _run_steps(steps: Any, values: dict[int, Any]) -> list[int]:
    """Add what the steps make to the values; return the bytes of each tensor."""
    sizes: list[int] = []
    for one, ready in steps:
        outputs = _run_step(one, ready, values)
        for tensor, output in zip(one.outputs, outputs, strict=False):
            values[id(tensor)] = output
            sizes.append(getattr(output, "nbytes", 0))
        for key in one.done:
            values.pop(key, None)
    return sizes


def _run_step(one: Any, ready: Any, values: dict[int, Any]) -> list[Any]:
    if one.step is not None:
        inputs = [values[id(tensor)] for tensor in one.inputs]
        if all(str(x.dtype) == "torch.float32" for x in inputs):
            return [one.step.run(ready, inputs, one.owned)]
    outputs: list[Any] = []
    inside = dict(values)
    for node in one.nodes:
        args, kwargs = node.arguments.fill_in(inside)
        if getattr(node.operation, "_call_has_training_arg", False):
            kwargs["training"] = False
        outputs = keras.tree.flatten(node.operation(*args, **kwargs))
        inside.update(
            (id(tensor), output)
            for tensor, output in zip(node.outputs, outputs, strict=False)
        )
    return outputs


def _version(tensor: Any) -> int | None:
    """Return how often a tensor was changed, or None if torch does not count."""
    return None if tensor.is_inference() else tensor._version
