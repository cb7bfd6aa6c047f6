"""What is killed: small jobs that write files, and what they must have written."""

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

Found = dict[str, np.ndarray]  # what is compared, to 1e-5


def _torch_if_any() -> str:
    return "torch" if find_spec("torch") else "tensorflow"


class Job:
    """Something to do.

    Attributes:
        name: Of the job.
        backend: Of Keras, that it runs on; one that a process can be forked with.
        is_forked_warm: Whether such a process may have computed before.
        needs: Modules without which it cannot be done.
        most: How many of its operations, spread over all, are tried even in full.
        last: How many of the last ones are tried in a sample.
    """

    backend: str = _torch_if_any()
    is_forked_warm = backend == "torch"
    needs: tuple[str, ...] = ()
    most = 10_000
    last = 6

    def __init__(self, name: str) -> None:
        self.name = name

    def imports(self) -> None:
        """Import what takes long, and compute nothing yet."""
        import kerasaudio  # noqa: F401

    def prepare(self, given: Path, old: Path) -> None:
        """Write what the job reads, and what is there before it writes."""

    def run(self, given: Path, out: Path) -> None:
        """Do it, replacing what is there."""
        raise NotImplementedError

    def look(self, out: Path) -> Found:
        """Read what was written."""
        raise NotImplementedError

    def mixture(self, out: Path, old: Path, new: Path) -> str | None:
        """Say what a reader finds that is neither old nor new."""
        return None


def _sounds(folder: Path) -> Path:
    from support import sound_folder

    return sound_folder.make(folder / "sounds", clips=2, seconds=0.25)


class Embed(Job):
    """Vectors of files, stored as they come, then a table."""

    def prepare(self, given: Path, old: Path) -> None:
        _sounds(given)

    def run(self, given: Path, out: Path) -> None:
        from kerasaudio import FeatureExtractor
        from support.tiny import tiny_model

        extractor = FeatureExtractor(tiny_model(), batch_size=2)
        extractor.write(given / "sounds", out / "table.npz", overwrite=True)

    def look(self, out: Path) -> Found:
        from kerasaudio import load_features

        table = load_features(out / "table.npz")
        names = np.array([path.name for path in table.paths])
        return {"vectors": table.vectors, "starts": table.starts, "names": names}


class Train(Job):
    """Two epochs frozen, two whole; a cache of decoded sound, a state, a model."""

    def prepare(self, given: Path, old: Path) -> None:
        _sounds(given)

    def run(self, given: Path, out: Path) -> None:
        import keras

        import kerasaudio
        from kerasaudio.datasets import from_folder
        from kerasaudio.training import Schedule, train
        from support import sound_folder

        keras.utils.set_random_seed(1)
        labels = list(sound_folder.KINDS)
        model = kerasaudio.LeNetMFCC(labels=labels, sample_rate=8_000, filters=2)
        clips = from_folder(given / "sounds", group=r"(.*)-take.*")
        train(
            model,
            clips,
            clips,
            out / "mine.keras",
            schedule=Schedule(freeze_epochs=2, unfreeze_epochs=2, batch_size=3),
            overwrite=True,
            readers=1,
        )

    def look(self, out: Path) -> Found:
        import keras

        model = keras.saving.load_model(out / "mine.keras", compile=False)
        return {f"{i:03}": w for i, w in enumerate(model.get_weights())}


class Export(Job):
    """An export in place of an older one."""

    backend = "tensorflow"
    is_forked_warm = False
    most = 60
    last = 9

    def __init__(self, form: str, file: str, *runtimes: str) -> None:
        super().__init__(f"export {form}")
        self.needs = ("tensorflow", *runtimes)
        self._file = file

    def imports(self) -> None:
        import tensorflow  # noqa: F401

        import kerasaudio.export  # noqa: F401

        if self._file.endswith(".xml"):
            from kerasaudio.export.unobserved import import_openvino

            import_openvino()

    def prepare(self, given: Path, old: Path) -> None:
        self._export(old, 1)

    def run(self, given: Path, out: Path) -> None:
        self._export(out, 0)

    def _export(self, out: Path, seed: int) -> None:
        from kerasaudio.export import export
        from support.tiny import tiny_model

        path = out / self._file
        export(tiny_model(seed=seed), path, verify=False, overwrite=True)

    def look(self, out: Path) -> Found:
        return {"digest": np.array([ord(letter) for letter in self._digest(out)])}

    def mixture(self, out: Path, old: Path, new: Path) -> str | None:
        found = self._digest(out)
        known = {self._digest(old), self._digest(new)}
        if self._file.endswith(".xml"):  # its two files are not moved at once
            known.add("nothing")
        return None if found in known else "neither the old export nor the new one"

    def _digest(self, out: Path) -> str:
        """Hash what who opens the file or folder gets: of each file its weights."""
        path = out / self._file
        if not path.exists():
            return "nothing"
        hashed = hashlib.sha256()
        if path.is_dir():
            kept = [*sorted((path / "variables").rglob("*")), path / "saved_model.pb"]
            names = sorted(str(f.relative_to(path)) for f in path.rglob("*"))
            hashed.update(repr(names).encode())
            hashed.update(kept[0].read_bytes())
        elif path.suffix == ".xml":
            hashed.update(path.read_bytes())
            hashed.update(path.with_suffix(".bin").read_bytes())
        else:
            hashed.update(path.read_bytes())
        return hashed.hexdigest()


class Index(Job):
    """An index in place of an older one."""

    def prepare(self, given: Path, old: Path) -> None:
        self._save(old, 1)

    def run(self, given: Path, out: Path) -> None:
        self._save(out, 0)

    def _save(self, out: Path, seed: int) -> None:
        from kerasaudio.similarity import Index as Vectors

        vectors = np.random.default_rng(seed).normal(size=(20, 4)).astype("float32")
        index = Vectors()
        index.add(vectors, ids=[f"{seed}-{i}" for i in range(20)])
        index.save(out / "index.npz")

    def look(self, out: Path) -> Found:
        content = (out / "index.npz").read_bytes()
        return {"bytes": np.frombuffer(content, np.uint8)}

    def mixture(self, out: Path, old: Path, new: Path) -> str | None:
        found, *known = ((f / "index.npz").read_bytes() for f in (out, old, new))
        return None if found in known else "neither the old index nor the new one"


class Download(Job):
    """Weights from a server."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._server: Any = None
        self.content = bytes(range(256)) * 800

    def imports(self) -> None:
        import kerasaudio.weights  # noqa: F401
        from support.web_server import Served, WebServer

        self._server = WebServer().__enter__()  # until the process ends
        self._server.files["/file"] = Served(self.packed(), chunk=2**14)

    def packed(self) -> bytes:
        """Give what the server sends."""
        return self.content

    @property
    def url(self) -> str:
        """Where it sends that."""
        return f"{self._server.url}/file"

    def prepare(self, given: Path, old: Path) -> None:
        from support.manifests import https, raw_entry

        entry = raw_entry(https(self.url, self.content))
        text = json.dumps({"schema_version": 1, "weights": [entry]})
        (given / "manifest.json").write_text(text)

    def run(self, given: Path, out: Path) -> None:
        from kerasaudio.weights import fetch, find

        os.environ["KERASAUDIO_MANIFEST"] = str(given / "manifest.json")
        path = fetch(find("FCN", "mtat"), progress=False).path
        shutil.copy(path, out / "weights")

    def look(self, out: Path) -> Found:
        content = (out / "weights").read_bytes()
        return {"bytes": np.frombuffer(content, np.uint8)}


class Extract(Download):
    """A data set from a server, unpacked."""

    def packed(self) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for number in range(8):
                name = f"set/audio/{number}.wav"
                archive.writestr(zipfile.ZipInfo(name), self.content[: 1000 * number])
            archive.writestr(zipfile.ZipInfo("set/meta/esc50.csv"), "filename\n")
            archive.writestr(zipfile.ZipInfo("beside.txt"), "not of the set")
        return file.getvalue()

    def prepare(self, given: Path, old: Path) -> None:
        pass

    def run(self, given: Path, out: Path) -> None:
        from kerasaudio.datasets import archives

        content = self.packed()
        archives.ARCHIVES["esc50"] = replace(
            archives.ARCHIVES["esc50"],
            url=self.url,
            digest=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            root="set",
        )
        archives.present("esc50", out / "set", "meta/esc50.csv", True)

    def look(self, out: Path) -> Found:
        return {
            str(path.relative_to(out)): np.frombuffer(path.read_bytes(), np.uint8)
            for path in (out / "set").rglob("*")
            if path.is_file()
        }


class Evaluate(Job):
    """`kerasaudio evaluate --out`: reports in place of older ones."""

    def prepare(self, given: Path, old: Path) -> None:
        from support.tiny import tiny_model

        sounds = _sounds(given)
        for kind, label in zip(sorted(sounds.iterdir()), "abc", strict=True):
            kind.rename(sounds / label)
        tiny_model().save(given / "mine.keras")

    def run(self, given: Path, out: Path) -> None:
        from kerasaudio.cli import main

        words = [str(given / "mine.keras"), str(given / "sounds")]
        if main(["evaluate", *words, "--out", str(out / "report")]):
            raise RuntimeError("it failed")

    def look(self, out: Path) -> Found:
        report = json.loads((out / "report" / "report.json").read_text())
        names = sorted(path.name for path in (out / "report").iterdir())
        table = (out / "report" / "mistakes.csv").read_bytes()
        return {
            "names": np.array(names),
            "accuracy": np.array(report["accuracy"]),
            "confusion": np.array(report["confusion"]),
            "table": np.frombuffer(table, np.uint8),
        }


_MAKERS: tuple[Callable[[], Job], ...] = (
    lambda: Index("Index.save"),
    lambda: Download("download"),
    lambda: Extract("extraction"),
    lambda: Embed("embed"),
    lambda: Evaluate("evaluate"),
    lambda: Train("train"),
    lambda: Export("litert", "model.tflite", "ai_edge_litert"),
    lambda: Export("openvino", "model.xml", "openvino"),
    lambda: Export("saved_model", "model"),
)


def jobs() -> dict[str, Job]:
    """Give those jobs by name that can be done with what is installed."""
    made = [make() for make in _MAKERS]
    return {job.name: job for job in made if all(map(find_spec, job.needs))}
