"""Whether networks multiply in full float32, or as fast as the device likes to."""

import contextlib
from collections.abc import Callable
from typing import Any

import keras

from kerasaudio import start

_restore: list[Callable[[], None]] = []  # at most one: what undoes "exact"


def precision(mode: str) -> contextlib.AbstractContextManager[Any]:
    """Let networks compute float32 products exactly, or as the backend does by default.

    GPUs and TPUs can round the factors of float32 products to 11 bits (TF32) or fewer.
    By default jax does so in all of a network, torch in convolutions, TensorFlow in
    both, so that scores differ from a CPU's: on an H200 the logits of EfficientAT mn04
    by up to 9e-3 on jax and 6e-3 on torch, with "exact" by 1.1e-5. It costs time: on
    the same GPU and jax, 1.3 times as much for mn04, 2.8 for AST, 4.4 for SampleCNN. On
    a CPU nothing changes. Front-ends of kerasaudio are exact in either mode on jax and
    torch.

    The switch is that of the backend, for the whole process, so other models follow it
    too. Programs that jax has compiled in one mode are compiled again for the other.
    Set it before threads use a model. The environment variable `KERASAUDIO_PRECISION`
    sets it when kerasaudio is imported. Networks with a bfloat16 or float16 policy
    still compute in that type.

    Args:
        mode: "exact" for full float32, "backend" for the settings that the backend had
            before "exact" was chosen.

    Returns:
        A context that goes back to the mode before; it need not be used.

    Raises:
        ValueError: The mode is another one.

    Example:
        >>> import numpy as np, kerasaudio
        >>> model = kerasaudio.load("LeNetMFCC/fsdd")
        >>> with kerasaudio.precision("exact"):  # and back at the end
        ...     scores = model.predict(np.ones((1, 8000), "float32"), verbose=0)
        >>> switch = kerasaudio.precision("backend")  # from now on
    """
    start.check_precision(mode)
    before = mode_now()
    _settle(mode)
    back = contextlib.ExitStack()
    back.callback(_settle, before)
    return back


def mode_now() -> str:
    """Return "exact" or "backend", whichever is in force."""
    return "exact" if _restore else "backend"


def settle_precision() -> None:
    """Choose what the environment names, if it does.

    Raises:
        ValueError: It names no mode.
    """
    if mode := start.precision_variable():
        precision(mode)


def _settle(mode: str) -> None:
    if mode == "exact" and not _restore:
        _restore.append(_SWITCHES.get(keras.backend.backend(), _nothing)())
    elif mode == "backend" and _restore:
        _restore.pop()()


def _nothing() -> Callable[[], None]:
    return lambda: None


def _exact_on_jax() -> Callable[[], None]:
    import jax

    name = "jax_default_matmul_precision"
    before = getattr(jax.config, name)
    jax.config.update(name, "highest")
    return lambda: jax.config.update(name, before)


def _exact_on_tensorflow() -> Callable[[], None]:
    from tensorflow import config

    before = config.experimental.tensor_float_32_execution_enabled()
    config.experimental.enable_tensor_float_32_execution(False)
    return lambda: config.experimental.enable_tensor_float_32_execution(before)


def _exact_on_torch() -> Callable[[], None]:
    """Use the switches that torch has had for long.

    After `torch.backends.cudnn.conv.fp32_precision = "ieee"`, torch 2.13 raises an
    error where somebody reads `torch.backends.cudnn.allow_tf32`, as its own
    `torch.backends.cudnn.flags` does. The other way round it does not.
    """
    import torch

    cudnn = torch.backends.cudnn
    try:
        state = (cudnn.allow_tf32, torch.get_float32_matmul_precision())
    except RuntimeError:  # the user has set the new ones
        restore = _new_switches(torch)
    else:

        def restore() -> None:
            cudnn.allow_tf32 = state[0]
            torch.set_float32_matmul_precision(state[1])

    cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    return restore


def _new_switches(torch: Any) -> Callable[[], None]:
    backends = torch.backends
    switches = [
        *(backends.cudnn.conv, backends.cudnn.rnn),
        *(backends.cuda.matmul, backends.mkldnn.matmul),
    ]
    before = [switch.fp32_precision for switch in switches]

    def restore() -> None:
        for switch, value in zip(switches, before, strict=True):
            switch.fp32_precision = value

    return restore


_SWITCHES = {
    "jax": _exact_on_jax,
    "tensorflow": _exact_on_tensorflow,
    "torch": _exact_on_torch,
}
