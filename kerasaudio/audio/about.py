"""What a sound file is, without decoding it if its header says so."""

from dataclasses import dataclass
from pathlib import Path

from kerasaudio.audio.containers import shortfall
from kerasaudio.audio.decode import open_audio
from kerasaudio.audio.load import BLOCK_FRAMES


@dataclass(frozen=True)
class SoundFacts:
    """Facts of a sound file.

    Attributes:
        format: Container and encoding, such as "WAV PCM_16".
        sample_rate: Sample rate in Hz.
        channels: Number of channels.
        frames: Number of samples of each channel that can be read.
        missing: What the file states but does not contain; None if nothing is missing
            as far as can be told without decoding.
    """

    format: str
    sample_rate: int
    channels: int
    frames: int
    missing: str | None

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return self.frames / self.sample_rate


def sound_facts(path: Path) -> SoundFacts:
    """Return the facts of a sound file.

    A file whose header does not state its length, such as one that ffmpeg reads, is
    decoded from beginning to end.

    Raises:
        AudioDecodeError: The file is not audio, or it must be decoded and is damaged.
        OSError: The file is missing or cannot be read.
    """
    with open_audio(path) as audio:
        frames = audio.frames
        if frames is None:
            frames = sum(map(len, audio.blocks(0, None, BLOCK_FRAMES)))
        with path.open("rb") as file:
            lost = shortfall(file)
        return SoundFacts(
            audio.format,
            audio.sample_rate,
            audio.channels,
            frames,
            None if lost is None else lost.text,
        )
