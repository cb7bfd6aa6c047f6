"""What factories share stands once, and shows in every one."""

import inspect
import re

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.core.architecture import ARCHITECTURES
from kerasaudio.core.build import Shared, complete
from kerasaudio.core.initializers import numpy_initializers, sized_like
from kerasaudio.transfer.heads import with_new_head
from kerasaudio.weights import list_weights

EVERY = sorted(kerasaudio.FACTORIES)
WITH_ARGUMENTS = [
    name for name in EVERY if "Args:" in kerasaudio.FACTORIES[name].__doc__
]

SMALL = {
    "AST": {"num_layers": 1},
    "AudioMAE": {"num_layers": 1},
    "BEATs": {"num_layers": 1},
    "CED": {"num_layers": 1},
    "EAT": {"num_layers": 1},
    "Dasheng": {"num_layers": 1},
    "MAEST": {"num_layers": 1},
    "HuBERT": {"num_layers": 1},
    "MelResNet50": {"side": 32},
    "PaSST": {"num_layers": 1},
    "SpeakerEncoder": {"units": 4},
    "VGGish": {"filters": 4, "dense_units": 8},
    "WhisperEncoder": {"num_layers": 1},
    "Wav2Vec2": {"num_layers": 1},
}


@pytest.mark.parametrize("name", EVERY)
def test_signatures_are_whole(name):
    parameters = inspect.signature(kerasaudio.FACTORIES[name]).parameters
    own = [key for key in parameters if key not in Shared.__annotations__]
    first = ["include_top", "labels", "classes", "classifier_activation"]
    assert list(parameters) == ["weights", *first, *own[1:], "name"]
    kinds = {parameter.kind for parameter in list(parameters.values())[1:]}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
    assert set(own[1:]) >= set(ARCHITECTURES[name].defaults)
    top = parameters["include_top"]
    assert top.default is (ARCHITECTURES[name].classes is not None or None)
    assert all(parameters[key].default is None for key in own)


@pytest.mark.parametrize("name", WITH_ARGUMENTS)
def test_docstrings_have_each_argument_once_in_order(name):
    factory = kerasaudio.FACTORIES[name]
    text = factory.__doc__.partition("Args:\n")[2].partition("\n\n")[0]
    told = re.findall(r"^    (\w+): ", text, flags=re.M)
    assert told == list(inspect.signature(factory).parameters)
    for suffix in ARCHITECTURES[name].suffixes:
        assert f"`{suffix}`" in text
    assert all(len(line) <= 84 for line in factory.__doc__.splitlines())


@pytest.mark.parametrize("name", EVERY)
def test_examples_load_the_weights_of_the_package(name):
    text = kerasaudio.FACTORIES[name].__doc__
    assert text.count("\nExamples:\n") == 1
    assert 0 < text.index("\nExamples:\n") < text.rindex("\nSource: ")
    loaded = re.findall(rf'>>> kerasaudio\.{name}\("(\w+)"\)', text)
    packed = [e.tag for e in list_weights() if e.factory == name and e.is_bundled]
    assert len(loaded) == bool(packed)
    assert set(loaded) <= set(packed)


def test_an_example_of_its_own_is_kept():
    def factory(weights=None, **shared):
        """Do it.

        Args:
            filters: Of it.

        Examples:
            >>> 1 + 1
            2

        Source: none.
        """

    complete(factory, ARCHITECTURES["FCN"])
    assert factory.__doc__.count("Examples:") == 1
    assert "    >>> 1 + 1\n    2\n\nSource: none." in factory.__doc__
    assert "classifier_activation: " in factory.__doc__


def test_a_docstring_without_a_source_ends_in_the_example():
    def factory(weights=None, **shared):
        """Do it."""

    complete(factory, ARCHITECTURES["FCN"])
    assert factory.__doc__.startswith("Do it.\n\nExamples:\n    >>> ")
    assert factory.__doc__.endswith("['jazz', 'rock']\n")


def test_without_docstrings_there_is_none():  # as under python -OO
    def factory(weights=None, **shared):
        pass

    complete(factory, ARCHITECTURES["FCN"])
    assert not factory.__doc__


def test_models_are_called_as_people_write_them():
    names = {
        name: factory(labels=["a", "b"], **SMALL.get(name, {})).name
        for name, factory in kerasaudio.FACTORIES.items()
    }
    assert len(set(names.values())) == len(names)
    for name in names.values():
        assert re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    assert (
        names.items()
        >= {
            "AST": "ast",
            "AudioMAE": "audio_mae",
            "BEATs": "beats",
            "BarkNet": "bark_net",
            "CNNSA": "cnnsa",
            "CED": "ced",
            "CRNN": "crnn",
            "DSCNN": "ds_cnn",
            "EAT": "eat",
            "Dasheng": "dasheng",
            "EdgeL3": "edgel3",
            "EfficientAT": "efficient_at",
            "FCN": "fcn",
            "FireRedAED": "fire_red_aed",
            "HarmonicCNN": "harmonic_cnn",
            "HuBERT": "hubert",
            "LeNetMFCC": "lenet_mfcc",
            "LogMelCNN": "log_mel_cnn",
            "MAEST": "maest",
            "MelResNet50": "mel_resnet50",
            "PaSST": "passt",
            "MusiCNN": "musicnn",
            "MusicVGG": "music_vgg",
            "OpenL3": "openl3",
            "ReSE2Multi": "rese2multi",
            "SampleCNN": "sample_cnn",
            "SampleCNNSE": "sample_cnn_se",
            "ShortChunkCNN": "short_chunk_cnn",
            "ShortChunkResNet": "short_chunk_resnet",
            "SoundEventCRNN": "sound_event_crnn",
            "SpeakerEncoder": "speaker_encoder",
            "SileroVAD": "silero_vad",
            "SpeechGRU": "speech_gru",
            "SpeechMusicNoise": "speech_music_noise",
            "VGGish": "vggish",
            "WhisperEncoder": "whisper_encoder",
            "Wav2Vec2": "wav2vec2",
            "YAMNet": "yamnet",
        }.items()
    )
    assert kerasaudio.MusiCNN("mtat").name == "musicnn_mtat"
    assert kerasaudio.MusiCNN("mtat", name="mine").name == "mine"


def test_a_saved_model_keeps_its_name(tmp_path):
    kerasaudio.LeNetMFCC(filters=2, name="le_net_mfcc").save(tmp_path / "old.keras")
    assert kerasaudio.load(tmp_path / "old.keras").name == "le_net_mfcc"


def test_one_factory_points_to_another():
    assert set(EVERY) - set(WITH_ARGUMENTS) == {"HuBERT", "SampleCNNSE"}
    assert "those of `SampleCNN`" in kerasaudio.SampleCNNSE.__doc__
    assert "those of `Wav2Vec2`" in kerasaudio.HuBERT.__doc__


@pytest.mark.parametrize("name", EVERY)
def test_unknown_arguments_are_refused_as_python_does(name):
    with pytest.raises(TypeError, match=rf"{name}\(\) got an unexpected .* 'lables'"):
        kerasaudio.FACTORIES[name](lables=["a"])


def test_heads_where_none_was_published():
    assert kerasaudio.VGGish(filters=4, dense_units=8).spec.labels is None
    model = kerasaudio.VGGish(filters=4, dense_units=8, classes=3)
    assert model.output_shape == (None, 3)


@pytest.mark.parametrize("name", EVERY)
def test_a_top_that_is_none_is_the_default(name):
    architecture = ARCHITECTURES[name]
    model = kerasaudio.FACTORIES[name](include_top=None, **SMALL.get(name, {}))
    assert (model.spec.labels is None) == (architecture.classes is None)


@pytest.mark.parametrize("labels", ["ab", b"ab", {"a", "b"}, 3, [], ["a", "a"]])
def test_what_is_no_list_of_names_is_refused(labels):
    with pytest.raises(ValueError, match="labels must be a list of different"):
        kerasaudio.LeNetMFCC(filters=2, labels=labels)
    model = kerasaudio.LeNetMFCC(filters=2)
    with pytest.raises(ValueError, match="labels must be a list of different"):
        with_new_head(model, labels, frozen=False)


def test_labels_may_be_an_array_or_what_gives_them():
    for labels in (np.array(["a", "b"]), ("a", "b"), iter("ab"), {"a": 0, "b": 1}):
        assert kerasaudio.LeNetMFCC(filters=2, labels=labels).spec.labels == ("a", "b")


@pytest.mark.parametrize(
    ("layer", "units", "inputs"),
    [(keras.layers.Dense, 2**13, 2**13), (keras.layers.LSTM, 2**12, 1)],
)
def test_a_network_much_larger_than_its_file_is_refused(layer, units, inputs):
    with (
        pytest.raises(ValueError, match="does not have so many numbers"),
        sized_like(100),
        numpy_initializers(),
    ):
        layer(units)(keras.Input((1, inputs)))
