"""Pictures: a feature space to look at and listen to, events, confusion, ROC curves.

matplotlib, scikit-learn and umap-learn are imported when first used.
"""

from kerasaudio.plot.events import events
from kerasaudio.plot.feature_space import feature_space
from kerasaudio.plot.reports import confusion_matrix, roc_curve

__all__ = ["confusion_matrix", "events", "feature_space", "roc_curve"]
