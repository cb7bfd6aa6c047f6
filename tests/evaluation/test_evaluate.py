"""The report on a model: every figure against scikit-learn's."""

import json
from pathlib import Path

import numpy as np
import pytest

from kerasaudio.evaluation import ClipReport, evaluate
from kerasaudio.training import start_from
from support import sound_folder

sklearn_metrics = pytest.importorskip("sklearn.metrics")


def report(labels, scores, names=("a", "b", "c", "d")):
    return ClipReport(
        dataset="made up",
        class_names=names,
        paths=tuple(Path(f"{i}.wav") for i in range(len(labels))),
        targets=np.asarray(labels),
        scores=np.asarray(scores, "float32"),
    )


@pytest.fixture
def made(rng):
    labels = rng.integers(0, 4, 60)
    scores = rng.dirichlet(np.ones(4), 60) + 0.3 * np.eye(4)[labels]
    return report(labels, scores / scores.sum(axis=1, keepdims=True))


def test_figures_are_scikit_learns(made):
    hot = np.eye(4)[made.targets]
    figures = {
        "accuracy": sklearn_metrics.accuracy_score(made.targets, made.predictions),
        "macro_f1": sklearn_metrics.f1_score(
            made.targets, made.predictions, average="macro"
        ),
        "roc_auc": sklearn_metrics.roc_auc_score(hot, made.scores, average="macro"),
        "pr_auc": sklearn_metrics.average_precision_score(hot, made.scores),
    }
    for name, expected in figures.items():
        assert getattr(made, name) == pytest.approx(expected, abs=1e-6)
        assert made.to_dict()[name] == getattr(made, name)
    np.testing.assert_array_equal(
        made.confusion,
        sklearn_metrics.confusion_matrix(made.targets, made.predictions),
    )
    precision, recall, f1, clips = sklearn_metrics.precision_recall_fscore_support(
        made.targets, made.predictions
    )
    for row, found in enumerate(made.per_class.values()):
        assert found == pytest.approx(
            {
                "clips": clips[row],
                "precision": precision[row],
                "recall": recall[row],
                "f1": f1[row],
            }
        )


def test_the_surest_mistakes_come_first(made):
    mistakes = made.mistakes
    assert len(mistakes) == (made.predictions != made.targets).sum() > 3
    margins = [m.score - m.true_score for m in mistakes]
    assert margins == sorted(margins, reverse=True)
    worst = mistakes[0]
    row = int(worst.path.stem)
    assert made.class_names[made.targets[row]] == worst.label
    assert worst.score == made.scores[row].max()
    assert len(made.to_dict(mistakes=2)["mistakes"]) == 2


def test_classes_without_clips_are_left_out():
    scores = [[0.9, 0.1, 0.0, 0.0], [0.2, 0.7, 0.1, 0.0], [0.1, 0.1, 0.8, 0.0]]
    found = report([0, 1, 1], scores)
    assert found.confusion.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert list(found.per_class) == ["a", "b", "c"]
    assert found.per_class["c"] == {"clips": 0, "precision": 0, "recall": 0, "f1": 0}
    assert found.roc_auc == pytest.approx(0.875)
    alone = report([0], scores[:1])
    assert alone.to_dict()["roc_auc"] is None
    json.loads(alone.to_json())


def test_bad_clips_are_refused(network, sides):
    import kerasaudio

    with pytest.raises(ValueError, match="no output"):
        evaluate(network(labels=["a", "b"]), sides[0])
    with pytest.raises(ValueError, match="no labels"):
        evaluate(kerasaudio.LeNetMFCC(include_top=False), sides[0])


def test_start_from(tmp_path, network):
    kinds = list(sound_folder.KINDS)
    one, other = (start_from("SpeechGRU", kinds, "none", seed=3) for _ in range(2))
    for mine, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert start_from("MusiCNN", ["a", "b"], "none").spec.weights is None
    assert start_from("MusiCNN", ["a", "b"]).spec.weights == "mtat"
    assert start_from("MusiCNN/msd", ["a", "b"]).spec.labels == ("a", "b")
    network().save(tmp_path / "mine.keras")
    again = start_from(tmp_path / "mine.keras", kinds)
    np.testing.assert_array_equal(again.get_weights()[0], network().get_weights()[0])
    with pytest.raises(ValueError, match="NoNet"):
        start_from("NoNet", kinds)
    with pytest.raises(ValueError, match="no-such-tag"):
        start_from("SpeechGRU", kinds, "no-such-tag")
