"""Dasheng: files of the Hub, of the original and of ours, frames and chunks."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import kerasaudio
from kerasaudio.checkpoints.native import model_state, named_variables, native_bytes
from kerasaudio.events import find_events, frame_scores
from kerasaudio.layers.chunks import Chunks, JoinChunks
from kerasaudio.models.dasheng import convert
from support.ced import BANK, small_state, tables
from support.goldens import GOLDEN, Golden
from support.seeding import read_shapes, seeded
from support.small import small
from support.torch_files import write_state

ARGUMENTS = {
    "hidden_size": 48,
    "num_layers": 3,
    "num_heads": 4,
    "max_length": 1008,
    "clip_samples": None,
}
CONFIG = {
    "model_type": "dasheng",
    "name": "dasheng-base",
    "encoder_kwargs": {
        "embed_dim": 48,
        "num_heads": 4,
        "patch_size": [64, 4],
        "target_length": 1008,
    },
}


@pytest.fixture
def tensors():
    return Golden.read("dasheng_small").state()


@pytest.fixture
def save(tmp_path):
    def write(tensors, config=CONFIG):
        save_file(tensors, tmp_path / "model.safetensors")
        if config is not None:
            (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path / "model.safetensors"

    return write


def base_shapes():
    return read_shapes((GOLDEN / "dasheng_base_keys.txt").read_text())


def original(tensors):
    """Turn a state dict of the Hub into one of the original code."""
    plain = {key.removeprefix("encoder."): t for key, t in tensors.items()}
    return tables() | plain


def test_the_published_file_has_exactly_our_weights(tmp_path):
    # Nothing of this size is allocated: neither the file's arrays nor the weights.
    zeros = {key: np.broadcast_to(np.float32(0), s) for key, s in base_shapes().items()}
    state, arguments, _ = convert(zeros, tmp_path / "model.safetensors")

    with keras.StatelessScope(initialize_variables=False):
        model = kerasaudio.Dasheng(**arguments)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        trained = sum(np.prod(v.shape) for v in model.trainable_variables)

    assert {key: tensor.shape for key, tensor in state.items()} == named
    assert trained == 85_447_808
    assert arguments == {
        "hidden_size": 768,
        "num_layers": 12,
        "num_heads": 12,
        "max_length": 1008,
    }
    assert model.output_shape == (None, 768)


@pytest.mark.parametrize(("size", "heads"), [(768, 12), (1280, 16), (1536, 24)])
def test_published_sizes_have_their_numbers_of_heads(size, heads, tmp_path):
    sizes = {768 * n: size * n for n in (1, 3, 4)}
    shapes = {
        key: tuple(sizes.get(side, side) for side in shape)
        for key, shape in base_shapes().items()
        if "blocks" not in key or ".0." in key
    }
    zeros = {key: np.broadcast_to(np.float32(0), s) for key, s in shapes.items()}

    _, arguments, _ = convert(zeros, tmp_path / "dasheng.pt")

    assert arguments["num_heads"] == heads


def test_the_config_beside_the_file_tells_the_heads(tensors, save):
    model = kerasaudio.Dasheng(weights=save(tensors))

    assert model.spec.arguments == ARGUMENTS
    assert model.spec.labels is None


def test_settings_in_front_of_the_config_count_too(tensors, save):
    flat = {"model_type": "dasheng", **CONFIG["encoder_kwargs"]}

    model = kerasaudio.Dasheng(weights=save(tensors, flat))

    assert model.spec.arguments == ARGUMENTS


def test_heads_that_cannot_be_guessed_need_the_config(tensors, save):
    with pytest.raises(ValueError, match=r"Put the config\.json"):
        kerasaudio.Dasheng(weights=save(tensors, None))


def test_a_config_of_another_kind_of_dasheng_is_refused(tensors, save):
    inner = CONFIG["encoder_kwargs"] | {"patch_size": [64, 2]}
    with pytest.raises(ValueError, match=r"supports only patch_size=\[64, 4\]"):
        kerasaudio.Dasheng(weights=save(tensors, CONFIG | {"encoder_kwargs": inner}))


def test_the_originals_keys_differ_only_in_their_names(tensors, save, tmp_path):
    hub = kerasaudio.Dasheng(weights=save(tensors))
    path = tmp_path / "dasheng_base.pt"
    write_state(path, original(tensors))

    model = kerasaudio.Dasheng(weights=path)

    for weight, other in zip(model.weights, hub.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(weight), keras.ops.convert_to_numpy(other)
        )


def test_our_own_file_loads_too(tensors, save, tmp_path):
    model = kerasaudio.Dasheng(weights=save(tensors), classes=3)
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(model_state(model)))
    arguments = model.spec.arguments

    again = kerasaudio.Dasheng(weights=path, **arguments, classes=3)
    body = kerasaudio.Dasheng(weights=path, **arguments, include_top=False)

    assert (again.output_shape, body.output_shape) == ((None, 3), (None, 48))
    for weight, other in zip(again.weights, model.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(weight), keras.ops.convert_to_numpy(other)
        )


def other_networks():
    """Give state dicts that are not Dasheng's, and what is said of them."""
    whole = Golden.read("dasheng_small").state()
    kernel = "encoder.patch_embed.proj.weight"
    head = seeded({"outputlayer.1.weight": (5, 48), "outputlayer.1.bias": (5,)})
    return {
        "ced": (small_state(), "does not hold a Dasheng"),
        "patches of another size": (
            whole | {kernel: whole[kernel][..., :2]},
            "64 bands and 4 frames",
        ),
        "ast": (Golden.read("ast_seeded").state(), "does not hold a Dasheng"),
        "cnn6": (Golden.read("panns_cnn6").state(), "does not hold a Dasheng"),
        "classifier": (whole | head, "with a classifier behind the mean"),
        "class token": (
            whole | {"encoder.cls_token": np.zeros((1, 1, 48), "float32")},
            "left over /cls_token",
        ),
        "no positions of bands": (
            {key: v for key, v in whole.items() if "freq_pos" not in key},
            "missing positions/frequency_embeddings",
        ),
        "another front-end": (
            whole | {BANK: tables(fmax=7_000)[BANK]},
            "mel_scale.fb in the file",
        ),
    }


@pytest.mark.parametrize("kind", other_networks())
def test_a_file_of_another_network_is_refused(save, kind):
    tensors, message = other_networks()[kind]

    with pytest.raises(ValueError, match=message):
        kerasaudio.Dasheng(weights=save(tensors))


def test_a_ced_refuses_a_dasheng(tensors, save):
    with pytest.raises(ValueError, match="does not hold a CED"):
        kerasaudio.CED(weights=save(tensors))


def test_without_classes_there_is_no_head():
    with pytest.raises(ValueError, match="published without classes"):
        kerasaudio.Dasheng(**small("Dasheng"), include_top=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide"),
        ({"max_length": 3}, "at least 4 frames"),
        ({"max_length": 1_010}, "a multiple of 4 frames"),
        ({"clip_samples": 479}, "clip_samples must be at least 480"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.Dasheng(**{"num_layers": 1} | arguments)


def test_clips_are_heard_whole_up_to_half_a_minute():
    rule = kerasaudio.Dasheng(**small("Dasheng") | {"max_length": 1008}).spec.rule

    def pieces(samples):
        return [span.length for span in rule.spans(samples)]

    assert pieces(30 * 16_000) == [30 * 16_000]
    assert pieces(31 * 16_000) == [161_280] * 3 + [31 * 16_000 - 3 * 161_280]
    assert rule.spans(100)[0].size == 480


@pytest.mark.parametrize(
    ("frames", "chunks", "used"),
    [(4, 1, 4), (7, 1, 4), (12, 1, 12), (15, 1, 12), (16, 2, 12), (24, 2, 12)],
)
def test_every_whole_patch_is_in_a_chunk(rng, frames, chunks, used):
    features = rng.normal(size=(2, frames, 3)).astype("float32")
    layer, join = Chunks(12, 4, keep_last=True), JoinChunks(4)

    cut = keras.ops.convert_to_numpy(layer(features))
    steps = cut.reshape(2 * chunks, used // 4, 12)  # one for each patch
    joined = join([steps, cut, features])

    assert cut.shape == layer.compute_output_shape(features.shape)
    assert cut.shape == (2, chunks, used, 3)
    shapes = [(None, used // 4, 12), (2, chunks, used, 3), features.shape]
    assert tuple(joined.shape) == join.compute_output_shape(shapes)
    whole = features[:, : frames // 4 * 4].reshape(2, -1, 12)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(joined), whole)


def test_scores_of_frames_every_40_ms(rng):
    model = kerasaudio.Dasheng(**small("Dasheng"), labels=["knock", "bark"])
    clip = rng.normal(0, 0.1, 32_100).astype("float32")

    scores, times = frame_scores(model, clip, 16_000)
    first, _ = frame_scores(model, clip[:10_240], 16_000)  # a window
    events = find_events(model, clip, 16_000, threshold=0.01)

    assert scores.shape == (50, 2)
    np.testing.assert_allclose(times[:-1], 0.04 * np.arange(50), atol=1e-9)
    assert times[-1] == pytest.approx(32_100 / 16_000)
    np.testing.assert_allclose(scores[:16], first, atol=1e-6)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert {event.label for event in events} == {"knock", "bark"}


def test_the_embedding_is_the_mean_of_its_frames(rng):
    model = kerasaudio.Dasheng(**small("Dasheng"))
    clip = rng.normal(0, 0.1, (1, 25_000)).astype("float32")  # 3 chunks of 0.64 s
    frames = keras.Model(model.input, model.get_layer("frame_embeddings").output)

    each = frames.predict(clip, verbose=0)[0]

    assert each.shape == (39, 32)
    want = each.mean(axis=0)
    np.testing.assert_allclose(model.embed(clip[0], 16_000), want, atol=1e-5)
