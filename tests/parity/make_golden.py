"""python -m tests.parity.make_golden NAME [--keys FILE]: write tests/golden/NAME.npz.

A network is filled by rule (tests/support/seeding.py), so the file holds outputs only:
of every stage a piece, and a summary of the whole. They are computed in float64; `meta`
says how far float32 is from them. --keys writes NAME_keys.txt first, with the keys and
shapes of a published file of the original.

To add a NAME, write a twin in tests/parity/twins, list it in GOLDENS, and let
tests/parity/test_twins.py show that it equals the original on a published file.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_TESTS = str(Path(__file__).parents[1])
if _TESTS not in sys.path:  # for `support`; pytest adds it by itself
    sys.path.insert(0, _TESTS)

from support.goldens import (  # noqa: E402
    GOLDEN,
    Golden,
    State,
    named,
    summary,
)
from support.seeded_ast import CLIPS  # noqa: E402
from support.torchlibrosa import tables_16k, torchlibrosa_tables  # noqa: E402
from support.won2020 import torchaudio_tables  # noqa: E402

WON = "minzwon/sota-music-tagging-models at 4e1d652"
VGGISH = "harritaylor/torchvggish at f3f9096"
PANNS = "qiuqiangkong/audioset_tagging_cnn at d2f4b8c, a sixteenth of the filters,"
LIMIT = 200_000  # bytes
PIECE = 6_000  # numbers of a stage that are kept


Wave = tuple[int, int, int]


def nothing() -> State:
    """Give no constants."""
    return {}


@dataclass(frozen=True)
class Recipe:
    """How a golden file is made.

    Attributes:
        twin: Module of `parity.twins`, and its function.
        source: The original that the twin equals.
        wave: Sample rate, samples and seed of the sound, for `seeding.wave`; or these
            by the names of clips, which are then heard one by one.
        stages: Which of the twin's to keep.
        kept: Gives constants that the original stores beside its weights.
        gain: Of the weights, where without it the network is deaf.
        piece: Numbers of a stage that are kept.
        needs: What the twin imports.
    """

    twin: tuple[str, str]
    source: str
    wave: Wave | Mapping[str, Wave]
    stages: tuple[str, ...]
    kept: Callable[[], State] = nothing
    gain: float = 1.0
    piece: int = PIECE
    needs: tuple[str, ...] = ("torch",)


GOLDENS: Mapping[str, Recipe] = {
    "fcn_seeded": Recipe(
        ("won2020", "fcn"),
        f"{WON}, FCN",
        (16_000, 464_000, 1),
        ("frontend", "spec_bn", "layer1", "layer3", "embedding", "logits"),
        torchaudio_tables,
    ),
    "crnn_seeded": Recipe(
        ("won2020", "crnn"),
        f"{WON}, CRNN",
        (16_000, 464_000, 2),
        ("frontend", "spec_bn", "layer1", "layer4", "embedding", "logits"),
        torchaudio_tables,
    ),
    "musicnn_won2020_seeded": Recipe(
        ("won2020", "musicnn"),
        f"{WON}, Musicnn",
        (16_000, 48_000, 3),
        ("frontend", "timbre", "rhythm", "front", "midend", "embedding", "logits"),
        torchaudio_tables,
    ),
    "efficient_at_mn04_seeded": Recipe(
        ("efficient_at", "mn04"),
        "fschmid56/EfficientAT at a425fdc, get_model(width_mult=0.4)",
        (32_000, 160_000, 4),
        ("frontend", "features_0", "features_3", "features_8", "features_16",
         "embedding", "logits"),
        gain=1.2,
    ),
    "vggish_seeded": Recipe(
        ("vggish", "vggish"),
        f"{VGGISH}, VGGish",
        (16_000, 33_600, 5),
        ("patches", "linear", "embeddings", "embedding"),
        gain=1.4,
        piece=24_576,
    ),
    "vggish_small_seeded": Recipe(
        ("vggish", "vggish"),
        f"{VGGISH}, VGGish with an eighth of the filters, 64 dense units",
        (16_000, 33_600, 6),
        ("patches", "pool1", "pool2", "pool3", "pool4", "linear", "embeddings",
         "embedding"),
        gain=1.4,
    ),
    "ast_seeded": Recipe(
        ("ast", "ast"),
        "Hugging Face transformers 5.24, its classes of the AST, small",
        CLIPS,
        ("frontend", "embedding", "predictions"),
        piece=12_288,
        needs=("torch", "transformers"),
    ),
    "rese2_multi_seeded": Recipe(
        ("resemul", "rese_multi"),
        "tae-jun/resemul at f2c2c80, resemul('rese', init_features=8, "
        "amplifying_ratio=2, num_classes=6)",
        (22_050, 59_049, 9),
        ("stem", "block1", "block3", "block7", "block8", "block9", "embedding",
         "predictions"),
        gain=1.4,
    ),
    "speaker_encoder_seeded": Recipe(
        ("resemblyzer", "ge2e"),
        "Resemblyzer 0.1.4, VoiceEncoder",
        (16_000, 25_640, 5),
        ("mel", "lstm", "embedding"),
    ),
    "panns_cnn14_small": Recipe(
        ("panns", "cnn"),
        f"{PANNS} Cnn14",
        (32_000, 36_500, 10),
        ("logmel", "conv_block1", "conv_block4", "embedding", "logits"),
        torchlibrosa_tables,
        piece=1_500,
    ),
    "panns_cnn14_16k_small": Recipe(
        ("panns", "cnn"),
        f"{PANNS} Cnn14_16k",
        (16_000, 18_000, 11),
        ("logmel", "conv_block1", "conv_block4", "embedding", "logits"),
        tables_16k,
        piece=1_500,
    ),
    "panns_dlmax_small": Recipe(
        ("panns", "decision_max"),
        f"{PANNS} Cnn14_DecisionLevelMax",
        (32_000, 36_500, 12),
        ("conv_block4", "frames", "clipwise"),
        torchlibrosa_tables,
    ),
    "panns_dlatt_small": Recipe(
        ("panns", "decision_attention"),
        f"{PANNS} Cnn14_DecisionLevelAtt",
        (32_000, 36_500, 13),
        ("conv_block4", "frames", "clipwise"),
        torchlibrosa_tables,
    ),
    "panns_resnet22_small": Recipe(
        ("panns", "resnet"),
        f"{PANNS} ResNet22",
        (32_000, 36_500, 14),
        ("conv_block1", "layer1", "layer3", "layer4", "embedding", "logits"),
        torchlibrosa_tables,
        piece=1_500,
    ),
    "panns_wavegram_small": Recipe(
        ("panns", "wavegram"),
        f"{PANNS} but those on samples, Wavegram_Logmel_Cnn14",
        (32_000, 36_500, 15),
        ("wavegram", "conv_block1", "conv_block4", "embedding", "logits"),
        torchlibrosa_tables,
        piece=1_500,
    ),
}  # fmt: skip


def run_twin(
    recipe: Recipe, state: State, waveforms: np.ndarray, dtype: str = "float64"
) -> State:
    """Give the stages of a recipe's twin, float32."""
    import importlib

    import torch

    module, name = recipe.twin
    twin = getattr(importlib.import_module(f"parity.twins.{module}"), name)
    kind = getattr(torch, dtype)
    tensors = {}
    for key, array in state.items():
        tensor = torch.from_numpy(array.copy())
        tensors[key] = tensor.to(kind) if tensor.is_floating_point() else tensor
    with torch.inference_mode():
        stages = twin(tensors, torch.from_numpy(waveforms.copy()).to(kind))
    return {stage: tensor.numpy() for stage, tensor in stages.items()}


def make(recipe: Recipe, keys: str) -> dict[str, Any]:
    """Give the arrays of a golden file."""
    meta: dict[str, Any] = {
        "source": recipe.source,
        "clips" if isinstance(recipe.wave, Mapping) else "wave": recipe.wave,
        "gain": recipe.gain,
    }
    golden = Golden({}, keys, meta)
    state = golden.state(recipe.kept())
    arrays: dict[str, Any] = {}
    errors = {}
    for clip in meta.get("clips", [""]):
        waveforms = golden.waveforms(clip)
        exact = run_twin(recipe, state, waveforms)
        single = run_twin(recipe, state, waveforms, "float32")
        for stage in recipe.stages:
            name, whole = named(clip, stage), exact[stage]
            error = np.abs(single[stage] - whole).max() / np.abs(whole).max()
            errors[name] = float(error)
            piece = corner(whole, recipe.piece)
            kept = piece[0] if clip else piece
            arrays[name] = kept.astype("float32")
            if piece.size < whole.size:
                arrays[f"{name}_stats"] = summary(whole)
    return arrays | {"meta": json.dumps(meta | {"float32": errors})}


def corner(whole: np.ndarray, most: int) -> np.ndarray:
    """Give at most so many numbers, from the start of every axis; scores stay whole."""
    if whole.ndim < 3:
        return whole
    extents = list(whole.shape)
    while np.prod(extents) > most:
        axis = 1 + int(np.argmax(extents[1:]))
        extents[axis] = (extents[axis] + 1) // 2
    return whole[tuple(map(slice, extents))]


def main(given: Sequence[str] | None = None) -> None:
    """Write the golden file named on the command line."""
    parser = argparse.ArgumentParser(
        "python -m tests.parity.make_golden",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=GOLDENS)
    parser.add_argument("--keys", type=Path, help="a published .pt or .pth file")
    parser.add_argument("--folder", type=Path, default=GOLDEN, help="where to write")
    arguments = parser.parse_args(given)
    keys_file = arguments.folder / f"{arguments.name}_keys.txt"
    if arguments.keys:
        keys_file.write_text(
            listed(arguments.keys, set(GOLDENS[arguments.name].kept()))
        )
    elif not keys_file.is_file():
        parser.error(f"{keys_file} is missing; name a published file by --keys.")
    arrays = make(GOLDENS[arguments.name], keys_file.read_text())
    path = arguments.folder / f"{arguments.name}.npz"
    np.savez_compressed(path, **arrays)
    size = path.stat().st_size
    print(f"{path}: {size:,} bytes\n{arrays['meta']}")
    if size > LIMIT:
        parser.error(f"The file has more than {LIMIT:,} bytes; keep fewer stages.")


def listed(path: Path, kept: set[str]) -> str:
    """List the state dict of a file of torch's, a key, its shape and remarks a line."""
    from kerasaudio.checkpoints.torch_file import read_torch

    lines = []
    for key, tensor in read_torch(path).items():
        constant = key in kept or key.endswith(".num_batches_tracked")
        remark = f" {tensor.dtype} kept" if constant else ""
        lines.append(f"{key} {tensor.shape}{remark}\n")
    return "".join(lines)


if __name__ == "__main__":
    main()
