"""What is killed: small jobs that write files, and what they must have written."""

import hashlib
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .kill_job import Found, Job
from .kill_web_jobs import Download, Extract


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


class Corpus(Job):
    """A corpus into a data set of many blocks, with a clip that cannot be used."""

    def prepare(self, given: Path, old: Path) -> None:
        folder = _sounds(given)
        (folder / "bad.wav").write_text("no sound")

    def run(self, given: Path, out: Path) -> None:
        from kerasaudio import corpus
        from kerasaudio.corpus import local, output
        from support.tiny import tiny_model

        output.BLOCK_CLIPS = 2
        local.usual_readers = lambda: 1  # always in the same order
        sounds, vectors = given / "sounds", out / "vectors"
        corpus.run(sounds, tiny_model(), out=vectors, batch_size=1)

    def look(self, out: Path) -> Found:
        import pandas

        rows = pandas.read_parquet(out / "vectors").sort_values(["path", "start"])
        errors = pandas.read_parquet(out / "vectors" / "_errors")
        return {
            "names": rows["path"].map(lambda path: Path(path).name).to_numpy(str),
            "vectors": np.stack(rows["embedding"].to_numpy()),
            "bad": errors["path"].map(lambda path: Path(path).name).to_numpy(str),
        }


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

        import kerasaudio.exporting  # noqa: F401

        if self._file.endswith(".xml"):
            from kerasaudio.exporting.openvino.unobserved import import_openvino

            import_openvino()

    def prepare(self, given: Path, old: Path) -> None:
        self._export(old, 1)

    def run(self, given: Path, out: Path) -> None:
        self._export(out, 0)

    def _export(self, out: Path, seed: int) -> None:
        from kerasaudio.exporting import export
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


class DiskIndexes(Job):
    """An index on disk in place of an older one, and a part that is added to it."""

    needs = ("faiss", "pyarrow")

    def imports(self) -> None:
        import faiss  # noqa: F401
        import pyarrow.parquet  # noqa: F401

        import kerasaudio.similarity.disk.build  # noqa: F401

    def prepare(self, given: Path, old: Path) -> None:
        from support import vector_tables

        for seed in (0, 1):
            vectors = vector_tables.clustered(20, 4, seed=seed)
            vector_tables.write(given / f"{seed}.parquet", vectors)
        self._build(given, old, 1)

    def run(self, given: Path, out: Path) -> None:
        self._build(given, out, 0)

    def _build(self, given: Path, out: Path, seed: int) -> None:
        from kerasaudio.similarity import DiskIndex

        data, folder = given / f"{seed}.parquet", out / "index"
        index = DiskIndex.build(data, folder=folder, overwrite=True, progress=False)
        index.add(np.eye(4) + seed)
        index.save()

    def look(self, out: Path) -> Found:
        from kerasaudio.similarity.disk.store import open_parts

        _, parts = open_parts(out / "index")
        found = {
            str(number): np.concatenate([*part.file.blocks()])
            for number, part in enumerate(parts)
        }
        return found | {"files": np.array(len([*(out / "index").iterdir()]))}

    def mixture(self, out: Path, old: Path, new: Path) -> str | None:
        if not (out / "index").exists():  # while it is replaced, on some disks
            return None
        found, *known = (self.look(folder)["0"] for folder in (out, old, new))
        is_known = any(np.array_equal(found, one) for one in known)
        return None if is_known else "neither the old index nor the new one"


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
        if main(["evaluate", *words, "--out", str(out / "report"), "--overwrite"]):
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
    lambda: DiskIndexes("DiskIndex"),
    lambda: Download("download"),
    lambda: Extract("extraction"),
    lambda: Embed("embed"),
    lambda: Corpus("corpus"),
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
