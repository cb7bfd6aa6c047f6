"""Write tests/golden/vggish_seeded.npz: outputs of torchvggish with seeded weights.

    pip install torch
    git clone https://github.com/harritaylor/torchvggish && cd torchvggish
    git checkout f3f9096
    python tools/make_vggish_golden.py PATH_OF_THAT_CLONE

The weights of network and PCA are generated (tests/support/seeding.py), so the golden
file contains only outputs: log-mel examples, embeddings after their ReLU, and
quantized vectors.
"""

import argparse
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.seeded_vggish import SHAPES, embeddings, pca, waveform  # noqa: E402
from support.seeding import seeded  # noqa: E402


def main() -> None:
    """Run upstream's front-end, network and PCA."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clone", type=Path, help="clone of harritaylor/torchvggish")
    sys.path.insert(0, str(parser.parse_args().clone))
    # Upstream imports it for other rates than 16 kHz only.
    sys.modules.setdefault("resampy", ModuleType("resampy"))
    import torch
    from torchvggish import vggish, vggish_input  # type: ignore[import-not-found]

    outputs: dict[str, Any] = {}
    with torch.no_grad():
        network = vggish.VGG(vggish.make_layers()).eval()
        _fill(network, seeded(SHAPES))
        examples = vggish_input.waveform_to_examples(
            waveform().astype("float64"), 16_000
        ).detach()
        outputs["patches"] = examples[:, 0].numpy()
        outputs["embeddings"] = network(examples).numpy()
        postprocessor = vggish.Postprocessor()
        _fill(postprocessor, pca())
        quantized = postprocessor(torch.from_numpy(embeddings()))
        outputs["quantized"] = quantized.numpy()
    np.savez_compressed(ROOT / "tests" / "golden" / "vggish_seeded.npz", **outputs)


def _fill(module: Any, tensors: dict[str, np.ndarray]) -> None:
    import torch

    module.load_state_dict(
        {key: torch.from_numpy(tensor).float() for key, tensor in tensors.items()}
    )


if __name__ == "__main__":
    main()
