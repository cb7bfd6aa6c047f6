import keras
import pytest
from keras import ops

from kerasaudio.layers import MFCC, KaldiFbank, MelSpectrogram, Spectrogram, parts
from support.front_ends import gradient, relative_error, run

LAYERS = {
    "spectrogram": lambda: Spectrogram(256, 128),
    "mel": lambda: MelSpectrogram(16_000, 256, 64, n_mels=32),
    "mfcc": lambda: MFCC(16_000, 13, n_fft=256, hop_length=128, n_mels=40),
    "kaldi": lambda: KaldiFbank(16_000, n_mels=24),
}
SPLITS = keras.backend.backend() != "torch"


@pytest.fixture
def sizes(monkeypatch):
    """Let parts have one row, and note the rows of each part."""
    found = []
    before = Spectrogram.unsorted_spectrum, KaldiFbank.unsorted_spectrum

    def noting(spectrum):
        def call(self, waveform):
            found.append(waveform.shape[0])
            return spectrum(self, waveform)

        return call

    monkeypatch.setattr(Spectrogram, "unsorted_spectrum", noting(before[0]))
    monkeypatch.setattr(KaldiFbank, "unsorted_spectrum", noting(before[1]))
    monkeypatch.setattr(parts, "PART_BYTES", 1)
    return found


@pytest.fixture
def batch(rng):
    return rng.normal(0, 0.1, (3, 1_000)).astype("float32")


@pytest.mark.parametrize("name", LAYERS)
def test_parts_give_what_the_whole_batch_gives(name, sizes, batch, monkeypatch):
    in_parts = run(LAYERS[name](), batch)
    assert sizes == ([1, 1, 1] if SPLITS else [3])
    monkeypatch.setattr(parts, "PART_BYTES", 1 << 30)
    sizes.clear()
    whole = run(LAYERS[name](), batch)
    assert sizes == [3]
    assert relative_error(in_parts, whole) < 5e-6  # logarithms of little power


def test_gradients_pass_through_parts(sizes, batch, monkeypatch):
    in_parts = gradient(LAYERS["mel"](), batch)
    monkeypatch.setattr(parts, "PART_BYTES", 1 << 30)
    assert relative_error(in_parts, gradient(LAYERS["mel"](), batch)) < 1e-5


def test_parts_are_few(sizes, rng):
    if SPLITS:
        run(LAYERS["mel"](), rng.normal(size=(35, 300)).astype("float32"))
        assert sizes == [5] * 7


def test_batches_that_fit_are_not_split(sizes, batch, monkeypatch):
    monkeypatch.setattr(parts, "PART_BYTES", 4 << 20)
    run(LAYERS["mel"](), batch)
    assert sizes == [3]


def test_gpus_compute_all_rows_at_once(sizes, batch, monkeypatch):
    monkeypatch.setattr(parts, "has_gpu", lambda: True)
    run(LAYERS["mel"](), batch)
    assert sizes == [3]


def test_an_unknown_batch_is_not_split(sizes):
    waveform = keras.Input((1_000,))
    assert LAYERS["mel"]()(waveform).shape == (None, 16, 32)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        layer = LAYERS["mel"]()
        form = tf.TensorSpec((None, None), "float32")
        function = tf.function(layer, input_signature=[form])
        assert function(ops.zeros((2, 1_000))).shape == (2, 16, 32)
        assert sizes == [None]
