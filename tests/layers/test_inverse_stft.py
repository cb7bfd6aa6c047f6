"""InverseSTFT equals librosa.istft, at the edges too, and inverts STFT."""

import keras
import librosa
import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.layers import STFT, InverseSTFT
from support.front_ends import examples, relative_error, run


@st.composite
def transforms(draw):
    """Arguments that librosa takes too, and any spectra: no waveform need have them."""
    n_fft = draw(st.one_of(st.integers(16, 400), st.sampled_from([128, 256])))
    window = draw(st.sampled_from(["hann", "hamming", "boxcar", ("kaiser", 6.0)]))
    center = draw(st.booleans())
    if not center:  # windows that begin near 0 magnify rounding, librosa's too
        window = "hamming" if window == "hann" else window
    arguments = {
        "n_fft": n_fft,
        "hop_length": draw(st.integers(max(n_fft // 20, 1), n_fft + 40)),
        "win_length": draw(st.one_of(st.none(), st.integers(8, n_fft))),
        "window": window,
        "center": center,
    }
    frames = draw(st.integers(3, 12))
    most = arguments["hop_length"] * frames + 2 * n_fft
    arguments["length"] = draw(st.one_of(st.none(), st.integers(1, most)))
    seed = draw(st.integers(0, 2**32 - 1))
    shape = (2, frames, n_fft // 2 + 1, 2)
    spectra = np.random.default_rng(seed).normal(size=shape).astype("float32")
    spectra[1] *= 10.0 ** draw(st.integers(-3, 3))
    return arguments, spectra


def librosas(spectra, **arguments):
    each = np.moveaxis(spectra[..., 0] + 1j * spectra[..., 1], 1, 2)
    return librosa.istft(each.astype("complex64"), **arguments)


@settings(deadline=None, max_examples=examples(30))
@given(transforms(), st.sampled_from(["fft", "matmul"]))
def test_it_equals_librosa(transform, method):
    arguments, spectra = transform
    wanted = librosas(spectra, **arguments)
    got = run(InverseSTFT(method=method, **arguments), spectra)
    assert got.dtype == np.float32
    for waveform, reference in zip(got, wanted, strict=True):
        if np.abs(reference).max() == 0:  # between windows that do not reach it
            assert np.abs(waveform).max() == 0
        else:
            assert relative_error(waveform, reference) <= 1e-5


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"n_fft": 512, "hop_length": 512, "window": "boxcar"},  # hop = window
        {"n_fft": 512, "hop_length": 128, "win_length": 400},
        {"n_fft": 400, "hop_length": 160},
        {"n_fft": 255, "hop_length": 3, "method": "matmul"},
    ],
)
def test_it_inverts_the_transform_up_to_both_ends(rng, arguments):
    waveform = rng.normal(0, 0.1, (2, 5003)).astype("float32")
    spectra = run(STFT(**arguments), waveform)
    again = run(InverseSTFT(length=5003, **arguments), spectra)
    # With hop = window, the last samples are in no frame.
    known = 5003 - 5003 % 512 if arguments.get("window") == "boxcar" else 5003
    assert relative_error(again[:, :known], waveform[:, :known]) <= 1e-5


def test_a_window_at_the_left(rng):
    waveform = rng.normal(0, 0.1, (1, 2048)).astype("float32")
    settings = {"n_fft": 512, "hop_length": 103, "win_length": 400, "center": False}
    settings |= {"window": "hamming", "window_align": "left"}
    again = run(InverseSTFT(**settings), run(STFT(**settings), waveform))
    assert again.shape == (1, 400 + 103 * 16)  # all that the frames cover
    assert relative_error(again, waveform) <= 1e-5


def test_a_window_that_is_nearly_zero_at_its_end_is_zero_there(rng):
    """SciPy's Blackman window begins with -1e-17, by which librosa divides noise."""
    assert 0 < abs(scipy.signal.get_window("blackman", 64)[0]) < 1e-16
    waveform = rng.normal(0, 0.1, (1, 640)).astype("float32")
    settings = {"n_fft": 64, "hop_length": 16, "window": "blackman", "center": False}
    again = run(InverseSTFT(**settings), run(STFT(**settings), waveform))
    assert again[0, 0] == 0
    assert relative_error(again[:, 16:-16], waveform[:, 16:-16]) <= 1e-5


def test_imaginary_parts_without_meaning_are_ignored(rng):
    spectra = rng.normal(size=(1, 5, 9, 2)).astype("float32")
    real = spectra.copy()
    real[:, :, (0, 8), 1] = 0
    for method in ("fft", "matmul"):
        layer = InverseSTFT(16, method=method)
        np.testing.assert_array_equal(run(layer, spectra), run(layer, real))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 0}, "length must be .*Received: 0"),
        ({"length": 1.5}, "length must be .*1.5"),
        ({"n_fft": 512, "win_length": 513}, "win_length.*at most `n_fft`.*513"),
        ({"method": "dft"}, "matmul.*'dft'"),
        ({"window_align": "left"}, "center=False"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        InverseSTFT(**arguments)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 7, 257), r"\(batch, frames, bins, 2\).*\(2, 7, 257\)"),
        ((2, 7, 256, 2), r"n_fft=512 takes .* 257 bins.*\(2, 7, 256, 2\)"),
        ((2, 7, 257, 3), r"takes the real and the imaginary part.*\(2, 7, 257, 3\)"),
        ((2, 1, 257, 2), "more frames: no sample is left. Received: frames=1"),
        ((2, 0, 257, 2), "more frames: no sample is left. Received: frames=0"),
    ],
)
def test_what_is_no_spectrum_is_refused(shape, message):
    layer = InverseSTFT(n_fft=512)
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(shape, "float32"))
    with pytest.raises(ValueError, match=message):
        layer(keras.KerasTensor(shape))
