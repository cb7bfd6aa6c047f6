"""The files of an interrupted training: read whole, or named."""

import shutil

import keras
import numpy as np
import pytest

from kerasaudio.training.state import State
from support.damage import COUNT, damaged, read_or_named

FACTS = {"epoch": 3, "history": [0.5, 0.25]}


@pytest.fixture
def variables(rng):
    return [keras.Variable(rng.normal(size=shape)) for shape in ((3, 4), (), (5,))]


def values(variables):
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def test_a_damaged_state_is_read_whole_or_named(variables, tmp_path):
    wanted = values(variables)
    state = State(tmp_path / "mine.keras")
    state.begin()
    state.save(variables, FACTS)
    path = state.folder / "state.npz"

    def read(path):
        for variable in variables:
            variable.assign(np.zeros(variable.shape))
        facts = state.facts()
        state.load(variables)
        return facts

    refused = 0
    for content in damaged(path.read_bytes(), COUNT):
        path.write_bytes(content)
        facts = read_or_named(read, path)
        refused += facts is None
        if facts is not None:
            assert facts == FACTS
            for found, right in zip(values(variables), wanted, strict=True):
                np.testing.assert_array_equal(found, right)
    assert COUNT / 2 < refused < COUNT


def test_a_state_that_is_gone_is_named(variables, tmp_path):
    state = State(tmp_path / "mine.keras")
    with pytest.raises(ValueError, match=r"best-3\.npz', is damaged"):
        state.load_best(variables, 3)


def test_the_best_weights_are_those_that_the_state_knows(variables, tmp_path):
    first = values(variables)
    state = State(tmp_path / "mine.keras")
    state.begin()
    state.save_best(variables, 1)
    state.save(variables, FACTS, 1)
    for variable in variables:
        variable.assign(variable + 1)

    state.save_best(variables, 2)  # and here the process was killed

    state.load_best(variables, 1)
    for found, right in zip(values(variables), first, strict=True):
        np.testing.assert_array_equal(found, right)
    state.save(variables, FACTS, 2)
    assert sorted(p.name for p in state.folder.iterdir()) == ["best-2.npz", "state.npz"]


def test_a_state_is_removed_in_one_step(variables, tmp_path, monkeypatch):
    state = State(tmp_path / "mine.keras")
    state.begin()
    state.save_best(variables, 1)
    state.save(variables, FACTS, 1)

    def rmtree(path, **_):
        assert not state.folder.exists()
        real(path)

    real = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", rmtree)
    state.remove()
    assert not list(tmp_path.iterdir())
