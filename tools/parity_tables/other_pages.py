"""The page's other sections: weights and exports, settings, data and files."""

import textwrap

from parity_tables.files import CONTAINERS, TABLES
from parity_tables.heads import EXPORTS, WEIGHTS
from parity_tables.markdown import Backends, fact, headings, names, on_each, table
from parity_tables.settings import HALVES, SETTINGS


def heads(backends: Backends) -> str:
    """Write the second section."""
    title = "## One head, one set of keys, one export"
    return _joined(title, _weights(backends), _exports(backends))


def settings(backends: Backends) -> str:
    """Write the third section."""
    title = "## On every machine and setting"
    return _joined(title, _settings(backends), _halves(backends))


def files(backends: Backends) -> str:
    """Write the fourth section."""
    return _joined("## Data and files", _containers(backends), _tables(backends))


def _joined(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _weights(backends: Backends) -> str:
    rows = [
        [
            name,
            fact(backends, WEIGHTS, name, "variables"),
            fact(backends, WEIGHTS, name, "tensors"),
            *on_each(backends, WEIGHTS, name, "difference"),
        ]
        for name in names(backends, WEIGHTS)
    ]
    if not rows:
        return ""
    heading = ["network", "variables", "tensors", *headings(backends, "")]
    return f"""
### Weights in a file

Small networks with random weights and three labels, written by `save_pretrained` and
read in a fresh process by their factory's `weights=`: how many variables there are, how
many tensors the file holds, and the largest difference of scores.

{table(heading, rows)}"""


def _exports(backends: Backends) -> str:
    found = {
        name: fact(backends, EXPORTS, name, "difference")
        for name in names(backends, EXPORTS)
    }
    rows = [
        [
            *name.split(": "),
            fact(backends, EXPORTS, name, "clips"),
            difference,
            fact(backends, EXPORTS, name, "untold"),
            fact(backends, EXPORTS, name, "precision"),
        ]
        for name, difference in found.items()
    ]
    if not rows:
        return ""
    heading = ["format", "network", "clips", "difference", "untold", "precision untold"]
    return f"""
### Exports

Exports in float32 (EfficientAT for 5 s) beside their networks, on the synthetic sounds
that `export` compares on by itself: the largest difference of scores, OpenVINO told
`INFERENCE_PRECISION_HINT: f32`. *Untold*: the same of OpenVINO loaded by
`compile_model(path, "CPU")`, in the precision that it then takes on this processor.
TensorFlow traces all exports, whatever the backend.

{table(heading, rows)}"""


def _settings(backends: Backends) -> str:
    columns = ("channels first", "big-endian", "clone", "loaded")
    rows = [
        [name, *on_each(backends, SETTINGS, name, *columns, "specs")]
        for name in names(backends, SETTINGS)
    ]
    if not rows:
        return ""
    heading = ["network", *headings(backends, *columns, "same spec")]
    return f"""
### Layout, byte order, copies

Small networks with random weights, two clips, the largest difference of scores:

- of the same network built where Keras' `image_data_format` is "channels_first",
- of a big-endian array from a native one, by `predict`,
- of `keras.models.clone_model` with the weights set,
- of `save` and `load_model`;

and whether all of these have the same spec.

{table(heading, rows)}"""


def _halves(backends: Backends) -> str:
    rows = [
        [
            *name.split(", "),
            fact(backends, HALVES, name, "clips"),
            *on_each(backends, HALVES, name, "difference", "same"),
        ]
        for name in names(backends, HALVES)
    ]
    if not rows:
        return ""
    heading = ["network", "policy", "clips"]
    heading += headings(backends, "difference", "same best label")
    return f"""
### Half precision

Published networks built under a dtype policy, beside the same in float32, by `tag`: the
largest difference of scores, and for how many clips the best label is the same. Clips:
the 20 of ESC-10 above; for networks of digits 20 recordings, spread over the Free
Spoken Digits.

{table(heading, rows)}"""


def _containers(backends: Backends) -> str:
    rows = [
        [
            name,
            *(
                fact(backends, CONTAINERS, name, column)
                for column in ("by", "read", "half", "salvaged")
            ),
        ]
        for name in names(backends, CONTAINERS)
    ]
    if not rows:
        return ""
    heading = ["container", "decoded by", "read", "cut in half", "salvaged"]
    return f"""
### Containers

Three seconds of sound, written by libsndfile or ffmpeg. *Read*: what `load_audio` gives
of the whole file; some codecs add or lose a little. *Cut in half*: what it says of the
first half of the file's bytes. *Salvaged*: what `errors="salvage"` gives of that.
Containers without a decoder are refused, whole or not, for the reason given.

{table(heading, rows)}"""


def _tables(backends: Backends) -> str:
    rows = []
    told = []
    for name in names(backends, TABLES):
        columns = ("rows", "clips", "same", "folds")
        rows.append([name, *(fact(backends, TABLES, name, c) for c in columns)])
        told.append(textwrap.fill(fact(backends, TABLES, name, "shared"), 95))
    if not rows:
        return ""
    heading = [
        "data set",
        "rows",
        "clips",
        "names and folds equal",
        "clips of the folds",
    ]
    return f"""
### Published data sets

The published tables' rows, and the clips that `datasets` finds in a folder laid out by
the published names.

{table(heading, rows)}
The warnings that it gives:

```text
{chr(10).join(told)}
```
"""
