"""DSCNN on the published files, against the published graphs.

Arm's logits differ by 1e-5 of at most 28; the scores of MLPerf Tiny's SavedModel by
2e-6, their logarithms by 3e-5. (The `.tflite` files next to it hold other weights.)
"""

import keras
import numpy as np
import pytest

import kerasaudio
from support.goldens import Golden
from support.originals import probe

pytestmark = pytest.mark.shared
ARM = {"s": "DS_CNN_S.pb", "m": "DS_CNN_M.pb", "l": "DS_CNN_L.pb"}
TAGS = {f"speech-commands-{size}": "kws_arm" for size in ARM}
TAGS["speech-commands-tiny"] = "kws_mlperf_tiny"
# What both originals, and people, hear in Arm's own recording.
WORD = {"kws_arm": "right", "kws_mlperf_tiny": "Right"}


@pytest.fixture(scope="module")
def goldens(shared):
    folder = shared / "reference" / "golden"
    return {name: Golden.read(name, folder) for name in WORD}


@pytest.mark.parametrize("size", ARM)
def test_arms_clips_give_arms_coefficients_and_logits(shared, goldens, size):
    golden = goldens["kws_arm"]
    model = kerasaudio.DSCNN(
        shared / "reference" / "kws_arm" / ARM[size], classifier_activation=None
    )

    taps = probe(model, {"mfcc": "frontend", "logits": "predictions"})
    got = taps.predict(golden.waveforms(), verbose=0)

    np.testing.assert_allclose(got["mfcc"], golden.arrays["mfcc_20ms"], atol=1e-4)
    wanted = golden.arrays[f"DS_CNN_{size.upper()}_logits"]
    assert wanted.std() > 3
    np.testing.assert_allclose(got["logits"], wanted, atol=1e-4)


def test_mlperfs_clips_give_its_coefficients_and_scores(shared, goldens):
    golden = goldens["kws_mlperf_tiny"]
    folder = shared / "reference" / "kws_mlperf_tiny" / "variables"
    model = kerasaudio.DSCNN(folder / "variables.index")

    taps = probe(model, {"mfcc": "frontend", "scores": "predictions"})
    got = taps.predict(golden.waveforms(), verbose=0)

    np.testing.assert_allclose(got["mfcc"], golden.arrays["mfcc"], atol=1e-4)
    wanted = Golden.read("ds_cnn_tiny_published").arrays["scores"]
    np.testing.assert_allclose(got["scores"], wanted, atol=1e-4)
    logits = np.log([got["scores"], wanted])
    np.testing.assert_allclose(*logits, atol=1e-3)


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_reads_the_published_file(shared, monkeypatch, goldens, tag):
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(shared / "reference"))
    golden = goldens[TAGS[tag]]

    model = kerasaudio.DSCNN(tag)

    assert list(model.spec.labels) == golden.meta["labels"]
    assert model.spec.preset == f"DSCNN/{tag}"
    entry = kerasaudio.weights.find("DSCNN", tag)
    trainable = sum(np.prod(w.shape) for w in model.trainable_weights)
    assert trainable == entry.parameters
    heard = golden.waveforms()[golden.meta["clips"].index("arm_wav_data")]
    word, score = model.tag(heard, sample_rate=16_000, top=1)[0]
    assert (word, score > 0.99) == (WORD[TAGS[tag]], True)


def test_a_tag_gives_what_the_path_gives(shared, monkeypatch):
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(shared / "reference"))
    folder = shared / "reference" / "kws_mlperf_tiny" / "variables"

    tagged = kerasaudio.DSCNN("speech-commands-tiny")
    read = kerasaudio.DSCNN(folder / "variables.index")

    for one, other in zip(tagged.weights, read.weights, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, other)))
