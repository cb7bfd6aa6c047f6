import librosa
import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.layers import MFCC, PCEN
from kerasaudio.layers.mfcc import cosine_basis
from support.front_ends import clip_by_clip, examples, relative_error, run


@pytest.mark.filterwarnings("ignore:.*mel bands contain no bin")
@settings(deadline=None, max_examples=examples(12))
@given(
    n_mels=st.integers(20, 128),
    n_mfcc=st.integers(1, 20),
    dct_type=st.sampled_from([2, 3]),
    norm=st.sampled_from(["ortho", None]),
    lifter=st.sampled_from([0, 13, 22.5]),
    mel_norm=st.sampled_from(["slaney", None]),
    htk=st.booleans(),
    n_fft=st.integers(200, 700),
    method=st.sampled_from(["fft", "matmul"]),
)
def test_mfcc_equals_librosa(method, **arguments):
    batch = np.random.default_rng(0).normal(0, 0.1, (2, 3001)).astype("float32")
    batch[1] *= 1000
    arguments |= {"hop_length": 160}
    wanted = clip_by_clip(
        lambda y: librosa.feature.mfcc(y=y, sr=16000, **arguments), batch
    )
    got = run(MFCC(16000, method=method, **arguments), batch)
    for clip, reference in zip(got, wanted, strict=True):
        assert relative_error(clip, reference) <= 1e-5


def test_mfcc_defaults_are_librosas(rng):
    batch = rng.normal(size=(1, 9000)).astype("float32")
    wanted = clip_by_clip(lambda y: librosa.feature.mfcc(y=y), batch)
    assert relative_error(run(MFCC(), batch), wanted) <= 1e-5


@pytest.mark.parametrize("norm", ["ortho", None])
@pytest.mark.parametrize("dct_type", [2, 3])
@pytest.mark.parametrize("n", [1, 2, 13])
def test_cosine_basis_is_scipys(n, dct_type, norm):
    x = np.random.default_rng(0).normal(size=(3, n))
    wanted = scipy.fft.dct(x, type=dct_type, norm=norm)
    got = x @ cosine_basis(n, dct_type=dct_type, norm=norm)
    np.testing.assert_allclose(got, wanted, atol=1e-12)


@settings(deadline=None, max_examples=examples(20))
@given(
    frames=st.sampled_from([1, 2, 63, 64, 65, 200, 4097]),
    gain=st.floats(0, 1.2),
    bias=st.one_of(st.just(0.0), st.floats(0.1, 10)),
    power=st.one_of(st.just(0.0), st.floats(0.05, 1)),
    time_constant=st.floats(0.01, 5),
    eps=st.sampled_from([1e-9, 1e-6, 1e-3]),
    b=st.one_of(st.none(), st.floats(1e-3, 1)),
    loudness=st.integers(-2, 8),
)
def test_pcen_equals_librosa(frames, loudness, **arguments):
    rng = np.random.default_rng(0)
    batch = rng.exponential(10.0**loudness, (2, frames, 3)).astype("float32")
    batch[1, frames // 2 :] *= 1e-3
    wanted = np.stack([librosa.pcen(clip.T, **arguments).T for clip in batch])
    got = run(PCEN(**arguments), batch)
    for clip, reference in zip(got, wanted, strict=True):
        assert relative_error(clip, reference) <= 1e-5


def test_pcen_defaults_are_librosas(rng):
    batch = rng.exponential(1e6, (2, 100, 40)).astype("float32")
    wanted = np.stack([librosa.pcen(clip.T).T for clip in batch])
    assert relative_error(run(PCEN(), batch), wanted) <= 1e-5
    wanted = np.stack([librosa.pcen(c.T, sr=16000, hop_length=160).T for c in batch])
    assert relative_error(run(PCEN(16000, 160), batch), wanted) <= 1e-5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MFCC(n_mfcc=41, n_mels=40), "n_mfcc=41, n_mels=40"),
        (lambda: MFCC(dct_type=1), "dct_type=1"),
        (lambda: MFCC(norm="slaney"), "ortho.*'slaney'"),
        (lambda: MFCC(lifter=-1), "lifter must be .*-1"),
        (lambda: PCEN(time_constant=0), "time_constant must be .*0"),
        (lambda: PCEN(hop_length=0), "hop_length must be .*0"),
        (lambda: PCEN(sample_rate=0), "sample_rate must be .*0"),
        (lambda: PCEN(eps=0), "eps must be .*0"),
        (lambda: PCEN(gain=-1), "gain must be .*-1"),
        (lambda: PCEN(bias=-1), "bias must be .*-1"),
        (lambda: PCEN(power=-1), "power must be .*-1"),
        (lambda: PCEN(b=2), "b must be .*2"),
        (lambda: PCEN()(np.ones((2, 9), "float32")), "batch, frames, bins"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
