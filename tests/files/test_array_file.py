"""Arrays of an .npz file: what NumPy would read, and Python could not hold."""

import numpy as np
import pytest

from kerasaudio.files.array_file import read_arrays


def test_arrays_come_back(tmp_path):
    arrays = {
        "little": np.array(["a", "雨", "bad-\udcff", "\U0010ffff"]),
        "big": np.array(["a", "雨"]).astype(">U3"),
        "empty": np.array([], "U4"),
        "scalar": np.array("word"),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    }
    np.savez(tmp_path / "a.npz", **arrays)
    found = read_arrays(tmp_path / "a.npz")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("order", ["<", ">"])
def test_letters_beyond_unicode_are_no_text(order, tmp_path):
    letters = np.array([65, 0x110000], f"{order}u4").view(f"{order}U2")
    np.savez(tmp_path / "a.npz", names=letters)
    with pytest.raises(ValueError, match="names contains invalid text"):
        read_arrays(tmp_path / "a.npz")


def test_records_are_no_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", rows=np.zeros(2, "f4,U2"))
    with pytest.raises(ValueError, match="rows has the type"):
        read_arrays(tmp_path / "a.npz")
