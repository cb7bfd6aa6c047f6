"""Progress bars: on terminals and in notebooks, and nothing in a pipe."""

import io
import os
import sys
from pathlib import Path

import pytest

import kerasaudio
from kerasaudio.files.progress import bytes_bar, hidden, shows_bars
from support import sound_folder

DOWNLOAD = """
from kerasaudio.files.progress import bytes_bar
with bytes_bar("weights", 64, progress=True) as bar:
    bar.update(64)
"""
EMBED = """
import kerasaudio
from kerasaudio.training import Schedule, train
clips = kerasaudio.datasets.from_folder({folder!r})
model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
vectors = kerasaudio.FeatureExtractor(model, cache={cache!r}).extract(clips.paths)
"""
TRAIN = "train(model, clips, 0.5, {out!r}, schedule=Schedule(unfreeze_epochs=1));"


@pytest.mark.slow
def test_a_notebook_shows_bars(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    folder = sound_folder.make(tmp_path / "sounds", clips=4)
    cells = [
        DOWNLOAD,
        EMBED.format(folder=str(folder), cache=str(tmp_path / "cache")),
        TRAIN.format(out=str(tmp_path / "mine.keras")),
    ]
    book = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))

    nbclient.NotebookClient(book, timeout=300, kernel_name="python3").execute()

    said = []
    for cell in book.cells:
        said.append({"stdout": "", "stderr": ""})
        for part in cell.outputs:
            assert part.output_type == "stream"
            said[-1][part.name] += part.text
    download, embed, train = said
    assert "weights: 100%" in download["stderr"]
    assert "64.0/64.0" in download["stderr"]
    assert "embedding: 100%" in embed["stderr"]
    assert "12/12" in embed["stderr"]
    assert "1/1" in train["stdout"]
    assert "loss:" in train["stdout"]
    for cell in said:  # tqdm.auto warns without ipywidgets
        assert "Warning" not in cell["stdout"] + cell["stderr"]


def test_a_pipe_stays_empty(monkeypatch):
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "w") as file, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", file)
        _download()
    with os.fdopen(ours, "rb") as file:
        assert file.read() == b""


def test_a_terminal_shows_bars(monkeypatch):
    pty = pytest.importorskip("pty")  # not on Windows
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    with os.fdopen(theirs, "w") as file, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", file)
        _download(progress=False)
        print("now", file=file, flush=True)
        _download()
        shown = b""
        while b"100%" not in shown:
            shown += os.read(ours, 10_000)
    os.close(ours)
    assert shown.startswith(b"now")
    assert b"weights: 100%" in shown


def _download(progress=True):
    with bytes_bar("weights", 64, progress) as bar:
        bar.update(64)


def test_streams_of_other_kinds_get_no_bar():
    assert not shows_bars(io.StringIO())
    assert not shows_bars(None)  # as pythonw has it
    assert hidden(False)
    assert not hidden(True)


def test_every_bar_asks_the_same_question():
    """No bar decides by itself where it is shown."""
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in Path(kerasaudio.__file__).parent.rglob("*.py")
    }
    bars = [path for path, text in texts.items() if "import tqdm" in text]
    assert len(bars) >= 5
    for path in bars:
        assert "hidden(" in texts[path], path
        assert "disable=None" not in texts[path], path
