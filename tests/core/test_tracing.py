"""On TensorFlow, documented use does not end in warnings of retracing."""

import logging
import subprocess
import sys

import keras
import numpy as np
import pytest
import soundfile

from kerasaudio.core.programs.tracing import QuietModel, one_program_each
from support import sound_folder

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow's warning"
)

DOCUMENTED = """
import sys
from pathlib import Path

import numpy as np
import soundfile

import kerasaudio
from kerasaudio.datasets import from_folder
from kerasaudio.interpret.gradient import Gradient
from kerasaudio.training import Schedule, train
from kerasaudio.transfer import fit_probe

folder = Path(sys.argv[1])
clips = from_folder(folder / "sounds")
paths = list(clips.paths)
model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4, sample_rate=8_000)
for number, path in enumerate(paths):
    if number == 10:
        programs = model.predict_function.experimental_get_tracing_count()
    model.tag(path)
    model.embed(path)
    model.timeline(path)
    model.predict(kerasaudio.load_audio(path, 8_000)[None], verbose=0)
    with kerasaudio.Stream(model) as stream:
        stream.push(kerasaudio.load_audio(path, 8_000), sample_rate=8_000)
assert model.predict_function.experimental_get_tracing_count() == programs <= 6
for size in range(1, 8):
    model.tag(paths[:size])
    kerasaudio.FeatureExtractor(model, cache=folder / "cache").extract(paths[:size])

slope = Gradient(model, lambda scores, sound: scores[:, 0])
for path in paths:
    slope(kerasaudio.load_audio(path, 8_000)[None])
for label in range(6):
    one = Gradient(model, lambda scores, sound: scores[:, 0])
    one(np.zeros((1, 8_000), "float32"))

for seed in range(6):  # networks and probes to compare
    model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4, sample_rate=8_000)
    model.tag(paths[0])
    kerasaudio.evaluate(model, clips.take(np.arange(seed, len(clips))))
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(clips, verbose=0)
    vectors = np.random.default_rng(seed).normal(size=(8 + seed, 4)).astype("float32")
    probe = fit_probe(vectors, np.arange(len(vectors)) % 2)
    probe.predict(vectors, verbose=0)
for seed in range(6):
    schedule = Schedule(unfreeze_epochs=1, seed=seed)
    model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4, sample_rate=8_000)
    train(model, clips, 0.34, folder / f"{seed}.keras", schedule=schedule, head="probe")

print("documented use is over", file=sys.stderr)
import tensorflow as tf
own = tf.function(lambda x: x + 1)
for size in range(8):
    own(tf.zeros(size))
"""


@pytest.mark.slow
def test_documented_use_is_not_warned_about(tmp_path):
    rng = np.random.default_rng(0)
    for path in sorted(sound_folder.make(tmp_path / "sounds", 7).rglob("*.wav")):
        sound, rate = soundfile.read(path)
        length = int(rng.uniform(0.2, 3) * rate)
        soundfile.write(path, np.resize(sound, length), rate)

    done = subprocess.run(
        [sys.executable, "-c", DOCUMENTED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    ours, own = done.stderr.split("documented use is over")
    assert "retracing" not in ours
    assert "triggered tf.function retracing" in own  # the user's own are shown


def test_networks_that_are_compiled_once_are_not_warned_about():
    with one_program_each():
        said = _Said()  # after our own filter
    logger = logging.getLogger("tensorflow")
    logger.addFilter(said)
    try:
        for _ in range(7):
            begin = keras.Input((2,))
            model = QuietModel(begin, keras.layers.Dense(1)(begin))
            model.predict(np.zeros((1, 2), "float32"), verbose=0)
            model.predict_on_batch(np.zeros((3, 2), "float32"))
        assert said.texts == []
        logger.warning("triggered tf.function retracing")
        with one_program_each():
            logger.warning("triggered tf.function retracing")
            logger.warning("something else")
    finally:
        logger.removeFilter(said)
    assert said.texts == ["triggered tf.function retracing", "something else"]


class _Said(logging.Filter):
    """Keeps what is shown from the terminal."""

    def __init__(self):
        super().__init__()
        self.texts = []

    def filter(self, record):
        self.texts.append(record.getMessage())
        return False
