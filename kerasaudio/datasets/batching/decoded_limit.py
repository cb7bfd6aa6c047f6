"""The limit of the cache of decoded audio: logs that were not used for long go first.

A log that is used gets a new time of change. What was used within the last day stays,
whatever it takes: it may be in use, and an epoch needs all of its clips.
"""

import contextlib
import os
import time
from collections.abc import Collection
from pathlib import Path

from kerasaudio.files.cached import files_of

LIMIT_VARIABLE = "KERASAUDIO_DECODED_LIMIT"
DEFAULT_LIMIT = 20.0  # GB
IN_USE_SECONDS = 86_400.0


def most_bytes() -> int:
    """Return the limit in bytes.

    Raises:
        ValueError: KERASAUDIO_DECODED_LIMIT is not a number of gigabytes, 0 or more.
    """
    text = os.environ.get(LIMIT_VARIABLE) or str(DEFAULT_LIMIT)
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < float("inf"):
        raise ValueError(
            f"{LIMIT_VARIABLE} must be a number of gigabytes, 0 or more. Received: "
            f"{text!r}."
        )
    return int(gigabytes * 1e9)


def trim(base: Path, limit: int, used: Collection[Path]) -> None:
    """Mark logs as used, and remove others until the rest fits into the limit.

    Args:
        base: The folder of the cache, `decoded`.
        limit: Most bytes.
        used: Paths of the logs (`.pcm`) that are used now.
    """
    for log in used:
        with contextlib.suppress(OSError):  # of another user, or cleared meanwhile
            os.utime(log)
    logs: dict[Path, list[tuple[Path, os.stat_result]]] = {}
    for file in files_of("decoded", base.parent):
        with contextlib.suppress(OSError):
            status = file.stat(follow_symlinks=False)
            logs.setdefault(file.with_suffix(""), []).append((file, status))
    total = sum(status.st_size for files in logs.values() for _, status in files)
    since = {
        log: max(status.st_mtime for _, status in files) for log, files in logs.items()
    }
    recent = time.time() - IN_USE_SECONDS
    for log in sorted(logs, key=lambda log: since[log]):
        if total <= limit or since[log] > recent:
            return
        # The index goes first: without it nobody looks for the waveforms.
        for file, status in sorted(logs[log]):
            with contextlib.suppress(OSError):
                file.unlink()
                total -= status.st_size
