"""How long do training steps wait for data, with 1, 2 and 4 threads that decode?

    KERAS_BACKEND=torch python tools/measure_waiting.py esc10/ fsdd/

Trains the networks of two recipes on their clips, without augmentation: LogMelCNN on
four folds of ESC-10 (ogg), SpeechGRU on Free Spoken Digits (wav). The clips come from
the cache of decoded clips; from their files, decoded in each epoch; and from WebDataset
shards, which are made first. The share of the time of steps in which they waited is
printed as rows of a table; the first epoch, which compiles, does not count. What was
measured before is not measured again.
"""

import argparse
import json
import sys
import tarfile
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import keras

from kerasaudio import corpus
from kerasaudio.core import AudioModel
from kerasaudio.datasets import ESC50, FSDD, LabeledClips
from kerasaudio.models.log_mel_cnn import LogMelCNN
from kerasaudio.models.speech_gru import SpeechGRU
from kerasaudio.training import Schedule, train

THREADS = (1, 2, 4)
SHARD = 64  # clips
BATCH = 32
SOURCES = ("cache", "files", "shards")


def esc10(folder: Path) -> tuple[LabeledClips, Callable[[], AudioModel], float | None]:
    """Return clips, the network of a recipe, and the length of its windows."""
    data = ESC50(folder, esc10=True)
    clips, _ = data.hold_out(5)

    def build() -> AudioModel:
        names = list(clips.class_names)
        model: AudioModel = LogMelCNN(labels=names, filters=16, clip_samples=63 * 512)
        return model

    return clips, build, None


def fsdd(folder: Path) -> tuple[LabeledClips, Callable[[], AudioModel], float | None]:
    """Return clips, the network of a recipe, and the length of its windows."""
    data = FSDD(folder, label="digit")
    known, _ = data.official_split()
    clips = data.take(known)

    def build() -> AudioModel:
        model: AudioModel = SpeechGRU(labels=list(clips.class_names), sample_rate=8_000)
        return model

    return clips, build, 0.7


def write_shards(clips: LabeledClips, folder: Path) -> Path:
    """Write clips as WebDataset shards."""
    folder.mkdir(exist_ok=True)
    for begin in range(0, len(clips), SHARD):
        with tarfile.open(folder / f"{begin:05}.tar", "w") as tar:
            for number in range(begin, min(begin + SHARD, len(clips))):
                path, label = clips.paths[number], clips.categories[number]
                tar.add(path, f"{number:05}{path.suffix}")
                member = tarfile.TarInfo(f"{number:05}.cls")
                member.size = len(label.encode())
                tar.addfile(member, BytesIO(label.encode()))
    return folder


def measure(
    clips: LabeledClips,
    build: Callable[[], AudioModel],
    seconds: float | None,
    source: str,
    threads: int,
    steps: int,
    folder: Path,
) -> dict[str, Any]:
    """Train, and return the share of waiting and the time of a step."""
    keras.utils.set_random_seed(0)
    each = -(-len(clips) // BATCH)
    epochs = 1 + -(-steps // each)
    data: Any = clips
    settings: dict[str, Any] = {"cache": source == "cache"}
    if source == "shards":
        data, settings = corpus.from_shards(write_shards(clips, folder / "shards")), {}
    done = train(
        *(build(), data, None, folder / "a.keras"),
        schedule=Schedule(unfreeze_epochs=epochs, batch_size=BATCH),
        clip_seconds=seconds,
        readers=threads,
        **settings,
    )
    timed = done.epochs[1:]
    whole = sum(epoch.seconds for epoch in timed)
    waited = sum(epoch.seconds * epoch.waiting for epoch in timed)
    taken = len(timed) * each
    return {"waiting": waited / whole, "step": whole / taken, "steps": taken}


def main() -> None:
    """Measure all ways, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("esc10", type=Path)
    parser.add_argument("fsdd", type=Path)
    parser.add_argument("--steps", type=int, default=200, help="default: 200")
    parser.add_argument("--out", type=Path, default=Path("waiting"))
    options = parser.parse_args()
    backend = keras.backend.backend()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, load in {"esc10": esc10, "fsdd": fsdd}.items():
        for source in SOURCES:
            told = []
            for threads in THREADS:
                path = options.out / f"{backend}-{name}-{source}-{threads}.json"
                if not path.exists():
                    with tempfile.TemporaryDirectory() as place:
                        clips, build, seconds = load(getattr(options, name))
                        way = clips, build, seconds, source, threads, options.steps
                        found = measure(*way, Path(place))
                    path.write_text(json.dumps(found), encoding="utf-8")
                told.append(json.loads(path.read_text(encoding="utf-8")))
            shares = " | ".join(f"{one['waiting']:.1%}" for one in told)
            spent = ", ".join(f"{1000 * one['step']:.0f}" for one in told)
            print(f"| {backend} | {name} | {source} | {shares} | {spent} ms a step |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
