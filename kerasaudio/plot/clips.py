"""The sounds of a page: embedded as MP3, which every browser plays, or linked."""

import base64
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from kerasaudio.audio import check_waveform, load_audio, resample

SAMPLE_RATE = 24_000
_FORMAT = "MP3"
_MEDIA_TYPE = "audio/mpeg"


class Clips(NamedTuple):
    """The sounds that a page can play.

    Attributes:
        sources: Addresses without duplicates: `data:` URLs, or relative to the page.
        of_points: Number of the address of each point.
    """

    sources: list[str]
    of_points: list[int]


class Sound(NamedTuple):
    """The sound of a point.

    Attributes:
        clip: Path or waveform.
        start: Start of the sound in the clip, in seconds; None for the beginning.
    """

    clip: Any
    start: float | None


def is_path(clip: Any) -> bool:
    """Return whether a clip is a path, not a waveform."""
    return isinstance(clip, str | os.PathLike)


def embed(
    sounds: Sequence[Sound],
    sample_rate: int | None,
    seconds: float,
    most_megabytes: float,
) -> Clips:
    """Cut, mix to mono and compress sounds.

    Raises:
        ValueError: A sound is unusable, or all sounds together are too large.
        OSError: A file is missing or cannot be decoded.
    """
    room = most_megabytes * 1e6
    sources: list[str] = []
    known: dict[Any, int] = {}
    of_points = []
    for point, sound in enumerate(sounds):
        clip, start = sound.clip, sound.start or 0.0
        key = (os.fspath(clip), start) if is_path(clip) else point
        if key not in known:
            known[key] = len(sources)
            sources.append(
                _data_address(_cut(clip, sample_rate, start, seconds, point))
            )
            room -= len(sources[-1])
        of_points.append(known[key])
        if room < 0:
            raise ValueError(
                f"The page would be larger than max_megabytes={most_megabytes:g}, "
                f"reached at sound {point + 1} of {len(sounds)}. Shorten the sounds "
                f"(clip_seconds={seconds:g}), use fewer points, link files with "
                f"embed_audio=False, or raise max_megabytes."
            )
    return Clips(sources, of_points)


def link(sounds: Sequence[Sound], seconds: float, folder: Path) -> Clips:
    """Return addresses of files relative to the folder of the page.

    Raises:
        ValueError: A sound is a waveform, which has no address, or a file is on another
            drive.
        FileNotFoundError: A file does not exist.
    """
    known: dict[str, int] = {}
    of_points = []
    for point, (clip, start) in enumerate(sounds):
        if not is_path(clip):
            raise ValueError(
                "embed_audio=False needs files to link. Received: a waveform for point "
                f"{point}. Embed it, or write it to a file."
            )
        if not os.path.isfile(clip):
            raise FileNotFoundError(f"There is no file {os.fspath(clip)!r} to link.")
        relative = Path(os.path.relpath(clip, folder)).as_posix()
        begin = start or 0.0
        address = f"{quote(os.fsencode(relative))}#t={begin:g},{begin + seconds:g}"
        of_points.append(known.setdefault(address, len(known)))
    return Clips(list(known), of_points)


def _cut(
    clip: Any, sample_rate: int | None, start: float, seconds: float, point: int
) -> np.ndarray:
    if is_path(clip):
        return load_audio(clip, SAMPLE_RATE, offset=start, duration=seconds)
    waveform = check_waveform(clip, name=f"audio of point {point}")
    if sample_rate is None:
        raise ValueError(
            "The sample rate of waveforms is unknown. Pass sample_rate=, in Hz."
        )
    begin = round(start * sample_rate)
    part = waveform[begin : begin + round(seconds * sample_rate)]
    if not len(part):
        raise ValueError(
            f"The waveform of point {point} ends before its start, {start:g} s."
        )
    return resample(part, sample_rate, SAMPLE_RATE)


def _data_address(waveform: np.ndarray) -> str:
    import soundfile

    encoded = io.BytesIO()
    soundfile.write(encoded, waveform.clip(-1, 1), SAMPLE_RATE, format=_FORMAT)
    content = base64.b64encode(encoded.getvalue()).decode("ascii")
    return f"data:{_MEDIA_TYPE};base64,{content}"
