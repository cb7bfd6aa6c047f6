"""The rows of the tables: what is measured, where, and what it is meant to reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.contest import BACKENDS


@dataclass(frozen=True)
class Row:
    """Something to be measured.

    Attributes:
        key: Word that picks it on the command line.
        title: What it is, in the table.
        function: ``"module:function"`` in this package, which takes `quick` and gives
            figures by name.
        backends: Backends on which it is measured.
        seconds: Longest time it may take; after that its process is ended.
        reach: Backend -> limit of the first figure.
        before: Backend -> the first figure as it was measured on `BEFORE`; "" for all.
        needs: Module that must be installed.
    """

    key: str
    title: str
    function: str
    backends: tuple[str, ...] = BACKENDS
    seconds: int = 50
    reach: Mapping[str, float] = field(default_factory=dict)
    before: Mapping[str, float] = field(default_factory=dict)
    needs: str = ""


BEFORE = "28 November 2026, one H200, jax 0.11.2, torch 2.11, Keras 3.15.1"
_ALL = dict.fromkeys(BACKENDS, 1e-5)
_TWIN = ("torch",)

EXACT = (
    Row("log-mel", "mel spectrogram 512/256/96", "exact:mel", reach=_ALL),
    Row("stft", "STFT by matrix products", "exact:stft", reach=_ALL),
    Row("stft-69", "STFT, n_fft 69", "exact:stft_69", reach=_ALL),
    Row("mn04", "EfficientAT mn04, logits", "exact:mn04", seconds=80, reach=_ALL),
    Row("musicnn", "MusiCNN, scores", "exact:musicnn", reach=_ALL),
    Row("musicvgg", "MusicVGG, scores", "exact:musicvgg", reach=_ALL),
)
FAST = (
    Row(
        "log-mel",
        "log-mel 512/256/96, 1,024 x 3 s",
        "fast:log_mel",
        reach={"jax": 0.8, "torch": 1.5},
        before={"jax": 1.1, "torch": 2.3},
    ),
    Row(
        "log-mel",
        "the same, torchaudio",
        "peers:torchaudio",
        _TWIN,
        needs="torchaudio",
        before={"": 1.74},
    ),
    Row(
        "log-mel",
        "the same, nnAudio",
        "peers:nnaudio",
        _TWIN,
        needs="nnAudio",
        before={"": 12.3},
    ),
    Row(
        "mn04",
        "EfficientAT mn04, 64 x 10 s",
        "fast:mn04",
        seconds=80,
        reach={"torch": 6},
        before={"jax": 3.4, "torch": 45},
    ),
    Row("mn04", "the same, 1 x 10 s", "fast:mn04_alone", reach={"torch": 4}),
    Row(
        "mn04", "the original's twin, 64 x 10 s", "peers:mn04", _TWIN, before={"": 8.65}
    ),
    Row(
        "samplecnn",
        "SampleCNN, 64 x 59,049",
        "fast:sample_cnn",
        reach={"torch": 5},
        before={"jax": 2.3, "torch": 17},
    ),
    Row(
        "samplecnn", "the original's twin", "peers:sample_cnn", _TWIN, before={"": 6.8}
    ),
    Row(
        "training",
        "SampleCNN, training step, 64",
        "fast:training",
        seconds=90,
        reach={"jax": 15, "torch": 20},
        before={"jax": 18.4, "torch": 65},
    ),
    Row(
        "training",
        "the original's twin",
        "peers:training",
        _TWIN,
        before={"": 23.7},
    ),
    Row(
        "ast",
        "AST, 64 x 10 s, bfloat16",
        "fast:ast",
        seconds=60,
        reach={"jax": 45, "torch": 45},
        before={"jax": 50, "torch": 73},
    ),
    Row(
        "ast",
        "transformers, features given",
        "peers:ast",
        _TWIN,
        needs="transformers",
        before={"": 45},
    ),
    Row(
        "from-numpy",
        "EfficientAT mn04, predict from NumPy, 64 x 10 s",
        "fast:mn04_from_numpy",
        before={"jax": 39, "torch": 112},
    ),
    Row(
        "from-numpy",
        "log-mel from NumPy, 1,024 x 3 s",
        "fast:log_mel_from_numpy",
        before={"jax": 111, "torch": 141},
    ),
    Row(
        "first",
        "EfficientAT mn04, first predict of a process",
        "first:predict",
        seconds=90,
        before={"jax": 17_000, "torch": 2_000},
    ),
    Row(
        "first",
        "EfficientAT mn04, first training step of a process",
        "first:fit",
        seconds=120,
        before={"jax": 39_000},
    ),
)
COMPARED = EXACT[3:]  # with networks in float64 on the CPU
TABLES = {"exact": EXACT, "fast": FAST}
KEYS = tuple(dict.fromkeys(row.key for rows in TABLES.values() for row in rows))
