"""Send sound files to the server, and print their tags. It needs Python alone.

    python examples/serve/client.py bark.wav rain.mp3
    python examples/serve/client.py *.flac --url https://sounds.example.org --json

The status is 1 if a file got no answer; the others are sent anyway.
"""

import argparse
import contextlib
import http.client
import json
import os
import sys
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

_TRIES = 5  # while the server is busy
_LONGEST_WAIT = 30  # seconds
_LONGEST_ANSWER = 2**24  # bytes


class NoAnswerError(Exception):
    """A file got no tags; the message says why."""


def ask(url: str, path: Path, top: int, timeout: float = 60) -> list[dict[str, Any]]:
    """Give the tags of a file, best first.

    Args:
        url: Address of the server, such as http://localhost:8000.
        path: A sound file.
        top: Number of tags.
        timeout: Seconds without progress after which to give up.

    Raises:
        NoAnswerError: The file cannot be read, the server does not answer, or it
            refuses the file.
    """
    server = _parse(url)
    for _ in range(_TRIES):
        status, headers, body = _post(server, path, top, timeout)
        if status != 503:
            break
        time.sleep(_seconds(headers.get("Retry-After")))
    answer = _read(body)
    if status != 200:
        detail = answer.get("detail")
        raise NoAnswerError(
            detail if isinstance(detail, str) else f"The server says {status}."
        )
    tags = answer.get("tags")
    if not isinstance(tags, list):
        raise NoAnswerError(f"{url} gives no tags. Is it this server?")
    return tags


def _parse(url: str) -> SplitResult:
    try:
        server = urlsplit(url)
        known = (
            server.scheme in ("http", "https") and server.hostname and server.port != 0
        )
    except ValueError:
        known = False
    if not known:
        raise NoAnswerError(f"{url} is no address such as http://localhost:8000.")
    return server


def _post(
    server: SplitResult, path: Path, top: int, timeout: float
) -> tuple[int, Any, bytes]:
    kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    connection = kind[server.scheme](server.hostname, server.port, timeout=timeout)
    try:
        with path.open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Length": str(length),
            }
            address = f"{server.path.rstrip('/')}/tags?{urlencode({'top': top})}"
            try:
                connection.connect()
            except OSError as error:
                raise NoAnswerError(
                    f"{server.geturl()} does not answer: {error}"
                ) from error
            # It may answer before the end, as to what is too large.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request("POST", address, file, headers)
        answer = connection.getresponse()
        body = answer.read(_LONGEST_ANSWER)
        if answer.length:  # is left
            raise http.client.IncompleteRead(body)
        return answer.status, answer.headers, body
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise NoAnswerError(
            "The server ended the connection. Perhaps the file is larger than it takes."
            if not isinstance(error, TimeoutError)
            else f"The server did not answer within {timeout:g} s."
        ) from error
    except OSError as error:
        raise NoAnswerError(error.strerror or str(error)) from error
    finally:
        connection.close()


def _seconds(retry_after: str | None) -> float:
    try:
        return min(_LONGEST_WAIT, max(0.0, float(retry_after or 1)))
    except ValueError:  # a date
        return 1.0


def _read(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _printable(text: str) -> str:
    """Escape what would control a terminal."""
    return "".join(
        f"\\x{ord(letter):02x}" if unicodedata.category(letter)[0] == "C" else letter
        for letter in text
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Send the files of the command line; return the status of the process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--url", default="http://localhost:8000", help="the server")
    parser.add_argument(
        "--top", type=int, default=5, help="number of tags (default: 5)"
    )
    parser.add_argument(
        "--json", action="store_true", help="print a line of JSON a file"
    )
    given = parser.parse_args(arguments)
    if given.top < 1:
        parser.error("--top must be at least 1")
    status = 0
    for path in given.files:
        try:
            tags = ask(given.url, path, given.top)
        except NoAnswerError as error:
            print(f"{_printable(str(path))}: {_printable(str(error))}", file=sys.stderr)
            status = 1
            continue
        if given.json:
            print(json.dumps({"path": str(path), "tags": tags}), flush=True)
            continue
        print(_printable(str(path)))
        for tag in tags:
            print(f"  {tag['score']:.3f}  {_printable(tag['label'])}", flush=True)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
