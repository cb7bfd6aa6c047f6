"""Training with versions of the clips: what is learned from, told, and resumed."""

from dataclasses import replace

import numpy as np
import pytest

import kerasaudio
from kerasaudio.datasets.batching import batches as batching
from kerasaudio.datasets.learned import fingerprints
from kerasaudio.training import Augmentation, Schedule, train

pytest.importorskip("python_stretch")
QUICK = Schedule(unfreeze_epochs=1, batch_size=8, learning_rate=3e-3)
AHEAD = Augmentation(versions=["stretch", ("pitch", 2)])


@pytest.fixture
def asked(monkeypatch):
    """The versions that each set of batches is asked for, by its clips."""
    seen, begin = [], batching.ClipBatches.__init__

    def watched(self, clips, *args, **settings):
        begin(self, clips, *args, **settings)
        seen.append((len(clips), len(settings.get("versions", ())), len(self)))

    monkeypatch.setattr(batching.ClipBatches, "__init__", watched)
    return seen


def test_only_the_clips_to_learn_from_have_versions(network, sides, tmp_path, asked):
    changes = replace(AHEAD, mixup=0.2, waveform=[kerasaudio.layers.Noise(seed=0)])
    done = train(
        network(), *sides, tmp_path / "a.keras", schedule=QUICK, augmentation=changes
    )
    learned, held_out = (len(side) for side in sides)
    steps = -(-6 * learned // 8)
    assert asked[0] == (learned, 5, steps)
    assert [each[:2] for each in asked[1:]] == [(held_out, 0)]
    (note,) = (note for note in done.notes if "versions" in note)
    assert note.startswith(f"5 versions of each of {learned} clips were learned")
    assert f" {5 * learned}, of which " in note
    files = set(fingerprints(sides[0].paths).values())
    assert set(done.model.spec.learned_files) == files


def test_the_probe_learns_from_versions_too(sides, tmp_path, monkeypatch):
    seen, fit = [], kerasaudio.training.run.fit_head

    def watched(model, head, rows):
        seen.append(rows)
        return fit(model, head, rows)

    monkeypatch.setattr(kerasaudio.training.run, "fit_head", watched)
    model = kerasaudio.LeNetMFCC(weights="fsdd", labels=sides[0].class_names)
    train(
        model,
        *sides,
        tmp_path / "a.keras",
        schedule=QUICK,
        head="probe",
        augmentation=AHEAD,
    )
    (rows,) = seen
    wanted = 6 * sides[0].multi_hot.sum(axis=0)  # each clip, and five versions of it
    np.testing.assert_allclose(rows.weights @ rows.targets, wanted)


def test_a_training_resumes_only_with_the_same_versions(network, sides, tmp_path):
    class StopError(Exception):
        pass

    def stop(epoch):
        raise StopError

    out, schedule = tmp_path / "a.keras", replace(QUICK, unfreeze_epochs=2)
    with pytest.raises(StopError):
        train(
            network(), *sides, out, schedule=schedule, augmentation=AHEAD, report=stop
        )
    with pytest.raises(ValueError, match="other settings"):
        train(network(), *sides, out, schedule=schedule)
    same = Augmentation(versions=[("pitch", 2), "stretch"][::-1])
    done = train(network(), *sides, out, schedule=schedule, augmentation=same)
    assert len(done.epochs) == 2


def test_versions_are_settings_of_the_augmentation():
    told = AHEAD.to_dict()
    assert told["versions"][0] == ["stretch", 0.81]
    assert told["versions"][-1] == ["pitch", 2.0]
    assert "versions" not in Augmentation().to_dict()  # trainings of before resume
    with pytest.raises(ValueError, match="'wow'"):
        Augmentation(versions=["wow"])


def test_versions_among_the_settings_of_batches_are_refused(network, sides, tmp_path):
    with pytest.raises(ValueError, match=r"Augmentation\(versions="):
        train(network(), *sides, tmp_path / "a.keras", versions=["stretch"])
