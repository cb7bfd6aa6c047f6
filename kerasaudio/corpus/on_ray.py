"""The Ray engine: copies of the model on the machines of a cluster.

This process lists the clips, hands them out in chunks, and alone writes the results, as
with the local engine: what dies elsewhere leaves nothing half-written. Plain actors
rather than Ray Data: there, a run whose actors had been killed did not end, and a
second run adds its rows to those of the first.
"""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

from kerasaudio.corpus.fleet import Fleet
from kerasaudio.corpus.local import Compute
from kerasaudio.corpus.tasks import Job
from kerasaudio.extras import install

# On a busy machine, Ray's own processes can be too late for its limit of 15 s.
_TRIES = 4


def check_installed() -> None:
    """Raise unless ray is installed.

    Raises:
        ImportError: It is missing; the message says what to install.
    """
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'engine="ray" needs Ray: {install("ray")}. Or use engine="local".'
        ) from error


@contextlib.contextmanager
def started(job: Job, workers: int | None = None) -> Iterator[Compute]:
    """Start the workers, and yield the function that computes clips.

    Args:
        job: What to compute.
        workers: Number of copies of the model; None for one per GPU of the cluster, or
            per CPU if it has no GPU.

    Raises:
        OSError: Workers cannot be started, or (later) die whatever they compute.
    """
    with _cluster() as ray:
        fleet = Fleet(ray, job, workers)
        try:
            fleet.start()
            yield fleet.results
        finally:
            fleet.stop()


@contextlib.contextmanager
def _cluster() -> Iterator[Any]:
    """Use the cluster that is there: connected to, or named by RAY_ADDRESS; or begin
    one on this machine.
    """
    import ray

    if ray.is_initialized():
        yield ray
        return
    _begin(ray, os.environ.get("RAY_ADDRESS") or "local")
    try:
        yield ray
    finally:
        ray.shutdown()


def _begin(ray: Any, address: str) -> None:
    tries = _TRIES if address == "local" else 1
    for left in reversed(range(tries)):
        try:
            with warnings.catch_warnings():
                # jax warns of any fork; what Ray forks becomes another program at once.
                warnings.simplefilter("ignore", RuntimeWarning)
                ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
            return
        except Exception as error:  # Ray raises no kind of its own
            ray.shutdown()
            if not left:
                raise OSError(
                    f"Ray could not be started or reached at {address!r}: {error}"
                ) from error
