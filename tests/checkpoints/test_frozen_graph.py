"""Frozen graphs: read as TensorFlow reads them, never run; damaged ones refused."""

import contextlib

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasaudio.checkpoints.frozen_graph import read_frozen_graph
from support.frozen_graph import constant, graph, node, shape, tensor
from support.tf1_checkpoint import message, number, packed, varint

TENSORS = {
    "conv/weights": np.arange(18, dtype="float32").reshape(3, 3, 1, 2) - 9,
    "conv/biases": np.array([0.5, -np.inf], "float32"),
    "wide": np.linspace(-1, 1, 12).reshape(4, 3),
    "Reshape/shape": np.array([-1, 490], "int32"),
    "step": np.array(-12_345),
    "empty": np.zeros((0, 3), "float32"),
}
STRIDES = {"conv/Conv2D": (1, 2, 1, 1), "conv/depthwise": (1, 1, 1, 1)}
whole = graph(TENSORS, STRIDES)
needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow writes and reads"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.pb"


def check(got, wanted=TENSORS):
    assert sorted(got) == sorted(wanted)
    for name, want in wanted.items():
        np.testing.assert_array_equal(got[name], want)
        assert got[name].dtype == want.dtype


def test_what_was_written_is_read(path):
    path.write_bytes(whole)

    found = read_frozen_graph(path)

    check(found.constants)
    assert all(array.flags.writeable for array in found.constants.values())
    assert found.strides == STRIDES


@needs_tensorflow
def test_tensorflow_reads_what_our_tests_write():
    import tensorflow as tf

    found = tf.compat.v1.GraphDef.FromString(whole)

    check(
        {
            one.name: tf.make_ndarray(one.attr["value"].tensor)
            for one in found.node
            if one.op == "Const"
        }
    )
    strides = {
        one.name: tuple(one.attr["strides"].list.i)
        for one in found.node
        if "strides" in one.attr
    }
    assert strides == STRIDES


@needs_tensorflow
def test_tensorflows_own_graph_is_read(path):
    import tensorflow as tf

    with tf.Graph().as_default() as made:
        for name, array in TENSORS.items():
            tf.constant(array, name=name)
        tf.constant("a text", name="text")
        tf.constant([True, False], name="flags")
        tf.constant(1.5, shape=(3, 2), name="filled")
        image = tf.compat.v1.placeholder("float32", (None, 8, 8, 2), "image")
        kernel = np.zeros((3, 3, 2, 1), "float32")
        tf.nn.depthwise_conv2d(image, kernel, (1, 2, 2, 1), "SAME", name="depthwise")
        tf.nn.conv2d(image, kernel, (1, 2, 1, 1), "SAME", name="Conv2D")
    path.write_bytes(made.as_graph_def().SerializeToString())

    constants, strides = read_frozen_graph(path)

    assert not {"text", "flags"} & constants.keys()
    wanted = TENSORS | {"filled": np.full((3, 2), 1.5, "float32")}
    check({name: constants[name] for name in wanted}, wanted)
    assert strides == {"depthwise": (1, 2, 2, 1), "Conv2D": (1, 2, 1, 1)}


def test_numbers_that_end_early_repeat_the_last(path):
    numbers = packed(np.array([1, 2], "float32"))
    content = number(1, 1) + shape((2, 3)) + message(5, numbers)
    zeros = number(1, 3) + shape((2,))
    nodes = [constant("filled", content), constant("zeros", zeros, 3)]
    path.write_bytes(b"".join(message(1, one) for one in nodes))

    check(
        read_frozen_graph(path).constants,
        {
            "filled": np.array([[1, 2, 2], [2, 2, 2]], "float32"),
            "zeros": np.zeros(2, "int32"),
        },
    )


def const(content, name="a"):
    """Give a graph of one constant."""
    return message(1, constant(name, content))


ODD = {
    "nothing": (b"", "no constant in it"),
    "nodes without numbers": (message(1, node("x", "Placeholder")), "no constant"),
    "too few numbers": (
        const(number(1, 1) + shape((3,)) + message(4, b"12345678")),
        "2 numbers for the shape",
    ),
    "too many numbers": (
        const(number(1, 1) + shape((1,)) + message(5, b"12345678")),
        "2 numbers for the shape",
    ),
    "half a number": (
        const(number(1, 1) + shape((1,)) + message(4, b"12345")),
        "middle of a number",
    ),
    "a shape beyond memory": (
        const(number(1, 1) + shape((1 << 62, 1 << 62))),
        "has the shape",
    ),
    "more dimensions than any": (const(number(1, 1) + shape((1,) * 9)), "the shape"),
    "one number, a billion times": (
        const(number(1, 1) + shape((2**30,)) + message(5, b"1234")),
        "1 numbers for 1,073,741,824",
    ),
    "many times many numbers": (
        b"".join(const(number(1, 1) + shape((2**22,)), str(i)) for i in range(9)),
        "0 numbers for 4,194,304",
    ),
    "no value": (message(1, node("a", "Const")), "has no value"),
    "a value of another kind": (
        message(1, node("a", "Const", value=number(3, 1))),
        "has no value",
    ),
    "a node twice": (2 * const(tensor(np.ones(2, "float32"))), "two nodes 'a'"),
    "no name": (message(1, message(2, b"Const")), "a node has no name"),
    "no operation": (message(1, message(1, b"a")), "operation of 'a' has no name"),
    "a name that is no text": (message(1, message(1, b"\xff")), "utf-8"),
    "two names": (message(1, 2 * message(1, b"a")), "field 1 twice"),
    "an attribute twice": (
        message(1, node("a", "Const") + 2 * message(5, message(1, b"x"))),
        "attribute 'x' twice",
    ),
    "strides that are no numbers": (
        message(1, node("a", "Conv2D", strides=message(2, b"x"))),
        "no numbers",
    ),
    "an unknown field": (message(9, b""), "field 9"),
    "another wire type": (number(1, 1), "field 1 of wire type 0"),
    "groups, an old kind of field": (varint(1 << 3 | 3), "wire type 3"),
    "numbers beyond int32": (
        const(number(1, 3) + shape((1,)) + message(7, varint(1 << 40))),
        "do not fit int32",
    ),
    "a number without end": (
        const(number(1, 9) + shape((1,)) + message(10, b"\xff" * 11)),
        "64 bits",
    ),
    "cut off": (whole[:-20], "cut off|no constant|field"),
    "another kind of file": (b"\x89HDF\r\n\x1a\n" + bytes(100), "a message has"),
    "text": (b"node { name: 'a' }", "a message has"),
}


@pytest.mark.parametrize(("content", "says"), ODD.values(), ids=ODD.keys())
def test_odd_contents_are_refused(path, content, says):
    path.write_bytes(content)

    with pytest.raises(ValueError, match=says) as info:
        read_frozen_graph(path)
    assert str(path) in str(info.value)


@given(
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 30),
)
def test_changed_bytes_raise_only_value_errors(tmp_path_factory, edits, cut):
    path = tmp_path_factory.mktemp("fuzz") / "model.pb"
    content = bytearray(whole[: -cut or None])
    for position, octet in edits:
        content[position % len(content)] = octet
    path.write_bytes(content)

    with contextlib.suppress(ValueError):
        found = read_frozen_graph(path)
        assert all(isinstance(array, np.ndarray) for array in found.constants.values())


@pytest.mark.shared
@pytest.mark.parametrize("size", ["S", "M", "L"])
def test_arms_graphs_have_the_published_constants(shared, size):
    wanted, found = {}, None
    listed = (shared / "reference" / "golden" / "kws_arm_tensors.txt").read_text()
    for line in listed.splitlines():
        if line.startswith("=="):
            found = line.split()[1] == f"DS_CNN_{size}.pb"
        elif found:
            name, _, sizes = line.partition(" ")
            wanted[name] = tuple(int(n) for n in sizes[1:-1].split(",") if n.strip())

    graph = read_frozen_graph(shared / "reference" / "kws_arm" / f"DS_CNN_{size}.pb")

    floats = {k: v.shape for k, v in graph.constants.items() if v.dtype == "float32"}
    assert floats == wanted
    assert len(graph.strides) == 1 + 2 * (5 if size == "L" else 4)
