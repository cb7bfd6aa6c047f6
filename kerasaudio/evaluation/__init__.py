"""Evaluate networks on labeled clips and on the folds of a data set.

`evaluate` and `cross_validate` return reports; `predict_clips` returns one row of
scores per clip.
"""

from kerasaudio.evaluation.clip_report import ClipReport, Mistake
from kerasaudio.evaluation.cross_validation import cross_validate
from kerasaudio.evaluation.evaluate import evaluate
from kerasaudio.evaluation.fold_report import FoldReport
from kerasaudio.evaluation.predict import predict_clips
from kerasaudio.evaluation.report import Report
from kerasaudio.evaluation.tag_report import TagReport, WrongTag

__all__ = [
    "ClipReport",
    "FoldReport",
    "Mistake",
    "Report",
    "TagReport",
    "WrongTag",
    "cross_validate",
    "evaluate",
    "predict_clips",
]
