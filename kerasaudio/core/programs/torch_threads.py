"""Threads that run parts of a batch on torch, each with its share of the cores.

torch divides operations among threads of OpenMP, and so does MKL, which has a number of
its own. Both know their number for each thread that computes. `torch.set_num_threads`
would also change what later threads of the user get, so the libraries are asked.
"""

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import keras

from kerasaudio.core.programs import side_by_side


def may_divide() -> bool:
    """Return whether threads may run parts of a batch as this thread would.

    They may not if the user gave torch fewer threads than there are parts, nor inside
    of what torch knows in this thread alone: automatic casts, profilers, and modes that
    see all operations.
    """
    import torch

    return (
        side_by_side.may_run()
        and torch.get_num_threads() >= side_by_side.PARTS
        and not torch.is_autocast_enabled("cpu")
        and not torch.autograd._profiler_enabled()
        and not torch._C._len_torch_function_stack()
        and not torch._C._len_torch_dispatch_stack()
        and _library() is not None
    )


def like_here(device: Any) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Return what makes the context of a thread: as here, with a share of the threads.

    Args:
        device: Where tensors are.
    """
    import torch

    records, inference = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    share = torch.get_num_threads() // side_by_side.PARTS

    @contextlib.contextmanager
    def setting() -> Iterator[None]:
        with (
            _divided_among(share),
            torch.inference_mode(inference),
            torch.set_grad_enabled(records),
            keras.device(str(device)),
        ):
            yield

    return setting


@contextlib.contextmanager
def _divided_among(threads: int) -> Iterator[None]:
    """Divide operations of this thread among so many threads."""
    import torch

    library = _library()
    # In a new thread, this is what gives it the number of the user.
    before = torch.get_num_threads()
    of_mkl = getattr(library, "MKL_Set_Num_Threads_Local", lambda number: 0)
    with contextlib.ExitStack() as restoring:
        restoring.callback(library.omp_set_num_threads, before)
        library.omp_set_num_threads(threads)
        restoring.callback(of_mkl, of_mkl(threads))
        yield


@cache
def _library() -> Any:
    """Return torch's libraries if they use OpenMP, else None.

    A symbol of a library is looked for in those that it needs, too, on Linux and macOS.
    """
    import torch

    if "parallel backend: OpenMP" not in torch.__config__.parallel_info():
        return None
    library = ctypes.CDLL(torch._C.__file__)
    return library if hasattr(library, "omp_set_num_threads") else None
