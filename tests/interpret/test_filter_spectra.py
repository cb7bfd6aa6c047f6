"""Each filter's own tone, all at once; lengths; silent filters."""

import importlib

import keras
import numpy as np
import pytest
from keras import ops

import kerasaudio
from kerasaudio import AudioModel, AudioSpec
from kerasaudio.interpret import filter_spectra
from kerasaudio.interpret.gradient import Gradient
from kerasaudio.interpret.subnetwork import network_to

RATE, SAMPLES = 8_000, 4_000
TONES = (3_000, 500, 1_500)


@pytest.fixture(scope="module")
def model():
    """Three filters at three frequencies and one that hears nothing, at a stride."""
    waveform = keras.Input((SAMPLES,), name="waveform")
    x = keras.layers.Reshape((SAMPLES, 1), name="frontend")(waveform)
    bank = keras.layers.Conv1D(4, 48, strides=3, activation="relu", name="bank")
    x = bank(x)
    x = keras.layers.AveragePooling1D(9, name="pooled")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    outputs = keras.layers.Dense(2, activation="softmax", name="predictions")(x)
    time = np.arange(48)[:, None] / RATE
    kernel = np.sin(2 * np.pi * np.array([*TONES, 100]) * time)[:, None]
    bank.set_weights([kernel, np.float32([0, 0, 0, -1e3])])
    spec = AudioSpec(RATE, SAMPLES, SAMPLES, labels=("a", "b"))
    return AudioModel(waveform, outputs, spec=spec, name="own")


def test_each_filter_finds_its_tone(model):
    found = filter_spectra(model, "pooled", iterations=30)
    assert found.waveforms.shape == (4, 729)
    assert found.spectra.shape == (4, 365)
    np.testing.assert_allclose(found.peaks[:3], TONES, atol=150)
    np.testing.assert_array_equal(found.silent, [False, False, False, True])
    assert np.isnan(found.peaks[3])
    np.testing.assert_array_equal(found.order, [1, 2, 0])
    assert found.median_peak == pytest.approx(1_500, abs=150)
    assert found.activations[:3].min() > 0 == found.activations[3]
    assert repr(found).startswith("FilterSpectra('pooled' of own, filters=4, silent=1")
    at = found.spectra[:3].argmax(axis=1)
    np.testing.assert_allclose(found.hertz[at], found.peaks[:3])


def test_one_at_a_time_gives_the_same(model):
    """A filter's ascent does not depend on those beside it."""
    together = filter_spectra(model, "pooled", iterations=5)
    whole = network_to(model, "pooled", 729)
    alone = keras.Model(whole.input, whole.output[..., 1:2])

    from kerasaudio.interpret.ascent import Ascent
    from kerasaudio.interpret.filter_spectra import PRIORS, STEP

    slope = Gradient(alone, lambda out, x: ops.mean(out, axis=(1, 2)))
    uphill = Ascent(729, RATE, STEP, PRIORS, 0)
    sound = uphill.noise(1)
    for iteration in range(5):
        shift = uphill.shift(iteration)
        _, gradient = slope(np.roll(sound, shift, axis=1))
        sound = uphill.move(sound, np.roll(gradient, -shift, axis=1))
    np.testing.assert_allclose(together.waveforms[1], sound[0], atol=1e-5)


def test_what_is_there_after_an_interruption(model, monkeypatch):
    whole = filter_spectra(model, "pooled", iterations=7)
    assert (whole.iterations, whole.stopped) == (7, "finished")
    calls = iter(range(99))
    call = Gradient.__call__

    def interrupted(self, *arrays):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return call(self, *arrays)

    monkeypatch.setattr(Gradient, "__call__", interrupted)
    first = filter_spectra(model, "pooled", iterations=7)
    assert (first.iterations, first.stopped) == (3, "interrupted")
    assert repr(first).endswith("iterations=3, stopped='interrupted')")
    then = filter_spectra(model, "pooled", iterations=4, start=first)
    assert (then.iterations, then.stopped) == (7, "finished")
    np.testing.assert_array_equal(then.waveforms, whole.waveforms)
    np.testing.assert_array_equal(then.activations, whole.activations)


def test_layers_in_parts_and_other_starts(model, monkeypatch):
    whole = filter_spectra(model, "pooled", iterations=3)
    module = importlib.import_module("kerasaudio.interpret.filter_spectra")
    monkeypatch.setattr(module, "_MOST_FILTERS", 3)
    parts = filter_spectra(model, "pooled", iterations=3)
    np.testing.assert_allclose(parts.waveforms, whole.waveforms, atol=1e-5)
    np.testing.assert_array_equal(parts.silent, whole.silent)
    for wrong in ({"layer": "bank"}, {"layer": "pooled", "samples": 800}):
        with pytest.raises(ValueError, match=r"of the layer 'pooled'.*\(4, 729\)"):
            filter_spectra(model, **wrong, start=whole)
    with pytest.raises(ValueError, match=r"a result of filter_spectra.*ndarray"):
        filter_spectra(model, "pooled", start=whole.waveforms)


def test_scales(model):
    from dataclasses import replace

    from kerasaudio.layers.filterbank import hertz_to_mel, mel_to_hertz

    found = filter_spectra(model, "bank", iterations=1)
    ranks = (np.arange(50) + 0.5) / 50
    none = np.zeros(50, bool)
    linear = replace(found, peaks=ranks[::-1] * 4_000, silent=none)
    assert linear.scales().linear == pytest.approx(0)
    assert linear.scales().mel > 0.1
    mel = mel_to_hertz(ranks * hertz_to_mel(4_000))
    assert replace(found, peaks=mel, silent=none).scales().mel == pytest.approx(0)
    dead = replace(found, peaks=mel, silent=~none)
    assert np.isnan([dead.median_peak, *dead.scales()]).all()


def test_the_model_stays_as_it_is(model, rng):
    x = rng.normal(0, 0.1, (1, SAMPLES)).astype("float32")
    before = model.predict(x, verbose=0)
    filter_spectra(model, "bank", iterations=1)
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)
    assert model.get_layer("bank").output.shape == (None, 1318, 4)  # still one call
    short = network_to(model, "bank", SAMPLES)
    whole = keras.Model(model.input, model.get_layer("bank").output)
    np.testing.assert_allclose(
        short.predict(x, verbose=0), whole.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_sample_cnn_at_its_own_length():
    """Its stem pads, its blocks pool; 729 samples are enough for six layers."""
    model = kerasaudio.SampleCNN(weights="fsdd")
    network = network_to(model, "layer6_mp", 729)
    assert network.output.shape == (None, 1, 64)
    # Two samples of padding at the stem, then 3 ** 5 samples for one step.
    says = "no output for 240 samples. It needs at least 241"
    with pytest.raises(ValueError, match=says):
        network_to(model, "layer5_mp", 240)


@pytest.mark.slow
def test_spectrogram_networks_too():
    found = filter_spectra(
        kerasaudio.LeNetMFCC(weights="fsdd"), "conv1", samples=2_000, iterations=2
    )
    assert found.waveforms.shape == (32, 2_000)


def test_its_plot(model, tmp_path):
    pytest.importorskip("matplotlib")
    found = filter_spectra(model, "bank", iterations=10)
    image = np.asarray(found.plot().axes[0].images[0].get_array())
    assert image.shape == (365, 3)
    np.testing.assert_array_equal(image.max(axis=0), 0)
    peaks = image.argmax(axis=0) * RATE / 729
    np.testing.assert_allclose(peaks, sorted(TONES), atol=150)
    assert found.plot(tmp_path / "bank.png").exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"layer": "conv"}, "own has no layer 'conv'. Its layers are: waveform, fr"),
        ({"layer": "bank", "samples": 1}, "samples must be a whole number of samples"),
        ({"layer": "bank", "iterations": 1.5}, "iterations must be a whole number"),
        ({"layer": "bank", "step": -1}, "step must be a number above 0"),
        ({"layer": "bank", "samples": 47}, "at least 48 samples: pass samples=48"),
        ({"layer": "bank", "priors": 3}, "priors must be"),
    ],
)
def test_wrong_arguments(model, wrong, says):
    with pytest.raises(ValueError, match=says):
        filter_spectra(model, **wrong)
