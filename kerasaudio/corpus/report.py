"""The report of a run: how much was computed, how fast, and what failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kerasaudio.text import counted, megabytes, printable


@dataclass(frozen=True)
class Report:
    """Result of `kerasaudio.corpus.run`.

    Attributes:
        path: Folder of the results.
        clips: Number of clips with results, of this run and earlier ones.
        rows: Number of their rows.
        hours: Their length in hours.
        bytes: Size of their files, where it is known: parts of files that a table
            lists do not count.
        failed: Number of clips without results by kind of error; the table of errors
            has the reasons.
        computed: Number of clips that this run computed, with those that failed.
        computed_hours: Their length in hours.
        seconds: Time that this run took, without loading the model and starting Ray.

    Examples:
        >>> report = kerasaudio.corpus.run("sounds", "BarkNet/esc10", "tag", "tags")
        >>> report.path.name, report.clips, f"{3600 * report.hours:.0f} s"
        ('tags', 3, '6 s')
        >>> report.bytes, dict(report.failed)
        (192132, {})
    """

    path: Path
    clips: int
    rows: int
    hours: float
    bytes: int
    failed: Mapping[str, int]
    computed: int
    computed_hours: float
    seconds: float

    @property
    def hours_per_second(self) -> float:
        """Hours of sound that this run computed in a second."""
        return self.computed_hours / self.seconds if self.seconds > 0 else 0.0

    def __str__(self) -> str:
        """Return the report as lines of text."""
        known = self.clips + sum(self.failed.values()) - self.computed
        lines = [
            f"{printable(self.path)}: {counted(self.rows, 'row')} from "
            f"{counted(self.clips, 'clip')} ({self.hours:.2f} h, "
            f"{megabytes(self.bytes)}; {self.computed:,} computed, {known:,} already "
            "known)",
            f"{self.computed_hours:.2f} h in {self.seconds:.1f} s: "
            f"{self.hours_per_second:.4f} h/s",
        ]
        if self.failed:
            kinds = ", ".join(f"{n:,} {kind}" for kind, n in self.failed.items())
            lines.append(f"failed: {kinds}; see {printable(self.path / '_errors')}")
        return "\n".join(lines)
