"""Networks and their originals: the comparisons of tests/parity, in figures."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from kerasaudio.audio import load_audio
from kerasaudio.core import AudioModel
from kerasaudio.models import FACTORIES
from parity_tables.figures import Measurement, Row
from support import keras2, originals, seeded_ast, seeded_vggish
from support.originals import Pair
from support.seeding import seeded
from support.song import RATE
from support.tf1_checkpoint import write_tf1_checkpoint

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
    for kind, (factory, _) in originals.SAMPLE_CNN.items():
        yield _row(f"{factory}, filled by rule", partial(_sample_cnn, kind))
    for case in keras2.CASES:
        yield _row(f"ReSE2Multi, {case}", partial(_rese2_multi, case))
    yield _row("EfficientAT/audioset", partial(_efficient_at, shared))
    yield _row("AST, filled by rule", _ast)
    yield _row("VGGish, filled by rule", _vggish)
    yield _row("YAMNet/audioset", _yamnet)


def _row(name: str, measure: Callable[[], Row]) -> Measurement:
    return Measurement(TABLE, name, measure)


def _musicnn(factory: str, tag: str, upstream: str) -> Row:
    model = FACTORIES[factory](weights=tag)
    windows = list(originals.musicnn_windows(model, upstream).values())
    clips = []
    for samples in originals.MUSICNN_LENGTHS:
        pairs = originals.musicnn_clip(model, upstream, samples)
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


def _sample_cnn(kind: str) -> Row:
    model = originals.seeded_sample_cnn(kind)
    pairs = originals.sample_cnn_stages(model, kind)
    spec = model.spec.replace(windows_per_clip=originals.WON_CHUNKS)
    spread = AudioModel(model.input, model.output, spec=spec)
    return {
        "original": "sota-music-tagging-models, torch",
        "scores": {
            "windows": pairs["predictions"].difference,
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
    with tempfile.TemporaryDirectory() as folder:
        path = seeded_ast.write(Path(folder))
        model = FACTORIES["AST"](weights=path, classifier_activation=None)
        clips = [originals.ast_clip(model, name) for name in seeded_ast.SECONDS]
    return {
        "original": "transformers, torch",
        "logits": {"windows": worst(pairs["predictions"] for pairs in clips)},
        "embeddings": {"windows": worst(pairs["embedding"] for pairs in clips)},
    }


def _vggish() -> Row:
    want = originals.golden("vggish_seeded.npz")["embeddings"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vggish_model.ckpt"
        tensors = seeded(seeded_vggish.SHAPES)
        write_tf1_checkpoint(path, seeded_vggish.official(tensors))
        model = FACTORIES["VGGish"](weights=path, embedding_activation="relu")
        windows = originals.vggish_taps(model)["embeddings"]
        clip = model.predict(seeded_vggish.waveform()[None], verbose=0)[0]
    return {
        "original": "torchvggish, torch",
        "embeddings": {
            "windows": Pair(windows, want).difference,
            "clips": Pair(clip, want.mean(axis=0)).difference,
        },
    }


def _yamnet() -> Row:
    model = FACTORIES["YAMNet"](weights="audioset")
    windows, clips = (
        [compare(model, name) for name in originals.YAMNET_WAVEFORMS]
        for compare in (originals.yamnet_windows, originals.yamnet_clip)
    )
    figures = {
        what: {
            "windows": worst(pairs[what] for pairs in windows),
            "clips": worst(pairs[what] for pairs in clips),
        }
        for what in ("scores", "embeddings")
    }
    return {"original": "the published SavedModel, TensorFlow", **figures}
