"""`kerasaudio listen` as a process of its own: pipes, readers that leave, Ctrl-C."""

import json
import os
import pty
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from support.streams import expected, scores_of
from support.tiny import RATE

COMMAND = [sys.executable, "-m", "kerasaudio.cli", "listen"]
# Background jobs ignore SIGINT. A thread that gets it instead of the first one does not
# end what the first one reads, like a signal that comes just before the read.
INTERRUPTIBLE = """
import signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
from kerasaudio.cli import main
sys.exit(main())
"""


def environment():
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}


@pytest.mark.slow
def test_another_process_writes(model, saved, pcm):
    """In odd pieces, through a real pipe, into a real `kerasaudio listen`."""
    writer = (
        "import sys\n"
        "data = sys.stdin.buffer.read()\n"
        "for at in range(0, len(data), 777):\n"
        "    sys.stdout.buffer.write(data[at : at + 777])\n"
        "    sys.stdout.buffer.flush()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", writer], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as source:
        listener = subprocess.Popen(
            [*COMMAND, saved, "--raw", "--rate", str(RATE), "--json"],
            stdin=source.stdout,
            stdout=subprocess.PIPE,
            env=environment(),
        )
        source.stdout.close()
        source.stdin.write(pcm.tobytes())
        source.stdin.close()
        out, _ = listener.communicate(timeout=120)
    rows = expected(model, pcm)
    lines = [json.loads(line) for line in out.splitlines()]
    assert listener.returncode == 0
    np.testing.assert_allclose(
        scores_of(lines, model.spec.labels), rows.vectors, atol=1e-5
    )


@pytest.mark.slow
def test_a_reader_that_has_seen_enough(saved, pcm):
    with subprocess.Popen(
        [*COMMAND, saved, "--raw", "--rate", str(RATE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as listener:
        listener.stdin.write(pcm.tobytes())
        listener.stdin.flush()
        assert b"0.50 s" in listener.stdout.readline()
        listener.stdout.close()
        listener.stdin.write(pcm.tobytes())
        listener.stdin.close()
        said = listener.stderr.read()
        assert listener.wait(120) == 1
    assert b"Traceback" not in said
    assert b"kerasaudio:" not in said


@pytest.mark.slow
def test_ctrl_c_on_a_terminal(saved, pcm):
    here, there = pty.openpty()
    with subprocess.Popen(
        [
            *(sys.executable, "-c", INTERRUPTIBLE, "listen", saved),
            *("--raw", "--rate", str(RATE), "--report"),
        ],
        stdin=subprocess.PIPE,
        stdout=there,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as listener:
        os.close(there)
        listener.stdin.write(pcm.tobytes())
        listener.stdin.flush()
        shown = b""
        while b"1.75 s" not in shown:  # the last whole window
            shown += os.read(here, 4_096)
        time.sleep(0.5)  # until it reads
        listener.send_signal(signal.SIGINT)
        assert listener.wait(60) == 130  # while more could come
        said = listener.stderr.read()
    os.close(here)
    assert shown.count(b"\x1b[J") == 6
    assert b"Traceback" not in said
    assert b"6 windows of 0.5 s every 0.25 s" in said
