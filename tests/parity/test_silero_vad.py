"""SileroVAD against silero-vad 6.2.3, with its published weights.

The golden scores are those of onnxruntime for `silero_vad_16k_op15.onnx`, chunk by
chunk with 64 samples of context and the state kept: 1e-5.
"""

import numpy as np
import pytest

import kerasaudio
from kerasaudio.core.carried import beginning, continued
from kerasaudio.events import frame_scores, framewise
from support.goldens import Golden

RATE = 16_000
CHUNK = 512
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def golden():
    return Golden.read("silero_vad_16k").arrays


@pytest.fixture(scope="module")
def model():
    return kerasaudio.SileroVAD("16k")


@pytest.fixture(scope="module")
def waveform(golden):
    """Give a second of synthetic sound; its last chunk is not full."""
    return (golden["waveform_int16"] / 32_768).astype("float32")


@pytest.fixture(scope="module")
def voice(shared):
    path = shared / "reference" / "jfk-30s.wav"
    return kerasaudio.load_audio(path, RATE, duration=4)


def test_scores_of_all_chunks(model, golden, waveform):
    scores = framewise(model).predict(waveform[None], verbose=0)
    assert scores.shape == (1, 32, 1)
    np.testing.assert_allclose(scores[0, :, 0], golden["probs"], atol=TOLERANCE)
    np.testing.assert_allclose(
        model.predict(waveform[None], verbose=0)[0, 0],
        golden["probs"].mean(),
        atol=TOLERANCE,
    )


@pytest.mark.parametrize("blocks", [1, 7, 40])
def test_a_stream_scores_each_chunk(model, golden, waveform, blocks):
    stream = kerasaudio.Stream(model)
    heard = list(stream.run(np.array_split(waveform, blocks), RATE))
    scores = [window.scores[0] for window in heard]
    np.testing.assert_allclose(scores, golden["probs"], atol=TOLERANCE)
    assert heard[3][:2] == (3 * CHUNK / RATE, 4 * CHUNK / RATE)
    assert heard[-1].end == 1.0


def test_tags_are_means_over_chunks(model, golden, waveform):
    ((label, score),) = model.tag(waveform, RATE)
    assert label == "speech"
    assert score == pytest.approx(golden["probs"].mean(), abs=TOLERANCE)


@pytest.mark.shared
def test_scores_and_state_after_a_voice(model, golden, voice):
    scores, times = frame_scores(model, voice, RATE)
    np.testing.assert_allclose(scores[:, 0], golden["probs_jfk"], atol=TOLERANCE)
    np.testing.assert_allclose(times, np.arange(126) * CHUNK / RATE)
    network = continued(model)
    windows = voice.reshape(5, -1)
    _, _, *state = network.predict_on_batch([windows, *beginning(network)])
    # The cells hold sums over 4 s, of up to 18.
    want = golden["state_jfk"]
    np.testing.assert_allclose(np.stack(state), want, atol=TOLERANCE * abs(want).max())


@pytest.mark.shared
def test_speech_begins_where_the_scores_rise(model, golden, voice):
    found = kerasaudio.events.find_events(model, voice, RATE)
    active = golden["probs_jfk"] >= 0.5
    starts = np.flatnonzero(np.diff(active.astype(int), prepend=0) == 1)
    assert [event.start for event in found] == (starts * CHUNK / RATE).tolist()
    assert {event.label for event in found} == {"speech"}


@pytest.mark.shared
def test_the_file_with_other_weights_is_refused(shared):
    path = shared / "reference" / "silero" / "silero_vad_16k.safetensors"
    with pytest.raises(ValueError, match=r"silero_vad_16k\.safetensors"):
        kerasaudio.SileroVAD(weights=path)


@pytest.mark.shared
def test_the_tool_reads_the_weights_of_the_package(shared, model):
    onnx = pytest.importorskip("onnx")
    from kerasaudio.checkpoints.native import model_state
    from kerasaudio.models.silero_vad import convert

    path = shared / "reference" / "silero" / "silero_vad_16k_op15.onnx"
    tensors = {
        array.name: onnx.numpy_helper.to_array(array)
        for array in onnx.load(path).graph.initializer
    }
    state = convert(tensors, "the file")
    for key, array in model_state(model).items():
        np.testing.assert_array_equal(state.pop(key), array)
    assert not state
    basis = "model.stft.forward_basis_buffer"
    with pytest.raises(ValueError, match="other front-end settings"):
        convert(tensors | {basis: tensors[basis][::-1]}, "a file")


def test_arrays_of_another_network_are_refused():
    from kerasaudio.models.silero_vad import convert

    with pytest.raises(ValueError, match="does not hold a SileroVAD at 16 kHz"):
        convert({"lstm.weight_hh_l0": np.zeros((4, 1))}, "pretrained.pt")
