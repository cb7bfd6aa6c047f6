"""CNN6: its size, its lengths, and what it says of files."""

import re

import librosa
import numpy as np
import pytest

import kerasaudio
from support.goldens import Golden
from support.seeding import read_shapes, seeded
from support.torch_files import write_state

STFT = "spectrogram_extractor.stft.conv_"
BANK = "logmel_extractor.melW"


def torchlibrosa_tables(fmax=14_000):
    """Give what the original stores of its front-end, by librosa and by definition."""
    bank = librosa.filters.mel(sr=32_000, n_fft=1024, n_mels=64, fmin=50, fmax=fmax)
    turns = np.outer(np.arange(513), np.arange(1024)) % 1024 / 1024
    window = np.hanning(1025)[:-1]
    tables = {
        f"{STFT}real.weight": (np.cos(2 * np.pi * turns) * window)[:, None],
        f"{STFT}imag.weight": (-np.sin(2 * np.pi * turns) * window)[:, None],
        BANK: bank.T,
    }
    return {key: table.astype("float32") for key, table in tables.items()}


@pytest.fixture(scope="module")
def cnn6():
    return kerasaudio.CNN6()


@pytest.fixture
def state():
    return Golden.read("panns_cnn6").state(torchlibrosa_tables())


def test_it_has_the_published_number_of_parameters(cnn6):
    trained = sum(np.prod(weight.shape) for weight in cnn6.trainable_weights)
    assert trained == 4_837_455
    assert cnn6.output_shape == (None, 527)
    assert cnn6.get_layer("embedding").output.shape == (None, 512)


def test_one_step_is_left_of_the_shortest_clip(cnn6):
    samples = cnn6.spec.min_samples
    assert cnn6.predict(np.zeros((1, samples), "float32"), verbose=0).shape == (1, 527)
    fixed = kerasaudio.CNN6(filters=2, clip_samples=samples)
    assert fixed.get_layer("steps").output.shape == (None, 1, 16)
    with pytest.raises(ValueError, match="clip_samples must be at least 4800"):
        kerasaudio.CNN6(filters=2, clip_samples=samples - 1)


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


def test_files_of_other_networks_are_refused(tmp_path, state):
    # Cnn10 and Cnn14 have two convolutions in a block.
    second = {"conv_block1.conv2.weight": np.zeros((64, 64, 3, 3), "float32")}
    for other in (state | second, {"fc1.bias": state["fc1.bias"]}):
        write_state(tmp_path / "other.pth", other)
        with pytest.raises(ValueError, match="does not hold a CNN6"):
            kerasaudio.CNN6(weights=tmp_path / "other.pth")


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
