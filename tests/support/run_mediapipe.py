"""Runs a LiteRT file by MediaPipe's AudioClassifier; not to be imported.

python -P run_mediapipe.py MODEL.tflite SOUND.npy SAMPLE_RATE

Prints a list of windows as JSON: {"start_ms", "scores": {label: score}}.
"""

import json
import sys

import numpy as np

sys.modules["tensorflow"] = None  # type: ignore[assignment]  # taken if it is there

from mediapipe.tasks.python.audio import AudioClassifier  # noqa: E402
from mediapipe.tasks.python.components.containers import AudioData  # noqa: E402


def main(model: str, sound: str, sample_rate: str) -> None:
    """Print what it hears in the windows of a sound."""
    waveform = np.load(sound, allow_pickle=False)
    data = AudioData.create_from_array(waveform, float(sample_rate))
    with AudioClassifier.create_from_model_path(model) as classifier:
        windows = classifier.classify(data)
    if "kerasaudio" in sys.modules:
        raise RuntimeError("kerasaudio was imported: this proves nothing")
    heard = []
    for window in windows:
        (head,) = window.classifications
        named = {one.category_name or one.index: one.score for one in head.categories}
        heard.append({"start_ms": window.timestamp_ms, "scores": named})
    print(json.dumps(heard))


if __name__ == "__main__":
    main(*sys.argv[1:])
