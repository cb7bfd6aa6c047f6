"""End connections whose answers take too long."""

import contextlib
import http.client
import socket
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any


class Watch:
    """Ends a connection to a server that sends slowly, but within a socket's timeout.

    One byte per second never triggers the timeout, neither in a header nor in the line
    that announces a chunk; endless "100 Continue" answers do not either.

    Attributes:
        expired: Whether a limit was reached; then the answer is incomplete.
    """

    def __init__(self) -> None:
        self.expired = False
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None

    def follow(self, connection: http.client.HTTPConnection) -> None:
        """Set the connection to end."""
        self._connection, self._socket = connection, None

    def keep(self) -> None:
        """Store the connection's socket, which the connection drops before the body."""
        self._socket = self._connection.sock if self._connection else None

    @contextlib.contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Return a context that ends the connection if it takes longer."""
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
            with contextlib.suppress(OSError):  # the connection is already closed
                # Not the method of a TLS socket, which is not thread-safe.
                socket.socket.shutdown(found, socket.SHUT_RDWR)


class WatchedHttp(urllib.request.HTTPHandler):
    """Opens http addresses with connections that a watch can end."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open an address."""
        return self.do_open(_watched(http.client.HTTPConnection, self._watch), req)


class WatchedHttps(urllib.request.HTTPSHandler):
    """Opens https addresses with connections that a watch can end."""

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
