"""The discrete Fourier transform as a matrix product."""

import numpy as np


def dft_matrices(
    window: np.ndarray, *, n_fft: int, offset: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Build the matrices that window and transform frames, which are their rows.

    Args:
        window: Window, (frame_length,), or a matrix (frame_length, frame_length) that
            a frame is multiplied by before its transform.
        n_fft: Length of the transform, at least frame_length + `offset`.
        offset: Where in the transform the frame begins.

    Returns:
        Real and imaginary part, float32 (frame_length, n_fft // 2 + 1).
    """
    time = offset + np.arange(len(window))
    # Reduced as integers: large angles would cost the cosine its last digits.
    turns = np.outer(time, np.arange(n_fft // 2 + 1)) % n_fft
    angle = 2 * np.pi / n_fft * turns
    waves = np.exp(-1j * angle)
    matrix = window[:, None] * waves if window.ndim == 1 else window @ waves
    return matrix.real.astype("float32"), matrix.imag.astype("float32")
