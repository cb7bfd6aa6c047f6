"""Recognize speakers, whatever they say: a Siamese network on spoken digits.

    python tools/train/fsdd_speakers.py fsdd/ --out build/fsdd.json

Two protocols, on all pairs of test clips: (1) "clips": the official split, takes 0 to 4
held out; (2) "speakers": two of the six speakers held out, three times, so that each is
once unknown. Every clip is brought to the same level, since the speakers' microphones
differ in that, looped to a second, and compared by the cosine of its vectors. Reported:
equal error rate, ROC curve and nearest-neighbor accuracy (among the test clips), for
the mean of the MFCC, for the published SpeakerEncoder, which has heard none of these
speakers, and for the network before and after training.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from tqdm import tqdm

import kerasaudio
from kerasaudio import layers, similarity
from kerasaudio.datasets.fsdd import FSDD, SAMPLE_RATE
from kerasaudio.models import SpeakerEncoder

LEVEL = 0.05  # root mean square
LOOPED = SAMPLE_RATE  # what a clip is repeated or cut to, in samples
CROP = SAMPLE_RATE // 2  # what training sees of it
# Each makes other speakers of the speakers, as Kaldi's recipes do.
SPEEDS = (0.7, 0.76, 0.82, 0.88, 0.94, 1.0, 1.07, 1.15, 1.23, 1.32, 1.42)
ROC_POINTS = 101

ENCODERS: dict[str, Callable[..., keras.Model]] = {
    "convolutional": similarity.ConvolutionalEncoder,
    "recurrent": similarity.RecurrentEncoder,
}
LOSSES: dict[str, Callable[[], keras.losses.Loss]] = {
    "nt-xent": similarity.NTXentLoss,
    "triplet": similarity.TripletLoss,
    "contrastive": similarity.ContrastiveLoss,
}


class Split(NamedTuple):
    """Which clips are learned from and which are compared, by their positions."""

    protocol: str
    held_out: str
    train: np.ndarray
    test: np.ndarray


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both protocols and write what was measured."""
    options = parser().parse_args(arguments)
    data = FSDD(options.folder, label="speaker")
    started = time.perf_counter()
    looped = load(data, SPEEDS)
    print(f"{len(data)} clips in {time.perf_counter() - started:.0f} s")
    results = []
    for split in splits(data):
        if options.protocol in ("both", split.protocol):
            results.append(measure(data, looped, split, options))
            print(as_text(results[-1]), flush=True)
            if options.pictures is not None:
                draw(results[-1], options.pictures)
    report = {
        "settings": {
            key: value
            for key, value in vars(options).items()
            if not isinstance(value, Path)
        },
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
        "python": platform.python_version(),
        "seconds": round(time.perf_counter() - started, 1),
        "results": results,
    }
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        print(f"wrote {options.out}")
    return 0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = made.add_argument
    add("folder", type=Path, help="of the data set, with recordings/ in it")
    add("--protocol", choices=("clips", "speakers", "both"), default="both")
    add("--encoder", choices=ENCODERS, default="convolutional")
    add("--loss", choices=LOSSES, default="nt-xent")
    add("--epochs", type=int, default=12)
    add("--batches", type=int, default=50, help="in an epoch (default 50)")
    add("--clips-per-class", type=int, default=4, help="in a batch (default 4)")
    add("--learning-rate", type=float, default=1e-3)
    add("--seed", type=int, default=0, help="of weights, batches, augmentation")
    add("--out", type=Path, help="JSON file for the results")
    add("--pictures", type=Path, help="folder for the ROC curves; needs [plot]")
    return made


def load(data: FSDD, speeds: Sequence[float]) -> dict[float, np.ndarray]:
    """Read all clips: speed -> float32 (clips, LOOPED), looped and of one level."""
    looped = {
        speed: np.empty((len(data), LOOPED), np.float32) for speed in (1.0, *speeds)
    }
    for row, path in enumerate(tqdm(data.paths, unit="clip", disable=None)):
        clip = kerasaudio.load_audio(path, SAMPLE_RATE)
        clip = clip * (LEVEL / np.sqrt(np.mean(clip**2)))
        for speed, rows in looped.items():
            heard = clip
            if speed != 1:
                heard = kerasaudio.resample(
                    clip, SAMPLE_RATE, round(SAMPLE_RATE / speed)
                )
            rows[row] = np.resize(heard, LOOPED)
    return looped


def splits(data: FSDD) -> Iterator[Split]:
    """Give the protocols' splits; the speakers are held out in alphabetical pairs."""
    yield Split("clips", "takes 0-4", *data.official_split())
    names = data.class_names
    for pair in (names[start : start + 2] for start in range(0, len(names), 2)):
        yield Split("speakers", " + ".join(pair), *data.speaker_split(pair))


def measure(
    data: FSDD,
    looped: dict[float, np.ndarray],
    split: Split,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Train on one split and compare its test clips before and after."""
    clips, labels = looped[1.0][split.test], data.targets[split.test]
    model = build(options)
    figures = {
        "mean MFCC": verify(mean_mfcc(clips), labels),
        "mean MFCC without the first": verify(mean_mfcc(clips)[:, 1:], labels),
        "SpeakerEncoder ge2e": verify(published(clips), labels),
        "untrained encoder": verify(predict(model.encoder, clips), labels),
        "untrained projection": verify(predict(model, clips), labels),
    }
    started = time.perf_counter()
    history = model.fit(
        batches(data, looped, split, options),
        epochs=options.epochs,
        verbose=1 if sys.stdout.isatty() else 2,
    )
    seconds = time.perf_counter() - started
    figures["trained encoder"] = verify(predict(model.encoder, clips), labels)
    figures["trained projection"] = verify(predict(model, clips), labels)
    return {
        "protocol": split.protocol,
        "held_out": split.held_out,
        "train_clips": len(split.train),
        "test_clips": len(split.test),
        "training_seconds": round(seconds, 1),
        "loss": [round(float(value), 4) for value in history.history["loss"]],
        "figures": figures,
    }


def build(options: argparse.Namespace) -> similarity.Siamese:
    """Build and compile the network that the command line asks for."""
    keras.utils.set_random_seed(options.seed)  # a split alone gives the same figures
    model = similarity.Siamese(ENCODERS[options.encoder](SAMPLE_RATE))
    steps = options.epochs * options.batches
    rate = keras.optimizers.schedules.CosineDecay(options.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate), LOSSES[options.loss]())
    return model


def batches(
    data: FSDD,
    looped: dict[float, np.ndarray],
    split: Split,
    options: argparse.Namespace,
) -> keras.utils.PyDataset:
    """Give the training batches: each speaker at each speed is a class of its own."""
    clips = np.concatenate([rows[split.train] for rows in looped.values()])
    speakers = len(data.class_names)
    labels = np.concatenate(
        [data.targets[split.train] + n * speakers for n in range(len(looped))]
    )
    shared: dict[str, Any] = {
        "batches": options.batches,
        "seed": options.seed,
        "augment": augment,
    }
    if options.loss == "contrastive":
        size = options.clips_per_class * len(np.unique(labels)) // 2
        return similarity.PairBatches(clips, labels, size, **shared)
    return similarity.ClassBatches(
        clips, labels, clips_per_class=options.clips_per_class, **shared
    )


def augment(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give a part of a looped clip, with another color and some noise."""
    start = rng.integers(len(clip) - CROP + 1)
    part = clip[start : start + CROP]
    tilt = rng.uniform(-0.5, 0.5)  # a microphone brighter or duller
    colored = part.copy()
    colored[1:] += tilt * part[:-1]
    noise = rng.normal(0, LEVEL * 10 ** rng.uniform(-2.5, -1), CROP)
    return colored * LEVEL / (np.sqrt(np.mean(colored**2)) + 1e-4) + noise


def mean_mfcc(clips: np.ndarray) -> np.ndarray:
    """Give the mean over time of 20 coefficients, windows of 32 ms."""
    layer = layers.MFCC(SAMPLE_RATE, 20, n_fft=256, hop_length=80, n_mels=64)
    parts = [layer(clips[i : i + 100]) for i in range(0, len(clips), 100)]
    return np.concatenate([keras.ops.convert_to_numpy(p).mean(axis=1) for p in parts])


def published(clips: np.ndarray) -> np.ndarray:
    """Give the vectors of SpeakerEncoder/ge2e; clips are looped to its window."""
    model = SpeakerEncoder(weights="ge2e")
    length = model.spec.window_samples
    windows = [
        np.resize(
            kerasaudio.resample(clip, SAMPLE_RATE, model.spec.sample_rate), length
        )
        for clip in clips
    ]
    return predict(model, np.stack(windows))


def predict(model: keras.Model, clips: np.ndarray) -> np.ndarray:
    """Give a vector a clip."""
    return model.predict(clips, batch_size=100, verbose=0)


def verify(vectors: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Compare all pairs by cosine."""
    scores, same = similarity.pair_scores(vectors, labels)
    curve = similarity.roc_curve(scores, same)
    grid = np.linspace(0, 1, ROC_POINTS)
    rates = np.interp(grid, curve.false_positive_rate, curve.true_positive_rate)
    return {
        "equal_error_rate": similarity.equal_error_rate(scores, same),
        "nearest_neighbor_accuracy": similarity.nearest_neighbor_accuracy(
            vectors, labels
        ),
        "pairs": len(scores),
        "roc": {
            "false_positive_rate": grid.round(4).tolist(),
            "true_positive_rate": rates.round(4).tolist(),
        },
    }


def draw(result: dict[str, Any], folder: Path) -> Path:
    """Draw the ROC curves of one result."""
    from kerasaudio import plot

    folder.mkdir(parents=True, exist_ok=True)
    held_out = result["held_out"].replace(" + ", "-").replace(" ", "-")
    curves = [figure["roc"] for figure in result["figures"].values()]
    return plot.roc_curve(
        [curve["false_positive_rate"] for curve in curves],
        [curve["true_positive_rate"] for curve in curves],
        folder / f"fsdd-roc-{held_out}.png",
        labels=list(result["figures"]),
        title=f"FSDD, held out: {result['held_out']}",
    )


def as_text(result: dict[str, Any]) -> str:
    """Give one result as lines of text."""
    lines = [
        f"{result['protocol']}, held out {result['held_out']}: trained in "
        f"{result['training_seconds']:.0f} s, {result['test_clips']} test clips"
    ]
    for name, figure in result["figures"].items():
        lines.append(
            f"  {name:28s} EER {figure['equal_error_rate']:6.2%}   nearest neighbor "
            f"{figure['nearest_neighbor_accuracy']:6.2%}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
