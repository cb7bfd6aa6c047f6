"""A download whose bytes are checked before it takes its place."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from kerasaudio.files.download import discard, download, forget_validator
from kerasaudio.files.errors import WeightsError


def download_verified(
    url: str,
    path: Path,
    problem: Callable[[Path], str | None],
    *,
    title: str,
    size: int | None,
    limit: int,
    headers: Mapping[str, str] | None = None,
    progress: bool = True,
) -> None:
    """Download a file, continuing what an earlier call left, and verify it.

    Args:
        url: As for `download`, and so are the others that are not named here.
        path: Where the file comes to stand; a part of it waits beside it.
        problem: Says what is wrong with the complete file, None if nothing.
        title: For the progress bar.
        size: Bytes of the file, None if not known.
        limit: Bytes that are never exceeded.
        headers: Sent to this URL's own host.
        progress: Whether to show the bar.

    Raises:
        DownloadError: As `download`.
        WeightsError: The bytes are not the right ones; they have been deleted.
    """
    part = path.with_name(f"{path.name}.part")
    resumed = part.is_file()
    while True:
        download(
            url,
            part,
            title=title,
            size=size,
            limit=limit,
            headers=headers,
            progress=progress,
        )
        wrong = problem(part)
        if wrong is None:
            forget_validator(part)
            os.replace(part, path)
            return
        discard(part)
        if not resumed:
            raise WeightsError(
                f"what it sent was damaged or has been changed ({wrong}), and has "
                "been deleted"
            )
        resumed = False  # the old beginning may have been at fault: once more
