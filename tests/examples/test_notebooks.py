"""The notebooks: they run from top to bottom, and are kept without their outputs."""

import json
import os
import re
import sys

import keras
import pytest

from support.command import CHECKOUT

nbformat = pytest.importorskip("nbformat")

EXAMPLES = CHECKOUT / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
IS_TENSORFLOW = keras.backend.backend() == "tensorflow"
# The first runs on each backend; what the others do differs little by backend.
RUN = [
    pytest.param(path, id=path.stem, marks=() if number == 0 else pytest.mark.slow)
    for number, path in enumerate(NOTEBOOKS)
    if number == 0 or IS_TENSORFLOW
]
LINKED = re.compile(r"\]\(([^)#:]+)[)#]")

# What tqdm writes: from the start of a line, a title or none, a bar, and numbers.
BARS = re.compile(r"(\r([\w ]+:)? +\d+%\|[^|\r\n]*\| \d+/\d+ \[[^]\r\n]*\]|\s)*")


def test_there_are_six():
    assert [path.name[0] for path in NOTEBOOKS] == list("123456")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_clean(path):
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor >= 5) == (4, True)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    ids = [cell.id for cell in notebook.cells]
    assert all(re.fullmatch(r"[a-z]+-\d\d", name) for name in ids), ids
    assert ids == sorted(set(ids))
    for cell in notebook.cells:
        assert cell.metadata == {}
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id
        for link in LINKED.findall(cell.source) if cell.cell_type == "markdown" else ():
            assert (EXAMPLES / link).exists(), link
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


@pytest.fixture
def started_as_users_do(tmp_path, monkeypatch):
    """A folder with what lies beside the notebooks, and the environment of a user."""
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    for name in ("groove.ogg", "sounds.py"):
        (tmp_path / name).symlink_to(EXAMPLES / name)
    paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    # The kernel "python3" is this Python, whatever else is installed.
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    words = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    facts = {"argv": words, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(facts))
    return tmp_path


@pytest.mark.parametrize("path", RUN)
def test_a_notebook_runs_and_writes_nothing_that_is_not_ours(path, started_as_users_do):
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(started_as_users_do)}},
    ).execute()
    shown = [
        (cell.id, output)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    told = [(at, out.text) for at, out in shown if out.get("name") == "stderr"]
    assert [(at, text) for at, text in told if not BARS.fullmatch(text)] == []
    printed = [(at, out.text) for at, out in shown if out.get("name") == "stdout"]
    assert [said for said in printed if re.search(r"WARN|INFO|Error", said[1])] == []
    # A figure that is both returned and left open would be shown twice.
    for cell in notebook.cells:
        pictures = [out for at, out in shown if at == cell.id and _is_picture(out)]
        assert len(pictures) <= 1, cell.id
    assert sum(_is_picture(output) for _, output in shown) >= 1


def _is_picture(output):
    return "image/png" in output.get("data", {})
