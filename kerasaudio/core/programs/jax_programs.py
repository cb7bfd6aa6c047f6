"""Prediction on jax, where each batch shape needs its own program.

Compiling one takes seconds, and it stays in memory (20 MB for a large network).
`Shapes` keeps programs few; a network for any length runs on clips that are padded to
one of their lengths (`open_length`). If a layer does not allow that, each length gets a
program, and the least recently used one is dropped.

On CPUs, large batches run in parts whose tensors fit into the processor's cache.
"""

import os
import sys
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any

import keras
import numpy as np

from kerasaudio.core.programs.folded import ROWS, fold
from kerasaudio.core.programs.heap import give_back
from kerasaudio.core.programs.open_length import (
    NoRuleError,
    run_filled,
    takes_any_length,
)
from kerasaudio.core.programs.parallel import filled_up, placed, shares
from kerasaudio.core.programs.rowwise import is_rowwise, largest_row, makes_masks
from kerasaudio.core.programs.shapes import MOST, Shape, Shapes
from kerasaudio.core.programs.tiled import (
    Kernels,
    find_layers,
    run_with,
    stand_ins,
    tiled,
)
from kerasaudio.layers.precision import has_gpu

# jax keeps 0.2 MB for each length that it ever traced, even without a program. After
# this number of dropped programs its caches are cleared.
DROPS = 200
# Bytes of the largest tensor of a part of a batch, for each two cores. Beyond 32 MB,
# glibc gives memory back to the system after each call, which then clears it anew.
PART_BYTES = 16 << 20
BATCHES = 2  # padded batches, after which freed memory is returned to the system


class JaxPrograms:
    """Callable that returns a model's outputs for any batch shape; thread-safe.

    Args:
        model: A functional model whose `clip_lengths` are the lengths of its clips;
            if they are None, clips are not padded.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._shapes: Shapes | None = None
        self._programs: dict[Hashable, _Program] = {}
        self._lock = Lock()
        self._dropped = self._filled = 0
        self._row: float | None = None  # bytes of the largest tensor for each sample
        self._weights = 0  # bytes
        self._made_for: tuple[Any, ...] = (None,)
        self._kernels = Kernels()

    def __call__(self, x: Any, compiled: bool) -> Any:
        """Return NumPy arrays for a batch, in the structure of the model's outputs.

        Args:
            x: (batch, samples), or another input of the model.
            compiled: Whether to compile; otherwise operations run one by one.
        """
        weights = (
            [v.value for v in self._model.trainable_variables],
            [v.value for v in self._model.non_trainable_variables],
        )
        self._forget_if_changed()
        if not _holds_clips(x):
            rows = len(keras.tree.flatten(x)[0])
            shapes = tuple(np.shape(part) for part in keras.tree.flatten(x))
            with self._lock:
                program = self._program(shapes, fills=False)
            return _joined([program(weights, filled_up(x), 0, compiled, {})], rows)
        x = np.asarray(x)
        try:
            return self._in_pieces(weights, x, compiled)
        except NoRuleError:
            self._shapes = Shapes(None)
            return self._in_pieces(weights, x, compiled)

    def limit(self, samples: int) -> None:
        """Use no program for larger batches, in samples of all rows."""
        with self._lock:
            if self._shapes is not None:
                self._shapes.limit(-(-samples // shares()))

    def _forget_if_changed(self) -> None:
        """Forget programs if layers were frozen or unfrozen, or the model compiled.

        Weights are passed in two lists, which depend on what is frozen. After
        `compile`, Keras' own predict uses changed layers. Overriding `compile` to
        notice that would keep saved models from being compiled.
        """
        made_for = (
            getattr(self._model, "_compile_config", None),
            *self._model.trainable_variables,
        )
        with self._lock:
            before, self._made_for = self._made_for, made_for
            same = len(before) == len(made_for) and all(
                old is new for old, new in zip(before, made_for, strict=True)
            )
            if not same:
                self._programs.clear()

    def _in_pieces(self, weights: Any, x: Any, compiled: bool) -> Any:
        rows, samples = x.shape
        devices = shares()
        with self._lock:
            if self._shapes is None:
                fills = takes_any_length(self._model)
                self._shapes = Shapes(self._model.clip_lengths if fills else None)
            most = self._most_rows(samples)
            shape = self._shapes.choose(min(-(-rows // devices), most), samples)
            for key in list(self._programs):
                if isinstance(key, Shape) and key not in self._shapes:
                    self._drop(key)
            program = self._program(shape, fills=not shape.exact)
            kernels = self._kernels.of(program.in_tiles if compiled else [])
            self._filled += not shape.exact
            is_due = not shape.exact and self._filled % BATCHES == 1
        step = shape.rows * devices
        parts = []
        for start in range(0, rows, step):
            batch = _filled(x[start : start + step], step, shape.samples)
            parts.append(program(weights, batch, samples, compiled, kernels))
        outputs = _joined(parts, rows)
        del parts, batch
        if is_due:
            give_back()
        return outputs

    def _most_rows(self, samples: int) -> int:
        """Return the number of rows of a part, a power of two."""
        if self._row is None:
            alone = is_rowwise(self._model) and not has_gpu()
            self._row = largest_row(self._model, samples) / samples if alone else 0.0
            self._weights = 4 * self._model.count_params()
        if not self._row:
            return sys.maxsize
        # Each part reads all weights.
        size = max(PART_BYTES * max(1, (os.cpu_count() or 1) // 2), self._weights)
        return 1 << max(int(size / (self._row * samples)).bit_length() - 1, 0)

    def _program(self, key: Hashable, fills: bool) -> "_Program":
        program = self._programs.pop(key, None)
        if program is None:
            program = _Program(self._model, fills, self._in_tiles(key, fills))
        self._programs[key] = program  # the one last used comes last
        if len(self._programs) > MOST:
            self._drop(next(iter(self._programs)))
        return program

    def _in_tiles(self, key: Hashable, fills: bool) -> list[Any] | None:
        """Return the layers that convolve in tiles; None if layers run as they are."""
        if not isinstance(key, Shape) or has_gpu() or shares() > 1:
            return None
        if not is_rowwise(self._model) or makes_masks(self._model):
            return None
        # What is behind a clip must not be in a tile with it, not even rounded.
        padding = {"same"} if fills else {"same", "valid"}
        return find_layers(self._model, key.samples, padding)

    def _drop(self, key: Hashable) -> None:
        del self._programs[key]
        give_back()
        self._dropped += 1
        if self._dropped % DROPS == 0:
            import jax

            jax.clear_caches()


class _Program:
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


def _holds_clips(x: Any) -> bool:
    """Return whether a batch is an array of waveforms; Keras rejects integers."""
    floating = "float" in str(getattr(x, "dtype", ""))
    return floating and len(x.shape) == 2


def _filled(x: np.ndarray, rows: int, samples: int) -> np.ndarray:
    """Pad clips with silence, and a batch with its own first rows."""
    if x.shape[1] < samples:
        x = np.pad(x, ((0, 0), (0, samples - x.shape[1])))
    return x if len(x) == rows else x[np.arange(rows) % len(x)]


def _joined(parts: list[Any], rows: int) -> Any:
    """Return the outputs of several batches as one, without the padding."""

    def join(*both: Any) -> np.ndarray:
        values, counts = both[::2], both[1::2]
        own = [
            np.asarray(value) if count < 0 else np.asarray(value)[:, : int(count)]
            for value, count in zip(values, counts, strict=True)
        ]
        return np.array(own[0] if len(own) == 1 else np.concatenate(own))[:rows]

    return keras.tree.map_structure(join, *(half for part in parts for half in part))
