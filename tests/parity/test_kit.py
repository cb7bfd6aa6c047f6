"""The kit itself: it finds what differs, and each published family has its table."""

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file

from kerasaudio.checkpoints.keras2_hdf5 import read_keras2, read_named
from kerasaudio.checkpoints.tf1_checkpoint import read_tf1_checkpoint
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.models import ARCHITECTURES
from kerasaudio.weights.manifest import load_manifest
from parity.kit import STEPS, Compared, Parity, Stage, seeded_file
from support.goldens import Golden, summary
from support.seeding import wave

HERE = Path(__file__).parent
KEYS = """\
spec.window (4,) float32 kept
spec.bank (4, 2) float32 kept
bn.weight (2,)
bn.num_batches_tracked () int64 kept
dense.weight (3, 2)
"""


@pytest.fixture
def whole(rng):
    """What a network gave, in the original's layout (batch, channels, steps)."""
    return rng.normal(size=(2, 6, 50)).astype("float32")


def compared(whole, got, tolerance=1e-5, **arrays):
    """Compare with a golden file that keeps a piece of a stage."""
    arrays = {"x": whole[:, :3, :20], "x_stats": summary(whole)} | arrays
    table = Parity(SimpleNamespace, "", {"x": Stage("x", tolerance, STEPS)}, "none")
    return Compared(table, Golden(arrays), None, {"x": got.transpose(0, 2, 1)})


def test_the_same_numbers_pass(whole):
    compared(whole, whole + np.float32(5e-6)).check("x")


@pytest.mark.parametrize("place", [(0, 0, 0), (1, 2, 19), (1, 5, 49)])
def test_a_number_that_differs_is_found_inside_and_outside_the_piece(whole, place):
    got = whole.copy()
    got[place] += 0.5

    with pytest.raises(AssertionError, match="x"):
        compared(whole, got).check("x")


def test_a_tolerance_is_a_part_of_the_greatest_magnitude(whole):
    got = whole + np.float32(5e-3)

    compared(whole * 1000, got * 1000, 1e-2).check("x")
    with pytest.raises(AssertionError):
        compared(whole * 1000, got * 1000, 1e-4).check("x")


def test_another_shape_is_no_piece(whole):
    with pytest.raises(AssertionError):
        compared(whole, whole[:, :, :10]).check("x")
    with pytest.raises(AssertionError):
        compared(whole, whole[:1]).check("x")


def test_dead_and_deaf_originals_are_refused(whole):
    dead = np.ones_like(whole)
    deaf = np.repeat(whole[:1], 2, axis=0)

    with pytest.raises(AssertionError, match="x is dead"):
        compared(dead, dead).check("x")
    with pytest.raises(AssertionError, match="x is deaf"):
        compared(deaf, deaf).check("x")


def slashed(state):
    """Name weights as Keras 2 and TensorFlow do; they have no counters."""
    return {
        key.replace(".", "/"): tensor for key, tensor in state.items() if tensor.ndim
    }


def numbered(state):
    """Name weights as Keras 2 does where layers have no names."""
    return {key.replace("/", "_1/"): tensor for key, tensor in slashed(state).items()}


def read_numbered(path):
    """Read layers of which there is one of a kind."""
    return {
        f"{kind}_1/{leaf}": array
        for kind, (layer,) in read_keras2(path).items()
        for leaf, array in layer.items()
    }


@pytest.mark.parametrize(
    ("name", "read", "arranged"),
    [
        ("model.pt", read_torch, dict),
        ("model.pth", read_torch, dict),
        ("model.safetensors", load_file, dict),
        ("model.ckpt", read_tf1_checkpoint, slashed),
        ("model.h5", read_named, slashed),
        ("model.hdf5", read_numbered, numbered),
    ],
)
def test_files_are_in_the_originals_format(tmp_path, name, read, arranged):
    golden = Golden({}, KEYS)
    kept = {"spec.window": np.arange(4, dtype="float32")}

    path = seeded_file(name, lambda: kept, arranged)(tmp_path, golden)

    state = golden.state(kept)
    names = ["spec.window", "bn.weight", "bn.num_batches_tracked", "dense.weight"]
    assert list(state) == names
    tensors, want = read(path), arranged(state)
    assert set(tensors) == set(want)
    for key, tensor in want.items():
        assert tensors[key].dtype == tensor.dtype
        np.testing.assert_array_equal(tensors[key], tensor, err_msg=key)


@pytest.mark.parametrize("name", ["model.pt", "model.pth"])
def test_torch_reads_files_in_its_formats(tmp_path, name):
    torch = pytest.importorskip("torch", reason="torch reads its own files")
    golden = Golden({}, KEYS)

    tensors = torch.load(seeded_file(name)(tmp_path, golden), weights_only=True)

    state = golden.state()
    assert list(tensors) == list(state)
    for key, tensor in state.items():
        np.testing.assert_array_equal(tensors[key].numpy(), tensor, err_msg=key)


def test_a_gain_is_for_kernels_only():
    plain, loud = (Golden({}, KEYS, {"gain": gain}).state() for gain in (1, 2))

    np.testing.assert_array_equal(loud["bn.weight"], plain["bn.weight"])
    np.testing.assert_array_equal(loud["dense.weight"], 2 * plain["dense.weight"])


def test_sounds_are_stored_or_made_and_heard_backwards_too():
    sound = wave(16_000, 100, 5)

    made = Golden({}, meta={"wave": [16_000, 100, 5]}).waveforms()
    stored = Golden({"waveform_int16": sound}, meta={"samples": 250}).waveforms()

    np.testing.assert_array_equal(made[0], sound / np.float32(32_768))
    np.testing.assert_array_equal(made[1], made[0, ::-1])
    np.testing.assert_array_equal(stored[0, 100:200], made[0])
    assert stored.shape == (2, 250)
    batch = np.stack([sound, sound // 2])
    assert Golden({"waveform_int16": batch}).waveforms().shape == (2, 100)


def test_every_published_family_has_a_table_which_needs_no_other_folder():
    published = {entry.factory for entry in load_manifest() if not entry.training}
    published |= {name for name, of in ARCHITECTURES.items() if of.converters}
    # The weights of one and what the original gives for them are in the repository; the
    # other has the body of OpenL3, and a file that holds the original's whole graph.
    tables = {"SileroVAD", "EdgeL3"}
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            given = [
                keyword.value for keyword in node.keywords if keyword.arg == "factory"
            ]
            if ast.unparse(node.func) == "Parity":
                given += node.args[:1]
            tables |= {ast.unparse(node).removeprefix("kerasaudio.") for node in given}

    assert {"MusicVGG", "ReSE2Multi", "VGGish"} <= published <= tables
