import keras
import librosa
import numpy as np
import pytest
import scipy.signal
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kerasaudio.layers import STFT, Spectrogram
from kerasaudio.layers.window import window_function
from support.front_ends import clip_by_clip, examples, relative_error, run

NUMPY_MODES = {"constant": "constant", "reflect": "reflect", "edge": "edge"}


@st.composite
def framings(draw):
    """Arguments that librosa takes too, and a batch long enough for them."""
    n_fft = draw(st.one_of(st.integers(16, 700), st.sampled_from([128, 256, 512])))
    arguments = {
        "n_fft": n_fft,
        "hop_length": draw(st.integers(max(n_fft // 20, 1), n_fft + 40)),
        "win_length": draw(st.one_of(st.none(), st.integers(8, n_fft))),
        "window": draw(
            st.sampled_from(
                ["hann", "hamming", "blackman", "bartlett", "boxcar", ("kaiser", 6.0)]
            )
        ),
        "center": draw(st.booleans()),
        "pad_mode": draw(st.sampled_from(sorted(NUMPY_MODES))),
    }
    samples = n_fft + draw(st.integers(1, 2500))
    seed = draw(st.integers(0, 2**32 - 1))
    batch = np.random.default_rng(seed).normal(0, 0.1, (2, samples))
    batch[1] *= 10.0 ** draw(st.integers(-3, 3))
    return arguments, batch.astype("float32")


def reference_stft(batch, *, center, pad_mode, n_fft, **arguments):
    if center:  # librosa pads head and tail apart, and reflects a short tail twice
        ends = ((0, 0), (n_fft // 2, n_fft // 2))
        batch = np.pad(batch, ends, mode=NUMPY_MODES[pad_mode])
    return clip_by_clip(
        lambda y: librosa.stft(y, n_fft=n_fft, center=False, **arguments), batch
    )


@settings(deadline=None, max_examples=examples(20))
@given(framings(), st.sampled_from(["fft", "matmul"]))
def test_stft_equals_librosa(framing, method):
    arguments, batch = framing
    wanted = reference_stft(batch, **arguments)
    got = run(STFT(method=method, **arguments), batch)
    assert got.dtype == np.float32
    for clip, reference in zip(got[..., 0] + 1j * got[..., 1], wanted, strict=True):
        assert relative_error(clip, reference) <= 1e-5


@settings(deadline=None, max_examples=examples(15))
@given(framings(), st.sampled_from([1.0, 2.0, 0.5, 3.0]))
def test_spectrogram_equals_librosa_and_methods_agree(framing, power):
    arguments, batch = framing
    wanted = np.abs(reference_stft(batch, **arguments)) ** power
    by_fft = run(Spectrogram(power=power, **arguments), batch)
    by_matrix = run(Spectrogram(power=power, method="matmul", **arguments), batch)
    # The square root magnifies rounding near 0: 1e-7 of the maximum becomes 3e-4.
    tolerance = 1e-5 if power >= 1 else 1e-3
    for got, other, reference in zip(by_fft, by_matrix, wanted, strict=True):
        assert relative_error(got, reference) <= tolerance
        assert relative_error(got, other) <= tolerance


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
def test_centered_frames_are_librosas_own(rng, pad_mode):
    batch = rng.normal(size=(2, 3001)).astype("float32")
    got = run(STFT(n_fft=512, hop_length=128, pad_mode=pad_mode), batch)
    wanted = clip_by_clip(
        lambda y: librosa.stft(y, n_fft=512, hop_length=128, pad_mode=pad_mode), batch
    )
    assert relative_error(got[..., 0] + 1j * got[..., 1], wanted) <= 1e-5


def test_defaults_are_librosas(rng):
    batch = rng.normal(size=(1, 5000)).astype("float32")
    got = run(STFT(), batch)
    wanted = clip_by_clip(librosa.stft, batch)
    assert relative_error(got[..., 0] + 1j * got[..., 1], wanted) <= 1e-5


@pytest.mark.parametrize("method", ["fft", "matmul"])
@pytest.mark.parametrize("hop_length", [1, 3, 160])
def test_left_aligned_frames_are_cut_before_they_are_padded(rng, method, hop_length):
    batch = rng.normal(size=(2, 1001)).astype("float32")
    layer = STFT(512, hop_length, 400, center=False, window_align="left", method=method)
    window = scipy.signal.get_window("hann", 400)
    starts = range(0, 1001 - 400 + 1, hop_length)
    frames = np.stack([batch[:, s : s + 400] for s in starts], axis=1)
    wanted = np.fft.rfft(frames * window, 512)
    got = run(layer, batch)
    assert relative_error(got[..., 0] + 1j * got[..., 1], wanted) <= 1e-5


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("length", [1, 2, 7, 400])
@pytest.mark.parametrize(
    "window",
    [
        "hann",
        "hamming",
        "blackman",
        "bartlett",
        "boxcar",
        "nuttall",
        "blackmanharris",
        ("kaiser", 9.5),
        ("gaussian", 3.0),
        ("general_hamming", 0.6),
    ],
)
def test_windows_equal_scipys(window, length, periodic):
    wanted = scipy.signal.get_window(window, length, fftbins=periodic)
    got = window_function(window, length, periodic=periodic)
    np.testing.assert_allclose(got, wanted, atol=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_fft": 0}, "n_fft must be .*Received: 0"),
        ({"n_fft": 512.0}, "n_fft.*512.0"),
        ({"hop_length": -1}, "hop_length must be .*-1"),
        ({"n_fft": 512, "win_length": 513}, "win_length.*at most `n_fft`.*513"),
        ({"window": "hahn"}, "hann.*Received: window='hahn'"),
        ({"window": "kaiser"}, "kaiser, .* must be tuples"),
        ({"win_length": 2, "periodic": False}, "zero everywhere"),
        ({"pad_mode": "wrap"}, "constant.*'wrap'"),
        ({"method": "dft"}, "matmul.*'dft'"),
        ({"window_align": "left"}, "center=False"),
        ({"dtype": "float64"}, "float32.*float64"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        STFT(**arguments)


@pytest.mark.parametrize(
    ("arguments", "shape", "message"),
    [
        ({}, (2, 3, 4), r"\(batch, samples\).*\(2, 3, 4\)"),
        ({}, (3000,), r"\(batch, samples\).*\(3000,\)"),
        ({"center": False}, (1, 511), "at least 512 samples.*samples=511"),
        ({"pad_mode": "reflect"}, (1, 256), "at least 257 samples.*reflect.*256"),
        ({}, (1, 0), "at least 1 samples"),
        (
            {"center": False, "win_length": 400, "window_align": "left"},
            (1, 399),
            "at least 400 samples",
        ),
    ],
)
def test_waveforms_that_cannot_be_framed_are_refused(arguments, shape, message):
    layer = STFT(n_fft=512, **arguments)
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(shape, "float32"))
    with pytest.raises(ValueError, match=message):
        layer(keras.KerasTensor(shape))


@pytest.mark.parametrize("power", [0, -1])
def test_power_must_be_positive(power):
    with pytest.raises(ValueError, match=f"power must be a number above 0.*{power}"):
        Spectrogram(power=power)


@settings(deadline=None, max_examples=examples(10))
@given(st.integers(2, 40), st.integers(1, 50), st.booleans(), st.integers(1, 120))
def test_frames_are_counted_as_they_come(n_fft, hop_length, center, samples):
    layer = Spectrogram(n_fft=n_fft, hop_length=hop_length, center=center)
    assume(samples >= (1 + n_fft % 2 if center else n_fft))
    got = run(layer, np.zeros((1, samples), "float32"))
    assert got.shape == layer.compute_output_shape((1, samples))
