"""Arrays as they come from files and other machines, and no clips at all."""

import keras
import numpy as np
import pytest

from kerasaudio.core.checks import native_order
from support.tiny import tiny_model

LABELS = np.array([0, 1, 2, 0])


def noise(clips=4):
    return np.random.default_rng(0).normal(0, 0.1, (clips, 4_000)).astype("float32")


def swapped(x):
    return x.astype(x.dtype.newbyteorder())


def read_only(x):
    x = x.copy()
    x.setflags(write=False)
    return x


def unaligned(x):
    content = np.frombuffer(b"\0" + x.tobytes(), "uint8")
    return content[1:].view(x.dtype).reshape(x.shape)


FORMS = {
    "other byte order": swapped,
    "other byte order, float64": lambda x: swapped(x.astype("float64")),
    "backwards": lambda x: x[..., ::-1].copy()[..., ::-1],
    "every other": lambda x: x.repeat(2, axis=-1)[..., ::2],
    "columns first": np.asfortranarray,
    "read-only": read_only,
    "unaligned": unaligned,
    "long double": lambda x: x.astype(np.longdouble),
}


@pytest.fixture(params=sorted(FORMS))
def form(request):
    return FORMS[request.param]


@pytest.fixture(scope="module")
def model():
    return tiny_model()


def test_predictions_do_not_depend_on_how_an_array_lies_in_memory(model, form):
    x = noise()
    wanted = model.predict(x, verbose=0)  # of this shape before, compiled for it

    for outputs in (
        model.predict(form(x), verbose=0),
        model.predict_on_batch(form(x)),
        keras.ops.convert_to_numpy(model(form(x))),
    ):
        np.testing.assert_allclose(outputs, wanted, rtol=1e-5, atol=1e-7)
    assert model.tag(form(x)[0], 8_000, top=3) == model.tag(x[0], 8_000, top=3)
    np.testing.assert_array_equal(
        model.embed(form(x)[0], 8_000), model.embed(x[0], 8_000)
    )


def test_training_does_not_depend_on_how_arrays_lie_in_memory(form):
    x, weights = noise(), np.array([1, 2, 3, 4], "float32")
    trained = []
    for arrange in (lambda array: array, form):
        model = tiny_model()
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
        y = swapped(LABELS) if arrange is form else LABELS
        held_out = (arrange(x), y)
        history = model.fit(
            arrange(x), y, sample_weight=arrange(weights), validation_data=held_out,
            shuffle=False, verbose=0,
        )  # fmt: skip
        measured = model.evaluate(arrange(x), y, verbose=0)
        model.train_on_batch(arrange(x), y)
        model.test_on_batch(arrange(x), y)
        trained.append([history.history["val_loss"], measured, model.get_weights()])
    for one, other in zip(*trained, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)


def test_a_file_that_is_mapped_into_memory_is_not_copied(model, tmp_path):
    np.save(tmp_path / "clips.npy", noise(40))
    mapped = np.load(tmp_path / "clips.npy", mmap_mode="r")

    assert np.shares_memory(native_order(mapped), mapped)
    outputs = model.predict(mapped, batch_size=8, verbose=0)

    np.testing.assert_allclose(outputs, model.predict(noise(40), verbose=0), atol=1e-6)
    np.testing.assert_allclose(
        outputs[:8], model.predict_on_batch(mapped[:8]), atol=1e-6
    )


def test_a_model_outlives_what_it_refuses(model):
    before = [weight.copy() for weight in model.get_weights()]
    fresh = tiny_model()
    fresh.compile("sgd", "sparse_categorical_crossentropy")

    for use in (fresh.predict, lambda x: fresh.fit(x, LABELS[:1], verbose=0)):
        with pytest.raises((ValueError, TypeError)):
            use(np.array([["no", "sound"]]))
    with pytest.raises(ZeroDivisionError):
        fresh.fit(Failing(), shuffle=False, verbose=0)

    for one, other in zip(before, fresh.get_weights(), strict=True):
        assert np.isfinite(other).all()
        assert one.shape == other.shape
    fresh.fit(noise(), LABELS, verbose=0)
    assert np.isfinite(fresh.predict(noise(), verbose=0)).all()


def test_weights_are_those_before_the_error():
    model = tiny_model()
    before = model.get_weights()
    model.compile("sgd", "sparse_categorical_crossentropy")

    with pytest.raises(ZeroDivisionError):
        model.fit(Failing(first=True), shuffle=False, verbose=0)
    with pytest.raises(ZeroDivisionError):
        model.evaluate(Failing(first=True), verbose=0)

    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class Failing(keras.utils.PyDataset):
    """Batches, of which the first or the second cannot be made."""

    def __init__(self, *, first=False):
        super().__init__()
        self._bad = 0 if first else 1

    def __len__(self):
        return 2

    def __getitem__(self, index):
        if index == self._bad:
            raise ZeroDivisionError("no such batch")
        return noise(), LABELS


def test_no_clips_are_refused_alike(model):
    for use in (model.predict, model.predict_on_batch, model):
        with pytest.raises(ValueError, match="at least one clip with samples"):
            use(np.zeros((0, 4_000), "float32"))
