"""What each augmentation of features does to the picture."""

import numpy as np
import pytest

from kerasaudio.layers import (
    VTLP,
    Decibel,
    FrequencyMask,
    MelSpectrogram,
    SpecAugment,
    Spectrogram,
    TimeMask,
)
from support.augmented import sine, train
from support.front_ends import run

RATE, N_FFT = 16_000, 1024


def hertz_of_peak(features, frequencies):
    """Give the frequency of the strongest bin of each clip, parabola between bins."""
    levels = np.log(features.mean(axis=1) + 1e-12)
    found = []
    for level in levels:
        top = int(level.argmax())
        left, middle, right = level[top - 1 : top + 2]
        offset = 0.5 * (left - right) / (left - 2 * middle + right)
        found.append(np.interp(top + offset, np.arange(len(level)), frequencies))
    return np.array(found)


@pytest.mark.parametrize(("hertz", "factor"), [(1000, 1.15), (3000, 0.85), (500, 0.5)])
def test_a_low_sine_moves_by_the_factor(hertz, factor):
    spectrogram = Spectrogram(N_FFT, 512)
    features = run(spectrogram, sine(hertz, RATE, RATE // 2)[None])
    layer = VTLP(RATE, factor)
    moved = hertz_of_peak(train(layer, features), layer.frequencies(513))
    np.testing.assert_allclose(moved, hertz * factor, rtol=0.01)


def test_a_high_sine_moves_on_the_line_to_half_the_rate():
    features = run(Spectrogram(N_FFT, 512), sine(7000, RATE, RATE // 2)[None])
    layer = VTLP(RATE, 1.2)
    moved = hertz_of_peak(train(layer, features), layer.frequencies(513))
    # Equation 1 of the paper with S = 16000, F = 4800, alpha = 1.2.
    wanted = 8000 - (8000 - 4800) / (8000 - 4800 / 1.2) * (8000 - 7000)
    np.testing.assert_allclose(moved, wanted, rtol=0.01)


@pytest.mark.parametrize("htk", [True, False])
def test_mel_bands_move_as_the_frequency_does(htk):
    mel = MelSpectrogram(RATE, 2048, 1024, n_mels=96, fmin=40, fmax=7600, htk=htk)
    features = run(mel, np.stack([sine(f, RATE, RATE // 2) for f in (900, 2500)]))
    layer = VTLP(RATE, 1.2, scale="mel", fmin=40, fmax=7600, htk=htk)
    moved = hertz_of_peak(train(layer, features), layer.frequencies(96))
    np.testing.assert_allclose(moved, [1080, 3000], rtol=0.03)


def test_factors_lie_in_their_range_and_factor_one_is_the_identity(rng):
    clips = np.tile(sine(2000, RATE, RATE // 4), (40, 1))
    features = run(Spectrogram(N_FFT, 512), clips)
    layer = VTLP(RATE, (0.9, 1.1), seed=0)
    factors = hertz_of_peak(train(layer, features), layer.frequencies(513)) / 2000
    assert 0.89 <= factors.min() < 0.93
    assert 1.07 < factors.max() <= 1.11
    bands = rng.uniform(0, 1, (2, 5, 30)).astype("float32")
    for still in (VTLP(RATE, 1.0), VTLP(RATE, 1.0, scale="mel")):
        np.testing.assert_allclose(train(still, bands), bands, atol=1e-4)


def test_a_flat_spectrum_stays_flat():
    flat = np.full((3, 4, 40), 2.5, "float32")
    for scale in ("linear", "mel"):
        layer = VTLP(RATE, (0.5, 2.0), scale=scale)
        np.testing.assert_allclose(train(layer, flat), flat, rtol=1e-6)


def widths(masked):
    """Check that (clips, places) hold one run of True each; give its width."""
    edges = np.diff(masked.astype(int), axis=1, prepend=0, append=0)
    assert (np.abs(edges).sum(axis=1) <= 2).all()
    return masked.sum(axis=1)


@pytest.mark.parametrize(("layer", "axis"), [(TimeMask, 1), (FrequencyMask, 2)])
def test_masks_have_every_width_up_to_the_widest(layer, axis):
    features = np.ones((300, 30, 20), "float32")
    out = train(layer(5, fill=0.0, seed=0), features)
    masked = out == 0
    across = masked.all(axis=3 - axis)
    np.testing.assert_array_equal(across, masked.any(axis=3 - axis))
    found, counts = np.unique(widths(across), return_counts=True)
    np.testing.assert_array_equal(found, np.arange(6))
    assert counts.min() > 25
    assert across.any(axis=0).all()


def test_several_masks_and_a_share_bound_them():
    features = np.ones((200, 40, 3), "float32")
    two = (train(TimeMask(6, count=2, fill=0, seed=0), features) == 0)[:, :, 0]
    assert 6 < two.sum(axis=1).max() <= 12
    short = (train(TimeMask(30, max_share=0.1, fill=0, seed=0), features) == 0)[:, :, 0]
    assert widths(short).max() == 4
    whole = (train(TimeMask(500, fill=0, seed=0), features) == 0)[:, :, 0]
    assert widths(whole).max() == 40


def test_fill_is_the_mean_of_the_clip(rng):
    features = rng.normal(size=(20, 30, 8)).astype("float32")
    logmel = run(Decibel(), np.square(features))
    out = train(TimeMask(20, seed=0), logmel)
    changed = out != logmel
    means = np.broadcast_to(logmel.mean(axis=(1, 2), keepdims=True), out.shape)
    assert changed.any()
    np.testing.assert_allclose(out[changed], means[changed], rtol=1e-5)


def test_spec_augment_masks_frames_and_bins_with_one_mean(rng):
    features = rng.normal(3, 1, (200, 40, 30)).astype("float32")
    layer = SpecAugment(
        time_masks=2, time_width=9, frequency_masks=1, frequency_width=5, seed=0
    )
    out = train(layer, features)
    masked = out != features
    frames, bins = masked.all(axis=2), masked.all(axis=1)
    np.testing.assert_array_equal(masked, frames[:, :, None] | bins[:, None, :])
    assert widths(bins).max() == 5
    # Twice a fifth of 40 frames, cut off at 8; both masks are drawn for themselves.
    assert 8 < frames.sum(axis=1).max() <= 16
    assert len(np.unique(frames.argmax(axis=1))) > 20
    means = np.broadcast_to(features.mean(axis=(1, 2), keepdims=True), out.shape)
    np.testing.assert_allclose(out[masked], means[masked], rtol=1e-5)


@pytest.mark.parametrize("left_out", ["time_masks", "frequency_masks"])
def test_spec_augment_of_one_kind(left_out):
    features = np.ones((50, 40, 30), "float32")
    masked = train(SpecAugment(**{left_out: 0}, fill=0.0, seed=0), features) == 0
    axis = 2 if left_out == "frequency_masks" else 1
    np.testing.assert_array_equal(masked.all(axis=axis), masked.any(axis=axis))
    assert masked.any()
    assert not masked.all(axis=(1, 2)).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VTLP(0), "sample_rate must be a number above 0"),
        (lambda: VTLP(RATE, (0.4, 1)), r"factor .* within 0.5 ... 2"),
        (lambda: VTLP(RATE, boundary_hz=8000), "`boundary_hz` must be"),
        (lambda: VTLP(RATE, scale="bark"), "`scale` must be one of"),
        (lambda: VTLP(RATE, scale="mel", fmin=900, fmax=800), "fmin < fmax"),
        (lambda: VTLP(RATE, fmin=10), 'require scale="mel"'),
        (lambda: VTLP(RATE)(np.zeros((1, 2, 1), "f")), "known number of bins"),
        (lambda: TimeMask(0), "max_frames must be a whole number, 1 or more"),
        (lambda: TimeMask(3, count=0), "count must be a whole number, 1 or more"),
        (
            lambda: TimeMask(3, max_share=0),
            r"max_share must be a number above 0 up to 1",
        ),
        (lambda: TimeMask(3, fill="max"), "fill must be a number or"),
        (lambda: SpecAugment(time_masks=-1), "time_masks must be a whole number"),
        (lambda: SpecAugment(frequency_masks=True), "frequency_masks must be a"),
        (
            lambda: SpecAugment(time_masks=0, frequency_masks=0),
            "needs at least one mask",
        ),
        (lambda: SpecAugment(time_width=0), "time_width must be a whole"),
        (
            lambda: SpecAugment(time_share=2),
            r"time_share must be a number above 0 up to 1",
        ),
        (lambda: SpecAugment(fill="max"), "fill must be a number or"),
        (lambda: FrequencyMask(2.5), "max_bins must be a whole number, 1 or more"),
        (lambda: FrequencyMask(3)(np.zeros((2, 9), "f")), "frames, bins"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
