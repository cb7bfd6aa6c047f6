"""Siamese networks: shared branches, fit, parts saved apart, and bad input."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.core import AudioModel
from kerasaudio.similarity import (
    ClassBatches,
    ContrastiveLoss,
    ConvolutionalEncoder,
    NTXentLoss,
    PairBatches,
    ProjectionHead,
    RecurrentEncoder,
    Siamese,
    TripletLoss,
    ViewBatches,
    equal_error_rate,
    pair_scores,
)

RATE = 8000
SAMPLES = 1600
ENCODERS = {
    "convolutional": lambda: ConvolutionalEncoder(RATE, features=8, filters=8),
    "recurrent": lambda: RecurrentEncoder(RATE, features=8, units=4),
    "dense": lambda: keras.Sequential(
        [keras.Input((SAMPLES,)), keras.layers.Dense(6, "tanh")]
    ),
}


@pytest.fixture(scope="module")
def clips():
    """Six tones of each of four pitches, in noise."""
    rng = np.random.default_rng(0)
    time = np.arange(SAMPLES) / RATE
    pitch = np.repeat([300, 500, 800, 1300], 6)[:, None]
    phase = rng.uniform(0, 6, (24, 1))
    tones = 0.1 * np.sin(2 * np.pi * pitch * time + phase)
    return (tones + rng.normal(0, 0.02, tones.shape)).astype("float32")


LABELS = np.repeat(np.arange(4), 6)


def noisier(clip, rng):
    return clip + rng.normal(0, 0.05, clip.shape)


def pairs(clips, batches):
    return PairBatches(clips, LABELS, 16, batches=batches)


FITS = {
    "contrastive": (ContrastiveLoss, pairs),
    "triplet": (TripletLoss, lambda c, n: ClassBatches(c, LABELS, batches=n)),
    "nt_xent": (NTXentLoss, lambda c, n: ViewBatches(c, noisier, 8, batches=n)),
}


@pytest.mark.parametrize(("loss", "batches"), FITS.values(), ids=FITS)
def test_plain_compile_and_fit_learn(loss, batches, clips):
    keras.utils.set_random_seed(1)
    model = Siamese(ENCODERS["convolutional"](), ProjectionHead(8, 4))
    model.compile(keras.optimizers.Adam(5e-3), loss())
    before = [w.copy() for w in model.get_weights()]
    history = model.fit(batches(clips, 8), epochs=3, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert history.history["loss"][-1] < 0.8 * history.history["loss"][0]
    for part in (model.encoder, model.head):
        assert part.trainable_weights
    moved = [
        (old != new).any() for old, new in zip(before, model.get_weights(), strict=True)
    ]
    assert all(moved)
    vectors = model.predict(clips, verbose=0)
    assert vectors.shape == (24, 4)
    assert equal_error_rate(*pair_scores(vectors, LABELS)) < 0.3


@pytest.mark.parametrize("make", ENCODERS.values(), ids=ENCODERS)
@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_distances_are_those_of_the_projections(make, distance, clips):
    keras.utils.set_random_seed(0)  # eight units can all be dead
    model = Siamese(make(), distance=distance)
    first, second = clips[:6], clips[[0, *range(7, 12)]]
    a, b = (model.predict(part, verbose=0) for part in (first, second))
    np.testing.assert_allclose(np.linalg.norm(a, axis=1), 1, atol=1e-5)
    wanted = np.linalg.norm(a - b, axis=1)
    if distance == "cosine":
        wanted = 1 - np.sum(a * b, axis=1)
    got = model.predict([first, second], verbose=0)
    assert got.shape == (6,)
    np.testing.assert_allclose(got, wanted, atol=1e-5)
    np.testing.assert_allclose(
        model.predict([second, first], verbose=0), got, atol=1e-5
    )
    assert got[0] == pytest.approx(0, abs=1e-5)
    embedding = model.encoder.predict(first, verbose=0)
    np.testing.assert_allclose(model.head.predict(embedding, verbose=0), a, atol=1e-5)


LOAD = """
import sys, numpy as np, keras, kerasaudio.similarity
folder = sys.argv[1]
load = lambda name: keras.saving.load_model(f"{folder}/{name}.keras")
clips = np.load(f"{folder}/clips.npy")
model, encoder, head = load("whole"), load("encoder"), load("head")
np.savez(f"{folder}/got.npz", whole=model.predict(clips, verbose=0),
         parts=head.predict(encoder.predict(clips, verbose=0), verbose=0),
         pair=model.predict([clips, clips[::-1]], verbose=0),
         loss=model.evaluate([clips, clips[::-1]], np.ones(len(clips)), verbose=0),
         rate=encoder.spec.sample_rate)
"""


@pytest.mark.slow
def test_the_whole_and_the_parts_load_in_a_fresh_process(clips, tmp_path):
    model = Siamese(ENCODERS["recurrent"](), distance="cosine", name="mine")
    model.compile("adam", ContrastiveLoss(0.5))
    model.fit(pairs(clips, 1), verbose=0)
    model.save(tmp_path / "whole.keras")
    model.encoder.save(tmp_path / "encoder.keras")
    model.head.save(tmp_path / "head.keras")
    np.save(tmp_path / "clips.npy", clips)
    subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path)],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    got = np.load(tmp_path / "got.npz")
    wanted = model.predict(clips, verbose=0)
    np.testing.assert_allclose(got["whole"], wanted, atol=1e-6)
    np.testing.assert_allclose(got["parts"], wanted, atol=1e-6)
    pair = [clips, clips[::-1].copy()]
    np.testing.assert_allclose(got["pair"], model.predict(pair, verbose=0), atol=1e-6)
    loss = model.evaluate(pair, np.ones(len(clips)), verbose=0)
    assert got["loss"] == pytest.approx(loss, rel=1e-4)
    assert got["rate"] == RATE
    again = keras.saving.load_model(tmp_path / "whole.keras")
    assert again.name == "mine"
    assert again.distance == "cosine"


def test_both_branches_share_one_set_of_weights():
    encoder = ENCODERS["convolutional"]()
    model = Siamese(encoder)
    parts = len(encoder.weights) + len(model.head.weights)
    assert len(model.weights) == parts
    assert model.encoder is encoder
    encoder.trainable = False
    assert len(model.trainable_weights) == len(model.head.trainable_weights) == 4


def test_a_published_body_may_be_the_encoder():
    body = kerasaudio.MusiCNN(weights="mtat", include_top=False)
    model = Siamese(body, ProjectionHead(200, 3))
    clips = np.random.default_rng(0).normal(0, 0.1, (2, body.spec.clip_samples))
    assert model.predict(clips.astype("float32"), verbose=0).shape == (2, 3)
    assert model.encoder.spec.preset == "MusiCNN/mtat"


@pytest.mark.parametrize("make", [ConvolutionalEncoder, RecurrentEncoder])
def test_encoders_take_any_length_rate_and_file_of_sound(make):
    encoder = make(RATE, features=5)
    assert isinstance(encoder, AudioModel)
    assert encoder.get_layer("embedding").output.shape == (None, 5)
    rng = np.random.default_rng(0)
    for samples in (200, 777, 9000):
        clip = rng.normal(0, 0.1, (2, samples)).astype("float32")
        assert encoder.predict(clip, verbose=0).shape == (2, 5)
    assert encoder.embed(rng.normal(0, 0.1, 40_000), 16_000).shape == (5,)
    with pytest.raises(ValueError, match="at least 200"):
        encoder.predict(np.zeros((1, 199), "float32"), verbose=0)
    assert make(44_100).get_layer("frontend").n_fft == 2048


def two_outputs():
    x = keras.Input((9,))
    return keras.Model(x, [keras.layers.Dense(2)(x), keras.layers.Dense(2)(x)])


def sequence_model():
    x = keras.Input((9, 4))
    return keras.Model(x, keras.layers.Dense(2)(x), name="steps")


class Unbuilt(keras.Model):
    pass


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Siamese("MusiCNN"), "encoder must be a keras.Model.*str"),
        (
            lambda: Siamese(kerasaudio.MusiCNN(weights="mtat")),
            "50 classes.*include_top=False",
        ),
        (lambda: Siamese(two_outputs()), "1 inputs and 2 outputs"),
        (lambda: Siamese(Unbuilt()), "functional or a built"),
        (lambda: Siamese(keras.Sequential([keras.layers.Dense(2)])), "functional or"),
        (lambda: Siamese(sequence_model()), "'steps' with output.*Pool over time"),
        (lambda: Siamese(ENCODERS["dense"](), distance="l1"), "distance='l1'"),
        (lambda: Siamese(ENCODERS["dense"](), "head"), "head must be.*str"),
        (
            lambda: Siamese(ENCODERS["dense"](), ProjectionHead(7)),
            r"must accept \(batch, 6\).*input \(None, 7\)",
        ),
        (lambda: ProjectionHead(0), "features must be .*0"),
        (lambda: ProjectionHead(4, 2.5), "size must be .*2.5"),
        (lambda: ProjectionHead(4, hidden=-1), "hidden must be .*-1"),
        (lambda: ConvolutionalEncoder(0), "sample_rate.*0"),
        (lambda: ConvolutionalEncoder(filters=0), "filters must be .*0"),
        (lambda: RecurrentEncoder(units="many"), "units must be .*'many'"),
        (lambda: RecurrentEncoder(features=0), "features must be .*0"),
        (lambda: RecurrentEncoder(n_mfcc=65), "n_mfcc must be .*65"),
    ],
)
def test_unfit_parts_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        ([(4, 1600), (4, 1601)], "equal lengths.*1601"),
        ([(4, 1600), (3, 1600)], "the same number of clips.*3, 1600"),
        ([(4, 1600)] * 3, "compares two batches"),
        ([(4, 1600)], "compares two batches"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(batches, message):
    model = Siamese(ENCODERS["convolutional"]())
    with pytest.raises(ValueError, match=message):
        model([np.zeros(shape, "float32") for shape in batches])


def test_integers_are_refused():
    model = Siamese(ENCODERS["convolutional"]())
    with pytest.raises(ValueError, match="int16"):
        model(np.zeros((2, 1600), "int16"))
