"""The FastAPI example under load: it goes on answering, and stays small."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from support.served import WAV, encoded, post, silent_flac
from support.tiny import RATE

pytestmark = pytest.mark.slow

# In a process of its own, so that the time of an answer is the server's.
AT_ONCE = """
import json, socket, sys
port, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
body = open(path, "rb").read()
head = (
    "POST /tags HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n"
    f"Content-Type: audio/wav\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
).encode()
clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
for client in clients:
    client.settimeout(120)
    client.sendall(head + body)
answers = []
for client in clients:
    answer = b""
    while piece := client.recv(65536):
        answer += piece
    answers.append(int(answer.split()[1]))
print(json.dumps(answers))
"""


def healthy_in(address):
    start = time.monotonic()
    with urllib.request.urlopen(f"{address}/health", timeout=60) as answer:
        assert json.load(answer)["ready"]
    return time.monotonic() - start


def slowness():
    """Say how many times slower than alone a process runs on this machine now."""
    start, begin = time.monotonic(), time.process_time()
    while time.process_time() - begin < 0.05:
        pass
    return (time.monotonic() - start) / 0.05


def test_two_hundred_at_once_leave_health_quick(address, tmp_path):
    """Under 0.1 s in the best of some rounds, longer where others use the machine."""
    sound = tmp_path / "sound.wav"
    sound.write_bytes(encoded(np.random.default_rng(0).normal(0, 0.1, 30_000), RATE))
    post(address, sound.read_bytes(), WAV)
    port = address.rpartition(":")[2]
    rounds = []
    for _ in range(10):
        asking = subprocess.Popen(
            [sys.executable, "-c", AT_ONCE, port, str(sound), "200"],
            stdout=subprocess.PIPE,
        )
        times, slow = [], [slowness()]
        while asking.poll() is None:
            times.append(healthy_in(address))
            time.sleep(0.005)
        answers = Counter(json.loads(asking.communicate()[0]))
        assert set(answers) <= {200, 503}
        assert answers.total() == 200
        assert answers[200] >= 16
        rounds.append(max(times) / max(*slow, slowness()))
        if rounds[-1] < 0.1:
            break
    assert min(rounds) < 0.1, rounds


def peak(server):
    status = Path(f"/proc/{server}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_long_sounds_leave_the_server_answering_and_small(server, address):
    body = silent_flac(400, 2)
    post(address, body, WAV)
    before, answers = peak(server), []
    asking = [
        threading.Thread(target=lambda: answers.append(post(address, body, WAV)[0]))
        for _ in range(6)
    ]
    for thread in asking:
        thread.start()
    worst = 0.0
    while any(thread.is_alive() for thread in asking):
        start = time.monotonic()
        assert json.load(urllib.request.urlopen(f"{address}/health"))["ready"]
        worst = max(worst, time.monotonic() - start)
        time.sleep(0.02)
    assert answers == [200] * 6
    assert worst < 3
    assert peak(server) - before < 400


def test_when_too_many_wait_others_are_told_to_come_again(address):
    """Sixteen uploads that do not end; then one more; then they end."""
    port = int(address.rpartition(":")[2])
    head = b"POST /tags HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(16):
            sock = socket.create_connection(("127.0.0.1", port))
            stack.callback(sock.close)
            sock.sendall(head)
        sound = encoded(np.zeros(9_000), RATE)
        for _ in range(100):
            status, answer = post(address, sound, WAV)
            if status == 503:
                break
            time.sleep(0.05)
        assert (status, answer) == (503, {"detail": "Too many sounds are waiting."})
    for _ in range(100):
        if post(address, sound, WAV)[0] == 200:
            return
        time.sleep(0.05)
    pytest.fail("the places were not given back")
