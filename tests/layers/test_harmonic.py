"""HarmonicFilters: where its bands are, how wide, and that the width is learned."""

import keras
import numpy as np
import pytest

from kerasaudio.layers import HarmonicFilters
from support.goldens import Golden
from support.seeding import seeded

COLUMNS = [0, 64, 127, 128, 500, 767]  # bands that the golden file holds, of 768


def weights_of(layer, bins):
    """Give the filter bank, (bins, bands)."""
    return keras.ops.convert_to_numpy(layer.filterbank(bins))


def by_formula(hertz, center, q):
    """Give upstream's triangles, the lower of two straight sides or 0."""
    width = (0.1079 * center + 24.7) / q
    up = hertz * (2 / width) + 1 - 2 * center / width
    down = hertz * (-2 / width) + 1 + 2 * center / width
    return np.maximum(0, np.minimum(up, down))


def test_bands_are_those_of_won_et_al():
    golden = Golden.read("won_hcnn")
    key = "hstft.bw_Q"
    layer = HarmonicFilters(16_000)
    layer.set_weights([seeded({key: (1,)})[key]])

    # Upstream has all notes of the first harmonic, then of the second.
    frequencies = layer.frequencies.T.ravel()
    bank = weights_of(layer, 257).reshape(257, 128, 6)
    bank = bank.transpose(0, 2, 1).reshape(257, 768)

    np.testing.assert_allclose(frequencies, golden.arrays["f0"], rtol=1e-7)
    want = golden.arrays["harmonic_fb_cols"]
    np.testing.assert_allclose(bank[:, COLUMNS], want, rtol=0, atol=3e-6)
    assert (want.max(axis=0) > 0).all()


@pytest.mark.parametrize("q", [0.5, 1.0, 3.0])
def test_bands_follow_the_formula(q):
    layer = HarmonicFilters(8_000, 3, 1, q=q)
    hertz = np.linspace(0, 4_000, 1_025)[:, None]

    want = by_formula(hertz, layer.frequencies.ravel(), q)

    np.testing.assert_allclose(weights_of(layer, 1_025), want, atol=1e-5)
    assert layer.notes == 64  # from C1 to the note below E6, 1,319 Hz


def test_the_gradient_of_q_is_the_slope():
    x = np.random.default_rng(0).exponential(1.0, (2, 20, 129)).astype("float32")
    weight = np.random.default_rng(1).normal(size=(2, 20, 64 * 3)).astype("float32")

    def model(q):
        layer = HarmonicFilters(8_000, 3, 1, q=q)
        return keras.Sequential([keras.Input((20, 129)), layer])

    def loss(y, predicted):
        return keras.ops.sum(y * predicted)

    learned = model(1.2)
    learned.compile(keras.optimizers.SGD(1.0), loss, jit_compile=False)
    learned.fit(x, weight, batch_size=2, verbose=0)

    step = 1e-3
    up, down = (
        np.sum(weight * model(1.2 + side).predict(x, verbose=0), dtype="float64")
        for side in (step, -step)
    )
    slope = (up - down) / (2 * step)
    assert abs(slope) > 1
    gradient = 1.2 - float(learned.get_weights()[0][0])
    np.testing.assert_allclose(gradient, slope, rtol=1e-2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_harmonics": 0}, "n_harmonics"),
        ({"notes_per_semitone": 1.5}, "notes_per_semitone"),
        ({"q": 0}, "q must be"),
        ({"sample_rate": -1}, "sample_rate"),
        ({"sample_rate": 400}, "a semitone above C1"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        HarmonicFilters(**{"sample_rate": 16_000} | arguments)
