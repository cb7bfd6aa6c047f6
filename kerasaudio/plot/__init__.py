"""Plots: a feature space to see and hear, sound events, confusion, ROC curves.

matplotlib, scikit-learn and umap-learn are imported at first use.
"""

from kerasaudio.plot.events import events
from kerasaudio.plot.feature_space import feature_space
from kerasaudio.plot.reports import confusion_matrix, roc_curve

__all__ = ["confusion_matrix", "events", "feature_space", "roc_curve"]
