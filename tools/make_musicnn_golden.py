"""Write what musicnn 0.1.0's own graphs give, to tests/golden.

    pip download --no-deps musicnn==0.1.0
    pip install tensorflow librosa
    python tools/make_musicnn_golden.py musicnn-0.1.0-py3-none-any.whl

The graphs are those of the wheel's `.meta` files with the wheel's variables. Patches
are cut as `musicnn.extractor.batch_data` cuts them, from librosa's mel spectrogram of
the whole clip, but in float32: upstream's float16 overflows on loud sound.

musicnn_clips.npz holds the scores of whole clips. musicnn_tf1.npz holds three patches
and their scores, to which the stages before are added.
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
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks.peers.musicnn import load  # noqa: E402
from parity.make_golden import corner  # noqa: E402
from support.goldens import GOLDEN, summary  # noqa: E402
from support.originals import MUSICNN_LENGTHS  # noqa: E402
from support.song import RATE, song  # noqa: E402

FRAMES = 187
PIECE = 1_500  # numbers of a stage that are kept
# Tensors of the graphs.
VGG = {
    "input_bn": "batch_normalization/cond/Merge",
    "pool1": "max_pooling2d/MaxPool",
    **{f"pool{n}": f"max_pooling2d_{n - 1}/MaxPool" for n in (2, 3, 4)},
    "embedding": "Flatten/flatten/Reshape",
}
MUSICNN = {
    "input_bn": "batch_normalization/cond/Merge",
    "timbre38": "Squeeze",
    "rhythm32": "Squeeze_4",
    "front": "concat",
    "pool": "Flatten/flatten/Reshape",
    "embedding": "batch_normalization_10/batchnorm/add_1",
}


def main() -> None:
    """Run the graphs of the wheel named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path, help="musicnn-0.1.0-py3-none-any.whl")
    wheel = parser.parse_args().wheel
    clips: dict[str, Any] = {}
    with np.load(GOLDEN / "musicnn_tf1.npz") as file:
        recorded: dict[str, Any] = dict(file)
    try:
        with unpacked(wheel, WHEEL_SHA256) as folder:
            for name in CHECKPOINTS:
                run = graph(folder / "musicnn" / name)
                for samples in MUSICNN_LENGTHS:
                    clips[f"{name}_{samples}"] = run(patches(song(samples)))
                recorded |= stages(run, name, recorded["logmel_patches"])
    except (OSError, ValueError) as error:
        parser.error(str(error))
    np.savez_compressed(GOLDEN / "musicnn_clips.npz", **clips)
    np.savez_compressed(GOLDEN / "musicnn_tf1.npz", **recorded)


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


def stages(run: Any, name: str, logmel: np.ndarray) -> dict[str, np.ndarray]:
    """Give a piece of what each stage makes of patches, and a summary of the whole."""
    given = {}
    for stage, node in (VGG if name.endswith("vgg") else MUSICNN).items():
        whole = run(logmel, f"model/{node}:0")
        given[f"{name}_{stage}"] = corner(whole, PIECE)
        if whole.ndim > 2:
            given[f"{name}_{stage}_stats"] = summary(whole)
    return given


def graph(checkpoint: Path) -> Any:
    """Give a function of patches that runs a graph up to a tensor, its scores."""
    session, scores, heard, training = load(checkpoint)

    def run(images: np.ndarray, tensor: str = scores) -> np.ndarray:
        found = session.run(tensor, {heard: images, training: False})
        return np.asarray(found, "float32")

    return run


if __name__ == "__main__":
    main()
