"""Conversions: made once, verified each time, kept for when there is no network."""

import socket
from pathlib import Path

import numpy as np
import pytest

from kerasaudio.checkpoints.native import State, native_bytes
from kerasaudio.weights import load
from kerasaudio.weights.places import converted_path, downloaded_path
from support.manifests import CONTENT, MakeEntry, https
from support.web_server import Served, WebServer

PATH = "/best_model.pth"
STATE = {
    "predictions/bias": np.arange(3, dtype="float32"),
    "conv/kernel": np.ones((2, 3), "float32").T,
}


class Converter:
    """Counts its calls; checks that it gets verified bytes."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, path: Path) -> State:
        assert path.read_bytes() == CONTENT
        self.calls += 1
        return STATE


def assert_state(state: State) -> None:
    assert state.keys() == STATE.keys()
    for key, want in STATE.items():
        np.testing.assert_array_equal(state[key], want)
        assert state[key].flags.writeable  # torch warns otherwise


def refuse(*args: object, **kwargs: object) -> None:
    raise ConnectionRefusedError(111, "Connection refused")


def test_converted_once_and_then_without_network(
    server: WebServer, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH, format="won2020"))
    convert = Converter()
    _, source = load.load_state(entry, {"won2020": convert})
    assert source == entry.sources[0]
    monkeypatch.setattr(socket, "create_connection", refuse)
    downloaded_path(source).unlink()
    assert_state(load.load_state(entry, {"won2020": convert})[0])
    assert convert.calls == 1
    assert len(server.seen) == 1


@pytest.mark.parametrize("damage", ["content", "note", "cut", "no note"])
def test_a_damaged_conversion_is_made_again(
    server: WebServer, make_entry: MakeEntry, damage: str
) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH, format="won2020"))
    convert = Converter()
    load.load_state(entry, {"won2020": convert})
    path = converted_path(entry.sources[0], load.CONVERTERS_VERSION)
    note = path.with_name(path.name + ".sha256")
    content = path.read_bytes()
    if damage == "content":
        path.write_bytes(content[:-1] + b"!")
    elif damage == "cut":
        path.write_bytes(content[:100])
    elif damage == "note":
        note.write_bytes(b"\xff" * 64)
    if damage == "no note":  # as when a process was killed between the two files
        note.unlink()
        state, _ = load.load_state(entry, {"won2020": convert})
    else:
        with pytest.warns(UserWarning, match="was damaged"):
            state, _ = load.load_state(entry, {"won2020": convert})
    assert_state(state)
    assert convert.calls == 2
    assert path.read_bytes() == content
    load.load_state(entry, {"won2020": convert})
    assert convert.calls == 2


def test_a_new_version_of_the_converters_converts_again(
    server: WebServer, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH, format="won2020"))
    convert = Converter()
    load.load_state(entry, {"won2020": convert})
    monkeypatch.setattr(load, "CONVERTERS_VERSION", load.CONVERTERS_VERSION + 1)
    load.load_state(entry, {"won2020": convert})
    assert convert.calls == 2
    assert len(server.seen) == 1


def test_a_format_that_the_factory_cannot_read(
    server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    entry = make_entry(https(server.url + PATH, format="other"))
    with pytest.raises(ValueError, match=r"FCN cannot read 'other'.* read won2020"):
        load.load_state(entry, {"won2020": Converter()})


def test_our_own_format_is_read_as_it_is(
    server: WebServer, make_entry: MakeEntry
) -> None:
    content = native_bytes(STATE)
    server.files["/model.safetensors"] = Served(content)
    entry = make_entry(https(server.url + "/model.safetensors", content))
    assert_state(load.load_state(entry, {})[0])


def test_a_cache_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "best_model.pth").write_bytes(CONTENT)
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(mirror))
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "file" / "cache"))
    entry = make_entry(https("https://nowhere.invalid" + PATH, format="won2020"))
    with pytest.warns(UserWarning, match="cannot be stored.*KERASAUDIO_CACHE"):
        state, _ = load.load_state(entry, {"won2020": Converter()})
    assert_state(state)


def test_a_converter_gets_all_files_of_an_original(
    server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    server.files["/numbers"] = Served(CONTENT[::-1])
    other = https(server.url + "/numbers", CONTENT[::-1])
    entry = make_entry(https(server.url + PATH, format="two_files", companions=[other]))

    def convert(path: Path, numbers: Path) -> State:
        assert path.read_bytes() == CONTENT
        assert numbers.read_bytes() == CONTENT[::-1]
        return STATE

    assert_state(load.load_state(entry, {"two_files": convert})[0])
