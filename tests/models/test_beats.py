"""BEATs: its files, its classes, and what is neither."""

import csv

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import named_variables
from kerasaudio.layers.relative_attention import (
    GatedAttention,
    PositionalConv,
    RelativePositions,
)
from kerasaudio.models.beats_files import convert
from kerasaudio.weights.label_lists import label_list
from support.beats import BIAS, ones, sharing, small_state
from support.goldens import GOLDEN, Golden
from support.seeding import read_shapes
from support.torch_files import write_state
from support.unallocated import without_allocating

HEAD = ("predictor.weight", "predictor.bias")
SIZES = {
    "hidden_size": 48,
    "num_layers": 3,
    "num_heads": 4,
    "intermediate_size": 96,
    "patch_features": 32,
    "conv_width": 32,
    "conv_groups": 4,
    "num_buckets": 32,
}


@pytest.fixture
def tensors():
    return small_state()


@pytest.fixture
def save(tmp_path):
    def write(tensors):
        path = tmp_path / "BEATs.pt"
        write_state(path, tensors)
        return path

    return write


def pretrained(tensors):
    return {key: tensor for key, tensor in tensors.items() if key not in HEAD}


def test_the_published_file_has_exactly_our_weights():
    # Nothing of this size is allocated: neither the file's arrays nor the weights.
    shapes = read_shapes((GOLDEN / "beats_base_keys.txt").read_text())
    zeros = {key: np.broadcast_to(np.float32(0), s) for key, s in shapes.items()}
    state, arguments, labels = convert(zeros, "BEATs_iter3_plus.pt")

    def built():
        model = kerasaudio.BEATs(**arguments)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        return model, named

    model, named = without_allocating(built)

    assert {key: tensor.shape for key, tensor in state.items()} == named
    assert model.spec.arguments == kerasaudio.BEATs(num_layers=1).spec.arguments | {
        "num_layers": 12
    }
    # The positional convolution is stored as directions and lengths.
    stored = sum(np.prod(s) for key, s in shapes.items() if not key.endswith(BIAS))
    ours = sum(np.prod(shape) for shape in named.values())
    assert stored + 320 * 12 - 128 == ours
    assert labels == label_list("audioset_beats")


def test_its_classes_are_not_in_audiosets_order():
    labels = label_list("audioset_beats")

    assert (labels[0], labels[2], labels[20], labels[526]) == (
        "Snake",
        "Music",
        "Speech",
        "Sniff",
    )
    audioset = label_list("audioset")
    assert labels != audioset
    assert set(labels) == set(audioset)


@pytest.mark.shared
def test_its_classes_are_those_of_the_published_files(shared):
    path = shared / "reference" / "beats_audioset_labels.csv"
    with path.open(encoding="utf-8") as file:
        names = [row["display_name"] for row in csv.DictReader(file)]

    assert list(label_list("audioset_beats")) == names


def test_a_file_of_all_classes_gets_their_names(tensors, save):
    for key in HEAD:
        tensors[key] = np.resize(tensors[key], (527, *tensors[key].shape[1:]))

    model = kerasaudio.BEATs(weights=save(tensors))
    mine = kerasaudio.BEATs(weights=save(tensors), labels=["knock", "bark"])

    assert model.spec.labels == label_list("audioset_beats")
    assert mine.spec.labels == ("knock", "bark")


def test_shapes_tell_the_size_of_the_network(tensors, save):
    model = kerasaudio.BEATs(weights=save(tensors), max_distance=40)

    statistics = {"fbank_mean": 15.41663, "fbank_std": 6.55582}
    others = {"max_distance": 40, "clip_samples": None}
    assert model.spec.arguments == SIZES | others | statistics
    assert model.spec.labels[:2] == ("class 0", "class 1")


def test_a_pretrained_file_embeds(tensors, save):
    vectors = kerasaudio.BEATs(weights=save(tensors), include_top=False)
    body = kerasaudio.BEATs(weights=save(pretrained(tensors)), include_top=False)

    assert body.output_shape == (None, 48)
    for weight, other in zip(body.weights, vectors.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(weight), keras.ops.convert_to_numpy(other)
        )


def test_a_pretrained_file_has_no_classes(tensors, save):
    with pytest.raises(ValueError, match="contains no weights for the layer") as info:
        kerasaudio.BEATs(weights=save(pretrained(tensors)))
    assert "include_top=False" in str(info.value)


def espnet_state():
    """Give a fine-tuned state dict of ESPnet."""
    return sharing(Golden.read("openbeats_small").state(ones()))


def test_the_classes_of_an_espnet_file_get_the_names_that_are_passed(save):
    tensors = espnet_state()
    for key in ("decoder.linear_out.weight", "decoder.linear_out.bias"):
        tensors[key] = np.resize(tensors[key], (527, *tensors[key].shape[1:]))
    names = [f"sound {number}" for number in range(527)]

    unnamed = kerasaudio.BEATs(weights=save(tensors))
    named = kerasaudio.BEATs(weights=save(tensors), labels=names)

    assert unnamed.spec.labels[:2] == ("class 0", "class 1")
    assert named.spec.labels == tuple(names)
    head = "predictions"
    for weight, other in zip(
        named.get_layer(head).weights, unnamed.get_layer(head).weights, strict=True
    ):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(weight), keras.ops.convert_to_numpy(other)
        )


def test_a_pretrained_file_of_espnet_embeds(save):
    whole = espnet_state()
    body = {
        key.removeprefix("encoder."): tensor
        for key, tensor in whole.items()
        if not key.startswith("decoder.")
    }

    expected = kerasaudio.BEATs(weights=save(whole), include_top=False)
    got = kerasaudio.BEATs(weights=save(body), include_top=False)

    for weight, other in zip(got.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(weight), keras.ops.convert_to_numpy(other)
        )


def test_statistics_of_the_training_normalize(rng):
    waveform = rng.normal(0, 0.1, (1, 8_000)).astype("float32")
    own = {"fbank_mean": 15.66439, "fbank_std": 6.38312}

    def frontend(**given):
        model = kerasaudio.BEATs(**SIZES, **given)
        part = keras.Model(model.input, model.get_layer("frontend").output)
        return model, part.predict(waveform, verbose=0)

    model, got = frontend(**own)
    _, usual = frontend()

    energies = usual * 2 * 6.55582 + 15.41663
    np.testing.assert_allclose(got, (energies - 15.66439) / (2 * 6.38312), atol=1e-5)
    assert model.spec.frontend["mean"] == 15.66439
    assert model.spec.frontend["std"] == 2 * 6.38312
    with pytest.raises(ValueError, match="std"):
        kerasaudio.BEATs(**SIZES, fbank_std=0)


def others():
    """Give state dicts that are not of this network, and what is said of them."""
    whole = small_state()
    own_bias = f"encoder.layers.1.{BIAS}"
    gate = "encoder.layers.0.self_attn.grep_a"
    kernel = "patch_embedding.weight"
    tuned = espnet_state()
    mask = "encoder.raw2fbank_pad.weight"
    return {
        "another mask": (tuned | {mask: tuned[mask] * 2}, "raw2fbank_pad"),
        "downsampled in espnet": (
            tuned | {"encoder.downsample_conv.bias": np.zeros(48, "float32")},
            "left over downsample_conv",
        ),
        "tokenizer": (
            whole | {"quantize.embedding.weight": np.zeros(2, "float32")},
            "tokenizer",
        ),
        "cnn6": (Golden.read("panns_cnn6").state(), "does not hold a BEATs"),
        "no gates": (
            {key: tensor for key, tensor in whole.items() if key != gate},
            "does not hold a BEATs",
        ),
        "patches of another size": (
            whole | {kernel: whole[kernel][..., :8]},
            "patches of 16 x 16",
        ),
        "biases of its own": (whole | {own_bias: whole[own_bias] + 1}, "differs from"),
        "a number for a bias": (
            whole | {"predictor.bias": np.zeros((), "float32")},
            "predictions/bias has shape",
        ),
        "a layer less": (
            {key: t for key, t in whole.items() if "layers.1.fc2" not in key},
            "missing encoder_layers_1_fc2",
        ),
    }


@pytest.mark.parametrize("kind", others())
def test_a_file_of_another_network_is_refused(save, kind):
    tensors, message = others()[kind]

    with pytest.raises(ValueError, match=message):
        kerasaudio.BEATs(weights=save(tensors))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide"),
        ({"conv_groups": 7}, "groups must divide"),
        ({"num_buckets": 30}, "multiple of 4"),
        ({"max_distance": 80}, "max_distance above"),
        ({"clip_samples": 2_799}, "clip_samples must be at least 2800"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.BEATs(**{"num_layers": 1} | arguments)


def test_clips_are_heard_whole_up_to_half_a_minute():
    rule = kerasaudio.BEATs(**SIZES).spec.rule

    def pieces(seconds):
        return [span.length for span in rule.spans(round(seconds * 16_000))]

    assert pieces(30) == [480_000]
    assert pieces(31) == [160_000] * 3 + [16_000]
    assert rule.spans(1_000)[0].size == 2_800


def test_near_distances_have_buckets_of_their_own():
    layer = RelativePositions(2, num_buckets=16, max_distance=12)

    ahead = layer.buckets(np.arange(1, 15)).tolist()
    behind = layer.buckets(-np.arange(0, 15)).tolist()

    # 4 + int(4 * log(distance / 4) / log(3)), and never above 7
    assert behind == [0, 1, 2, 3, 4, 4, 5, 6, 6, 6, 7, 7, 7, 7, 7]
    assert ahead == [8 + bucket for bucket in behind[1:]]


def test_biases_depend_on_the_distance_only():
    layer = RelativePositions(2, num_buckets=16, max_distance=12)
    tokens = np.zeros((1, 20, 3), "float32")

    biases = keras.ops.convert_to_numpy(layer(tokens))
    table = keras.ops.convert_to_numpy(layer.embeddings)

    assert biases.shape == layer.compute_output_shape(tokens.shape) == (2, 20, 20)
    for own, other in ((0, 0), (0, 3), (7, 2), (19, 0), (0, 19)):
        (bucket,) = layer.buckets(np.array([other - own]))
        np.testing.assert_array_equal(biases[:, own, other], table[bucket])


def test_attention_without_biases_is_that_of_keras(rng):
    tokens = rng.normal(size=(2, 7, 12)).astype("float32")
    biases = np.zeros((3, 7, 7), "float32")
    ours, theirs = GatedAttention(3), keras.layers.MultiHeadAttention(3, 4)
    ours([tokens, biases])
    theirs(tokens, tokens)
    query, key, value, out = rng.normal(size=(4, 12, 12)).astype("float32")
    ours.q_proj.kernel.assign(query)
    ours.k_proj.kernel.assign(key)
    ours.v_proj.kernel.assign(value)
    ours.out_proj.kernel.assign(out)
    split, zeros = (12, 3, 4), np.zeros((3, 4))
    parts = (part.reshape(split) for part in (query, key, value))
    set_to = [array for part in parts for array in (part, zeros)]
    theirs.set_weights([*set_to, out.reshape(3, 4, 12), np.zeros(12)])

    got, want = ours([tokens, biases]), theirs(tokens, tokens)

    got, want = map(keras.ops.convert_to_numpy, (got, want))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max())


@pytest.mark.parametrize("width", [1, 4, 5])
def test_positional_convolution_is_a_convolution_in_groups(rng, width):
    tokens = rng.normal(size=(1, 9, 6)).astype("float32")
    layer = PositionalConv(width, groups=2)
    layer(tokens)
    layer.kernel.assign(rng.normal(size=(width, 3, 6)).astype("float32"))
    kernel = keras.ops.convert_to_numpy(layer.kernel)

    got = keras.ops.convert_to_numpy(layer(tokens))

    padded = np.pad(tokens[0], ((width // 2, (width - 1) // 2), (0, 0)))
    sums = np.zeros((9, 6))
    for place in range(9):
        seen = padded[place : place + width]
        for group in range(2):
            own = slice(3 * group, 3 * group + 3)
            sums[place, own] = np.einsum("ki,kio->o", seen[:, own], kernel[..., own])
    want = keras.ops.convert_to_numpy(keras.ops.gelu(sums, approximate=False))
    np.testing.assert_allclose(got[0], want, rtol=1e-4, atol=1e-5)


def test_the_settings_beside_the_weights_are_used(tmp_path):
    path = tmp_path / "BEATs.pt"
    settings = {"max_distance": 12, "deep_norm": 1, "layer_norm_first": 0}
    write_state(path, small_state(), ("cfg", settings))

    model = kerasaudio.BEATs(path, include_top=False)

    assert model.spec.arguments["max_distance"] == 12


@pytest.mark.parametrize("setting", [{"deep_norm": 0}, {"layer_norm_first": 1}])
def test_settings_of_another_network_are_refused(tmp_path, setting):
    path = tmp_path / "BEATs.pt"
    write_state(path, small_state(), ("cfg", setting))

    with pytest.raises(ValueError, match=f"cfg has {next(iter(setting))}="):
        kerasaudio.BEATs(path, include_top=False)
