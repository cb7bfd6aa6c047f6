"""TensorFlow's files that promise far more than there is."""

from collections.abc import Iterator
from pathlib import Path

from kerasaudio.checkpoints.frozen_graph import read_frozen_graph
from kerasaudio.checkpoints.tensor_bundle import read_tensor_bundle
from support.frozen_graph import constant, shape
from support.tensor_bundle import HEADER, data_path, entry
from support.tf1_checkpoint import message, number, table

from .promise import Case

SIZES = {"2^28": (2**28,), "2^40": (2**40,), "2^20 x 2^20": (2**20, 2**20)}


def graphs(folder: Path) -> Iterator[Case]:
    """Make the files and give the cases."""
    for what, sizes in SIZES.items():
        one = number(1, 1) + shape(sizes) + message(5, bytes(4))
        yield _graph(folder, f"one number, {what} times", [one])
        yield _graph(folder, f"no number, {what} times", [number(1, 1) + shape(sizes)])
        index = folder / f"{what}.index"
        value = entry(1, sizes, 0, bytes(4))
        index.write_bytes(table([(b"", HEADER), (b"a", value)]))
        data_path(index).write_bytes(bytes(4))
        yield Case(index.name, lambda path=index: read_tensor_bundle(path), "the shape")
    some = number(1, 1) + shape((2**23,)) + message(5, bytes(4))
    yield _graph(folder, "one number, 2^23 times, in 100 nodes", 100 * [some])


def _graph(folder: Path, what: str, tensors: list[bytes]) -> Case:
    path = folder / f"{what}.pb"
    nodes = [constant(str(place), one) for place, one in enumerate(tensors)]
    path.write_bytes(b"".join(message(1, node) for node in nodes))
    return Case(path.name, lambda: read_frozen_graph(path), "numbers for")
