"""What a plateau schedule says: rates, optimizers, the best epoch, its limits."""

import keras
import pytest

from kerasaudio.training import PlateauSchedule
from kerasaudio.training.compiling import Compiling, learning_rate
from kerasaudio.training.epochs import Epoch, best_of, better
from support.tiny import tiny_model

QUICK = PlateauSchedule(stages=2, epochs=2, learning_rate=0.05, batch_size=4)


@pytest.mark.parametrize(
    ("monitor", "best"), [("score", 3), ("clip_loss", 2), ("window_loss", 2)]
)
def test_what_is_monitored_tells_the_best_epoch(monitor, best):
    epochs = []
    for number, (score, loss) in enumerate([(0.5, 3.0), (0.5, 1.0), (0.6, 2.0)], 1):
        epoch = Epoch(number, "full", 0.1, 1.0, score, loss, 0.0, False)
        epochs.append(better(epoch, epochs, monitor))
    assert best_of(epochs).number == best


def compiled(schedule, stage, optimizer=None):
    phase = schedule.phases[stage]
    return Compiling(optimizer).compile(tiny_model(), schedule, phase, 3, "mse")


def test_the_papers_rates():
    rates = [phase.learning_rate for phase in PlateauSchedule().phases]
    assert rates == pytest.approx([0.01, 0.002, 0.0004, 0.00008, 0.000016])
    optimizer = compiled(PlateauSchedule(), 1)
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    assert float(optimizer.learning_rate) == pytest.approx(0.002)
    optimizer.iterations.assign(1_000_000)
    assert float(optimizer.learning_rate) == pytest.approx(0.001)


def test_an_optimizer_of_ones_own_gets_slower_from_stage_to_stage():
    schedule = PlateauSchedule(factor=0.5)
    own = keras.optimizers.AdamW(0.3, weight_decay=0.1)
    second = compiled(schedule, 1, own)
    assert (type(second).__name__, second.weight_decay) == ("AdamW", 0.1)
    assert learning_rate(second) == pytest.approx(0.15)
    assert learning_rate(own) == pytest.approx(0.3)
    named = compiled(schedule, 1, "rmsprop")
    assert type(named).__name__ == "RMSprop"
    assert learning_rate(named) == pytest.approx(0.005)


def test_every_optimizer_inside_another_gets_slower():
    own = keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(
            keras.optimizers.SGD(0.2), {"kernel": keras.optimizers.Adam(0.1)}
        )
    )
    second = compiled(PlateauSchedule(factor=0.5), 1, own)
    rates = sorted(learning_rate(part) for part in second.optimizers)
    assert rates == pytest.approx([0.05, 0.1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stages": 0}, "stages"),
        ({"epochs": 0}, "epochs"),
        ({"patience": 0}, "patience"),
        ({"factor": 0}, "factor must be a number above 0"),
        ({"factor": 1.5}, "factor"),
        ({"momentum": 1}, "momentum"),
        ({"decay": -1}, "decay"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"batch_size": 0.5}, "batch_size"),
        ({"seed": -1}, "seed"),
        ({"monitor": "val_loss"}, r"monitor must be one of .*Received: 'val_loss'"),
    ],
)
def test_schedules_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        PlateauSchedule(**settings)
