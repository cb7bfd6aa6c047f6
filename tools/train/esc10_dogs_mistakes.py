"""Write what `esc10_dogs.py` has mistaken, to listen to and to look at."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from esc10_dogs_pool import RATE

import kerasaudio
from kerasaudio.datasets import LabeledClips
from kerasaudio.evaluation import evaluate


def write_mistakes(
    model: Any, seconds: LabeledClips, folder: Path
) -> list[tuple[Any, ...]]:
    """Write what was mistaken as sound and picture; gives the rows of the table."""
    from kerasaudio.plot import events

    folder.mkdir(parents=True, exist_ok=True)
    report = evaluate(model, seconds)
    assert seconds.starts is not None
    rows = []
    for number in np.flatnonzero(report.predictions != report.targets):
        path, start = seconds.paths[number], float(seconds.starts[number])
        truth = seconds.class_names[seconds.targets[number]]
        said = report.class_names[report.predictions[number]]
        score = float(report.scores[number, report.predictions[number]])
        begin = round(start * RATE)
        waveform = kerasaudio.load_audio(path, RATE)[begin : begin + RATE]
        stem = folder / f"{path.stem}-{start:g}s-{truth}-as-{said}"
        sound, picture = stem.with_name(f"{stem.name}.wav"), f"{stem.name}.png"
        soundfile.write(sound, waveform, RATE)
        length = len(waveform) / RATE
        events(
            waveform,
            [(said, 0.0, length)],
            folder / picture,
            true=[(truth, 0.0, length)],
            sample_rate=RATE,
            labels=seconds.class_names,
            title=f"{truth}, not {said} {score:.2f}: {path.stem} {start:g} s",
        )
        row = (path.name, start, truth, said, round(score, 4), sound.name, picture)
        rows.append(row)
    return rows
