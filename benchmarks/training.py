"""Training steps on waveforms: ours on every backend, the originals, plain Keras."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from benchmarks.contest import BACKENDS, Contest, Entry, Target
from benchmarks.networks import (
    EFFICIENT_AT_SAMPLES,
    MUSIC_CLASSES,
    SAMPLE_CNN_SAMPLES,
)

AUDIOSET_CLASSES = 527
AST_SAMPLES = 5 * 16_000
AST_SMALL = {  # the transformer of DeiT-small
    "hidden_size": 384,
    "num_layers": 12,
    "num_heads": 6,
    "intermediate_size": 1536,
    "max_length": 512,
}
ROUNDS = 5
TWIN = Target("not slower than the original", 1.0, peers="twin")
PLAIN = Target("not slower than plain Keras layers", 1.0, peers="plain Keras")
FROM_FEATURES = Target("not slower than transformers", 1.0, peers="transformers")


def train(
    factory: str, batch: int, samples: int, classes: int, **arguments: Any
) -> Callable[[], Any]:
    """One training step of a factory's model."""
    import kerasaudio
    from benchmarks.keras_work import noise, training

    model = getattr(kerasaudio, factory)(**arguments)
    return training(model, noise(batch, samples), classes)


def contests() -> list[Contest]:
    return [
        give(backend)
        for give in (_sample_cnn, _efficient_at, _ast)
        for backend in BACKENDS
    ]


def _sample_cnn(backend: str, batch: int = 8) -> Contest:
    said, peers = {"batch": batch}, "benchmarks.peers.sample_cnn"
    plain = Entry(
        f"plain Keras layers, {backend}", f"{peers}:train_keras", said, backend
    )
    twin = Entry("twin of the original, torch", f"{peers}:train_torch", said, "torch")
    return _contest(
        "SampleCNN",
        backend,
        f"{batch} clips of 59,049 samples",
        (batch, SAMPLE_CNN_SAMPLES, MUSIC_CLASSES),
        [plain, twin],
        [PLAIN, TWIN],
    )


def _efficient_at(backend: str, batch: int = 4) -> Contest:
    twin = Entry(
        "twin of the original, torch",
        "benchmarks.peers.efficient_at:train",
        {"batch": batch, "samples": EFFICIENT_AT_SAMPLES},
        "torch",
    )
    return _contest(
        "EfficientAT",
        backend,
        f"{batch} clips of 10 s, width 0.4",
        (batch, EFFICIENT_AT_SAMPLES, AUDIOSET_CLASSES),
        [twin],
        [TWIN],
        {"width": 0.4},
    )


def _ast(backend: str, batch: int = 2) -> Contest:
    peer = Entry(
        "transformers, torch, from features",
        "benchmarks.peers.ast:train",
        {"batch": batch, **AST_SMALL},
        "torch",
        ("transformers",),
    )
    return _contest(
        "AST",
        backend,
        f"{batch} clips of 5 s, the size of DeiT-small",
        (batch, AST_SAMPLES, AUDIOSET_CLASSES),
        [peer],
        [FROM_FEATURES],
        AST_SMALL,
    )


def _contest(
    factory: str,
    backend: str,
    work: str,
    shape: tuple[int, int, int],
    peers: Sequence[Entry],
    targets: Sequence[Target],
    arguments: Mapping[str, Any] = MappingProxyType({}),
) -> Contest:
    """Give the contest of a network on a backend; `shape` is that of `train`."""
    batch, samples, classes = shape
    said = {"batch": batch, "samples": samples, "classes": classes, **arguments}
    ours = Entry(
        f"kerasaudio, {backend}",
        f"{__name__}:train",
        {"factory": factory, **said},
        backend,
        ours=True,
    )
    return Contest(
        f"{factory.lower()}-train",
        f"{factory} on {backend}, training step of {work}",
        "clip",
        batch,
        [ours, *peers],
        targets,
        rounds=ROUNDS,
    )
