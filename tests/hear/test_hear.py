"""HEAR's interface: shapes, times, what a window hears, bad input, the validator."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio import hear
from support.small import small

RATE = 16_000
CLIP = 4 * 3**5


@pytest.fixture(scope="module")
def network():
    """A small untrained network of fixed windows, 972 samples."""
    return alive(kerasaudio.SampleCNN(clip_samples=CLIP, blocks=5, labels=["a", "b"]))


@pytest.fixture(scope="module")
def model(network):
    return hear.HearModel(network)


@pytest.fixture(scope="module")
def free():
    """A small untrained network that takes any length."""
    return hear.HearModel(
        alive(kerasaudio.EfficientAT(**small("EfficientAT"), labels=["a", "b"]))
    )


@pytest.fixture(autouse=True, scope="module")
def _networks_are_alive(model):
    """A dead network passes any comparison."""
    vectors = numpy(hear.get_scene_embeddings(noise(3, 5 * CLIP), model))
    assert vectors.std(axis=0).max() > 1e-2


def noise(sounds, samples, seed=0):
    drawn = np.random.default_rng(seed).uniform(-1, 1, (sounds, samples))
    return drawn.astype("float32")


def alive(model):
    """Draw kernels so large that the signal reaches the embedding."""
    generator = np.random.default_rng(1)
    for variable in model.trainable_variables:
        if len(variable.shape) > 1:
            fan_in = np.prod(variable.shape[:-1])
            drawn = generator.normal(0, np.sqrt(2 / fan_in), variable.shape)
            variable.assign(drawn.astype("float32"))
    return model


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_the_default_is_a_bundled_preset_of_the_backends_kind():
    model = hear.load_model()

    assert model.spec.preset == "YAMNet/audioset"
    assert (model.sample_rate, model.scene_embedding_size) == (16_000, 1_024)
    assert type(model.scene_embedding_size) is type(model.timestamp_embedding_size)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        assert isinstance(model, tensorflow.Module)
        assert len(model.variables) == len(model.embedder.variables) > 10
    if keras.backend.backend() == "torch":
        import torch

        assert isinstance(model, torch.nn.Module)
        assert model.to("cpu") is model
        assert len(list(model.parameters())) > 10


def test_a_preset_or_a_saved_model_is_loaded_by_name(network, tmp_path):
    network.save(tmp_path / "mine.keras")

    assert hear.load_model("MusicVGG/msd").spec.preset == "MusicVGG/msd"
    mine = hear.load_model(str(tmp_path / "mine.keras"))

    audio = noise(1, 5 * CLIP)
    np.testing.assert_array_equal(
        numpy(hear.get_scene_embeddings(audio, mine)),
        numpy(hear.get_scene_embeddings(audio, hear.HearModel(network))),
    )


def test_scenes_are_the_embeddings_of_the_model(model, network):
    audio = noise(3, 5 * CLIP + 100)

    scenes = hear.get_scene_embeddings(keras.ops.convert_to_tensor(audio), model)

    assert keras.ops.is_tensor(scenes)
    assert keras.backend.standardize_dtype(scenes.dtype) == "float32"
    assert scenes.shape == (3, model.scene_embedding_size)
    np.testing.assert_allclose(
        numpy(scenes), network.embed(list(audio), RATE), rtol=0, atol=1e-4
    )


@pytest.mark.parametrize("hop_ms", [50.0, 25, 33.3])
def test_a_timestamp_is_the_center_of_its_window(model, network, hop_ms):
    audio = noise(2, RATE + 7)

    vectors, times = map(
        numpy, hear.get_timestamp_embeddings(audio, model, hop_ms=hop_ms)
    )

    assert vectors.shape == (*times.shape, model.timestamp_embedding_size)
    assert vectors.dtype == times.dtype == np.float32
    np.testing.assert_allclose(np.diff(times), hop_ms, atol=1e-3)
    assert times[0, 0] == 0
    assert 0 <= 1000 * (RATE + 7) / RATE - times[0, -1] < hop_ms
    for sound, index in ((0, 7), (1, 12), (1, 0), (0, times.shape[1] - 1)):
        center = round(float(times[sound, index]) / 1000 * RATE)
        around = np.arange(center - CLIP // 2, center - CLIP // 2 + CLIP)
        inside = (around >= 0) & (around < audio.shape[1])
        window = np.where(inside, audio[sound][around.clip(0, RATE + 6)], 0)
        np.testing.assert_allclose(
            vectors[sound, index],
            numpy(model.embedder(window[None].astype("float32")))[0],
            rtol=0,
            atol=1e-4,
        )


def test_times_do_not_drift_in_long_sounds(model):
    hop = 1000 / 3.7  # 4324.32 samples
    seconds = 60
    audio = np.zeros((1, seconds * RATE), "float32")

    _, times = hear.get_timestamp_embeddings(audio, model, hop_ms=hop)

    assert times.shape == (1, 222 + 1)
    assert numpy(times)[0, -1] == pytest.approx(1000 * seconds, abs=0.01)


def test_sounds_and_batches_do_not_mix(model, monkeypatch):
    audio = noise(3, RATE)
    together = numpy(hear.get_timestamp_embeddings(audio, model)[0])

    monkeypatch.setattr(hear, "_BATCH_SAMPLES", 4 * CLIP)
    alone = [hear.get_timestamp_embeddings(row[None], model)[0] for row in audio]

    np.testing.assert_allclose(
        together, np.concatenate([numpy(v) for v in alone]), rtol=0, atol=1e-4
    )


def test_batches_are_bounded():
    windows = (np.zeros(hear._BATCH_SAMPLES // 11, "float32") for _ in range(19))

    assert [len(batch) for batch in hear._batches(windows)] == [8, 8, 3]
    assert hear._batch_size(10 * hear._BATCH_SAMPLES) == 1
    assert hear._batch_size(16) == hear._MOST_WINDOWS


def test_networks_of_any_length_take_short_windows(free):
    audio = noise(1, 32_000)
    shortest = free.spec.min_samples / free.sample_rate

    default, _ = hear.get_timestamp_embeddings(audio, free, hop_ms=250)
    same, _ = hear.get_timestamp_embeddings(
        audio, free, hop_ms=250, window_seconds=shortest
    )
    longer, _ = hear.get_timestamp_embeddings(
        audio, free, hop_ms=250, window_seconds=2 * shortest
    )

    assert default.shape == (1, 5, free.timestamp_embedding_size)
    np.testing.assert_array_equal(numpy(default), numpy(same))
    assert np.abs(numpy(longer) - numpy(same)).max() > 0.1 * numpy(same).std() > 0
    with pytest.raises(ValueError, match=r"at least 0\.32 s"):
        hear.get_timestamp_embeddings(audio, free, window_seconds=0.16)


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (np.zeros(RATE), "shape"),
        (np.zeros((1, 1, RATE)), "shape"),
        (np.zeros((0, RATE)), "shape"),
        (np.zeros((2, RATE), "int16"), "int16"),
        (np.full((2, RATE), np.nan), "finite"),
        (np.full((2, RATE), 3000.0), "full scale"),
        ("song.wav", "floats"),
    ],
)
def test_unusable_audio_is_refused(model, audio, message):
    for function in (hear.get_scene_embeddings, hear.get_timestamp_embeddings):
        with pytest.raises(ValueError, match=message):
            function(audio, model)


def test_too_short_scenes_are_refused(model):
    with pytest.raises(ValueError, match="too short"):
        hear.get_scene_embeddings(np.zeros((1, 100)), model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hop_ms": 0}, "hop_ms"),
        ({"hop_ms": -50}, "hop_ms"),
        ({"hop_ms": float("nan")}, "hop_ms"),
        ({"hop_ms": "fast"}, "hop_ms"),
        ({"hop_ms": 0.01}, "at least one sample"),
        ({"window_seconds": 0}, "window_seconds"),
        ({"window_seconds": 1.0}, "exactly"),
    ],
)
def test_unusable_times_are_refused(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        hear.get_timestamp_embeddings(noise(1, RATE), model, **arguments)


def test_models_that_hear_cannot_use_are_refused(network):
    with pytest.raises(TypeError, match="load_model"):
        hear.get_scene_embeddings(noise(1, RATE), network)
    with pytest.raises(TypeError, match="AudioModel"):
        hear.HearModel(keras.Sequential([keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match="Unknown model"):
        hear.load_model("naive_baseline.pt")
    odd = kerasaudio.AudioModel(
        network.input, network.output, spec=network.spec.replace(sample_rate=8_000)
    )
    with pytest.raises(ValueError, match="8000 Hz"):
        hear.HearModel(odd)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["", "MusicVGG/mtat"])
def test_the_validator_of_hear_is_content(preset):
    """The command that README and CI run, in a process of its own."""
    if keras.backend.backend() == "jax":
        pytest.skip("the validator knows TensorFlow and PyTorch only")
    for name in ("hearvalidator", "tensorflow", "torch"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    options = ["--device", "cpu"] + (["--model", preset] if preset else [])

    done = subprocess.run(
        [sys.executable, "-m", "hearvalidator.validate", "kerasaudio.hear", *options],
        env=os.environ | {"KERAS_BACKEND": keras.backend.backend()},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert "Looks good!" in done.stdout
    kind = "tensorflow" if keras.backend.backend() == "tensorflow" else "torch"
    assert f"Received {kind} Module" in done.stdout
