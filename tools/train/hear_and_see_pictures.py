"""Pictures of clips for the recipe hear_and_see.py: made once, kept in a folder.

A picture is what MelResNet50 shows to its ResNet50: 224 mel bands by 224 frames in 256
shades of gray, 0 at 80 dB below the loudest and 255 at the loudest.

    original  the clip at its own duration, stretched or squeezed to 224 frames
    padded    both ends continued at the value of the first and of the last sample, to
              the 5 s of MelResNet50; a longer clip is cut at both ends
    rolled    padded, and shifted by 25, 50 and 75 % both ways; what leaves the picture
              on one side comes in on the other
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from kerasaudio.audio import load_audio
from kerasaudio.audio.about import sound_facts
from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabeledClips
from kerasaudio.files.whole_file import write_text, writing_whole

KINDS = ("original", "padded", "rolled")
SHIFTS = (0.0, 0.25, 0.5, 0.75, -0.25, -0.5, -0.75)
DB = 80.0


@dataclass(frozen=True)
class Pictures:
    """Pictures of clips, and which clips they are of.

    Attributes:
        base: "original" or "padded".
        gray: uint8 (clips, frames, bands).
        targets: Class of each clip, int64 (clips,).
        shifts: Shares of the picture by which each is shifted, in turn.
    """

    base: str
    gray: np.ndarray
    targets: np.ndarray
    shifts: Sequence[float] = (0.0,)

    def __len__(self) -> int:
        """Return the number of pictures, shifted ones included."""
        return len(self.gray) * len(self.shifts)

    def take(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give pictures as float32 and their classes; the shifts of a clip follow."""
        clips, turns = np.divmod(numbers, len(self.shifts))
        frames = self.gray.shape[1]
        moved = [
            np.roll(self.gray[clip], round(frames * self.shifts[turn]), axis=0)
            for clip, turn in zip(clips, turns, strict=True)
        ]
        return np.stack(moved).astype(np.float32), self.targets[clips]


def make(kind: str, model: AudioModel, clips: LabeledClips, folder: Path) -> Pictures:
    """Make the pictures of clips, or read those that the folder has.

    Args:
        kind: Of KINDS.
        model: MelResNet50; its front-end draws.
        clips: With folds; the order of the pictures is theirs.
        folder: Where they are kept.

    Raises:
        ValueError: The folder has pictures of other clips.
    """
    base = "original" if kind == "original" else "padded"
    kept, about = folder / f"{base}.npy", folder / f"{base}.json"
    facts = {
        "clips": [f"{path.parent.name}/{path.name}" for path in clips.paths],
        "shape": list(model.get_layer("frontend").output.shape[1:]),
    }
    if kept.exists() and about.exists():
        if json.loads(about.read_text()) != facts:
            raise ValueError(
                f"{kept} has pictures of other clips, or of another size. Choose "
                "another --out, or remove it."
            )
        gray = np.load(kept)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        gray = np.stack([draw(path, model, base) for path in clips.paths])
        with writing_whole(kept) as temporary:
            np.save(temporary, gray)
        write_text(about, json.dumps(facts) + "\n")
    return Pictures(base, gray, clips.targets, SHIFTS if kind == "rolled" else (0.0,))


def draw(path: Path, model: AudioModel, base: str) -> np.ndarray:
    """Draw the gray picture of a clip, uint8 (frames, bands)."""
    waveform = load_audio(path, model.spec.sample_rate)
    frames, samples = model.get_layer("frontend").output.shape[1], model.input.shape[1]
    if base == "padded":
        waveform = padded(waveform, samples)
    decibel = model.get_layer("frontend")(model.get_layer("mel")(waveform[None]))[0]
    gray = (keras.ops.convert_to_numpy(decibel) + DB) * 255 / DB
    return np.rint(np.clip(stretched(gray, frames), 0, 255)).astype(np.uint8)


def padded(waveform: np.ndarray, samples: int) -> np.ndarray:
    """Continue both ends of a clip at their values, or cut both ends."""
    missing = max(0, samples - len(waveform))
    whole = np.pad(waveform, (missing // 2, missing - missing // 2), mode="edge")
    begin = (len(whole) - samples) // 2
    return whole[begin : begin + samples]


def stretched(picture: np.ndarray, frames: int) -> np.ndarray:
    """Give a picture (frames, bands) another number of frames, by interpolation."""
    places = np.linspace(0, len(picture) - 1, frames)
    before = np.minimum(places.astype(int), max(0, len(picture) - 2))
    share = (places - before)[:, None]
    after = np.minimum(before + 1, len(picture) - 1)
    return (1 - share) * picture[before] + share * picture[after]


def one_duration(clips: LabeledClips) -> float | None:
    """Give the duration in seconds that all clips have; None if they differ.

    Published clips last up to 4 s. If all last as long, somebody has filled them up.
    """
    durations = {round(sound_facts(path).seconds, 2) for path in clips.paths}
    return durations.pop() if len(durations) == 1 else None
