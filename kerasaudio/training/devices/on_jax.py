"""Several devices on jax: `keras.distribution.DataParallel`.

The program of a step is that of one device, with the batch divided: sums over a batch
and random numbers are those of one device, too.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras

from kerasaudio.training.devices.moments import over_all_rows


class OnJax:
    """Train on several devices of jax.

    Args:
        devices: Names of the devices, as `keras.distribution.list_devices` has them.
    """

    def __init__(self, devices: Sequence[str]) -> None:
        self._devices = list(devices)

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context that changes nothing."""
        return nullcontext()

    @contextmanager
    def placed(self, learner: Any) -> Iterator[None]:
        """Keep the variables on all devices, and then where they were."""
        import jax

        before = keras.distribution.distribution()
        spread = keras.distribution.DataParallel(
            devices=self._devices, auto_shard_dataset=False
        )
        variables = learner.variables
        homes = [(v.value.sharding, v._layout) for v in variables]
        keras.distribution.set_distribution(spread)
        try:
            for variable in variables:
                layout = spread.get_variable_layout(variable).backend_layout
                _move(variable, layout, layout)
            with over_all_rows(learner, lambda value: value):
                yield
        finally:
            keras.distribution.set_distribution(before)
            for variable, home in zip(variables, homes, strict=True):
                _move(variable, *home)
            jax.block_until_ready([variable.value for variable in variables])

    def begin_epoch(self, seed: int) -> None:
        """Leave the random numbers as they are: those of the rows of one batch."""

    def train_step(self, learner: Any, data: Any) -> Any:
        """Leave the step to Keras."""
        return NotImplemented


def _move(variable: Any, place: Any, layout: Any) -> None:
    """Put the value of a variable on devices, and what is assigned to it later."""
    import jax

    variable._layout = layout
    variable._value = jax.device_put(variable.value, place)
