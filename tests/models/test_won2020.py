"""The networks of Won et al. 2020: their files, their sizes, their clips."""

import re
from functools import partial
from itertools import product

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.layers.transformer import ConstantToken
from support.goldens import Golden
from support.seeding import read_shapes, seeded
from support.torch_files import write_state
from support.won2020 import torchaudio_tables, window

FILES = {
    "ShortChunkCNN": ("won_short_chunk", partial(torchaudio_tables, 128)),
    "ShortChunkResNet": ("won_short_chunk_res", partial(torchaudio_tables, 128)),
    "HarmonicCNN": ("won_hcnn", partial(window, "hstft.spec.window")),
    "CNNSA": ("won_cnnsa", partial(torchaudio_tables, 128)),
}
SIBLINGS = {
    "FCN": ("fcn_seeded", torchaudio_tables),
    "CRNN": ("crnn_seeded", torchaudio_tables),
    "MusiCNN": ("musicnn_won2020_seeded", torchaudio_tables),
    "SampleCNN": ("seeded_sample", dict),
    "SampleCNNSE": ("seeded_se", dict),
}
REFUSED = (
    r"best_model\.pth does not hold an? {}, which has a layer [a-z0-9._]+\. The layers"
    r"|spec\.mel_scale\.fb in the file .* differs"
    r"|best_model\.pth do not fit"
)
PARAMETERS = {
    "ShortChunkCNN": 3_687_348,
    "ShortChunkResNet": 12_104_244,
    "HarmonicCNN": 3_631_551,
    "CNNSA": 10_521_652,
}
EMBEDDING = {
    "ShortChunkCNN": 512,
    "ShortChunkResNet": 512,
    "HarmonicCNN": 256,
    "CNNSA": 256,
}
# Samples that leave one step after the last layer.
SHORTEST = {
    "ShortChunkCNN": 127 * 256,
    "ShortChunkResNet": 257,
    "HarmonicCNN": 287 * 256,
    "CNNSA": 257,
}


def thin(channels):
    return str(int(channels[0]) // 32)


def write_narrow(folder, golden, kept):
    """Write a file with a thirty-second of the channels."""
    wide = Golden.read(golden).keys
    keys = re.sub(r"\b(128|256|512|1024)\b", thin, wide)
    path = folder / "best_model.pth"
    write_state(path, seeded(read_shapes(keys)) | kept())
    return path


@pytest.mark.parametrize("name", FILES)
def test_a_file_tells_the_number_of_filters_and_how_clips_are_cut(name, tmp_path):
    model = kerasaudio.FACTORIES[name](weights=write_narrow(tmp_path, *FILES[name]))

    assert model.spec.arguments["filters"] == 4
    assert model.output_shape == (None, 50)
    size = model.spec.clip_samples
    clip = np.zeros(3 * size + 100, "float32")
    starts = [window.start for window in model.spec.rule.cut(clip)]
    assert starts == [i * ((2 * size + 100) // 16) for i in range(16)]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        (name, other)
        for name, other in product((*FILES, *SIBLINGS), repeat=2)
        if name != other
    ],
)
def test_files_of_sibling_networks_are_refused(name, other, tmp_path):
    path = write_narrow(tmp_path, *(FILES | SIBLINGS)[other])

    with pytest.raises(ValueError, match=REFUSED.format(name)):
        kerasaudio.FACTORIES[name](weights=path)


@pytest.mark.parametrize("name", FILES)
def test_they_have_the_published_number_of_parameters(name):
    model = kerasaudio.FACTORIES[name]()

    trained = sum(np.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == PARAMETERS[name]
    assert model.get_layer("embedding").output.shape == (None, EMBEDDING[name])


@pytest.mark.parametrize("name", FILES)
def test_the_shortest_clip_leaves_one_step(name):
    factory, samples = kerasaudio.FACTORIES[name], SHORTEST[name]
    model = factory(filters=4, clip_samples=samples)

    before = "steps" if name == "CNNSA" else "pool"
    assert model.get_layer(before).input.shape[2] == 1
    assert model.get_layer(before).input.shape[1] <= 2
    with pytest.raises(ValueError, match=f"clip_samples must be at least {samples}"):
        factory(filters=4, clip_samples=samples - 1)


@pytest.mark.parametrize("heads", [0, 3])
def test_heads_that_do_not_divide_the_features_are_refused(heads):
    with pytest.raises(ValueError, match="num_heads"):
        kerasaudio.CNNSA(filters=4, num_heads=heads)


def test_the_file_of_cnnsa_tells_its_layers_and_heads(tmp_path):
    path = write_narrow(tmp_path, *FILES["CNNSA"])

    arguments = kerasaudio.CNNSA(weights=path).spec.arguments

    assert arguments["num_layers"] == 2
    assert arguments["num_heads"] == 8
    with pytest.raises(ValueError, match="num_heads"):
        kerasaudio.CNNSA(weights=path, num_heads=4)


def test_the_constant_vector_is_upstreams():
    want = Golden.read("won_cnnsa").arrays["cls"]
    steps = np.random.default_rng(0).normal(size=(2, 3, 256)).astype("float32")
    layer = ConstantToken()

    got = keras.ops.convert_to_numpy(layer(steps))

    assert got.shape == layer.compute_output_shape(steps.shape) == (2, 4, 256)
    np.testing.assert_array_equal(got[:, 0], [want, want])
    np.testing.assert_array_equal(got[:, 1:], steps)
    assert not layer.weights
    again = ConstantToken.from_config(ConstantToken(seed=1).get_config())
    assert np.abs(keras.ops.convert_to_numpy(again(steps))[:, 0] - want).max() > 0.5
