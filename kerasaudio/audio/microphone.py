"""The microphone, as blocks that come while one listens (extra `[microphone]`)."""

import queue
from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasaudio.audio.check import check_rate

_BLOCK_SECONDS = 0.05
# Sound that waits while the network computes; who falls back further never catches up.
_WAITING_SECONDS = 30
_SILENT_DEVICE_SECONDS = 5.0


class Microphone:
    """Iterates over float32 blocks (frames, 1) from a sound card, without an end.

        microphone = Microphone()
        for heard in stream.run(microphone, microphone.sample_rate): ...

    Recording starts with the iteration and ends with it. Blocks wait in a queue of
    30 s, so the sound card never waits for the network.

    Args:
        device: Number or part of the name of an input, None for the system's own.

    Attributes:
        sample_rate: The device's own, in Hz.
        complaint: What was lost so far; None if nothing.

    Raises:
        ImportError: sounddevice is not installed.
        OSError: There is no PortAudio library, or no such device.
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
        """Record; give blocks as they come.

        Raises:
            OSError: The device cannot be opened or fell silent, or its sound is not
                taken fast enough.
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
                        "The microphone gives no sound any more. Was it unplugged?"
                    ) from None
        raise OSError(
            f"The sound comes faster than it is taken: {_WAITING_SECONDS} s of it are "
            f"waiting. Take a longer hop, or a smaller network."
        )

    @property
    def complaint(self) -> str | None:
        """What the sound card lost."""
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
        there = f"There are: {'; '.join(inputs)}." if inputs else "There is none."
        return f"No microphone{which} can be opened ({error}). {there}"


def _import_sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise ImportError(
            'The microphone needs sounddevice: pip install "kerasaudio[microphone]".'
        ) from error
    except OSError as error:
        raise OSError(
            f"sounddevice does not work here ({error}). It needs the PortAudio "
            f"library; on Debian and Ubuntu: apt install libportaudio2."
        ) from error
    return sounddevice
