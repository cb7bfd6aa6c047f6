"""Networks of full size without memory for their weights."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras


def without_allocating(work: Callable[[], Any]) -> Any:
    """Return what a function makes of networks whose weights are not allocated.

    It runs in a thread of its own: Keras remembers such weights for the thread, and
    would allocate them all at the end of the next scope.
    """

    def run() -> Any:
        with keras.StatelessScope(initialize_variables=False):
            return work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
