"""Sounds to vectors: any layer of any model, over files, arrays and whole folders.

What was computed is kept on disk and found again by what the model is and by the file.
"""

from kerasaudio.features.extractor import FeatureExtractor
from kerasaudio.features.rows import Failed
from kerasaudio.features.table import Features, load_features

__all__ = ["Failed", "FeatureExtractor", "Features", "load_features"]
