"""TensorFlow's two ways to cepstral coefficients, against TensorFlow."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.layers import MFCC, TensorFlowMFCC
from kerasaudio.layers.maximum import DivideByMaximum
from support.front_ends import relative_error, run

needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="compared with TensorFlow"
)


def operations(batch, *, sample_rate, win_length, hop_length, n_mfcc, **mel):
    """Give what TensorFlow's two operations make of each clip."""
    import tensorflow as tf

    coefficients = []
    for clip in batch:
        spectrogram = tf.raw_ops.AudioSpectrogram(
            input=clip[:, None],
            window_size=win_length,
            stride=hop_length,
            magnitude_squared=True,
        )
        found = tf.raw_ops.Mfcc(
            spectrogram=spectrogram,
            sample_rate=sample_rate,
            dct_coefficient_count=n_mfcc,
            filterbank_channel_count=mel.get("n_mels", 40),
            lower_frequency_limit=mel.get("fmin", 20),
            upper_frequency_limit=mel.get("fmax", 4000),
        )
        coefficients.append(found[0].numpy())
    return np.stack(coefficients)


@needs_tensorflow
@pytest.mark.filterwarnings("ignore:.*mel bands contain no bin")
@settings(deadline=None, max_examples=20)
@given(
    sample_rate=st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100]),
    win_length=st.integers(64, 1_100),
    hop_length=st.integers(50, 500),
    n_mfcc=st.integers(1, 20),
    n_mels=st.integers(20, 60),
    fmin=st.floats(0, 300),
    fmax=st.floats(1_000, 4_000),
    method=st.sampled_from(["fft", "matmul"]),
)
def test_equals_tensorflows_operations(method, **arguments):
    batch = np.random.default_rng(0).normal(0, 0.1, (2, 3_001)).astype("float32")
    batch[1] *= np.geomspace(1e-4, 1, 3_001)

    got = run(TensorFlowMFCC(method=method, **arguments), batch)

    assert relative_error(got, operations(batch, **arguments)) <= 1e-5


@needs_tensorflow
def test_the_first_bin_is_left_out_where_tensorflow_leaves_it_out(rng):
    """A bin is 31.25 Hz wide: the first, above 20 Hz, is not in the first band."""
    arguments = {"sample_rate": 8_000, "win_length": 256, "hop_length": 128}
    hum = np.sin(2 * np.pi * 31.25 * np.arange(2_000) / 8_000)
    hum = (hum + rng.normal(0, 0.01, 2_000))[None].astype("float32")

    got = run(TensorFlowMFCC(**arguments, n_mels=23), hum)

    wanted = operations(hum, **arguments, n_mfcc=13, n_mels=23)
    assert relative_error(got, wanted) <= 1e-5
    whole = MFCC(
        **arguments,
        n_fft=256,
        n_mfcc=13,
        n_mels=23,
        fmin=20,
        fmax=4_000,
        window_align="left",
        center=False,
        power=1,
        htk=True,
        mel_norm=None,
        triangles="mel",
        norm="htk",
        log_floor=1e-12,
    )
    assert relative_error(run(whole, hum), wanted) > 1e-2


@needs_tensorflow
def test_silence_has_tensorflows_floor():
    arguments = {"sample_rate": 16_000, "win_length": 640, "hop_length": 320}
    silence = np.zeros((1, 1_600), "float32")

    got = run(TensorFlowMFCC(**arguments), silence)

    wanted = operations(silence, **arguments, n_mfcc=13)
    np.testing.assert_allclose(got, wanted, atol=1e-4)
    assert got.min() < -240


@needs_tensorflow
def test_mfcc_equals_tf_signal(rng):
    import tensorflow as tf

    batch = rng.normal(0, 0.1, (2, 4_000)).astype("float32")
    frames = tf.signal.stft(batch, 480, 320)
    bank = tf.signal.linear_to_mel_weight_matrix(40, 257, 16_000, 20.0, 4_000.0)
    log_mel = tf.math.log(tf.tensordot(tf.abs(frames), bank, 1) + 1e-6)
    wanted = tf.signal.mfccs_from_log_mel_spectrograms(log_mel)[..., :13].numpy()
    layer = MFCC(
        16_000,
        13,
        n_fft=512,
        win_length=480,
        hop_length=320,
        window_align="left",
        center=False,
        power=1,
        n_mels=40,
        fmin=20,
        fmax=4_000,
        htk=True,
        mel_norm=None,
        triangles="mel",
        norm="htk",
        log_offset=1e-6,
    )

    assert relative_error(run(layer, batch), wanted) <= 1e-5


def test_each_clip_is_divided_by_its_largest_sample():
    batch = np.array(
        [[0.5, -1, 0.25], [-0.5, -0.25, -1], [0, 0, 0], [1e-9, -1e-9, 0]], "float32"
    )

    got = run(DivideByMaximum(), batch)

    np.testing.assert_allclose(got[0], [1, -2, 0.5])
    np.testing.assert_allclose(got[1], [2, 1, 4])
    np.testing.assert_array_equal(got[2], [0, 0, 0])
    np.testing.assert_allclose(got[3], [32_768e-9, -32_768e-9, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MFCC(norm="htk", dct_type=3), "htk.*dct_type=3"),
        (lambda: MFCC(log_offset=0), "Silence requires"),
        (lambda: MFCC(log_offset=-1), "log_offset must be .*-1"),
        (lambda: MFCC(log_floor=0), "log_floor must be .*0"),
        (lambda: TensorFlowMFCC(16_000, 0, 320), "win_length must be .*0"),
        (lambda: TensorFlowMFCC(16_000, 640, 320, 41), "n_mfcc=41, n_mels=40"),
        (lambda: TensorFlowMFCC(6_000, 640, 320), "fmax=4000"),
        (lambda: TensorFlowMFCC(16_000, 640, 320)(np.zeros((1, 639), "f4")), "639"),
        (lambda: DivideByMaximum(0), "floor must be .*0"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
