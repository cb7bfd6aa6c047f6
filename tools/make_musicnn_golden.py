"""Write tests/golden/musicnn_clips.npz: musicnn 0.1.0's own graphs on whole clips.

    pip download --no-deps musicnn==0.1.0
    pip install tensorflow librosa
    python tools/make_musicnn_golden.py musicnn-0.1.0-py3-none-any.whl

The graphs are those of the wheel's `.meta` files with the wheel's variables. Patches
are cut as `musicnn.extractor.batch_data` cuts them, from librosa's mel spectrogram of
the whole clip, but in float32: upstream's float16 overflows on loud sound.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import librosa
import numpy as np
from bundle_musicnn import CHECKPOINTS, WHEEL_SHA256
from bundling import unpacked

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.song import RATE, song  # noqa: E402

SECONDS = (2.0, 3.0, 7.3, 29.0, 30.0)
# A last patch that ends in librosa's silence behind the clip, and one sample too few.
EDGES = (2 * 187 * 256 - 256, 2 * 187 * 256 - 257)
FRAMES = 187


def main() -> None:
    """Run the graphs of the wheel named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path, help="musicnn-0.1.0-py3-none-any.whl")
    wheel = parser.parse_args().wheel
    lengths = [*(round(seconds * RATE) for seconds in SECONDS), *EDGES]
    outputs: dict[str, Any] = {}
    try:
        with unpacked(wheel, WHEEL_SHA256) as folder:
            for name in CHECKPOINTS:
                run = graph(folder / "musicnn" / name)
                for samples in lengths:
                    outputs[f"{name}_{samples}"] = run(patches(song(samples)))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    np.savez_compressed(ROOT / "tests" / "golden" / "musicnn_clips.npz", **outputs)


def patches(clip: np.ndarray) -> np.ndarray:
    """Cut a clip as upstream does, (patches, 187, 96); a short one is repeated."""
    least = FRAMES * 256
    if len(clip) < least - 256:  # upstream refuses it
        clip = np.resize(clip, least)
    mel = librosa.feature.melspectrogram(
        y=clip, sr=RATE, hop_length=256, n_fft=512, n_mels=96
    ).T
    logmel = np.log10(10_000 * mel.astype("float32") + 1)
    starts = range(0, len(logmel) - FRAMES + 1, FRAMES)
    return np.stack([logmel[start : start + FRAMES] for start in starts])


def graph(checkpoint: Path) -> Any:
    """Give a function that runs a graph on patches: scores (patches, 50)."""
    import tensorflow as tf

    v1 = tf.compat.v1
    reader = v1.train.NewCheckpointReader(f"{checkpoint}/")
    meta = v1.MetaGraphDef()
    meta.ParseFromString((checkpoint / ".meta").read_bytes())
    scores = "model/Sigmoid"
    part = v1.graph_util.extract_sub_graph(meta.graph_def, [scores])
    for node in part.node:
        node.attr.pop("_output_shapes", None)
    inputs: dict[str, Any] = {}
    for node in part.node:
        if node.op == "VariableV2":
            inputs[node.name] = reader.get_tensor(node.name)
        elif node.op == "Placeholder" and node.attr["dtype"].type == tf.bool:
            inputs[node.name] = False  # not training
    (spectrogram,) = (
        node.name
        for node in part.node
        if node.op == "Placeholder" and node.name not in inputs
    )
    made = tf.Graph()
    with made.as_default():
        tf.import_graph_def(part, name="")

    def run(images: np.ndarray) -> np.ndarray:
        fed = {f"{name}:0": value for name, value in inputs.items()}
        with v1.Session(graph=made) as session:
            found = session.run(f"{scores}:0", fed | {f"{spectrogram}:0": images})
        return np.asarray(found, "float32")

    return run


if __name__ == "__main__":
    main()
