"""The page's first section: one window rule."""

import textwrap

from parity_tables.agreement import (
    ANSWERS,
    AUDIOSET,
    BEST,
    PER_CLASS,
    SHORT,
    STEADY,
)
from parity_tables.markdown import Backends, fact, headings, names, on_each, table
from parity_tables.originals import TABLE

KINDS = ("scores", "logits", "embeddings")
# Where the original has no answer for a whole clip, or not quite one.
NOTES = {
    "sota-music-tagging-models, torch": "1",
    "the paper's network, NumPy": "2",
    "transformers, torch": "2",
    "torchvggish, torch": "3",
}


def section(backends: Backends) -> str:
    """Write it."""
    parts = ["## One window rule", _originals(backends)]
    parts += [_answers(backends), _steady(backends), _short(backends)]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _originals(backends: Backends) -> str:
    rows = []
    for name in names(backends, TABLE):
        original = fact(backends, TABLE, name, "original")
        note = f" ({NOTES[original]})" if original in NOTES else ""
        for kind in KINDS:
            if fact(backends, TABLE, name, kind) is None:
                continue
            columns = (f"{kind}/windows", f"{kind}/clips")
            figures = on_each(backends, TABLE, name, *columns)
            rows.append([name, original + note, kind, *figures])
    if not rows:
        return ""
    heading = ["network", "original", "of"]
    heading += headings(backends, "windows", "whole clips")
    return f"""
### Against the originals

The largest difference between what a network gives and what its original gave for the
same sound.

{table(heading, rows)}
Clips of musicnn's networks: 2.0, 3.0, 7.3, 29 and 30 s, and one at each side of the
length where one more patch begins; their windows are among the windows. EfficientAT:
a synthetic signal, and three whole clips of ESC-10. YAMNet: speech, a chirp, one sound
shorter than a patch, one of exactly a patch. "Filled by rule": where no weights are at
hand, the original and ours were filled by the same rule (`tests/support/seeding.py`).

1. The original's evaluation takes the mean over 16 chunks, spread over the clip. Its
   answer is not at hand: whole clips are compared with that mean of our network's own
   answers to the chunks.
2. The original defines no answer for clips longer than its input.
3. The original gives patches only; the clip's embedding is taken to be their mean.
   Filled by rule they reach 24.
"""


def _answers(backends: Backends) -> str:
    rows = []
    for name in names(backends, ANSWERS):
        columns = ("clips", "over time", "scenes")
        figures = on_each(backends, ANSWERS, name, *columns)
        rows.append([name, fact(backends, ANSWERS, name, "rest"), *figures])
    if not rows:
        return ""
    heading = ["network", "rest", *headings(backends, "clip", "over time", "scenes")]
    return f"""
### Everyone who answers

Small networks with random weights on clips of 0.5, 1, 1.7, 2 and 2.5 windows.

- *Rest*: what becomes of the sound behind the last full window.
- *Clip*: the largest difference between a clip's scores by the rule, window by window,
  and those of `tag` (files, arrays), `kerasaudio tag`, `FeatureExtractor` (called,
  and `extract`), `evaluation.predict_clips`, `evaluate`; and of `transfer`,
  whose rule is that of one's own classes, where the network has that rule.
- *Over time*: scores of `Stream`, fed in nine pieces, and `FeatureExtractor.timeline`.
- *Scenes*: `hear.get_scene_embeddings` and `embed`, at HEAR's sample rates; the values
  of some networks reach 10 and more.

{table(heading, rows)}"""


def _steady(backends: Backends) -> str:
    rows = []
    for name in names(backends, STEADY):
        columns = ("label", "score", "silence", "predict")
        rows.append([name, *on_each(backends, STEADY, name, *columns)])
    if not rows:
        return ""
    heading = ["length"]
    heading += headings(
        backends, "best label", "its score", "Silence", "from `predict`"
    )
    return f"""
### One steady sound, a little longer

`tag` of EfficientAT/audioset for ESC-10's helicopter `1-172649-A-40`, repeated to the
length; and the largest difference of its scores from `predict` of the whole clip.

{table(heading, rows)}"""


def _short(backends: Backends) -> str:
    rows = []
    for name in names(backends, SHORT):
        counts = on_each(backends, SHORT, name, "named")
        rows.append([name, fact(backends, SHORT, name, "of"), *counts])
    if not rows:
        return ""
    clips = fact(backends, SHORT, names(backends, SHORT)[0], "clips")
    return f"""
### Short sounds

How often EfficientAT/audioset names the class among its best {BEST}. Of each class of
ESC-10 the first {PER_CLASS} clips in the order of its table: whole (5 s), or the piece
of 1 s or 0.5 s that has the most energy. "Repeated":
`model.with_windows(repeat_to_seconds=10)`.

{table(["length", "clips", *headings(backends, "")], rows)}
The clips:

```text
{textwrap.fill("  ".join(clips), 80)}
```

The labels of AudioSet that name a class:

{table(["class", "labels"], [[name, "; ".join(AUDIOSET[name])] for name in AUDIOSET])}
"""
