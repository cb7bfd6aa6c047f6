"""Read Keras 2 `.hdf5` files: layers by name, or in the order of creation.

By default, Keras 2 names layers by kind and a number that increases during a whole
session (`conv1d_12`, `batch_normalization_7`), so the numbers may start anywhere; their
order is the order of creation. Files of `model.save` store weights below
`model_weights`, those of `save_weights` at the root. Both may be packed with gzip.

Source: Keras 2.0.5, `keras/engine/topology.py`, `save_weights_to_hdf5_group`.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.checkpoints.native import State
from kerasaudio.files.errors import UnsafeFileError
from kerasaudio.files.gzip_file import is_gzip, read_gzip

MOST_UNPACKED = 2**28  # bytes of a file that was packed with gzip

# Kind of layer -> its layers in order of creation, each a dict of arrays by variable.
Layers = dict[str, list[dict[str, np.ndarray]]]
_NUMBERED = re.compile(r"(?P<kind>.+?)(?:_(?P<number>\d+))?")


def read_keras2(path: Path) -> Layers:
    """Read the weights of a Keras 2 file whose layers have default names.

    Raises:
        UnsafeFileError: As `read_layers`.
        ValueError: As `read_layers`; two variables of a layer have the same name.
    """
    layers = {}
    for name, arrays in read_layers(path).items():
        leaves = {weight.rpartition("/")[2]: array for weight, array in arrays.items()}
        if len(leaves) < len(arrays):
            raise ValueError(f"{path}: {name} has two variables of the same name.")
        layers[name] = leaves
    return _in_order(layers)


def read_named(path: Path) -> dict[str, np.ndarray]:
    """Read the weights of a Keras 2 file by name, such as `layer1/conv/kernel`.

    Raises:
        UnsafeFileError: As `read_layers`.
        ValueError: As `read_layers`; two weights have the same name.
    """
    layers = read_layers(path)
    named = {
        weight: array for arrays in layers.values() for weight, array in arrays.items()
    }
    if len(named) < sum(map(len, layers.values())):
        raise ValueError(f"{path} has two weights of the same name.")
    return named


def read_layers(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Read the weights of a Keras 2 file; nothing in it is executed.

    Only plain arrays of floating-point numbers inside the file itself are read: links,
    objects and external storage are rejected. A file that is packed with gzip is
    unpacked in memory, up to 256 MiB.

    Returns:
        A dict of layers by name, each a dict of arrays by weight name; layers without
        weights are left out.

    Raises:
        UnsafeFileError: The file has other content, claims more than it contains, or
            unpacks to more than 256 MiB.
        ValueError: The file is not a weights file of Keras 2.
    """
    import h5py

    try:
        content: Path | io.BytesIO = path
        size = path.stat().st_size
        if is_gzip(path):
            content = read_gzip(path, limit=MOST_UNPACKED)
            size = content.getbuffer().nbytes
        with h5py.File(content, "r") as file:
            root = _child(file, "model_weights") if "model_weights" in file else file
            names = _names(root.attrs, "layer_names")
            found = {name: _datasets(_child(root, name)) for name in names}
            arrays = [array for layer in found.values() for array in layer.values()]
            if sum(array.nbytes for array in arrays) > size:
                raise UnsafeFileError("it claims more numbers than the file has.")
            return {
                name: {key: np.asarray(layer[key], "float32") for key in layer}
                for name, layer in found.items()
                if layer
            }
    except UnsafeFileError as error:
        raise UnsafeFileError(f"{path} was refused: {error}") from error
    except (
        *(OSError, KeyError, RuntimeError, TypeError, AttributeError),
        *(ValueError, OverflowError, MemoryError),
    ) as error:  # h5py raises many kinds of errors for damaged files
        raise ValueError(f"{path} is not a weights file of Keras 2: {error}") from error


def _datasets(group: Any) -> dict[str, Any]:
    """Return the arrays of a layer by weight name, without reading them yet."""
    names = _names(group.attrs, "weight_names")
    datasets = {name.partition(":")[0]: _dataset(group, name) for name in names}
    if len(datasets) < len(names):
        raise UnsafeFileError(f"{group.name!r} lists a weight twice.")
    return datasets


def _dataset(group: Any, name: str) -> Any:
    import h5py

    dataset = _child(group, name)
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind != "f":
        raise UnsafeFileError(f"{name!r} contains no floating-point numbers.")
    if dataset.external or dataset.is_virtual:
        raise UnsafeFileError(f"{name!r} stores its numbers in another file.")
    return dataset


def _child(group: Any, name: str) -> Any:
    """Return the object at a path inside a group, without following links."""
    import h5py

    for part in name.split("/"):
        if not isinstance(group, h5py.Group) or part in ("", ".", ".."):
            raise UnsafeFileError(f"{name!r} is not a path to a weight.")
        if part not in group:
            raise KeyError(f"it lacks {name!r}")
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise UnsafeFileError(f"{name!r} is a link to another place.")
        group = group[part]
    return group


def _names(attributes: Mapping[str, Any], key: str) -> list[str]:
    # Long lists are split over layer_names0, layer_names1, ...
    chunks = [key] if key in attributes else sorted(_chunks(attributes, key), key=_tail)
    if not chunks:
        raise KeyError(f"it lacks the attribute {key!r}")
    names = [name for chunk in chunks for name in np.ravel(attributes[chunk])]
    return [
        name.decode("utf-8") if isinstance(name, bytes) else str(name) for name in names
    ]


def _chunks(attributes: Mapping[str, Any], key: str) -> Iterator[str]:
    return (name for name in attributes if re.fullmatch(rf"{key}\d+", name))


def _tail(name: str) -> int:
    digits = re.search(r"\d+$", name)
    return int(digits[0]) if digits else 0


def _in_order(layers: Mapping[str, dict[str, np.ndarray]]) -> Layers:
    numbered: dict[str, list[tuple[int, dict[str, np.ndarray]]]] = {}
    for name, arrays in layers.items():
        match = _NUMBERED.fullmatch(name)
        assert match is not None
        entry = (int(match["number"] or 0), arrays)
        numbered.setdefault(match["kind"], []).append(entry)
    return {
        kind: [arrays for _, arrays in sorted(entries, key=lambda entry: entry[0])]
        for kind, entries in numbered.items()
    }


def assign_names(
    layers: Layers, names: Mapping[str, Sequence[str]], origin: str
) -> State:
    """Return a state in which layers have our names, matched by order of creation.

    Args:
        layers: Return value of `read_keras2`.
        names: Kind of layer -> our names, in upstream's order of creation.
        origin: Origin of the layers, for messages.

    Raises:
        ValueError: The kinds of layers, or their numbers, differ.
    """
    found = {kind: len(entries) for kind, entries in layers.items()}
    wanted = {kind: len(entries) for kind, entries in names.items()}
    if found != wanted:
        raise ValueError(f"{origin} has the layers {found}, not {wanted}.")
    return {
        f"{name}/{variable}": array
        for kind, entries in layers.items()
        for name, arrays in zip(names[kind], entries, strict=True)
        for variable, array in arrays.items()
    }
