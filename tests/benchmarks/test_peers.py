"""The twins of original networks give the originals' numbers."""

from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks import frontend
from benchmarks.peers import efficient_at, log_mel, sample_cnn
from kerasaudio.layers import Decibel, MelSpectrogram
from support.seeding import read_shapes, seeded

torch = pytest.importorskip("torch", reason="the twins are torch networks")
GOLDEN = Path(__file__).parents[1] / "golden"


def load_in_order(network, tensors):
    """Fill a network whose parameters come in the upstream order."""
    own = network.state_dict()
    pairs = zip(own, tensors, strict=True)
    network.load_state_dict({key: torch.as_tensor(value) for key, value in pairs})
    return network.eval()


def test_sample_cnn_twin_equals_upstream():
    keys = read_shapes((GOLDEN / "seeded_sample_keys.txt").read_text())
    network = load_in_order(sample_cnn.torch_twin(), seeded(keys).values())
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
