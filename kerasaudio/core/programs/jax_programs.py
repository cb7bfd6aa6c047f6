"""Prediction on jax, where each batch shape needs its own program.

Compiling one takes seconds, and it stays in memory (20 MB for a large network).
`Shapes` keeps programs few; a network for any length runs on clips that are padded to
one of their lengths (`open_length`). If a layer does not allow that, each length gets a
program, and the least recently used one is dropped.

On CPUs, large batches run in parts whose tensors fit into the processor's cache, two at
a time; see `side_by_side`.
"""

import sys
from collections.abc import Hashable
from threading import Lock
from typing import Any

import keras
import numpy as np

from kerasaudio.core.programs import side_by_side
from kerasaudio.core.programs.heap import give_back
from kerasaudio.core.programs.jax_program import Program
from kerasaudio.core.programs.open_length import NoRuleError, takes_any_length
from kerasaudio.core.programs.parallel import filled_up, shares
from kerasaudio.core.programs.rowwise import is_rowwise, largest_row, makes_masks
from kerasaudio.core.programs.shapes import MOST, Shape, Shapes
from kerasaudio.core.programs.tiled import Kernels, find_layers
from kerasaudio.cores import usable_cores
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
        self._programs: dict[Hashable, Program] = {}
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
            most = self._most_rows(rows, samples)
            shape = self._shapes.choose(min(-(-rows // devices), most), samples)
            for key in list(self._programs):
                if isinstance(key, Shape) and key not in self._shapes:
                    self._drop(key)
            program = self._program(shape, fills=not shape.exact)
            kernels = self._kernels.of(program.in_tiles if compiled else [])
            self._filled += not shape.exact
            is_due = not shape.exact and self._filled % BATCHES == 1
        step = shape.rows * devices

        def part(start: int) -> Any:
            batch = _filled(x[start : start + step], step, shape.samples)
            found = program(weights, batch, samples, compiled, kernels)
            # jax returns at once, and computes what one device has to do in order.
            return keras.tree.map_structure(np.asarray, found)

        starts = range(0, rows, step)
        if len(starts) > 1 and self._row and _runs_parts_at_once():
            outputs = _joined(side_by_side.run(part, starts), rows)
        else:
            outputs = _joined([part(start) for start in starts], rows)
        if is_due:
            give_back()
        return outputs

    def _most_rows(self, rows: int, samples: int) -> int:
        """Return the largest number of rows of a part.

        Args:
            rows: Rows of the batch.
            samples: Length of its clips.
        """
        if self._row is None:
            alone = is_rowwise(self._model) and not has_gpu()
            self._row = largest_row(self._model, samples) / samples if alone else 0.0
            self._weights = 4 * self._model.count_params()
        if not self._row:
            return sys.maxsize
        # Each part reads all weights.
        size = max(PART_BYTES * max(1, usable_cores() // 2), self._weights)
        most = 1 << max(int(size / (self._row * samples)).bit_length() - 1, 0)
        if side_by_side.divides(rows) and _runs_parts_at_once():
            most = min(most, -(-rows // side_by_side.PARTS))
        return most

    def _program(self, key: Hashable, fills: bool) -> Program:
        program = self._programs.pop(key, None)
        if program is None:
            program = Program(self._model, fills, self._in_tiles(key, fills))
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


def _runs_parts_at_once() -> bool:
    """Return whether other threads may compute; they do not know a chosen device."""
    return side_by_side.may_run() and len(keras.distribution.list_devices()) == 1


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
