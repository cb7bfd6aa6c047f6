"""Read state dicts that torch saved, without torch and without unpickling.

Both formats are supported: since torch 1.6, a zip with a pickle and one member per
storage; before, four pickles (magic number, protocol, machine, object), the keys of the
storages, and the storages.
"""

import math
import mmap
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.checkpoints.torch_pickle import Storage, Tensor, interpret
from kerasaudio.files.errors import UnsafeFileError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_LEGACY_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_MAX_PICKLE = 64 * 2**20
_WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net")

_Load = Callable[[Storage], np.ndarray]
_Take = Callable[[Any, _Load], dict[str, Any]]


def read_torch(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read the tensors of a state dict.

    Args:
        path: Path of a file that `torch.save` wrote: a state dict, or a dict with one
            as `state_dict`, `model_state_dict`, `model_state`, `model` or `net`.

    Returns:
        Arrays by key, in file order. bfloat16 becomes float32, numbers become arrays
        without dimensions. Arrays that share a storage share memory.

    Raises:
        UnsafeFileError: The file asks for more than tensors, or claims sizes that it
            does not have. Nothing was executed.
        ValueError: The file is damaged, or is not a state dict.
        OSError: The file cannot be opened.

    Examples:
        >>> state = kerasaudio.weights.read_torch("model.pth")
        >>> {name: array.shape for name, array in state.items()}
        {'weight': (8, 1, 3), 'bias': (8,)}
    """
    return _read(Path(path), _arrays)


def read_settings(path: str | os.PathLike[str], name: str) -> dict[str, Any]:
    """Read the plain settings that a file has beside its state dict.

    Args:
        path: Path of a file that `torch.save` wrote.
        name: Key of the dict of settings in the dict that was saved.

    Returns:
        Numbers, booleans and strings by key; empty if there is no such dict.

    Raises:
        UnsafeFileError, ValueError, OSError: As `read_torch`.
    """

    def take(tree: Any, load: _Load) -> dict[str, Any]:
        found = _get_dict(tree, name)
        return {
            key: value
            for key, value in found.items()
            if isinstance(key, str) and isinstance(value, bool | int | float | str)
        }

    return _read(Path(path), take)


def _read(path: Path, take: _Take) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            start = file.read(len(_LEGACY_START))
        if start.startswith(b"PK"):
            return _read_zip(path, take)
        if start == _LEGACY_START:
            return _read_legacy(path, take)
        raise ValueError(f"it begins with {start!r}, which torch.save does not write")
    except UnsafeFileError as error:
        raise UnsafeFileError(f"{path} was refused: it contains {error}.") from error
    except EOFError as error:
        raise ValueError(f"{path} cannot be read as a torch file: cut off") from error
    except (ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"{path} cannot be read as a torch file: {error}") from error


def _read_zip(path: Path, take: _Take) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        members = _check_members(archive.infolist(), path.stat().st_size)
        pickles = [name for name in members if re.fullmatch(r"[^/]+/data\.pkl", name)]
        if len(pickles) != 1:
            raise ValueError(f"it has {len(pickles)} pickles named data.pkl, not one")
        root = pickles[0].partition("/")[0]
        if members[pickles[0]].file_size > _MAX_PICKLE:
            raise UnsafeFileError(f"a pickle of more than {_MAX_PICKLE:,} bytes")
        order = ">" if _byte_order(archive, members, root) == b"big" else "<"

        def load(storage: Storage) -> np.ndarray:
            member = members.get(f"{root}/data/{storage.key}")
            if member is None:
                raise ValueError(f"there is no storage {storage.key!r}")
            _check_length(storage, member.file_size)
            return _numbers(archive.read(member), storage, order)

        return take(interpret(BytesIO(archive.read(pickles[0]))), load)


def _check_members(
    infos: list[zipfile.ZipInfo], archive_size: int
) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.filename
        # orig_filename: zipfile cuts a name at its first NUL and replaces separators.
        if (
            ".." in name.split("/")
            or re.match(r"/|[A-Za-z]:", name)
            or (info.orig_filename != name or "\\" in name)
        ):
            raise UnsafeFileError(f"a member outside the archive, {name!r}")
        if name in members:
            raise UnsafeFileError(f"two members named {name!r}")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise UnsafeFileError(
                f"a compressed or encrypted member {name!r}; torch writes neither"
            )
        if not 0 <= info.header_offset < archive_size:
            raise zipfile.BadZipFile(f"member {name!r} is outside the file")
        if info.compress_size != info.file_size:  # zipfile allocates the former
            raise zipfile.BadZipFile(f"member {name!r} is stored with another size")
        members[name] = info
    if sum(info.file_size for info in infos) > archive_size:
        raise UnsafeFileError("members larger than the file")
    return members


def _byte_order(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], root: str
) -> bytes:
    member = members.get(f"{root}/byteorder")
    order = b"little" if member is None else archive.read(member)
    if order not in (b"little", b"big"):
        raise ValueError(f"its byte order is {order[:20]!r}")
    return order


def _read_legacy(path: Path, take: _Take) -> dict[str, Any]:
    # A map's read() returns at most the whole file, whatever length a pickle claims.
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        if interpret(content) != _LEGACY_MAGIC:
            raise ValueError("its magic number is wrong")
        if (protocol := interpret(content)) != _LEGACY_PROTOCOL:
            raise ValueError(f"its protocol is {protocol!r}, not {_LEGACY_PROTOCOL}")
        interpret(content)  # the writer's machine: torch writes little-endian anyway
        tree = interpret(content)
        keys = interpret(content)
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ValueError("it has no list of storages")
        spans = _legacy_spans(tree, keys, content)

        def load(storage: Storage) -> np.ndarray:
            if storage.key not in spans:
                raise ValueError(f"there is no storage {storage.key!r}")
            start, count = spans[storage.key]
            length = np.dtype(_plain(storage.dtype)).itemsize * count
            _check_length(storage, length)
            return _numbers(content[start : start + length], storage, "<")

        return take(tree, load)


def _legacy_spans(
    tree: Any, keys: list[str], content: mmap.mmap
) -> dict[str, tuple[int, int]]:
    """Return the start of each storage and the number of its elements."""
    item_sizes = {
        storage.key: np.dtype(_plain(storage.dtype)).itemsize
        for storage in _storages(tree)
    }
    spans: dict[str, tuple[int, int]] = {}
    position = content.tell()
    for key in keys:
        if key in spans or key not in item_sizes:
            raise ValueError(f"storage {key!r} is listed twice or belongs to no tensor")
        count = int.from_bytes(content[position : position + 8], "little")
        start = position + 8
        position = start + count * item_sizes[key]
        if position > len(content):
            raise ValueError(
                f"storage {key!r} ends at byte {position:,}, but the file at "
                f"{len(content):,}: it is truncated"
            )
        spans[key] = (start, count)
    if position != len(content):
        raise ValueError(f"{len(content) - position:,} bytes follow the last storage")
    return spans


def _storages(tree: Any) -> list[Storage]:
    """Return the storages of all tensors of a tree, whose parts may be shared."""
    found: list[Storage] = []
    seen: set[int] = set()
    pending = [tree]
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)
        elif isinstance(value, Tensor):
            found.append(value.storage)
        elif isinstance(value, Storage):
            found.append(value)
    return found


def _plain(dtype: str) -> str:
    return "u2" if dtype == "bfloat16" else dtype


def _check_length(storage: Storage, length: int) -> None:
    claimed = storage.count * np.dtype(_plain(storage.dtype)).itemsize
    if claimed != length:
        raise UnsafeFileError(
            f"a storage {storage.key!r} that claims {claimed:,} bytes, not {length:,}"
        )


def _numbers(content: bytes, storage: Storage, order: str) -> np.ndarray:
    stored = np.dtype(_plain(storage.dtype)).newbyteorder(order)  # type: ignore[arg-type]
    if storage.dtype == "bfloat16":
        words = np.frombuffer(content, stored).astype(np.uint32)
        return (words << np.uint32(16)).view(np.float32)
    if storage.dtype == "bool":
        return np.frombuffer(content, np.uint8) != 0
    return np.frombuffer(content, stored).astype(stored.newbyteorder("="))


def _arrays(tree: Any, load: _Load) -> dict[str, np.ndarray]:
    state = _state_dict(tree)
    storages: dict[str, tuple[Storage, np.ndarray]] = {}
    arrays: dict[str, np.ndarray] = {}
    for key, value in state.items():
        if not isinstance(key, str):
            raise ValueError(f"a key of its state dict is {key!r}, not a string")
        if isinstance(value, bool | int | float):
            arrays[key] = np.asarray(value)
            continue
        if not isinstance(value, Tensor):
            raise ValueError(f"{key!r} is a {type(value).__name__}, not a tensor")
        storage = value.storage
        known = storages.get(storage.key)
        if known is None:
            known = storages[storage.key] = (storage, load(storage))
        elif known[0] != storage:
            raise UnsafeFileError(f"two definitions of storage {storage.key!r}")
        arrays[key] = _view(key, value, known[1])
    return arrays


def _state_dict(tree: Any) -> dict[Any, Any]:
    for _ in _WRAPPERS:
        wrapped = [_get_dict(tree, key) for key in _WRAPPERS]
        inner = [branch for branch in wrapped if _has_tensors(branch)]
        if inner:
            return inner[0]
        if _has_tensors(tree) or not any(wrapped):
            break
        tree = next(filter(None, wrapped))
    if _has_tensors(tree):
        return tree
    raise ValueError(
        f"it contains a {type(tree).__name__}, not a state dict. Save one with "
        "torch.save(model.state_dict(), path)"
    )


def _get_dict(tree: Any, key: str) -> dict[Any, Any]:
    value = tree.get(key) if isinstance(tree, dict) else None
    return value if isinstance(value, dict) else {}


def _has_tensors(tree: Any) -> bool:
    return isinstance(tree, dict) and any(isinstance(v, Tensor) for v in tree.values())


def _view(key: str, tensor: Tensor, numbers: np.ndarray) -> np.ndarray:
    size = math.prod(tensor.shape)
    if size == 0:
        return np.zeros(tensor.shape, numbers.dtype)
    # The stride of a dimension of size 1 has no meaning and may have any value.
    strides = [
        stride if extent > 1 else 0
        for extent, stride in zip(tensor.shape, tensor.strides, strict=True)
    ]
    last = tensor.offset + sum(
        (extent - 1) * stride
        for extent, stride in zip(tensor.shape, strides, strict=True)
    )
    if last >= numbers.size or size > numbers.size:
        raise UnsafeFileError(
            f"a tensor {key!r} of shape {tensor.shape}, strides {tensor.strides} and "
            f"offset {tensor.offset} in a storage of {numbers.size} numbers"
        )
    return np.lib.stride_tricks.as_strided(
        numbers[tensor.offset :],
        tensor.shape,
        [stride * numbers.itemsize for stride in strides],
    )
