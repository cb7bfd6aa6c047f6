"""Large batches on jax run in parts."""

import sys
import threading

import keras
import numpy as np
import pytest

from kerasaudio.core.programs import jax_programs, side_by_side
from kerasaudio.core.programs.rowwise import largest_row
from support.tiny import tiny_model

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="programs of jax"
)


def shapes(model):
    return [(shape.rows, shape.samples) for shape in model._programs._programs]


@pytest.fixture
def one_pair_of_cores(monkeypatch):
    monkeypatch.setattr(side_by_side, "usable_cores", lambda: 2)


def test_the_largest_tensor_of_a_row_is_known():
    # 63 frames of 65 bins are more than the waveform and all that follows
    assert largest_row(tiny_model(), 4_000) == 4 * 63 * 65


def test_parts_give_what_the_whole_batch_gives(rng, monkeypatch, one_pair_of_cores):
    clips = rng.normal(0, 0.1, (6, 4_000)).astype("float32")
    whole = tiny_model()
    expected = whole.predict_on_batch(clips)
    assert shapes(whole) == [(6, 4_000)]
    monkeypatch.setattr(jax_programs, "PART_BYTES", 3 * largest_row(whole, 4_000))
    model = tiny_model()
    model.set_weights(whole.get_weights())
    np.testing.assert_allclose(model.predict_on_batch(clips), expected, atol=1e-6)
    assert shapes(model) == [(2, 4_000)]


@pytest.mark.parametrize("cores", [1, 2])
def test_large_batches_run_in_two_parts_at_a_time(rng, monkeypatch, cores):
    threads = set()
    run = jax_programs.Program.__call__

    def watched(*args):
        threads.add(threading.get_ident())
        return run(*args)

    monkeypatch.setattr(side_by_side, "usable_cores", lambda: cores)
    monkeypatch.setattr(jax_programs.Program, "__call__", watched)
    clips = rng.normal(0, 0.1, (19, 4_000)).astype("float32")
    model = tiny_model()
    found = model.predict_on_batch(clips)
    expected = keras.ops.convert_to_numpy(model(clips))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert shapes(model) == [(-(-19 // cores), 4_000)]
    assert (threads == {threading.get_ident()}) is (cores == 1)


def test_a_part_that_fails_ends_the_call(monkeypatch, one_pair_of_cores):
    model = tiny_model()
    model.predict_on_batch(np.zeros((16, 4_000), "float32"))

    def broken(*args):
        raise MemoryError("no room")

    monkeypatch.setattr(jax_programs.Program, "__call__", broken)
    with pytest.raises(MemoryError, match="no room"):
        model.predict_on_batch(np.zeros((19, 4_000), "float32"))


def test_more_cores_get_larger_parts(monkeypatch):
    model = tiny_model()
    row = largest_row(model, 4_000)
    monkeypatch.setattr(jax_programs, "PART_BYTES", row)
    for cores, rows in ((1, 1), (2, 1), (8, 4)):
        monkeypatch.setattr(jax_programs, "usable_cores", lambda cores=cores: cores)
        assert model._programs._most_rows(4, 4_000) == rows


def test_weights_are_not_read_for_each_clip(monkeypatch, one_pair_of_cores):
    model = tiny_model(width=300)
    monkeypatch.setattr(jax_programs, "PART_BYTES", 1)
    weights = 4 * model.count_params()
    rows = model._programs._most_rows(4, 4_000)
    assert rows > 1
    assert rows <= weights / largest_row(model, 4_000) < 2 * rows


def test_gpus_get_whole_batches(monkeypatch):
    monkeypatch.setattr(jax_programs, "has_gpu", lambda: True)
    monkeypatch.setattr(jax_programs, "PART_BYTES", 1)
    assert tiny_model()._programs._most_rows(4, 4_000) == sys.maxsize


def test_rows_that_depend_on_each_other_stay_together(monkeypatch):
    monkeypatch.setattr(jax_programs, "PART_BYTES", 1)
    monkeypatch.setattr(jax_programs, "is_rowwise", lambda model: False)
    assert tiny_model()._programs._most_rows(4, 4_000) == sys.maxsize
