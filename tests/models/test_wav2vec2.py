"""wav2vec 2.0 and HuBERT: the files of transformers, and what is none of them."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import kerasaudio
from kerasaudio.checkpoints.native import named_variables
from kerasaudio.models.wav2vec2_files import convert
from support.goldens import GOLDEN, Golden
from support.seeding import read_shapes
from support.small import small
from support.unallocated import without_allocating

PARAMETERS = 94_370_816
POSITIONS = "encoder.pos_conv_embed.conv"
CONV = "feature_extractor.conv_layers"
FACTORIES = {"wav2vec2": kerasaudio.Wav2Vec2, "hubert": kerasaudio.HuBERT}


def state(name):
    """Give the state dict of a small network, with keys as in the whole network's."""
    family = name.partition("_")[0]
    tensors = Golden.read(name).state()
    return {f"{family}.{k.removeprefix(f'{family}.')}": v for k, v in tensors.items()}


@pytest.fixture
def tensors():
    return state("wav2vec2_small_base")


@pytest.fixture
def save(tmp_path):
    def write(tensors, model_type="wav2vec2", heads=4, **config):
        save_file(tensors, tmp_path / "model.safetensors")
        told = {"model_type": model_type, "num_attention_heads": heads, **config}
        (tmp_path / "config.json").write_text(json.dumps(told))
        return tmp_path

    return write


def same_weights(model, other):
    for weight, same in zip(model.weights, other.weights, strict=True):
        np.testing.assert_array_equal(weight, same)


@pytest.mark.parametrize("family", FACTORIES)
def test_the_published_files_have_exactly_our_weights(family, tmp_path):
    # Nothing of this size is allocated: neither the file's arrays nor the weights.
    shapes = read_shapes((GOLDEN / f"{family}_base_keys.txt").read_text())
    zeros = {key: np.broadcast_to(np.float32(0), s) for key, s in shapes.items()}
    found, arguments, labels = convert(zeros, tmp_path / "pytorch_model.bin", family)

    def built():
        model = FACTORIES[family](**arguments)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        return model, named

    model, named = without_allocating(built)

    assert {key: tensor.shape for key, tensor in found.items()} == named
    default = FACTORIES[family](num_layers=1).spec.arguments
    assert model.spec.arguments == default | {"num_layers": 12}
    assert sum(np.prod(shape) for shape in named.values()) == PARAMETERS
    assert labels is None


def test_shapes_and_config_tell_the_size_of_the_network(save):
    model = kerasaudio.Wav2Vec2(weights=save(state("wav2vec2_small_large")))

    assert model.spec.arguments == {
        "hidden_size": 48,
        "num_layers": 2,
        "num_heads": 4,
        "intermediate_size": 96,
        "conv_filters": 32,
        "conv_bias": True,
        "conv_norm": "layer",
        "norm_first": True,
        "position_width": 32,
        "position_groups": 4,
        "clip_samples": None,
    }


@pytest.mark.parametrize(
    ("size", "heads"), [(768, 12), (1024, 16), (1280, 16), (1920, 16)]
)
def test_without_a_config_heads_are_those_of_the_published_sizes(
    tensors, tmp_path, size, heads
):
    wide = {
        key: np.broadcast_to(np.float32(0), [size if n == 48 else n for n in v.shape])
        for key, v in tensors.items()
    }
    found = convert(wide, tmp_path / "model.safetensors", "wav2vec2")

    assert found.arguments["num_heads"] == heads
    assert found.arguments["norm_first"] is False


def test_other_sizes_need_a_config(tensors, tmp_path):
    save_file(tensors, tmp_path / "model.safetensors")

    with pytest.raises(ValueError, match=r"48 features .* among 0 .*config\.json"):
        kerasaudio.Wav2Vec2(weights=tmp_path)


def test_the_config_tells_the_order_of_normalization(tensors, save):
    model = kerasaudio.Wav2Vec2(weights=save(tensors, do_stable_layer_norm=True))

    assert model.spec.arguments["norm_first"] is True
    assert model.spec.arguments["conv_norm"] == "group"


def test_heads_of_other_tasks_are_left_out(tensors, save):
    plain = kerasaudio.Wav2Vec2(weights=save(tensors))
    others = {
        "lm_head.weight": (8, 48),
        "lm_head.bias": (8,),
        "quantizer.codevectors": (1, 4, 8),
        "quantizer.weight_proj.weight": (4, 32),
        "project_hid.weight": (16, 48),
        "project_q.bias": (16,),
        "projector.weight": (16, 48),
        "classifier.bias": (3,),
        "layer_weights": (3,),
    }
    zeros = {key: np.zeros(shape, "float32") for key, shape in others.items()}
    bare = {key.removeprefix("wav2vec2."): v for key, v in tensors.items()}

    same_weights(kerasaudio.Wav2Vec2(weights=save(tensors | zeros)), plain)
    same_weights(kerasaudio.Wav2Vec2(weights=save(bare)), plain)


def test_newer_names_of_the_positions_are_read(tensors, save):
    plain = kerasaudio.Wav2Vec2(weights=save(tensors))
    newer = {
        key.replace("weight_g", "parametrizations.weight.original0").replace(
            "weight_v", "parametrizations.weight.original1"
        ): tensor
        for key, tensor in tensors.items()
    }
    assert newer.keys() != tensors.keys()

    same_weights(kerasaudio.Wav2Vec2(weights=save(newer)), plain)


def test_our_own_file_loads_too(tensors, save, tmp_path):
    model = kerasaudio.Wav2Vec2(weights=save(tensors))
    path = model.save_pretrained(tmp_path / "mine.safetensors")

    same_weights(kerasaudio.Wav2Vec2(weights=path), model)
    with pytest.raises(ValueError, match="the weights of a Wav2Vec2, not of a HuBERT"):
        kerasaudio.HuBERT(weights=path)


@pytest.mark.parametrize(
    ("family", "other"), [("wav2vec2", "hubert"), ("hubert", "wav2vec2")]
)
@pytest.mark.parametrize("told", ["by its keys", "by its config"])
def test_the_sibling_is_refused(save, family, other, told):
    tensors = state(f"{other}_small_base")
    if told == "by its config":
        tensors = {key.removeprefix(f"{other}."): v for key, v in tensors.items()}
    path = save(tensors, model_type=other)
    names = {key: factory.__name__ for key, factory in FACTORIES.items()}

    message = rf"holds a {names[other]}, not a {names[family]}\. .* of a {names[other]}"
    with pytest.raises(ValueError, match=message):
        FACTORIES[family](weights=path)


def other_networks():
    """Give state dicts that are not a wav2vec 2.0, and what is said of them."""
    whole = state("wav2vec2_small_base")
    layer = "wav2vec2.encoder.layers.0.attention"
    return {
        "ast": (Golden.read("ast_seeded").state(), "does not hold a Wav2Vec2"),
        "beats": (Golden.read("beats_small").state(), "does not hold a Wav2Vec2"),
        "positions by several convolutions": (
            {
                key.replace("conv_embed.conv", "conv_embed.layers.0.conv"): v
                for key, v in whole.items()
            },
            "positions by another",
        ),
        "a convolution of another width": (
            whole | {f"wav2vec2.{CONV}.3.conv.weight": np.zeros((32, 32, 5), "f4")},
            "does not hold a Wav2Vec2",
        ),
        "one convolution less": (
            {k: v for k, v in whole.items() if f"{CONV}.6" not in k},
            "with 7 convolutions",
        ),
        "wavlm": (
            whole | {f"{layer}.rel_attn_embed.weight": np.zeros((320, 4), "f4")},
            "left over encoder_layers_0_attention_rel_attn_embed/kernel",
        ),
        "a layer without the rest": (
            whole | {f"{layer.replace('0', '2')}.q_proj.bias": np.zeros(48, "f4")},
            "missing encoder_layers_2",
        ),
    }


@pytest.mark.parametrize("kind", other_networks())
def test_a_file_of_another_network_is_refused(save, kind):
    tensors, message = other_networks()[kind]

    with pytest.raises(ValueError, match=message):
        kerasaudio.Wav2Vec2(weights=save(tensors))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"hidden_act": "relu"}, "supports only hidden_act='gelu'"),
        ({"conv_stride": [5, 2, 2, 2, 2, 2, 1]}, "supports only conv_stride="),
        ({"layer_norm_eps": 1e-12}, "supports only layer_norm_eps=1e-05"),
        ({"do_stable_layer_norm": "no"}, "must be true or false. Received: 'no'"),
        ({"heads": 5}, "48 features cannot be divided among 5"),
    ],
)
def test_a_config_of_another_kind_is_refused(tensors, save, config, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.Wav2Vec2(weights=save(tensors, **config))


def test_another_sound_is_refused_where_it_matters(save):
    heard = {"feature_extractor_type": "Wav2Vec2FeatureExtractor"}

    def load(size, **change):
        folder = save(state(f"wav2vec2_small_{size}"))
        (folder / "preprocessor_config.json").write_text(json.dumps(heard | change))
        return kerasaudio.Wav2Vec2(weights=folder)

    with pytest.raises(ValueError, match="supports only sampling_rate=16000"):
        load("base", sampling_rate=8_000)
    with pytest.raises(ValueError, match="supports only do_normalize=True"):
        load("large", do_normalize=False)
    assert load("base", do_normalize=False).spec.sample_rate == 16_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide hidden_size=768"),
        ({"conv_norm": "batch"}, 'conv_norm must be "group" or "layer"'),
        ({"position_groups": 7}, "groups must divide the 768 features"),
        ({"clip_samples": 399}, "clip_samples must be at least 400"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.Wav2Vec2(num_layers=1, **arguments)


def test_there_is_a_frame_every_20_ms_and_the_embedding_is_their_mean(rng):
    model = kerasaudio.Wav2Vec2(**small("Wav2Vec2"))
    outputs = [model.get_layer(name).output for name in ("frames", "embedding")]
    network = keras.Model(model.input, outputs)

    for samples, count in {719: 1, 720: 2}.items():
        clip = rng.normal(0, 0.1, (1, samples)).astype("float32")
        frames, embedding = map(keras.ops.convert_to_numpy, network(clip))
        assert frames.shape == (1, count, 24)
        np.testing.assert_allclose(embedding, frames.mean(axis=1), atol=1e-6)


def test_neither_level_nor_offset_of_a_clip_matters(rng):
    model = kerasaudio.HuBERT(**small("HuBERT"))
    clip = rng.normal(0, 0.1, (1, 4_000)).astype("float32")

    got, want = (
        keras.ops.convert_to_numpy(model(x)) for x in (0.01 * clip + 0.1, clip)
    )

    np.testing.assert_allclose(got, want, atol=1e-3)
