"""Turn sounds into vectors: any layer of any model, for files, arrays and folders.

Computed vectors are kept on disk and found again by the model and by the file.
"""

from kerasaudio.features.extractor import FeatureExtractor
from kerasaudio.features.rows import Failed
from kerasaudio.features.table import Features, load_features

__all__ = ["Failed", "FeatureExtractor", "Features", "load_features"]
