"""What is settled before Keras is imported: its backend, and how much is logged.

Nothing is imported to find out which backends are installed.
"""

import contextlib
import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kerasaudio.extras import install

BACKENDS = ("tensorflow", "jax", "torch")
VARIABLE = "KERAS_BACKEND"
PRECISION = "KERASAUDIO_PRECISION"
PRECISIONS = ("exact", "backend")
LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_COMMAND = ("kerasaudio", "kerasaudio.exe", "kerasaudio-script.py")
_STDERR = 2
# Lines of TensorFlow and LiteRT about the machine that LOG_LEVEL does not stop.
_LOGGED = re.compile(
    rb"([IWE]\d{4,}|\d{4}-\d\d-\d\d) ?[\d:.]+:? .*|"
    rb"WARNING: All log messages before absl::InitializeLog\(\) .*|"
    rb"To enable the following instructions: .*|"
    rb"INFO: Created TensorFlow Lite .*"
)


class BackendError(ModuleNotFoundError):
    """The backend of Keras is not installed."""


def settle() -> None:
    """Choose an installed backend, and how much TensorFlow logs, unless the user did.

    If KERAS_BACKEND is not set, and the backend that Keras would take (that of its
    keras.json, or TensorFlow) is not installed, KERAS_BACKEND is set to the first of
    `BACKENDS` that is. If TF_CPP_MIN_LOG_LEVEL is not set, it is set to 3 (fatal
    errors), as errors that matter also arrive as exceptions. Nothing is changed once
    Keras has been imported.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault(LOG_LEVEL, "3")
    installed = [name for name in BACKENDS if is_installed(name)]
    if not os.environ.get(VARIABLE) and installed and not is_installed(_of_keras()):
        os.environ[VARIABLE] = installed[0]
        _told.append(
            f"Using the backend {installed[0]}, because {_of_keras()} is not "
            f"installed; {VARIABLE}={installed[0]} says so without this message."
        )


def told() -> str | None:
    """Return what `settle` decided, in a sentence, if it chose a backend; once."""
    return _told.pop() if _told else None


_told: list[str] = []


def check_backend() -> None:
    """Raise unless the backend that Keras takes is installed.

    Raises:
        BackendError: It is not; the message says what to install.
    """
    wanted = os.environ.get(VARIABLE) or _of_keras()
    if "keras" in sys.modules or is_installed(wanted):
        return
    installed = [name for name in BACKENDS if is_installed(name)]
    if not installed:
        commands = "; or: ".join(install(name) for name in BACKENDS)
        raise BackendError(
            f"Keras needs a backend, and none is installed. Run: {commands}",
            name=wanted,
        )
    others = f"hoose one that is installed: {VARIABLE}={' or '.join(installed)}."
    if wanted not in BACKENDS:
        raise BackendError(
            f"{VARIABLE} is {wanted!r}, which is not an installed backend of Keras. "
            f"C{others}",
            name=wanted,
        )
    raise BackendError(
        f"{VARIABLE} is {wanted}, which is not installed. Run: {install(wanted)}. "
        f"Or c{others}",
        name=wanted,
    )


def precision_variable() -> str:
    """Return the precision of networks that KERASAUDIO_PRECISION names, or "".

    Raises:
        ValueError: It names another one.
    """
    name = PRECISION
    mode = os.environ.get(name, "")
    if mode:
        check_precision(mode, name)
    return mode


def check_precision(mode: object, name: str = "precision") -> None:
    """Raise unless this is a precision.

    Raises:
        ValueError: It is none.
    """
    if mode not in PRECISIONS:
        choices = " or ".join(PRECISIONS)
        raise ValueError(f"{name} must be {choices}. Received: {mode!r}.")


@contextlib.contextmanager
def without_log() -> Iterator[None]:
    """Leave out of stderr the lines that TensorFlow logs about the machine.

    All other lines are shown at the end. If an exception comes, or if
    TF_CPP_MIN_LOG_LEVEL is 0, nothing is left out.
    """
    with contextlib.ExitStack() as stack:
        try:
            if os.environ.get(LOG_LEVEL) == "0":
                raise OSError("The user wants to see all.")
            kept = stack.enter_context(tempfile.TemporaryFile())
            real = os.dup(_STDERR)
        except OSError:  # or there is no stderr, or no place for a file
            yield
            return
        stack.callback(os.close, real)
        _flush()
        os.dup2(kept.fileno(), _STDERR)
        shown = True
        try:
            yield
            shown = False
        finally:
            _flush()
            os.dup2(real, _STDERR)
            kept.seek(0)
            for line in kept:
                if shown or not _LOGGED.fullmatch(line.rstrip()):
                    os.write(real, line)


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


def is_installed(name: str) -> bool:
    """Return whether a module can be imported, without importing it."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    # A folder of that name, such as pip leaves behind, has no file to run.
    return spec is not None and spec.origin is not None


def is_command() -> bool:
    """Return whether this process has been started as `kerasaudio`.

    Or as `python -m kerasaudio.cli`, while the module is still looked for.
    """
    program = sys.argv[0] if sys.argv else ""
    if program == "-m":
        words = sys.orig_argv
        return "-m" in words and words[words.index("-m") + 1] == "kerasaudio.cli"
    return os.path.basename(program) in _COMMAND


def _of_keras() -> str:
    """Return the backend that Keras takes without KERAS_BACKEND, read as it does."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = os.path.expanduser("~")
        home = os.path.join(user if os.access(user, os.W_OK) else "/tmp", ".keras")
    try:
        path = Path(os.path.expanduser(os.path.join(home, "keras.json")))
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return BACKENDS[0]
    named = settings.get("backend") if isinstance(settings, dict) else None
    return named if isinstance(named, str) else BACKENDS[0]
