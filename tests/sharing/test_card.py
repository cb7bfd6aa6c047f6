"""The model card, and the provenance that it tells."""

import pytest
import yaml

import kerasaudio
from kerasaudio.core.provenance import trained, with_step
from support.tiny import tiny_model


@pytest.fixture(scope="module")
def model():
    return kerasaudio.load("LeNetMFCC/fsdd")


def header(card):
    return yaml.safe_load(card.split("---\n")[1])


def test_header_and_text(model):
    card = model.card("me/digits")
    facts = header(card)
    assert facts["library_name"] == "keras"
    assert facts["license"] == "apache-2.0"
    assert "kerasaudio" in facts["tags"]
    assert facts["model-index"][0]["results"][0]["metrics"][0]["value"] == 0.9967
    for told in (
        *("8,000 Hz", "LeNetMFCC/fsdd", model.spec.weights_hash, "windows of 1 s"),
        'kerasaudio.load("hf://me/digits")',
    ):
        assert told in card


def test_foreign_text_stays_text(tmp_path):
    model = tiny_model()
    evil = "a\n---\n```\n<script>"
    spec = model.spec.replace(labels=(evil, "b", "c"), citation=evil, license="X: [")
    model = kerasaudio.AudioModel(model.input, model.output, spec=spec)
    path = model.save_card(tmp_path / "README.md")
    card = path.read_text()
    assert header(card)["license"] == "other"
    assert card.count("\n---\n") == 1
    assert card.count("\n```") % 2 == 0
    assert "\\<script\\>" in card


def test_a_license_that_forbids_commerce_is_named():
    model = tiny_model()
    spec = model.spec.replace(license="CC-BY-NC-4.0")
    model = kerasaudio.AudioModel(model.input, model.output, spec=spec)
    with pytest.warns(UserWarning, match="forbids commercial use"):
        card = model.card("me/x", license="MIT")
    assert "CC-BY-NC-4.0, no commercial use" in card
    assert header(card)["license"] == "mit"


def test_steps_travel_through_files_and_exports(model, tmp_path):
    step = trained("my-dogs", 80, 10, "head")
    taught = with_step(model, step)
    taught.save(tmp_path / "a.keras")
    taught.save_pretrained(tmp_path / "a.safetensors")
    for name in ("a.keras", "a.safetensors"):
        assert kerasaudio.load(tmp_path / name).spec.provenance == (step,)
    facts = kerasaudio.exporting.facts.describe(taught.spec, None, None)
    assert facts["provenance"] == [step]
    assert facts["kerasaudio"] == kerasaudio.__version__
    assert header(taught.card())["datasets"] == ["my-dogs"]
    fresh = kerasaudio.LeNetMFCC(weights=tmp_path / "a.safetensors", labels=["x", "y"])
    assert fresh.spec.provenance == (step,)


@pytest.mark.parametrize("steps", [["x"], [{"a": []}], [{1: "a"}], "text"])
def test_steps_are_plain(model, steps):
    with pytest.raises(ValueError, match="provenance must be"):
        model.spec.replace(provenance=steps)
