"""Positions of patches in time and frequency as sines, which are not trained."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from kerasaudio.layers.transformer import GridPositions


@keras.saving.register_keras_serializable("kerasaudio")
class SinePositions(GridPositions):
    """Add fixed positions in time and frequency to a grid of patches, and list them.

    The first half of the features tells the band, the second the step, as in masked
    autoencoders. The positions are weights that are not trained, since those of a file
    may be rounded.

    Input: (batch, steps, bands, features), at most `steps` steps; the number of
    features is a multiple of 4.
    Output: (batch, steps * bands, features), the bands of a step side by side.

    Args:
        steps: Number of positions in time.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the positions."""
        _, _, bands, features = input_shape
        assert bands is not None
        assert features is not None
        times, frequencies = sine_tables(self.steps, bands, features)

        def weight(name: str, table: np.ndarray) -> keras.Variable:
            return self.add_weight(
                name=name,
                shape=table.shape,
                initializer=lambda shape, dtype=None: ops.convert_to_tensor(
                    table, dtype
                ),
                trainable=False,
            )

        self.time_embeddings = weight("time_embeddings", times)
        self.frequency_embeddings = weight("frequency_embeddings", frequencies)


def sine_tables(steps: int, bands: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of steps and bands, (steps, features), (bands, features).

    Args:
        steps: Number of steps.
        bands: Number of bands.
        features: Number of features of a patch, a multiple of 4. The first half of
            those of a step are zeros, and the second half of those of a band.
    """
    half = features // 2

    def sines(count: int) -> np.ndarray:
        # In float32 like the original, whose late steps it rounds.
        rates = np.arange(half // 2, dtype="float32") / np.float32(half / 2)
        rates = np.float32(1) / np.float32(10_000) ** rates
        angles = np.arange(count, dtype="float32")[:, None] * rates
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)

    return (
        np.pad(sines(steps), ((0, 0), (half, 0))),
        np.pad(sines(bands), ((0, 0), (0, half))),
    )
