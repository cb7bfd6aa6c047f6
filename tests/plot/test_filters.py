"""Filters: mel bands over Hz, spectra of kernels by their peaks; what has none."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.layers import HarmonicFilters, MelSpectrogram
from kerasaudio.plot import filters

pytest.importorskip("matplotlib")


def convolution(kernel):
    layer = keras.layers.Conv1D(kernel.shape[-1], len(kernel), use_bias=False)
    layer.build((None, 100, kernel.shape[1]))
    layer.kernel.assign(kernel)
    return layer


def sines(*hertz, rate=8_000, width=64):
    time = np.arange(width)[:, None] / rate
    return np.sin(2 * np.pi * np.array(hertz) * time)[:, None]


def test_mel_bands_are_curves_over_hertz():
    mel = MelSpectrogram(16_000, 1024, n_mels=20, norm=None)
    axes = filters(mel, title="bands").axes[0]

    assert len(axes.lines) == 20
    assert axes.get_xlim() == (0, 8)
    hertz = np.arange(513) * 16_000 / 1024
    for line, band in zip(axes.lines, mel.filterbank.T, strict=True):
        peak = line.get_xdata()[line.get_ydata().argmax()]
        assert peak * 1000 == pytest.approx(hertz[band.argmax()])
    assert len(filters(HarmonicFilters(16_000, 2)).axes[0].lines) > 20


def test_the_front_end_of_a_model_is_found():
    axes = filters(kerasaudio.YAMNet(labels=["a", "b"])).axes[0]

    assert len(axes.lines) == 64
    assert axes.get_xlim() == (0, 8)


def test_kernels_are_sorted_by_the_peak_of_their_spectrum():
    layer = convolution(sines(3_000, 500, 2_000, 1_000))
    figure = filters(layer, sample_rate=8_000)

    spectra = np.asarray(figure.axes[0].images[0].get_array())
    peaks = spectra.argmax(axis=0) / (len(spectra) - 1) * 4_000
    np.testing.assert_allclose(peaks, [500, 1_000, 2_000, 3_000], atol=60)
    np.testing.assert_allclose(spectra.max(axis=0), 1)
    assert figure.axes[0].get_ylim() == (0, 4)


def test_the_first_layer_of_a_waveform_network_is_found():
    model = kerasaudio.SampleCNN(labels=["a", "b"], filters=8, sample_rate=8_000)
    kernel = keras.ops.convert_to_numpy(model.get_layer("layer1_conv").kernel)

    image = filters(model).axes[0].images[0]

    assert np.asarray(image.get_array()).shape[1] == kernel.shape[-1] == 8
    assert image.get_extent() == [0.5, 8.5, 0, 4]


def test_a_kernel_of_zeros_is_dark():
    figure = filters(convolution(np.zeros((3, 1, 2))), sample_rate=8_000)
    assert np.asarray(figure.axes[0].images[0].get_array()).max() == 0


@pytest.mark.parametrize(
    ("layer", "rate", "message"),
    [
        ("YAMNet", None, "must be a model or a layer. Received: str"),
        (keras.layers.Dense(3), 8_000, "no mel front-end.*get_layer"),
        (keras.layers.Conv1D(3, 3), 8_000, "that is built"),
        (convolution(np.ones((3, 2, 4))), 8_000, "one channel"),
        (convolution(sines(900)), None, "sample_rate=, in Hz"),
        (convolution(sines(900)), -8_000, "sample_rate"),
    ],
)
def test_what_has_no_filters_is_refused(layer, rate, message):
    with pytest.raises(ValueError, match=message):
        filters(layer, sample_rate=rate)
