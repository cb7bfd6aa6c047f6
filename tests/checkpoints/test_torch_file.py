"""Torch files: the same numbers as torch reads, and nothing else out of them."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.weights import read_torch
from support.torch_files import (
    example,
    integers,
    legacy,
    pickled,
    storage,
    tensor,
    text,
    torch_example,
    zipped,
)

GOLDEN = Path(__file__).parents[1] / "golden"
FORMATS = {"zip": "torch_zip.pt", "legacy": "torch_legacy.pth"}
ONE_FLOAT = tensor(storage(1), shape=integers(1), strides=integers(1))


@pytest.fixture
def save(tmp_path: Path) -> Callable[[bytes], Path]:
    def save(content: bytes) -> Path:
        path = tmp_path / "model.pth"
        path.write_bytes(content)
        return path

    return save


def assert_example(state: dict[str, np.ndarray]) -> None:
    wanted = example()
    assert list(state) == list(wanted)
    for key, want in wanted.items():
        assert state[key].dtype == want.dtype, key
        np.testing.assert_array_equal(state[key], want, err_msg=key)


@pytest.mark.parametrize("name", FORMATS.values(), ids=FORMATS.keys())
def test_reads_what_torch_wrote(name: str) -> None:
    assert_example(read_torch(GOLDEN / name))


@pytest.mark.parametrize("new", [True, False], ids=FORMATS.keys())
def test_numpy_arrays_beside_the_state_dict_are_left_out(
    new: bool, tmp_path: Path
) -> None:
    """Files of a training hold them: which clips were heard, and in which order."""
    torch = pytest.importorskip("torch")
    path = tmp_path / "training.pth"
    order = [np.arange(300), np.arange(3.0)[::-1], np.array(["a", "b"])]
    training = {
        "iteration": 7,
        "sampler": {"indexes_per_class": order, "pointer": np.int64(3)},
        "model": torch_example(torch),
    }
    torch.save(training, path, _use_new_zipfile_serialization=new)
    assert_example(read_torch(path))

    torch.save(
        {"weight": torch.zeros(2), "table": np.zeros(2)},
        path,
        _use_new_zipfile_serialization=new,
    )
    with pytest.raises(ValueError, match="'table' is a NumPyObject, not a tensor"):
        read_torch(path)


@pytest.mark.parametrize("new", [True, False], ids=FORMATS.keys())
def test_reads_what_this_torch_writes(new: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "model.pt"
    torch.save(torch_example(torch), path, _use_new_zipfile_serialization=new)
    assert_example(read_torch(path))


@pytest.mark.parametrize("name", FORMATS.values(), ids=FORMATS.keys())
def test_arrays_can_be_written_and_share_their_storage(name: str) -> None:
    # torch warns about tensors on memory that cannot be written.
    state = read_torch(GOLDEN / name)
    assert all(array.flags.writeable for array in state.values())
    assert np.shares_memory(state["conv.weight"], state["conv.transposed"])


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"epoch": 3, "state_dict": state},
        lambda state: {"model": {"state_dict": state}, "optimizer": {"state": {}}},
        lambda state: {"model_state_dict": state, "loss": state["double"]},
        lambda state: {"net": state, "args": [1, "two", None, (3.0,)]},
    ],
)
@pytest.mark.parametrize("new", [True, False], ids=FORMATS.keys())
def test_finds_a_state_dict_in_a_checkpoint(
    new: bool, wrap: Callable[[dict], dict], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "checkpoint.pt"
    torch.save(wrap(torch_example(torch)), path, _use_new_zipfile_serialization=new)
    assert_example(read_torch(path))


def test_numbers_among_tensors(save: Callable[[bytes], Path]) -> None:
    path = save(zipped(pickled(ONE_FLOAT, b"K\x07", b"\x88"), {"0": b"\0\0\x80?"}))
    state = read_torch(path)
    assert state["b"] == 7
    assert state["b"].shape == ()
    assert state["c"].dtype == bool


def test_big_endian(save: Callable[[bytes], Path]) -> None:
    brain = tensor(
        storage(1, kind="BFloat16Storage", key="1"),
        shape=integers(1),
        strides=integers(1),
    )
    path = save(
        zipped(
            pickled(ONE_FLOAT, brain),
            {"0": b"\x3f\x80\0\0", "1": b"\xc0\x49"},
            more={"archive/byteorder": b"big"},
        )
    )
    state = read_torch(path)
    assert state["a"].tolist() == [1.0]
    assert state["b"].tolist() == [-3.140625]
    assert state["a"].dtype.isnative


def test_python_2_ordered_dict(save: Callable[[bytes], Path]) -> None:
    pair = b"](" + text("x") + ONE_FLOAT + b"e"
    pickle = b"\x80\x02ccollections\nOrderedDict\n(](" + pair + b"etR."
    state = read_torch(save(zipped(pickle, {"0": b"\0\0\x80?"})))
    assert state["x"].tolist() == [1.0]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "tensors", "total"),
    [
        ("mn04_as_mAP_432.pt", 312, 175423.7934486839),
        ("music_taggers/mtat_fcn.pth", 44, 7861.003002567062),
        ("music_taggers/msd_crnn.pth", 45, 2478.8806407105735),
        ("music_taggers/jamendo_musicnn.pth", 72, 6460.229819310749),
    ],
)
def test_published_files(shared: Path, name: str, tensors: int, total: float) -> None:
    # Numbers from torch: how many tensors, and the sum of all absolute values.
    state = read_torch(shared / "reference" / name)
    assert len(state) == tensors
    floats = [a for a in state.values() if a.dtype == np.float32]
    assert sum(np.abs(a).sum(dtype=np.float64) for a in floats) == pytest.approx(total)


@pytest.mark.shared
def test_published_files_as_torch_reads_them(shared: Path) -> None:
    torch = pytest.importorskip("torch")
    folder = shared / "reference"
    paths = [folder / "mn04_as_mAP_432.pt", *folder.glob("music_taggers/*.pth")]
    assert len(paths) == 9
    for path in paths:
        wanted = torch.load(path, weights_only=True, map_location="cpu")
        state = read_torch(path)
        assert list(state) == list(wanted)
        for key, array in state.items():
            np.testing.assert_array_equal(array, wanted[key].numpy())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with b''"),
        (b"<!DOCTYPE html><html>", "begins with"),
        (b"version https://git-lfs.github.com/spec/v1\n", "begins with"),
        (b"PK\x03\x04 and then nothing", "not a zip file"),
        (zipped(b"\x80\x02]."), "contains a list, not a state dict"),
        (zipped(pickled(b"K\x01")), "contains a dict, not a state dict"),
        (zipped(pickled(ONE_FLOAT)), "there is no storage '0'"),
        (zipped(pickled(ONE_FLOAT, text("x")), {"0": bytes(4)}),
         "'b' is a str, not a tensor"),
        (zipped(b"\x80\x02}(K\x01" + ONE_FLOAT + b"u.", {"0": bytes(4)}),
         "is 1, not a string"),
        (zipped(b""), "damaged pickle"),
        (zipped(b"\x80\x02}("), "damaged pickle"),
        (zipped(b"\x80\x020."), "damaged pickle"),
        (zipped(b"\x80\x02h\x05."), "damaged pickle"),
        (zipped(b"\x80\x02(."), "damaged pickle"),
        (zipped(b"\xff\xff"), "damaged pickle"),
        (zipped(pickled(ONE_FLOAT), {"0": bytes(4)}, root="a/b"), "0 pickles"),
        (zipped(pickled(ONE_FLOAT), {"0": bytes(4)},
                more={"archive/byteorder": b"middle"}), "byte order is b'middle'"),
        (legacy(pickled(ONE_FLOAT), [], b""), "there is no storage '0'"),
        (legacy(pickled(ONE_FLOAT), ["0", "0"], (b"\1" + bytes(11)) * 2), "twice"),
        (legacy(pickled(ONE_FLOAT), ["1"], b"\1" + bytes(11)), "to no tensor"),
        (legacy(pickled(ONE_FLOAT), ["0"], b"\1" + bytes(10)), "is truncated"),
        (legacy(pickled(ONE_FLOAT), ["0"], b"\1" + bytes(13)), "2 bytes follow"),
        (legacy(pickled(ONE_FLOAT), ["0"], b"\xff" * 8 + bytes(4)), "is truncated"),
    ],
)  # fmt: skip
def test_files_that_are_no_state_dicts(
    save: Callable[[bytes], Path], content: bytes, message: str
) -> None:
    path = save(content)
    with pytest.raises(ValueError, match=message) as info:
        read_torch(path)
    assert str(path) in str(info.value)


def test_a_wrong_checksum_is_noticed(save: Callable[[bytes], Path]) -> None:
    content = bytearray(zipped(pickled(ONE_FLOAT), {"0": b"\0\0\x80?"}))
    at = bytes(content).index(b"\0\0\x80?PK")
    content[at] ^= 1
    with pytest.raises(ValueError, match="CRC"):
        read_torch(save(bytes(content)))


def test_a_directory_that_points_outside(save: Callable[[bytes], Path]) -> None:
    # The offset of the directory, near the end, moves every member before the file.
    content = bytearray(zipped(pickled(ONE_FLOAT), {"0": bytes(4)}))
    content[-6:-2] = (int.from_bytes(content[-6:-2], "little") + 99).to_bytes(
        4, "little"
    )
    with pytest.raises(ValueError, match="is outside the file"):
        read_torch(save(bytes(content)))


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_torch(tmp_path / "none.pth")


def test_nothing_reads_python_pickles_elsewhere() -> None:
    import kerasaudio

    for path in Path(kerasaudio.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "pickle.load" not in source, path
        assert "Unpickler" not in source, path
        assert "allow_pickle=True" not in source, path


@pytest.mark.parametrize("name", FORMATS.values(), ids=FORMATS.keys())
@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_damaged_files_raise_nothing_but_value_errors(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray((GOLDEN / name).read_bytes())
    # Mostly in the pickle, which comes first in both formats.
    places = st.integers(0, len(content) - 1) | st.integers(0, 1500)
    for at in data.draw(st.lists(places, min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.sampled_from([len(content)]) | places)
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(content[:end])
    try:
        state = read_torch(path)
    except ValueError:
        return
    assert all(isinstance(array, np.ndarray) for array in state.values())


@pytest.mark.parametrize("name", FORMATS.values(), ids=FORMATS.keys())
def test_truncated_files_raise_value_errors(
    name: str, save: Callable[[bytes], Path]
) -> None:
    content = (GOLDEN / name).read_bytes()
    for end in range(0, len(content) - 1, 37):
        path = save(content[:end])
        with pytest.raises(ValueError, match="cannot be read as a torch file"):
            read_torch(path)


def test_torch_reads_the_files_made_by_hand() -> None:
    torch = pytest.importorskip("torch")
    content = zipped(
        pickled(ONE_FLOAT), {"0": b"\0\0\x80?"}, more={"archive/version": b"3\n"}
    )
    assert torch.load(io.BytesIO(content), weights_only=True)["a"].tolist() == [1.0]
    made = tensor(storage(1, tail=b"N"), shape=integers(1), strides=integers(1))
    content = legacy(pickled(made), ["0"], b"\1" + bytes(9) + b"\x80?")
    assert torch.load(io.BytesIO(content), weights_only=True)["a"].tolist() == [1.0]
