"""The page of auralizations: what it says of them, and what others hear."""

import keras
import numpy as np
import pytest

from kerasaudio import AudioModel, AudioSpec
from kerasaudio.interpret import Auralization, write_page

pytest.importorskip("matplotlib")
RATE = 8_000


def result():
    waveform = 0.1 * np.sin(np.arange(RATE) / 3).astype("float32")
    course = np.float32([0.1, 0.95])
    return Auralization(
        waveform, RATE, "3", 0.95, course, "LeNetMFCC", {}, "finished", "2 iterations."
    )


def test_a_page_says_what_a_sound_is(tmp_path):
    waveform = keras.Input((RATE,))
    scores = keras.layers.Dense(2, activation="softmax")(waveform)
    spec = AudioSpec(RATE, RATE, RATE, labels=("two", "three"))
    judge = AudioModel(waveform, scores, spec=spec)
    path = write_page(
        tmp_path / "a.html", [result(), result()], judges={"judge": judge}, title="Mine"
    )
    page = path.read_text(encoding="utf-8")
    assert page.count("<article>") == 2
    assert page.count("data:audio/wav;base64,") == 2
    assert "<h2>3 · LeNetMFCC</h2>" in page
    assert "<title>Mine</title>" in page
    assert "<dt>crest factor</dt><dd>1.41</dd>" in page
    (label, score), *_ = judge.tag(result().waveform, RATE, top=1)
    assert f"<dt>judge</dt><dd>{label} {score:.2f}, " in page
    assert "http" not in page.replace("http-equiv", "")


def test_wrong_pages(tmp_path):
    with pytest.raises(ValueError, match="results must be one or several results"):
        write_page(tmp_path / "a.html", [])
    with pytest.raises(ValueError, match=r"\.html"):
        write_page(tmp_path / "a.png", result())
    with pytest.raises(ValueError, match=r"judges must be a mapping.*list"):
        write_page(tmp_path / "a.html", result(), judges=["YAMNet"])
    with pytest.raises(ValueError, match="takes a model of kerasaudio"):
        write_page(tmp_path / "a.html", result(), judges={"YAMNet": "YAMNet"})
