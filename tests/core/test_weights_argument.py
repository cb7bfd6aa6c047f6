"""What `weights=` may be, and when the published head stays or goes."""

import sys
import unicodedata
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state, native_bytes
from kerasaudio.core.architecture import ARCHITECTURES
from kerasaudio.core.pretrained import find_weights
from kerasaudio.models import FACTORIES
from kerasaudio.transfer.heads import with_new_head
from support.small import small

BUNDLED = [entry for entry in kerasaudio.list_weights() if entry.is_bundled]

small_model = partial(kerasaudio.LeNetMFCC, filters=2)


@pytest.fixture(scope="module")
def published():
    return kerasaudio.MusiCNN(weights="mtat")


def test_a_tag_leads_through_few_files():
    """From `weights="mtat"` to tensors: whoever reads it has at most 15 files open."""
    home = Path(kerasaudio.__file__).parent
    entered = set()

    def note(frame, event, _):
        if event == "call" and home in Path(frame.f_code.co_filename).parents:
            entered.add(frame.f_code.co_filename)

    architecture = ARCHITECTURES["MusiCNN"]
    sys.setprofile(note)
    try:
        found = find_weights(
            "MusiCNN",
            "mtat",
            defaults=architecture.defaults,
            converters=architecture.converters,
            suffixes=architecture.suffixes,
            scorer=architecture.head.scorer,
            clips=architecture.clips,
        )
    finally:
        sys.setprofile(None)
    assert found.classes == 50
    assert 5 <= len(entered) <= 15


def noise(model):
    return np.random.default_rng(0).normal(0, 0.1, (1, model.spec.clip_samples))


@pytest.mark.parametrize("entry", kerasaudio.list_weights(), ids=lambda e: e.title)
def test_every_published_preset_has_a_factory_that_takes_its_arguments(entry):
    import inspect

    parameters = inspect.signature(FACTORIES[entry.factory]).parameters

    assert set(entry.arguments) <= set(parameters)
    assert entry.license
    assert entry.citation


def test_two_presets_of_one_factory_may_be_in_one_model(published):
    other = kerasaudio.MusiCNN(weights="msd")
    waveform = keras.Input((published.spec.clip_samples,))
    both = keras.Model(waveform, [published(waveform), other(waveform)])
    clips = noise(published)

    first, second = both.predict(clips, verbose=0)

    np.testing.assert_allclose(first, published.predict(clips, verbose=0), atol=1e-6)
    np.testing.assert_allclose(second, other.predict(clips, verbose=0), atol=1e-6)
    assert np.abs(first - second).max() > 1e-3


@pytest.mark.parametrize("entry", BUNDLED, ids=lambda e: e.title)
def test_bundled_presets_load_whole(entry):
    model = FACTORIES[entry.factory](weights=entry.tag)

    if entry.labels:
        assert model.spec.labels == entry.labels
        assert model.output_shape == (None, len(entry.labels))
    else:  # published without a head
        assert model.spec.labels is None
        assert model.output_shape == model.get_layer("embedding").output.shape
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert trainable == entry.parameters
    assert model.spec.preset == entry.title
    assert model.spec.license == entry.license
    assert model.spec.metrics == entry.metrics
    assert model.spec.weights_hash == f"sha256:{entry.sources[0].sha256}"


def test_the_tags_own_labels_or_class_count_keep_the_published_head(published):
    for arguments in ({"labels": list(published.spec.labels)}, {"classes": 50}):
        model = kerasaudio.MusiCNN(weights="mtat", **arguments)

        assert model.spec.labels == published.spec.labels
        np.testing.assert_array_equal(
            model.predict(noise(model), verbose=0),
            published.predict(noise(model), verbose=0),
        )


def test_other_labels_get_a_new_head_on_the_published_body(published):
    model = kerasaudio.MusiCNN(weights="mtat", labels=["a", "b"])

    assert model.output_shape == (None, 2)
    np.testing.assert_allclose(
        model.embed(noise(model)[0], 16_000),
        published.embed(noise(model)[0], 16_000),
        atol=1e-6,
    )
    assert (
        kerasaudio.MusiCNN(weights="mtat", labels=["a"])
        .get_layer("predictions")
        .activation.__name__
        == "sigmoid"
    )


def test_reordered_labels_are_other_labels(published):
    backwards = list(published.spec.labels)[::-1]

    model = kerasaudio.MusiCNN(weights="mtat", labels=backwards)

    assert model.spec.labels == tuple(backwards)
    assert not np.allclose(
        model.predict(noise(model), verbose=0)[:, ::-1],
        published.predict(noise(model), verbose=0),
    )


def test_accents_written_in_two_ways_are_one_label(tmp_path):
    composed = unicodedata.normalize("NFC", "\u00e9clat")
    apart = unicodedata.normalize("NFD", composed)
    model = small_model(labels=[apart, "z"])
    assert model.spec.labels == (composed, "z")
    path = tmp_path / "own.keras"
    model.save(path)
    again = keras.saving.load_model(path)
    assert again.spec.labels == (composed, "z")
    assert with_new_head(again, [apart], frozen=False).spec.labels == (composed,)
    for twice in (small_model, partial(with_new_head, again, frozen=False)):
        with pytest.raises(ValueError, match="different class names"):
            twice(labels=[apart, composed])


def test_logits_are_to_be_had(published):
    logits = kerasaudio.MusiCNN(weights="mtat", classifier_activation=None)

    np.testing.assert_allclose(
        1 / (1 + np.exp(-logits.predict(noise(logits), verbose=0))),
        published.predict(noise(logits), verbose=0),
        atol=1e-6,
    )


def test_an_argument_that_contradicts_the_tag_is_refused():
    with pytest.raises(ValueError, match="midend_filters=512 contradicts"):
        kerasaudio.MusiCNN(weights="mtat", midend_filters=512)
    with pytest.raises(ValueError, match="variant='won2020' contradicts"):
        kerasaudio.MusiCNN(weights="mtat", variant="won2020")
    assert kerasaudio.MusiCNN(weights="mtat", midend_filters=64, variant="pons")


def test_the_input_length_is_free_where_the_weights_do_not_depend_on_it():
    model = kerasaudio.MusiCNN(weights="mtat", clip_samples=16_000)

    assert model.spec.clip_samples == 16_000
    assert model.predict(np.zeros((1, 16_000), "float32"), verbose=0).shape == (1, 50)
    assert model.spec.preset == "MusiCNN/mtat"


def test_an_unknown_tag_lists_the_good_ones():
    with pytest.raises(ValueError, match=r"'mtta'.*Did you mean 'mtat'.*'won2020-msd'"):
        kerasaudio.MusiCNN(weights="mtta")


def test_native_files_load_by_path_strictly(published, tmp_path):
    state = model_state(published)
    path = tmp_path / "mine.safetensors"
    path.write_bytes(native_bytes(state))

    model = kerasaudio.MusiCNN(weights=path)

    np.testing.assert_array_equal(
        model.predict(noise(model), verbose=0),
        published.predict(noise(model), verbose=0),
    )
    assert kerasaudio.MusiCNN(weights=path, classes=3).output_shape == (None, 3)

    changes = {
        "missing midend1_conv/bias": {**state},
        "left over extra/kernel": {**state, "extra/kernel": np.zeros(3, "float32")},
        "midend1_conv/bias has shape": {
            **state,
            "midend1_conv/bias": np.zeros(3, "float32"),
        },
        "contains NaN": {**state, "midend1_conv/bias": np.full(64, np.nan, "float32")},
    }
    del changes["missing midend1_conv/bias"]["midend1_conv/bias"]
    for message, broken in changes.items():
        path.write_bytes(native_bytes(broken))
        with pytest.raises(ValueError, match=message):
            kerasaudio.MusiCNN(weights=path)


def test_files_of_no_known_kind_are_refused(tmp_path):
    text = tmp_path / "weights.txt"
    text.write_text("hello")
    fake = tmp_path / "weights.safetensors"
    fake.write_text("hello")
    with pytest.raises(ValueError, match=r"\.safetensors, \.pth files"):
        kerasaudio.MusiCNN(weights=text)
    with pytest.raises(ValueError, match="not a safetensors file"):
        kerasaudio.MusiCNN(weights=fake)
    with pytest.raises((ValueError, OSError)):
        kerasaudio.MusiCNN(weights=tmp_path)


@pytest.mark.parametrize(
    ("samples", "blocks", "stem_width"),
    [(59_049, 9, 3), (39_366, 9, 2), (19_683, 8, 3), (16_000, 8, 2)],
)
def test_the_papers_variants_of_sample_cnn_build(samples, blocks, stem_width):
    model = kerasaudio.SampleCNN(
        clip_samples=samples, blocks=blocks, stem_width=stem_width
    )

    assert model.get_layer(f"layer{blocks + 1}_mp").output.shape[1] == 1
    assert model.input_shape == (None, samples)


def test_too_many_blocks_for_the_clip_are_refused():
    with pytest.raises(ValueError, match="need at least 59049"):
        kerasaudio.SampleCNN(clip_samples=19_683)
    with pytest.raises(ValueError, match="2 or 3"):
        kerasaudio.SampleCNN(stem_width=5)


@pytest.mark.parametrize("arguments", [{}, {"include_top": False}])
@pytest.mark.parametrize("name", ["EfficientAT", "CNN6"])
def test_a_file_of_other_code_is_told_apart(name, arguments, tmp_path):
    path = tmp_path / "other.safetensors"
    path.write_bytes(native_bytes({"bert.pooler.weight": np.zeros((2, 2), "float32")}))

    with pytest.raises(ValueError, match="not written by kerasaudio") as info:
        FACTORIES[name](weights=path, **small(name), **arguments)

    assert "'bert.pooler.weight'" in str(info.value)
    assert "contains no weights for the layer" not in str(info.value)


def test_a_saved_head_gives_way_to_the_embedding_or_to_own_labels(tmp_path):
    model = kerasaudio.Dasheng(**small("Dasheng"), labels=["cat", "dog"])
    model.save_pretrained(tmp_path)

    assert kerasaudio.Dasheng(tmp_path).spec.labels == ("cat", "dog")
    assert kerasaudio.Dasheng(tmp_path, labels=["cow"]).spec.labels == ("cow",)
    logits = kerasaudio.Dasheng(tmp_path, classifier_activation=None)
    assert logits.output_shape == (None, 2)
    embedding = kerasaudio.Dasheng(tmp_path, include_top=False)
    assert embedding.spec.labels is None
    embedding.save_pretrained(tmp_path / "bare")
    assert kerasaudio.Dasheng(tmp_path / "bare").spec.labels is None
    with pytest.raises(ValueError, match="no classifier_activation"):
        kerasaudio.Dasheng(tmp_path / "bare", classifier_activation=None)
