"""The example sounds are what the script in tools/ makes."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from kerasaudio.audio import load_audio

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    path = CHECKOUT / "tools" / "make_example.py"
    spec = importlib.util.spec_from_file_location("make_example", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "shape", "most_bytes"),
    [("groove", (2, 12 * 44_100), 400_000), ("siren", (6 * 22_050,), 60_000)],
)
def test_the_files_are_the_script_s(script, name, shape, most_bytes):
    play, rate = script.SOUNDS[name]
    made = play()
    np.testing.assert_array_equal(made, play())  # seeded
    file = CHECKOUT / "examples" / f"{name}.ogg"
    read = load_audio(file, rate, mono=made.ndim == 1)
    assert read.shape == made.T.shape == shape
    error = np.sqrt(np.mean((read - made.T) ** 2) / np.mean(made**2))
    assert error < 0.2, error  # Vorbis does not keep the noise of cymbals
    assert file.stat().st_size < most_bytes


def test_one_sound_is_made_where_it_belongs(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "FOLDER", tmp_path / "examples")
    monkeypatch.setattr("sys.argv", ["make_example.py", "siren"])
    script.main()
    assert [path.name for path in (tmp_path / "examples").iterdir()] == ["siren.ogg"]
    assert "siren.ogg: 6 s" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["make_example.py", "choir"])
    with pytest.raises(SystemExit, match="no sound 'choir': groove, siren"):
        script.main()
