"""What a page sends: its sample rate, then packets of sound; and how much of it."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

RATES = (8_000, 192_000)
FORMATS: dict[str, np.dtype[Any]] = {
    "int16": np.dtype("<i2"),
    "float32": np.dtype("<f4"),
}
MOST_BYTES = 2**16  # of a packet: 40 ms at 192 kHz as float32 are half of that
MOST_WORDS = 1_000  # characters of a text
_LOUDEST = 10.0

# How much may come at once, and how much a second from then on.
_SOUND = (10.0, 1.1)  # seconds of sound: clocks differ, and networks stall
_PACKETS = (500.0, 100.0)
_TEXTS = (20.0, 2.0)

# RFC 6455, section 7.4.1, and its registry.
UNSUPPORTED, INVALID, FAILED, BUSY = 1003, 1008, 1011, 1013


class RefusedError(Exception):
    """What was sent is not taken.

    Args:
        code: Code by which the connection is closed.
        why: What the page is told, at most 123 bytes.
    """

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


class Start(NamedTuple):
    """What a page says first.

    Attributes:
        sample_rate: Rate of its sound in Hz.
        form: Key of `FORMATS`.
        saliency: Whether it wants to see what the network listens to.
    """

    sample_rate: int
    form: str = "int16"
    saliency: bool = False


def read_start(message: bytes | str) -> Start:
    """Read {"sample_rate": 48000, "format": "int16", "saliency": false}."""
    known = {"sample_rate", "format", "saliency"}
    found = _object(message)
    if found is not None and found.keys() <= known:
        rate, form = found.get("sample_rate"), found.get("format", "int16")
        saliency = found.get("saliency", False)
        low, high = RATES
        is_known = isinstance(form, str) and form in FORMATS
        if type(rate) is int and low <= rate <= high and is_known:
            return Start(rate, form, saliency is True)
    raise RefusedError(
        INVALID,
        f'First say {{"sample_rate": 48000, "format": "int16"}}; {RATES[0]} to '
        f"{RATES[1]} Hz, int16 or float32.",
    )


def read_saliency(message: str) -> bool:
    """Read {"saliency": true}."""
    found = _object(message)
    if found is None or found.keys() != {"saliency"}:
        raise RefusedError(INVALID, 'The only text taken here is {"saliency": true}.')
    return found["saliency"] is True


def read_sound(packet: bytes, form: str) -> np.ndarray:
    """Return a packet as float32 samples (samples,)."""
    kind = FORMATS[form]
    if not packet or len(packet) % kind.itemsize or len(packet) > MOST_BYTES:
        raise RefusedError(
            UNSUPPORTED, f"Packets are {form} samples, at most {MOST_BYTES} bytes."
        )
    sound = np.frombuffer(packet, kind)
    if form == "int16":
        return sound.astype(np.float32) / 32_768
    if not (sound.max() <= _LOUDEST and sound.min() >= -_LOUDEST):  # nor NaN
        raise RefusedError(UNSUPPORTED, "Samples must be finite numbers in [-1, 1].")
    return sound.astype(np.float32)


class Pace:
    """What may still come: nobody's sound is faster than time.

    Args:
        clock: Function that returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._sound = _Credit(*_SOUND, clock)
        self._packets = _Credit(*_PACKETS, clock)
        self._texts = _Credit(*_TEXTS, clock)

    def sound(self, seconds: float) -> None:
        """Count a packet, or raise a RefusedError if too much came."""
        if not (self._packets.spend(1) and self._sound.spend(seconds)):
            raise RefusedError(INVALID, "The sound comes faster than it is played.")

    def text(self) -> None:
        """Count a text, or raise a RefusedError if too many came."""
        if not self._texts.spend(1):
            raise RefusedError(INVALID, "Too many texts came.")


class _Credit:
    def __init__(self, most: float, rate: float, clock: Callable[[], float]) -> None:
        self._most, self._rate, self._clock = most, rate, clock
        self._left, self._at = most, clock()

    def spend(self, amount: float) -> bool:
        now = self._clock()
        self._left = min(self._most, self._left + self._rate * (now - self._at))
        self._at = now
        self._left -= amount
        return self._left >= 0


def _object(message: bytes | str) -> dict[str, Any] | None:
    if not isinstance(message, str) or len(message) > MOST_WORDS:
        return None
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
