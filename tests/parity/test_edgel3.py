"""EdgeL3's published file against the graph that the file itself holds.

Keras runs the stored graph, with its stored kernels of the Fourier transform and mel
bands in a layer that computes what kapre 0.1.4 did. Sounds with a little noise differ
by 1e-5 of the greatest magnitude. Pure tones in silence differ by up to 7e-3, as the
front-end hears 160 dB, and so also the roundings of the transform.
"""

import gzip

import keras
import numpy as np
import pytest
from keras import ops

import kerasaudio
from kerasaudio.weights import find
from support.goldens import summary
from support.seeding import wave

FILE = "edgel3_sea_ust_audio_emb_64.h5.gz"


class Melspectrogram(keras.layers.Layer):
    """The front-end of kapre 0.1.4, with the stored kernels."""

    def __init__(self, name, **settings):
        super().__init__(name=name)
        assert (settings["padding"], settings["power_spectrogram"]) == ("same", 2.0)
        assert (settings["power_melgram"], settings["n_hop"]) == (1.0, 160)
        assert settings["return_decibel_melgram"]

    def build(self, input_shape):
        kernel = (1024, 1, 1, 513)
        self.real = self.add_weight(shape=kernel, name="real_kernels")
        self.imag = self.add_weight(shape=kernel, name="imag_kernels")
        self.bank = self.add_weight(shape=(513, 64), name="Variable")

    def call(self, inputs):
        waveform = ops.transpose(inputs, (0, 2, 1))
        power = sum(
            ops.square(ops.conv(waveform, kernel[:, 0], 160, "same", "channels_last"))
            for kernel in (self.real, self.imag)
        )
        root = ops.sqrt(ops.matmul(power, self.bank))
        level = 10 * ops.log10(ops.maximum(root, 1e-10))
        level = level - ops.max(level, axis=(1, 2), keepdims=True)
        image = ops.transpose(ops.maximum(level, -80.0), (0, 2, 1))
        return ops.expand_dims(image, -1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 64, 50, 1)


@pytest.fixture(scope="module")
def stored(shared, tmp_path_factory):
    """Give the network in the published file, run by Keras."""
    path = tmp_path_factory.mktemp("edgel3") / "edgel3.h5"
    path.write_bytes(gzip.decompress((shared / "reference/edgel3" / FILE).read_bytes()))
    return keras.models.load_model(
        path, custom_objects={"Melspectrogram": Melspectrogram}, compile=False
    )


def sounds():
    """Give two seconds, one with digital silence inside, and a tone after silence."""
    noisy = np.stack([wave(8_000, 8_000, seed) for seed in (1, 2)]) / 32768
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(4_000) / 8_000)
    late = np.concatenate([np.zeros(4_000), tone])
    return np.stack([*noisy, late]).astype("float32")


@pytest.mark.shared
def test_every_stage_is_that_of_the_stored_graph(stored, shared):
    model = kerasaudio.EdgeL3(shared / "reference/edgel3" / FILE)
    assert model.count_params() == 399_460
    layers = {
        "melspectrogram_1": "frontend",
        "max_pooling2d_1": "pool1",
        "max_pooling2d_3": "pool3",
        "audio_embedding_layer": "conv8",
        "flatten_1": "embedding",
    }
    theirs, ours = (
        keras.Model(network.input, [network.get_layer(name).output for name in names])
        for network, names in ((stored, layers), (model, layers.values()))
    )
    clips = sounds()
    wanted = theirs.predict(clips[:, None], verbose=0)
    found = ours.predict(clips, verbose=0)
    found[0] = found[0].transpose(0, 2, 1)[..., None]
    for name, got, want in zip(layers, found, wanted, strict=True):
        scale = np.abs(want).max()
        assert summary(want)[1] > 1e-2 * scale
        np.testing.assert_allclose(got[:2], want[:2], atol=1e-5 * scale, err_msg=name)
    np.testing.assert_allclose(found[-1][2], wanted[-1][2], atol=1e-2 * scale)


@pytest.mark.shared
def test_the_tag_is_that_file(shared, monkeypatch):
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(shared / "reference" / "edgel3"))
    model = kerasaudio.EdgeL3("sea-ust-64")
    from_path = kerasaudio.EdgeL3(shared / "reference/edgel3" / FILE)
    (source,) = find("EdgeL3", "sea-ust-64").sources
    assert source.size == (shared / "reference/edgel3" / FILE).stat().st_size
    clips = sounds()
    np.testing.assert_array_equal(
        model.predict(clips, verbose=0), from_path.predict(clips, verbose=0)
    )
    assert model.spec.license == "MIT"
    assert model.embed(clips[0], 8_000).shape == (64,)
