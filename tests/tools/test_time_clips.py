"""The tool that times networks on a clip of 10 s, and the page that it writes."""

import json

import keras
import pytest
import time_clips
from doc_site import clip_times
from doc_site.clip_times import Times

from kerasaudio.weights import list_weights


def test_what_was_measured_is_read_from_the_page(tmp_path):
    page = tmp_path / "page.md"
    found = {"YAMNet/audioset": Times(20, 56.25, 19.04), "Gone/tag": Times(1, 2.0, 3.0)}

    page.write_text(time_clips.page(found, "A machine.\n\n"))

    assert clip_times.read(page) == {
        "YAMNet/audioset": Times(20, 56.2, 19.0),
        "Gone/tag": Times(1, 2.0, 3.0),
    }
    text = page.read_text()
    assert "A machine.\n\n| network | windows |" in text
    for entry in list_weights():
        assert f"| {entry.title} |" in text


def test_the_page_in_the_docs_can_be_read():
    titles = {entry.title for entry in list_weights()}
    assert clip_times.read().keys() <= titles
    assert "python tools/time_clips.py" in clip_times.PAGE.read_text()


def test_the_least_of_the_rounds_counts():
    rounds = [Times(3, 9.0, 4.0), Times(3, 8.0, 5.0)]
    assert time_clips.least(rounds) == Times(3, 8.0, 4.0)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the tool measures TensorFlow"
)
def test_a_network_is_timed_in_the_windows_of_its_clips(tmp_path, monkeypatch):
    pytest.importorskip("ai_edge_litert")
    monkeypatch.setattr(time_clips, "TURN_SECONDS", 0.01)

    times = time_clips.time_one("LeNetMFCC/fsdd", tmp_path)

    assert times.windows == 10  # of 1 s
    assert 0 < times.tensorflow < 60_000
    assert 0 < times.litert < 60_000


def test_networks_take_turns_and_others_keep_their_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(time_clips, "version", lambda name: "1.0")
    page = tmp_path / "clip-times.md"
    page.write_text(time_clips.page({"MusiCNN/mtat": Times(3, 1.0, 2.0)}, ""))
    monkeypatch.setattr(clip_times, "PAGE", page)
    asked = []

    def time_apart(title):
        asked.append(title)
        return Times(5, 10.0 - len(asked), 20.0)

    monkeypatch.setattr(time_clips, "time_apart", time_apart)
    time_clips.main(["YAMNet/audioset", "BarkNet/esc10", "--rounds", "2"])

    assert asked == ["YAMNet/audioset", "BarkNet/esc10"] * 2
    assert clip_times.read(page) == {
        "MusiCNN/mtat": Times(3, 1.0, 2.0),
        "YAMNet/audioset": Times(5, 7.0, 20.0),
        "BarkNet/esc10": Times(5, 6.0, 20.0),
    }
    assert "tensorflow" in page.read_text()


def test_only_printing_writes_nothing_and_a_failure_names_the_network(
    monkeypatch, capsys
):
    before = clip_times.PAGE.read_bytes()
    done = json.dumps(Times(1, 2.0, 3.0))
    program = (
        f"import sys; print('noise'); print('{done}'); sys.exit('Bad' in sys.argv[1])"
    )
    monkeypatch.setattr(time_clips, "command", lambda title: ["-c", program, title])

    time_clips.main(["Good/one", "--rounds", "1", "--only-print"])

    assert capsys.readouterr().out == "1 Good/one 1 2.0 3.0\n"
    assert clip_times.PAGE.read_bytes() == before
    with pytest.raises(RuntimeError, match="Bad/one was not timed"):
        time_clips.main(["Bad/one", "--rounds", "1", "--only-print"])
