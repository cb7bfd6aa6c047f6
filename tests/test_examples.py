"""Every public callable has an example, and every example gives what it says.

They run where `support.user_folder` lies: song.wav (3 s of music at 16 kHz), sounds/
(three more, without classes), labeled/ (a folder a class) and model.pth (saved by
torch), with `kerasaudio`, `keras` and `np` at hand.
"""

import doctest
import importlib
import inspect

import keras
import numpy as np
import pytest

import kerasaudio
from support import user_folder

ROOMS = (
    *("app", "audio", "corpus", "datasets", "evaluation", "events", "features"),
    *("interpret", "layers", "metrics"),
    *("models", "plot", "similarity", "sklearn", "streaming", "training", "transfer"),
    *("weights", "zero_shot"),
)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NEEDS = {
    "kerasaudio.corpus.from_hugging_face": "datasets.arrow_dataset",
    "kerasaudio.export": "tensorflow",  # on other backends, too
}
PLAIN = (BaseException, tuple)  # errors and records are told by their attributes


def public():
    """Give each public callable by the name that users write."""
    for home in ("kerasaudio", *(f"kerasaudio.{room}" for room in ROOMS)):
        module = importlib.import_module(home)
        for name in module.__all__:
            value = getattr(module, name)
            if callable(value) and not inspect.ismodule(value):
                yield f"{home}.{name}", value


CALLABLES = {id(value): (name, value) for name, value in reversed(list(public()))}
EXAMPLES = {
    name: value
    for name, value in sorted(CALLABLES.values())
    if not (inspect.isclass(value) and issubclass(value, PLAIN))
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return user_folder.make(tmp_path_factory.mktemp("user"))


def examples_of(name, value):
    names = {"kerasaudio": kerasaudio, "keras": keras, "np": np}
    text = inspect.getdoc(value) or ""
    return doctest.DocTestParser().get_doctest(text, names, name, None, None)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name, folder, monkeypatch, capsys):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    monkeypatch.chdir(folder)
    test = examples_of(name, EXAMPLES[name])
    assert test.examples, f"{name} has no example"
    said = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    assert result.failed == 0, "".join(said)
