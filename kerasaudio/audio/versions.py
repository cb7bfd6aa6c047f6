"""Versions of a sound to learn from: slower and faster, lower and higher."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerasaudio.arguments import number
from kerasaudio.audio.stretch import (
    RATE_LIMITS,
    SEMITONE_LIMITS,
    pitch_shift,
    stretched_length,
    time_stretch,
)

# Salamon & Bello 2017, arXiv:1608.04363.
GRID = {"stretch": (0.81, 0.93, 1.07, 1.23), "pitch": (-2.0, -1.0, 1.0, 2.0)}
_LIMITS = {"stretch": RATE_LIMITS, "pitch": SEMITONE_LIMITS}


@dataclass(frozen=True, slots=True)
class Version:
    """One change of a sound.

    Attributes:
        kind: "stretch" or "pitch".
        amount: Factor of the speed, or shift in semitones.
    """

    kind: str
    amount: float

    @property
    def settings(self) -> dict[str, float]:
        """The change as an argument of `signalsmith.stretched`."""
        return {"rate" if self.kind == "stretch" else "semitones": self.amount}

    def length(self, samples: int) -> int:
        """Return the length of this version of a waveform, in samples."""
        return stretched_length(samples, self.amount if self.kind == "stretch" else 1)

    def of(self, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Return this version of a waveform; see `time_stretch` and `pitch_shift`.

        The seed is 0: a clip has the same versions in every training.
        """
        change = time_stretch if self.kind == "stretch" else pitch_shift
        return change(waveform, sample_rate, self.amount)

    def __str__(self) -> str:
        """Return the kind and the amount, such as "pitch +2"."""
        sign = "+" if self.kind == "pitch" else ""
        return f"{self.kind} {self.amount:{sign}g}"


def versions_of(wanted: Sequence[str | tuple[str, float]]) -> tuple[Version, ...]:
    """Return the versions that names stand for, each once.

    Args:
        wanted: "stretch" for speeds of 0.81, 0.93, 1.07 and 1.23, "pitch" for shifts by
            -2, -1, 1 and 2 semitones; or a pair of either word and an amount.

    Raises:
        ValueError: A word is unknown, an amount is out of range or changes nothing.
    """
    if isinstance(wanted, str) or not isinstance(wanted, Sequence):
        raise ValueError(
            'versions must be a list, such as ["stretch", "pitch"] or '
            f'[("stretch", 0.9)]. Received: {wanted!r}.'
        )
    found: list[Version] = []
    for each in wanted:
        kind = each if isinstance(each, str) else _kind_in(each)
        if kind not in GRID:
            raise ValueError(
                f"versions can be {' and '.join(map(repr, GRID))}. Received: {kind!r}."
            )
        amounts = GRID[kind] if isinstance(each, str) else (each[1],)
        found += [Version(kind, _amount(kind, amount)) for amount in amounts]
    return tuple(dict.fromkeys(found))


def _kind_in(pair: object) -> str:
    if isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str):
        return pair[0]
    raise ValueError(
        'versions must be "stretch", "pitch", or pairs such as ("pitch", 3). '
        f"Received: {pair!r}."
    )


def _amount(kind: str, amount: float) -> float:
    value = float(number(amount, f"the amount of {kind!r}", *_LIMITS[kind]))
    if value == (1 if kind == "stretch" else 0):
        raise ValueError(f"({kind!r}, {amount!r}) changes nothing. Leave it out.")
    return value
