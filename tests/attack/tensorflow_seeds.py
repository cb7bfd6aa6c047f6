"""TensorFlow's files, small, for fuzzing."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kerasaudio.checkpoints.tensor_bundle import read_tensor_bundle
from support import frozen_graph, tensor_bundle, tf1_checkpoint

TENSORS = {
    "a/weights": np.arange(6, dtype="float32").reshape(2, 3),
    "b": np.array([1, -2], "int64"),
    "step": np.array(3, "int32"),
}


def tf1() -> Iterator[bytes]:
    """Checkpoints of one file."""
    entries = tf1_checkpoint.checkpoint_entries(TENSORS)
    yield tf1_checkpoint.table(entries)
    yield tf1_checkpoint.table(entries, block_size=16)


def bundle() -> Iterator[bytes]:
    """Indices of checkpoints of two files."""
    entries, _ = tensor_bundle.bundle(TENSORS)
    yield tf1_checkpoint.table(entries)
    yield tf1_checkpoint.table(entries, block_size=16)


def read_bundle(path: Path) -> None:
    """Read such an index; the numbers are those that were written."""
    _, numbers = tensor_bundle.bundle(TENSORS)
    data = tensor_bundle.data_path(path)
    data.write_bytes(numbers)
    read_tensor_bundle(path, data)


def graph() -> Iterator[bytes]:
    """Frozen graphs."""
    yield frozen_graph.graph(TENSORS, {"a/Conv2D": (1, 2, 1, 1)})
    filled = frozen_graph.shape((2, 3)) + tf1_checkpoint.message(5, bytes(4))
    one = frozen_graph.constant("filled", tf1_checkpoint.number(1, 1) + filled)
    yield tf1_checkpoint.message(1, one)
