"""Make the bundled MusiCNN and MusicVGG weights from the musicnn 0.1.0 wheel.

    pip download --no-deps musicnn==0.1.0
    python tools/bundle_musicnn.py musicnn-0.1.0-py3-none-any.whl

Reads the four TensorFlow 1 checkpoints (needs tensorflow), converts them, writes
kerasaudio/weights/bundled/*.safetensors, and pins hash and size in
weights_manifest.json. The same wheel gives the same bytes.
"""

import argparse
import hashlib
import json
import tempfile
import zipfile
from pathlib import Path

from kerasaudio.weights.convert.musicnn_tf1 import from_musicnn_tf1
from kerasaudio.weights.convert.native import native_bytes

CHECKOUT = Path(__file__).parents[1]
MANIFEST = CHECKOUT / "weights_manifest.json"
BUNDLED = CHECKOUT / "kerasaudio" / "weights" / "bundled"
WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
CHECKPOINTS = {
    "MTT_musicnn": ("musicnn", "musicnn_mtat.safetensors"),
    "MSD_musicnn": ("musicnn", "musicnn_msd.safetensors"),
    "MTT_vgg": ("vgg", "musicvgg_mtat.safetensors"),
    "MSD_vgg": ("vgg", "musicvgg_msd.safetensors"),
}


def main() -> None:
    """Convert the wheel named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path, help="musicnn-0.1.0-py3-none-any.whl")
    wheel = parser.parse_args().wheel
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        parser.error(f"{wheel} has sha256 {digest}, not that of musicnn 0.1.0.")
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        written = [
            convert(Path(folder) / "musicnn" / checkpoint, network, file)
            for checkpoint, (network, file) in CHECKPOINTS.items()
        ]
    pin(written)


def convert(checkpoint: Path, network: str, file: str) -> Path:
    """Convert one checkpoint folder to a bundled file."""
    import tensorflow as tf

    reader = tf.compat.v1.train.NewCheckpointReader(f"{checkpoint}/")
    tensors = {
        key: reader.get_tensor(key) for key in reader.get_variable_to_shape_map()
    }
    target = BUNDLED / file
    target.write_bytes(native_bytes(from_musicnn_tf1(tensors, network)))
    print(f"wrote {target.relative_to(CHECKOUT)}, {target.stat().st_size:,} bytes")
    return target


def pin(files: list[Path]) -> None:
    """Write hash and size of the files into their manifest entries."""
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    by_name = {file.name: file for file in files}
    for entry in manifest["weights"]:
        for source in entry["sources"]:
            if source["kind"] == "bundled" and source["path"] in by_name:
                data = by_name[source["path"]].read_bytes()
                source["sha256"] = hashlib.sha256(data).hexdigest()
                source["size"] = len(data)
    MANIFEST.write_text(
        json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
