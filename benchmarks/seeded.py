"""Published networks with seeded weights, for our entries and for the originals.

Weights follow the rule of the golden files in tests/golden, key by key of the original's
state dict, so that every process makes the same, and no file need be fetched.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SUFFIXES = {"panns": ".pth", "ced": ".pt", "beats": ".pt"}


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
    from support.torch_files import write_state

    import kerasaudio

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
