"""Events of clips, as tables of strong labels list them: class, start, end."""

import math
from collections.abc import Sequence

import numpy as np

Event = tuple[str, float, float]  # class name, start and end in seconds


def event_of(name: str, start: str, end: str, what: str) -> Event | None:
    """Return an event; None if it does not end after its start.

    Raises:
        ValueError: A time is not a number of seconds from 0.
    """
    try:
        first, last = float(start), float(end)
        if not (0 <= first < math.inf and 0 <= last < math.inf):
            raise ValueError(f"{start!r} to {end!r}")
    except ValueError as error:
        raise ValueError(
            f"{what}: start and end of an event must be seconds from 0. Received: "
            f"{start!r} and {end!r} for {name!r}."
        ) from error
    return (name, first, last) if first < last else None


def events_array(events: Sequence[tuple[Event, ...] | None]) -> np.ndarray:
    """Return the events of clips as the field `events` of `LabeledClips`."""
    array = np.empty(len(events), object)
    for clip, found in enumerate(events):  # one by one: NumPy takes tuples apart
        array[clip] = found
    return array
