"""Formats of files with labels and their times: tables, Audacity's and Raven's."""

from dataclasses import dataclass

SUFFIXES = {"csv": ".csv", "audacity": ".txt", "raven": ".selections.txt"}


@dataclass(frozen=True)
class RavenColumns:
    """The columns of Raven's selection tables.

    Attributes:
        selection: Number of the selection, which has a row for each view.
        start: Start in seconds, of a file or of a sequence of files.
        end: End in seconds, likewise.
        offset: Start in seconds in its own file.
        paths: Path of the file, name of the file.
        label: Text of the user.
    """

    selection: str = "Selection"
    start: str = "Begin Time (s)"
    end: str = "End Time (s)"
    offset: str = "File Offset (s)"
    paths: tuple[str, str] = ("Begin Path", "Begin File")
    label: str = "Annotation"


RAVEN = RavenColumns()
