"""Matrix products in full float32, whatever the default of the device is.

GPUs and TPUs round the factors of float32 products to 11 bits or fewer: by default in
jax, on request of the user in torch. The error is 4e-4 of the maximum of a mel
spectrogram. A front-end is a small part of a network's work, and a logarithm follows.

TensorFlow has one switch for the whole process, which is left to the user:
`tf.config.experimental.enable_tensor_float_32_execution(False)`.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

_EXACT = ("ieee", "none", "highest")
_lock = threading.Lock()
_inside = 0
_before: dict[Any, str] = {}


def matmul(x: Any, y: Any) -> Any:
    """Multiply matrices, as `keras.ops.matmul`, in full float32."""
    with exact():
        return ops.matmul(x, y)


def exact() -> contextlib.AbstractContextManager[Any]:
    """Return a context for exact products, also for framing, as early jax uses them."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.default_matmul_precision("highest")
    return _exact_on_torch() if backend == "torch" else contextlib.nullcontext()


def has_gpu() -> bool:
    """Return whether the backend computes on a GPU by default."""
    if keras.backend.backend() == "torch":
        import torch

        return bool(torch.cuda.is_available())
    return any(name.startswith("gpu") for name in keras.distribution.list_devices())


@contextlib.contextmanager
def _exact_on_torch() -> Iterator[None]:
    """Set full precision and restore the user's setting when the last thread leaves."""
    global _inside
    switches = _torch_switches()
    if not _inside and all(_get(switch) in _EXACT for switch in switches):
        yield
        return
    with _lock:
        if not _inside:
            _before.update((switch, _get(switch)) for switch in switches)
            for switch in switches:
                _set(switch, "ieee")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                for switch, precision in _before.items():
                    _set(switch, precision)
                _before.clear()


def _torch_switches() -> list[Any]:
    import torch

    cuda, cpu = torch.backends.cuda, torch.backends.mkldnn
    places = [getattr(device, "matmul", None) for device in (cuda, cpu)]
    switches = [place for place in places if hasattr(place, "fp32_precision")]
    return switches or [torch]  # before torch 2.9 there was one switch for all


def _get(switch: Any) -> str:
    if hasattr(switch, "fp32_precision"):
        return str(switch.fp32_precision)
    return str(switch.get_float32_matmul_precision())


def _set(switch: Any, precision: str) -> None:
    if hasattr(switch, "fp32_precision"):
        switch.fp32_precision = precision
    else:
        exact = "highest" if precision == "ieee" else precision
        switch.set_float32_matmul_precision(exact)
