"""`train` is `fit`: callbacks, an optimizer, a loss and metrics of one's own."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest

from kerasaudio.training import PlateauSchedule, Schedule, train
from kerasaudio.training.compiling import Compiling
from support.policies import under

QUICK = Schedule(unfreeze_epochs=6, batch_size=4, learning_rate=3e-3)


class StopError(Exception):
    """Raised where a process might die."""


class Watch(keras.callbacks.Callback):
    """Notes what a callback can see."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.seen, self.stop_after = [], stop_after

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, dict(logs)))
        if len(self.seen) == self.stop_after:
            self.model.stop_training = True


def test_callbacks_see_whole_clips_and_metrics(network, sides, tmp_path):
    watch = Watch()
    schedule = replace(QUICK, freeze_epochs=1, unfreeze_epochs=2)
    done = train(
        network(),
        *sides,
        tmp_path / "a.keras",
        schedule=schedule,
        callbacks=[watch],
        metrics=["accuracy"],
    )
    assert [epoch for epoch, _ in watch.seen] == [0, 0, 1]
    for (_, logs), epoch in zip(watch.seen, done.epochs, strict=True):
        assert logs["val_score"] == epoch.score
        assert logs["val_loss"] == epoch.validation_loss
        assert logs["loss"] == epoch.loss
        assert 0 <= logs["accuracy"] <= 1


def test_callbacks_of_keras_work(network, sides, tmp_path):
    stop = keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=99)
    log = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    done = train(
        network(),
        *sides,
        tmp_path / "a.keras",
        schedule=QUICK,
        callbacks=[stop, log],
    )
    assert len(done.epochs) == 2
    heading = (tmp_path / "log.csv").read_text().splitlines()[0].split(",")
    assert heading == ["epoch", "loss", "val_loss", "val_score"]


def test_tensorboard_works(network, sides, tmp_path):
    pytest.importorskip("tensorflow", reason="Keras writes TensorBoard's files by it")
    board = keras.callbacks.TensorBoard(str(tmp_path / "board"))
    schedule = replace(QUICK, unfreeze_epochs=1)
    train(network(), *sides, tmp_path / "a.keras", schedule=schedule, callbacks=[board])
    assert list((tmp_path / "board").rglob("events.out.tfevents.*"))


def test_a_callback_that_stops_ends_the_phase(network, sides, tmp_path):
    schedule = replace(QUICK, freeze_epochs=4, unfreeze_epochs=1)
    watch = Watch(stop_after=2)
    done = train(
        network(), *sides, tmp_path / "a.keras", schedule=schedule, callbacks=[watch]
    )
    assert [epoch.phase for epoch in done.epochs] == ["frozen", "frozen", "full"]


def test_an_optimizer_of_ones_own_is_copied_for_each_phase(network, sides, tmp_path):
    rates = []

    class Rates(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            optimizer = self.model.optimizer
            rates.append((type(optimizer).__name__, float(optimizer.learning_rate)))
            optimizer.learning_rate = 1e-6

    schedule = replace(QUICK, freeze_epochs=2, unfreeze_epochs=1)
    own = keras.optimizers.SGD(0.02, momentum=0.9)
    settings = {"schedule": schedule, "callbacks": [Rates()]}
    train(network(), *sides, tmp_path / "a.keras", optimizer=own, **settings)
    train(network(), *sides, tmp_path / "b.keras", optimizer="sgd", **settings)

    head, whole = schedule.head_learning_rate, schedule.learning_rate
    expected = [0.02, 1e-6, 0.02, head, 1e-6, whole]
    assert [name for name, _ in rates] == ["SGD"] * 6
    np.testing.assert_allclose([rate for _, rate in rates], expected, rtol=1e-6)
    assert not own.built


def test_a_loss_of_ones_own_is_taken(network, sides, tmp_path):
    def nothing(truth, scores):
        return 0.0 * keras.ops.sum(scores, axis=-1)

    schedule = replace(QUICK, unfreeze_epochs=1)
    done = train(
        network(), *sides, tmp_path / "a.keras", schedule=schedule, loss=nothing
    )
    assert done.epochs[0].loss == 0.0


def test_bad_optimizers_are_refused(network, sides, tmp_path):
    with pytest.raises(ValueError, match=r"optimizer must be the name.*Received: int"):
        train(network(), *sides, tmp_path / "a.keras", optimizer=3)
    with pytest.raises(ValueError, match="Adamm"):
        train(network(), *sides, tmp_path / "a.keras", optimizer="Adamm")


def test_callbacks_are_a_list_that_every_phase_has(network, sides, tmp_path):
    with pytest.raises(ValueError, match=r"callbacks must be a list.*Watch"):
        train(network(), *sides, tmp_path / "a.keras", callbacks=Watch())
    with pytest.raises(ValueError, match=r"callbacks must be a list"):
        train(network(), *sides, tmp_path / "a.keras", callbacks=["EarlyStopping"])
    assert not list(tmp_path.iterdir())
    watch = Watch()
    schedule = replace(QUICK, freeze_epochs=1, unfreeze_epochs=1)
    once = (callback for callback in [watch])
    train(network(), *sides, tmp_path / "a.keras", schedule=schedule, callbacks=once)
    assert len(watch.seen) == 2


def own_loss(truth, scores):
    """Stand for a function of a user's module."""
    return keras.losses.sparse_categorical_crossentropy(truth, scores)


def facts(**how):
    return Compiling(**how).to_dict()


def test_a_loss_is_known_again_in_another_process():
    assert facts(loss=own_loss) == {"loss": f"{__name__}.own_loss"}
    made = [facts(loss=partial(own_loss)) for _ in range(2)]
    assert made[0] == made[1]
    assert " at 0x" not in str(made)
    focal = keras.losses.CategoricalFocalCrossentropy
    assert facts(loss=focal(gamma=1.0)) == facts(loss=focal(gamma=1.0))
    assert facts(loss=focal(gamma=1.0)) != facts(loss=focal(gamma=2.0))


def test_an_optimizer_is_known_again_whatever_it_is_called():
    def scaled(rate):
        return keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(rate))

    assert facts(optimizer=scaled(0.1)) == facts(optimizer=scaled(0.1))
    assert facts(optimizer=scaled(0.1)) != facts(optimizer=scaled(0.2))


def test_a_stopped_training_goes_on_with_its_optimizer_only(network, sides, tmp_path):
    def die(epoch):
        raise StopError

    schedule = replace(QUICK, unfreeze_epochs=2)
    settings = {"schedule": schedule, "loss": own_loss}
    out = tmp_path / "a.keras"
    with pytest.raises(StopError):
        train(
            network(),
            *sides,
            out,
            optimizer=keras.optimizers.SGD(0.02),
            report=die,
            **settings,
        )
    for other in (None, "sgd", keras.optimizers.SGD(0.03)):
        with pytest.raises(ValueError, match=r"other settings \(optimizer: .*SGD"):
            train(network(), *sides, out, optimizer=other, **settings)
    own = keras.optimizers.SGD(0.02)
    done = train(network(), *sides, out, optimizer=own, **settings)
    assert [epoch.number for epoch in done.epochs] == [1, 2]


PLATEAU = keras.callbacks.ReduceLROnPlateau("val_loss", patience=1)
STEPS = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
FALLING = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)


@pytest.mark.parametrize("callback", [PLATEAU, STEPS])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"schedule": replace(QUICK, cosine_decay=True)},
            r"Schedule\(cosine_decay=True\)\. .* or train with cosine_decay=False",
        ),
        (
            {"schedule": replace(QUICK, cosine_decay=True), "optimizer": "sgd"},
            r"Schedule\(cosine_decay=True\)",
        ),
        (
            {"schedule": PlateauSchedule()},
            r"PlateauSchedule\(decay=1e-06\)\. .* or train with decay=0\.0",
        ),
        (
            {"optimizer": keras.optimizers.SGD(FALLING)},
            "inside the optimizer SGD.* a number as its learning_rate",
        ),
        (
            {
                "optimizer": keras.optimizers.LossScaleOptimizer(
                    keras.optimizers.Adam(FALLING)
                )
            },
            "inside the optimizer LossScaleOptimizer",
        ),
        (
            {
                "optimizer": keras.optimizers.MultiOptimizer(
                    keras.optimizers.OptimizerMap(
                        keras.optimizers.Adam(),
                        {"kernel": keras.optimizers.SGD(FALLING)},
                    )
                )
            },
            "inside the optimizer MultiOptimizer",
        ),
    ],
)
def test_a_learning_rate_is_not_set_by_two(
    network, sides, tmp_path, callback, settings, message
):
    name = type(callback).__name__
    settings = {"schedule": QUICK, "callbacks": [Watch(), callback], **settings}
    with pytest.raises(ValueError, match=f"{name} sets the learning rate.*{message}"):
        train(network(), *sides, tmp_path / "a.keras", **settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("callback", [PLATEAU, STEPS])
@pytest.mark.parametrize("optimizer", [None, "sgd", keras.optimizers.Adam(1e-3)])
def test_a_callback_may_set_a_learning_rate_that_stays(callback, optimizer):
    rates = Compiling(optimizer)
    rates.check(QUICK, [callback])
    rates.check(PlateauSchedule(decay=0), [callback])


def test_a_stopped_training_in_float16_keeps_the_scale_of_its_loss(
    network, sides, tmp_path
):
    seen = []

    class Scale(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            scale = self.model.optimizer.dynamic_scale
            seen.append(float(keras.ops.convert_to_numpy(scale)))
            scale.assign(64.0)

    def die(epoch):
        raise StopError

    settings = {"schedule": replace(QUICK, unfreeze_epochs=2), "callbacks": [Scale()]}
    with under("mixed_float16"):
        with pytest.raises(StopError):
            train(network(), *sides, tmp_path / "a.keras", report=die, **settings)
        train(network(), *sides, tmp_path / "a.keras", **settings)
    assert seen == [2.0**15, 64.0]


def test_a_loss_that_is_no_number_names_the_rate_in_use(network, sides, tmp_path):
    def nothing(truth, scores):
        return keras.ops.sum(scores, axis=-1) * float("nan")

    settings = {"schedule": QUICK, "loss": nothing}
    rates = keras.optimizers.schedules
    warm = rates.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=5)
    for rate, told in ((0.02, r"rate than 0\.02\."), (warm, r"rate\.$")):
        own = keras.optimizers.SGD(rate)
        with pytest.raises(ValueError, match=f"with a lower learning {told}"):
            train(network(), *sides, tmp_path / "a.keras", optimizer=own, **settings)


def test_callbacks_that_exchange_weights_are_refused(network, sides, tmp_path):
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    with pytest.raises(ValueError, match="must not include SwapEMAWeights"):
        train(network(), *sides, tmp_path / "a.keras", callbacks=[swap])
    assert not list(tmp_path.iterdir())
