"""The transform by small matrices is NumPy's, of any length."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.layers.dft import MatrixDFT


def transformed(frames):
    real, imag = MatrixDFT(frames.shape[-1])(frames.astype("float32"))
    return keras.ops.convert_to_numpy(real) + 1j * keras.ops.convert_to_numpy(imag)


def assert_numpys(n_fft, seed=0, tolerance=1e-6):
    frames = np.random.default_rng(seed).normal(size=(2, 3, n_fft))
    wanted = np.fft.rfft(frames)
    np.testing.assert_allclose(
        transformed(frames), wanted, rtol=0, atol=tolerance * np.abs(wanted).max()
    )


@settings(max_examples=25, deadline=None)
@given(n_fft=st.integers(1, 600), seed=st.integers(0, 99))
def test_any_length(n_fft, seed):
    assert_numpys(n_fft, seed)


@pytest.mark.parametrize("n_fft", [1_000, 1_024, 2_048])
def test_large_angles_stay_exact(n_fft):
    assert_numpys(n_fft)


def test_of_a_prime_length_single_sums_are_long():
    assert_numpys(4_001, tolerance=4e-6)


@settings(max_examples=25, deadline=None)
@given(n_fft=st.integers(1, 600), seed=st.integers(0, 99))
def test_the_inverse_of_any_length(n_fft, seed):
    frames = np.random.default_rng(seed).normal(size=(2, 3, n_fft)).astype("float32")
    dft = MatrixDFT(n_fft)
    again = keras.ops.convert_to_numpy(dft.inverse(*dft(frames)))
    np.testing.assert_allclose(again, frames, rtol=0, atol=1e-6 * np.abs(frames).max())


def test_matrices_stay_small():
    small = MatrixDFT(1_024)

    held = [value for value in vars(small).values() if isinstance(value, np.ndarray)]
    assert sum(value.nbytes for value in held) < 32_000  # one matrix has 4,202,496
