"""Batches on torch run in two parts at a time, as they would in one thread."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from keras import layers

import kerasaudio
from kerasaudio.core.programs import side_by_side, torch_program
from support.tiny import tiny_model
from support.torch_steps import RNG, batch, by_layers, network

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="programs of torch"
)
ROWS = 19


@pytest.fixture
def threads(monkeypatch):
    """Give torch two threads on two cores; returns what sets another number."""
    import torch

    from kerasaudio.core.programs.torch_steps.step import Step

    monkeypatch.setattr(side_by_side, "usable_cores", lambda: 2)
    monkeypatch.setattr(Step, "in_strips", True)  # of any network
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def seen(monkeypatch):
    """Collect what holds in each thread that runs steps."""
    import torch

    found, run = {}, torch_program._run_steps

    def spying(steps, values):
        found[threading.get_ident()] = {
            "rows": len(next(iter(values.values()))),
            "threads": torch.get_num_threads(),
            "inference": torch.is_inference_mode_enabled(),
            "gradients": torch.is_grad_enabled(),
        }
        return run(steps, values)

    monkeypatch.setattr(torch_program, "_run_steps", spying)
    return found


def clips(rows=ROWS):
    return RNG.normal(0, 0.1, (rows, 4_000)).astype("float32")


def one_part(model, x, monkeypatch):
    with monkeypatch.context() as one:
        one.setattr(side_by_side, "PARTS", 1)
        return model.predict_on_batch(x)


@pytest.mark.parametrize("inference", [False, True])
def test_two_threads_give_what_one_gives(threads, seen, monkeypatch, inference):
    import torch

    model, x = tiny_model(), clips()
    expected = one_part(model, x, monkeypatch)
    assert list(seen) == [threading.get_ident()]
    seen.clear()
    both, run = threading.Barrier(2, timeout=60), torch_program._run_steps

    def together(*args):
        both.wait()
        return run(*args)

    monkeypatch.setattr(torch_program, "_run_steps", together)
    with torch.inference_mode(inference):
        found = model.predict_on_batch(x)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    assert len(seen) == 2
    for one in seen.values():
        assert one["rows"] in (9, 10)
        assert one["threads"] == 1
        assert one["inference"] is inference
        assert not one["gradients"]
    assert torch.get_num_threads() == 2
    np.testing.assert_array_equal(model.predict_on_batch(x), found)


def test_layers_without_steps_and_networks_inside(threads, monkeypatch):
    inner = network(layers.Conv2D(4, 3, padding="same"))
    model = network(lambda x: layers.UnitNormalization()(inner(x)))
    x = batch(model, ROWS)
    found = model.predict_on_batch(x)
    np.testing.assert_allclose(found, one_part(model, x, monkeypatch), atol=1e-6)
    np.testing.assert_allclose(found, by_layers(model, x), atol=1e-5)


def test_networks_that_compute_in_strips():
    musicnn = kerasaudio.MusiCNN(midend_filters=4, dense_units=8)
    others = kerasaudio.MusicVGG(), kerasaudio.SampleCNN(), kerasaudio.YAMNet(), musicnn
    found = []
    for model in others:
        program = torch_program.TorchProgram(model)
        program._planned()
        found.append(program._side_by_side)
    assert found == [False, False, False, True]


@pytest.mark.parametrize("what", ["threads", "cores", "rows", "cast", "profiler"])
def test_one_thread_computes(threads, seen, monkeypatch, what):
    import torch

    rows, within = ROWS, contextlib.nullcontext()
    if what == "threads":
        threads(1)
    elif what == "cores":
        monkeypatch.setattr(side_by_side, "usable_cores", lambda: 1)
    elif what == "rows":
        rows = 2 * torch_program.PART_ROWS - 1
    elif what == "cast":
        within = torch.autocast("cpu", torch.bfloat16)
    else:
        within = torch.autograd.profiler.profile()
    with within:
        tiny_model().predict_on_batch(clips(rows))
    assert list(seen) == [threading.get_ident()]


def test_a_part_that_fails_ends_the_call(threads, monkeypatch):
    import torch

    model, x = tiny_model(), clips()
    expected = model.predict_on_batch(x)

    def broken(*args):
        raise RuntimeError("can't allocate memory")

    with monkeypatch.context() as failing:
        failing.setattr(torch_program, "_run_step", broken)
        with pytest.raises(RuntimeError, match="can't allocate memory"):
            model.predict_on_batch(x)
    assert torch.get_num_threads() == 2
    np.testing.assert_array_equal(model.predict_on_batch(x), expected)


def test_the_numbers_of_threads_are_those_of_the_user_afterwards(threads):
    import torch

    model = tiny_model()
    with ThreadPoolExecutor(4) as users:
        x = clips()
        found = list(users.map(lambda _: model.predict_on_batch(x), range(12)))
        numbers = set(users.map(lambda _: torch.get_num_threads(), range(12)))
    for one in found:
        np.testing.assert_array_equal(one, found[0])
    assert numbers == {2}
    assert "mkl_get_max_threads() : 1" not in torch.__config__.parallel_info()
