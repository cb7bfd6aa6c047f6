"""The tool that compares attributions: its curves, its rows, its tables."""

import json

import keras
import measure_attribution
import numpy as np
import pytest

import kerasaudio
from kerasaudio.interpret import deletion_curve
from support import esc_folder

RANDOM, RANDOM_TIMES = measure_attribution.RANDOM, measure_attribution.RANDOM_TIMES


def line(clip, method, **facts):
    return (clip, method), {"clip": clip, "method": method, **facts}


def test_tables_compare_the_same_clips_and_say_how_often_an_attribution_wins():
    known = dict(
        [
            line("a", RANDOM, deletion=0.4, insertion=0.2),
            line("b", RANDOM, deletion=0.2, insertion=0.4),
            line("a", RANDOM_TIMES, deletion=0.5, insertion=0.5),
            line("a", "saliency", deletion=0.1, insertion=0.4),
            line("b", "saliency", deletion=0.3, insertion=0.6),
            line("c", "saliency", deletion=0.0, insertion=1.0),
            line("a", "occlusion", deletion=0.5, insertion=0.6),
        ]
    )
    printed = list(measure_attribution.report(known))
    compared = "0.200 ± 0.100 | 0.300 ± 0.100 | +0.100 ± 0.141 | 50% |"
    assert f"| saliency | 2 | {compared}" in printed
    compared = "0.500 ± 0.100 | 0.300 ± 0.100 | +0.200 ± 0.000 | 100% |"
    assert f"| saliency | 2 | {compared}" in printed
    compared = "0.500 ± 0.000 | 0.500 ± 0.000 | +0.000 ± 0.000 | 0% |"
    assert f"| occlusion (times) | 1 | {compared}" in printed
    assert not any("mixtures" in row for row in printed)


def test_tables_of_places_and_errors():
    known = dict(
        [
            line("a", "grad_cam", left=0.7),
            line("b", "grad_cam", left=0.9, completeness_error=0.02),
        ]
    )
    printed = list(measure_attribution.report(known))
    assert "| grad_cam | 2 | 0.800 ± 0.100 | 0.700 | 1 |" in printed
    assert "highest 0.0200, above 1 %: 1." in printed[-1]
    assert not any("deletion" in row for row in printed)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the tool measures TensorFlow"
)
def test_a_measurement_is_written_clip_by_clip_and_goes_on(
    tmp_path, monkeypatch, capsys
):
    folder = esc_folder.make(tmp_path / "esc10", clips=1)
    for name, value in {"CLIPS_A_CLASS": 1, "SEEDS": (0, 1)}.items():
        monkeypatch.setattr(measure_attribution, name, value)
    out = tmp_path / "lines.jsonl"
    words = ["tool", str(folder), "--model", "LeNetMFCC/fsdd", "--only", "curves"]
    words += ["--out", str(out), "--methods", RANDOM, "grad_cam"]
    monkeypatch.setattr("sys.argv", words)

    measure_attribution.main()
    lines = [json.loads(each) for each in out.read_text().splitlines()]
    measure_attribution.main()

    assert len(out.read_text().splitlines()) == len(lines) == 4
    assert "| grad_cam | 2 |" in capsys.readouterr().out
    model = kerasaudio.load("LeNetMFCC/fsdd")
    (path,) = (folder / "audio").glob(f"{lines[0]['clip']}.wav")
    label = lines[0]["label"]
    found = measure_attribution.any_order(model, path, label, RANDOM)
    settings = {**measure_attribution.TILES, "order": "random"}
    areas = [deletion_curve(model, found, seed=n, **settings).auc for n in (0, 1)]
    assert lines[0]["deletion"] == pytest.approx(np.mean(areas), abs=1e-6)
