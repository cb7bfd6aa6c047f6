"""What runs on the machines of a Ray cluster: workers with the model, and decoders."""

import contextlib
from collections import deque
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
from kerasaudio.text import Told, listening

_MOST_SECONDS = 600.0  # of a waveform that is sent; workers read longer clips in blocks
_MOST_BYTES = 256 * 2**20  # of the waveforms of a chunk; workers read the others

# Of each clip: a waveform, what is wrong with it, or itself for the worker to read.
Decoded = Sequence[np.ndarray | Result | Clip]
Warned = list[Told]  # what was warned of, for the process that the user sees


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
        self._warned: deque[Told] = deque()  # of all that runs here at a time

    def run(
        self, clips: Sequence[Clip], decoded: tuple[Decoded, Warned] | None
    ) -> tuple[list[Result], Warned]:
        """Return the results of clips, and the warnings."""
        given, warned = decoded or (clips, [])
        sounds: dict[Clip, Any] = dict(zip(clips, given, strict=True))
        bad = [found for found in given if isinstance(found, Result)]
        good = [c for c, found in sounds.items() if not isinstance(found, Result)]
        spec, errors = self.job.spec, self.job.settings.errors

        def windows(clip: Clip) -> Iterator[Window]:
            sound = sounds[clip]
            if isinstance(sound, Clip):
                return clip_windows(sound, spec, errors)
            return spec.rule.iter_cut(sound)

        with listening(self._warned.append):
            found = [*bad, *local.compute(self.job, iter(good), windows)]
        with contextlib.suppress(IndexError):
            while True:
                warned.append(self._warned.popleft())
        return found, warned


def decoded(rate: int, errors: str, clips: Sequence[Clip]) -> tuple[Decoded, Warned]:
    """Return the waveforms of clips, and the warnings."""
    warned: Warned = []
    with listening(warned.append):
        return _decoded(rate, errors, clips), warned


def _decoded(rate: int, errors: str, clips: Sequence[Clip]) -> Decoded:
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
