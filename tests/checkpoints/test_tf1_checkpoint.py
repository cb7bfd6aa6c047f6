"""Checkpoints of TensorFlow 1: read as TensorFlow reads them; damaged ones refused."""

import contextlib

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasaudio.checkpoints.crc32c import crc32c, mask, unmask
from kerasaudio.checkpoints.sstable import FOOTER
from kerasaudio.checkpoints.tf1_checkpoint import read_tf1_checkpoint
from support import tf1_checkpoint as writer
from support.tf1_checkpoint import checkpoint_entries, message, number, table

TENSORS = {
    "vggish/conv1/weights": np.arange(18, dtype="float32").reshape(3, 3, 1, 2) - 9,
    "vggish/conv1/biases": np.array([0.5, -np.inf], "float32"),
    "vggish/fc1/fc1_1/weights": np.linspace(-1, 1, 12).reshape(4, 3),
    "global_step": np.array(-12_345),
    "counts": np.array([3, -1, 2**31 - 1], "int32"),
    "empty": np.zeros((0, 3), "float32"),
}
whole = table(checkpoint_entries(TENSORS))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.ckpt"


def check(got):
    assert sorted(got) == sorted(TENSORS)
    for name, want in TENSORS.items():
        np.testing.assert_array_equal(got[name], want)
        assert got[name].dtype == want.dtype


@pytest.mark.parametrize("block_size", [1, 100, 1 << 18])
def test_what_was_written_is_read(path, block_size):
    path.write_bytes(table(checkpoint_entries(TENSORS), block_size=block_size))

    check(read_tf1_checkpoint(path))


needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow writes and reads"
)


@needs_tensorflow
def test_tensorflows_own_file_is_read(path):
    import tensorflow as tf

    v1 = tf.compat.v1
    big = {"big": np.random.default_rng(0).normal(size=(700, 300)).astype("float32")}
    with tf.Graph().as_default(), v1.Session() as session:
        variables = [
            v1.get_variable(name, initializer=array, use_resource=False)
            for name, array in (TENSORS | big).items()
        ]
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(variables, write_version=v1.train.SaverDef.V1)
        saver.save(session, str(path), write_meta_graph=False)

    got = read_tf1_checkpoint(path)

    np.testing.assert_array_equal(got.pop("big"), big["big"])
    check(got)


@needs_tensorflow
def test_tensorflow_reads_what_our_tests_write(path):
    import tensorflow as tf

    path.write_bytes(whole)
    reader = tf.compat.v1.train.NewCheckpointReader(str(path))

    check(
        {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    )


@needs_tensorflow
def test_a_checkpoint_of_the_second_format_is_told_apart(path):
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        variable = v1.get_variable("x", initializer=np.ones(3, "float32"))
        session.run(v1.global_variables_initializer())
        v1.train.Saver([variable]).save(session, str(path), write_meta_graph=False)

    with pytest.raises(ValueError, match="another format"):
        read_tf1_checkpoint(f"{path}.index")


def test_variables_of_other_types_are_left_out(path):
    entries = dict(checkpoint_entries({"a": np.ones(2, "float32")}))
    text = b"names"
    listed = message(1, text) + message(2, message(2, number(1, 2)))
    listed += number(3, 7) + message(4, message(1, b""))
    meta = message(1, listed) + entries[b""][2:]
    strings = message(1, text) + message(2, message(1, b""))
    strings += message(3, message(8, b"x") + message(8, b"y"))
    entries[b""] = message(1, meta)
    entries[writer.slice_key("names", 1)] = message(2, strings)
    path.write_bytes(table(sorted(entries.items())))

    assert list(read_tf1_checkpoint(path)) == ["a"]


def entry(name="a", *, shape=(2,), code=1, field=5, content=None, key=None, **more):
    """Give the entries of one tensor, part of which may be wrong."""
    extents = more.get("extents", message(1, b"") * len(shape))
    sizes = b"".join(message(2, number(1, size)) for size in shape)
    meta = message(1, name.encode()) + message(2, sizes) + number(3, code)
    meta = message(1, meta + message(4, extents))
    content = np.ones(2, "<f4").tobytes() if content is None else content
    proto = message(field, content) + more.get("proto", b"")
    data = message(1, name.encode()) + message(2, extents) + message(3, proto)
    key = writer.slice_key(name, len(shape)) if key is None else key
    meta = more.get("meta", meta * more.get("listed", 1))
    return [(b"", message(1, meta)), (key, message(2, data + more.get("data", b"")))]


ODD = {
    "too few numbers": (entry(shape=(3,)), "2 numbers for the shape"),
    "too many numbers": (entry(shape=(1,)), "2 numbers for the shape"),
    "a shape beyond memory": (entry(shape=(1 << 62, 1 << 62)), "has the shape"),
    "more dimensions than any": (entry(shape=(1,) * 9), "has the shape"),
    "half a number": (entry(content=b"12345"), "middle of a number"),
    "another type": (entry(proto=number(1, 2)), "another type"),
    "another field": (entry(field=6), "field 6 of wire type 2"),
    "a field twice": (entry(data=message(2, b"")), "field 2 twice"),
    "an unknown field": (entry(data=message(9, b"")), "field 9"),
    "another wire type": (entry(data=number(3, 1)), "field 3 of wire type 0"),
    "another key": (entry(key=b"\0b\0\x01\x01\x01\x80\x7f"), "another tensor's key"),
    "a part": (entry(extents=message(1, number(1, 0) + number(2, 2))), "several parts"),
    "a slice of two": (entry(extents=message(1, b"") * 2), "its slice differs"),
    "not listed": (entry(meta=b""), "does not list it"),
    "listed twice": (entry(listed=2), "lists 'a' twice"),
    "not held": (entry()[:1], "does not contain it"),
    "no list": (entry()[1:], "not with a list"),
    "a list only": ([(b"", b"")], "not part of a checkpoint"),
    "no name": (entry(meta=message(1, number(3, 1))), "no name"),
    "a name that is no text": (entry(meta=message(1, message(1, b"\xff"))), "utf-8"),
    "numbers beyond int32": (
        entry(code=3, field=7, content=writer.varint(1 << 40) * 2),
        "do not fit int32",
    ),
    "a number without end": (entry(code=9, field=10, content=b"\xff" * 11), "64 bits"),
    "a number cut off": (entry(code=9, field=10, content=b"\xff"), "cut off"),
    "keys out of order": ([*entry(), (b"\0A", b"")], "out of order"),
    "a key without end": ([(b"k" * 5000, b"")], "a key shares"),
}


@pytest.mark.parametrize(("entries", "message"), ODD.values(), ids=ODD.keys())
def test_odd_contents_are_refused(path, entries, message):
    path.write_bytes(table(entries))

    with pytest.raises(ValueError, match=message) as info:
        read_tf1_checkpoint(path)
    assert str(path) in str(info.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"short", "too few"),
        (bytes(200), "does not end as a table"),
        (whole[:-1], "does not end as a table"),
        (b"x" + whole, "at byte|damaged|beyond"),
        (whole[100:], "at byte|damaged|beyond|compressed"),
        (table(checkpoint_entries(TENSORS), kind=1), "compressed"),
        (whole[:-9] + b"\1" + whole[-8:], "footer"),
    ],
)
def test_damaged_files_are_refused(path, content, message):
    path.write_bytes(content)

    with pytest.raises(ValueError, match=message):
        read_tf1_checkpoint(path)


def test_no_changed_byte_goes_unnoticed(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "model.ckpt"
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"model\.ckpt"):
            read_tf1_checkpoint(path)


@given(
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 30),
)
def test_contents_changed_under_a_right_crc_raise_only_value_errors(
    tmp_path_factory, edits, cut
):
    path = tmp_path_factory.mktemp("fuzz") / "model.ckpt"
    body = bytearray(writer.block(checkpoint_entries(TENSORS))[: -cut or None])
    for position, octet in edits:
        body[position % len(body)] = octet
    path.write_bytes(sealed_table(bytes(body)))

    with contextlib.suppress(ValueError):
        got = read_tf1_checkpoint(path)
        assert all(isinstance(array, np.ndarray) for array in got.values())


def sealed_table(body):
    """Give a table of one block of any contents."""
    good = table([(b"\xff", b"")])
    place = writer.varint(0) + writer.varint(len(body))
    chunks = [writer.sealed(body)]
    places = []
    for block in (writer.block([]), writer.block([(b"\xff", place)])):
        start = sum(map(len, chunks))
        places.append(writer.varint(start) + writer.varint(len(block)))
        chunks.append(writer.sealed(block))
    footer = b"".join(places).ljust(FOOTER - 8, b"\0")
    return b"".join(chunks) + footer + good[-8:]


def test_crc_of_known_data():
    # RFC 3720, appendix B.4.
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0


@given(length=st.sampled_from([16_383, 16_384, 16_385, 50_001]), seed=st.integers(0, 9))
def test_crc_in_lanes_is_the_crc_octet_by_octet(length, seed):
    data = np.random.default_rng(seed).integers(0, 256, length, dtype=np.uint8)

    assert crc32c(data) == slow_crc(data.tolist())
    assert unmask(mask(crc32c(data))) == crc32c(data)


def slow_crc(octets):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    register = 0xFFFFFFFF
    for octet in octets:
        register = register >> 8 ^ table[(register ^ octet) & 0xFF]
    return register ^ 0xFFFFFFFF
