"""Write tests/golden/yamnet_float.npz: YAMNet's LiteRT file, run in float32.

    pip install ai-edge-litert flatbuffers
    python tools/make_yamnet_golden.py SHARED

SHARED holds reference/yamnet.tflite and data/esc10. The file's int8 constants are
replaced by the float32 numbers they stand for, so that LiteRT rounds no activations;
the scores are those of the windows of reference/golden/yamnet_tflite.npz.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.yamnet_tflite import run_in_float  # noqa: E402
from support.yamnet_windows import windows  # noqa: E402


def main() -> None:
    """Run LiteRT on every window."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("shared", type=Path, help="folder of reference/ and data/")
    shared = parser.parse_args().shared
    golden = np.load(ROOT / "tests" / "golden" / "yamnet_tflite.npz")
    outputs: dict[str, Any] = {
        name: run_in_float(shared / "reference" / "yamnet.tflite", cut)
        for name, cut in windows(shared, golden).items()
    }
    np.savez_compressed(ROOT / "tests" / "golden" / "yamnet_float.npz", **outputs)


if __name__ == "__main__":
    main()
