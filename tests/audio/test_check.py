"""Every waveform that is none is refused with the reason and the remedy."""

import numpy as np
import pytest

from kerasaudio.audio import check_waveform

RAMP = np.linspace(-1, 1, 100)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
def test_floats_become_float32(dtype):
    checked = check_waveform(RAMP.astype(dtype))
    assert checked.dtype == np.float32
    np.testing.assert_allclose(checked, RAMP, atol=1e-3)


def test_lists_and_bfloat16_pass():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    assert check_waveform([0.0, 0.5]).tolist() == [0.0, 0.5]
    half = np.array([0.0, 0.5], ml_dtypes.bfloat16)
    assert check_waveform(half).tolist() == [0.0, 0.5]


def test_float32_is_not_copied_nor_changed():
    waveform = RAMP.astype("float32")
    assert check_waveform(waveform) is waveform


@pytest.mark.parametrize("peak", [0.0, 1.0, 1.3, 9.9])
def test_silence_and_hot_mixes_pass(peak):
    assert check_waveform(np.full(10, -peak)).min() == np.float32(-peak)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros(9, "int16"), "dtype int16.*divide by 32768"),
        (np.zeros(9, "int32"), "dtype int32.*divide by 2147483648"),
        (np.zeros(9, "uint8"), "dtype uint8.*subtract 128 and divide by 128"),
        (np.zeros(9, "int64"), "dtype int64.*full scale"),
        (np.zeros(9, bool), "dtype bool.*mask"),
        (np.zeros(9, complex), "dtype complex128.*spectrum"),
        ("song.wav", "load_audio"),
        (b"RIFF", "load_audio"),
        (None, "dtype object"),
        ([[0.5], [0.5, 0.5]], "list"),
        (np.float32(0.5), r"shape \(\).*single number"),
        (np.zeros(0), r"contain samples.*shape \(0,\)"),
        (np.zeros((0, 2)), "contain samples"),
        (np.zeros((1, 400)), r"shape \(1, 400\).*squeeze\(0\)"),
        (np.zeros((400, 1)), r"squeeze\(1\)"),
        (np.zeros((2, 400)), r"Axis 0 looks like 2 channels.*mean\(axis=0\)"),
        (np.zeros((400, 2)), r"Axis 1 looks like 2 channels.*mean\(axis=1\)"),
        (np.zeros((64, 400)), "one clip at a time"),
        (np.zeros((2, 3, 4)), r"mono.*shape \(2, 3, 4\)"),
        (np.array([0, np.nan, np.nan]), "2 NaN or infinite samples of 3.*index 1"),
        (np.array([0, -np.inf]), "index 1"),
        (np.full(5, 1e300), "infinite"),
        (np.full(5, 30000.0), "peak of 30000.*32768"),
        (np.full(5, -100.0), "peak of 100.*128"),
        (np.full(5, 1e9), "2147483648"),
    ],
)
def test_what_is_refused(array, says):
    with pytest.raises(ValueError, match=f"(?s)^this clip.*{says}"):
        check_waveform(array, name="this clip")
