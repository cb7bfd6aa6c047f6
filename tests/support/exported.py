"""Exported models: their names, and running many SavedModels in one process."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerasaudio.exporting.saved_model.artifact import RUNNER

PATHS = {
    "saved_model": "model",
    "litert": "model.tflite",
    "onnx": "model.onnx",
    "openvino": "model.xml",
}
# What one process does for a folder, for all of them; TensorFlow starts once.
_RUN_ALL = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("runner", sys.argv[1])
runner = importlib.util.module_from_spec(spec)
spec.loader.exec_module(runner)
said = {}
for name, words in json.load(open(sys.argv[2])).items():
    try:
        runner.main(*words)
    except Exception as error:
        said[name] = f"{type(error).__name__}: {error}"
print(json.dumps(said))
"""


def run_saved_models(
    folder: Path, clips: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray | str]:
    """Run the SavedModels FOLDER/NAME in one process that has no kerasaudio.

    Args:
        folder: Where they are, and where notes are left.
        clips: float32 (clips, samples) for each of them, by name.

    Returns:
        Outputs (clips, classes), or what went wrong, by name.
    """
    words = {}
    for name, rows in clips.items():
        np.save(folder / f"{name}.npy", rows)
        files = (folder / name, folder / f"{name}.npy", folder / f"{name}.npz")
        words[name] = [*map(str, files), "0", "1"]
    (folder / "words.json").write_text(json.dumps(words), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-c", _RUN_ALL, RUNNER, folder / "words.json"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, np.ndarray | str] = json.loads(done.stdout.splitlines()[-1])
    for name in clips.keys() - found.keys():
        with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
            found[name] = arrays["outputs"]
    return found
