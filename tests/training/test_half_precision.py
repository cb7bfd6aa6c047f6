"""Training steps in half precision, of networks in full precision."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.training import Schedule, train
from kerasaudio.training.devices.precision import policies_for
from support.policies import under
from support.tiny import tiny_model

QUICK = Schedule(unfreeze_epochs=3, batch_size=4, learning_rate=3e-3)
HALF = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}


class Seen(keras.callbacks.Callback):
    """What the optimizer was."""

    optimizer = None

    def on_train_begin(self, logs=None):
        self.optimizer = type(self.model.optimizer).__name__


@pytest.fixture(scope="module")
def in_full(sides, tmp_path_factory):
    out = tmp_path_factory.mktemp("full") / "a.keras"
    return train(small(), *sides, out, schedule=QUICK)


def small():
    keras.utils.set_random_seed(1)
    return kerasaudio.LeNetMFCC(
        labels=["high", "low", "noise"], sample_rate=8_000, filters=4, dropout=0.0
    )


@pytest.mark.parametrize("policy", HALF)
def test_steps_are_in_half_precision_and_the_rest_is_not(
    sides, in_full, tmp_path, policy
):
    model, seen, dtypes = small(), Seen(), []
    dense = model.get_layer("dense")
    call = dense.call

    def remember(inputs, **kwargs):
        dtypes.append(keras.backend.standardize_dtype(inputs.dtype))
        return call(inputs, **kwargs)

    dense.call = remember
    out = tmp_path / "a.keras"
    done = train(model, *sides, out, schedule=QUICK, precision=policy, callbacks=[seen])

    assert {HALF[policy], "float32"} >= set(dtypes) >= {HALF[policy]}
    assert (seen.optimizer == "LossScaleOptimizer") == (policy == "mixed_float16")
    for one, other in zip(done.epochs, in_full.epochs, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=0.05)
        assert one.loss != other.loss
    again = keras.saving.load_model(out)
    for network in (model, again):
        assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    x = np.random.default_rng(0).normal(0, 0.1, (2, 4_000)).astype("float32")
    found, wanted = (m.predict(x, verbose=0) for m in (again, done.model))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("make", [kerasaudio.LeNetMFCC, kerasaudio.BarkNet])
def test_the_layers_are_those_that_the_factory_would_build(make):
    with under("mixed_bfloat16"):
        wanted = [layer.compute_dtype for layer in make(labels=["a", "b"]).layers]
    model = make(labels=["a", "b"])

    found = {
        id(layer): policy for layer, policy in policies_for(model, "mixed_bfloat16")
    }

    assert [found[id(layer)].compute_dtype for layer in model.layers] == wanted
    assert {"float32", "bfloat16"} == set(wanted)
    assert policies_for(model, None) == []


def test_the_front_end_and_the_scores_of_any_network_stay_in_float32():
    model = tiny_model()
    found = policies_for(model, "mixed_float16")
    half = {layer.name for layer, policy in found if policy.compute_dtype == "float16"}
    assert {"level1", "level2", "embedding"} <= half
    assert not half & {"waveform", "frontend", "predictions"}
