"""The report on clips with several classes: every figure against scikit-learn's."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from kerasaudio.evaluation import TagReport, WrongTag, evaluate
from kerasaudio.metrics import DPrime

sklearn_metrics = pytest.importorskip("sklearn.metrics")
NAMES = ("a", "b", "c", "d")


def report(labels, scores, **settings):
    return TagReport(
        dataset="made up",
        class_names=NAMES,
        paths=tuple(Path(f"{i}.wav") for i in range(len(labels))),
        targets=np.asarray(labels, bool),
        scores=np.asarray(scores, "float32"),
        **settings,
    )


@pytest.fixture
def made(rng):
    labels = rng.random((60, 4)) < 0.4
    scores = np.clip(rng.random((60, 4)) * 0.7 + 0.3 * labels, 0, 1)
    return report(labels, scores)


def test_figures_are_scikit_learns(made):
    truth, given = made.targets, made.predictions
    figures = {
        "roc_auc": sklearn_metrics.roc_auc_score(truth, made.scores),
        "pr_auc": sklearn_metrics.average_precision_score(truth, made.scores),
        "instance_f1": sklearn_metrics.f1_score(
            truth, given, average="samples", zero_division=0
        ),
        "macro_f1": sklearn_metrics.f1_score(truth, given, average="macro"),
    }
    for name, expected in figures.items():
        assert getattr(made, name) == pytest.approx(expected, abs=1e-6)
        assert made.to_dict()[name] == getattr(made, name)
    metric = DPrime(4, 60)
    metric.update_state(truth, made.scores)
    assert made.d_prime == pytest.approx(float(metric.result()))
    precision, recall, f1, clips = sklearn_metrics.precision_recall_fscore_support(
        truth, given
    )
    areas = sklearn_metrics.roc_auc_score(truth, made.scores, average=None)
    means = sklearn_metrics.average_precision_score(truth, made.scores, average=None)
    for i, name in enumerate(NAMES):
        assert made.per_class[name] == pytest.approx(
            {
                "clips": clips[i],
                "roc_auc": areas[i],
                "average_precision": means[i],
                "precision": precision[i],
                "recall": recall[i],
                "f1": f1[i],
            },
            abs=1e-6,
        )


def test_the_surest_mistakes_come_first():
    found = report(
        [[1, 0, 0, 0], [0, 1, 0, 1]],
        [[0.4, 0.9, 0.1, 0.0], [0.55, 0.7, 0.0, 0.01]],
    )
    assert found.mistakes == [
        WrongTag(Path("1.wav"), "d", True, pytest.approx(0.01)),
        WrongTag(Path("0.wav"), "b", False, pytest.approx(0.9)),
        WrongTag(Path("0.wav"), "a", True, pytest.approx(0.4)),
        WrongTag(Path("1.wav"), "a", False, pytest.approx(0.55)),
    ]
    stricter = replace(found, threshold=0.95)
    assert {m.present for m in stricter.mistakes} == {True}
    assert len(found.to_dict(mistakes=2)["mistakes"]) == 2


def test_classes_and_clips_without_tags():
    scores = [[0.9, 0.1, 0.2, 0.1], [0.2, 0.7, 0.1, 0.1], [0.1, 0.1, 0.3, 0.2]]
    found = report([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], scores)
    assert list(found.per_class) == ["a", "b"]
    assert found.roc_auc == pytest.approx(1.0)
    assert found.instance_f1 == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert found.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    alone = report([[0, 1, 0, 0]], [[0.1, 0.2, 0.1, 0.1]])
    assert alone.to_dict()["roc_auc"] is None
    assert alone.to_dict()["per_class"]["b"]["roc_auc"] is None
    none = report([[0, 0, 0, 0]], [[0.1, 0.2, 0.1, 0.1]])
    assert none.to_dict()["macro_f1"] is None
    json.loads(none.to_json())


def test_what_is_unknown_counts_neither_way(made, rng):
    known = rng.random(made.targets.shape) < 0.6
    known[:, 3] = False
    found = replace(made, targets=made.targets & known, known=known)
    truth, given = made.targets, made.scores >= 0.5
    areas, precisions, f1 = [], [], []
    for i in range(3):
        there = truth[known[:, i], i], made.scores[known[:, i], i]
        areas.append(sklearn_metrics.roc_auc_score(*there))
        precisions.append(sklearn_metrics.average_precision_score(*there))
        f1.append(sklearn_metrics.f1_score(there[0], given[known[:, i], i]))
        row = found.per_class[NAMES[i]]
        assert row["roc_auc"] == pytest.approx(areas[i], abs=1e-6)
        assert row["average_precision"] == pytest.approx(precisions[i], abs=1e-6)
        assert row["f1"] == pytest.approx(f1[i], abs=1e-6)
    assert list(found.per_class) == ["a", "b", "c"]
    assert found.roc_auc == pytest.approx(np.mean(areas), abs=1e-6)
    assert found.pr_auc == pytest.approx(np.mean(precisions), abs=1e-6)
    assert found.macro_f1 == pytest.approx(np.mean(f1), abs=1e-6)
    assert found.d_prime == pytest.approx(
        np.sqrt(2) * NormalDist().inv_cdf(np.mean(areas)), abs=1e-4
    )
    wrong = {(mistake.path, mistake.label) for mistake in found.mistakes}
    assert wrong == {
        (made.paths[clip], NAMES[i])
        for clip, i in np.argwhere((truth != given) & known).tolist()
    }
    everything = replace(made, known=np.ones_like(known))
    assert everything.figures() == pytest.approx(made.figures(), abs=1e-6)
    nothing = replace(found, known=np.zeros_like(known), targets=np.zeros_like(known))
    assert nothing.to_dict()["roc_auc"] is nothing.to_dict()["d_prime"] is None


def test_save_writes_tables(made, tmp_path):
    made.save(tmp_path / "report")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        *("mistakes.csv", "per_class.csv", "report.json")
    ]
    with (tmp_path / "report" / "per_class.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == list(NAMES)
    assert float(rows[0]["f1"]) == pytest.approx(made.per_class["a"]["f1"])
    with (tmp_path / "report" / "mistakes.csv").open() as file:
        assert len(list(csv.reader(file))) == 1 + len(made.mistakes)


def test_measure_takes_clips_with_several_classes(network, sides):
    model = network(classifier_activation="sigmoid")
    hot = sides[1].multi_hot.copy()
    hot[0] = True
    found = evaluate(model, replace(sides[1], targets=hot))
    assert isinstance(found, TagReport)
    assert found.targets.dtype == bool
    np.testing.assert_array_equal(found.targets, hot)
    assert found.class_names == sides[1].class_names
    assert 0 <= found.roc_auc <= 1
    known = np.ones_like(hot)
    known[1:, 0] = False
    found = evaluate(model, replace(sides[1], targets=hot & known, known=known))
    np.testing.assert_array_equal(found.known, known)
    assert found.per_class[found.class_names[0]]["clips"] == 1
