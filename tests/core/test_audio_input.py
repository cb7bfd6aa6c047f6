"""What `tag`, `embed` and FeatureExtractor take: what other libraries give."""

import io

import numpy as np
import pandas
import pytest
import soundfile
from scipy.io import wavfile

from kerasaudio import FeatureExtractor
from kerasaudio.core.audio_input import clip_given, clips_given
from support.tiny import RATE, tiny_model

SOUND = (0.5 * np.sin(np.arange(4_000) / 9)).astype("float32")


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("sounds") / "a.wav"
    soundfile.write(file, SOUND, RATE, subtype="FLOAT")
    return file


class Decoder:
    """What torchcodec.decoders.AudioDecoder has, as far as it is used."""

    def get_all_samples(self):
        from types import SimpleNamespace

        return SimpleNamespace(data=np.stack([SOUND, SOUND]), sample_rate=RATE)


ONE = {
    "waveform and rate": lambda path: (SOUND, RATE),
    "rate and waveform": lambda path: (RATE, SOUND),
    "rate as a float": lambda path: (SOUND, float(RATE)),
    "rate of NumPy": lambda path: (np.int64(RATE), SOUND),
    "numbers and rate": lambda path: (SOUND.tolist(), RATE),
    "soundfile": lambda path: soundfile.read(path, dtype="float32"),
    "datasets": lambda path: {"path": "x", "array": SOUND, "sampling_rate": RATE},
    "datasets as numbers": lambda path: {
        "array": SOUND.tolist(),
        "sampling_rate": np.int32(RATE),
    },
    "datasets, a path": lambda path: {"path": str(path), "bytes": None},
    "datasets, a file": lambda path: {"path": None, "bytes": path.read_bytes()},
    "datasets, a decoder": lambda path: Decoder(),
    "open file": lambda path: io.BytesIO(path.read_bytes()),
    "path of NumPy": lambda path: np.array([str(path)])[0],
}
OF_RATE = {
    "array": SOUND,
    "list": SOUND.tolist(),
    "list of float32": list(SOUND),
    "tuple of float32": tuple(SOUND),
    "list of arrays without axes": [np.array(x) for x in SOUND],
    "series": pandas.Series(SOUND),
    "objects": SOUND.astype(object),
}
SEVERAL = {
    "list": list,
    "tuple": tuple,
    "generator": lambda clips: (clip for clip in clips),
    "values": lambda clips: dict(enumerate(clips)).values(),
}


@pytest.fixture(scope="module")
def expected(model):
    return model.embed(SOUND, RATE)


@pytest.mark.parametrize("form", ONE)
def test_one_clip_with_its_rate(model, path, expected, form):
    audio = ONE[form]
    np.testing.assert_allclose(model.embed(audio(path)), expected, atol=1e-6)
    assert len(model.tag(audio(path), top=2)) == 2
    assert FeatureExtractor(model)(audio(path)).shape == expected.shape
    assert len(FeatureExtractor(model).timeline(audio(path)).vectors) == 1


@pytest.mark.parametrize("form", OF_RATE)
def test_one_clip_of_a_rate(model, expected, form):
    np.testing.assert_allclose(model.embed(OF_RATE[form], RATE), expected, atol=1e-6)
    with pytest.raises(ValueError, match="sample_rate"):
        model.embed(OF_RATE[form])


@pytest.mark.parametrize("form", SEVERAL)
@pytest.mark.parametrize("each", ONE)
def test_several_clips(model, path, expected, form, each):
    clips = SEVERAL[form]([ONE[each](path), (SOUND[::-1], RATE), path])
    vectors = model.embed(clips)
    assert vectors.shape == (3, len(expected))
    np.testing.assert_allclose(vectors[[0, 2]], [expected] * 2, atol=1e-6)


@pytest.mark.parametrize("kind", [pandas.Series, np.array, pandas.Index])
def test_columns_of_paths(model, path, expected, kind):
    for paths in (kind([str(path), str(path)]), kind([path, path])):
        assert len(model.tag(paths, top=3)) == 2
        assert model.embed(paths).shape == (2, len(expected))
        assert FeatureExtractor(model, pool=None)(paths)[1].shape == (1, len(expected))


def test_a_column_of_rows_and_of_waveforms(model, expected):
    rows = pandas.Series([{"array": SOUND, "sampling_rate": RATE}] * 2)
    assert model.embed(rows).shape == (2, len(expected))
    waveforms = np.empty(2, object)
    waveforms[:] = [SOUND, SOUND[:3_000]]
    assert model.embed(waveforms, RATE).shape == (2, len(expected))


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_32", "PCM_U8"])
def test_integers_of_a_wav_reader_are_scaled(tmp_path, subtype):
    file = tmp_path / "a.wav"
    soundfile.write(file, SOUND, RATE, subtype=subtype)
    rate, samples = wavfile.read(file)
    assert samples.dtype.kind in "iu"
    clip = clip_given((rate, samples))
    assert clip.sample_rate == RATE
    np.testing.assert_allclose(clip.audio, soundfile.read(file)[0], atol=1e-6)


def test_generators_are_read_clip_by_clip(path):
    read = []

    def clips():
        for number in range(3):
            read.append(number)
            yield path

    several, given = clips_given(clips())
    assert several
    next(given)
    assert read == [0]


BAD = {
    "bytes": (b"RIFF....WAVE", r"io\.BytesIO"),
    "a number": (3.5, r"Received: float 3\.5"),
    "nothing": (None, "Received: NoneType None"),
    "nothing in a list": ([(SOUND, RATE), None], "Received: NoneType None"),
    "an object": (object(), "Audio must be a path.*Received: object"),
    "a row": ({"audio": {}, "label": 3}, r"row\['audio'\]"),
    "an empty row": ({}, "Received: no keys"),
    "no rate": ({"array": SOUND, "label": 1}, "a 'sampling_rate'.*'array', 'label'"),
    "a bad rate": ((SOUND, 3), "rate that came with the audio must be.*Received: 3"),
    "a rate of no sense": ((SOUND, 16000.5), r"Received: 16000\.5"),
    "true": ((SOUND, True), "Received: True"),
    "a frame": (pandas.DataFrame({"path": ["a.wav"]}), r"frame\['path'\]"),
    "lists in lists": ([["a.wav"]], r"one clip. Received: several \(list\)"),
    "a path and a rate": (("a.wav", 16_000), r"its own sample rate.*'a\.wav', 16000"),
    "an empty generator": ((x for x in ()), "list of audio is empty"),
    "an empty series": (pandas.Series([], dtype=object), "list of audio is empty"),
    "stereo": ((RATE, np.zeros((900, 2), "float32")), r"mean\(axis=1\)"),
    "odd integers": ((RATE, np.zeros(900, "int64")), "must contain floats.*int64"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_audio_says_what_it_is(model, what):
    audio, message = BAD[what]
    with pytest.raises((ValueError, OSError), match=message):
        model.embed(audio)


def test_rates_that_contradict_each_other(model, expected):
    with pytest.raises(ValueError, match=r"8000 Hz, which contradicts.*=16000"):
        model.embed((SOUND, RATE), 16_000)
    np.testing.assert_array_equal(model.embed((SOUND, RATE), RATE), expected)


def test_one_sound_is_one(model, path):
    with pytest.raises(ValueError, match="Pass them one by one"):
        FeatureExtractor(model).timeline([path, path])


def test_tensors_are_waveforms(model, expected):
    import keras

    tensor = keras.ops.convert_to_tensor(SOUND)
    np.testing.assert_allclose(model.embed(tensor, RATE), expected, atol=1e-6)
    np.testing.assert_allclose(model.embed((RATE, tensor)), expected, atol=1e-6)
    assert model.embed([tensor, tensor], RATE).shape == (2, len(expected))
