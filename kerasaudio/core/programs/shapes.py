"""Choose the batch shapes that a network is compiled for, and keep them few.

A program for (rows, samples) also runs smaller batches, padded, and larger ones, piece
by piece. Therefore only these shapes are compiled:

- the first shapes as they arrive, as most networks get no others;
- single clips of four lengths, each about half of the next, up to the longest that is
  processed at once; beyond that, its doubles;
- batches of one length, that of a window;
- if clips cannot be padded, numbers of rows that are powers of two.
"""

from typing import NamedTuple

EXACT = 2  # number of shapes that are compiled as they arrive
SIZES = 4
MOST = 8  # number of programs; beyond it the least recently used one is dropped
ROWS = 8  # smallest number of rows of a batch
IDLE = 32  # batches after which an unused exact shape is dropped
CALL = 3  # overhead of a call, as a number of rows


class Lengths(NamedTuple):
    """The lengths of a network's clips, in samples.

    Attributes:
        shortest: Shortest clip that the network takes.
        window: Length of the windows that most clips are cut into.
        longest: Longest clip that is processed at once, at least a window.
    """

    shortest: int
    window: int
    longest: int


class Shape(NamedTuple):
    """The input shape of a program.

    Attributes:
        rows: Number of rows of a batch.
        samples: Number of samples of each row.
        exact: Whether the program does not take shorter clips, padded.
    """

    rows: int
    samples: int
    exact: bool = False

    def serves(self, samples: int) -> bool:
        """Return whether the program can run clips of this length."""
        return samples == self.samples or (not self.exact and samples < self.samples)

    def cost(self, rows: int) -> int:
        """Return the amount of computation for a number of rows."""
        return -(-rows // self.rows) * (self.rows + CALL) * self.samples


class Shapes:
    """Chooses the shape in which a batch is run, and forgets unused shapes.

    Args:
        lengths: Lengths of the clips; None if clips cannot be padded.
    """

    def __init__(self, lengths: Lengths | None) -> None:
        self._lengths = lengths
        self._sizes = [] if lengths is None else sizes(lengths)
        self._known: dict[Shape, int] = {}  # the batch that each was last used for
        self._batches = self._exact = 0
        self._most: int | None = None  # samples of a batch that fits into memory

    def limit(self, samples: int) -> None:
        """Forget shapes with more samples in all rows, and choose none any more."""
        self._most = samples
        for shape in list(self._known):
            if not self._is_small(shape):
                del self._known[shape]

    def _is_small(self, shape: Shape) -> bool:
        return self._most is None or shape.rows * shape.samples <= self._most

    def choose(self, rows: int, samples: int) -> Shape:
        """Return the shape for a batch, (rows, samples)."""
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
        """Return whether a shape is in use."""
        return shape in self._known

    def _give_up_exact_ones(self) -> None:
        """Forget exact shapes that other shapes can replace."""
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
        small = [shape for shape in offers if self._is_small(shape)]
        return min(small, key=lambda shape: shape.cost(rows), default=here)

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
    """Return the lengths that clips are padded to, ascending, one of them a window."""
    _, size, longest = lengths
    while 2 * size < longest:
        size *= 2
    found = {longest}
    while len(found) < SIZES and size > 0:
        found.add(size)
        size //= 2
    return sorted(found)
