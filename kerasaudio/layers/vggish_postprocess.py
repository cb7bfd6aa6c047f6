"""Postprocess VGGish embeddings as in the AudioSet release: PCA, clipped, 8 bits."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from kerasaudio.files.array_file import read_arrays
from kerasaudio.layers.base import Float32Layer, Shape, check_choice, require
from kerasaudio.layers.precision import matmul

LIMIT = 2.0  # the components are clipped to -2 ... 2
LEVELS = 255.0
_ARRAYS = ("pca_eigen_vectors", "pca_means")
_MOST_BYTES = 16 * 2**20


@keras.saving.register_keras_serializable("kerasaudio")
class VGGishPostprocess(Float32Layer):
    """Rotate and whiten by PCA, clip to [-2, 2], quantize to 0 ... 255.

    Input: embeddings (batch, ..., features). Output: float32 (batch, ..., components),
    whole numbers unless ``rounding=None``. Whole numbers have no gradient.

    Args:
        eigen_vectors: PCA matrix, (components, features).
        means: Means of the features, (features,).
        rounding: ``"down"`` (default) as in upstream's cast to uint8, which AudioSet's
            features have; ``"nearest"`` as in torchvggish; None returns values in
            [-2, 2] without quantization.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: Shapes do not fit each other or the input, values are not finite, or
            `rounding` is unknown.

    Source: tensorflow/models, research/audioset/vggish/vggish_postprocess.py at
    4b2f15f; harritaylor/torchvggish at f3f9096.

    Examples:
        >>> pca = kerasaudio.layers.VGGishPostprocess(np.eye(2, 3), means=np.zeros(3))
        >>> [int(value) for value in pca(np.array([[-2.0, 1.0, 5.0]], "float32"))[0]]
        [0, 191]
    """

    arguments = ("eigen_vectors", "means", "rounding")

    def __init__(
        self,
        eigen_vectors: ArrayLike,
        means: ArrayLike,
        *,
        rounding: str | None = "down",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_choice(rounding=(rounding, ("down", "nearest", None)))
        matrix = np.asarray(eigen_vectors, "float32")
        center = np.asarray(means, "float32").reshape(-1)
        require(
            matrix.ndim == 2 and matrix.size > 0 and matrix.shape[1] == center.size,
            "`eigen_vectors` must be (components, features), and `means` must be "
            "(features,).",
            eigen_vectors=matrix.shape,
            means=center.shape,
        )
        require(
            bool(np.isfinite(matrix).all() and np.isfinite(center).all()),
            "`eigen_vectors` and `means` must be finite.",
        )
        self.eigen_vectors, self.means = matrix.tolist(), center.tolist()
        self.rounding = rounding
        self._matrix, self._center = np.ascontiguousarray(matrix.T), center

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        rounding: str | None = "down",
        **kwargs: Any,
    ) -> Self:
        """Return the layer for a `vggish_pca_params.npz`; nothing in it is unpickled.

        Args:
            path: Path of the file, with arrays `pca_eigen_vectors` and `pca_means`.
            rounding: See the class.
            **kwargs: Passed to `keras.layers.Layer`.

        Raises:
            ValueError: The file does not contain these arrays.
            OSError: The file cannot be read.
        """
        matrix, center = _read(path)
        return cls(matrix, center, rounding=rounding, **kwargs)

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` are vectors of the right length."""
        super().check_input(inputs)
        features = len(self.means)
        require(
            len(inputs.shape) > 1 and inputs.shape[-1] == features,
            f"The PCA takes vectors of {features} features.",
            shape=tuple(inputs.shape),
        )

    def call(self, inputs: Any) -> Any:
        """Transform (batch, ..., features)."""
        self.check_input(inputs)
        x = matmul(ops.subtract(inputs, self._center), self._matrix)
        x = ops.clip(x, -LIMIT, LIMIT)
        if self.rounding is None:
            return x
        x = (x + LIMIT) * (LEVELS / (2 * LIMIT))
        return ops.floor(x) if self.rounding == "down" else ops.round(x)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, ..., components)."""
        return (*input_shape[:-1], len(self.eigen_vectors))


def _read(path: str | os.PathLike[str]) -> tuple[np.ndarray, np.ndarray]:
    try:
        matrix, center = read_arrays(Path(path), _ARRAYS, limit=_MOST_BYTES).values()
        if not matrix.dtype.kind == center.dtype.kind == "f":
            raise ValueError(f"its arrays are {matrix.dtype} and {center.dtype}")
    except ValueError as error:
        raise ValueError(
            f"{os.fspath(path)} does not contain the PCA of VGGish, which has "
            f"floating-point arrays {' and '.join(_ARRAYS)}: {error}."
        ) from error
    return matrix, center
