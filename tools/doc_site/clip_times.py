"""The times of networks on a clip of 10 s, as tools/time_clips.py writes them."""

from pathlib import Path
from typing import NamedTuple

from doc_site.tables import read_table

PAGE = Path(__file__).parents[2] / "docs" / "results" / "clip-times.md"
HEADING = ("network", "windows", "TensorFlow, ms", "LiteRT, ms")


class Times(NamedTuple):
    """Times of a network.

    Attributes:
        windows: Number of windows that the clip is heard in.
        tensorflow: Milliseconds on TensorFlow.
        litert: Milliseconds on LiteRT.
    """

    windows: int
    tensorflow: float
    litert: float

    def cells(self) -> tuple[str, str, str]:
        """Give the cells of a table."""
        return str(self.windows), f"{self.tensorflow:.1f}", f"{self.litert:.1f}"


def read(page: Path | None = None) -> dict[str, Times]:
    """Give the times by preset; those that have not been measured are left out."""
    written = read_table(page or PAGE, *HEADING)
    rows = [[row[name] for name in HEADING] for row in written]
    return {
        network: Times(int(windows), float(tensorflow), float(litert))
        for network, windows, tensorflow, litert in rows
        if windows
    }
