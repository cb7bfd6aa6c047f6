"""Files decoded at once: bounded memory, nobody waits for ever, errors come out."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kerasaudio.datasets.batching.decoded import DecodedAudio
from kerasaudio.datasets.batching.decoding import Room, for_each_file

FILES = [Path(f"{number}.wav") for number in range(200)]


class Held:
    """Counts what threads hold, as they tell a room."""

    def __init__(self, limit):
        self.room, self.now, self.most = Room(limit), {}, 0
        self._lock = threading.Lock()

    def decode(self, file, steps):
        with self.room.entered() as hold:
            for size in steps:
                hold(size)
                with self._lock:
                    self.now[file] = size
                    self.most = max(self.most, sum(self.now.values()))
                time.sleep(0.0005)
            with self._lock:
                del self.now[file]


def test_the_others_hold_no_more_than_the_limit():
    held = Held(100)
    for_each_file(FILES, 8, lambda file: held.decode(file, [30]))
    assert 60 <= held.most <= 100 + 30


@pytest.mark.timeout(60)
def test_those_that_grow_do_not_wait_for_each_other_for_ever():
    held = Held(100)
    for_each_file(FILES, 8, lambda file: held.decode(file, [0, 10, 40, 90]))
    assert held.most <= 100 + 90


@pytest.mark.timeout(60)
def test_what_is_larger_than_the_limit_is_let_in_alone():
    held = Held(100)
    for_each_file(FILES[:20], 8, lambda file: held.decode(file, [1_000]))
    assert held.most == 1_000


def test_every_file_is_decoded_once():
    seen = []
    for_each_file(FILES, 8, lambda file: seen.append(file))
    assert sorted(seen) == sorted(FILES)


def test_a_failure_ends_the_work():
    seen = []

    def decode(file):
        seen.append(file)
        if len(seen) == 10:
            raise MemoryError("no more")
        time.sleep(0.001)

    with pytest.raises(MemoryError, match="no more"):
        for_each_file(FILES, 4, decode)
    assert len(seen) < 20


PEAK = """
import sys
from pathlib import Path
from kerasaudio.datasets.batching.decoded import DecodedAudio
files = sorted(Path(sys.argv[1]).iterdir())
def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
DecodedAudio(files[:1], 16_000, cache=sys.argv[2] + "-one", readers=1)
one = peak()
audio = DecodedAudio(files, 16_000, cache=sys.argv[2], readers=8)
assert len(audio.lengths) == len(files)
print(peak() - one)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_small_files_of_long_silence_take_bounded_memory(tmp_path):
    folder = tmp_path / "sounds"
    folder.mkdir()
    for number in range(24):  # 15 minutes: 58 MB decoded, less than 200 kB on disk
        with soundfile.SoundFile(folder / f"{number}.flac", "w", 16_000, 1) as file:
            for _ in range(15):
                file.write(np.zeros(60 * 16_000, "int16"))
    assert sum(path.stat().st_size for path in folder.iterdir()) < 5_000_000
    grown = subprocess.run(
        [sys.executable, "-c", PEAK, str(folder), str(tmp_path / "cache")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert int(grown) < 400


def test_a_piece_of_an_uncached_file_does_not_keep_the_rest(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(160_000), 16_000)
    piece = DecodedAudio([path], 16_000, cache=False).read(path, 0, 100)
    assert len(piece) == 100
    assert piece.base is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning")
def test_a_forked_process_does_not_wait_for_threads_that_it_lacks():
    room = Room(10)
    with room.entered() as hold:
        hold(10)
        child = os.fork()
        if not child:  # pragma: no cover
            signal.alarm(60)
            with room.entered() as mine, room.entered() as another:
                mine(10)
                another(0)
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
