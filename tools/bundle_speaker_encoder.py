"""Make the bundled SpeakerEncoder weights from the wheel of Resemblyzer.

    pip download --no-deps Resemblyzer==0.1.4
    python tools/bundle_speaker_encoder.py Resemblyzer-0.1.4-py3-none-any.whl

Inside it is `pretrained.pt`, which also holds the state of the optimizer. The tool
takes the network, names its weights as our layers, writes
kerasaudio/weights/bundled/speakerencoder_ge2e.safetensors, and pins hash and size in
weights_manifest.json. The same wheel gives the same bytes.
"""

import argparse
from pathlib import Path

from bundling import pin, unpacked, write_bundled

from kerasaudio.checkpoints.native import assign, native_bytes
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.models import SpeakerEncoder
from kerasaudio.models.speaker_encoder import convert

WHEEL_SHA256 = "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f"
PATH = "resemblyzer/pretrained.pt"
FILE = "speakerencoder_ge2e.safetensors"


def main() -> None:
    """Convert the wheel named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path, help="Resemblyzer-0.1.4-py3-none-any.whl")
    wheel = parser.parse_args().wheel
    try:
        with unpacked(wheel, WHEEL_SHA256) as folder:
            state = convert(read_torch(folder / PATH), str(wheel))
            assign(SpeakerEncoder(), state, str(wheel))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    pin([write_bundled(FILE, native_bytes(state))])


if __name__ == "__main__":
    main()
