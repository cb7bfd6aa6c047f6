"""Clips held out choose the epoch; then the network learns from all clips."""

import math
from dataclasses import replace

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.datasets import from_folder
from kerasaudio.evaluation import predict_clips
from kerasaudio.training import PlateauSchedule, Schedule, train
from kerasaudio.training.refit import (
    FEW,
    chosen_refit,
    epochs_to_best,
    hold_out,
    too_few,
)
from kerasaudio.training.state import State
from kerasaudio.transfer import fit_probe

GENTLE = Schedule(
    unfreeze_epochs=2,
    batch_size=16,
    learning_rate=1e-4,
    monitor="clip_loss",
    keep_statistics=True,
)
ASTRAY = replace(GENTLE, learning_rate=1.0)


class StopError(Exception):
    """Raised where a process might die."""


def assert_same_weights(model, other, atol=1e-6):
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=atol)


@pytest.fixture(scope="module")
def clips(folder):
    return from_folder(folder, group=r"(.*)-take")


def test_where_no_epoch_helps_the_head_is_the_probe_of_all(network, clips, tmp_path):
    model = network()
    vectors = kerasaudio.FeatureExtractor(model, cache=tmp_path / "cache")
    found = vectors.extract(clips.paths).vectors
    want = fit_probe(found, clips.targets).predict(found, verbose=0)

    done = train(
        *(model, clips, 0.34, tmp_path / "a.keras"),
        **{"schedule": ASTRAY, "head": "probe", "refit": True},
    )

    assert [epoch.number for epoch in done.epochs] == [0, 1, 2]
    assert done.best.number == 0
    np.testing.assert_allclose(predict_clips(done.model, clips), want, atol=1e-5)
    (note,) = done.notes
    assert "the 6 validation clips, no epoch was better than the linear probe" in note
    assert "probe of all 18 clips" in note


def test_the_epochs_that_helped_are_trained_again(network, clips, tmp_path):
    seen = []
    done = train(
        *(network(dropout=0.0), clips, 0.34, tmp_path / "a.keras"),
        **{"schedule": GENTLE, "head": "probe", "refit": True, "report": seen.append},
    )

    assert done.best.number > 0
    alike = replace(GENTLE, unfreeze_epochs=done.best.number)
    out = tmp_path / "b.keras"
    want = train(network(dropout=0.0), clips, None, out, schedule=alike, head="probe")
    assert_same_weights(done.model, want.model)
    again = [epoch for epoch in seen if math.isnan(epoch.score)]
    assert [e.loss for e in again] == pytest.approx([e.loss for e in want.epochs])
    assert seen[: len(done.epochs)] == list(done.epochs)
    assert f"chose epoch {done.best.number}. Then" in done.notes[0]
    assert "all 18 clips: its head started from their probe, and" in done.notes[0]
    if done.best.number == 2:
        assert "To go on, start again" in done.notes[1]
    assert len(done.report.paths) == done.model.spec.metrics["validation_clips"] == 6
    assert done.report.accuracy == done.best.score
    assert done.report.learned == 0
    assert kerasaudio.evaluate(done.model, clips).learned == len(clips)
    assert done.model.spec.provenance[-1]["clips"] == len(clips)
    loaded = keras.saving.load_model(tmp_path / "a.keras")
    assert_same_weights(loaded, done.model)


@pytest.mark.parametrize(("phase", "number"), [("choice", 1), ("all", 0), ("all", 1)])
def test_a_stopped_training_ends_as_if_it_had_not(
    network, clips, tmp_path, phase, number
):
    settings = {"schedule": GENTLE, "head": "probe", "refit": True}
    straight = train(
        network(dropout=0.0), clips, 0.34, tmp_path / "straight.keras", **settings
    )
    assert straight.best.number > 0

    def stop(epoch):
        if (math.isnan(epoch.score), epoch.number) == (phase == "all", number):
            raise StopError

    out, seen = tmp_path / "a.keras", []
    with pytest.raises(StopError):
        train(network(dropout=0.0), clips, 0.34, out, report=stop, **settings)
    assert not out.exists()
    assert State(out, "all").exists == ((phase, number) == ("all", 1))
    for change, match in (({"refit": False}, "refit: True, now None"),):
        with pytest.raises(ValueError, match=match):
            train(network(dropout=0.0), clips, 0.34, out, **settings | change)

    keras.utils.set_random_seed(9)
    other = network(dropout=0.0)
    other.set_weights([np.zeros_like(weight) for weight in other.get_weights()])
    done = train(other, clips, 0.34, out, report=seen.append, **settings)

    assert [e.number for e in seen if not math.isnan(e.score)] == (
        [2] if phase == "choice" else []
    )
    assert done.epochs[1].loss == pytest.approx(straight.epochs[1].loss, rel=1e-4)
    assert_same_weights(done.model, straight.model, 1e-4)
    assert done.report.accuracy == straight.report.accuracy
    assert not State(out).folder.exists()


def test_when_all_clips_are_learned(clips):
    few = clips
    many = clips.take(np.tile(np.arange(len(clips)), FEW))
    assert chosen_refit(None, few, 0.2, "probe", ())
    assert not chosen_refit(None, many, 0.2, "probe", ())
    assert not chosen_refit(None, few, None, "probe", ())
    assert not chosen_refit(None, few, 0.2, "kept", ())
    assert not chosen_refit(None, few, 0.2, "probe", [keras.callbacks.Callback()])
    assert chosen_refit(True, many, 0.2, "kept", [keras.callbacks.Callback()])
    assert not chosen_refit(False, few, 0.2, "probe", ())


def test_phases_and_stages_are_repeated_up_to_the_best_epoch(network, clips, tmp_path):
    for plan in (
        replace(GENTLE, freeze_epochs=1, unfreeze_epochs=1),
        PlateauSchedule(stages=2, epochs=2, patience=1, batch_size=8),
    ):
        seen, out = [], tmp_path / f"{type(plan).__name__}.keras"
        done = train(
            *(network(dropout=0.0), clips, 0.34, out),
            **{"schedule": plan, "refit": True, "report": seen.append},
        )
        most = epochs_to_best(done.epochs, plan.phases)
        assert sum(most) >= 1
        again = [epoch.phase for epoch in seen if math.isnan(epoch.score)]
        assert [again.count(phase.name) for phase in plan.phases] == most
        ends = [e for e in done.epochs if e.is_best]
        assert ends[-1].phase == again[-1]


def test_held_out_clips_have_every_class_and_no_recording_of_the_others(clips):
    learn, choose = hold_out(clips, 0.34, 0)
    assert not set(learn.paths) & set(choose.paths)
    assert len(np.unique(choose.targets)) == 3
    learned, held = (
        {path.stem.split("-")[0] for path in side.paths} for side in (learn, choose)
    )
    assert not learned & held


def test_what_cannot_be_is_refused(network, clips, sides, tmp_path):
    out = tmp_path / "a.keras"
    for share in (0, 1.0, -0.2, 5):
        with pytest.raises(ValueError, match=rf"validation must be .*{share!r}"):
            train(network(), clips, share, out)
    with pytest.raises(ValueError, match=r"refit=True needs .*share"):
        train(network(), *sides, out, refit=True)
    with pytest.raises(ValueError, match=r"refit=True needs .*share"):
        train(network(), clips, None, out, refit=True)
    with pytest.raises(ValueError, match=r"refit must be True, False or None.*'yes'"):
        train(network(), clips, 0.2, out, refit="yes")
    lone = clips.take(np.array([0, 6, 7, 12, 13]))
    with pytest.raises(ValueError, match="too few for 2 sides"):
        train(network(), lone, 0.2, out)
    assert not list(tmp_path.iterdir())


def test_few_clips_leave_the_body_as_it_is(network, clips, tmp_path):
    before = network()
    spec = before.spec.replace(weights="mine")  # as if they were published
    model = kerasaudio.AudioModel(before.input, before.output, name="tiny", spec=spec)
    body = [np.array(weight) for weight in model.get_weights()[:-2]]

    done = train(model, clips, 0.34, tmp_path / "a.keras")

    assert [epoch.phase for epoch in done.epochs] == ["probe"]
    assert "probe of 18 clips, and the body stays" in done.notes[0]
    assert len(done.notes) == 1
    for kept, was in zip(done.model.get_weights()[:-2], body, strict=True):
        np.testing.assert_array_equal(kept, was)
    assert done.report.accuracy == done.epochs[0].score
    assert done.model.spec.metrics["validation_clips"] == 6
    again = train(model, clips, None, tmp_path / "b.keras", head="probe")
    assert_same_weights(again.model, done.model)
    assert "probe of 18 clips" in again.notes[0]

    many = clips.take(np.tile(np.arange(len(clips)), 6))
    assert too_few(clips)
    assert not too_few(many)
    few = {"fitted_head": True, "few_clips": True}
    assert Schedule.for_model(model, **few).phases == ()
    assert Schedule.for_model(model, **few, unfreeze_epochs=3).phases[0].epochs == 3
    assert Schedule.for_model(model, few_clips=True).phases
    none = Schedule(freeze_epochs=0, unfreeze_epochs=0)
    with pytest.raises(ValueError, match=r"both be 0, unless .*probe.*kept"):
        train(network(), clips, None, tmp_path / "c.keras", schedule=none)
