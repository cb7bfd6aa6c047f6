"""The twins of original networks give the originals' numbers."""

import importlib
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile

from benchmarks import frontend, long_file, seeded
from benchmarks.peers import efficient_at, log_mel, sample_cnn
from kerasaudio.layers import Decibel, MelSpectrogram
from support.goldens import Golden
from support.seeding import read_shapes
from support.seeding import seeded as by_rule

torch = pytest.importorskip("torch", reason="the twins are torch networks")
from benchmarks.peers import ced, original, panns  # noqa: E402  they import torch

GOLDEN = Path(__file__).parents[1] / "golden"


def load_in_order(network, tensors):
    """Fill a network whose parameters come in the upstream order."""
    own = network.state_dict()
    pairs = zip(own, tensors, strict=True)
    network.load_state_dict({key: torch.as_tensor(value) for key, value in pairs})
    return network.eval()


def test_sample_cnn_twin_equals_upstream():
    keys = read_shapes((GOLDEN / "seeded_sample_keys.txt").read_text())
    network = load_in_order(sample_cnn.torch_twin(), by_rule(keys).values())
    golden = np.load(GOLDEN / "seeded_sample.npz")
    waveform = golden["waveform_int16"] / np.float32(32768)
    with torch.inference_mode():
        got = network(torch.tensor(waveform)[:, None])
    assert golden["predictions"].std() > 1e-3
    np.testing.assert_allclose(got, golden["predictions"], atol=1e-4)


def test_keras_twin_has_the_same_size():
    keys = read_shapes((GOLDEN / "seeded_sample_keys.txt").read_text())
    sizes = [np.prod(shape, dtype=int) for shape in keys.values() if shape]
    assert sample_cnn.keras_twin().count_params() == sum(sizes)


@pytest.mark.parametrize(
    ("peer", "name", "stage", "arguments"),
    [
        ("panns", "panns_cnn14_small", "logits", {}),
        ("panns", "panns_dlmax_small", "clipwise", {}),
        ("ced", "ced_tiny", "probs", {}),
        ("beats", "beats_small", "probs", {"max_distance": 40}),
    ],
)
def test_twin_of_an_original_gives_its_scores(peer, name, stage, arguments):
    network = importlib.import_module(f"benchmarks.peers.{peer}").network
    golden = Golden.read(name)

    got = original.numbers(network(name, **arguments), golden.waveforms())

    want = golden.arrays[stage]
    want = 1 / (1 + np.exp(-want)) if stage == "logits" else want
    assert want.std() > 1e-3
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)


def test_twin_of_frames_gives_those_of_the_original():
    golden = Golden.read("panns_dlmax_small")
    network = panns.network("panns_dlmax_small")

    got = original.numbers(network.frames, golden.waveforms())

    want = golden.arrays["frames"]
    piece = got[:, : want.shape[1]]
    assert want.std() > 1e-3
    np.testing.assert_allclose(piece, want, rtol=0, atol=1e-5)


def test_ours_and_the_original_are_compared_before_they_are_timed():
    arguments = {"factory": "CED", "golden": "ced_tiny", "batch": 1, "samples": 16_000}
    ours, theirs = seeded.predict(**arguments)(), ced.predict(**arguments)()
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-4)
    assert theirs.shape == (1, 527)
    network = ced.network("ced_tiny")
    with torch.no_grad():
        network.outputlayer[1].bias += 0.01
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        original.timed(network, **arguments)


def test_frames_of_a_file_are_heard_window_by_window(tmp_path):
    network = {"factory": "CNN14DecisionLevelMax", "golden": "panns_dlmax_small"}
    rng, path = np.random.default_rng(0), tmp_path / "sound.wav"
    soundfile.write(path, rng.normal(0, 0.1, 3 * 32_000), 32_000)

    loud = panns.hear_file(**network, window=32_000, hop=32_000)(str(path))

    events = long_file.ours(**network)(str(path))
    assert 0 < loud <= 3 * 101 * 30
    assert {event.label for event in events}


@pytest.mark.shared
def test_efficient_at_twin_equals_upstream(shared):
    from kerasaudio.checkpoints.torch_file import read_torch

    tensors = read_torch(shared / "reference/mn04_as_mAP_432.pt")
    network = load_in_order(efficient_at.twin(), tensors.values())
    golden = np.load(shared / "reference/golden/efficientat_mn04_as.npz")
    waveform = golden["waveform_int16"] / np.float32(32768)
    with torch.inference_mode():
        mel = efficient_at.frontend()(torch.tensor(waveform).reshape(1, -1))
        got = network(mel)
    np.testing.assert_allclose(got[0], golden["logits"].ravel(), atol=1e-3)


def test_torch_log_mel_does_the_same_work_as_ours():
    clips = frontend.clips()
    layer = MelSpectrogram(
        16_000, 512, 256, n_mels=96, htk=True, norm=None, pad_mode="reflect"
    )
    want = keras.ops.convert_to_numpy(Decibel()(layer(clips)))
    got = log_mel.torch_stft()()
    np.testing.assert_allclose(got, want, atol=2e-2)


def test_librosa_does_the_same_work_as_ours():
    ours = frontend.ours()()
    theirs = log_mel.librosa_loop()()
    got = np.asarray(ours).transpose(0, 2, 1)
    np.testing.assert_allclose(got, theirs, atol=1e-2)
