"""The ontology of AudioSet: ids, parents, scores of parents; files that are none."""

import json

import numpy as np
import pytest

import kerasaudio
from support.tiny import RATE, tiny_model


def entry(name, *children):
    return {
        "id": f"/m/{name}",
        "name": name,
        "child_ids": [f"/m/{c}" for c in children],
    }


# "e" has two parents; "b" and "c" are kinds of "a".
CLASSES = [entry("a", "b", "c"), entry("b", "e"), entry("c", "e", "d")]
CLASSES += [entry("d"), entry("e"), entry("x", "y"), entry("y")]


@pytest.fixture
def ontology(tmp_path):
    path = tmp_path / "ontology.json"
    path.write_text(json.dumps(CLASSES), encoding="utf-8")
    return kerasaudio.Ontology(path)


def test_ids_and_families(ontology):
    assert repr(ontology) == "Ontology(classes=7)"
    assert ontology.names == tuple("abcdexy")
    assert ontology.id_of("c") == "/m/c"
    assert ontology.name_of("/m/c") == "c"
    assert ontology.parents("e") == ("b", "c")
    assert ontology.parents("a") == ontology.children("y") == ()
    assert ontology.children("c") == ("e", "d")


def test_a_parent_has_the_highest_score_below_it(ontology):
    scores = np.array([[0.1, 0.6, 0.3], [0.9, 0.2, 0.3]])

    names, found = ontology.parent_scores(["a", "d", "e"], scores)

    assert names == ("a", "b", "c")
    assert found.tolist() == [[0.6, 0.3, 0.6], [0.9, 0.3, 0.3]]


def test_tags_of_a_model(ontology):
    model = tiny_model()  # its labels are a, b and c
    sound = np.random.default_rng(0).normal(0, 0.1, RATE).astype("float32")
    fine = dict(model.tag(sound, RATE))

    coarse = model.tag(sound, RATE, ontology=ontology)
    several = model.tag([sound, sound], RATE, ontology=ontology, top=1)

    assert coarse == [("a", max(fine.values()))]
    assert several == [coarse, coarse]
    with pytest.raises(ValueError, match="top must be a whole number from 1 to 1"):
        model.tag(sound, RATE, ontology=ontology, top=2)
    for wrong in ("ontology.json", "parents", {}):
        with pytest.raises(
            ValueError, match=r"ontology must be a kerasaudio\.Ontology"
        ):
            model.tag(sound, RATE, ontology=wrong)


def test_what_is_not_in_the_ontology(ontology):
    with pytest.raises(ValueError, match="no class 'dog'"):
        ontology.id_of("dog")
    with pytest.raises(ValueError, match="no class with the id '/m/z'"):
        ontology.name_of("/m/z")
    with pytest.raises(ValueError, match="no class 'knock'"):
        ontology.parent_scores(["a", "knock"], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"scores must be \(..., 2\)"):
        ontology.parent_scores(["a", "b"], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="different class names"):
        ontology.parent_scores(["b", "b"], [0.1, 0.2])
    with pytest.raises(ValueError, match="None of the labels has a parent"):
        ontology.parent_scores(["a", "x"], [0.1, 0.2])


def test_a_child_that_is_named_twice(tmp_path):
    path = tmp_path / "o.json"
    path.write_text(json.dumps([entry("a", "b", "b"), entry("b")]))
    ontology = kerasaudio.Ontology(path)
    assert (ontology.children("a"), ontology.parents("b")) == (("b",), ("a",))


def test_the_nearest_names(tmp_path):
    path = tmp_path / "o.json"
    path.write_text(json.dumps([entry("Siren"), entry("Alarm")]))
    with pytest.raises(ValueError, match=r"'Sirens'\. The nearest are: 'Siren'"):
        kerasaudio.Ontology(path).id_of("Sirens")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "is not a JSON file"),
        ("[" * 200_000, "is not a JSON file"),
        ("{}", "must be a list of classes"),
        ("[]", "must be a list of classes"),
        ("[3]", "class 1, must have"),
        ([entry("a"), {"id": "/m/b", "name": "b"}], "class 2, must have"),
        ([entry("a") | {"name": ""}], "class 1, must have"),
        ([entry("a") | {"child_ids": [3]}], "class 1, must have"),
        ([entry("a"), entry("a")], "repeats an id or a name"),
        ([entry("a"), entry("b") | {"id": "/m/a"}], "repeats an id"),
        ([entry("a", "z")], "'a' has an unknown child '/m/z'"),
        ([entry("a", "a")], "'a' is below itself"),
        ([entry("x"), entry("a", "b"), entry("b", "a")], "is below itself"),
    ],
)
def test_files_that_are_no_ontology(tmp_path, content, message):
    path = tmp_path / "bad.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as info:
        kerasaudio.Ontology(path)
    assert str(path) in str(info.value)


def test_a_missing_or_binary_file(tmp_path):
    with pytest.raises(OSError, match=r"none\.json"):
        kerasaudio.Ontology(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is not a JSON file"):
        kerasaudio.Ontology(tmp_path / "bytes.json")
