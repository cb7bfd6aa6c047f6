"""Run `kerasaudio` as installed, in a process that lacks modules or has false ones."""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
BACKENDS = ("tensorflow", "jax", "torch")
_SCRIPT = "import sys\nfrom kerasaudio.cli import main\nsys.exit(main())\n"
_HIDE = """import sys
from importlib.machinery import PathFinder
class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] not in {hidden!r}:
            return super().find_spec(name, path, target)
sys.meta_path[:] = [Without if f is PathFinder else f for f in sys.meta_path]
"""
_INTERRUPTIBLE = """import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
"""


def start(folder, *words, hidden=(), modules=(), python=None, **environment):
    """Start the command.

    Args:
        folder: An empty folder.
        *words: Its words.
        hidden: Packages that seem not to be installed.
        modules: Pairs of a name and the source of a module that comes first.
        python: Source to run instead of the command.
        **environment: Variables; no others of the backends are set.
    """
    ours = folder / "path"
    ours.mkdir(parents=True)
    hide = _HIDE.format(hidden=set(hidden)) if hidden else ""
    (ours / "sitecustomize.py").write_text(_INTERRUPTIBLE + hide)
    for name, source in modules:
        (ours / f"{name}.py").write_text(source)
    script = folder / "kerasaudio"
    script.write_text(_SCRIPT if python is None else python)
    ignored = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL")
    given = {key: value for key, value in os.environ.items() if key not in ignored}
    given |= {"PYTHONPATH": f"{ours}{os.pathsep}{CHECKOUT}"}
    given |= {"KERAS_HOME": str(folder / "keras")} | environment
    program = [script] if python is None else ["-c", python]
    return subprocess.Popen(
        [sys.executable, *map(str, (*program, *words))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=given,
        text=True,
    )


def run(folder, *words, **others):
    """Run the command, and return its status, output and complaints; see `start`."""
    with start(folder, *words, **others) as process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err
