"""Published networks with seeded weights: ours on every backend, and the originals.

Weights follow the rule of the golden files in tests/golden, key by key of the
original's state dict, so every process makes the same, and no file need be fetched.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contest import BACKENDS, Contest, Entry, Target

SUFFIXES = {"panns": ".pth", "ced": ".pt", "beats": ".pt"}


NEEDS = ("librosa",)  # it makes tables that the originals store


def contests() -> list[Contest]:
    return [
        _contest(
            "cnn14",
            "CNN14 of PANNs",
            10 * 32_000,
            8,
            {"factory": "CNN14", "golden": "panns_cnn14"},
            "panns",
            Target("1.3 times as fast as the original", 1.3),
        ),
        *(
            _contest(
                key,
                title,
                10 * 16_000,
                batch,
                arguments,
                arguments["factory"].lower(),
                Target("not slower than the original", 1.0),
            )
            for key, title, arguments in (
                ("ced-tiny", "CED tiny", {"factory": "CED", "golden": "ced_tiny"}),
                ("beats-base", "BEATs", {"factory": "BEATs", "golden": "beats_base"}),
            )
            for batch in (1, 8)
        ),
    ]


def _contest(
    key: str,
    title: str,
    samples: int,
    batch: int,
    arguments: dict[str, str],
    peer: str,
    target: Target,
) -> Contest:
    said = {**arguments, "batch": batch, "samples": samples}
    ours_ = [
        Entry(f"kerasaudio, {name}", f"{__name__}:predict", said, name, NEEDS, True)
        for name in BACKENDS
    ]
    build = f"benchmarks.peers.{peer}:predict"
    original = Entry("twin of the original, torch", build, said, "torch", NEEDS)
    return Contest(
        key,
        f"{title}, batch of {batch} clips of 10 s, waveform to tags",
        "clip",
        batch,
        [*ours_, original],
        [target],
    )


def state(golden: str) -> dict[str, np.ndarray]:
    """Give the state dict of the original of a golden file, such as "panns_cnn14"."""
    from support.beats import sharing
    from support.ced import with_original_keys
    from support.goldens import Golden
    from support.torchlibrosa import torchlibrosa_tables

    of, family = Golden.read(golden), _family(golden)
    if family == "panns":
        return of.state(torchlibrosa_tables())
    return (with_original_keys if family == "ced" else sharing)(of.state())


def ours(factory: str, golden: str, **arguments: Any) -> Any:
    """Give a factory's model with these weights, read from a file of the original."""
    import kerasaudio
    from support.torch_files import write_state

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "seeded").with_suffix(SUFFIXES[_family(golden)])
        write_state(path, state(golden))
        return getattr(kerasaudio, factory)(weights=path, **arguments)


def predict(
    factory: str, golden: str, batch: int, samples: int, **arguments: Any
) -> Callable[[], Any]:
    """The model of `ours`, from waveforms to predictions, as work to be timed."""
    from benchmarks.keras_work import noise, predicting

    return predicting(ours(factory, golden, **arguments), noise(batch, samples))


def _family(golden: str) -> str:
    return golden.partition("_")[0]
