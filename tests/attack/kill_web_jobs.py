"""Jobs that fetch: weights, and a data set."""

import hashlib
import io
import json
import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .kill_job import Found, Job


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
