import warnings
from pathlib import Path

import numpy as np
import pytest

from kerasaudio.layers import KaldiFbank
from support.front_ends import relative_error, run

GOLDEN = Path(__file__).parents[1] / "golden" / "frontends.npz"
METHODS = ["fft", "matmul"]


def ast_fbank(waveform: np.ndarray) -> np.ndarray:
    """What transformers' ASTFeatureExtractor computes without torchaudio."""
    audio_utils = pytest.importorskip("transformers.audio_utils")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "At least one mel filter has all zero")
        banks = audio_utils.mel_filter_bank(
            num_frequency_bins=257,
            num_mel_filters=128,
            min_frequency=20,
            max_frequency=8000,
            sampling_rate=16000,
            norm=None,
            mel_scale="kaldi",
            triangularize_in_mel_space=True,
        )
    return audio_utils.spectrogram(
        waveform,
        audio_utils.window_function(400, "hann", periodic=False),
        frame_length=400,
        hop_length=160,
        fft_length=512,
        power=2.0,
        center=False,
        preemphasis=0.97,
        mel_filters=banks,
        log_mel="log",
        mel_floor=1.192092955078125e-07,
        remove_dc_offset=True,
    ).T


@pytest.mark.parametrize("method", METHODS)
def test_ast_golden(method):
    """`ast` is ASTFeatureExtractor's output (transformers 5.23.0), not normalized."""
    golden = np.load(GOLDEN)
    waveform = golden["ast_int16"][None].astype("float32") / 32768
    got = run(KaldiFbank(n_mels=128, window="hann", method=method), waveform)[0]
    assert golden["ast"].std() > 1
    assert relative_error(got, golden["ast"]) <= 1e-4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("offset", "tolerance"),
    [(0.0, 1e-4), (0.3, 5e-4)],  # the offset takes two bits off float32
)
def test_ast_live(rng, method, offset, tolerance):
    batch = rng.normal(0, 0.1, (2, 16001)).astype("float32") + np.float32(offset)
    batch[1, :4000] = offset  # nothing but the offset
    got = run(KaldiFbank(n_mels=128, window="hann", method=method), batch)
    for clip, waveform in zip(got, batch, strict=True):
        assert relative_error(clip, ast_fbank(waveform)) <= tolerance


def by_hand(waveform, *, rate, window, preemphasis, remove_dc_offset, n_mels, high):
    """Kaldi's formulas in plain loops, in float64."""
    length, shift = rate * 25 // 1000, rate * 10 // 1000
    n_fft = 2 ** int(np.ceil(np.log2(length)))
    mel = np.vectorize(lambda f: 1127 * np.log(1 + f / 700))
    edges = np.linspace(mel(20.0), mel(high), n_mels + 2)
    at = mel(np.arange(n_fft // 2 + 1) * rate / n_fft)
    rows = []
    for start in range(0, len(waveform) - length + 1, shift):
        x = waveform[start : start + length].astype("float64")
        if remove_dc_offset:
            x = x - x.mean()
        x = x - preemphasis * np.concatenate([x[:1], x[:-1]])
        power = np.abs(np.fft.rfft(x * window, n_fft)) ** 2
        row = []
        for left, center, right in zip(edges, edges[1:], edges[2:], strict=False):
            up, down = (at - left) / (center - left), (right - at) / (right - center)
            row.append(power @ np.clip(np.minimum(up, down), 0, None))
        rows.append(np.log(np.maximum(row, np.finfo("float32").eps)))
    return np.array(rows)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("preemphasis", "remove_dc_offset"), [(0.97, False), (0, True)]
)
def test_kaldi_defaults_and_options(rng, method, preemphasis, remove_dc_offset):
    waveform = rng.normal(0, 3000, 8000 // 2).astype("float32")
    got = run(
        KaldiFbank(
            8000,
            fmax=3800,
            preemphasis=preemphasis,
            remove_dc_offset=remove_dc_offset,
            method=method,
        ),
        waveform[None],
    )[0]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(200) / 199)
    wanted = by_hand(
        waveform,
        rate=8000,
        window=hann**0.85,
        preemphasis=preemphasis,
        remove_dc_offset=remove_dc_offset,
        n_mels=23,
        high=3800,
    )
    assert relative_error(got, wanted) <= 1e-5


def test_a_scale_is_that_of_the_waveform(rng):
    waveform = rng.normal(0, 0.1, (2, 2_000)).astype("float32")
    waveform[1, :1_000] = 0  # which is raised to the floor afterwards
    got = run(KaldiFbank(scale=32_768), waveform)
    np.testing.assert_array_equal(got, run(KaldiFbank(), waveform * 32_768))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KaldiFbank(scale=0), "scale must be .*0"),
        (lambda: KaldiFbank(frame_length=0.05), "frame.*frame_length=0.05"),
        (lambda: KaldiFbank(frame_shift=0), "frame_shift must be .*0"),
        (lambda: KaldiFbank(preemphasis=2), "preemphasis must be .*2"),
        (lambda: KaldiFbank()(np.zeros((1, 399), "float32")), "at least 400"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
