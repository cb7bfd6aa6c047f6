"""CLAP's tower for sounds: files of the Hub and of ours, and how clips are heard."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import kerasaudio
from kerasaudio.checkpoints.native import named_variables
from kerasaudio.models.clap import convert
from support.clap import tensors as whole_state
from support.goldens import GOLDEN, Golden
from support.seeding import read_shapes
from support.small import small
from support.torch_files import write_state

PARAMETERS = 28_190_872
ARGUMENTS = {
    "n_mels": 16,
    "image_size": 64,
    "patch_features": 16,
    "num_heads": 2,
    "window_size": 4,
    "stages": 2,
    "depth": 2,
    "projection_size": 24,
    "clip_samples": None,
}
TABLE = "layers.0.blocks.0.attention.self.relative_position_bias_table"
TOWER = "audio_model.audio_encoder."


@pytest.fixture(scope="module")
def tensors():
    return whole_state()


@pytest.fixture
def save(tmp_path):
    def write(tensors, **audio):
        save_file(tensors, tmp_path / "model.safetensors")
        config = {"audio_config": {"model_type": "clap_audio_model", **audio}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path

    return write


def test_the_published_file_has_exactly_our_weights(tmp_path):
    # Nothing of this size is allocated: neither the file's arrays nor the weights.
    listed = read_shapes((GOLDEN / "clap_htsat_unfused_keys.txt").read_text())
    found = {k: np.broadcast_to(np.float32(0), v) for k, v in listed.items()}
    state, arguments, _ = convert(found, tmp_path / "model.safetensors")

    with keras.StatelessScope(initialize_variables=False):
        model = kerasaudio.CLAP(**arguments)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        trained = sum(np.prod(v.shape) for v in model.trainable_variables)

    assert {key: tensor.shape for key, tensor in state.items()} == named
    assert trained == PARAMETERS
    assert model.input_shape == (None, 480_000)
    assert model.output_shape == (None, 512)


def test_shapes_and_config_tell_the_size_of_the_network(tensors, save):
    model = kerasaudio.CLAP(weights=save(tensors, spec_size=64))

    assert model.spec.arguments == ARGUMENTS
    assert model.spec.clip_samples == 96_000


def test_a_larger_image_is_read_from_the_config(tensors, save):
    model = kerasaudio.CLAP(weights=save(tensors, spec_size=128))

    assert model.spec.arguments["image_size"] == 128
    assert model.spec.clip_samples == 480_000  # 1024 frames


def test_a_file_of_torch_gives_the_same(tensors, save, tmp_path):
    folder = tmp_path / "torch"
    folder.mkdir()
    write_state(folder / "pytorch_model.bin", tensors)
    model, other = (kerasaudio.CLAP(weights=path) for path in (save(tensors), folder))

    for weight, same in zip(model.weights, other.weights, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_our_own_file_loads_too(tensors, save, tmp_path):
    model = kerasaudio.CLAP(weights=save(tensors))
    path = model.save_pretrained(tmp_path / "mine.safetensors")

    again = kerasaudio.CLAP(weights=path)

    for weight, same in zip(again.weights, model.weights, strict=True):
        np.testing.assert_array_equal(weight, same)


def other_networks():
    """Give state dicts that are not CLAP's, and what is said of them."""
    whole = whole_state()
    kernel = f"{TOWER}patch_embed.proj.weight"
    fused = f"{TOWER}patch_embed.fusion_model.local_att.0.weight"
    deeper = f"{TOWER}{TABLE.replace('blocks.0', 'blocks.2')}"
    third = f"{TOWER}{TABLE.replace('layers.0', 'layers.2')}"
    return {
        "htsat": (Golden.read("ast_seeded").state(), "does not hold a ClapModel"),
        "without projection": (
            {k: v for k, v in whole.items() if "audio_projection" not in k},
            "does not hold a ClapModel",
        ),
        "fused": (whole | {fused: np.zeros(3, "float32")}, "CLAP with fusion"),
        "patches of another size": (
            whole | {kernel: np.zeros((16, 1, 8, 8), "float32")},
            "patches of 4 x 4",
        ),
        "a stage of one layer": (
            whole | {third: np.zeros((49, 8), "float32")},
            "stages of 2 layers",
        ),
        "a layer without the rest": (
            whole | {deeper: np.zeros((49, 2), "float32")},
            "missing layers_0_blocks_2",
        ),
        "unknown": (
            whole | {f"{TOWER}extra.weight": np.zeros((3, 3), "float32")},
            "left over extra/kernel",
        ),
    }


@pytest.mark.parametrize("kind", other_networks())
def test_a_file_of_another_network_is_refused(save, kind):
    tensors, message = other_networks()[kind]

    with pytest.raises(ValueError, match=message):
        kerasaudio.CLAP(weights=save(tensors))


def test_a_config_of_another_kind_of_clap_is_refused(tensors, save):
    with pytest.raises(ValueError, match="supports only projection_hidden_act='relu'"):
        kerasaudio.CLAP(weights=save(tensors, projection_hidden_act="gelu"))


@pytest.mark.parametrize("change", [{"frequency_min": 0}, {"sampling_rate": 44_100}])
def test_another_front_end_is_refused(tensors, save, change):
    folder = save(tensors)
    heard = {"feature_extractor_type": "ClapFeatureExtractor", "frequency_min": 50}
    (folder / "preprocessor_config.json").write_text(json.dumps(heard | change))

    with pytest.raises(ValueError, match=f"supports only {next(iter(change))}="):
        kerasaudio.CLAP(weights=folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_heads": 5}, "num_heads must divide"),
        ({"stages": 1}, "stages must be at least 2"),
        ({"image_size": 96}, "image_size must be a multiple of 256"),
        ({"n_mels": 60}, "and of n_mels=60"),
        ({"clip_samples": 491_520}, "clip_samples must be from 1024 to 491519"),
        ({"clip_samples": 1_000}, "clip_samples must be from 1024"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.CLAP(**arguments)


def test_short_clips_are_repeated_whole_and_long_ones_cut(rng):
    model = kerasaudio.CLAP(**small("CLAP"), include_top=False)
    size, rate = model.spec.clip_samples, model.spec.sample_rate
    clip = rng.normal(0, 0.1, 10_000).astype("float32")
    twice = np.concatenate([clip, clip, np.zeros(size - 20_000, "float32")])

    short = model.embed(clip, rate)
    long = model.embed(np.concatenate([twice, clip]), rate)

    want = model.predict(twice[None])[0]
    np.testing.assert_allclose(short, want, atol=1e-6)
    np.testing.assert_allclose(long, want, atol=1e-6)
    assert np.linalg.norm(want) == pytest.approx(1, abs=1e-5)
