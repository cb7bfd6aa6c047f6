"""`.keras` files of earlier versions load, and give what they gave then."""

from pathlib import Path

import keras
import numpy as np
import pytest

import kerasaudio
from support.saved_before import outputs, read, write

SAVED = read(Path(__file__).parents[1] / "golden" / "saved_0_1_0.json.xz")


@pytest.mark.parametrize("title", SAVED)
def test_files_of_0_1_0(title, tmp_path):
    path = tmp_path / "saved.keras"
    write(SAVED[title], path)
    model = keras.saving.load_model(path)
    assert type(model) is kerasaudio.AudioModel
    assert model.spec.architecture == title.partition("/")[0]
    found, then = outputs(model), SAVED[title]["outputs"]
    scale = np.abs(then).max()
    np.testing.assert_allclose(found, then, rtol=1e-4, atol=1e-4 * scale)
