"""Make the bundled SileroVAD weights from the wheel of silero-vad; needs `onnx`.

    pip download --no-deps silero-vad==6.2.3
    python tools/bundle_silero_vad.py silero_vad-6.2.3-py3-none-any.whl

Inside it is `silero_vad_16k_op15.onnx`. (The .safetensors file beside it has other
weights.) The tool takes the initializers of the graph, names them as our layers, writes
kerasaudio/weights/bundled/silerovad_16k.safetensors, and pins hash and size in
weights_manifest.json. The same wheel gives the same bytes.
"""

import argparse
from pathlib import Path

import onnx
from bundling import pin, unpacked, write_bundled

from kerasaudio.checkpoints.native import assign, native_bytes
from kerasaudio.models import SileroVAD
from kerasaudio.models.silero_vad import convert

WHEEL_SHA256 = "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8"
PATH = "silero_vad/data/silero_vad_16k_op15.onnx"
FILE = "silerovad_16k.safetensors"


def main() -> None:
    """Convert the wheel named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wheel_help = "silero_vad-6.2.3-py3-none-any.whl"
    parser.add_argument("wheel", type=Path, help=wheel_help)
    wheel = parser.parse_args().wheel
    try:
        with unpacked(wheel, WHEEL_SHA256) as folder:
            graph = onnx.load(folder / PATH).graph
        arrays = {a.name: onnx.numpy_helper.to_array(a) for a in graph.initializer}
        state = convert(arrays, str(wheel))
        assign(SileroVAD(), state, str(wheel))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    pin([write_bundled(FILE, native_bytes(state))])


if __name__ == "__main__":
    main()
