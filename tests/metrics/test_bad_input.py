"""What metrics of clips refuse, with what to do."""

import numpy as np
import pytest

from kerasaudio.metrics import (
    PRAUC,
    ROCAUC,
    DPrime,
    InstanceF1,
    MeanAveragePrecision,
    average_windows,
)

METRICS = [ROCAUC, PRAUC, MeanAveragePrecision, DPrime, InstanceF1]
GOOD = np.zeros((4, 3), "f")


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((GOOD, GOOD[:, :2]), r"scores \(batch, 3\).*\(4, 2\)"),
        ((GOOD, GOOD[0]), r"scores \(batch, 3\)"),
        ((GOOD, GOOD.astype("int32")), "floating-point scores.*int32"),
        ((GOOD[:3], GOOD), r"a target for every score.*\(3, 3\)"),
        ((GOOD[:, :2], GOOD), "a target for every score"),
        ((np.zeros(5, int), GOOD), "or class numbers"),
        ((GOOD, GOOD, np.ones(4)), "does not support sample weights"),
        ((GOOD, GOOD, None, np.zeros(3, int)), "one for each row"),
        ((GOOD, GOOD, None, np.zeros(4)), "`clip_ids` must be integers"),
    ],
)
def test_bad_batches(metric, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric(3, 10).update_state(*arguments)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": 0, "max_clips": 4}, "classes must be a whole number, 1 or more"),
        (
            {"classes": 2, "max_clips": 4.5},
            "max_clips must be a whole number, 1 or more",
        ),
        (
            {"classes": 2, "max_clips": 4, "windows_per_clip": 0},
            "windows_per_clip must be",
        ),
        ({"classes": 2, "max_clips": 4, "dtype": "float16"}, "computes in float32"),
    ],
)
def test_bad_arguments(metric, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric(**arguments)


def test_bad_arguments_of_f1_and_of_averages():
    with pytest.raises(ValueError, match="threshold must be a finite number"):
        InstanceF1(2, 4, threshold="half")
    with pytest.raises(ValueError, match="`zero_division` must be one of"):
        InstanceF1(2, 4, zero_division=0.5)
    for scores in (np.zeros(3), np.zeros((0, 3)), np.array([["a"]])):
        with pytest.raises(ValueError, match="scores must be real numbers"):
            average_windows(scores, [0])
    with pytest.raises(ValueError, match=r"scores must be finite.* row 1"):
        average_windows([[0.0], [np.nan]], [0, 0])
    for ids in ([0], [0.0, 1.0], [[0, 1]]):
        with pytest.raises(ValueError, match="one for each of the 2 windows"):
            average_windows([[0.0], [1.0]], ids)
