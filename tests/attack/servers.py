"""Answers of servers that are malformed, contradict themselves or do not end."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kerasaudio.files import download
from kerasaudio.weights import DownloadError
from support.odd_servers import FAST, SIZE, SLOW, Endless, impatient, outcome
from support.raw_server import RawServer

NAME = "servers"
_QUICK = 5  # of how many cases one is run
_LONGEST = 10.0  # seconds, for three attempts of half a second


def run(quick: bool) -> Iterator[tuple[str, str | None]]:
    """Give each answer, and what went wrong."""
    step = _QUICK if quick else 1
    for name in list(FAST)[::step]:
        with tempfile.TemporaryDirectory() as folder:
            yield name, outcome(FAST[name], Path(folder))
    for name in list(SLOW)[::step]:
        with tempfile.TemporaryDirectory() as folder:
            yield f"endless: {name}", _endless(name, Path(folder))


def _endless(name: str, folder: Path) -> str | None:
    first, rest, pause = SLOW[name]
    part = folder / "model.pth.part"
    begin = time.monotonic()
    with RawServer(Endless(first, rest), pause) as server, impatient():
        try:
            download.download(
                server.url, part, title="FCN/mtat", size=SIZE, limit=10**6
            )
        except DownloadError as error:
            said = str(error)
        else:
            return "it was taken"
    if time.monotonic() - begin > _LONGEST:
        return "it took too long"
    return None if "no complete answer within" in said else f"it says: {said}"
