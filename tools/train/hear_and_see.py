"""The table of "Hear and See": ResNet50 on pictures of the sounds of UrbanSound8K.

    python tools/train/hear_and_see.py UrbanSound8K/ --out build/hear-and-see
    python tools/train/hear_and_see.py UrbanSound8K/ --sets padded --minutes 10

MelResNet50 learns three sets of pictures (hear_and_see_pictures.py): original
durations, padded, and rolled; each network is tested on all three. As published: SGD at
0.001, momentum 0.9, weight decay 0.0005 as a part of the gradient (so torch.optim.SGD
does it), no dropout, batches of 16, 5 epochs, of which the last counts. Where all clips
last equally long, somebody has filled them up, and the set of original durations is
left out: that column needs the official files.

Unlike the published table, whose test clips were drawn at random and have neighbors
from the same recordings among the training clips, the clips of --test are one official
fold. --backbone imagenet starts from photographs, as published; where Keras cannot
download these weights, the network starts from scratch, and the result says so.

The state is written each --save-steps steps, and --minutes stops in time: after either
interruption the same command resumes, with the same result but for rounding.
KERAS_BACKEND chooses the backend. Writes, for each set, SET.json, SET.keras and
confusion matrices; and result.json and result.md.

Source: T. Miano 2018, "Hear and See: End-to-end sound classification and visualization
of classified sounds", PeerJ Preprints; github.com/thommiano/hear-and-see_peerj, commit
aa45e8e0b7e950eb5cf9bc516ad766505e26e077.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hear_and_see_tables
import numpy as np
import recipe
from hear_and_see_pictures import KINDS, one_duration
from hear_and_see_training import Facts, Training

from kerasaudio.datasets import LabeledClips, UrbanSound8K
from kerasaudio.files.whole_file import write_text


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    until = time.monotonic() + 60 * options.minutes
    data = UrbanSound8K(options.folder)
    parts = data.hold_out(options.test)
    options.out.mkdir(parents=True, exist_ok=True)
    duration = one_duration(data)
    kinds = [kind for kind in KINDS if kind != "original" or duration is None]
    if duration is not None:
        print(f"All clips last {duration:g} s: original durations are left out.")
    for kind in [kind for kind in kinds if kind in options.sets]:
        path = options.out / f"{kind}.json"
        if path.exists() and not options.overwrite:
            print(f"{path} is there already")
            continue
        training = Training(kind, options, *parts)
        if not training.run(until):
            print(f"{kind}: stopped at step {training.step}; the same command resumes")
            break
        write_text(path, json.dumps(training.tested(kinds), indent=2) + "\n")
        training.remove()
    found = {
        kind: json.loads(path.read_text())
        for kind in KINDS
        if (path := options.out / f"{kind}.json").exists()
    }
    _write(options.out, data, parts, duration, found)


def _write(
    out: Path, data: LabeledClips, parts: Any, duration: float | None, found: Facts
) -> None:
    learn, test = parts
    facts = {
        "data": "UrbanSound8K",
        "script": "tools/train/hear_and_see.py",
        "clips": {"all": len(data), "learned": len(learn), "tested": len(test)},
        "folds": np.unique(learn.folds).tolist(),
        "duration_of_all": duration,
        "networks": found,
    }
    write_text(out / "result.json", json.dumps(facts, indent=2) + "\n")
    text = hear_and_see_tables.page(facts)
    write_text(out / "result.md", text)
    print(text)


def _parser() -> argparse.ArgumentParser:
    made = recipe.parser(__doc__ or "", out="build/hear-and-see", epochs=5)
    made.add_argument("--sets", nargs="+", choices=KINDS, default=list(KINDS))
    made.add_argument("--test", type=int, default=10, help="fold; default: 10")
    made.add_argument("--side", type=int, default=224, help="of the picture")
    made.add_argument(
        "--backbone", default="imagenet", help="'imagenet' (default), a file, or 'none'"
    )
    made.add_argument("--save-steps", type=int, default=50, help="default: 50")
    made.add_argument(
        "--minutes", type=float, default=float("inf"), help="to stop after"
    )
    return made


if __name__ == "__main__":
    main()
