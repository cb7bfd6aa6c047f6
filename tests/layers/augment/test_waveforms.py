"""What each augmentation of waveforms does to the signal."""

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import soundfile

from kerasaudio import AudioDecodeError
from kerasaudio.layers import (
    Convolution,
    Filter,
    Mixup,
    Noise,
    RandomCrop,
    TimeShift,
    Volume,
)
from kerasaudio.layers.augment.mixup import smaller_shares
from support.augmented import sine, train
from support.front_ends import relative_error

RATE = 16_000
RAMP = np.tile(np.arange(1, 301, dtype="float32") / 300, (64, 1))


def power(waveform):
    return np.mean(np.square(waveform, dtype="float64"), axis=-1)


def shifts(out):
    """Samples by which each ramp was rolled."""
    return (150 - (np.round(out[:, 150] * 300).astype(int) - 1) + 150) % 300 - 150


def test_roll_moves_every_sample_and_loses_none():
    out = train(TimeShift(40, seed=0), RAMP)
    moved = shifts(out)
    for clip, shift in zip(out, moved, strict=True):
        np.testing.assert_array_equal(clip, np.roll(RAMP[0], shift))
    assert np.abs(moved).max() <= 40
    assert moved.min() < -20
    assert moved.max() > 20
    assert len(set(moved)) > 25


def test_pad_lets_zeros_in():
    out = train(TimeShift(40, mode="pad", seed=0), RAMP)
    for clip, shift in zip(out, shifts(out), strict=True):
        wanted = np.roll(RAMP[0], shift)
        wanted[:shift] = 0 if shift > 0 else wanted[:shift]
        if shift < 0:
            wanted[shift:] = 0
        np.testing.assert_array_equal(clip, wanted)


def test_farthest_shifts_happen():
    moved = shifts(np.concatenate([train(TimeShift(1, seed=0), RAMP)] * 2))
    assert set(moved) == {-1, 0, 1}


def test_crop_is_a_slice_from_anywhere():
    layer = RandomCrop(297, seed=0)
    out = train(layer, RAMP)
    starts = np.round(out[:, 0] * 300).astype(int) - 1
    for clip, start in zip(out, starts, strict=True):
        np.testing.assert_array_equal(clip, RAMP[0, start : start + 297])
    assert set(starts) == {0, 1, 2, 3}
    np.testing.assert_array_equal(train(RandomCrop(300), RAMP), RAMP)


def test_volume_is_uniform_in_decibels():
    waveforms = np.tile(sine(440, RATE, 800), (200, 1))
    out = train(Volume((-20, -10), seed=0), waveforms)
    gains = 10 * np.log10(power(out) / power(waveforms))
    assert scipy.stats.kstest(gains, "uniform", (-20, 10)).pvalue > 0.01
    np.testing.assert_allclose(
        train(Volume(6), waveforms), waveforms * 10**0.3, rtol=1e-6
    )


@pytest.mark.parametrize("noises", [None, [np.sin(np.arange(700.0)), np.ones(30)]])
@pytest.mark.parametrize("level", [1.0, 1e-4])
def test_the_ratio_of_signal_to_noise_is_reached(rng, noises, level):
    clips = (level * rng.uniform(-1, 1, (50, 900))).astype("float32")
    added = train(Noise((5, 15), noises=noises, seed=0), clips) - clips
    reached = 10 * np.log10(power(clips) / power(added))
    assert reached.min() >= 5 - 0.01
    assert reached.max() <= 15 + 0.01
    assert np.ptp(reached) > 8
    exactly = train(Noise(7.5, noises=noises, seed=0), clips) - clips
    reached = 10 * np.log10(power(clips) / power(exactly))
    np.testing.assert_allclose(reached, 7.5, atol=0.01)


def test_white_noise_is_white_and_silence_stays_silent(rng):
    clips = np.stack([np.ones(20_000), np.zeros(20_000)]).astype("float32")
    out = train(Noise(0, seed=0), clips)
    spectrum = np.abs(np.fft.rfft(out[0] - 1))[1:] ** 2
    bands = spectrum.reshape(10, -1).mean(axis=1)
    assert bands.max() / bands.min() < 1.3
    assert scipy.stats.kstest(out[0] - 1, "norm").pvalue > 0.01
    assert not out[1].any()


def test_noises_are_excerpts_that_begin_again():
    noises = [np.arange(1, 8) / 10, -np.arange(1, 4) / 10]
    added = train(Noise(0, noises=noises, seed=0), np.ones((150, 20), "f")) - 1
    seen = set()
    for clip in added:
        noise = noises[int(clip[0] < 0)]
        scale = np.abs(clip).max() / np.abs(noise).max()
        start = int(np.argmin(np.abs(noise * scale - clip[0])))
        wanted = scale * noise[(start + np.arange(20)) % len(noise)]
        np.testing.assert_allclose(clip, wanted, atol=1e-5)
        seen.add((len(noise), start))
    assert len(seen) == 10


def test_convolution_equals_scipy(rng):
    clips = rng.normal(0, 0.1, (30, 1500)).astype("float32")
    responses = [rng.normal(0, 0.3, 1), rng.normal(0, 0.3, 400), np.hanning(2000)]
    layer = Convolution(responses, seed=0)
    out = train(layer, clips)
    used = set()
    for clip, got in zip(clips, out, strict=True):
        wanted = [scipy.signal.fftconvolve(clip, r)[:1500] for r in responses]
        errors = [relative_error(got, w) for w in wanted]
        assert min(errors) <= 1e-5
        used.add(int(np.argmin(errors)))
    assert used == {0, 1, 2}


def test_wet_mixes_and_keep_level_keeps_the_power(rng):
    clips = rng.normal(0, 0.1, (8, 1500)).astype("float32")
    response = np.exp(-np.arange(300) / 40)
    wet = np.stack([scipy.signal.fftconvolve(c, response)[:1500] for c in clips])
    half = train(Convolution([response], 0.25), clips)
    assert relative_error(half, 0.75 * clips + 0.25 * wet) <= 1e-5
    np.testing.assert_array_equal(train(Convolution([response], 0.0), clips), clips)
    level = train(Convolution([response], keep_level=True), clips)
    np.testing.assert_allclose(power(level), power(clips), rtol=1e-4)
    assert relative_error(level / level.max(), wet / wet.max()) <= 1


def cookbook(kind, hertz, q, gain_db):
    """Coefficients as the cookbook prints them."""
    w, a = 2 * np.pi * hertz / RATE, 10 ** (gain_db / 40)
    alpha, c = np.sin(w) / (2 * q), np.cos(w)
    below = [1 + alpha, -2 * c, 1 - alpha]
    if kind == "lowpass":
        return [(1 - c) / 2, 1 - c, (1 - c) / 2], below
    if kind == "highpass":
        return [(1 + c) / 2, -(1 + c), (1 + c) / 2], below
    return (
        [1 + alpha * a, -2 * c, 1 - alpha * a],
        [1 + alpha / a, -2 * c, 1 - alpha / a],
    )


@pytest.mark.parametrize("kind", ["lowpass", "highpass", "peaking"])
@pytest.mark.parametrize(
    ("hertz", "q", "gain_db"), [(60, 0.7, 12), (1000, 8, -30), (7900, 0.1, 6)]
)
def test_filters_equal_the_recursive_ones(rng, kind, hertz, q, gain_db):
    clips = rng.normal(0, 0.1, (2, 1200)).astype("float32")
    gain = {"gain_db": gain_db} if kind == "peaking" else {}
    got = train(Filter(RATE, kind, hertz, q=q, **gain), clips)
    wanted = scipy.signal.lfilter(*cookbook(kind, hertz, q, gain_db), clips)
    assert relative_error(got, wanted) <= 2e-5


def test_filter_frequencies_are_spread_over_octaves():
    clips = np.zeros((100, 4096), "float32")
    clips[:, 0] = 1
    out = train(Filter(RATE, "peaking", (500, 4000), q=4, gain_db=20, seed=0), clips)
    spectrum = np.abs(np.fft.rfft(out, axis=1))
    octaves = np.log2(spectrum.argmax(axis=1) * RATE / 4096 / 500)
    assert scipy.stats.kstest(octaves, "uniform", (0, 3)).pvalue > 0.01
    np.testing.assert_allclose(spectrum.max(axis=1), 10, rtol=0.01)


def test_mixed_labels_match_the_mixed_audio():
    clips = np.eye(40, 50, dtype="float32") + 0.0
    x, y = train(Mixup(1.0, seed=0), (clips, np.eye(40, dtype="int32")))
    np.testing.assert_allclose(x[:, :40], y, atol=1e-6)
    np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-6)
    own = np.diag(y)
    assert own.min() >= 0.5
    assert 0.6 < own.mean() < 0.9
    others = (y - np.diag(own)).argmax(axis=1)[own < 1]
    assert len(set(others)) == len(others)


@pytest.mark.parametrize("alpha", [0.1, 0.2, 1.0, 4.0])
def test_shares_follow_the_beta_distribution(alpha):
    probability = np.linspace(0, 1, 4096)
    wanted = scipy.stats.beta.ppf(probability / 2, alpha, alpha)
    shares = smaller_shares(alpha).astype("float64") ** (1 / alpha)
    np.testing.assert_allclose(shares, wanted, atol=2e-6, rtol=1e-3)
    clips = np.zeros((400, 1), "float32")
    mixed = train(Mixup(alpha, seed=1), (clips, np.eye(400, dtype="f")))[1]
    np.fill_diagonal(mixed, 0)
    drawn = mixed.max(axis=1).astype("float64")
    folded = scipy.stats.beta(alpha, alpha)
    assert scipy.stats.kstest(drawn, lambda s: 2 * folded.cdf(s)).pvalue > 0.01


def test_sounds_of_files(tmp_path):
    for name, level in (("a.wav", 0.5), ("b.wav", 0.25)):
        soundfile.write(tmp_path / name, np.full(800, level), 8000, subtype="FLOAT")
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    clips = np.tile(sine(440, RATE, 1000), (4, 1))
    noise = train(Noise.from_files(paths, RATE, 10, seed=0), clips) - clips
    np.testing.assert_allclose(power(clips) / power(noise), 10, rtol=1e-3)
    layer = Convolution.from_files(paths, RATE, 0.5, seed=0)
    assert train(layer, clips).shape == clips.shape
    assert layer.wet == (0.5, 0.5)
    (tmp_path / "c.wav").write_bytes(b"RIFF no sound at all")
    with pytest.raises(AudioDecodeError):
        Noise.from_files([tmp_path / "c.wav"], RATE)
    with pytest.raises(OSError, match=r"d\.wav"):
        Convolution.from_files([tmp_path / "d.wav"], RATE)
    with pytest.raises(ValueError, match="sequence of paths"):
        Noise.from_files(tmp_path / "a.wav", RATE)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TimeShift(0), "max_samples must be a whole number, 1 or more"),
        (lambda: TimeShift(5, mode="wrap"), "`mode` must be one of"),
        (lambda: TimeShift(5)(np.zeros((1, 5), "f")), "longer than `max_samples`"),
        (lambda: RandomCrop(1.5), "crop_samples must be a whole number, 1 or more"),
        (lambda: RandomCrop(6)(np.zeros((1, 5), "f")), "at least 6 samples.*samples=5"),
        (lambda: Volume((3, -3)), r"gain_db must be a number or \(least, most\)"),
        (lambda: Volume("loud"), "gain_db must be a number"),
        (lambda: Volume(float("nan")), "gain_db must be a number"),
        (lambda: Noise((1, 2, 3)), "snr_db must be a number"),
        (lambda: Noise(noises=[]), "`noises` must contain a waveform"),
        (lambda: Noise(noises="a.wav"), "sequence of waveforms"),
        (lambda: Noise(noises=[np.zeros(9)]), r"noises\[0\] must not be silent"),
        (lambda: Noise(noises=[[0.1], [np.nan]]), r"noises\[1\] must contain finite"),
        (lambda: Noise(noises=[np.ones(2**22 + 1)]), "pass excerpts"),
        (lambda: Noise(noises={"float32": "!", "lengths": [1]}), "is damaged"),
        (lambda: Noise(noises={"float32": "AACAPw==", "lengths": [2]}), "do not fit"),
        (lambda: Convolution([np.ones((2, 3))]), r"responses\[0\] must be mono"),
        (lambda: Convolution([np.ones(2)], 1.5), r"wet .* within 0 ... 1"),
        (lambda: Filter(0), "sample_rate must be a number above 0"),
        (lambda: Filter(RATE, "notch"), "`kind` must be one of"),
        (lambda: Filter(RATE, "lowpass", 8000), "below half the sample rate"),
        (lambda: Filter(RATE, "lowpass", q=0), "q must be"),
        (lambda: Filter(RATE, "lowpass", gain_db=3), 'requires kind="peaking"'),
        (lambda: Filter(RATE, "lowpass", 0.001, q=100), "rings for too long"),
        (lambda: Mixup(0), r"alpha must be a number above 0 up to"),
        (lambda: Mixup()(np.zeros((2, 9), "f")), r"takes the clips and their targets"),
        (lambda: Mixup()((np.zeros((2, 9), "f"), np.zeros(2, "f"))), "batch, classes"),
        (lambda: Mixup()((np.zeros((2, 9), "f"), np.zeros((2, 1), "i4"))), "one_hot"),
        (lambda: Mixup()((np.zeros((2, 9), "f"), np.eye(3, dtype="f"))), "every clip"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
