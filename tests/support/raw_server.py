"""A server that answers with any bytes, at any pace, to test what no server should."""

import socket
import threading
from collections.abc import Iterable
from typing import Self


class RawServer:
    """Answers every connection with the same pieces, one each `pause` seconds."""

    def __init__(self, pieces: Iterable[bytes], pause: float = 0.0) -> None:
        self.connections = 0
        self._pieces = pieces
        self._pause = pause
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/model.pth"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed meanwhile
                return
            thread = threading.Thread(target=self._answer, args=(connection,))
            thread.start()
            self._threads.append(thread)

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            request = b""
            try:
                while b"\r\n\r\n" not in request:
                    if not (piece := connection.recv(4096)):
                        return  # it only looked whether someone is there
                    request += piece
                self.connections += 1
                for piece in self._pieces:
                    if self._closing.wait(self._pause):
                        return
                    connection.sendall(piece)
            except OSError:
                return  # the client has seen enough
