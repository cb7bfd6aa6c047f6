"""What everyone who hears clips answers, beside the rule's own answer.

tests/models says how near is near enough, tools/measure_parity.py how near it is.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import keras
import numpy as np

import kerasaudio
from kerasaudio import hear
from kerasaudio.cli import tagging
from kerasaudio.cli.scores import Choice
from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabeledClips
from kerasaudio.evaluation import evaluate, predict_clips
from kerasaudio.features import FeatureExtractor
from kerasaudio.models import FACTORIES
from kerasaudio.transfer.waveforms import load_waveforms
from support.originals import Pair, Pairs, all_tags
from support.small import small
from support.song import song
from support.sounds import write

LENGTHS = (0.5, 1, 1.7, 2, 2.5)  # windows
SPREAD = "SampleCNN, spread"
# They begin as CNN6, AST or Wav2Vec2 do, and one function gives them its rule.
LIKE_ANOTHER = {
    *("AudioMAE", "HuBERT"),
    *("CNN10", "CNN14", "CNN14DecisionLevelAtt", "CNN14DecisionLevelMax"),
    *("PANNsMobileNetV1", "PANNsMobileNetV2", "PANNsResNet", "WavegramLogmelCNN14"),
}
NAMES = (*sorted(FACTORIES.keys() - LIKE_ANOTHER), SPREAD)
LABELS = ["knock", "bark", "nothing"]
# Their first kernels, as Keras makes them, leave nothing of the sound.
DEPTHWISE = ("EfficientAT", "YAMNet")
# The rule that goes with a head of the original's, not with one's own.
PUBLISHED = {
    "EdgeL3": "full",
    "MusiCNN": "drop",
    "MusicVGG": "drop",
    "OpenL3": "full",
    "SpeakerEncoder": "drop",
    "VGGish": "drop",
    "YAMNet": "full",
}


def network(factory: str) -> AudioModel:
    """Build a small network with labels, whose scores depend on what it hears."""
    keras.utils.set_random_seed(1)
    model = FACTORIES[factory](**small(factory), labels=LABELS)
    if factory in DEPTHWISE:
        _fill(model)
    return model


def build(name: str) -> AudioModel:
    """Build a small network that hears clips as its original does."""
    model = network(name.partition(",")[0])
    spec = model.spec.replace(rest=PUBLISHED.get(name, "count"))
    if name == SPREAD:
        spec = spec.replace(windows_per_clip=4)
    return AudioModel(model.input, model.output, name="one", spec=spec)


def _fill(model: AudioModel) -> None:
    """Give kernels of such a size that sound arrives at the network's end."""
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if weight.path.endswith("kernel") and len(weight.shape) == 4:
            height, width, channels, out = weight.shape
            fan = height * width * (1 if out == 1 else channels)
            values = rng.normal(0, np.sqrt(2 / fan), weight.shape)
            weight.assign(values.astype("float32"))


def clips_for(model: AudioModel, folder: Path) -> LabeledClips:
    """Write clips from half a window to two and a half long."""
    spec = model.spec
    rate = spec.sample_rate
    window = spec.window_samples
    if spec.whole_samples:  # beyond what is heard whole, too
        window = spec.whole_samples // 2 + rate
    waveforms = [song(max(round(n * window), rate // 20 + 1)) for n in LENGTHS]
    paths = [
        write(folder / f"{i}.wav", waveform, rate)
        for i, waveform in enumerate(waveforms)
    ]
    labels = np.arange(len(paths)) % 3
    return LabeledClips("clips", tuple(paths), labels, tuple(LABELS))


def answer(model: AudioModel, path: Path) -> np.ndarray:
    """Give a clip's answer straight from the rule, window by window.

    A network with a state hears the clip in one piece.
    """
    waveform = kerasaudio.load_audio(path, model.spec.sample_rate)
    if model.spec.step_samples is not None:
        return model.predict_on_batch(waveform[None])[0]
    cut = model.spec.rule.cut(waveform)
    each = [model.predict_on_batch(window.samples[None])[0] for window in cut]
    weights = [window.weight for window in cut]
    return np.average(np.asarray(each, "float64"), axis=0, weights=weights)


def clip_answers(model: AudioModel, clips: LabeledClips, cache: Path) -> Pairs:
    """Give, by who answers, the scores of clips and the rule's, (clips, classes)."""
    want = np.stack([answer(model, path) for path in clips.paths])
    paths = list(clips.paths)
    rate = model.spec.sample_rate
    waveforms = [kerasaudio.load_audio(path, rate) for path in paths]
    extractor = FeatureExtractor(model, "predictions", cache=cache)
    table = extractor.extract(paths)
    rows = [table.paths.index(path) for path in paths]
    found = tagging.tag_files(model, paths, Choice(None, 3, None), with_timeline=True)
    given = {
        "tag": [all_tags(model, path) for path in paths],
        "tag, arrays": [_ordered(model, t) for t in model.tag(waveforms, rate, top=3)],
        "tag_files": [_ordered(model, tagged.tags) for tagged in found],
        "FeatureExtractor": extractor(paths),
        "extract": table.vectors[rows],
        "predict_clips": predict_clips(model, clips, batch_size=4),
        "measure": evaluate(model, clips).scores,
    }
    if model.spec.rest == "count" and not model.spec.windows_per_clip:
        # A head of one's own, which `transfer` trains, has no other rule.
        held = load_waveforms(clips.paths, model.spec, None)
        given["transfer"] = held.answers(model, np.arange(len(clips)), 4)
    return {who: Pair(np.asarray(scores), want) for who, scores in given.items()}


def _ordered(model: AudioModel, tags: list[tuple[str, float]]) -> list[float]:
    by_label = dict(tags)
    return [by_label[label] for label in model.spec.labels or ()]


def over_time(model: AudioModel, paths: Iterable[Path]) -> Iterator[Pairs]:
    """Give, for each clip, what a stream and an extractor hear window by window.

    Their mean stands beside the clip's answer where that is of the same windows.
    """
    rate = model.spec.sample_rate
    extractor = FeatureExtractor(model, "predictions", pool=None)
    for path in paths:
        waveform = kerasaudio.load_audio(path, rate)
        rows = extractor.timeline(waveform, rate)
        pieces = np.array_split(waveform, 9)
        heard = list(kerasaudio.Stream(model, None).run(pieces, rate))
        pairs = {
            "starts": Pair(np.array([h.start for h in heard]), rows.starts),
            "ends": Pair(np.array([h.end for h in heard]), rows.ends),
            "scores": Pair(np.array([h.scores for h in heard]), rows.vectors),
        }
        if model.spec == model.spec.over_time():
            weights = [h.weight for h in heard]
            mean = np.average(rows.vectors, axis=0, weights=weights)
            pairs["mean"] = Pair(mean, answer(model, path))
        yield pairs


def scenes(model: AudioModel, paths: Iterable[Path]) -> Iterator[Pair]:
    """Give HEAR's scene embeddings and `embed`'s; none at a rate unknown to HEAR."""
    rate = model.spec.sample_rate
    if rate not in hear.SAMPLE_RATES:
        return
    listener = hear.HearModel(model)
    for path in paths:
        waveform = kerasaudio.load_audio(path, rate)
        heard = hear.get_scene_embeddings(waveform[None], listener)
        got = keras.ops.convert_to_numpy(heard)[0]
        yield Pair(got, model.embed(waveform, rate))
