"""Whole networks on waveforms: ours on every backend, and the originals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contest import BACKENDS, Contest, Entry, Target

PATCH_SAMPLES = 187 * 256
SAMPLE_CNN_SAMPLES = 59_049
EFFICIENT_AT_SAMPLES = 10 * 32_000
MUSIC_CLASSES = 50


def predict(
    factory: str, batch: int, samples: int, **arguments: Any
) -> Callable[[], Any]:
    """A factory's model, from waveforms to predictions."""
    import kerasaudio
    from benchmarks.keras_work import noise, predicting

    model = getattr(kerasaudio, factory)(**arguments)
    return predicting(model, noise(batch, samples))


def contests(musicnn_wheel: Path | None) -> list[Contest]:
    """Give the contests.

    Args:
        musicnn_wheel: Path of musicnn 0.1.0's wheel, which holds the original graphs;
            without it they are left out.
    """
    return [
        *(
            _musicnn(factory, checkpoint, batch, musicnn_wheel)
            for factory, checkpoint in (
                ("MusiCNN", "MTT_musicnn"),
                ("MusicVGG", "MTT_vgg"),
            )
            for batch in (8, 1)
        ),
        _efficient_at(batch=8),
        _sample_cnn(batch=8),
    ]


def _ours(factory: str, batch: int, samples: int, **arguments: Any) -> list[Entry]:
    said = {"factory": factory, "batch": batch, "samples": samples, **arguments}
    return [
        Entry(f"kerasaudio, {name}", f"{__name__}:predict", said, name, ours=True)
        for name in BACKENDS
    ]


def _musicnn(factory: str, checkpoint: str, batch: int, wheel: Path | None) -> Contest:
    original = Entry(
        "original TensorFlow 1 graph, from log-mel patches",
        "benchmarks.peers.musicnn:graph",
        {"wheel": str(wheel), "checkpoint": checkpoint, "batch": batch},
        "tensorflow",
        trouble="" if wheel else "not measured: give --musicnn-wheel",
    )
    return Contest(
        factory.lower(),
        f"{factory} of musicnn 0.1.0, batch of {batch}, waveform to tags",
        "patch of 3 s",
        batch,
        [*_ours(factory, batch, PATCH_SAMPLES, weights="mtat"), original],
        [Target("not slower than the original graph", 1.0)],
    )


def _efficient_at(batch: int) -> Contest:
    twin = Entry(
        "twin of the original, torch",
        "benchmarks.peers.efficient_at:predict",
        {"batch": batch, "samples": EFFICIENT_AT_SAMPLES},
        "torch",
    )
    return Contest(
        "efficientat",
        f"EfficientAT mn04, batch of {batch} clips of 10 s, waveform to logits",
        "clip",
        batch,
        [
            *_ours(
                "EfficientAT",
                batch,
                EFFICIENT_AT_SAMPLES,
                width=0.4,
                classifier_activation=None,
            ),
            twin,
        ],
        [
            Target(
                "at most 15 ms a clip on TensorFlow",
                seconds=0.015,
                backends=("tensorflow",),
            )
        ],
    )


def _sample_cnn(batch: int) -> Contest:
    twin = Entry(
        "twin of the original, torch",
        "benchmarks.peers.sample_cnn:predict_torch",
        {"batch": batch},
        "torch",
    )
    return Contest(
        "samplecnn",
        f"SampleCNN, batch of {batch} clips of 59,049 samples, waveform to tags",
        "clip",
        batch,
        [*_ours("SampleCNN", batch, SAMPLE_CNN_SAMPLES), twin],
        [Target("1.5 times as fast as the original", 1.5)],
    )
