"""Read the microphone in blocks while it records (extra `[microphone]`)."""

import queue
from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasaudio.audio.check import check_rate
from kerasaudio.extras import install

_BLOCK_SECONDS = 0.05
# Audio that may wait while the network computes; a longer delay would keep growing.
_WAITING_SECONDS = 30
_SILENT_DEVICE_SECONDS = 5.0


class Microphone:
    """Iterates endlessly over float32 blocks (frames, 1) from a sound card.

        microphone = Microphone()
        for heard in stream.run(microphone, microphone.sample_rate): ...

    Recording starts and ends with the iteration. Blocks wait in a queue of 30 s, so
    that the sound card never waits for the network.

    Args:
        device: Number or part of the name of an input device; default: the system's
            input.

    Attributes:
        sample_rate: Sample rate of the device, in Hz.
        complaint: Description of the audio lost so far; None if nothing was lost.

    Raises:
        ImportError: sounddevice is not installed.
        OSError: The PortAudio library is missing, or there is no such device.
    """

    def __init__(self, device: int | str | None = None) -> None:
        self._sounddevice = _import_sounddevice()
        self._device = device
        self._overflows = 0
        self._is_late = False
        try:
            found = self._sounddevice.query_devices(device, "input")
        except (ValueError, self._sounddevice.PortAudioError) as error:
            raise OSError(self._no_device(error)) from error
        self.sample_rate = check_rate(round(found["default_samplerate"]))

    def __iter__(self) -> Iterator[np.ndarray]:
        """Record, and yield blocks as they arrive.

        Raises:
            OSError: The device cannot be opened or sends no more audio, or its blocks
                are not read fast enough.
        """
        blocks: queue.Queue[np.ndarray] = queue.Queue(
            round(_WAITING_SECONDS / _BLOCK_SECONDS)
        )

        def receive(block: np.ndarray, frames: int, time: Any, status: Any) -> None:
            self._overflows += bool(status.input_overflow)
            try:
                blocks.put_nowait(block.copy())
            except queue.Full:
                self._is_late = True

        try:
            recording = self._sounddevice.InputStream(
                samplerate=self.sample_rate,
                blocksize=round(_BLOCK_SECONDS * self.sample_rate),
                device=self._device,
                channels=1,
                dtype="float32",
                callback=receive,
            )
        except (ValueError, self._sounddevice.PortAudioError) as error:
            raise OSError(self._no_device(error)) from error
        with recording:
            while not self._is_late:
                try:
                    yield blocks.get(timeout=_SILENT_DEVICE_SECONDS)
                except queue.Empty:
                    raise OSError(
                        "The microphone sends no more audio. Was it unplugged?"
                    ) from None
        raise OSError(
            f"The audio arrives faster than it is processed: {_WAITING_SECONDS} s are "
            f"waiting. Use a longer hop, or a smaller network."
        )

    @property
    def complaint(self) -> str | None:
        """Description of the audio that the sound card lost; None if nothing."""
        if not self._overflows:
            return None
        return f"The sound card lost samples {self._overflows} times."

    def _no_device(self, error: Exception) -> str:
        inputs = [
            f"{number} {device['name']}"
            for number, device in enumerate(self._sounddevice.query_devices())
            if device["max_input_channels"]
        ]
        which = "" if self._device is None else f" {self._device!r}"
        there = f"Available: {'; '.join(inputs)}." if inputs else "None is available."
        return f"The microphone{which} cannot be opened ({error}). {there}"


def _import_sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise ImportError(
            f"The microphone needs sounddevice: {install('microphone')}."
        ) from error
    except OSError as error:
        raise OSError(
            f"sounddevice does not work here ({error}). It needs the PortAudio "
            f"library; on Debian and Ubuntu: apt install libportaudio2."
        ) from error
    return sounddevice
