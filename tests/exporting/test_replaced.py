"""Exports in place of others: alone, in one step, nothing left of killed ones."""

import os
from pathlib import Path

import pytest

from kerasaudio.exporting import ExportError, export, exporting
from kerasaudio.files.workplace import BusyError, workplace

pytestmark = pytest.mark.usefixtures("runtimes")


@pytest.fixture
def made(monkeypatch):
    """Write something at once, instead of converting; give where it was written."""
    paths = []

    def write(model, order, path):
        paths.append(path)
        if order.format.name == "saved_model":
            (path / "variables").mkdir(parents=True)
            path = path / "saved_model.pb"
        path.write_text("new")
        for suffix in order.format.companions:
            path.with_suffix(suffix).write_text("new")

    monkeypatch.setattr(exporting, "convert", write)
    monkeypatch.setattr(exporting.keras.backend, "backend", lambda: "tensorflow")
    return paths


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_of_two_exports_to_one_path_the_second_says_so(model, made, tmp_path):
    path = tmp_path / "model.tflite"
    with (
        workplace(tmp_path, only=path.name),
        pytest.raises(BusyError, match=rf"\(pid {os.getpid()}\) is writing.*tflite"),
    ):
        export(model, path, verify=False)
    assert made == []
    assert names(tmp_path) == []
    export(model, path, verify=False)
    assert names(tmp_path) == ["model.tflite"]


def test_others_may_export_beside_it(model, made, tmp_path):
    with workplace(tmp_path, only="other.tflite"):
        export(model, tmp_path / "model.tflite", verify=False)
    assert names(tmp_path) == ["model.tflite"]


def test_a_folder_is_replaced_whole(model, made, tmp_path):
    path = tmp_path / "model"
    (path / "assets").mkdir(parents=True)
    (path / "saved_model.pb").write_text("old")
    (path / "assets" / "old.txt").touch()
    export(model, path, verify=False, overwrite=True)
    assert names(tmp_path) == ["model"]
    assert names(path) == ["saved_model.pb", "variables"]
    assert (path / "saved_model.pb").read_text() == "new"


def test_the_old_weights_never_meet_the_new_network(model, made, tmp_path, monkeypatch):
    path = tmp_path / "model.xml"
    parts = path, path.with_suffix(".bin")
    for part in parts:
        part.write_text("old")
    seen = []
    real = os.replace

    def replace(source, target):
        real(source, target)
        seen.append([part.read_text() if part.exists() else None for part in parts])

    monkeypatch.setattr(os, "replace", replace)
    export(model, path, verify=False, overwrite=True)
    assert seen[-1] == ["new", "new"]
    assert [None, "new"] in seen
    for network, weights in seen:
        assert network in (None, weights)


def test_a_failed_conversion_keeps_the_old(model, tmp_path, monkeypatch):
    def write(model, order, path):
        path.write_text("half")
        raise ExportError("it cannot be done")

    monkeypatch.setattr(exporting, "convert", write)
    monkeypatch.setattr(exporting.keras.backend, "backend", lambda: "tensorflow")
    path = tmp_path / "model.tflite"
    path.write_text("old")
    with pytest.raises(ExportError, match="it cannot be done"):
        export(model, path, verify=False, overwrite=True)
    assert names(tmp_path) == ["model.tflite"]
    assert path.read_text() == "old"
