"""A user without a home folder, as in many containers: what is here works."""

import os
import subprocess
import sys
import tempfile

import numpy as np
import pytest
import soundfile

from support import sound_folder

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the home folder of Linux is taken away"
)

HOMELESS = """
import pwd, sys
def unknown(*_):
    raise KeyError("getpwuid(): uid not found")
pwd.getpwuid = unknown
from pathlib import Path
try:
    Path.home()
except RuntimeError:
    pass
else:
    raise AssertionError("there is a home")
import kerasaudio, numpy as np
"""


def run(script, *arguments, **environment):
    variables = os.environ | environment
    for name in ("HOME", "XDG_CACHE_HOME", "KERASAUDIO_CACHE"):
        variables.pop(name, None)
    return subprocess.run(
        [sys.executable, "-c", HOMELESS + script, *map(str, arguments)],
        capture_output=True,
        text=True,
        # Matplotlib, which Keras imports, has not always done without a home.
        env={"MPLCONFIGDIR": tempfile.gettempdir()} | variables | environment,
        cwd=tempfile.gettempdir(),  # Keras makes a folder "~" there
        check=False,
    )


def test_bundled_weights_work():
    done = run(
        """
model = kerasaudio.BarkNet(weights="esc10")
print(model.tag(np.zeros(16000, "float32"), 16000, top=2)[0][0])
music = kerasaudio.MusiCNN(weights="mtat")
print(music.embed(np.zeros(48000, "float32"), 16000).shape)
"""
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "(200,)"


def test_what_must_be_kept_says_where_it_could(tmp_path):
    script = """
extractor = kerasaudio.FeatureExtractor(kerasaudio.BarkNet(weights="esc10"))
try:
    extractor.extract(sys.argv[1])
except OSError as error:
    print("refused:", error)
"""
    folder = tmp_path / "sounds"
    folder.mkdir()
    soundfile.write(folder / "one.wav", np.zeros(16_000), 16_000)

    refused = run(script, folder)
    done = run(script, folder, KERASAUDIO_CACHE=str(tmp_path / "cache"))

    assert "KERASAUDIO_CACHE" in refused.stdout, refused.stderr[-3000:]
    assert "home" in refused.stdout
    assert "refused" not in done.stdout
    assert done.returncode == 0, done.stderr[-3000:]


def test_training_decodes_anew_where_nothing_can_be_kept(tmp_path):
    sounds = sound_folder.make(tmp_path / "sounds")

    done = run(
        """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    clips = kerasaudio.datasets.from_folder(sys.argv[1])
    model = kerasaudio.BarkNet(clip_samples=1600, filters=2, labels=clips.class_names)
    batches = clips.batches(model)
    print(batches[0][0].shape)
assert any("KERASAUDIO_CACHE" in str(w.message) for w in caught), caught
""",
        sounds,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "(18, 1600)"
