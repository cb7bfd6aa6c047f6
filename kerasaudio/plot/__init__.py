"""Pictures: a feature space to look at and listen to, confusion matrices, ROC curves.

matplotlib, scikit-learn and umap-learn are imported when first used.
"""

from kerasaudio.plot.feature_space import feature_space
from kerasaudio.plot.reports import confusion_matrix, roc_curve

__all__ = ["confusion_matrix", "feature_space", "roc_curve"]
