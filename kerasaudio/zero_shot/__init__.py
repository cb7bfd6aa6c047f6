"""Tag sounds with any words: a network that puts sounds and sentences side by side.

`ZeroShot` reads both towers and the tokenizer of a CLAP from one folder.
"""

from kerasaudio.zero_shot.model import ZeroShot

__all__ = ["ZeroShot"]
