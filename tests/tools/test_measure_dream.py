"""The times of dreams are measured once for each setting."""

import keras
import measure_dream as tool
import pytest


def test_it_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    def tiny(name):
        layers = [
            keras.Input((None, None, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(2, 3, name="first"),
        ]
        return keras.Sequential(layers, name=name)

    monkeypatch.setattr(tool, "network", tiny)
    monkeypatch.setattr(tool, "LIVE", [tool.Setting("tiny", "first", 16, 1, 1)])
    told = ["--live", "--repeat", "1", "--out", str(tmp_path)]
    tool.main(told)
    printed = capsys.readouterr().out
    assert "| tiny | `first` | 16 x 16 | 1 | 1 | " in printed
    monkeypatch.setattr(tool, "time_of", lambda *_: pytest.fail("measured again"))
    tool.main(told)
    assert capsys.readouterr().out == printed
