"""Checkpoints of two files: read as TensorFlow reads them; damaged ones refused."""

import contextlib

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasaudio.checkpoints.tensor_bundle import read_tensor_bundle
from support.tensor_bundle import (
    HEADER,
    bundle,
    data_path,
    entry,
    fixed,
    write_tensor_bundle,
)
from support.tf1_checkpoint import message, number, table

TENSORS = {
    "conv/kernel": np.arange(18, dtype="float32").reshape(3, 3, 1, 2) - 9,
    "conv/bias": np.array([0.5, -np.inf], "float32"),
    "wide": np.linspace(-1, 1, 12).reshape(4, 3),
    "step": np.array(-12_345),
    "counts": np.array([3, -1, 2**31 - 1], "int32"),
    "empty": np.zeros((0, 3), "float32"),
}
entries, numbers = bundle(TENSORS)
needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow writes and reads"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "variables.index"


def check(got):
    assert sorted(got) == sorted(TENSORS)
    for name, want in TENSORS.items():
        np.testing.assert_array_equal(got[name], want)
        assert got[name].dtype == want.dtype


def test_what_was_written_is_read(path):
    write_tensor_bundle(path, TENSORS)

    check(got := read_tensor_bundle(path))
    assert all(array.flags.writeable for array in got.values())
    check(read_tensor_bundle(str(path), str(data_path(path))))


def test_the_two_files_may_lie_apart(path, tmp_path):
    write_tensor_bundle(path, TENSORS)
    (tmp_path / "elsewhere").mkdir()
    moved = data_path(path).rename(tmp_path / "elsewhere" / "numbers")

    check(read_tensor_bundle(path, moved))
    with pytest.raises(FileNotFoundError, match=r"needs .* variables\.data-00000-of-0"):
        read_tensor_bundle(path)


@needs_tensorflow
def test_tensorflows_own_files_are_read(tmp_path):
    import tensorflow as tf

    tensors = {name.replace("/", "_"): array for name, array in TENSORS.items()}
    checkpoint = tf.train.Checkpoint(
        **{name: tf.Variable(array) for name, array in tensors.items()}
    )
    prefix = checkpoint.write(str(tmp_path / "variables"))

    got = read_tensor_bundle(f"{prefix}.index")

    assert len(got) == len(tensors)  # without the description of the objects
    for name, want in tensors.items():
        found = got[f"{name}/.ATTRIBUTES/VARIABLE_VALUE"]
        np.testing.assert_array_equal(found, want)
        assert found.dtype == want.dtype


@needs_tensorflow
def test_tensorflow_reads_what_our_tests_write(path):
    import tensorflow as tf

    write_tensor_bundle(path, TENSORS)
    reader = tf.train.load_checkpoint(str(path.with_suffix("")))

    check(
        {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    )


def one(shape=(2,), content=bytes(8), *, code=1, start=0, more=b"", header=HEADER):
    """Give an index with one tensor, part of which may be wrong."""
    return table([(b"", header), (b"a", entry(code, shape, start, content) + more)])


ODD = {
    "nothing": (b"", "too few"),
    "another kind of file": (bytes(200), "does not end as a table"),
    "no header": (table([(b"a", b"")]), "not with a header"),
    "several data files": (one(header=number(1, 2)), "2 data files"),
    "big-endian": (one(header=number(2, 1)), "big-endian"),
    "too few bytes": (one(shape=(3,)), "8 bytes for the shape"),
    "a shape beyond memory": (one(shape=(1 << 62, 1 << 62)), "has the shape"),
    "beyond the data": (one(start=1_000), "beyond the data"),
    "in another data file": (one(more=number(3, 1)), "beyond the data"),
    "other numbers": (one(content=b"12345678"), "their CRC is wrong"),
    "a part": (one(more=message(7, b"")), "several parts"),
    "an unknown field": (one(more=number(9, 1)), "field 9"),
    "a field twice": (one(more=fixed(6, 0)), "field 6 twice"),
    "another wire type": (one(more=message(3, b"")), "field 3 of wire type 2"),
    "a name that is no text": (
        table([(b"", HEADER), (b"\xff", entry(1, (2,), 0, bytes(8)))]),
        "utf-8",
    ),
    "more tensors than numbers": (
        table(
            [
                (b"", HEADER),
                *((name, entry(1, (2,), 0, bytes(8))) for name in (b"a", b"b")),
            ]
        ),
        "'b' shares its numbers",
    ),
}


@pytest.mark.parametrize(("index", "says"), ODD.values(), ids=ODD.keys())
def test_odd_contents_are_refused(path, index, says):
    path.write_bytes(index)
    data_path(path).write_bytes(bytes(8))

    with pytest.raises(ValueError, match=says) as info:
        read_tensor_bundle(path)
    assert str(path) in str(info.value)


def test_tensors_of_other_types_are_left_out(path):
    path.write_bytes(one(code=7))  # a text
    data_path(path).write_bytes(b"")

    assert read_tensor_bundle(path) == {}


def test_no_changed_byte_goes_unnoticed(tmp_path_factory):
    index = tmp_path_factory.mktemp("fuzz") / "variables.index"
    write_tensor_bundle(index, TENSORS)
    for path in (index, data_path(index)):
        whole = path.read_bytes()
        for position in range(len(whole)):
            changed = bytearray(whole)
            changed[position] ^= 1 << position % 8
            path.write_bytes(changed)
            with pytest.raises(ValueError, match=r"variables\.index"):
                read_tensor_bundle(index)
        path.write_bytes(whole)


@given(
    place=st.integers(1, len(entries) - 1),
    edits=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3),
)
def test_entries_changed_under_a_right_crc_raise_only_value_errors(
    tmp_path_factory, place, edits
):
    path = tmp_path_factory.mktemp("fuzz") / "variables.index"
    key, value = entries[place]
    changed = bytearray(value)
    for position, octet in edits:
        changed[position % len(changed)] = octet
    path.write_bytes(
        table([*entries[:place], (key, bytes(changed)), *entries[place + 1 :]])
    )
    data_path(path).write_bytes(numbers)

    with contextlib.suppress(ValueError):
        got = read_tensor_bundle(path)
        assert all(isinstance(array, np.ndarray) for array in got.values())
