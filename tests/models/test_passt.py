"""PaSST and MAEST: their files, those of the other, and how much they hear."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state, named_variables, native_bytes
from kerasaudio.layers.transformer import (
    FirstTokens,
    GridPositions,
    TokensAndPositions,
)
from kerasaudio.models import maest, passt
from kerasaudio.weights.label_lists import label_list
from support.goldens import GOLDEN, Golden
from support.passt import small_state
from support.seeding import read_shapes
from support.small import small
from support.torch_files import write_state
from support.unallocated import without_allocating

SIZES = {"hidden_size": 64, "num_layers": 2, "num_heads": 1}
PARAMETERS = 86_153_758 - 527 * 769  # without the unused head of the second token


def save(folder, tensors, name="network.pt"):
    write_state(folder / name, tensors)
    return folder / name


def unallocated(keys):
    """Give arrays of a file's shapes, of one number."""
    shapes = read_shapes((GOLDEN / f"{keys}_keys.txt").read_text())
    return {key: np.broadcast_to(np.float32(0), s) for key, s in shapes.items()}


@pytest.mark.parametrize(
    ("module", "factory", "keys", "classes"),
    [(passt, "PaSST", "passt_s", 527), (maest, "MAEST", "maest_30s_519", 519)],
)
def test_the_published_file_has_exactly_our_weights(
    module, factory, keys, classes, tmp_path
):
    state, arguments, labels = module.convert(unallocated(keys), tmp_path / "a.pt")

    build = getattr(kerasaudio, factory)

    def built():
        model = build(**arguments, classes=classes)
        named = {key: tuple(v.shape) for key, v in named_variables(model).items()}
        trained = sum(np.prod(v.shape) for v in model.trainable_variables)
        return named, trained

    named, trained = without_allocating(built)

    assert {key: tensor.shape for key, tensor in state.items()} == named
    assert arguments.items() <= build(num_layers=1).spec.arguments.items() | {
        ("num_layers", 12)
    }
    if factory == "PaSST":
        assert trained == PARAMETERS
    assert labels == (label_list("audioset") if factory == "PaSST" else None)


@pytest.mark.parametrize(
    ("bands", "steps", "stride", "max_length"),
    [
        (12, 99, 10, 1000),
        (10, 83, 12, 1000),
        (9, 71, 14, 1000),
        (8, 62, 16, 1000),
        (12, 200, 10, 2006),  # 20 s and a little
    ],
)
def test_the_tables_tell_stride_and_length(tmp_path, bands, steps, stride, max_length):
    tensors = small_state("passt_small", bands=bands, steps=steps)

    model = kerasaudio.PaSST(weights=save(tmp_path, tensors))

    assert model.spec.arguments == SIZES | {
        "stride": stride,
        "max_length": max_length,
        "clip_samples": None,
    }
    assert model.output_shape == (None, 5)
    assert model.spec.labels[:2] == ("class 0", "class 1")
    assert model.spec.window_samples == 320 * max_length


@pytest.mark.parametrize(("steps", "seconds"), [(31, 5.04), (62, 10), (187, 30)])
def test_the_table_of_a_maest_tells_its_length(tmp_path, steps, seconds):
    tensors = small_state("maest_small", steps=steps)

    model = kerasaudio.MAEST(weights=save(tmp_path, tensors, "maest.ckpt"))

    assert model.spec.window_seconds == seconds
    assert model.spec.arguments == SIZES | {
        "max_length": 10 * steps + 6,
        "clip_samples": None,
    }


def test_a_file_of_all_classes_gets_their_names(tmp_path):
    path = save(tmp_path, small_state("passt_small", classes=527))

    assert kerasaudio.PaSST(weights=path).spec.labels == label_list("audioset")
    mine = kerasaudio.PaSST(weights=path, labels=["knock", "bark"])
    assert mine.spec.labels == ("knock", "bark")


def test_our_own_file_loads_too(tmp_path):
    model = kerasaudio.PaSST(weights=save(tmp_path, small_state("passt_small")))
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(model_state(model)))

    again = kerasaudio.PaSST(weights=path, **model.spec.arguments, classes=5)

    for weight, other in zip(again.weights, model.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(weight), keras.ops.convert_to_numpy(other)
        )


def without(tensors, key):
    return {name: tensor for name, tensor in tensors.items() if name != key}


def others():
    """Give state dicts that are not of these networks, and what is said of them."""
    whole = small_state("passt_small")
    kernel = "patch_embed.proj.weight"
    no_network = "does not hold a"
    return {
        "efficient_at": (
            Golden.read("efficient_at_mn04_seeded").state(),
            no_network,
        ),
        "ast": (Golden.read("ast_seeded").state(), no_network),
        "ced": (Golden.read("ced_tiny").state(), no_network),
        "no second token": (without(whole, "dist_token"), no_network),
        "no classes": (without(whole, "head.1.bias"), no_network),
        "patches of another size": (
            whole | {kernel: whole[kernel][..., :8]},
            "patches of 16 x 16",
        ),
        "bands of no stride": (small_state("passt_small", bands=2), "2 bands"),
        "narrow heads": (Golden.read("passt_small").state(), "64 features"),
        "a bias less": (
            without(small_state("passt_small", bands=9), "blocks.1.mlp.fc2.bias"),
            "missing blocks_1_mlp_fc2",
        ),
        "a layer more": (
            small_state("passt_small", bands=9) | {"fc.weight": np.zeros((2, 2), "f")},
            "left over fc",
        ),
    }


@pytest.mark.parametrize("kind", others())
@pytest.mark.parametrize("factory", ["PaSST", "MAEST"])
def test_a_file_of_another_network_is_refused(tmp_path, factory, kind):
    tensors, message = others()[kind]

    with pytest.raises(ValueError, match=message):
        getattr(kerasaudio, factory)(weights=save(tmp_path, tensors))


@pytest.mark.parametrize("classes", [400, 519])
def test_a_maest_is_not_taken_for_a_passt(tmp_path, classes):
    path = save(tmp_path, small_state("maest_small", classes=classes, bands=9))

    with pytest.raises(ValueError, match="weights= of a MAEST"):
        kerasaudio.PaSST(weights=path)


@pytest.mark.parametrize(("bands", "classes"), [(12, 5), (8, 5), (9, 527)])
def test_a_passt_is_not_taken_for_a_maest(tmp_path, bands, classes):
    path = save(tmp_path, small_state("passt_small", classes=classes, bands=bands))

    with pytest.raises(ValueError, match="weights= of a PaSST"):
        kerasaudio.MAEST(weights=path)


def test_a_file_on_frames_of_another_length_is_refused(tmp_path):
    name = "passt-s-f128-stfthop160-p16-s10-ap.473-swa.pt"
    path = save(tmp_path, small_state("passt_small"), name)

    with pytest.raises(ValueError, match="frames of another length"):
        kerasaudio.PaSST(weights=path)


@pytest.mark.parametrize(
    ("factory", "arguments", "message"),
    [
        ("PaSST", {"num_heads": 5}, "num_heads must divide"),
        ("PaSST", {"max_length": 15}, "at least 16 frames"),
        ("PaSST", {"stride": 17}, "stride must be from 1 to 16"),
        ("PaSST", {"clip_samples": 5_119}, "clip_samples must be at least 5120"),
        ("MAEST", {"max_length": 15}, "at least 16 frames"),
        ("MAEST", {"clip_samples": 3_839}, "clip_samples must be at least 3840"),
    ],
)
def test_impossible_arguments_are_refused(factory, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(kerasaudio, factory)(**arguments)


@pytest.mark.parametrize("factory", ["PaSST", "MAEST"])
def test_what_comes_after_the_last_position_is_not_heard(rng, factory):
    model = getattr(kerasaudio, factory)(**small(factory), classes=3)
    spec = model.spec
    long = rng.normal(0, 0.1, (1, 3 * spec.window_samples)).astype("float32")
    # Windows of the last frames that are heard end here.
    longest = spec.window_samples + 512

    np.testing.assert_allclose(
        model.predict(long, verbose=0),
        model.predict(long[:, :longest], verbose=0),
        atol=1e-6,
    )
    assert spec.max_samples == spec.window_samples


def test_windows_are_ten_seconds_side_by_side():
    rule = kerasaudio.PaSST(**small("PaSST") | {"max_length": 1000}).spec.rule

    def pieces(seconds):
        return [span.length / 32_000 for span in rule.spans(round(seconds * 32_000))]

    assert pieces(4) == [4]
    assert pieces(10) == [10]
    assert pieces(23) == [10, 10, 3]
    assert rule.spans(1_000)[0].size == 5_120


def test_steps_without_a_position_are_dropped(rng):
    x = rng.normal(size=(2, 7, 3, 4)).astype("float32")
    layer = GridPositions(5)

    listed = keras.ops.convert_to_numpy(layer(x))

    assert listed.shape == layer.compute_output_shape(x.shape) == (2, 15, 4)
    times, bands = map(keras.ops.convert_to_numpy, layer.weights)
    want = x[:, :5] + times[:, None] + bands
    np.testing.assert_allclose(listed.reshape(2, 5, 3, 4), want, atol=1e-6)
    shorter = keras.ops.convert_to_numpy(layer(x[:, :2]))
    np.testing.assert_array_equal(shorter, listed[:, :6])


def test_tokens_have_positions_of_their_own(rng):
    x = rng.normal(size=(2, 6, 4)).astype("float32")
    layer = TokensAndPositions(patch_positions=False)

    tokens = keras.ops.convert_to_numpy(layer(x))
    again = TokensAndPositions.from_config(layer.get_config())

    assert tokens.shape == layer.compute_output_shape(x.shape) == (2, 8, 4)
    np.testing.assert_array_equal(tokens[:, 2:], x)
    first, second, positions = map(keras.ops.convert_to_numpy, layer.weights)
    want = np.concatenate([first, second], axis=1) + positions
    np.testing.assert_allclose(tokens[:, :2], np.repeat(want, 2, axis=0), atol=1e-6)
    assert not again.patch_positions


def test_first_tokens_are_kept(rng):
    x = rng.normal(size=(2, 6, 4)).astype("float32")
    layer = FirstTokens.from_config(FirstTokens(2).get_config())

    kept = keras.ops.convert_to_numpy(layer(x))

    assert layer.compute_output_shape((None, None, 4)) == (None, 2, 4)
    np.testing.assert_array_equal(kept, x[:, :2])
    with pytest.raises(ValueError, match="count"):
        FirstTokens(0)
