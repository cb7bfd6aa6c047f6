"""Show what the filters of waveform networks listen to, trained and untrained.

    python tools/measure_filters.py SampleCNN/fsdd ReSE2Multi/fsdd --out docs/results
    python tools/measure_filters.py SampleCNN/mtat --out build/filters
    python tools/measure_filters.py --speed

Of each model, the layers that 729 samples are enough for: writes filters-NAME.png, the
spectra of trained filters above those of the same network with random weights (seed 0),
and prints for each layer the silent filters, the median peak, and the mean distance of
the peaks by rank from the mel scale and from a linear one.

--speed measures SampleCNN with 64, 128 and 256 filters in its fourth layer: all
filters at once, and filter by filter, from three filters: with a program that is
compiled for each, as ascent is often written, and with one program for all.
"""

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from PIL import Image

import kerasaudio
from kerasaudio.interpret import FilterSpectra, filter_spectra
from kerasaudio.interpret.ascent import Ascent
from kerasaudio.interpret.filter_spectra import ITERATIONS, PRIORS, SAMPLES, STEP
from kerasaudio.interpret.gradient import Gradient
from kerasaudio.interpret.subnetwork import network_to
from kerasaudio.models import FACTORIES
from kerasaudio.models.sample_cnn import SampleCNN
from kerasaudio.plot.figure import new_figure, write_png

LAYERS = re.compile(r"(layer[1-6]|stem|block[1-5])_relu")
FEW = 3
COLORS = 64


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", help="presets, or files of models")
    parser.add_argument("--out", type=Path, default=Path("build/filters"))
    parser.add_argument("--speed", action="store_true", help="measure the speed")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.models:
        compare(name, options.out)
    if options.speed:
        speed()


def compare(name: str, folder: Path) -> None:
    """Print the numbers of a model's layers, and draw them."""
    trained = kerasaudio.load(name)
    spec = trained.spec
    keras.utils.set_random_seed(0)
    untrained = FACTORIES[spec.architecture](labels=spec.labels, **spec.arguments)
    layers = [layer.name for layer in trained.layers if LAYERS.fullmatch(layer.name)]
    print(
        f"{name}: layer | filters | silent | median peak | mel | linear, and untrained"
    )
    found = [
        [filter_spectra(model, layer) for layer in layers]
        for model in (trained, untrained)
    ]
    for layer, *pair in zip(layers, *found, strict=True):
        columns = " | ".join(map(_numbers, pair))
        print(f"| `{layer}` | {len(pair[0].peaks)} | {columns} |", flush=True)
    figure, axes = new_figure(2.3 * len(layers), 4.6, nrows=2, ncols=len(layers))
    for row, title in enumerate(("trained", "untrained")):
        for place, spectra in zip(axes[row], found[row], strict=True):
            spectra.plot(ax=place, title=f"{spectra.layer}, {title}")
            place.set_xlabel("filter" if row else "")
            place.title.set_fontsize(9)
    figure.set_dpi(80)
    path = folder / f"filters-{name.split('/')[0].lower()}.png"
    write_png(figure, path)
    with Image.open(path) as picture:  # a third of the bytes
        picture.convert("RGB").quantize(COLORS).save(path, optimize=True)


def _numbers(found: FilterSpectra) -> str:
    scales = found.scales()
    return (
        f"{int(found.silent.sum())} | {found.median_peak:.0f} Hz | {scales.mel:.3f} | "
        f"{scales.linear:.3f}"
    )


def speed() -> None:
    """Print processor seconds for all filters at once, and filter by filter."""
    for filters in (32, 64, 128):
        model = SampleCNN(labels=["a", "b"], filters=filters)
        network = network_to(model, "layer4_relu", SAMPLES)
        count = network.output.shape[-1]
        began = time.process_time()
        filter_spectra(model, "layer4_relu")
        at_once = time.process_time() - began
        compiled = float(np.mean([_alone(network, unit, 1) for unit in range(FEW)]))
        shared = _alone(network, 0, FEW) / FEW
        print(f"{count} filters, {ITERATIONS} iterations: {at_once:.1f} s at once")
        for seconds, how in ((compiled, "a program each"), (shared, "one program")):
            print(
                f"  filter by filter, {how}: {count * seconds:.0f} s, "
                f"{count * seconds / at_once:.1f} times as long",
                flush=True,
            )


def _alone(network: keras.Model, unit: int, times: int) -> float:
    """Give the processor seconds of an ascent of one filter, several in a row."""
    began = time.process_time()
    slope = Gradient(network, lambda out, x: ops.mean(out[..., unit], axis=1))
    uphill = Ascent(SAMPLES, 16_000, STEP, PRIORS, 0)
    for _ in range(times):
        sound: Any = uphill.noise(1)
        for iteration in range(ITERATIONS):
            shift = uphill.shift(iteration)
            _, gradient = slope(np.roll(sound, shift, axis=1))
            sound = uphill.move(sound, np.roll(gradient, -shift, axis=1))
    return time.process_time() - began


if __name__ == "__main__":
    main()
