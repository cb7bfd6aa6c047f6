"""``python -m benchmarks.limits``: how near networks come to what a processor can do.

Counts the multiplications and additions of a network's convolutions, dense layers and
attention for one clip, and the bytes of its weights and of all layers' outputs, each
written once. The least time is that of these operations at the rate of a large matrix
product on the same core. Times are those of the processor, on one core, on the backend
of Keras: run it once for each.
"""

import argparse
import math
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

NETWORKS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "MusicVGG": ("MusicVGG", 187 * 256, {}),
    "MusiCNN": ("MusiCNN", 187 * 256, {}),
    "SampleCNN": ("SampleCNN", 59_049, {}),
    "EfficientAT mn04": ("EfficientAT", 320_000, {"width": 0.4}),
    "CNN14": ("CNN14", 320_000, {}),
}
BATCH = 8
CALLS = 5


def operations(model: Any, waveforms: np.ndarray) -> tuple[float, float]:
    """Return the operations (multiplications and additions) of a clip, and its bytes.

    Args:
        model: A functional model from waveforms.
        waveforms: One clip, (1, samples).
    """
    import keras

    shapes = dict(_shapes(model, waveforms.shape))
    found = sum(_of_layer(layer, *shapes[layer.name]) for layer in model.layers[1:])
    outputs = sum(math.prod(after) for _, after in shapes.values())
    weights = sum(math.prod(v.shape) for v in keras.tree.flatten(model.weights))
    return float(found), 4.0 * (outputs + weights)


def _shapes(model: Any, shape: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
    """Yield the name of each layer with the shapes of its input and its output."""
    import keras

    found: list[tuple[str, Any]] = []

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        output = layer.compute_output_spec(*args, **kwargs)
        before = keras.tree.flatten(args)[0].shape
        found.append((layer.name, (before, keras.tree.flatten(output)[0].shape)))
        return output

    model._run_through_graph([keras.KerasTensor(shape, "float32")], call_fn=call)
    yield from found


def _of_layer(layer: Any, before: Any, after: Any) -> float:
    from keras import layers

    if isinstance(layer, layers.DepthwiseConv1D | layers.DepthwiseConv2D):
        return 2 * math.prod(after) * math.prod(layer.kernel_size)
    if isinstance(layer, layers.Conv1D | layers.Conv2D | layers.Dense):
        return 2 * math.prod(after) * math.prod(layer.kernel.shape[:-1])
    if isinstance(layer, layers.MultiHeadAttention):
        tokens, features = before[1:]
        inner = layer.num_heads * layer.key_dim
        return 2 * tokens * (4 * features * inner + 2 * tokens * inner)
    return 0.0


def least(work: Callable[[], Any], calls: int = CALLS) -> float:
    """Return the least processor time of some calls in seconds; two warm up."""
    times = []
    for _ in range(calls + 2):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times[2:])


def peak() -> float:
    """Return the operations a second of a float32 matrix product on this core."""
    size = 1024
    one = np.random.default_rng(0).normal(size=(size, size)).astype("float32")
    return 2 * size**3 / least(lambda: one @ one, 20)


def main() -> None:
    """Print one row for each network."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.limits",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    names = parser.parse_args().only
    if hasattr(os, "sched_setaffinity"):  # before libraries count the cores
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import keras

    import kerasaudio
    from benchmarks.keras_work import noise, predicting

    rate = peak()
    print(f"matrix product: {rate / 1e9:.0f} GFLOP/s; {keras.backend.backend()}\n")
    print("| network | GFLOP | MB | least, ms | ms a clip | reached |")
    print("|---|---|---|---|---|---|")
    for name in names:
        factory, samples, arguments = NETWORKS[name]
        model = getattr(kerasaudio, factory)(**arguments)
        done, size = operations(model, noise(1, samples))
        seconds = least(predicting(model, noise(BATCH, samples))) / BATCH
        bound = done / rate
        print(
            f"| {name} | {done / 1e9:.2f} | {size / 1e6:.0f} | {1e3 * bound:.1f} | "
            f"{1e3 * seconds:.1f} | {bound / seconds:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
