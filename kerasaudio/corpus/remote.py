"""What runs on the machines of a Ray cluster: workers with the model, and decoders."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerasaudio.audio.window_rule import Window
from kerasaudio.corpus import local
from kerasaudio.corpus.clips import Clip, clip_waveform, clip_windows
from kerasaudio.corpus.settings import Settings
from kerasaudio.corpus.tasks import Job, Result
from kerasaudio.files.workplace import temporary_folder
from kerasaudio.loading import load

_MOST_SECONDS = 600.0  # of a waveform that is sent; workers read longer clips in blocks
_MOST_BYTES = 256 * 2**20  # of the waveforms of a chunk; workers read the others

# Of each clip: a waveform, what is wrong with it, or itself for the worker to read.
Decoded = Sequence[np.ndarray | Result | Clip]


class Worker:
    """A copy of the model.

    Attributes:
        job: What it computes.
    """

    def __init__(self, model: bytes, settings: Mapping[str, Any]) -> None:
        """Build the model from the content of a .keras file, and a job of settings."""
        with temporary_folder() as folder:
            path = folder / "model.keras"
            path.write_bytes(model)
            self.job = Job(load(path), Settings(**settings))

    def run(self, clips: Sequence[Clip], decoded: Decoded | None) -> list[Result]:
        """Return the results of clips."""
        given = decoded or clips
        sounds: dict[Clip, Any] = dict(zip(clips, given, strict=True))
        bad = [found for found in given if isinstance(found, Result)]
        good = [c for c, found in sounds.items() if not isinstance(found, Result)]
        spec, errors = self.job.spec, self.job.settings.errors

        def windows(clip: Clip) -> Iterator[Window]:
            sound = sounds[clip]
            if isinstance(sound, Clip):
                return clip_windows(sound, spec, errors)
            return spec.rule.iter_cut(sound)

        return [*bad, *local.compute(self.job, iter(good), windows)]


def decoded(rate: int, errors: str, clips: Sequence[Clip]) -> Decoded:
    """Return the waveforms of clips."""
    found: list[np.ndarray | Result | Clip] = []
    size = 0
    for clip in clips:
        sound: np.ndarray | Result | Clip = clip
        if size < _MOST_BYTES:
            try:
                waveform = clip_waveform(clip, rate, errors, _MOST_SECONDS)
                sound = clip if waveform is None else waveform
            except (ValueError, OSError) as error:
                sound = local.failed(clip, error)
        if isinstance(sound, np.ndarray):
            size += sound.nbytes
        found.append(sound)
    return found


# What follows is sent by value, as a class or function inside a function is: so that
# the environment is set before kerasaudio is imported over there.


def worker_class() -> type:
    """Return the class of the actors."""

    class KerasaudioWorker:
        def __init__(
            self, environment: dict[str, str], settings: str, model: bytes
        ) -> None:
            import json
            import os

            os.environ |= environment
            from kerasaudio.corpus.remote import Worker

            self._worker = Worker(model, json.loads(settings))

        def fingerprint(self) -> str:
            return str(self._worker.job.origin["fingerprint"])

        def run(self, clips: Any, decoded: Any) -> Any:
            return self._worker.run(clips, decoded)

    return KerasaudioWorker


def decoder() -> Any:
    """Return the function that decodes a chunk."""

    def decode(environment: dict[str, str], rate: int, errors: str, clips: Any) -> Any:
        import os

        os.environ |= environment
        from kerasaudio.corpus.remote import decoded

        return decoded(rate, errors, clips)

    return decode
