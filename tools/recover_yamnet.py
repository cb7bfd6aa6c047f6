"""Turn YAMNet's LiteRT file into the weights file of the official code.

    pip install ai-edge-litert
    python tools/recover_yamnet.py yamnet.tflite recovered.h5

Its kernels are int8: what comes back is near the official float weights, not equal.
`kerasaudio.YAMNet(weights="recovered.h5")` reads the result.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.yamnet_tflite import recover, write_official  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, convert."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        epilog="Needs ai-edge-litert, whose schema reads the file.",
    )
    parser.add_argument("tflite", type=Path, help="the published yamnet.tflite")
    parser.add_argument("output", type=Path, help="weights file to write, .h5")
    options = parser.parse_args(arguments)
    if options.output.suffix != ".h5":
        parser.error(f"the output must end in .h5: {options.output}")
    try:
        weights = recover(options.tflite)
        write_official(options.output, weights)
    except (OSError, ValueError) as error:
        print(f"recover_yamnet: {error}", file=sys.stderr)
        return 1
    print(f"{options.output}: {len(weights)} arrays")
    return 0


if __name__ == "__main__":
    sys.exit(main())
