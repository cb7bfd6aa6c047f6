"""Which shapes of batches a network is compiled for: few, whatever arrives.

A program for (rows, samples) also serves smaller batches, filled up, and larger ones,
piece by piece. So of all that arrive these are compiled:

- the first ones as they are, as most networks meet no others;
- clips one by one at four sizes up to the longest that is heard at once, about half of
  each other; beyond that at its doubles;
- batches of one size, that of a window;
- where clips cannot be filled up, a power of two of rows.
"""

from typing import NamedTuple

EXACT = 2  # shapes as they arrive
SIZES = 4
MOST = 8  # programs: one more, and the one that was not used for longest goes
ROWS = 8  # least of a batch
IDLE = 32  # batches after which a shape as it arrived is given up
CALL = 3  # what a call costs besides, in rows


class Lengths(NamedTuple):
    """Of the clips that a network hears, in samples.

    Attributes:
        shortest: That it takes.
        window: Of the windows that most clips are cut into.
        longest: That is heard at once, at least a window.
    """

    shortest: int
    window: int
    longest: int


class Shape(NamedTuple):
    """What a program takes.

    Attributes:
        rows: Of a batch.
        samples: Of each.
        exact: Whether clips of fewer samples are none for it.
    """

    rows: int
    samples: int
    exact: bool = False

    def serves(self, samples: int) -> bool:
        """Tell whether clips of a length can be brought into it."""
        return samples == self.samples or (not self.exact and samples < self.samples)

    def cost(self, rows: int) -> int:
        """Give how much there is to do for so many rows."""
        return -(-rows // self.rows) * (self.rows + CALL) * self.samples


class Shapes:
    """Chooses the shape in which a batch is run, and forgets those long unused.

    Args:
        lengths: Of clips that can be filled up; None where each length is its own.
    """

    def __init__(self, lengths: Lengths | None) -> None:
        self._lengths = lengths
        self._sizes = [] if lengths is None else sizes(lengths)
        self._known: dict[Shape, int] = {}  # the batch that each was last used for
        self._batches = self._exact = 0

    def choose(self, rows: int, samples: int) -> Shape:
        """Give the shape for a batch, (rows, samples)."""
        shape = self._best(rows, samples)
        self._exact += shape.exact and shape not in self._known
        self._batches += 1
        self._known[shape] = self._batches
        if len(self._known) > MOST:
            del self._known[min(self._known, key=self._known.__getitem__)]
        if not all(known.exact for known in self._known):
            self._give_up_exact_ones()
        return shape

    def __contains__(self, shape: Shape) -> bool:
        """Tell whether a shape is remembered."""
        return shape in self._known

    def _give_up_exact_ones(self) -> None:
        """Forget shapes that were one of many: others do for them."""
        for shape, used in list(self._known.items()):
            common = shape.rows > 1 or shape.samples in self._sizes
            idle = used < self._batches - (IDLE if common else 0)
            if shape.exact and idle:
                del self._known[shape]

    def _best(self, rows: int, samples: int) -> Shape:
        here = Shape(rows, samples, exact=True)
        fits = self._lengths is None or samples >= self._lengths.shortest
        if here in self._known or self._exact < EXACT or not fits:
            return here
        offers = [shape for shape in self._known if shape.serves(samples)]
        if len(self._known) < MOST or not offers:
            offers += self._new(rows, samples)
        return min(offers, key=lambda shape: shape.cost(rows))

    def _new(self, rows: int, samples: int) -> list[Shape]:
        filled = 1 << (rows - 1).bit_length()
        if self._lengths is None:
            return [Shape(filled, samples, exact=True)]
        size = self._size(samples)
        offers = [Shape(1, size)]
        if not any(shape.rows > 1 and not shape.exact for shape in self._known):
            window = self._size(self._lengths.window)
            offers.append(Shape(max(ROWS, filled), max(size, window)))
        return offers

    def _size(self, samples: int) -> int:
        size = next((size for size in self._sizes if samples <= size), self._sizes[-1])
        while size < samples:
            size *= 2
        return size


def sizes(lengths: Lengths) -> list[int]:
    """Give the sizes that clips are filled up to, ascending: a window, and others."""
    _, size, longest = lengths
    while 2 * size < longest:
        size *= 2
    found = {longest}
    while len(found) < SIZES and size > 0:
        found.add(size)
        size //= 2
    return sorted(found)
