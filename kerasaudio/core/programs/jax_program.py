"""A model compiled by jax for one shape of a batch."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import keras
import numpy as np

from kerasaudio.core.programs.folded import ROWS, fold
from kerasaudio.core.programs.heap import give_back
from kerasaudio.core.programs.open_length import run_filled
from kerasaudio.core.programs.parallel import placed
from kerasaudio.core.programs.tiled import run_with, stand_ins, tiled


class Program:
    """A model compiled for one shape of a batch.

    Args:
        model: The model.
        fills: Whether clips are padded.
        in_tiles: Layers that convolve in tiles; None if layers run as they are.
    """

    def __init__(
        self, model: Any, fills: bool, in_tiles: Sequence[Any] | None = None
    ) -> None:
        self.in_tiles = in_tiles or ()
        as_they_are = in_tiles is None
        self._run = _of_filled(model) if fills else _of_whole(model, as_they_are)
        self._compiled: Any = None
        self._first = Lock()

    def __call__(
        self, weights: Any, batch: Any, samples: int, compiled: bool, kernels: Any
    ) -> Any:
        """Return the outputs, and for each its number of valid steps (-1 for all).

        Args:
            weights: Those that are trained, and the others.
            batch: The inputs.
            samples: Length of the clips without padding.
            compiled: Whether to compile.
            kernels: Transformed kernels by the name of the layer; see `tiled`.
        """
        arguments = (*weights, placed(batch), np.int32(samples), kernels)
        if not compiled:
            return self._run(*arguments)
        if self._compiled is None:
            with self._first:  # otherwise threads would compile it at the same time
                if self._compiled is None:
                    return self._compile(arguments)
        return self._compiled(*arguments)

    def _compile(self, arguments: Any) -> Any:
        import jax

        function = jax.jit(self._run)
        outputs = function(*arguments)
        self._compiled = function
        give_back()
        return outputs


def _of_whole(model: Any, as_they_are: bool) -> Callable[..., Any]:
    def run(trained: Any, fixed: Any, x: Any, samples: Any, kernels: Any) -> Any:
        with _weights(model, trained, fixed, x, kernels):
            if as_they_are:
                outputs = model(x, training=False)
            else:
                outputs = run_with(model, x, stand_ins(model, kernels))
        return outputs, keras.tree.map_structure(lambda _: -1, outputs)

    return run


def _of_filled(model: Any) -> Callable[..., Any]:
    def run(trained: Any, fixed: Any, x: Any, samples: Any, kernels: Any) -> Any:
        with _weights(model, trained, fixed, x, kernels):
            return run_filled(model, x, samples, tiled(model, kernels))

    return run


def _weights(
    model: Any, trained: Any, fixed: Any, x: Any, kernels: Any
) -> keras.StatelessScope:
    """Return a scope in which the model has these weights."""
    variables = [*model.trainable_variables, *model.non_trainable_variables]
    pairs = zip(variables, [*trained, *fixed], strict=True)
    values = {id(variable): value for variable, value in pairs}
    if len(keras.tree.flatten(x)[0]) >= ROWS:
        values = fold(model, values, without=kernels)
    return keras.StatelessScope([(v, values[id(v)]) for v in variables])
