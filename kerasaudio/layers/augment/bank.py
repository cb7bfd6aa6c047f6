"""The waveforms that an augmentation contains: noises, impulse responses."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from kerasaudio.audio import check_waveform, load_audio
from kerasaudio.layers.base import require

MOST_SAMPLES = 2**22  # 16 MiB, as they are in the graph and in the config

Sounds = Sequence[Any] | np.ndarray | Mapping[str, Any]


class SoundBank:
    """Waveforms of different lengths, joined in one array.

    Attributes:
        samples: All samples, float32 (samples,).
        lengths: Length of each waveform, int32 (sounds,).
        starts: Start of each waveform in `samples`, int32 (sounds,).
    """

    def __init__(self, sounds: Sounds, name: str) -> None:
        """Join waveforms.

        Args:
            sounds: A sequence of waveforms (samples,), an array (sounds, samples), or
                the return value of `config`.
            name: Name of the argument in error messages.

        Raises:
            ValueError: There are no sounds, one is not a waveform or is silent, or they
                have more than `MOST_SAMPLES` samples together.
        """
        if isinstance(sounds, Mapping):
            sounds = _from_config(sounds, name)
        require(
            isinstance(sounds, Sequence | np.ndarray) and not isinstance(sounds, str),
            f"`{name}` must be a sequence of waveforms (samples,).",
            type=type(sounds).__name__,
        )
        require(len(sounds) > 0, f"`{name}` must contain a waveform.", length=0)
        checked = [
            check_waveform(sound, name=f"{name}[{number}]")
            for number, sound in enumerate(sounds)
        ]
        for number, sound in enumerate(checked):
            if not sound.any():
                raise ValueError(
                    f"{name}[{number}] must not be silent. Received: {len(sound)} "
                    "zeros. Leave it out."
                )
        total = sum(map(len, checked))
        require(
            total <= MOST_SAMPLES,
            f"`{name}` are stored in the model and must have at most "
            f"{MOST_SAMPLES:,} samples together; pass excerpts.",
            samples=total,
        )
        self.samples = np.concatenate(checked)
        self.lengths = np.array([len(sound) for sound in checked], np.int32)
        self.starts = (np.cumsum(self.lengths) - self.lengths).astype(np.int32)

    def __len__(self) -> int:
        """Return the number of waveforms."""
        return len(self.lengths)

    def matrix(self) -> np.ndarray:
        """Return the waveforms as rows, padded with zeros."""
        rows = np.zeros((len(self), int(self.lengths.max())), np.float32)
        for row, start, length in zip(rows, self.starts, self.lengths, strict=True):
            row[:length] = self.samples[start : start + length]
        return rows

    def config(self) -> dict[str, Any]:
        """Return the waveforms for a config: base64 of little-endian float32."""
        raw = self.samples.astype("<f4").tobytes()
        return {
            "float32": base64.b64encode(raw).decode("ascii"),
            "lengths": self.lengths.tolist(),
        }


def load_sounds(
    paths: Sequence[str | PathLike[str]], sample_rate: int, name: str
) -> list[np.ndarray]:
    """Read audio files at a sample rate in Hz.

    Raises:
        ValueError: `paths` is a single path, or the sample rate is invalid.
        OSError: A file cannot be read or decoded.
    """
    require(
        not isinstance(paths, str | PathLike),
        f"`{name}` must be a sequence of paths.",
        paths=paths,
    )
    return [load_audio(path, sample_rate) for path in paths]


def _from_config(config: Mapping[str, Any], name: str) -> list[np.ndarray]:
    try:
        raw = base64.b64decode(config["float32"], validate=True)
        lengths = [int(length) for length in config["lengths"]]
        samples = np.frombuffer(raw, "<f4")
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise ValueError(f"The config of `{name}` is damaged: {error!r}.") from error
    require(
        min(lengths, default=0) > 0 and sum(lengths) == len(samples),
        f"The config of `{name}` is damaged: its lengths do not fit.",
        samples=len(samples),
        lengths=lengths[:5],
    )
    return np.split(samples, np.cumsum(lengths)[:-1])
