"""Batches for several devices at once (`keras.distribution` on jax).

Each device gets an equal share of a batch. A batch that cannot be divided is padded
with rows, which are removed afterwards or have weight 0.
"""

from typing import Any

import keras
import numpy as np


def shares() -> int:
    """Return the number of parts that a batch is split into; 1 without distribution."""
    if keras.backend.backend() != "jax":
        return 1
    distribution = keras.distribution.distribution()
    if distribution is None:
        return 1
    mesh = distribution.device_mesh
    sizes = dict(zip(mesh.axis_names, mesh.shape, strict=True))
    return int(sizes[distribution.batch_dim_name])


def filled_up(x: Any) -> Any:
    """Pad a batch with its own first rows until it can be divided."""
    if isinstance(x, dict | list | tuple):
        return keras.tree.map_structure(filled_up, x)
    lacking = -len(x) % shares()
    return x if not lacking else x[np.arange(len(x) + lacking) % len(x)]


def placed(x: Any) -> Any:
    """Place each share of a batch on its device; without distribution, return it."""
    if shares() == 1:
        return x
    import jax

    layout = keras.distribution.distribution().get_data_layout(x.shape)
    return jax.device_put(x, getattr(layout, "backend_layout", layout))


class DividedBatches(keras.utils.PyDataset):
    """Batches of another data set, padded with rows of weight 0.

    The weights of the real rows are raised, as the loss is a mean over all rows.
    Metrics that take no weights count some rows of the last batch twice.

    Args:
        batches: Data set of batches (x, y) or (x, y, weights).
    """

    def __init__(self, batches: keras.utils.PyDataset) -> None:
        super().__init__()
        self._batches = batches

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._batches)

    def on_epoch_end(self) -> None:
        """Pass the end of an epoch on."""
        self._batches.on_epoch_end()

    def __getitem__(self, index: int) -> tuple[Any, Any, np.ndarray]:
        """Return a batch that can be divided, with weights."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(self._batches[index])
        rows = len(keras.tree.flatten(x)[0])
        weights = np.ones(rows, "float32") if weights is None else weights
        weights = filled_up(weights) * np.float32((rows + -rows % shares()) / rows)
        weights[rows:] = 0
        return filled_up(x), filled_up(y), weights


def evaluate_divided(
    model: Any, batches: keras.utils.PyDataset, return_dict: bool
) -> Any:
    """Measure loss and metrics as `evaluate` does, without the padded rows.

    Args:
        model: A compiled model whose `predict_on_batch` takes batches of any size.
        batches: Data set of batches (x, y) or (x, y, weights).
        return_dict: Whether to return a dictionary by name.
    """
    model.reset_metrics()
    results: dict[str, Any] = {}
    for index in range(len(batches)):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batches[index])
        outputs = keras.ops.convert_to_tensor(model.predict_on_batch(x))
        y = keras.tree.map_structure(keras.ops.convert_to_tensor, y)
        loss = model.compute_loss(x, y, outputs, weights, training=False)
        model.metrics[0].update_state(loss, sample_weight=len(x))
        results = model.compute_metrics(x, y, outputs, weights)
    named = {name: float(value) for name, value in results.items()}
    if return_dict:
        return named
    numbers = list(named.values())
    return numbers[0] if len(numbers) == 1 else numbers
