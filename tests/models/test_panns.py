"""The networks of PANNs: their sizes, their lengths, and what they say of files."""

import re
from functools import cache

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.core.heads import scorer
from kerasaudio.weights import find
from support.goldens import GOLDEN, Golden
from support.seeding import read_shapes, seeded
from support.small import small
from support.torch_files import write_state
from support.torchlibrosa import BANK, STFT, torchlibrosa_tables

FILES = {  # by the factory that reads them
    "CNN6": "panns_cnn6",
    "CNN10": "panns_cnn10",
    "CNN14": "panns_cnn14_small",
    "CNN14DecisionLevelAtt": "panns_dlatt_small",
    "PANNsMobileNetV1": "panns_mobilenetv1_gain",
    "PANNsMobileNetV2": "panns_mobilenetv2_gain",
    "PANNsResNet": "panns_resnet22_small",
    "WavegramLogmelCNN14": "panns_wavegram_small",
}
DECISIONS = ("CNN14DecisionLevelMax", "CNN14DecisionLevelAtt")


@pytest.fixture(scope="module")
def cnn6():
    return kerasaudio.CNN6()


@pytest.fixture
def state():
    return Golden.read("panns_cnn6").state(torchlibrosa_tables())


def parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_it_has_the_published_number_of_parameters(cnn6):
    assert parameters(cnn6) == 4_837_455
    assert cnn6.output_shape == (None, 527)
    assert cnn6.get_layer("embedding").output.shape == (None, 512)


@pytest.mark.parametrize(
    ("factory", "arguments", "count"),
    [
        ("CNN10", {}, 5_219_279),
        ("PANNsMobileNetV1", {}, 4_796_303),
        ("PANNsMobileNetV2", {}, 4_075_343),
        pytest.param("CNN14", {}, 80_753_615, marks=pytest.mark.slow),
        pytest.param("CNN14DecisionLevelMax", {}, 80_753_615, marks=pytest.mark.slow),
        # Less 1,054 of a normalization that upstream does not use.
        pytest.param("CNN14DecisionLevelAtt", {}, 81_833_438, marks=pytest.mark.slow),
        pytest.param("PANNsResNet", {"depth": 22}, 63_675_087, marks=pytest.mark.slow),
        pytest.param("PANNsResNet", {}, 73_783_247, marks=pytest.mark.slow),
        pytest.param("WavegramLogmelCNN14", {}, 81_065_487, marks=pytest.mark.slow),
    ],
)
def test_they_have_the_published_numbers_of_parameters(factory, arguments, count):
    assert parameters(kerasaudio.FACTORIES[factory](**arguments)) == count


def test_one_step_is_left_of_the_shortest_clip(cnn6):
    samples = cnn6.spec.min_samples
    assert cnn6.predict(np.zeros((1, samples), "float32"), verbose=0).shape == (1, 527)
    fixed = kerasaudio.CNN6(filters=2, clip_samples=samples)
    assert fixed.get_layer("steps").output.shape == (None, 1, 16)
    with pytest.raises(ValueError, match="clip_samples must be at least 4800"):
        kerasaudio.CNN6(filters=2, clip_samples=samples - 1)


@pytest.mark.parametrize(
    ("factory", "seconds", "layer"),
    [
        ("CNN10", 0.15, "steps"),
        ("CNN14", 0.31, "steps"),
        ("CNN14DecisionLevelMax", 0.31, "fc1"),
        ("PANNsMobileNetV2", 0.31, "steps"),
        ("PANNsResNet", 0.31, "steps"),
        ("WavegramLogmelCNN14", 0.32, "steps"),
    ],
)
def test_one_step_is_left_of_each_ones_shortest_clip(factory, seconds, layer):
    samples = round(seconds * 32_000)
    arguments = small(factory) | {"classes": 2, "clip_samples": samples}
    model = kerasaudio.FACTORIES[factory](**arguments)
    assert model.get_layer(layer).output.shape[1] == 1
    with pytest.raises(ValueError, match=f"clip_samples must be at least {samples}"):
        kerasaudio.FACTORIES[factory](**arguments | {"clip_samples": samples - 1})


def test_clips_are_heard_whole_up_to_half_a_minute(cnn6):
    second = 32_000
    pieces = {
        seconds: [window.length for window in cnn6.spec.rule.cut(clip(seconds))]
        for seconds in (12, 30, 31)
    }
    assert pieces[12] == [12 * second]
    assert pieces[30] == [30 * second]
    assert pieces[31] == [10 * second] * 3 + [second]


def clip(seconds):
    return np.zeros(round(32_000 * seconds), "float32")


def test_tables_of_the_front_end_are_compared(tmp_path, state):
    write_state(tmp_path / "Cnn6.pth", state)
    assert {BANK, f"{STFT}real.weight", f"{STFT}imag.weight"} <= state.keys()
    kerasaudio.CNN6(weights=tmp_path / "Cnn6.pth")

    for key, table in {
        BANK: torchlibrosa_tables(fmax=16_000)[BANK],
        f"{STFT}imag.weight": -state[f"{STFT}imag.weight"],
    }.items():
        write_state(tmp_path / "other.pth", state | {key: table})
        with pytest.raises(ValueError, match=f"{key} in the file .* differs"):
            kerasaudio.CNN6(weights=tmp_path / "other.pth")


@cache
def hollow(golden):
    """Give tensors with the keys of a network, of one number each."""
    shapes = read_shapes((GOLDEN / f"{golden}_keys.txt").read_text())
    return {
        key: np.zeros((1,) * len(shape), "float32") for key, shape in shapes.items()
    }


@pytest.mark.parametrize("factory", [*FILES, "CNN14DecisionLevelMax"])
def test_files_of_siblings_are_refused_by_name(tmp_path, factory):
    path = tmp_path / "other.pth"
    own = {"CNN14DecisionLevelMax": "CNN14"}.get(factory, factory)
    for other, golden in FILES.items():
        if other != own:
            write_state(path, hollow(golden))
            message = f"does not hold a {factory}, but a {other}. Give it as weights="
            with pytest.raises(ValueError, match=message):
                kerasaudio.FACTORIES[factory](weights=path)


def test_files_of_networks_that_are_not_here_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    waves = hollow("panns_wavegram_small")
    pure = {key: x for key, x in waves.items() if not key.startswith("conv_block1.")}
    bottlenecks = hollow("panns_resnet22_small") | {
        "resnet.layer1.0.conv3.weight": np.zeros((1, 1, 1, 1), "float32")
    }
    for name, tensors in {"Wavegram_Cnn14": pure, "ResNet54": bottlenecks}.items():
        write_state(path, tensors)
        with pytest.raises(ValueError, match=f"'{name}', which kerasaudio does not"):
            kerasaudio.CNN14(weights=path)
    write_state(path, {"fc1.bias": np.zeros(3, "float32")})
    with pytest.raises(ValueError, match=r"does not hold a CNN6: its tensors are"):
        kerasaudio.CNN6(weights=path)
    odd = {
        key.replace("layer1.1", "layer1.9"): tensor
        for key, tensor in hollow("panns_resnet22_small").items()
        if "layer1.0.conv1" not in key
    } | {"resnet.layer1.0.conv2.weight": np.zeros((1, 1, 1, 1), "float32")}
    write_state(path, odd)
    with pytest.raises(ValueError, match=r"a ResNet with \(1, 2, 2, 2\) blocks"):
        kerasaudio.PANNsResNet(weights=path)


def thin(channels):
    return str(int(channels[0]) // 32)


def test_a_file_tells_the_number_of_filters(tmp_path):
    wide = Golden.read("panns_cnn6").keys.splitlines()
    narrow = [
        line if line.startswith("bn0") else re.sub(r"\b(64|128|256|512)\b", thin, line)
        for line in wide
    ]
    write_state(tmp_path / "narrow.pth", seeded(read_shapes("\n".join(narrow))))

    model = kerasaudio.CNN6(weights=tmp_path / "narrow.pth")

    assert model.spec.arguments["filters"] == 2
    assert model.output_shape == (None, 527)


def test_a_file_tells_the_sample_rate(tmp_path):
    file = tmp_path / "Cnn14_16k.pth"
    golden = Golden.read("panns_cnn14_16k_small")
    tables = torchlibrosa_tables(16_000, 8_000)
    write_state(file, golden.state(tables))
    assert kerasaudio.CNN14(weights=file).spec.sample_rate == 16_000
    with pytest.raises(ValueError, match="sample_rate=32000 contradicts"):
        kerasaudio.CNN14(weights=file, sample_rate=32_000)

    write_state(file, golden.state())  # without tables nothing tells
    assert kerasaudio.CNN14(weights=file).spec.sample_rate == 32_000
    model = kerasaudio.CNN14(weights=file, sample_rate=16_000)
    assert model.spec.sample_rate == 16_000
    assert model.spec.min_samples == 31 * 160


def test_arguments_out_of_range_are_refused():
    with pytest.raises(ValueError, match="one of 32000, 16000, which PANNs were"):
        kerasaudio.CNN14(sample_rate=44_100)
    with pytest.raises(ValueError, match="depth must be 22 or 38"):
        kerasaudio.PANNsResNet(depth=50)
    with pytest.raises(ValueError, match="width must leave at least one"):
        kerasaudio.PANNsMobileNetV1(width=0.001)


@pytest.mark.parametrize("tag", ["audioset", "audioset-16k"])
def test_published_files_have_their_own_names(tag):
    (source,) = find("CNN14", tag).sources
    assert source.file_name.startswith("Cnn14_")
    assert source.file_name.endswith(".pth")


@pytest.fixture(scope="module")
def detectors(tmp_path_factory):
    """The networks that score frames, filled by rule."""
    folder = tmp_path_factory.mktemp("panns")
    made = {}
    for factory, golden in zip(
        DECISIONS, ("panns_dlmax_small", "panns_dlatt_small"), strict=True
    ):
        write_state(folder / "seeded.pth", Golden.read(golden).state())
        made[factory] = kerasaudio.FACTORIES[factory](weights=folder / "seeded.pth")
    return made


def noise(seconds):
    rng = np.random.default_rng(0)
    swell = 0.02 + 0.2 * np.sin(np.arange(round(32_000 * seconds)) / 20_000) ** 2
    return (swell * rng.normal(0, 1, len(swell))).astype("float32")


@pytest.mark.parametrize("factory", DECISIONS)
def test_segments_are_what_a_clip_is_scored_by(detectors, factory):
    model = detectors[factory]
    assert scorer(model).name == "frame_scores"
    frames = kerasaudio.events.framewise(model)
    sound = noise(2)[None]

    scores = keras.ops.convert_to_numpy(frames(sound))[0]

    assert scores.shape == (201, 30)
    segments = scores[: 6 * 32].reshape(6, 32, 30)
    np.testing.assert_allclose(segments, segments[:, :1].repeat(32, axis=1), atol=1e-6)
    np.testing.assert_allclose(scores[6 * 32 :], scores[[-1] * 9], atol=1e-6)
    assert np.abs(np.diff(segments[:, 0], axis=0)).max() > 1e-3
    clip = keras.ops.convert_to_numpy(model(sound))[0]
    if factory == "CNN14DecisionLevelMax":
        np.testing.assert_allclose(clip, scores.max(axis=0), atol=1e-6)
    else:
        assert (clip < scores.max(axis=0)).all()
        assert (clip > scores.min(axis=0)).all()


@pytest.mark.parametrize("factory", ["CNN14DecisionLevelMax"])
def test_frames_of_windows_are_those_of_the_whole_clip(detectors, factory):
    frames = kerasaudio.events.framewise(detectors[factory])
    sound = noise(25.3)

    scores, times = kerasaudio.events.frame_scores(frames, sound, 32_000)

    assert scores.shape == (2530, 30)
    np.testing.assert_allclose(times, np.arange(2531) / 100)
    whole = keras.ops.convert_to_numpy(frames(sound[None]))[0]
    assert whole.std(axis=0).max() > 1e-3
    np.testing.assert_allclose(scores, whole[:2530], atol=1e-5)


def test_events_have_labels_and_times(detectors):
    model = detectors["CNN14DecisionLevelAtt"]
    found = kerasaudio.events.find_events(model, noise(3), 32_000, threshold=0.55)
    assert found
    assert all(0 <= event.start < event.end <= 3 for event in found)


@pytest.mark.parametrize(
    ("rest", "steps"), [(0, 50), (319, 50), (320, 50), (635, 50), (636, 51)]
)
def test_the_log_mel_gives_way_to_the_wavegram(rest, steps):
    model = kerasaudio.WavegramLogmelCNN14(
        filters=2, classes=2, clip_samples=32_000 + rest
    )
    for layer in ("wavegram", "pre_block4_pool", "both"):
        tensor = model.get_layer(layer).output
        assert tensor.shape[1] // (2 if layer == "wavegram" else 1) == steps
