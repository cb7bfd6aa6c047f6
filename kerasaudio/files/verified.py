"""Download a file and verify it before it is moved to its place."""

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
    """Download a file, continuing an earlier attempt, and verify it.

    Args:
        url: An https or http address.
        path: Path of the file; a partial download is stored next to it.
        problem: Function that returns what is wrong with the complete file, or None.
        title: Title of the progress bar.
        size: Size of the file in bytes; None if unknown.
        limit: Largest allowed size in bytes.
        headers: Headers for this URL's own host.
        progress: Whether to show the bar.

    Raises:
        DownloadError: As `download`.
        WeightsError: The content is wrong; it has been deleted.
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
                f"the file that it sent is damaged or has been changed ({wrong}), and "
                "has been deleted"
            )
        resumed = False  # the old beginning may have been wrong: try once more
