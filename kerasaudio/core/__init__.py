"""The parts that all networks share: model, spec, building, heads, running, saving.

The architectures themselves are in `kerasaudio.models`.
"""

from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.devices import device
from kerasaudio.core.exactness import precision
from kerasaudio.core.half_precision import in_half
from kerasaudio.core.saving import save_pretrained
from kerasaudio.core.spec import AudioSpec

__all__ = [
    "AudioModel",
    "AudioSpec",
    "device",
    "in_half",
    "precision",
    "save_pretrained",
]
