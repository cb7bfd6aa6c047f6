"""Pictures as arrays: what is accepted, sizes, zoom, files."""

import numpy as np
import pytest
from PIL import Image

from kerasaudio.interpret.pictures import (
    as_bytes,
    check_picture,
    resized,
    write_picture,
    zoomed,
)

SHADES = np.linspace(0, 1, 60).reshape(4, 5, 3)


@pytest.mark.parametrize(
    "given",
    [
        SHADES,
        SHADES.astype("float16"),
        as_bytes(SHADES),
        Image.fromarray(as_bytes(SHADES)),
    ],
)
def test_pictures_of_all_types(given):
    picture = check_picture(given)
    assert picture.dtype == "float32"
    np.testing.assert_allclose(picture, SHADES, atol=0.003)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1)])
def test_gray_has_three_equal_colors(shape):
    gray = SHADES[..., 0].reshape(shape)
    picture = check_picture(gray)
    assert picture.shape == (4, 5, 3)
    np.testing.assert_allclose(picture[..., 2], SHADES[..., 0], atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (np.zeros((0, 5, 3)), "at least one pixel"),
        (np.zeros(5), r"\(height, width, 3\)"),
        (np.zeros((2, 4, 5, 3)), r"Received: shape \(2, 4, 5, 3\)"),
        (np.zeros((4, 5, 4)), r"transparency: picture\[..., :3\]"),
        (np.full((4, 5, 3), 255.0), "from 0 to 1. Received: 255 to 255"),
        (np.full((4, 5, 3), -0.5), "Divide by 255, or pass uint8"),
        (np.full((4, 5, 3), np.nan), "NaN or infinity"),
        (np.zeros((4, 5, 3), "int64"), "dtype int64"),
        (np.zeros((4, 5, 3), bool), "dtype bool"),
        (None, "must have the shape"),
        ([[1, 2], [3]], "must be a picture"),
    ],
)
def test_what_is_no_picture(wrong, says):
    with pytest.raises(ValueError, match=f"guide.*{says}"):
        check_picture(wrong, "guide")


def test_sizes():
    np.testing.assert_allclose(resized(SHADES, (4, 5)), SHADES, atol=1e-6)
    flat = np.full((7, 9, 3), 0.3)
    for size in ((3, 4), (7, 20), (1, 1)):
        np.testing.assert_allclose(resized(flat, size), np.full((*size, 3), 0.3), 1e-5)
    ramp = np.repeat(np.arange(8.0)[:, None, None], 3, axis=2)
    assert resized(ramp, (2, 1))[:, 0, 0] == pytest.approx([1.5, 5.5], abs=0.5)
    larger = resized(ramp, (16, 1))[:, 0, 0]
    assert larger[7:9] == pytest.approx([3.25, 3.75])


def test_fine_stripes_become_gray_and_not_stripes():
    stripes = np.zeros((64, 64, 3))
    stripes[::2] = 1
    assert np.ptp(resized(stripes, (10, 10))[1:-1]) < 0.2


def test_the_middle_is_enlarged():
    picture = np.zeros((21, 31, 3))
    picture[10, 15] = 1
    larger = zoomed(picture, 3)
    assert larger.shape == picture.shape
    assert larger[10, 15, 0] == pytest.approx(1)
    assert larger[11, 15, 0] == pytest.approx(2 / 3)
    np.testing.assert_allclose(larger, larger[::-1, ::-1], atol=1e-6)
    np.testing.assert_allclose(zoomed(SHADES, 1), SHADES, atol=1e-6)


def test_files(tmp_path):
    path = tmp_path / "shades.png"
    write_picture(path, SHADES)
    np.testing.assert_array_equal(as_bytes(check_picture(path)), as_bytes(SHADES))
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(OSError, match=r"shades\.png"):
        check_picture(path)
    path.write_text("no picture")
    with pytest.raises(OSError, match=r"shades\.png' is not a picture"):
        check_picture(str(path))
    with pytest.raises(FileNotFoundError):
        check_picture(tmp_path / "none.png")
