"""Networks and their originals: the comparisons of tests/parity, in figures."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np

from kerasaudio.audio import load_audio
from kerasaudio.core import AudioModel
from kerasaudio.models import FACTORIES
from parity.kit import Compared
from parity_tables.figures import Measurement, Row
from support import keras2, originals
from support.goldens import named
from support.originals import Pair
from support.song import RATE

TABLE = "originals"


def worst(pairs: Iterable[Pair]) -> float:
    """Give the largest difference of several."""
    return max(pair.difference for pair in pairs)


def measurements(shared: Path) -> Iterator[Measurement]:
    """Give the rows, one a network."""
    reference = shared / "reference"
    for factory, tag, upstream in originals.MUSICNN:
        yield _row(f"{factory}/{tag}", partial(_musicnn, factory, tag, upstream))
    for factory, tag, upstream in originals.WON:
        measure = partial(_won, factory, tag, upstream, reference)
        yield _row(f"{factory}/{tag}", measure)
    for factory, table in (("SampleCNN", "PLAIN"), ("SampleCNNSE", "EXCITED")):
        yield _row(f"{factory}, filled by rule", partial(_sample_cnn, table))
    for case in keras2.CASES:
        yield _row(f"ReSE2Multi, {case}", partial(_rese2_multi, case))
    yield _row("EfficientAT/audioset", partial(_efficient_at, shared))
    yield _row("AST, filled by rule", _ast)
    yield _row("VGGish, filled by rule", _vggish)
    yield _row("YAMNet/audioset", _yamnet)


def _row(name: str, measure: Callable[[], Row]) -> Measurement:
    return Measurement(TABLE, name, measure)


def ran(module: str, table: str) -> Compared:
    """Run a table of a parity test."""
    # Test modules have no types to check.
    parity = getattr(import_module(f"parity.{module}"), table)
    with tempfile.TemporaryDirectory() as folder:
        found: Compared = parity.run(Path(folder))
    return found


def differences(found: Compared) -> Mapping[str, float]:
    """Give the largest difference of each stage, over all clips."""
    clips = found.table.clips or [""]
    return {
        stage: worst(found.pair(named(clip, stage)) for clip in clips)
        for stage in found.table.stages
    }


def _musicnn(factory: str, tag: str, upstream: str) -> Row:
    table = f"{'VGG' if factory == 'MusicVGG' else 'MUSICNN'}_{tag.upper()}"
    found = ran("test_musicnn_bundled", table)
    windows = [found.pair(upstream), originals.musicnn_window(found.model, upstream)]
    clips = []
    for samples in originals.MUSICNN_LENGTHS:
        pairs = originals.musicnn_clip(found.model, upstream, samples)
        windows.append(pairs["windows"])
        clips.append(pairs["clip"])
    return {
        "original": "musicnn 0.1.0, its TensorFlow graphs",
        "scores": {"windows": worst(windows), "clips": worst(clips)},
    }


def _won(factory: str, tag: str, upstream: str, reference: Path) -> Row:
    model = FACTORIES[factory](weights=tag)
    scores = originals.won_scores(model, tag, upstream, reference)
    return {
        "original": "sota-music-tagging-models, torch",
        "scores": {"windows": scores.difference, "clips": _chunks(model)},
    }


def _chunks(model: AudioModel) -> float:
    clip, want = originals.won_chunks(model)
    return Pair(originals.all_tags(model, clip, RATE), want).difference


def _sample_cnn(table: str) -> Row:
    found = ran("test_sample_cnn", table)
    model = found.model
    spec = model.spec.replace(windows_per_clip=originals.WON_CHUNKS)
    spread = AudioModel(model.input, model.output, spec=spec)
    return {
        "original": "sota-music-tagging-models, torch",
        "scores": {
            "windows": found.pair("predictions").difference,
            "clips": _chunks(spread),
        },
    }


def _rese2_multi(case: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        _, scores = originals.rese2_multi(Path(folder), case, rng)
    return {
        "original": "the paper's network, NumPy",
        "scores": {"windows": scores.difference},
    }


def _efficient_at(shared: Path) -> Row:
    path = shared / "reference" / "mn04_as_mAP_432.pt"
    model = FACTORIES["EfficientAT"](weights=path, classifier_activation=None)
    golden = shared / "reference" / "golden" / "efficientat_mn04_as.npz"
    with np.load(golden) as arrays:
        recorded = dict(arrays)
    signal = originals.efficient_at(model, originals.heard(recorded), recorded, "")
    clips = []
    for clip, name in originals.EFFICIENT_AT_CLIPS.items():
        audio = shared / "data" / "esc10" / "audio" / f"{name}.ogg"
        waveform = load_audio(audio, model.spec.sample_rate)
        clips.append(originals.efficient_at(model, waveform, recorded, f"{clip}_"))
    figures = {
        what: {
            "windows": signal[what].difference,
            "clips": worst(pairs[what] for pairs in clips),
        }
        for what in ("logits", "features")
    }
    return {
        "original": "EfficientAT, torch",
        "logits": figures["logits"],
        "embeddings": figures["features"],
    }


def _ast() -> Row:
    windows = differences(ran("test_ast", "AST"))
    return {
        "original": "transformers, torch",
        "logits": {"windows": windows["predictions"]},
        "embeddings": {"windows": windows["embedding"]},
    }


def _vggish() -> Row:
    found = differences(ran("test_vggish", "FULL_RELU"))
    return {
        "original": "torchvggish, torch",
        "embeddings": {"windows": found["embeddings"], "clips": found["embedding"]},
    }


def _yamnet() -> Row:
    found = ran("test_yamnet", "YAMNET")
    windows, names = differences(found), originals.YAMNET_WAVEFORMS
    clips = [originals.yamnet_clip(found.model, name) for name in names]
    figures = {
        what: {
            "windows": windows[what],
            "clips": worst(pairs[what] for pairs in clips),
        }
        for what in ("scores", "embeddings")
    }
    return {"original": "the published SavedModel, TensorFlow", **figures}
