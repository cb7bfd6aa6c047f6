"""Decoded audio, kept on disk, so that files are decoded only once."""

from pathlib import Path

import numpy as np

from kerasaudio.audio.load import Hold, load_within
from kerasaudio.datasets.batching.kept_audio import KeptAudio
from kerasaudio.files.file_state import FileState


class DecodedAudio(KeptAudio[Path]):
    """The waveforms of some files at one rate, decoded on creation, read in parts.

    However many files are decoded in parallel, their waveforms take at most 128 MiB
    plus the longest one, and decoding takes up to three times as much.

    Args:
        files: Audio files. Files that are not in the cache are decoded now, by several
            threads.
        sample_rate: Sample rate in Hz.
        cache: True for the folder of KERASAUDIO_CACHE or the platform's cache; a
            folder; or False to decode files now, to check them, and again whenever they
            are read.
        dtype: Number format of the cache: "float32" (exact), "float16", or "int16"
            (values outside [-1, 1] are clipped); the last two take half the space.
        readers: Number of threads; None for one per core.

    Attributes:
        lengths: Number of samples of each file.
        errors: Reason why a file cannot be used, by file.

    Raises:
        ValueError: `dtype` is unknown.

    Warns:
        UserWarning: The cache cannot be written, for example because the disk is full.
            Files that are not in it are decoded whenever they are read.
    """

    def _state(self, key: Path) -> FileState:
        return FileState.of(key)

    def _made(self, key: Path, hold: Hold) -> np.ndarray:
        return load_within(key, self.sample_rate, hold)
