"""Networks from files, in a process that has never seen them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasaudio.core import AudioModel, AudioSpec

_READ = """
import json, sys, pathlib, keras, kerasaudio, numpy as np
found = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.safetensors")):
    model = kerasaudio.models.FACTORIES[path.stem](weights=path, include_top=True)
    scores = keras.ops.convert_to_numpy(
        model(np.load(path.with_suffix(".npy")), training=False)
    )
    found[path.stem] = [scores.tolist(), model.spec.get_config()]
print(json.dumps(found))
"""


class Read(NamedTuple):
    """A network that came back.

    Attributes:
        scores: What it gave, (clips, classes).
        spec: Its spec's configuration, as JSON has it.
    """

    scores: np.ndarray
    spec: dict[str, Any]


def noise(spec: AudioSpec, batch: int = 1) -> np.ndarray:
    """Give soft noise that a network can take, (batch, samples)."""
    samples = spec.clip_samples or max(spec.min_samples, spec.sample_rate // 2)
    generator = np.random.default_rng(0)
    return generator.normal(0, 0.02, (batch, samples)).astype("float32")


def output(model: keras.Model, waveforms: np.ndarray) -> np.ndarray:
    """Run a model without compiling it, which takes XLA longest."""
    return keras.ops.convert_to_numpy(model(waveforms, training=False))


def save(model: AudioModel, folder: Path) -> Path:
    """Write FACTORY.safetensors, and FACTORY.npy with what `read_all` lets it hear."""
    file = folder / f"{model.spec.architecture}.safetensors"
    np.save(file.with_suffix(".npy"), noise(model.spec))
    return model.save_pretrained(file)


def read_all(folder: Path) -> dict[str, Read]:
    """Give, by factory, what networks in a folder give in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        name: Read(np.array(scores, "float32"), spec)
        for name, (scores, spec) in found.items()
    }
