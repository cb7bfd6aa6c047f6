"""How fast our layers and networks are on the device; figures in milliseconds.

"on the device" means that waveforms are there already and results stay there; "from
NumPy" is `predict`, from arrays to arrays.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from benchmarks.keras_work import noise

SECONDS = 2.0  # of repeats
LEAST = 5  # repeats
SMALL_AST: Mapping[str, int] = {
    "hidden_size": 32,
    "num_layers": 2,
    "num_heads": 4,
    "intermediate_size": 64,
}
SMALL_SAMPLE_CNN: Mapping[str, int] = {"clip_samples": 2 * 3**7, "blocks": 6}


def clock(work: Callable[[], Any], quick: bool) -> float:
    """Return the median time of a call in milliseconds, after two that warm up.

    Args:
        work: Runs, and waits until it is done.
        quick: Whether one call is enough.
    """
    times: list[float] = []
    work()
    if quick:
        work = _timed(work, times)
        work()
        return times[0]
    work()
    timed, begin = _timed(work, times), time.perf_counter()
    while len(times) < LEAST or time.perf_counter() - begin < SECONDS:
        timed()
    return statistics.median(times)


def _timed(work: Callable[[], Any], times: list[float]) -> Callable[[], None]:
    def run() -> None:
        begin = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - begin))

    return run


def in_modes(work: Callable[[], Any], quick: bool) -> dict[str, float]:
    """Time work as the backend likes to multiply, then in full float32."""
    import kerasaudio

    found = {}
    for name, mode in (("ms", "backend"), ("exact ms", "exact")):
        with kerasaudio.precision(mode):
            found[name] = clock(work, quick)
    return found


def on_device(model: Any, batch: np.ndarray) -> Callable[[], Any]:
    """Give the prediction of a batch that is on the device, as work to be timed."""
    import keras

    backend = keras.backend.backend()
    x = keras.ops.convert_to_tensor(batch)
    if backend == "jax":
        import jax

        program = _jax_program(model)
        weights = (
            [v.value for v in model.trainable_variables],
            [v.value for v in model.non_trainable_variables],
        )
        return lambda: jax.block_until_ready(program(*weights, x))
    if backend == "torch":
        from kerasaudio.core.programs.torch_program import programs_run

        def predict() -> None:
            with programs_run():  # as predict does
                model(x, training=False)
            wait()

        return predict
    import tensorflow as tf

    compiled = bool(tf.config.list_physical_devices("GPU"))  # as predict is, there
    program = tf.function(lambda x: model(x, training=False), jit_compile=compiled)
    return lambda: float(tf.reduce_max(program(x)))  # waits


@cache
def _jax_program(model: Any) -> Any:
    import jax

    def run(trained: Any, fixed: Any, x: Any) -> Any:
        return model.stateless_call(trained, fixed, x, training=False)[0]

    return jax.jit(run)


def wait() -> None:
    """Wait until torch has computed what was asked for."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def log_mel(quick: bool) -> dict[str, float]:
    """The log-mel layers on the device."""
    model, batch = _log_mel(quick)
    return in_modes(on_device(model, batch), quick)


@cache
def _log_mel(quick: bool) -> tuple[Any, np.ndarray]:
    import keras

    from benchmarks.frontend import BANDS, HOP, N_FFT, SAMPLE_RATE, TOP_DB
    from kerasaudio.core.inference import InferenceModel
    from kerasaudio.layers import Decibel, MelSpectrogram

    clips = 4 if quick else 1_024
    samples = SAMPLE_RATE if quick else 3 * SAMPLE_RATE
    waveform = keras.Input((samples,))
    mel = MelSpectrogram(SAMPLE_RATE, N_FFT, HOP, n_mels=BANDS)(waveform)
    model = InferenceModel(waveform, Decibel(top_db=TOP_DB)(mel))
    return model, noise(clips, samples)


def mn04(quick: bool) -> dict[str, float]:
    """EfficientAT mn04 on the device."""
    model, batch = _mn04(quick)
    return in_modes(on_device(model, batch), quick)


def mn04_alone(quick: bool) -> dict[str, float]:
    """The same with a single clip."""
    model, batch = _mn04(quick)
    return {"ms": clock(on_device(model, batch[:1]), quick)}


@cache
def _mn04(quick: bool) -> tuple[Any, np.ndarray]:
    import kerasaudio

    model = kerasaudio.EfficientAT(width=0.4, classifier_activation=None)
    return model, noise(2, 32_000) if quick else noise(64, 320_000)


def sample_cnn(quick: bool) -> dict[str, float]:
    """SampleCNN on the device."""
    model, batch = _sample_cnn(quick)
    return in_modes(on_device(model, batch), quick)


@cache
def _sample_cnn(quick: bool) -> tuple[Any, np.ndarray]:
    import kerasaudio

    model = kerasaudio.SampleCNN(**(SMALL_SAMPLE_CNN if quick else {}))
    return model, noise(2 if quick else 64, model.spec.clip_samples)


def training(quick: bool) -> dict[str, float]:
    """A step of stochastic gradient descent, from arrays on the device."""
    import keras

    model, batch = _sample_cnn(quick)
    model.compile("sgd", "binary_crossentropy")
    x = keras.ops.convert_to_tensor(batch)
    y = keras.ops.zeros((len(batch), model.output_shape[-1]))
    return {"ms": clock(lambda: float(model.train_on_batch(x, y)), quick)}


def ast(quick: bool) -> dict[str, float]:
    """AST with its front-end on the device, in bfloat16."""
    import warnings

    import kerasaudio
    from kerasaudio.core import in_half

    model = kerasaudio.AST(**({**SMALL_AST, "max_length": 128} if quick else {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # weights are random here
        network = in_half(model, "bfloat16")
    batch = noise(1, 16_000) if quick else noise(64, 160_000)
    return {"ms": clock(on_device(network, batch), quick)}


def mn04_from_numpy(quick: bool) -> dict[str, float]:
    """`predict` of EfficientAT mn04, beside copying and computing alone."""
    return _from_numpy(*_mn04(quick), quick)


def log_mel_from_numpy(quick: bool) -> dict[str, float]:
    """`predict` of the log-mel layers, beside copying and computing alone."""
    return _from_numpy(*_log_mel(quick), quick)


def _from_numpy(model: Any, batch: np.ndarray, quick: bool) -> dict[str, float]:
    import keras

    size = len(batch)
    found = clock(lambda: model.predict(batch, batch_size=size, verbose=0), quick)
    output = keras.ops.convert_to_tensor(model.predict_on_batch(batch))

    def copy() -> None:
        x = keras.ops.convert_to_tensor(batch)
        keras.ops.convert_to_numpy(x[:1, :1])  # waits
        keras.ops.convert_to_numpy(output)

    least = clock(copy, quick) + clock(on_device(model, batch), quick)
    return {"ms": found, "copy + device ms": least, "ratio": found / least}
