"""The folder of a user: a song, sounds without classes, a folder a class, data sets.

clips.csv lists the files of labeled/ with their classes and two folds, tags.csv those
of sounds/ with several tags each. The public data sets have their official layouts.
model.pth holds the weights of a layer of PyTorch, ontology.json four classes, clap/ a
small CLAP.
"""

import json

import numpy as np
import soundfile

from kerasaudio.datasets.urbansound8k import SHARED
from support import data_sets, large_sets, official
from support.clap import write_clap
from support.torch_files import write_state

RATE = 16_000
ONTOLOGY = [
    {"id": "/m/0jbk", "name": "Animal", "child_ids": ["/m/0bt9lr", "/m/01yrx"]},
    {"id": "/m/0bt9lr", "name": "Dog", "child_ids": ["/m/05tny_"]},
    {"id": "/m/05tny_", "name": "Bark", "child_ids": []},
    {"id": "/m/01yrx", "name": "Cat", "child_ids": []},
]
TAGS = {"bark": "animal;outdoors", "knock": "indoors", "rain": "outdoors"}


def make(folder):
    """Fill a folder, and give it."""
    _sounds(folder)
    _data_sets(folder)
    layer = {"weight": np.zeros((8, 1, 3), "float32"), "bias": np.ones(8, "float32")}
    write_state(folder / "model.pth", layer)
    (folder / "ontology.json").write_text(json.dumps(ONTOLOGY))
    write_clap(folder / "clap")
    return folder


def _sounds(folder):
    rng = np.random.default_rng(0)
    time = np.arange(3 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 277.2, 329.6))
    soundfile.write(folder / "song.wav", 0.2 * chord * np.exp(-time % 0.5), RATE)
    (folder / "sounds").mkdir()
    for name in TAGS:
        noise = rng.normal(0, 0.1, 2 * RATE) * np.linspace(1, 0, 2 * RATE)
        soundfile.write(folder / "sounds" / f"{name}.wav", noise, RATE)
    rows = [("path", "label", "fold")]
    for number in range(8):
        kind = ("hum", "hiss")[number % 2]
        file = folder / "labeled" / kind / f"{number}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = rng.normal(0, 0.1, RATE)
        sound = noise if number % 2 else np.cumsum(noise) / 100
        soundfile.write(file, sound, RATE)
        rows.append((file.relative_to(folder).as_posix(), kind, number // 4 + 1))
    data_sets.write_table(folder / "clips.csv", rows)
    rows = [(f"sounds/{name}.wav", tags) for name, tags in TAGS.items()]
    data_sets.write_table(folder / "tags.csv", [("path", "label"), *rows])


def _data_sets(folder):
    official.esc50(folder / "ESC-50-master")
    urban = [
        clip
        for clip in official.names("urbansound8k")[1]
        if clip.split("/")[1].split("-")[0] not in SHARED
    ]
    official.urbansound8k(folder / "UrbanSound8K", urban[::40])
    data_sets.fsdd(folder / "FSDD")
    data_sets.gtzan(folder / "genres")
    data_sets.magnatagatune(folder / "MagnaTagATune")
    data_sets.speech_commands(folder / "speech_commands")
    large_sets.audioset(folder / "AudioSet")
    large_sets.fsd50k(folder / "FSD50K")
    large_sets.desed(folder / "DESED")
    large_sets.openmic(folder / "openmic-2018")
    large_sets.nsynth(folder / "NSynth")
    large_sets.birdset(folder / "HSN")
