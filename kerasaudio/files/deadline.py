"""Connections that are ended when an answer takes too long."""

import contextlib
import http.client
import socket
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any


class Watch:
    """Ends a connection whose other side sends too slowly for a socket's timeout.

    A byte a second never lets the timeout come, neither in a header nor in the line
    that announces a chunk; nor do answers of "100 Continue" without end.

    Attributes:
        expired: Whether a limit was reached: what was read is then no whole answer.
    """

    def __init__(self) -> None:
        self.expired = False
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None

    def follow(self, connection: http.client.HTTPConnection) -> None:
        """Take a connection for the one to end."""
        self._connection, self._socket = connection, None

    def keep(self) -> None:
        """Remember the connection's socket; it forgets it before the body."""
        self._socket = self._connection.sock if self._connection else None

    @contextlib.contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """End the connection if this takes longer."""
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        self.expired = True
        found = self._socket
        if found is None and self._connection is not None:
            found = self._connection.sock
        if found is not None:
            with contextlib.suppress(OSError):  # it has ended by itself
                # Not that of a TLS socket, which is not for two threads at once.
                socket.socket.shutdown(found, socket.SHUT_RDWR)


class WatchedHttp(urllib.request.HTTPHandler):
    """Opens http addresses over connections that a watch may end."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open an address."""
        return self.do_open(_watched(http.client.HTTPConnection, self._watch), req)


class WatchedHttps(urllib.request.HTTPSHandler):
    """Opens https addresses over connections that a watch may end."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open an address."""
        return self.do_open(_watched(http.client.HTTPSConnection, self._watch), req)


def _watched(kind: type[Any], watch: Watch) -> Any:
    class Watched(kind):
        def connect(self) -> None:
            watch.follow(self)
            super().connect()
            watch.keep()

    return Watched
