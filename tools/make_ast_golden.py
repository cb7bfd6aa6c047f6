"""Write tests/golden/ast_seeded.npz: outputs of transformers' AST with seeded weights.

    pip install torch transformers
    python tools/make_ast_golden.py

The network is small and its weights are generated (tests/support/seeding.py), so the
golden file contains only inputs and outputs; ast_seeded_keys.txt lists its state dict.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
sys.path.insert(0, str(ROOT / "tests"))

from support.seeded_ast import CONFIG, SECONDS, fill, run_upstream, waveform  # noqa: E402


def main() -> None:
    """Run upstream's extractor and network on both waveforms."""
    from transformers import ASTConfig, ASTForAudioClassification

    with tempfile.TemporaryDirectory() as folder:
        ASTForAudioClassification(ASTConfig(**CONFIG)).save_pretrained(folder)
        shapes = fill(Path(folder))
        outputs: dict[str, Any] = {}
        for name in SECONDS:
            for tap, output in run_upstream(Path(folder), waveform(name)).items():
                outputs[f"{name}_{tap}"] = output
    np.savez_compressed(GOLDEN / "ast_seeded.npz", **outputs)
    lines = [f"{key} {tuple(shape)}\n" for key, shape in shapes.items()]
    (GOLDEN / "ast_seeded_keys.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
