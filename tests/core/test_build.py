"""What factories share stands once, and shows in every one."""

import inspect
import re

import pytest

import kerasaudio
from kerasaudio.core.architecture import ARCHITECTURES
from kerasaudio.core.build import Shared

EVERY = sorted(kerasaudio.FACTORIES)
WITH_ARGUMENTS = [
    name for name in EVERY if "Args:" in kerasaudio.FACTORIES[name].__doc__
]


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
    assert top.default is (None if name == "VGGish" else True)
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


def test_one_factory_points_to_another():
    assert set(EVERY) - set(WITH_ARGUMENTS) == {"SampleCNNSE"}
    assert "those of `SampleCNN`" in kerasaudio.SampleCNNSE.__doc__


@pytest.mark.parametrize("name", EVERY)
def test_unknown_arguments_are_refused_as_python_does(name):
    with pytest.raises(TypeError, match=rf"{name}\(\) got an unexpected .* 'lables'"):
        kerasaudio.FACTORIES[name](lables=["a"])


def test_heads_where_none_was_published():
    assert kerasaudio.VGGish(filters=4, dense_units=8).spec.labels is None
    model = kerasaudio.VGGish(filters=4, dense_units=8, classes=3)
    assert model.output_shape == (None, 3)
