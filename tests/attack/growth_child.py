"""One long run of `growth`: NAME AMOUNT. Prints what it holds at a tenth and the end.

Amounts are seconds of sound, models, or files: links to a few small ones.
"""

import gc
import io
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

import kerasaudio
from kerasaudio.datasets.batching.decoded import DecodedAudio
from support.tiny import RATE, tiny_model

_SHARE = 10
_CONTENTS = 8
_LINKS = 10_000  # of one content: file systems bound them


class Meter:
    """Tells, as it goes, what the process holds."""

    def __init__(self, amount: int) -> None:
        self._early = max(1, amount // _SHARE)
        self._done = 0
        self._has_told = False

    def step(self, count: int = 1) -> None:
        """Count what was done."""
        self._done += count
        if self._done >= self._early and not self._has_told:
            self._has_told = True
            self.tell()

    def tell(self) -> None:
        """Print memory in MiB, and the numbers of descriptors and threads."""
        gc.collect()
        status = Path("/proc/self/status").read_text()
        held = {
            "memory": int(status.partition("VmRSS:")[2].split()[0]) // 1024,
            "descriptors": len(os.listdir("/proc/self/fd")),
            "threads": int(status.partition("Threads:")[2].split()[0]),
            "python threads": threading.active_count(),
            "seconds": round(time.monotonic() - _BEGIN),
        }
        print(json.dumps(held), flush=True)


_BEGIN = time.monotonic()


def tag_of_3_hours(seconds: int, meter: Meter) -> None:
    """Tag a file; a tenth of it first, for what the whole may not exceed."""
    model = tiny_model()
    for name, length in (("tenth", seconds // _SHARE), ("whole", seconds)):
        path = Path(f"{name}.flac")
        with soundfile.SoundFile(path, "w", 16_000, 1) as file:
            for minute in range(max(1, length // 60)):
                file.write(_noise(60 * 16_000, minute))
        model.tag(path)
        meter.step(length)


def listen_for_24_hours(seconds: int, meter: Meter) -> None:
    """Listen to blocks of a second, made as they are asked for."""
    stream = kerasaudio.Stream(tiny_model(), hop_seconds=0.5, smoothing="average")
    noise = _noise(20 * RATE, 0)

    def blocks() -> Iterator[np.ndarray]:
        for number in range(seconds):
            begin = number % 19 * RATE
            yield noise[begin : begin + RATE]
            meter.step()

    for heard in stream.run(blocks(), RATE):
        assert heard.scores.shape == (3,)
    assert stream.report().windows > seconds


def models_built(count: int, meter: Meter) -> None:
    """Build a published architecture, run it and forget it."""
    for number in range(count):
        model = kerasaudio.LogMelCNN(classes=5)
        model.tag(_noise(model.spec.window_samples, number), model.spec.sample_rate)
        del model
        gc.collect()
        meter.step()


def files_embedded(count: int, meter: Meter) -> None:
    """Embed files a tenth at a time, as `kerasaudio embed` does with a folder."""
    extractor = kerasaudio.FeatureExtractor(tiny_model(), cache="features")
    for number, folder in enumerate(_folders(count)):
        written = extractor.write(folder, f"{number}.npz", progress=False)
        assert written.rows == count // _SHARE
        meter.step(count // _SHARE)


def files_decoded(count: int, meter: Meter) -> None:
    """Decode files for training, a tenth at a time, and read them."""
    for folder in _folders(count):
        files = sorted(folder.iterdir())
        audio = DecodedAudio(files, RATE, cache="decoded")
        assert sum(len(audio.read(file)) for file in files) == 4_000 * len(files)
        meter.step(len(files))


def _folders(count: int) -> Iterator[Path]:
    """Give folders that together hold so many files, of few contents."""
    encoded = []
    for number in range(_CONTENTS):
        file = io.BytesIO()
        soundfile.write(file, _noise(4_000, number), RATE, format="WAV")
        encoded.append(file.getvalue())
    number = 0
    for tenth in range(_SHARE):
        folder = Path(f"folder{tenth}")
        folder.mkdir()
        while number < count * (tenth + 1) // _SHARE:
            path = folder / f"{number:07d}.wav"
            content = number % _CONTENTS
            source = Path(f"{number // _LINKS}-{content}.wav")
            if not source.exists():
                source.write_bytes(encoded[content])
            os.link(source, path)
            number += 1
        yield folder


def _noise(samples: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype("float32")


def main() -> None:
    """Run what is named."""
    name, amount = sys.argv[1], int(sys.argv[2])
    meter = Meter(amount)
    globals()[name.replace(" ", "_")](amount, meter)
    meter.tell()


if __name__ == "__main__":
    main()
