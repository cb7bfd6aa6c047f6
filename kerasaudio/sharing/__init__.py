"""Share a model on the Hugging Face Hub, with a card that says what it is."""

from kerasaudio.sharing import push as _push  # noqa: F401  (registers the methods)
from kerasaudio.sharing.card import model_card

__all__ = ["model_card"]
