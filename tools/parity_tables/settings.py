"""Other settings and machines: layouts, byte orders, copies, half precision."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import keras
import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.models import FACTORIES
from parity_tables.agreement import chosen
from parity_tables.figures import Measurement, Row
from support import answers, fresh
from support.originals import Pair, all_tags
from support.policies import under

SETTINGS, HALVES = "settings", "halves"
POLICIES = ("mixed_float16", "mixed_bfloat16")
PRESETS = (
    ("BarkNet", "esc10"),
    ("EfficientAT", "audioset"),
    ("LeNetMFCC", "fsdd"),
    ("LogMelCNN", "esc10"),
    ("MusiCNN", "mtat"),
    ("MusicVGG", "mtat"),
    ("ReSE2Multi", "fsdd"),
    ("SampleCNN", "fsdd"),
    ("SpeechGRU", "fsdd"),
    ("YAMNet", "audioset"),
)
RECORDINGS = 20


def measurements(shared: Path) -> Iterator[Measurement]:
    """Give the rows: factories under settings, presets in half precision."""
    for name in sorted(FACTORIES):
        yield Measurement(SETTINGS, name, partial(_settings, name))
    for factory, tag in PRESETS:
        for policy in POLICIES:
            measure = partial(_half, factory, tag, policy, shared)
            yield Measurement(HALVES, f"{factory}/{tag}, {policy}", measure)


@contextmanager
def channels_first() -> Iterator[None]:
    """Set Keras' layout of images, as a user's configuration may have it."""
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        yield
    finally:
        keras.config.set_image_data_format(before)


def _settings(name: str) -> Row:
    model = answers.network(name)
    waveforms = fresh.noise(model.spec, 2)
    want = fresh.output(model, waveforms)
    with channels_first():
        other = answers.network(name)
    other.set_weights(model.get_weights())
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = keras.saving.load_model(path)
    native = model.predict(waveforms, verbose=0)
    swapped = model.predict(waveforms.astype(">f4"), verbose=0)
    return {
        "channels first": Pair(fresh.output(other, waveforms), want).difference,
        "big-endian": Pair(swapped, native).difference,
        "clone": Pair(fresh.output(clone, waveforms), want).difference,
        "loaded": Pair(fresh.output(loaded, waveforms), want).difference,
        "specs": model.spec == other.spec == clone.spec == loaded.spec,
    }


def _half(factory: str, tag: str, policy: str, shared: Path) -> Row:
    exact = FACTORIES[factory](weights=tag)
    with under(policy):
        half = FACTORIES[factory](weights=tag)
    paths = sounds(exact, shared)
    scores, found = (
        np.stack([all_tags(model, path) for path in paths]) for model in (exact, half)
    )
    same = scores.argmax(axis=1) == found.argmax(axis=1)
    return {
        "clips": len(paths),
        "difference": Pair(found, scores).difference,
        "same": int(same.sum()),
    }


def sounds(model: AudioModel, shared: Path) -> list[Path]:
    """Give spoken digits for networks of digits, ESC-10's clips for others."""
    if not str(model.spec.preset).endswith("/fsdd"):
        return [path for _, path in chosen(shared)]
    recordings = sorted((shared / "data" / "fsdd" / "recordings").glob("*.wav"))
    picked = np.linspace(0, len(recordings) - 1, RECORDINGS).round().astype(int)
    return [recordings[n] for n in picked]
