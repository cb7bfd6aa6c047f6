import warnings
from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.layers import (
    MFCC,
    Decibel,
    KaldiFbank,
    LogCompression,
    MelSpectrogram,
    Preemphasis,
    Standardize,
)
from kerasaudio.layers.filterbank import mel_filterbank, split_bands
from support.front_ends import clip_by_clip, examples, relative_error, run

GOLDEN = Path(__file__).parents[1] / "golden"


@st.composite
def banks(draw):
    sample_rate = draw(st.sampled_from([8000, 16000, 22050, 32000, 44100]))
    fmin = draw(st.floats(0, sample_rate / 8))
    fmax = draw(st.one_of(st.none(), st.floats(sample_rate / 4, sample_rate / 2)))
    return {
        "n_fft": draw(st.integers(64, 1025)),
        "n_mels": draw(st.integers(1, 130)),
        "fmin": fmin,
        "fmax": fmax,
        "htk": draw(st.booleans()),
        "norm": draw(st.sampled_from(["slaney", None])),
    }, sample_rate


@settings(deadline=None, max_examples=50)
@given(banks())
def test_filterbank_equals_librosas(bank):
    arguments, sample_rate = bank
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters")
        wanted = librosa.filters.mel(sr=sample_rate, dtype="float64", **arguments).T
    got = mel_filterbank(sample_rate=sample_rate, **arguments)
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(banks(), st.sampled_from(["hertz", "mel"]))
def test_split_bands_put_together_are_the_bank(bank, triangles):
    arguments, sample_rate = bank
    whole = mel_filterbank(sample_rate=sample_rate, triangles=triangles, **arguments)
    power = np.random.default_rng(0).uniform(size=(3, len(whole)))
    groups = split_bands(whole)
    parts = [power[:, low:high] @ part for low, high, part in groups]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), power @ whole)
    assert 1 <= len(groups) <= 4


@pytest.mark.parametrize(
    ("n_fft", "n_mels", "left"), [(512, 96, 0.24), (1024, 128, 0.25)]
)
def test_splitting_saves_work(n_fft, n_mels, left):
    whole = mel_filterbank(sample_rate=16000, n_fft=n_fft, n_mels=n_mels)
    assert sum(part.size for _, _, part in split_bands(whole)) < left * whole.size


def test_a_small_bank_is_not_split():
    whole = mel_filterbank(sample_rate=16000, n_fft=256, n_mels=16)
    ((low, high, bank),) = split_bands(whole)
    np.testing.assert_array_equal(bank, whole[low:high])


@pytest.mark.filterwarnings("ignore:.*mel bands contain no bin")
@settings(deadline=None, max_examples=examples(15))
@given(
    banks(),
    st.sampled_from([1.0, 2.0]),
    st.sampled_from(["fft", "matmul"]),
    st.sampled_from(["constant", "reflect"]),
    st.integers(0, 2**32 - 1),
)
def test_mel_and_decibels_equal_librosa(bank, power, method, pad_mode, seed):
    arguments, sample_rate = bank
    arguments |= {"hop_length": 100, "pad_mode": pad_mode, "power": power}
    rng = np.random.default_rng(seed)
    batch = rng.normal(0, 0.1, (2, int(rng.integers(1100, 4000)))).astype("float32")
    batch[1] *= 1000
    wanted = clip_by_clip(
        lambda y: librosa.feature.melspectrogram(y=y, sr=sample_rate, **arguments),
        batch,
    )
    got = run(MelSpectrogram(sample_rate, method=method, **arguments), batch)
    # On the same mel: the logarithm magnifies rounding where a band all but cancels.
    decibels = run(Decibel(), np.stack(wanted))
    for clip, level, reference in zip(got, decibels, wanted, strict=True):
        assert relative_error(clip, reference) <= 1e-5
        in_db = librosa.power_to_db(reference)
        assert relative_error(level, in_db) <= 1e-5


def test_defaults_are_librosas(rng):
    batch = rng.normal(size=(1, 5000)).astype("float32")
    wanted = clip_by_clip(lambda y: librosa.feature.melspectrogram(y=y), batch)
    assert relative_error(run(MelSpectrogram(), batch), wanted) <= 1e-5


@pytest.mark.parametrize("method", ["fft", "matmul"])
def test_efficient_at_front_end_with_kaldis_banks(method):
    """Against the original's log-mel (fschmid56/EfficientAT, torchaudio's Kaldi banks).

    `efficientat` is the beginning of ``logmel`` for `efficientat_int16`; the frames
    that the end of the cut signal reaches are left out.
    """
    golden = np.load(GOLDEN / "frontends.npz")
    x = Preemphasis(mode="valid")(golden["efficientat_int16"][None] / 32768)
    x = MelSpectrogram(
        32000,
        n_fft=1024,
        hop_length=320,
        win_length=800,
        periodic=False,
        pad_mode="reflect",
        n_mels=128,
        fmax=15000,
        htk=True,
        norm=None,
        triangles="mel",
        method=method,
    )(x)
    got = run(Standardize(-4.5, 5.0), LogCompression(offset=1e-5)(x))[0]
    wanted = golden["efficientat"].T
    assert wanted.std() > 0.1
    np.testing.assert_allclose(got[: len(wanted)], wanted, atol=1e-4)


@pytest.mark.parametrize("method", ["fft", "matmul"])
def test_musicnn_front_end(method):
    """Against log10(10000 mel + 1) as musicnn 0.1.0 takes it, in float32."""
    golden = np.load(GOLDEN / "musicnn_tf1.npz")
    wanted = golden["logmel_patches"][0]
    waveform = golden["waveform_int16"][None, : 256 * 190].astype("float32") / 32768
    mel = MelSpectrogram(16000, 512, 256, n_mels=96, method=method)(waveform)
    got = run(LogCompression(10000, 1, base=10), mel)[0]
    np.testing.assert_allclose(got[: len(wanted)], wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sample_rate": 0}, "sample_rate must be .*0"),
        ({"n_mels": 0}, "n_mels must be .*0"),
        ({"fmin": -1}, "0 <= fmin.*fmin=-1"),
        ({"fmin": 9000, "fmax": 8000}, "fmin=9000, fmax=8000"),
        ({"fmax": 12000}, "sample_rate / 2.*fmax=12000"),
        ({"norm": "area"}, "slaney.*'area'"),
        ({"triangles": "bark"}, "hertz.*'bark'"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        MelSpectrogram(**arguments)


@pytest.mark.parametrize("make", [MelSpectrogram, MFCC])
def test_bands_that_hold_no_bin_are_told_of_once(make):
    with pytest.warns(UserWarning, match="bands contain no bin") as caught:
        layer = make(sample_rate=16_000, n_fft=256, n_mels=128, hop_length=100)

    assert len(caught) == 1
    empty = int((layer.filterbank == 0).all(axis=0).sum())
    assert str(caught[0].message).startswith(f"{empty} of 128 mel bands")
    assert empty > 0


def test_full_bands_and_kaldis_are_not_told_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MelSpectrogram(sample_rate=16_000, n_fft=512, n_mels=96)
        KaldiFbank(n_mels=128, window="hann")  # as AST has it: one is empty
