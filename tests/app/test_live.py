"""What goes over the websocket, and who is answered."""

import contextlib
import time

import keras
import numpy as np
import pytest
from starlette.websockets import WebSocketDisconnect

from kerasaudio.app import create_app, live
from kerasaudio.app.packets import Pace, RefusedError
from support import stateful
from support.hum_or_hiss import RATE, WINDOW, hum_or_hiss, sound
from support.see import answer, packets, read_all, send, start


def connect(client, **headers):
    return client.websocket_connect("ws://localhost:8000/live", headers=headers)


@pytest.fixture(autouse=True)
def _all_places_are_free(client):
    yield
    end = time.monotonic() + 10
    while client.app.state.visitors.count:
        assert time.monotonic() < end, "a visitor has left, but not his place"
        time.sleep(0.01)


@pytest.mark.parametrize("form", ["<f4", "<i2"])
@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_the_tags_are_those_of_the_last_window(client, model, rate, form):
    heard = np.concatenate([sound("hum", 1, rate), sound("hiss", 1, rate)])
    sent = list(packets(heard, rate, form))
    kind = {"<f4": "float32", "<i2": "int16"}[form]
    answers = []
    with connect(client) as visit:
        visit.send_text(start(rate, format=kind))
        assert visit.receive_json() == {"kind": "ready"}
        for part, seconds in ((sent[:26], 0.8), (sent[26:], 1.8)):
            send(visit, *part)
            answers.append(answer(visit, seconds=seconds))
    for message in answers:
        end = round(message["seconds"] * rate)
        window = heard[end - WINDOW * rate // RATE : end]
        expected = dict(model.tag(window, rate, top=2))
        assert dict(message["tags"]) == pytest.approx(expected, abs=0.02)
    assert [message["tags"][0][0] for message in answers] == ["Dog", "Rain"]
    facts = client.get("/facts").json()
    shown = [facts["pictures"][message["pictures"][0][0]] for message in answers]
    assert [each["title"] for each in shown] == ["A dog", "Water"]


def test_the_first_tags_come_after_one_hop(client):
    with connect(client) as visit:
        send(visit, start(RATE), *packets(sound("hum", 0.25, RATE), RATE))
        assert answer(visit)["seconds"] == 0.2


def test_visitors_do_not_hear_each_other(client):
    with connect(client) as one, connect(client) as other:
        for visit in (one, other):
            visit.send_text(start(RATE))
        pairs = zip(
            packets(sound("hum", 1, RATE), RATE),
            packets(sound("hiss", 1, RATE), RATE),
            strict=True,
        )
        for mine, theirs in pairs:
            one.send_bytes(mine)
            other.send_bytes(theirs)
        assert answer(one, seconds=1)["tags"][0][0] == "Dog"
        assert answer(other, seconds=1)["tags"][0][0] == "Rain"


def test_what_it_listens_to_is_told_on_request(client):
    hum = list(packets(sound("hum", 2, RATE), RATE))
    with connect(client) as visit:
        send(visit, start(RATE, saliency=True), *hum[:25])
        found = answer(visit, "saliency")
        assert found["label"] == "Dog"
        assert found["end"] - found["start"] == pytest.approx(WINDOW / RATE)
        assert len(found["mask"]) >= found["columns"] * 64
        send(visit, '{"saliency": false}', *hum[25:])
        last = answer(visit, seconds=1.8)
    assert last["tags"][0][0] == "Dog"


FLOATS = np.zeros(40, "<f4")


@pytest.mark.parametrize(
    ("messages", "code", "why"),
    [
        ([b"\0" * 160], 1008, "First say"),
        (["no json"], 1008, "First say"),
        (["[" * 900], 1008, "First say"),
        (["[1]"], 1008, "First say"),
        (['{"sample_rate": 8}'], 1008, "8000 to 192000 Hz"),
        (['{"sample_rate": 8000.5}'], 1008, "First say"),
        (['{"sample_rate": true}'], 1008, "First say"),
        (['{"sample_rate": 8000, "format": "mp3"}'], 1008, "int16 or float32"),
        (['{"sample_rate": 8000, "format": []}'], 1008, "int16 or float32"),
        (['{"sample_rate": 8000, "other": 1}'], 1008, "First say"),
        (['{"sample_rate": "' + "8" * 2_000 + '"}'], 1008, "First say"),
        ([start(RATE), start(RATE)], 1008, "only text"),
        ([start(RATE), b""], 1003, "float32 samples"),
        ([start(RATE), b"\0" * 161], 1003, "float32 samples"),
        ([start(RATE, format="int16"), b"\0" * 161], 1003, "int16 samples"),
        ([start(RATE), (FLOATS + np.nan).tobytes()], 1003, "finite numbers"),
        ([start(RATE), (FLOATS + np.inf).tobytes()], 1003, "finite numbers"),
        ([start(RATE), (FLOATS + 3_000).tobytes()], 1003, "finite numbers"),
        ([start(RATE), b"\0" * 65_540], 1003, "at most 65536"),
        ([start(RATE), *[bytes(32_000)] * 11], 1008, "faster than it is played"),
        ([start(RATE), *['{"saliency": true}'] * 30], 1008, "Too many texts"),
    ],
)
def test_what_is_no_live_sound_is_refused_with_a_reason(client, messages, code, why):
    with connect(client) as visit:
        send(visit, *messages)
        with pytest.raises(WebSocketDisconnect) as closed:
            read_all(visit)
    assert closed.value.code == code
    assert why in closed.value.reason
    assert len(closed.value.reason.encode()) <= 123


def test_time_gives_credit_back():
    now = [0.0]
    pace = Pace(lambda: now[0])
    for _ in range(10):
        pace.sound(1)
    with pytest.raises(RefusedError):
        pace.sound(0.1)
    for _ in range(1_000):  # for days
        now[0] += 1
        pace.sound(1)
    for _ in range(499):  # tiny packets
        pace.sound(0)
    with pytest.raises(RefusedError):
        pace.sound(0)


def test_the_fourth_visitor_is_told_to_come_again(client):
    with contextlib.ExitStack() as visits:
        for _ in range(3):
            visits.enter_context(connect(client))
        with connect(client) as late, pytest.raises(WebSocketDisconnect) as closed:
            late.receive_json()
    assert closed.value.code == 1013
    assert closed.value.reason == "All 3 places are taken. Try again later."


def test_who_sends_nothing_is_let_go(client, monkeypatch):
    monkeypatch.setattr(live, "START_SECONDS", 0.01)
    monkeypatch.setattr(live, "IDLE_SECONDS", 0.02)
    for first, why in (((), "No sample rate"), ((start(RATE),), "No sound")):
        with connect(client) as visit:
            send(visit, *first)
            with pytest.raises(WebSocketDisconnect) as closed:
                read_all(visit)
        assert why in closed.value.reason


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:8000", None, 200),
        ("127.0.0.1", "http://127.0.0.1", 200),
        ("[::1]:8000", "http://[::1]:8000", 200),
        ("NAME.example:443", "https://name.example:443", 200),
        ("[fe80::1]", None, 200),
        ("evil.example", None, 421),
        ("localhost.evil.example", None, 421),
        ("user@localhost", None, 421),
        ("", None, 421),
        ("localhost:8000", "http://evil.example", 403),
        ("localhost:8000", "http://localhost:9000", 403),
        ("localhost:8000", "null", 403),
    ],
)
def test_only_known_names_and_the_own_page_are_answered(client, host, origin, status):
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert client.get("/facts", headers=headers).status_code == status
    if status == 200:
        with connect(client, **headers) as visit:
            visit.send_text(start(RATE))
            assert visit.receive_json() == {"kind": "ready"}
    else:
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            connect(client, **headers),
        ):
            pass
        assert refused.value.code == 1008


@pytest.mark.parametrize("is_nan", [True, False])
def test_a_network_that_fails_ends_the_visit_with_a_reason(caplog, is_nan):
    from fastapi.testclient import TestClient

    broken = hum_or_hiss(("a", "b"))

    def fail(batch):
        if is_nan:
            return np.full((len(batch), 2), np.nan)
        raise RuntimeError("out of memory")

    app = create_app(broken)
    with TestClient(app, base_url="http://localhost") as client, connect(client) as one:
        broken.predict_on_batch = fail
        send(one, start(RATE), *packets(sound("hum", 1, RATE), RATE))
        with pytest.raises(WebSocketDisconnect) as closed:
            read_all(one)
    assert closed.value.code == 1011
    assert "server's log" in closed.value.reason
    assert ("not finite" if is_nan else "out of memory") in caplog.text


def test_why_there_is_no_saliency_is_told():
    """Steps of 10 ms, each a window, are too short to say what counts in them."""
    from fastapi.testclient import TestClient

    model = stateful.tiny(keras.layers.GRU(3, return_sequences=True))
    with (
        TestClient(create_app(model), base_url="http://localhost") as client,
        connect(client) as visit,
    ):
        sent = packets(sound("hiss", 0.2, RATE), RATE)
        send(visit, start(RATE, saliency=True), *sent)
        assert "too short" in answer(visit, "no_saliency")["why"]
