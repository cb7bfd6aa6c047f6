"""State dicts of PaSST and MAEST, and their tokens in the original's order."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kerasaudio.checkpoints.native import native_bytes
from kerasaudio.models.passt_blocks import TOKENS, from_passt
from support.goldens import Golden, State
from support.seeding import read_shapes, seeded

TIMES = "time_new_pos_embed"
HEADS = 4  # of the small golden networks, which no file tells


def converted_file(steps: int | None = None) -> Callable[[Path, Golden], Path]:
    """Give what writes a file of ours, whose heads may be of any width.

    Args:
        steps: Number of positions in time that are kept; None for all.
    """

    def write(folder: Path, golden: Golden) -> Path:
        tensors = golden.state()
        tensors[TIMES] = tensors[TIMES][..., :steps]
        path = folder / "converted.safetensors"
        path.write_bytes(native_bytes(from_passt(tensors, HEADS)))
        return path

    return write


def bands_first(bands: int) -> Callable[[np.ndarray], np.ndarray]:
    """Give what lists patches behind two tokens as the original does, band by band."""

    def arrange(tokens: np.ndarray) -> np.ndarray:
        first, patches = tokens[:, :TOKENS], tokens[:, TOKENS:]
        features = tokens.shape[-1]
        grid = patches.reshape(len(patches), -1, bands, features).swapaxes(1, 2)
        listed = grid.reshape(len(patches), -1, features)
        return np.concatenate([first, listed], axis=1)

    return arrange


def small_state(
    golden: str, classes: int = 5, steps: int = 3, bands: int | None = None
) -> State:
    """Give the state dict of a network of two layers of 64 features."""
    keys = Golden.read(golden).keys
    tables = {TIMES: steps, "freq_new_pos_embed": bands}
    shapes = {}
    for key, shape in read_shapes(keys).items():
        wider = tuple(side // 48 * 64 if side % 48 == 0 else side for side in shape)
        if key.startswith(("head.1.", "head_dist.")):
            wider = (classes, *wider[1:])
        if tables.get(key) is not None:
            axis = 3 if key == TIMES else 2
            wider = (*wider[:axis], tables[key], *wider[axis + 1 :])
        shapes[key] = wider
    return seeded(shapes)
