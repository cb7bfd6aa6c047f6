"""Tables, weights, models and archives that promise far more than there is."""

import gzip
import importlib.util
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio import load_features
from kerasaudio.checkpoints.keras2_hdf5 import read_layers
from kerasaudio.core.saved import read_saved
from kerasaudio.features.rows import Failed
from kerasaudio.features.table import Features
from kerasaudio.loading import load
from kerasaudio.similarity import Index
from kerasaudio.training.state import State
from kerasaudio.weights import read_torch
from support import torch_files
from support.tiny import tiny_model

from .promise import Case
from .promising_folds import folds
from .promising_graphs import graphs

SHAPES = {
    "2^31 x 65535": (2**31, 65_535),
    "2^40": (2**40,),
    "2^62": (2**62,),
    "2^21 x 2^21 x 2^21": (2**21, 2**21, 2**21),
}
_FAST: dict[str, Any] = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": 1}
BOMB = 50 * 2**20
_UNPACKED = 640 * 2**20  # more than a case may take


def cases(folder: Path) -> list[Case]:
    """Make the files and give the cases."""
    makers = (_arrays, _parquet, _safetensors, _hdf5, _keras, _torch, graphs, folds)
    return [case for make in makers for case in make(folder)]


def _arrays(folder: Path) -> Iterator[Case]:
    table = Features(
        np.zeros((4, 3), "float32"),
        tuple(map(Path, "abcd")),
        np.arange(4.0),
        np.arange(4.0) + 1,
        (Failed(Path("e"), "empty"),),
        {"model": "Tiny", "fingerprint": "0"},
    )
    table.save(folder / "whole.npz")
    model = tiny_model()
    training = State(folder / "trained.keras")
    training.begin()
    training.save(model.weights, {})
    state = next(path for path in folder.rglob("*.npz") if path.name == "state.npz")
    index = Index()
    index.add(np.eye(4, dtype="float32"))
    index.save(folder / "index.npz")
    readers: dict[Path, Callable[[Path], Any]] = {
        folder / "whole.npz": load_features,
        folder / "index.npz": Index.load,
        state: lambda path: training.load(model.weights),
    }
    for whole, read in readers.items():
        with zipfile.ZipFile(whole) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        first = next(iter(members))
        for what, shape in SHAPES.items():
            for size in (0, 4096):
                changed = members | {first: _npy(shape) + bytes(size)}
                content = zipped(changed)
                yield _read_case(f"{what}, {size} bytes", whole, content, read)
        claims = zipped(members)
        at = claims.rindex(b"PK\x01\x02")
        patched = bytearray(claims)
        for place, value in ((at + 20, 2**32 - 2), (at + 24, 2**32 - 2)):
            patched[place : place + 4] = struct.pack("<I", value)
        yield _read_case("members of 4 GiB", whole, bytes(patched), read)
        big = _npy((2**40,)) + bytes(BOMB)
        content = zipped(members | {first: big}, zipfile.ZIP_DEFLATED)
        yield _read_case("50 MiB of zeros", whole, content, read)


def _read_case(
    what: str, whole: Path, content: bytes, read: Callable[[Path], Any]
) -> Case:
    original = whole.read_bytes()

    def do() -> None:
        whole.write_bytes(content)
        try:
            read(whole)
        finally:
            whole.write_bytes(original)

    return Case(f"{whole.name} with {what}", do, whole.name)


def _npy(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Give a zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _parquet(folder: Path) -> Iterator[Case]:
    if importlib.util.find_spec("pyarrow") is None:
        return
    path = folder / "bomb.parquet"

    def load() -> None:
        import pyarrow as pa
        from pyarrow import parquet

        flat = pa.array(np.zeros(300 * 10**4, "float32"))
        times = pa.array(np.zeros(10**4))
        rows = pa.table(
            {
                "path": pa.array([""] * 10**4),
                "start": times,
                "end": times,
                "embedding": pa.FixedSizeListArray.from_arrays(flat, 300),
            }
        ).replace_schema_metadata({b"kerasaudio": b"{}"})
        with parquet.ParquetWriter(path, rows.schema, compression="zstd") as writer:
            for _ in range(_UNPACKED // flat.nbytes + 1):
                writer.write_table(rows)
        load_features(path)

    yield Case("640 MiB packed into a small .parquet", load, "bomb.parquet")


def _safetensors(folder: Path) -> Iterator[Case]:
    for what, shape in SHAPES.items():
        size = 4 * int(np.prod(shape, dtype=object))
        for end in (size, 4, 0):
            header = {"a/b": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}
            text = json.dumps(header).encode()
            content = struct.pack("<Q", len(text)) + text + bytes(min(end, 64))
            yield _new(folder, f"{what} up to {end}.safetensors", content, read_saved)
    for length in (2**31, 2**62, 2**64 - 1):
        content = struct.pack("<Q", length) + b'{"a":1}'
        yield _new(folder, f"header of {length}.safetensors", content, read_saved)


def _new(
    folder: Path, name: str, content: bytes, read: Callable[[Path], Any], says: str = ""
) -> Case:
    path = folder / name
    path.write_bytes(content)
    return Case(name, lambda: read(path), says)


def _hdf5(folder: Path) -> Iterator[Case]:
    import h5py

    def read(rows: int, written: int) -> None:
        path = folder / "promising.h5"
        with h5py.File(path, "w") as file:
            group = file.create_group("layer")
            data = group.create_dataset(
                "kernel:0", (rows, 2**20), "<f4", chunks=(1, 2**20), compression="gzip"
            )
            for row in range(written):
                data[row] = 0
            file.attrs["layer_names"] = [b"layer"]
            group.attrs["weight_names"] = [b"kernel:0"]
        read_layers(path)

    rows = _UNPACKED // 2**22
    yield Case("4 TiB never written, .h5", lambda: read(2**20, 0), "claims more")
    yield Case("640 MiB of zeros, .h5", lambda: read(rows, rows), "claims more")
    packed = folder / "packed.h5.gz"

    def read_packed() -> None:
        with gzip.open(packed, "wb", compresslevel=1) as file:
            for _ in range(_UNPACKED // 2**20):
                file.write(bytes(2**20))
        read_layers(packed)

    yield Case("640 MiB of zeros, .h5.gz", read_packed, "unpacks to more")


def _keras(folder: Path) -> Iterator[Case]:
    import h5py

    tiny_model().save(folder / "whole.keras")
    with zipfile.ZipFile(folder / "whole.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    weights = folder / "weights.h5"
    for what, shape in (("never written", (2**20, 2**20)), ("2^31", (2**31,))):
        weights.write_bytes(members["model.weights.h5"])
        with h5py.File(weights, "r+") as file:
            names = _datasets(file)
            del file[names[0]]
            file.create_dataset(names[0], shape, "<f4", chunks=True)
        changed = members | {"model.weights.h5": weights.read_bytes()}
        yield _new(folder, f"weights {what}.keras", zipped(changed), load, r"\.keras")
    bomb = folder / "bomb.keras"

    def load_bomb() -> None:
        with zipfile.ZipFile(
            bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1
        ) as archive:
            archive.writestr("metadata.json", members["metadata.json"])
            archive.writestr("model.weights.h5", members["model.weights.h5"])
            _write_bomb(archive, "config.json", members["config.json"], b" ")
        load(bomb)

    yield Case("a configuration of 640 MiB, .keras", load_bomb, "bomb.keras")


def _datasets(file: Any) -> list[str]:
    import h5py

    names: list[str] = []
    file.visititems(
        lambda name, item: (
            names.append(name) if isinstance(item, h5py.Dataset) else None
        )
    )
    return names


def _write_bomb(
    archive: zipfile.ZipFile, name: str, begin: bytes, filling: bytes
) -> None:
    with archive.open(name, "w", force_zip64=True) as member:
        member.write(begin)
        for _ in range(_UNPACKED // 2**20):
            member.write(filling * 2**20)


def _torch(folder: Path) -> Iterator[Case]:
    huge = 2**40
    four = np.ones(4, "<f4").tobytes()
    for what, count, shape, strides in (
        ("a storage of 2^40", huge, (huge,), (1,)),
        ("a view of 2^40", 4, (huge,), (1,)),
        ("one number, 2^40 times", 4, (huge,), (0,)),
        ("one number, 2^20 x 2^20 times", 4, (2**20, 2**20), (0, 0)),
    ):
        pickle = torch_files.pickled(
            torch_files.tensor(
                torch_files.storage(count),
                shape=torch_files.integers(*shape),
                strides=torch_files.integers(*strides),
            )
        )
        content = torch_files.zipped(pickle, {"0": four})
        yield _new(folder, f"{what}.pt", content, read_torch)
    pickle = torch_files.pickled(
        torch_files.tensor(
            torch_files.storage(_UNPACKED // 4),
            shape=torch_files.integers(_UNPACKED // 4),
            strides=torch_files.integers(1),
        )
    )
    bomb = folder / "bomb.pt"

    def read_bomb() -> None:
        bomb.write_bytes(torch_files.zipped(pickle))
        with zipfile.ZipFile(
            bomb, "a", zipfile.ZIP_DEFLATED, compresslevel=1
        ) as archive:
            _write_bomb(archive, "archive/data/0", b"", bytes(1))
        read_torch(bomb)

    yield Case("640 MiB of zeros, .pt", read_bomb, "bomb.pt")
