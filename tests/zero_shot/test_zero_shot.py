"""Sounds and sentences side by side: vectors, scores, and what is refused."""

import json

import numpy as np
import pytest

import kerasaudio
from kerasaudio.similarity import Index
from support.clap import CONFIG, WORDS, tensors, write_clap
from support.goldens import Golden

LABELS = ["a dog barking", "rain", "wind"]
RATE = 48_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_clap(tmp_path_factory.mktemp("hub") / "clap")


@pytest.fixture(scope="module")
def clap(folder):
    return kerasaudio.ZeroShot(folder)


@pytest.fixture(scope="module")
def sound():
    return np.random.default_rng(0).normal(0, 0.1, RATE // 2).astype("float32")


def test_sentences_have_vectors_of_length_1(clap):
    vectors = clap.text(LABELS)

    assert vectors.shape == (3, 24)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(clap.text("rain"), vectors[1], atol=1e-6)
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01


def test_scores_are_the_softmax_of_scaled_cosines(clap, sound):
    cosines = clap.text(LABELS) @ clap.embed(sound, RATE)
    assert clap.scale == pytest.approx(np.exp(3), rel=1e-6)
    shares = np.exp(clap.scale * cosines)

    tags = dict(clap.tag(sound, RATE, labels=LABELS))

    want = shares / shares.sum()
    assert want.max() > 0.5
    np.testing.assert_allclose([tags[label] for label in LABELS], want, atol=1e-5)


def test_a_template_stands_around_the_label(clap, sound):
    plain = clap.tagger(["a sound of rain", "a sound of wind"])
    framed = clap.tagger(["rain", "wind"], template="a sound of {}")

    assert framed.spec.labels == ("rain", "wind")
    heard = np.resize(sound, (1, plain.spec.clip_samples))
    np.testing.assert_array_equal(framed.predict(heard), plain.predict(heard))


def test_a_tagger_is_a_model_of_its_own(clap, sound, tmp_path):
    model = clap.tagger(LABELS)
    model.save(tmp_path / "mine.keras")
    path = model.save_pretrained(tmp_path / "mine.safetensors")

    again = kerasaudio.load(tmp_path / "mine.keras")
    rebuilt = kerasaudio.CLAP(weights=path, include_top=True)

    want = model.tag(sound, RATE)
    for other in (again, rebuilt):
        got = other.tag(sound, RATE)
        assert [label for label, _ in got] == [label for label, _ in want]
        np.testing.assert_allclose(
            [score for _, score in got], [score for _, score in want], atol=1e-6
        )


def test_words_find_sounds_in_an_index(clap, sound):
    sounds = [sound, np.cumsum(sound) / 100]
    vectors = clap.embed([(RATE, x) for x in sounds])
    index = Index()
    index.add(vectors, ids=["hiss", "hum"])
    query = clap.text("a dog barking")

    found = index.nearest(query, k=2)

    cosines = vectors @ query / np.linalg.norm(vectors, axis=1)
    assert found[0].id == ["hiss", "hum"][cosines.argmax()]
    assert found[0].distance == pytest.approx(1 - cosines.max(), abs=1e-5)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["rain"], "at least two"),
        ([], "list of different class names"),
        ("rain", "list of different class names"),
        (["rain", "rain"], "list of different class names"),
        (["rain", " "], "labels must not be empty"),
        (["rain", "x" * 80], "at most 38 tokens"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(clap, labels, message):
    with pytest.raises(ValueError, match=message):
        clap.tagger(labels)


def test_a_template_without_a_place_for_the_label_is_refused(clap):
    with pytest.raises(ValueError, match=r"template must contain \{\}"):
        clap.tagger(LABELS, template="a sound")


@pytest.mark.parametrize("texts", ["", " ", ["rain", ""], ["rain", 3], []])
def test_texts_that_say_nothing_are_refused(clap, texts):
    with pytest.raises(ValueError, match=r"text.* (string|empty)"):
        clap.text(texts)


def test_a_folder_without_tokenizer_is_refused(folder, tmp_path):
    for name in ("model.safetensors", "config.json", "vocab.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())

    with pytest.raises(FileNotFoundError, match=r"no tokenizer.*merges\.txt"):
        kerasaudio.ZeroShot(tmp_path)


def test_a_tokenizer_of_another_network_is_refused(tmp_path):
    state = tensors()
    write_clap(tmp_path, tensors(**{WORDS: state[WORDS][:200]}))

    with pytest.raises(ValueError, match="knows the tokens below 200"):
        kerasaudio.ZeroShot(tmp_path)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("text_model.", "does not hold a ClapModel.*text_model"),
        ("logit_scale_a", "does not hold a ClapModel.*logit_scale_a"),
        ("text_model.pooler.dense.bias", "missing pooler_dense/bias"),
        ("audio_projection.", "audio_projection"),
    ],
)
def test_a_network_that_lacks_a_part_is_refused(tmp_path, missing, message):
    write_clap(
        tmp_path, {k: v for k, v in tensors().items() if not k.startswith(missing)}
    )

    with pytest.raises(ValueError, match=message):
        kerasaudio.ZeroShot(tmp_path)


def test_another_network_is_refused(tmp_path):
    write_clap(tmp_path, Golden.read("ast_seeded").state())

    with pytest.raises(ValueError, match="does not hold a ClapModel"):
        kerasaudio.ZeroShot(tmp_path)


def test_weights_in_several_files_are_refused(folder, tmp_path):
    content = (folder / "model.safetensors").read_bytes()
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(content)

    for read in (kerasaudio.ZeroShot, kerasaudio.CLAP):
        with pytest.raises(ValueError, match="several files, model-00001-of-00002"):
            read(tmp_path)


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no weights file .*nowhere"):
        kerasaudio.ZeroShot(tmp_path / "nowhere")


def test_a_text_network_of_another_kind_is_refused(tmp_path):
    write_clap(tmp_path)
    text = CONFIG["text_config"] | {"hidden_act": "relu"}
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {"text_config": text}))

    with pytest.raises(ValueError, match="supports only hidden_act='gelu'"):
        kerasaudio.ZeroShot(tmp_path)
