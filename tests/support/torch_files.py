"""Torch files put together by hand, so that they can say what torch never would."""

import io
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


def text(value: str) -> bytes:
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def integer(value: int) -> bytes:
    length = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([length]) + value.to_bytes(length, "little", signed=True)


def integers(*values: int) -> bytes:
    return b"(" + b"".join(map(integer, values)) + b"t"


def storage(
    count: int, *, kind: str = "FloatStorage", key: str = "0", tail: bytes = b""
) -> bytes:
    name = b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key)
    return name + text("cpu") + integer(count) + tail + b"tQ"


def tensor(
    stored: bytes, *, offset: int = 0, shape: bytes, strides: bytes, rest: bytes = b""
) -> bytes:
    rest = rest or b"\x89ccollections\nOrderedDict\n)R"
    return REBUILD + b"(" + stored + integer(offset) + shape + strides + rest + b"tR"


def pickled(*items: bytes) -> bytes:
    """Give a dict of keys `a`, `b`, ... as a pickle."""
    body = b"".join(text(chr(97 + i)) + item for i, item in enumerate(items))
    return b"\x80\x02}(" + body + b"u."


def zipped(
    pickle: bytes,
    storages: dict[str, bytes] | None = None,
    *,
    root: str = "archive",
    more: dict[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """Give a file in torch's zip format, the same whenever it is made."""
    members = {f"{root}/data.pkl": pickle}
    members |= {f"{root}/data/{key}": c for key, c in (storages or {}).items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in [*members.items(), *(more or {}).items()]:
            # Tests are named by such bytes: a date would differ between processes.
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return buffer.getvalue()


def legacy(pickle: bytes, keys: list[str], storages: bytes) -> bytes:
    """Give a file in the format before torch 1.6."""
    magic = b"\x80\x02\x8a\x0a" + MAGIC.to_bytes(10, "little") + b"."
    protocol = b"\x80\x02" + integer(1001) + b"."
    machine = b"\x80\x02}" + text("little_endian") + b"\x88s."
    listed = b"\x80\x02](" + b"".join(map(text, keys)) + b"e."
    return magic + protocol + machine + pickle + listed + storages


def write_state(
    path: Path,
    tensors: Mapping[str, np.ndarray],
    settings: tuple[str, Mapping[str, int]] | None = None,
) -> None:
    """Write a state dict as `torch.save` does: a zip; a `.pth` as before torch 1.6.

    With settings, a name and a dict, these are beside the state dict `model`.
    """
    kinds = {
        "float16": "HalfStorage",
        "float32": "FloatStorage",
        "int64": "LongStorage",
    }
    in_zip = path.suffix != ".pth"
    body, storages = b"", {}
    for number, (name, array) in enumerate(tensors.items()):
        key, array = str(number), np.asarray(array, order="C")
        stored = storage(
            array.size,
            kind=kinds[array.dtype.name],
            key=key,
            tail=b"" if in_zip else b"N",  # a view of no other storage
        )
        strides = integers(*(step // array.itemsize for step in array.strides))
        body += text(name)
        body += tensor(stored, shape=integers(*array.shape), strides=strides)
        count = b"" if in_zip else struct.pack("<q", array.size)
        storages[key] = count + array.tobytes()
    state = b"}(" + body + b"u"
    if settings is not None:
        name, numbers = settings
        pairs = b"".join(text(key) + integer(numbers[key]) for key in numbers)
        state = b"}(" + text(name) + b"}(" + pairs + b"u" + text("model") + state + b"u"
    state = b"\x80\x02" + state + b"."
    path.write_bytes(
        zipped(state, storages, more={"archive/version": b"3\n"})
        if in_zip
        else legacy(state, list(storages), b"".join(storages.values()))
    )


def example() -> dict[str, np.ndarray]:
    """Give what the committed example files hold, as `read_torch` should."""
    numbers = np.linspace(-3, 3, 24, dtype="float32")
    return {
        "conv.weight": numbers.reshape(2, 3, 4),
        "conv.transposed": numbers.reshape(6, 4).T,
        "conv.part": numbers[5:11],
        "double": np.array([[1.5, -2.25]]),
        "half": np.array([0.5, 65504, -0.0], "float16"),
        "brain": np.array([1.0, -3.140625, 1e30], "float32").view("uint32")
        .__and__(np.uint32(0xFFFF0000)).view("float32"),
        "long": np.array([2**40, -1]),
        "byte": np.array([0, 255], "uint8"),
        "bool": np.array([True, False, True]),
        "bn.num_batches_tracked": np.array(123456789),
        "empty": np.zeros((0, 3), "float32"),
    }  # fmt: skip


def torch_example(torch: Any) -> "OrderedDict[str, Any]":
    """Give the same as torch tensors, some sharing a storage."""
    state = OrderedDict(
        (key, torch.from_numpy(value.copy())) for key, value in example().items()
    )
    numbers = torch.linspace(-3, 3, 24)
    numbers.copy_(torch.from_numpy(example()["conv.weight"].reshape(-1).copy()))
    state["conv.weight"] = numbers.view(2, 3, 4)
    state["conv.transposed"] = numbers.view(6, 4).T
    state["conv.part"] = torch.nn.Parameter(numbers[5:11])
    state["brain"] = state["brain"].to(torch.bfloat16)
    state._metadata = OrderedDict([("", {"version": 1})])  # type: ignore[attr-defined]
    return state
