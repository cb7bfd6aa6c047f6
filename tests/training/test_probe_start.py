"""The head starts from the linear probe; what is said at the end; what was learned."""

import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio.core.heads import scorer
from kerasaudio.datasets import from_folder
from kerasaudio.datasets.learned import fingerprints
from kerasaudio.evaluation import predict_clips
from kerasaudio.evaluation.predict import means_of_windows
from kerasaudio.training import PlateauSchedule, Schedule, probing, train
from kerasaudio.training.epoch_end import Backup
from kerasaudio.training.state import State
from kerasaudio.transfer import fit_probe
from kerasaudio.transfer.probes import linear_head
from support import sound_folder

QUICK = Schedule(unfreeze_epochs=1, batch_size=16, learning_rate=1e-9)


def pretrained(network, **arguments):
    """A network as if its weights were published."""
    model = network(**arguments)
    spec = model.spec.replace(weights="mine")
    return kerasaudio.AudioModel(model.input, model.output, name="tiny", spec=spec)


class StopError(Exception):
    """Raised where a process might die."""


def test_the_head_starts_from_the_probe(network, sides, tmp_path):
    model, found = network(), {}
    vectors = kerasaudio.FeatureExtractor(model, cache=tmp_path / "cache")
    learn, check = (vectors.extract(side.paths).vectors for side in sides)
    probe = fit_probe(learn, sides[0].targets)
    want = probe.predict(check, verbose=0)

    def look(epoch):
        if epoch.number == 0:
            found["scores"], found["epoch"] = predict_clips(model, sides[1]), epoch

    train(
        model,
        *sides,
        tmp_path / "a.keras",
        schedule=QUICK,
        head="probe",
        report=look,
        log=tmp_path / "a.csv",
    )

    np.testing.assert_allclose(found["scores"], want, atol=1e-5)
    epoch = found["epoch"]
    assert (epoch.phase, epoch.learning_rate, epoch.is_best) == ("probe", 0.0, True)
    own = probe.predict(learn, verbose=0)[np.arange(len(learn)), sides[0].targets]
    assert epoch.loss == pytest.approx(-np.log(own).mean(), rel=1e-3)
    assert epoch.score == (want.argmax(axis=1) == sides[1].targets).mean()
    rows = (tmp_path / "a.csv").read_text().splitlines()[1:]
    assert [row.split(",")[:2] for row in rows] == [["0", "probe"], ["1", "full"]]


@pytest.mark.parametrize("most", [50_000, 9])
def test_the_probe_learns_windows_and_all_clips_alike(
    network, tmp_path, monkeypatch, most
):
    """Long clips have many windows, some of silence; too many are averaged."""
    folder, rng = sound_folder.make(tmp_path / "a", clips=3), np.random.default_rng(0)
    for path in folder.rglob("*1-take0.wav"):
        sound, rate = soundfile.read(path)
        silence = rng.normal(0, 1e-4, 4 * rate)
        soundfile.write(path, np.concatenate([sound, silence, sound]), rate)
    clips, model, found = from_folder(folder), network(dropout=0.0), []
    monkeypatch.setattr(probing, "MOST_ROWS", most)

    def look(epoch):
        if epoch.number == 0:
            found.extend(scorer(model).get_weights())

    still = replace(QUICK, keep_statistics=True)
    out = tmp_path / "a.keras"
    done = train(model, clips, None, out, schedule=still, head="probe", report=look)

    heard = clips.batches(done.model, training=False)
    body = keras.Model(model.input, scorer(model).input)
    vectors = np.concatenate([body.predict_on_batch(batch[0]) for batch in heard])
    assert len(vectors) > 2 * len(clips)
    parts = (
        heard.window_weights
        / np.bincount(heard.clip_of, heard.window_weights)[heard.clip_of]
    )
    want = linear_head(vectors, clips.targets[heard.clip_of], 3, parts)
    if most < len(vectors):  # one row for each of the nine clips
        want = linear_head(means_of_windows(heard, vectors), clips.targets, 3)
    for ours, theirs in zip(found, want, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3 * np.abs(theirs).max())


def test_sigmoid_scores_rank_classes_as_the_probe_does(network, sides, tmp_path):
    model, orders = network(classifier_activation="sigmoid"), []
    vectors = kerasaudio.FeatureExtractor(model, cache=tmp_path / "cache")
    learn, check = (vectors.extract(side.paths).vectors for side in sides)
    want = fit_probe(learn, sides[0].targets).predict(check, verbose=0)

    def look(epoch):
        orders.append(predict_clips(model, sides[1]).argsort(axis=1))

    out = tmp_path / "a.keras"
    train(model, *sides, out, schedule=QUICK, head="probe", report=look)

    np.testing.assert_array_equal(orders[0], want.argsort(axis=1))


def test_the_result_is_never_worse_than_the_probe(network, sides, tmp_path):
    model, start = network(), []

    def look(epoch):
        if epoch.number == 0:
            start.extend(np.array(weight) for weight in model.get_weights())

    astray = replace(QUICK, unfreeze_epochs=2, learning_rate=1.0)
    out = tmp_path / "a.keras"
    done = train(model, *sides, out, schedule=astray, head="probe", report=look)

    assert [epoch.number for epoch in done.epochs] == [0, 1, 2]
    assert done.best.number == 0
    assert done.notes == ()
    assert repr(done).startswith(f"Trained({str(out)!r}, epochs=2, best=0")
    for kept, first in zip(done.model.get_weights(), start, strict=True):
        np.testing.assert_array_equal(kept, first)
    assert kerasaudio.evaluate(done.model, sides[1]).accuracy == done.epochs[0].score


@pytest.mark.parametrize("number", [0, 1])
def test_a_training_that_was_stopped_goes_on_from_the_probe(
    network, sides, tmp_path, number
):
    astray = replace(QUICK, unfreeze_epochs=2, learning_rate=1.0)

    def stop(epoch):
        if epoch.number == number:
            raise StopError

    def run(name, report=None):
        out = tmp_path / name
        return train(
            network(), *sides, out, schedule=astray, head="probe", report=report
        )

    straight = run("straight.keras")
    with pytest.raises(StopError):
        run("a.keras", stop)
    assert State(tmp_path / "a.keras").exists == bool(number)
    done = run("a.keras")

    assert [epoch.number for epoch in done.epochs] == [0, 1, 2]
    assert done.best.number == straight.best.number
    for one, other in zip(
        done.model.get_weights(), straight.model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_published_networks_start_so_unless_told_otherwise(network, sides, tmp_path):
    def phases(model, name, **settings):
        done = train(
            model, *sides, tmp_path / f"{name}.keras", schedule=QUICK, **settings
        )
        return [epoch.phase for epoch in done.epochs], done

    assert phases(pretrained(network), "new")[0] == ["probe", "full"]
    assert phases(pretrained(network), "kept", head="kept")[0] == ["full"]
    assert phases(network(), "random")[0] == ["full"]
    _, done = phases(network(), "first")
    assert phases(done.model, "again")[0] == ["full"]  # its head is not new


def test_heads_that_cannot_start_from_a_probe_are_told(network, sides, tmp_path):
    several = [replace(side, targets=side.multi_hot) for side in sides]
    out = tmp_path / "a.keras"
    model = pretrained(network, classifier_activation="sigmoid")

    done = train(model, *several, out, schedule=QUICK)

    assert [epoch.number for epoch in done.epochs] == [1]
    assert "linear probe: clips of sounds can have several classes" in done.notes[0]
    with pytest.raises(ValueError, match=r'several classes.*head="kept"'):
        train(model, *several, out, schedule=QUICK, head="probe", overwrite=True)
    with pytest.raises(ValueError, match=r"head must be one of.*'random'"):
        train(model, *several, out, schedule=QUICK, head="random", overwrite=True)
    deep = kerasaudio.transfer.attach(network(), hidden(network()), ["high", "low"])
    with pytest.raises(ValueError, match="not one dense layer"):
        train(deep, *sides, out, schedule=QUICK, head="probe", overwrite=True)


def hidden(model):
    """A probe with a hidden layer, on the embedding of a model."""
    vector = keras.Input(model.get_layer("embedding").output.shape[1:])
    inner = keras.layers.Dense(3, "relu", name="hidden")(vector)
    return keras.Model(vector, keras.layers.Dense(2, "softmax")(inner))


def test_another_start_does_not_go_on(network, sides, tmp_path):
    def stop(epoch):
        if epoch.number == 1:
            raise StopError

    out = tmp_path / "a.keras"
    with pytest.raises(StopError):
        train(network(), *sides, out, schedule=QUICK, head="probe", report=stop)
    with pytest.raises(ValueError, match="head: 'probe', now None"):
        train(network(), *sides, out, schedule=QUICK)


def test_a_training_that_still_improves_says_so(network, sides, tmp_path):
    rising = Schedule(unfreeze_epochs=1, batch_size=4, monitor="clip_loss")
    done = train(network(), *sides, tmp_path / "a.keras", schedule=rising)
    (note,) = done.notes
    assert "still improving" in note
    assert "unfreeze_epochs=1" in note
    stages = PlateauSchedule(stages=1, epochs=1)
    done = train(network(), *sides, tmp_path / "b.keras", schedule=stages)
    assert "epochs=1" in done.notes[0]
    done = train(network(), sides[0], None, tmp_path / "c.keras", schedule=rising)
    assert done.notes == ()  # there is nothing to tell by


def test_few_clips_get_at_least_some_steps(network, sides, tmp_path):
    steps = []
    count = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: steps.append(batch)
    )
    schedule = replace(QUICK, min_steps=3, patience=1, learning_rate=1e-12)
    out = tmp_path / "a.keras"
    train(network(dropout=0.0), *sides, out, schedule=schedule, callbacks=[count])
    assert 3 <= len(steps) <= 4
    assert [phase.epochs for phase in schedule.phases_of(2)] == [2]
    assert [phase.epochs for phase in schedule.phases_of(50)] == [1]
    assert [phase.epochs for phase in schedule.phases] == [1]
    with pytest.raises(ValueError, match="min_steps"):
        Schedule(min_steps=-1)


def test_patience_waits_for_the_least_epochs(network, sides, tmp_path):
    kept = []
    backup = Backup(lambda done, stale: kept.append((done, stale)), [], 0, 1, 2, None)
    backup.set_params({"epochs": 9})
    model = keras.Sequential()
    model.stop_training = False  # as `fit` sets it
    backup.set_model(model)
    backup._epochs.append(stale_epoch())
    backup.on_epoch_end(0)
    assert not backup.model.stop_training
    backup.on_epoch_end(1)
    assert backup.model.stop_training
    assert kept == [(1, 1), (9, 2)]


def stale_epoch():
    from kerasaudio.training import Epoch

    return Epoch(2, "full", 0.1, 1.0, 0.5, 1.0, 1.0, is_best=False)


def test_schedules_suit_the_start_of_the_head(network):
    model = pretrained(network)
    chosen = Schedule.for_model(model, fitted_head=True)
    assert (chosen.freeze_epochs, chosen.min_steps) == (0, 0)
    assert chosen.learning_rate < Schedule.for_model(model).learning_rate
    head_only = Schedule.for_model(model, fitted_head=True, unfreeze_epochs=0)
    assert [phase.name for phase in head_only.phases] == ["frozen"]
    assert Schedule.for_model(model).min_steps > 0
    assert Schedule.for_model(model, freeze_epochs=1).min_steps == 0


def test_weights_of_a_file_are_not_random(network, tmp_path):
    path = tmp_path / "tiny.weights.h5"
    network().save_weights(path)
    again = network(weights=path)
    assert again.spec.is_pretrained
    assert again.spec.weights_hash.startswith("sha256:")
    assert Schedule.for_model(again).keep_statistics
    assert not network().spec.is_pretrained


def test_evaluate_counts_the_clips_that_were_learned(network, sides, folder, tmp_path):
    out = tmp_path / "a.keras"
    train(network(), *sides, out, schedule=QUICK)
    model = keras.saving.load_model(out)
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)

    whole = kerasaudio.evaluate(model, from_folder(moved))
    others = kerasaudio.evaluate(model, sides[1])

    assert whole.learned == whole.to_dict()["learned"] == len(sides[0])
    assert f"{len(sides[0])} of these {len(whole.paths)} clips" in whole.table()
    assert others.learned == 0
    assert "trained on" not in others.table()
    assert kerasaudio.evaluate(network(), sides[0]).learned == 0
    model.save_pretrained(tmp_path / "a.safetensors")
    again = network(weights=tmp_path / "a.safetensors")
    assert set(again.spec.learned_files) == set(fingerprints(sides[0].paths).values())


def test_models_remember_what_they_learned_before(network, sides, tmp_path):
    first = train(network(), sides[0], None, tmp_path / "a.keras", schedule=QUICK)
    second = train(first.model, sides[1], None, tmp_path / "b.keras", schedule=QUICK)
    paths = [*sides[0].paths, *sides[1].paths]
    assert second.model.spec.learned_files == tuple(
        sorted(set(fingerprints(paths).values()))
    )
