"""A thread that waits for work, until it is told to end."""

import threading
from collections.abc import Callable


class Worker:
    """Base of what works in a thread of its own.

    Args:
        name: Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._ready = threading.Condition()  # held where work is added or taken
        self._is_over = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after what it is doing."""
        with self._ready:
            self._is_over = True
            self._ready.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        """Do all work; called in the thread."""
        raise NotImplementedError

    def _comes(self, has_work: Callable[[], object]) -> bool:
        """Wait, with `_ready` held, and return whether there is work before the end."""
        self._ready.wait_for(lambda: self._is_over or has_work())
        return not self._is_over
