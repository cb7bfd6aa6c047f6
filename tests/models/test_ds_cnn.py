"""DSCNN: what it reads and refuses, and what it makes of short and quiet clips."""

import keras
import numpy as np
import pytest

import kerasaudio
from support.frozen_graph import write_frozen_graph
from support.goldens import Golden
from support.manifests import https, use_manifest
from support.seeded_ds_cnn import ARM_STRIDES, arm, arm_file, mlperf, mlperf_file
from support.tensor_bundle import data_path, write_tensor_bundle
from support.tf1_checkpoint import write_tf1_checkpoint

ARM_GOLDEN, TINY_GOLDEN = (
    Golden.read(name) for name in ("ds_cnn_seeded", "ds_cnn_tiny_seeded")
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return arm_file(tmp_path_factory.mktemp("arm"), ARM_GOLDEN)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return mlperf_file(tmp_path_factory.mktemp("mlperf"), TINY_GOLDEN)


def output(model, waveforms):
    return keras.ops.convert_to_numpy(model(waveforms.astype("float32")))


def word(rng, samples=16_000):
    return rng.normal(0, 0.1, samples).astype("float32")


def test_a_graph_tells_the_architecture(graph):
    model = kerasaudio.DSCNN(graph)

    assert model.spec.arguments == {
        "variant": "arm",
        "filters": 8,
        "blocks": 4,
        "conv_stride": 1,
        "block_stride": 2,
    }
    assert model.get_layer("conv").output.shape == (None, 25, 10, 8)
    assert model.get_layer("block1_depthwise").output.shape == (None, 13, 5, 8)
    assert model.output_shape == (None, 12)
    with pytest.raises(ValueError, match="block_stride=1 contradicts"):
        kerasaudio.DSCNN(graph, block_stride=1)


def test_a_checkpoint_tells_the_architecture(index):
    model = kerasaudio.DSCNN(index)

    assert model.spec.arguments["variant"] == "mlperf"
    assert model.get_layer("embedding").output.shape == (None, 64)
    with pytest.raises(ValueError, match="variant='arm' contradicts"):
        kerasaudio.DSCNN(index, variant="arm")


def test_own_labels_keep_the_published_body(graph, rng):
    mine = kerasaudio.DSCNN(graph, labels=["lights", "music"])
    whole = kerasaudio.DSCNN(graph, include_top=False)

    body = keras.Model(mine.input, mine.get_layer("embedding").output)
    heard = word(rng)[None]
    np.testing.assert_array_equal(output(body, heard), output(whole, heard))
    np.testing.assert_allclose(output(mine, heard).sum(), 1, atol=1e-6)


def test_short_clips_are_filled_with_silence(graph, index, rng):
    short = word(rng, 9_000)
    filled = np.pad(short, (0, 7_000))[None]
    for path in (graph, index):
        model = kerasaudio.DSCNN(path, labels=[str(n) for n in range(12)])

        tagged = dict(model.tag(short, sample_rate=16_000, top=12))

        (want,) = output(model, filled)
        got = [tagged[str(n)] for n in range(12)]
        np.testing.assert_allclose(got, want, atol=1e-6)


def test_mlperfs_network_does_not_hear_the_level_but_the_polarity(index, rng):
    model = kerasaudio.DSCNN(index)
    heard = np.abs(word(rng)) * np.where(rng.uniform(size=16_000) < 0.1, -0.1, 1)

    loud, quiet, turned = output(model, np.stack([heard, heard * 0.01, -heard]))

    np.testing.assert_allclose(quiet, loud, atol=1e-5)
    assert np.abs(turned - loud).max() > 1e-2


def test_silence_gives_finite_scores_and_gradients(index):
    scores = output(kerasaudio.DSCNN(index), np.zeros((1, 16_000)))

    assert np.isfinite(scores).all()


def test_a_tag_needs_both_files(index, tmp_path, monkeypatch):
    data = data_path(index)
    url = "https://example.org/variables"
    source = https(f"{url}.index", index.read_bytes(), format="ds_cnn_checkpoint")
    source["companions"] = [https(f"{url}.data", data.read_bytes(), format="numbers")]
    changes = {"tag": "mine", "arguments": {"variant": "mlperf"}, "sources": [source]}
    use_manifest(monkeypatch, tmp_path, "DSCNN", index, **changes)

    tagged, read = kerasaudio.DSCNN("mine"), kerasaudio.DSCNN(index)

    for one, other in zip(tagged.weights, read.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, other)))


def test_wrong_graphs_are_refused(tmp_path):
    constants, path = arm(ARM_GOLDEN.state()), tmp_path / "wrong.pb"
    lacking = {k: v for k, v in constants.items() if "conv_ds_2/dw" not in k}
    more = constants | {"MobileNet/conv_2/weights": np.zeros(3, "float32")}
    gru = {"rnn/gru_cell/gates/kernel": np.zeros((3, 4), "float32")}
    odd = ARM_STRIDES | {"MobileNet/conv_1/Conv2D": (1, 3, 1, 1)}
    for wrong, strides, says in (
        (lacking, ARM_STRIDES, "missing block2_depthwise_bn/beta"),
        (more, ARM_STRIDES, "left over MobileNet/conv_2/kernel"),
        (gru, ARM_STRIDES, r"does not hold a DSCNN.*rnn/gru_cell/gates/kernel"),
        (constants, odd, r"other strides.*\(1, 3, 1, 1\)"),
        (constants, {}, "other strides"),
    ):
        write_frozen_graph(path, wrong, strides)
        with pytest.raises(ValueError, match=says) as info:
            kerasaudio.DSCNN(path)
        assert str(path) in str(info.value)


def test_wrong_checkpoints_are_refused(tmp_path):
    tensors, path = mlperf(TINY_GOLDEN.state()), tmp_path / "variables.index"
    lacking = {k: v for k, v in tensors.items() if "weights-4/bias" not in k}
    other = {"layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE": np.eye(3)}
    for wrong, says in (
        (lacking, "missing block1_pointwise/bias"),
        (other, "does not hold a DSCNN.*layer_with_weights-0/kernel"),
    ):
        write_tensor_bundle(path, wrong)
        with pytest.raises(ValueError, match=says):
            kerasaudio.DSCNN(path)


def test_what_training_kept_beside_the_network_is_left_out(tmp_path):
    tensors, path = mlperf(TINY_GOLDEN.state()), tmp_path / "variables.index"
    slot = "layer_with_weights-0/bias/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/"
    more = {
        f"{slot}VARIABLE_VALUE": np.zeros(64, "float32"),
        "optimizer/iter/.ATTRIBUTES/VARIABLE_VALUE": np.array(7),
    }
    write_tensor_bundle(path, tensors | more)

    assert kerasaudio.DSCNN(path).output_shape == (None, 12)


def test_files_of_another_kind_are_refused(graph, tmp_path):
    write_tf1_checkpoint(tmp_path / "vggish.index", {"a": np.ones(2, "float32")})
    data_path(tmp_path / "vggish.index").touch()
    (tmp_path / "renamed.index").write_bytes(graph.read_bytes())
    data_path(tmp_path / "renamed.index").touch()
    (tmp_path / "text.pb").write_text("not a graph")
    for name, says in (
        ("vggish.index", "cannot be read as a TensorFlow checkpoint"),
        ("renamed.index", "cannot be read as a TensorFlow checkpoint"),
        ("text.pb", "cannot be read as a frozen TensorFlow graph"),
    ):
        with pytest.raises(ValueError, match=says):
            kerasaudio.DSCNN(tmp_path / name)
    (tmp_path / "kws.tflite").touch()
    with pytest.raises(ValueError, match=r"\.pb, \.index files.*kws\.tflite"):
        kerasaudio.DSCNN(tmp_path / "kws.tflite")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"variant": "google"}, "variant must be.*'google'"),
        ({"conv_stride": 3}, "conv_stride must be 1 or 2.*3"),
        ({"block_stride": 4}, "block_stride must be 1 or 2.*4"),
    ],
)
def test_bad_arguments_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        kerasaudio.DSCNN(**arguments)
