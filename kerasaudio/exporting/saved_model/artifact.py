"""SavedModel: a folder that TensorFlow and TensorFlow Serving run without Keras.

Source: https://www.tensorflow.org/guide/saved_model.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

from kerasaudio.checkpoints.exported_facts import saved_model_facts
from kerasaudio.core import AudioModel
from kerasaudio.exporting.graph import Order, trace, write_saved_model
from kerasaudio.exporting.process import last_words
from kerasaudio.exporting.timing import Ran
from kerasaudio.files.workplace import temporary_folder

read_facts = saved_model_facts

RUNNER = Path(__file__).with_name("run.py")


def convert(model: AudioModel, order: Order, path: Path) -> None:
    """Write the folder; its signature `serving_default` accepts any number of clips."""
    write_saved_model(trace(model, order), order, path)


def run(path: Path, clips: np.ndarray, repeats: int, threads: int) -> Ran:
    """Run the folder on clips (clips, samples) in a process without kerasaudio.

    Raises:
        RuntimeError: It does not run; the message quotes TensorFlow.
    """
    with temporary_folder() as folder:
        given, found = folder / "clips.npy", folder / "found.npz"
        np.save(given, clips)
        words = [str(path), str(given), str(found), str(repeats), str(threads)]
        done = subprocess.run(
            # -P: modules in this folder must not hide others with the same names
            [sys.executable, "-P", str(RUNNER), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"TensorFlow says: {last_words(done.stderr)}")
        with np.load(found, allow_pickle=False) as arrays:
            return Ran(arrays["outputs"], arrays["seconds"].tolist())
