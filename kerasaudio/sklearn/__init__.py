"""Sounds in scikit-learn: a transformer and a classifier for pipelines and searches.

scikit-learn is needed only here: `import kerasaudio` works without it.
"""

from kerasaudio.extras import install

try:
    from sklearn.utils.validation import validate_data as _validate_data  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"kerasaudio.sklearn needs scikit-learn 1.6 or later: {install('sklearn')}."
    ) from error

from kerasaudio.sklearn.classifier import AudioClassifier
from kerasaudio.sklearn.embedder import AudioEmbedder

__all__ = ["AudioClassifier", "AudioEmbedder"]
