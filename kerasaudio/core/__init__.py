"""What all networks share: the model and its spec, building, heads, running, saving.

Families of networks stand above, in `kerasaudio.models`.
"""

from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.saving import save_pretrained
from kerasaudio.core.spec import AudioSpec

__all__ = ["AudioModel", "AudioSpec", "save_pretrained"]
