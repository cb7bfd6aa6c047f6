"""Start Keras and its backend, without what they write about themselves.

TensorFlow writes lines about the machine to stderr when it is imported and when it
first computes. They are kept in a file meanwhile, and shown if the start fails in any
way: by an error, or because the process dies. TF_CPP_MIN_LOG_LEVEL=0 shows them anyway.
"""

import contextlib
import importlib
import importlib.util
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from kerasaudio import start
from kerasaudio.cli.common import complain

_STDERR = 2
_INTERRUPTED = 130


def start_backend() -> None:
    """Import Keras, let its backend compute once, and import all of kerasaudio.

    Raises:
        BackendError: The backend is not installed.
        ImportError, OSError: It cannot be imported.
        ValueError: KERASAUDIO_PRECISION names no precision.
    """
    start.check_backend()
    start.precision_variable()
    if (chosen := start.told()) is not None:
        complain(chosen)
    if "keras" in sys.modules:
        return
    with _held_back():
        import keras

        keras.ops.convert_to_numpy(keras.ops.add(keras.ops.ones(1), 1.0))
        # Saved models may have any of its layers: now all of them are registered.
        importlib.reload(sys.modules["kerasaudio"])
    sys.meta_path.insert(0, QuietImport("tensorflow"))


class QuietImport(MetaPathFinder):
    """Leave out what TensorFlow logs when it is imported later.

    On other backends, Keras imports it, where it is installed, the first time that it
    describes a layer.

    Args:
        name: Name of the package.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_finding = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find the package as others do; its lines are left out while it is loaded."""
        if fullname != self._name or self._is_finding:
            return None
        self._is_finding = True
        try:
            found = importlib.util.find_spec(fullname)
        finally:
            self._is_finding = False
        if found is not None and found.loader is not None:
            execute = found.loader.exec_module

            def quietly(module: ModuleType) -> None:
                with start.without_log():
                    execute(module)

            found.loader.exec_module = quietly  # type: ignore[method-assign]
        return found


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Keep what is written to stderr, and show it only if an exception comes."""
    with contextlib.ExitStack() as stack:
        try:
            shown = os.environ.get(start.LOG_LEVEL) == "0"
            kept = None if shown else stack.enter_context(tempfile.TemporaryFile())
            real = os.dup(_STDERR)
        except OSError:  # there is no stderr, or no place for a file
            kept, real = None, _STDERR
        watch = _Watch(kept.fileno(), real) if kept is not None else None
        with _ending_at_ctrl_c(real, watch):
            if kept is None or watch is None:
                yield
                return
            os.dup2(kept.fileno(), _STDERR)
            try:
                yield
            except BaseException:
                _copy(kept.fileno(), real)
                raise
            finally:
                if sys.stderr is not None:
                    sys.stderr.flush()
                os.dup2(real, _STDERR)
                watch.end()


class _Watch:
    """A process that shows what was kept if this one dies, as at a failed check in C++.

    Args:
        kept: Descriptor of the file.
        real: Descriptor of stderr.
    """

    def __init__(self, kept: int, real: int) -> None:
        self._child = 0
        if not hasattr(os, "fork"):
            return
        listening, self._end = os.pipe()
        self._child = os.fork()
        if self._child:
            os.close(listening)
            return
        with contextlib.suppress(BaseException):
            os.close(self._end)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if not os.read(listening, 1):  # nobody is left who could end this
                _copy(kept, real)
        os._exit(0)

    def end(self) -> None:
        """End the process."""
        if self._child:
            os.write(self._end, b".")
            os.close(self._end)
            os.waitpid(self._child, 0)


def _copy(kept: int, real: int) -> None:
    at = 0
    while block := os.pread(kept, 1 << 16, at):
        os.write(real, block)
        at += len(block)


@contextlib.contextmanager
def _ending_at_ctrl_c(real: int, watch: _Watch | None) -> Iterator[None]:
    """End the process at Ctrl-C: modules that are half imported would hide it.

    There is nothing yet to be tidied up.
    """

    def end(*_: Any) -> None:
        os.write(real, b"kerasaudio: Interrupted.\n")
        if watch is not None:
            watch.end()
        os._exit(_INTERRUPTED)

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
