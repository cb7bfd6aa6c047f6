"""Live sound at the FastAPI example, over its websocket, and whom it answers."""

import asyncio
import contextlib
import importlib
import json
import socket
import urllib.error
import urllib.request

import numpy as np
import pytest

from support.hum_or_hiss import RATE, WINDOW, hum_or_hiss, sound
from support.served import SERVE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model():
    return hum_or_hiss()


@pytest.fixture
def address(hearing):
    return hearing


def connected(address, **settings):
    from websockets.sync.client import connect

    return connect(f"{address.replace('http', 'ws')}/live", **settings)


def pieces(samples, rate):
    """Cut a sound as the page does."""
    size = rate // 25
    for start in range(0, len(samples) - size + 1, size):
        yield samples[start : start + size].astype("<f4").tobytes()


def start(rate):
    return json.dumps({"sample_rate": rate})


def next_answer(client, seconds):
    """Give the first answer to so much of the sound, or more."""
    while (answer := json.loads(client.recv(timeout=30)))["seconds"] < seconds:
        pass
    return answer


@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_the_tags_are_those_of_the_last_window(address, model, rate):
    heard = np.concatenate([sound("hum", 1, rate), sound("hiss", 1, rate)])
    sent = list(pieces(heard, rate))
    with connected(address) as client:
        client.send(start(rate))
        answers = []
        for part, seconds in ((sent[:25], 0.4), (sent[25:], 1.4)):
            for piece in part:
                client.send(piece)
            answers.append(next_answer(client, seconds))
    for answer in answers:
        end = round(answer["seconds"] * rate)
        window = heard[max(0, end - WINDOW * rate // RATE) : end]
        expected = dict(model.tag(window, rate, top=2))
        found = {tag["label"]: tag["score"] for tag in answer["tags"]}
        assert found == pytest.approx(expected, abs=0.02)
        assert list(found) == list(expected)
    assert [answer["tags"][0]["label"] for answer in answers] == ["hum", "hiss"]


FLOATS = np.zeros(40, "<f4")


@pytest.mark.parametrize(
    ("messages", "code", "why"),
    [
        ([b"\0" * 160], 1008, "First say"),
        (["no json"], 1008, "First say"),
        (['{"sample_rate": 8}'], 1008, "from 1000 to 384000 Hz"),
        (['{"sample_rate": "' + "8" * 2_000 + '"}'], 1008, "First say"),
        ([start(RATE), start(RATE)], 1003, "no text"),
        ([start(RATE), b""], 1003, "float32 samples"),
        ([start(RATE), b"\0" * 161], 1003, "float32 samples"),
        ([start(RATE), (FLOATS + np.nan).tobytes()], 1003, "finite numbers"),
        ([start(RATE), (FLOATS + 3_000).tobytes()], 1003, "finite numbers"),
        ([start(RATE), b"\0" * 65_540], 1009, ""),
    ],
)
def test_what_is_no_live_sound_is_refused_with_a_reason(address, messages, code, why):
    from websockets.exceptions import ConnectionClosed

    with connected(address) as client:
        for message in messages:
            client.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=30)
    assert closed.value.rcvd.code == code
    assert why in closed.value.rcvd.reason


def test_the_ninth_listener_is_told_to_come_again(address):
    from websockets.exceptions import ConnectionClosed

    with contextlib.ExitStack() as clients:
        for _ in range(8):
            clients.enter_context(connected(address))
        with connected(address) as late, pytest.raises(ConnectionClosed) as closed:
            late.recv(timeout=30)
    assert (closed.value.rcvd.code, "Try again" in closed.value.rcvd.reason) == (
        1013,
        True,
    )
    for _ in range(100):  # the places are given back
        with connected(address) as client:
            client.send(start(RATE))
            try:
                for piece in pieces(sound("hum", 0.6, RATE), RATE):
                    client.send(piece)
                assert json.loads(client.recv(timeout=30))["tags"]
                return
            except ConnectionClosed:
                pass
    pytest.fail("the places were not given back")


def status(address, path="/", body=None, **headers):
    request = urllib.request.Request(f"{address}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_only_known_names_and_the_own_page_are_answered(address):
    host = address.removeprefix("http://")
    port = host.rpartition(":")[2]
    assert status(address, Origin=address) == 200
    assert status(address, Host="name.example") == 200
    assert status(address, Host="OTHER:443", Origin="https://other:443") == 200
    assert status(address, Host=f"[::1]:{port}") == 200
    for unknown in ("evil.example", f"{host}.evil.example", f"u@{host}", "", "[::1"):
        assert status(address, Host=unknown) in (400, 421), unknown
    for page in ("null", "http://evil.example", f"{address}1", "http://localhost"):
        assert status(address, Origin=page) == 403, page
        assert status(address, "/tags", b"x", Origin=page) == 403, page


@pytest.mark.parametrize(
    ("name", "origin"), [("localhost", "http://evil.example"), ("evil.example", None)]
)
def test_pages_of_others_hear_nothing(address, name, origin):
    from websockets.exceptions import InvalidStatus

    port = int(address.rpartition(":")[2])
    way = socket.create_connection(("127.0.0.1", port))
    with pytest.raises(InvalidStatus) as refused:
        connected(f"http://{name}:{port}", sock=way, origin=origin)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "path", ["/app.py", "/page/index.html", "/../app.py", "/%2e%2e/app.py"]
)
def test_no_path_of_a_request_is_one_of_a_file(address, path):
    assert status(address, path) in (404, 405)


def test_a_client_that_sends_nothing_is_let_go(monkeypatch):
    """Here the server is a coroutine, and a second is short."""
    pytest.importorskip("fastapi")
    monkeypatch.syspath_prepend(str(SERVE))
    live = importlib.import_module("live")
    monkeypatch.setattr(live, "IDLE_SECONDS", 0.01)

    class Silent:
        async def receive(self):
            await asyncio.sleep(60)

    with pytest.raises(live.RefusedError, match="Nothing came"):
        asyncio.run(live._receive(Silent()))
