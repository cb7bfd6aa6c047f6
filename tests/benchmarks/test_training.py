"""Training steps: ours and the originals do the same work, and each is compared."""

import importlib.util

import keras
import numpy as np
import pytest

import kerasaudio
from benchmarks import contest, keras_work, torch_work, training
from benchmarks.contest import BACKENDS

torch = pytest.importorskip("torch", reason="the originals are torch networks")

SMALL = {
    "hidden_size": 16,
    "num_layers": 1,
    "num_heads": 2,
    "intermediate_size": 24,
    "max_length": 64,
}


def test_steps_of_keras_and_torch_are_the_same():
    ours = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, "sigmoid")])
    kernel, bias = ours.get_weights()
    theirs = torch.nn.Linear(6, 3)
    with torch.no_grad():
        theirs.weight.copy_(torch.from_numpy(kernel.T))
        theirs.bias.copy_(torch.from_numpy(bias))
    batch = np.random.default_rng(0).normal(0, 3, (4, 6)).astype("float32")

    keras_step = keras_work.training(ours, batch, 3)
    torch_step = torch_work.training(
        theirs, lambda x: theirs(x).sigmoid(), torch.from_numpy(batch), 3
    )
    first = torch_step()
    assert float(keras_step()) == pytest.approx(first, rel=1e-4)
    for _ in range(3):
        keras_step()
        last = torch_step()

    assert last < first
    trained = theirs.weight.detach().numpy().T
    np.testing.assert_allclose(ours.get_weights()[0], trained, atol=1e-5)
    assert abs(trained - kernel).max() > 1e-3


@pytest.mark.parametrize(
    ("peer", "arguments"),
    [
        ("sample_cnn:train_torch", {"batch": 2}),
        ("efficient_at:train", {"batch": 2, "samples": 32_000}),
        ("ast:train", {"batch": 2, **SMALL}),
    ],
)
def test_a_step_of_an_original_moves_its_weights(peer, arguments, monkeypatch):
    if peer == "ast:train":
        pytest.importorskip("transformers")
    networks, training_of = [], torch_work.training

    def noted(network, *rest):
        networks.append(network)
        return training_of(network, *rest)

    monkeypatch.setattr(torch_work, "training", noted)
    module, function = peer.split(":")
    peers = importlib.import_module(f"benchmarks.peers.{module}")
    step = getattr(peers, function)(**arguments)
    (network,) = networks
    before = {key: value.clone() for key, value in network.state_dict().items()}

    loss = step()

    assert 0.3 < loss < 1.5  # of scores near 0.5 where 0 is right
    after = network.state_dict()
    moved = [not torch.equal(before[key], after[key]) for key in before]
    assert sum(moved) > 0.8 * len(moved)  # biases of keys have no gradient


def test_ours_learns_from_waveforms():
    step = training.train("AST", 2, 10_000, training.AUDIOSET_CLASSES, **SMALL)
    losses = [float(step()) for _ in range(4)]
    assert losses[-1] < losses[0] < 2


def test_both_asts_are_of_the_same_size():
    pytest.importorskip("transformers")
    from benchmarks.peers import ast

    theirs = sum(weight.numel() for weight in ast.network(**SMALL).parameters())
    assert kerasaudio.AST(**SMALL).count_params() == theirs


def test_every_network_is_compared_on_every_backend():
    ours, judged = [], {}
    for item in training.contests():
        (entry,) = (entry for entry in item.entries if entry.ours)
        ours.append((item.key, entry.backend))
        for target in item.targets:
            assert target.factor == 1
            peers = [e for e in item.entries if e.name.startswith(target.peers)]
            assert len(peers) == 1
            assert not peers[0].ours
            judged.setdefault(item.key, set()).add(target.peers)
    keys = ("samplecnn-train", "efficientat-train", "ast-train")
    assert ours == [(key, backend) for key in keys for backend in BACKENDS]
    assert judged == {
        "samplecnn-train": {"plain Keras", "twin"},
        "efficientat-train": {"twin"},
        "ast-train": {"transformers"},
    }


def test_transformers_may_be_absent(monkeypatch):
    found = importlib.util.find_spec

    def without(name, *rest):
        return None if name == "transformers" else found(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    for item in training.contests():
        if item.key == "ast-train":
            peer = contest.Result.of(item.entries[-1])
            assert peer.trouble == "not installed: transformers"
            assert not peer.failed
