"""The app: its page, its arguments, and the command that serves it."""

import re
import signal
import socket
import urllib.request

import pytest

from kerasaudio import app as room
from kerasaudio.app import create_app, see
from kerasaudio.core import AudioModel
from support import command
from support.tiny import tiny_model


def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    needed = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    for address in needed:
        part = client.get(f"/{address}")
        assert part.status_code == 200, address
        assert part.headers["x-content-type-options"] == "nosniff"
        for more in re.findall(r'from "\./([^"]+)"|addModule\("([^"]+)"', part.text):
            assert client.get(f"/{''.join(more)}").status_code == 200, more
        assert "http:" not in part.text.replace("http://localhost", "").replace(
            "http://www.w3.org/2000/svg", ""
        )
    assert not re.search(r"\sstyle=|\son\w+=", page.text)


def test_what_the_page_is_told(client):
    facts = client.get("/facts").json()
    assert facts["model"] == "hum_or_hiss"
    assert (facts["hop"], facts["window"], facts["labels"]) == (0.2, 0.5, 2)
    assert len(facts["bands"]) == 64
    assert facts["bands"] == sorted(facts["bands"])
    assert facts["bands"][-1] < 4_000
    titles = [each["title"] for each in facts["pictures"]]
    assert titles == ["Quiet", "A dog", "Water"]


@pytest.mark.parametrize(
    "path",
    [
        "/web/index.html",
        "/../server.py",
        "/%2e%2e/server.py",
        "/pictures/dog-0.svg",
        "/pictures/99/0",
        "/pictures/0/99",
        "/pictures/-1/0",
        "/pictures/0/-1",
        "/pictures/0/..%2f..%2fserver.py",
        "/docs",
        "/openapi.json",
    ],
)
def test_no_path_of_a_request_is_one_of_a_file(client, path):
    assert client.get(path).status_code in (404, 422)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"visitors": 0}, "visitors must be a whole number"),
        ({"visitors": 2.5}, "visitors must be"),
        ({"hop_seconds": 0.001}, "hop_seconds must be a number from 0.05 to 10"),
        ({"window_seconds": 2.0}, "takes"),
        ({"hosts": "one"}, "must be a list"),
        ({"hosts": ["http://one"]}, "without a port"),
        ({"hosts": ["one:80"]}, "without a port"),
        ({"hosts": [""]}, "without a port"),
        ({"pictures": "absent"}, "There is no folder absent"),
    ],
)
def test_arguments_that_are_wrong(model, wrong, message):
    with pytest.raises(ValueError, match=message):
        create_app(model, **wrong)


def test_a_model_without_labels_is_refused():
    tiny = tiny_model()
    bare = AudioModel(tiny.input, tiny.output, spec=tiny.spec.replace(labels=None))
    for wrong in (None, "YAMNet", bare):
        with pytest.raises(ValueError, match="model of kerasaudio with labels"):
            create_app(wrong)


def test_a_port_that_is_taken_or_none(model):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="Choose another port"),
    ):
        see(model, port=taken.getsockname()[1], open_browser=False)
    for wrong in (-1, 65_536, "80"):
        with pytest.raises(ValueError, match="port must be"):
            see(model, port=wrong, open_browser=False)
    with pytest.raises(OSError, match="cannot listen at"):
        see(model, host="192.0.2.1", port=0, open_browser=False)


@pytest.mark.parametrize("lacking", ["fastapi", "uvicorn", "websockets"])
def test_what_is_not_installed_is_named(model, lacking, monkeypatch):
    import builtins

    plain = builtins.__import__

    def without(name, *others, **more):
        if name.partition(".")[0] == lacking:
            raise ImportError(f"No module named {lacking!r}", name=lacking)
        return plain(name, *others, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=rf'needs {lacking}: pip install "fastapi'):
        see(model, port=0, open_browser=False)


def test_where_an_address_is_reached():
    from kerasaudio.app.server import address_of

    assert address_of("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert address_of("0.0.0.0", 80) == "http://localhost:80"
    assert address_of("::1", 80) == "http://[::1]:80"
    assert address_of("::", 80) == "http://localhost:80"
    assert room.__all__ == ["create_app", "see"]


@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted(model, tmp_path):
    path = tmp_path / "mine.keras"
    model.save(path)
    words = ("see", "--model", path, "--port", "0", "--no-browser")
    with command.start(tmp_path / "run", *words) as running:
        address = running.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}/facts", timeout=60) as answer:
            assert b"A dog" in answer.read()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (0, "", "")
