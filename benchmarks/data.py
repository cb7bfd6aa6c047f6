"""``python -m benchmarks.data``: examples per second from a folder of sounds.

Makes a folder of one-second wav files in ten classes and reads epochs of shuffled
batches from it: with `ClipBatches` (the first epoch, which decodes, and later epochs
from the cache; and without a cache), with a simple loop of `librosa.load`, and if
TensorFlow is installed with `keras.utils.audio_dataset_from_directory`. Each entry runs
in its own process, and the entries take turns. Prints the best round and the ratios, in
elapsed time and in processor time, which other work on the machine disturbs less; then
how the processor time per file of the first epoch is spent.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.folder import measure

CLASSES = 10
BATCH = 32
_BEGIN = """
import json, os, sys, time
from pathlib import Path

folder, rate, cache = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
def epochs(read, count):
    seconds, cpu = [], []
    for _ in range(count):
        begin, busy = time.perf_counter(), time.process_time()
        clips = read()
        seconds.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - busy)
    return clips, seconds, cpu
"""
_END = """
print(json.dumps({
    "clips": clips,
    "first": seconds[0], "seconds": min(seconds[1:]),
    "first_cpu": cpu[0], "cpu": min(cpu[1:]),
}))
"""
_OURS = f"""{_BEGIN}
import kerasaudio
from kerasaudio import AudioSpec
spec = AudioSpec.of_fixed_clips(rate, rate)
cached, batches = cache != "none", None
def read():
    global batches
    if batches is None:
        clips = kerasaudio.datasets.from_folder(folder)
        batches = clips.batches(spec, {BATCH}, cache=Path(cache) if cached else False)
    count = sum(len(batches[index][0]) for index in range(len(batches)))
    batches.on_epoch_end()
    return count
clips, seconds, cpu = epochs(read, 4)
{_END}"""
_LIBROSA = f"""{_BEGIN}
import librosa, random
import numpy as np
paths = sorted(folder.rglob("*.wav"))
librosa.load(paths[0], sr=rate)
def read():
    random.shuffle(paths)
    for begin in range(0, len(paths), {BATCH}):
        chosen = paths[begin : begin + {BATCH}]
        np.stack([librosa.load(path, sr=rate)[0] for path in chosen])
    return len(paths)
clips, seconds, cpu = epochs(read, 3)
{_END}"""
_KERAS = f"""{_BEGIN}
import keras
data = keras.utils.audio_dataset_from_directory(
    folder, batch_size={BATCH}, output_sequence_length=rate, verbose=False
)
clips, seconds, cpu = epochs(lambda: sum(len(sound) for sound, _ in data), 4)
{_END}"""
_COSTS = f"""{_BEGIN}
import zlib
import librosa, soundfile
import numpy as np
from kerasaudio.audio import load_audio
from kerasaudio.audio.resample import resample_channels
from kerasaudio.datasets.batching.decoded import DecodedAudio
paths = sorted(folder.rglob("*.wav"))
native = soundfile.info(paths[0]).samplerate
frames = load_audio(paths[0], native)[:, None]
def cost(function, arguments, rounds=3):
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        for argument in arguments:
            function(argument)
        best = min(best, time.process_time() - begin)
    return round(1e6 * best / len(paths))
def whole(where):
    return DecodedAudio(paths, rate, cache=where, readers=1)
caches = [Path(cache, str(number)) for number in range(3)]
librosa.load(paths[0], sr=rate)
print(json.dumps({{
    "librosa.load": cost(lambda path: librosa.load(path, sr=rate), paths),
    "decode": cost(lambda path: load_audio(path, native), paths),
    "resample": cost(lambda _: resample_channels(frames, native, rate), paths),
    "all, without cache": cost(whole, [False]),
    "all, and kept": min(cost(whole, [where], rounds=1) for where in caches),
}}))
"""
ENTRIES = {
    "ClipBatches": (_OURS, "cache"),
    "ClipBatches, no cache": (_OURS, "none"),
    "librosa.load in a loop": (_LIBROSA, "none"),
    "audio_dataset_from_directory": (_KERAS, "none"),
}


def make_sounds(folder: Path, count: int, rate: int) -> None:
    """Write one-second noises, 16-bit mono wav, in folders of ten classes."""
    rng = np.random.default_rng(0)
    for number in range(count):
        inside = folder / f"class{number % CLASSES}"
        inside.mkdir(parents=True, exist_ok=True)
        sound = rng.normal(0, 0.1, rate).clip(-1, 1)
        soundfile.write(inside / f"{number:06}.wav", sound, rate)


def contest(file_rate: int, rate: int, options: argparse.Namespace) -> None:
    """Measure and print one table: files at one rate, wanted at another."""
    best: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "sounds")
        make_sounds(folder, options.clips, file_rate)
        for turn in range(options.rounds):
            for name, (code, kind) in ENTRIES.items():
                if code is _KERAS and (file_rate != rate or options.no_tensorflow):
                    continue  # it does not resample
                cache = kind if kind == "none" else str(Path(temporary, f"{turn}"))
                run = measure(code, str(folder), str(rate), cache)
                known = best.setdefault(name, run)
                best[name] = {key: min(known[key], run[key]) for key in run}
        costs = measure(_COSTS, str(folder), str(rate), str(Path(temporary, "costs")))
    print(f"\n{options.clips} wav files of 1 s, {file_rate} Hz, read at {rate} Hz")
    ours = best["ClipBatches"]
    print(f"{'clips/s (x ours, x processor time)':36}{'first epoch':>26}{'later':>30}")
    for name, run in best.items():
        parts = [
            f"{run['clips'] / run[key]:10.0f} ({run[key] / ours[key]:6.2f} x, "
            f"{run[cpu] / ours[cpu]:6.2f} x)"
            for key, cpu in (("first", "first_cpu"), ("seconds", "cpu"))
        ]
        print(f"{name:32}", *parts)
    print("microseconds of processor time a file:", costs)
    print(json.dumps({"load": os.getloadavg()[0], "best": best}))


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-tensorflow", action="store_true", help="leave it out")
    options = parser.parse_args()
    contest(16_000, 16_000, options)
    contest(44_100, 16_000, options)


if __name__ == "__main__":
    main()
