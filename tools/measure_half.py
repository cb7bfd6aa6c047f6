"""Measure how far scores move in half precision, and write the page about it.

    pip install -e ".[tensorflow,jax,torch,test]"
    KERAS_BACKEND=tensorflow python tools/measure_half.py ../shared
    KERAS_BACKEND=torch python tools/measure_half.py ../shared --only YAMNet/audioset

SHARED is a folder with `reference/`, files of weights, and `data/`, ESC-10 and the Free
Spoken Digits. Every network whose weights are on this machine is measured on the
backend of Keras: `tag` (or `embed`, without classes) with dtype= beside the same
without. Figures are kept in kerasaudio/core/half_measured.json, from which
`AudioModel.tag` takes what it warns of, and docs/results/half-precision.md is written
from them after each network.
"""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

CHECKOUT = Path(__file__).parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT / "tests")]

from doc_site.tables import table  # noqa: E402

PAGE = CHECKOUT / "docs" / "results" / "half-precision.md"
KEPT = CHECKOUT / "kerasaudio" / "core" / "half_measured.json"
HEAD = """\
# Half precision

How far results move when a network computes in half precision: `dtype="bfloat16"` or
`dtype="float16"` of `tag`, `embed` and `FeatureExtractor`, and `--dtype` of
`kerasaudio tag` and `kerasaudio embed`. Front-ends, layers that read raw samples and
heads stay in float32, and so do the weights, which are cast where they are used.

For networks with classes, the figure is the largest difference of a score (0 to 1) over
all classes and clips, and in brackets the number of clips whose best label is another.
For networks without, it is the largest difference of a feature, of the largest feature
of all clips. Clips: 20 of ESC-10, two of each class; for networks of digits 20
recordings of the Free Spoken Digits. **Bold**: more than 0.01; then `tag`, `embed` and
`FeatureExtractor` warn, once for each model.

Measured on CPUs (no GPU yet: not measured there), with the networks whose weights were
on the machine. A network that has no row was not measured, and the warning says so; an
empty cell was not measured on that backend. How busy the machine was does not matter.

Three things besides front-ends, heads and raw samples are computed in float32, since 30
November 2026; before, MusiCNN/won2020-mtat moved by 2.0e-2 on jax in bfloat16, and
EfficientAT by 2.4e-2 to 3.8e-2 in float16:

- A mean over all bands is taken in float32. jax adds up average pooling in the
  precision of the input, TensorFlow in float16 too: of 96 values near -3 in bfloat16,
  the mean is wrong by 4 % on jax (findings/keras-average-pooling-on-jax.sh). This is
  what moved MusiCNN/won2020-mtat on jax and not elsewhere. By one window of 3 s of each
  of the 20 clips, jax 0.10.2, its scores moved by 2.1e-2 before and 3.7e-3 with this
  mean in float32; in float16 by 2.5e-3 and 5.4e-4.
- A normalization directly behind the front-end computes in float32 as the front-end
  does, since it reads decibels. With it alone the same scores moved by 2.1e-2, with
  both by 3.6e-3.
- Depthwise convolution on jax on CPUs adds its products in float32. Of 25 products in
  bfloat16, not compiled, the sum was wrong by 1.7 %, that of Keras' layer by 0.37 %.

Why EfficientAT moves, by an experiment that no command repeats: 10 of the clips, the
whole network in half precision, parts of it set back to float32, PyTorch 2.13.0 on a
CPU. In brackets the root mean square of the
movement of all logits. Squeeze, excitation, pooling, the dense layers and all blocks
from block 5 on have next to no part in it. It is the first blocks, and in bfloat16
mostly the rounding of their weights, which is the same at every place and so does not
average out: rounded weights alone, with all else in float32, move the logits by 0.134,
those of the first convolution alone by 0.101, outputs of all convolutions by 0.044.

| in float32 | bfloat16 | float16 |
|---|---|---|
| nothing more | 4.7e-02 (0.132) | 2.0e-02 (0.025) |
| dense layers behind the embedding | 4.7e-02 (0.131) | 2.0e-02 (0.025) |
| squeeze and excitation | 4.7e-02 (0.120) | 2.1e-02 (0.025) |
| blocks 5 to 16 and what follows | 4.4e-02 (0.127) | 2.0e-02 (0.025) |
| block 0, the first convolution | 5.5e-02 (0.132) | 5.4e-03 (0.015) |
| blocks 0 and 1 | 4.2e-02 (0.119) | 7.7e-03 (0.013) |
| blocks 0 to 2 | 4.3e-02 (0.079) | 2.4e-03 (0.007) |
| blocks 0 to 4 | 1.6e-02 (0.032) | 8.4e-04 (0.003) |

Block 0 has 1 % of the network's products, and now stays in float32. Blocks 0 to 4 have
more than half of all values between layers, so that little would be left of half
precision. In bfloat16 the network keeps moving by more than 0.01: use float16.

```text
KERAS_BACKEND=tensorflow python tools/measure_half.py ../shared
```
"""


def main(words: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--only", nargs="+", metavar="NETWORK")
    parser.add_argument("--page-only", action="store_true", help="measure nothing")
    options = parser.parse_args(words)
    if not options.page_only:
        measure_all(options)
    write(read())


def measure_all(options: argparse.Namespace) -> None:
    """Measure networks whose weights are here, and keep each figure at once."""
    folders = (options.shared / "reference" / name for name in ("", "music_taggers"))
    os.environ.setdefault("KERASAUDIO_WEIGHTS", os.pathsep.join(map(str, folders)))
    import keras

    import kerasaudio
    from kerasaudio.weights import list_weights, whereabouts

    backend = keras.backend.backend()
    entries = list_weights()
    places = zip(entries, whereabouts(entries), strict=True)
    here = [entry.title for entry, place in places if place.kind != "download"]
    for name in options.only or here:
        row = read()["networks"].get(name, {"moved": {}})
        if not options.only and backend in row["moved"]:
            continue
        model = kerasaudio.load(name)
        moved, others, clips = measure(model, options.shared)
        kept = read()  # again: another backend may have measured meanwhile
        row = kept["networks"].get(name, {"moved": {}, "others": {}, "with": {}})
        row |= {"clips": clips, "scores": model.spec.labels is not None}
        row["with"][backend] = used(backend)
        row["moved"][backend], row["others"][backend] = moved, others
        kept["networks"][name] = row
        print(name, backend, moved, others, flush=True)
        write(kept)
        keras.backend.clear_session()


def measure(model: Any, shared: Path) -> tuple[dict[str, float], dict[str, int], int]:
    """Return by how much a model moves, how many best labels differ, of how many."""
    from parity_tables.settings import sounds

    from kerasaudio.core.half_precision import HALVES, in_half
    from kerasaudio.core.windowed import timeline

    layers = None if model.spec.labels is not None else ["embedding"]
    paths = sounds(model, shared)

    def results(dtype: str | None) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that this is not measured yet
            network = in_half(model, dtype, layers)
        means = [timeline(network, model.spec, path).mean() for path in paths]
        rows = [mean.reshape(-1, mean.shape[-1]).max(axis=0) for mean in means]
        return np.stack(rows)

    exact = results(None)
    scale = 1.0 if layers is None else float(np.abs(exact).max())
    moved, others = {}, {}
    for dtype in HALVES:
        found = results(dtype)
        moved[dtype] = float(f"{np.abs(found - exact).max() / scale:.3g}")
        others[dtype] = int((found.argmax(axis=1) != exact.argmax(axis=1)).sum())
    return moved, others, len(paths)


def used(backend: str) -> str:
    """Return the versions at work, and the day."""
    packages = (f"{name} {version(name)}" for name in (backend, "keras"))
    return f"{', '.join(packages)}, {date.today().isoformat()}"


def read() -> dict[str, Any]:
    """Return the figures."""
    found: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def write(kept: Mapping[str, Any]) -> None:
    """Keep the figures, and write the page from them."""
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept), encoding="utf-8")


def page(kept: Mapping[str, Any]) -> str:
    """Return the page."""
    from kerasaudio.core.half_precision import HALVES

    backends = ("tensorflow", "jax", "torch")
    heads = [f"{dtype}, {backend}" for dtype in HALVES for backend in backends]
    rows = [
        [
            name,
            "scores" if row["scores"] else "features",
            *(_cell(row, backend, dtype) for dtype in HALVES for backend in backends),
        ]
        for name, row in sorted(kept["networks"].items())
    ]
    rows_with = (row["with"].values() for row in kept["networks"].values())
    measured = "".join(f"- {each}\n" for each in sorted(set().union(*rows_with)))
    figures = table(["network", "what", *heads], rows)
    return f"{HEAD}\nMeasured with:\n\n{measured}\n{figures}\n"


def _cell(row: Mapping[str, Any], backend: str, dtype: str) -> str:
    from kerasaudio.core.half_precision import LARGEST_MOVE

    if backend not in row["moved"]:
        return ""
    moved, others = row["moved"][backend][dtype], row["others"][backend][dtype]
    said = f"{moved:.1e}"
    if moved > LARGEST_MOVE:
        said = f"**{said}**"
    return f"{said} ({others})" if row["scores"] else said


if __name__ == "__main__":
    main()
