"""What each filter of a layer listens to: spectra of the sounds that excite it most."""

from typing import Any

import numpy as np
from keras import ops

from kerasaudio.arguments import number, whole_number
from kerasaudio.audio.check import check_size
from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import check_model
from kerasaudio.files.progress import steps_bar
from kerasaudio.interpret.ascent import Ascent, Priors
from kerasaudio.interpret.auralize import title_of
from kerasaudio.interpret.climb import Stopped
from kerasaudio.interpret.gradient import Gradient
from kerasaudio.interpret.layer_spectra import FilterSpectra
from kerasaudio.interpret.subnetwork import network_to

SAMPLES = 729
ITERATIONS = 100
STEP = 0.01
# Shifts to anywhere, no smoothing, and no constant, which recordings do not have.
PRIORS = Priors(shift_seconds=1, slope_db=0, band=(20, None))
_MOST_FILTERS = 512  # in one batch
_TINY = 1e-8


def filter_spectra(
    model: AudioModel,
    layer: str,
    *,
    samples: int = SAMPLES,
    iterations: int = ITERATIONS,
    step: float = STEP,
    priors: Priors | None = PRIORS,
    seed: int = 0,
    start: FilterSpectra | None = None,
    progress: bool | None = None,
) -> FilterSpectra:
    """Find what each filter of a layer listens to, all filters at once.

    From the same seeded noise, a waveform climbs for each filter towards its highest
    activation, averaged over the time that is left at the layer. All of them are one
    batch, whose gradient is one program. For networks on the waveform, such as
    `SampleCNN`, the spectra sorted by their peak show the frequencies that a layer
    covers (Lee et al. 2018, figure 2).

    The network is computed up to the layer only, for clips of `samples` samples: 729,
    as in the paper, are 3 ** 6, enough for six layers with a stride of 3. Layers that
    keep less than one step of them need longer clips, at least the product of the
    strides before them; the error says how long.

    Ctrl-C ends the ascent, and what is there is returned; `start=` goes on from it.

    Args:
        model: A model with any backend, also your own.
        layer: Name of the layer; rectified outputs ("layer3_relu") are what the paper
            averages.
        samples: Length of the waveforms; default: 729.
        iterations: Number of steps; default: 100.
        step: Root mean square of the change by a step; default: 0.01. Without priors,
            factor of the gradient.
        priors: What is assumed of the sounds. By default, they are shifted in each
            step, by up to a second, or to anywhere if they are shorter: without shifts,
            the sounds repeat after as many samples as the network's stride, and their
            spectra are lines. Frequencies below 20 Hz do not change. None for plain
            ascent.
        seed: Seed of the noise and of the shifts.
        start: An earlier result for the same layer, from which to go on for further
            `iterations`. With the same settings, the numbers are those of one call
            without a break.
        progress: Whether to show a progress bar; None for only if stderr is a terminal.

    Returns:
        Waveforms, spectra and peaks.

    Raises:
        ValueError: There is no such layer; the clips are too short for it, or the model
            takes no clips of another length; a number is out of range; the start is
            of another layer or length.

    Source: Lee, Park, Kim & Nam 2018, "SampleCNN: End-to-End Deep Convolutional Neural
    Networks Using Very Small Filters for Music Classification", Applied Sciences 8(1),
    150.

    Examples:
        >>> model = kerasaudio.SampleCNN(weights="fsdd")
        >>> found = kerasaudio.interpret.filter_spectra(
        ...     model, "layer3_relu", iterations=10
        ... )
        >>> found.spectra.shape  # a filter a row
        (32, 365)
        >>> found.plot("filters.png").name
        'filters.png'
        >>> more = kerasaudio.interpret.filter_spectra(
        ...     model, "layer3_relu", iterations=5, start=found
        ... )
        >>> more.iterations
        15
    """
    check_model(model, "filter_spectra")
    size = whole_number(samples, "samples", 2, unit="samples")
    steps = whole_number(iterations, "iterations")
    number(step, "step", above=0)
    network = network_to(model, layer, size)
    filters = network.output.shape[-1]
    check_size(size * filters, "The waveforms of all filters", "Pass fewer samples.")
    rate = model.spec.sample_rate
    uphill = Ascent(size, rate, step, priors, whole_number(seed, "seed", 0))
    slope = Gradient(network, _own_mean)
    sounds, done = _beginning(start, layer, filters, uphill.noise(1))
    parts = np.array_split(np.arange(filters), -(-filters // _MOST_FILTERS))
    own = np.eye(filters, dtype="float32")
    stopped: Stopped = "finished"
    with steps_bar(layer, steps, progress) as bar:
        try:
            for iteration in range(done, done + steps):
                shift = uphill.shift(iteration)
                moved = []
                for part in parts:
                    rolled = uphill.roll(sounds[part], shift)
                    _, gradient = slope(rolled, own[part])
                    gradient = uphill.roll(gradient, shift, back=True)
                    moved.append(uphill.move(sounds[part], gradient))
                sounds, done = np.concatenate(moved), iteration + 1
                bar.update()
        except KeyboardInterrupt:
            stopped = "interrupted"
    ends = [slope(sounds[part], own[part]) for part in parts]
    activations = np.concatenate([values for values, _ in ends])
    silent = np.concatenate([~np.any(gradient, axis=1) for _, gradient in ends])
    spectra = _log_spectra(sounds)
    peaks = np.fft.rfftfreq(size, 1 / rate)[spectra.argmax(axis=1)]
    return FilterSpectra(
        layer=layer,
        model=title_of(model),
        sample_rate=rate,
        waveforms=sounds,
        spectra=spectra,
        peaks=np.where(silent, np.nan, peaks),
        activations=activations,
        silent=silent,
        iterations=done,
        stopped=stopped,
    )


def _beginning(
    start: Any, layer: str, filters: int, noise: np.ndarray
) -> tuple[np.ndarray, int]:
    """Return the first waveforms, and the number of steps behind them.

    Raises:
        ValueError: The start is of another layer or length.
    """
    if start is None:
        return np.repeat(noise, filters, axis=0), 0
    if not isinstance(start, FilterSpectra):
        raise ValueError(
            "start must be a result of filter_spectra, or None. Received: "
            f"{type(start).__name__}."
        )
    wanted = (filters, noise.shape[1])
    if (start.layer, start.waveforms.shape) != (layer, wanted):
        raise ValueError(
            f"The start is of the layer {start.layer!r}, with waveforms of the shape "
            f"{start.waveforms.shape}; {layer!r} has {wanted}. Pass the same layer and "
            "samples=."
        )
    return start.waveforms, start.iterations


def _own_mean(outputs: Any, waveforms: Any, own: Any) -> Any:
    """Return for each clip of the batch the mean of its own filter."""
    axes = tuple(range(1, len(outputs.shape) - 1))
    means = ops.mean(outputs, axis=axes) if axes else outputs
    return ops.sum(means * own, axis=-1)


def _log_spectra(waveforms: np.ndarray) -> np.ndarray:
    magnitude = np.abs(np.fft.rfft(waveforms.astype("float64")))
    spectra: np.ndarray = (20 * np.log10(magnitude + _TINY)).astype("float32")
    return spectra
