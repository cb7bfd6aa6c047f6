"""Make the bundled MusiCNN and MusicVGG weights from the musicnn 0.1.0 wheel.

    pip download --no-deps musicnn==0.1.0
    python tools/bundle_musicnn.py musicnn-0.1.0-py3-none-any.whl

Reads the four TensorFlow 1 checkpoints (needs tensorflow), converts them, writes
kerasaudio/weights/bundled/*.safetensors, and pins hash and size in
weights_manifest.json. The same wheel gives the same bytes.
"""

import argparse
from pathlib import Path

from bundling import pin, read_checkpoint, unpacked, write_bundled
from musicnn_tf1 import from_musicnn_tf1

from kerasaudio.checkpoints.native import native_bytes

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
    try:
        with unpacked(wheel, WHEEL_SHA256) as folder:
            written = [
                convert(folder / "musicnn" / checkpoint, network, file)
                for checkpoint, (network, file) in CHECKPOINTS.items()
            ]
    except (OSError, ValueError) as error:
        parser.error(str(error))
    pin(written)


def convert(checkpoint: Path, network: str, file: str) -> Path:
    """Convert one checkpoint folder to a bundled file."""
    tensors = read_checkpoint(f"{checkpoint}/")
    return write_bundled(file, native_bytes(from_musicnn_tf1(tensors, network)))


if __name__ == "__main__":
    main()
