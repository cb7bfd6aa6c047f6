"""Files that Keras 2 did not write are refused, and what they would do is not done."""

import gzip

import h5py
import numpy as np
import pytest

from kerasaudio.checkpoints import keras2_hdf5
from kerasaudio.checkpoints.keras2_hdf5 import assign_names, read_keras2
from kerasaudio.files.errors import UnsafeFileError
from support.keras2 import write_keras2

KERNEL = np.arange(6, dtype="float32").reshape(3, 1, 2)
LAYERS = [
    ("conv1d", {"kernel": KERNEL + number, "bias": KERNEL[0, 0]}) for number in range(4)
]
WEIGHT = "model_weights/conv1d_9/conv1d_9"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights.hdf5"
    write_keras2(path, LAYERS, start=8)
    return path


def test_layers_come_in_the_order_of_their_numbers(path):
    layers = read_keras2(path)

    assert list(layers) == ["conv1d"]
    for number, layer in enumerate(layers["conv1d"]):
        np.testing.assert_array_equal(layer["kernel"], KERNEL + number)
        assert layer["kernel"].dtype == np.float32


def test_the_first_layer_may_have_no_number_and_names_may_be_text(tmp_path):
    path = tmp_path / "tf_keras.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["dense_1", "dense"]
        for value, name in enumerate(["dense", "dense_1"]):
            file[f"{name}/{name}/kernel:0"] = np.full((2, 2), value, "float64")
            file[name].attrs["weight_names"] = [f"{name}/kernel:0"]

    layers = read_keras2(path)

    assert [layer["kernel"][0, 0] for layer in layers["dense"]] == [0, 1]


def test_long_lists_of_names_are_split_over_attributes(path):
    with h5py.File(path, "a") as file:
        attributes = file["model_weights"].attrs
        names = attributes["layer_names"]
        del attributes["layer_names"]
        attributes["layer_names0"], attributes["layer_names1"] = names[:3], names[3:]

    assert len(read_keras2(path)["conv1d"]) == 4


@pytest.mark.parametrize("name", ["weights.h5.gz", "weights.hdf5"])
def test_a_file_may_be_packed_whatever_its_name(path, name):
    packed = path.with_name(name)
    packed.write_bytes(gzip.compress(path.read_bytes()))

    layers = read_keras2(packed)

    for number, layer in enumerate(layers["conv1d"]):
        np.testing.assert_array_equal(layer["kernel"], KERNEL + number)


def test_a_packed_file_may_not_unpack_to_more_than_its_limit(path, monkeypatch):
    monkeypatch.setattr(keras2_hdf5, "MOST_UNPACKED", 10_000)
    path.write_bytes(gzip.compress(path.read_bytes()))

    with pytest.raises(
        UnsafeFileError, match=r"weights\.hdf5 was refused.*10,000 bytes"
    ):
        read_keras2(path)


def external_link(file, outside):
    file[f"{WEIGHT}/kernel:0"] = h5py.ExternalLink(str(outside), "/secret")


def soft_link(file, outside):
    file[f"{WEIGHT}/kernel:0"] = h5py.SoftLink("/model_weights/conv1d_8")


def linked_layer(file, outside):
    del file["model_weights/conv1d_9"]
    file["model_weights/conv1d_9"] = h5py.ExternalLink(str(outside), "/")


def text(file, outside):
    file[f"{WEIGHT}/kernel:0"] = np.array(["a", "b"], dtype=h5py.string_dtype())


def integers(file, outside):
    file[f"{WEIGHT}/kernel:0"] = np.arange(3)


def group(file, outside):
    file.create_group(f"{WEIGHT}/kernel:0")


def external_storage(file, outside):
    file[WEIGHT].create_dataset(
        "kernel:0", (4,), "float32", external=[(str(outside), 0, 16)]
    )


def virtual(file, outside):
    layout = h5py.VirtualLayout((3,), "float32")
    layout[:] = h5py.VirtualSource(str(outside), "secret", (3,))
    file[WEIGHT].create_virtual_dataset("kernel:0", layout)


def bomb(file, outside):
    file[WEIGHT].create_dataset("kernel:0", (1 << 40,), "float32", chunks=(1 << 10,))


def repeated(file, outside):
    file[f"{WEIGHT}/kernel:0"] = np.zeros(1000, "float32")
    root = file["model_weights"]
    names = [f"dense_{number}" for number in range(50)]
    for name in names:
        root[name] = root["conv1d_9"]  # a hard link: the same numbers again
    root.attrs["layer_names"] = [*names, "conv1d_9"]


def outside_path(file, outside):
    file[f"{WEIGHT}/kernel:0"] = KERNEL
    file["model_weights/conv1d_9"].attrs["weight_names"] = ["../../secret"]


@pytest.mark.parametrize(
    "damage",
    [
        external_link,
        soft_link,
        linked_layer,
        text,
        integers,
        group,
        external_storage,
        virtual,
        bomb,
        repeated,
        outside_path,
    ],
)
def test_anything_but_plain_numbers_is_refused(path, tmp_path, damage):
    outside = tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["secret"] = np.ones(3, "float32")
        file["conv1d_9/kernel:0"] = KERNEL
    with h5py.File(path, "a") as file:
        del file[f"{WEIGHT}/kernel:0"]
        damage(file, outside)

    with pytest.raises(UnsafeFileError, match="was refused"):
        read_keras2(path)


def cut(path):
    path.write_bytes(path.read_bytes()[:1500])


def not_hdf5(path):
    path.write_bytes(b"PK\x03\x04 something else")


def cut_and_packed(path):
    path.write_bytes(gzip.compress(path.read_bytes()[:1500]))


def packed_and_cut(path):
    path.write_bytes(gzip.compress(path.read_bytes())[:-3])


def no_names(path):
    with h5py.File(path, "a") as file:
        del file["model_weights"].attrs["layer_names"]


def weight_lost(path):
    with h5py.File(path, "a") as file:
        file.move(f"{WEIGHT}/kernel:0", f"{WEIGHT}/other:0")


def names_that_are_no_text(path):
    with h5py.File(path, "a") as file:
        group = file["model_weights"]
        del group.attrs["layer_names"]
        space = h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5a.create(group.id, b"layer_names\xff0", h5py.h5t.NATIVE_INT8, space)


@pytest.mark.parametrize(
    "damage",
    [
        *(cut, not_hdf5, cut_and_packed, packed_and_cut),
        *(no_names, weight_lost, names_that_are_no_text),
    ],
)
def test_a_damaged_file_is_named(path, damage):
    damage(path)

    with pytest.raises(
        ValueError, match=r"weights\.hdf5 is not a weights file of Keras 2"
    ):
        read_keras2(path)


def test_two_variables_of_one_name_are_not_mixed_up(path):
    with h5py.File(path, "a") as file:
        layer = file["model_weights/conv1d_9"]
        layer["inner/kernel:0"] = KERNEL
        names = [b"conv1d_9/kernel:0", b"inner/kernel:0"]
        layer.attrs["weight_names"] = np.array(names)

    with pytest.raises(ValueError, match="conv1d_9 has two variables of the same name"):
        read_keras2(path)


def test_another_number_of_layers_is_an_error(path):
    layers = read_keras2(path)

    with pytest.raises(ValueError, match=r"has the layers \{'conv1d': 4\}, not"):
        assign_names(layers, {"conv1d": ["stem", "block1"]}, "weights.hdf5")
