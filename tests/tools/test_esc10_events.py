"""The recipe for sound events: what it compares, and a run over tones."""

import json

import esc10_events
import event_mixtures
import numpy as np
import pytest
import recipe
import soundfile
from esc10_events import Heard, Levels
from event_mixtures import CLASSES

from kerasaudio.datasets import LabeledClips
from kerasaudio.events import SoundEvent
from support.esc_folder import write_table

TIMES = np.arange(251) / 25


@pytest.fixture
def heard(tmp_path):
    """Two scenes: a dog from 2 to 4 s, and nothing; the network hears it exactly."""
    path = tmp_path / "scene.wav"
    path.touch()
    labels = np.zeros((6, 5), bool)
    labels[0, 2] = True
    labels[np.arange(1, 6), np.arange(5)] = True
    clips = LabeledClips("scenes", (path,) * 6, labels, CLASSES).take([0])
    scores = np.zeros((250, 5))
    scores[50:100, 2], scores[150:151, 3] = 0.4, 0.9
    loudness = np.full(250, -40.0)
    loudness[50:100] = -25
    scenes = event_mixtures.Scenes(clips, [[SoundEvent("dog", 2.0, 4.0, 1.0)]])
    clip_scores = np.array([[0.1, 0.1, 0.3, 0.2, 0.0]])
    return Heard(scenes, clip_scores, [scores], [loudness], [TIMES])


def test_thresholds_are_those_that_score_best(heard):
    levels = esc10_events.choose(heard)
    assert 0.2 < levels.clip <= 0.3
    assert levels.frame <= 0.4
    assert levels.louder_db < 15


def test_baselines_know_less_than_the_network(heard):
    figures = esc10_events.segment_figures(heard, Levels(0.25, 0.3, 10))

    f1 = {name: found["micro_f1"] for name, found in figures.items()}
    assert f1["network"] == 1  # one frame is too short to be an event
    assert f1["true classes, where it is loud"] == 1
    assert f1["true classes, whole scene"] == pytest.approx(2 * 2 / (2 + 10))
    assert f1["everything, whole scene"] == pytest.approx(2 * 2 / (2 + 50))
    assert f1["network at 0.5"] == 0
    of_clips = esc10_events.clip_figures(heard, Levels(0.25, 0.3, 10))
    assert of_clips["network"]["micro_f1"] == 1
    assert of_clips["everything"]["micro_f1"] == pytest.approx(2 / 6)


def test_a_scene_goes_round():
    window = np.arange(100, dtype="float32") + 1
    turned = recipe.turned(window.copy(), np.random.default_rng(0))
    gain = turned.max() / 100
    assert 0.5 <= gain <= 2
    np.testing.assert_allclose(np.sort(turned), window * gain, rtol=1e-5)


@pytest.mark.slow
def test_a_run_writes_its_result_and_is_not_done_twice(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(esc10_events, "FILTERS", 2)
    monkeypatch.setattr(esc10_events, "UNITS", 2)
    command = [str(_esc10(tmp_path / "esc10")), "--out", str(tmp_path / "out")]
    command += ["--epochs", "1", "--mixtures", "60"]

    esc10_events.main(command)

    result = json.loads((tmp_path / "out" / "SoundEventCRNN.json").read_text())
    assert result["scenes"] == {"training": 60, "validation": 15, "test": 15}
    assert result["arguments"]["filters"] == 2
    for found in [*result["clip_f1"].values(), *result["segment_f1"].values()]:
        assert found["micro_f1"] is None or 0 <= found["micro_f1"] <= 1
    assert (tmp_path / "out" / "events.png").stat().st_size > 10_000
    esc10_events.main(command)
    assert "is there already" in capsys.readouterr().out
    again = json.loads((tmp_path / "out" / "SoundEventCRNN.json").read_text())
    assert again["segment_f1"] == result["segment_f1"]


def _esc10(folder):
    """A clip of each class and fold: tones, and noises to be heard over."""
    (folder / "audio").mkdir(parents=True)
    (folder / "meta").mkdir()
    rng, rows = np.random.default_rng(0), []
    for fold in range(1, 6):
        for target, name in enumerate((*CLASSES, *event_mixtures.BACKGROUNDS)):
            time = np.arange(16_000) / 16_000
            clip = 0.3 * np.sin(2 * np.pi * 300 * (target + 1) * time)
            if name not in CLASSES:
                clip = rng.normal(0, 0.1, len(time))
            file = f"{fold}-{target}.wav"
            soundfile.write(folder / "audio" / file, clip, 16_000)
            rows.append((file, fold, target, name, "True", f"{fold}{target}", "A"))
    write_table(folder, rows)
    return folder
