"""A set of digests that takes 16 bytes for each, for hundreds of millions of clips."""

import numpy as np

from kerasaudio.corpus.clips import DIGEST

_RECENT = 2**20  # digests in a plain set, before they are merged into the array


class Seen:
    """Digests of clips; each can be asked for and added."""

    def __init__(self) -> None:
        self._sorted = np.zeros((0, 2), "<u8")
        self._recent: set[bytes] = set()

    def __len__(self) -> int:
        """Return the number of digests."""
        return len(self._sorted) + len(self._recent)

    def update(self, digests: bytes) -> None:
        """Add joined digests."""
        for begin in range(0, len(digests), DIGEST):
            self.add(digests[begin : begin + DIGEST])

    def add(self, digest: bytes) -> bool:
        """Add a digest; return whether it is new."""
        if digest in self._recent or self._holds(digest):
            return False
        self._recent.add(digest)
        if len(self._recent) >= _RECENT:
            self._merge()
        return True

    def _holds(self, digest: bytes) -> bool:
        first, second = np.frombuffer(digest, "<u8")
        begin = np.searchsorted(self._sorted[:, 0], first, "left")
        while begin < len(self._sorted) and self._sorted[begin, 0] == first:
            if self._sorted[begin, 1] == second:
                return True
            begin += 1
        return False

    def _merge(self) -> None:
        recent = np.frombuffer(b"".join(self._recent), "<u8").reshape(-1, 2)
        joined = np.concatenate([self._sorted, recent])
        self._sorted = joined[np.argsort(joined[:, 0], kind="stable")]
        self._recent.clear()
