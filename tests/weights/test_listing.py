"""`list_weights`: choosing among the published weights."""

from typing import Any

import pytest

from kerasaudio.weights import list_weights
from kerasaudio.weights.manifest import TASKS, load_manifest
from support.manifests import MakeEntry, https

URL = "https://example.org/a/b.safetensors"

# Their authors do not say on which data sets they trained exactly these weights.
UNSAID = {
    *("FireRedAED", "SileroVAD", "SpeakerEncoder", "SpeechMusicNoise"),
    "WhisperEncoder",
}
AT_32_KHZ = {"CNN14", "EfficientAT", "PaSST"}


def titles(*arguments: Any, **chosen: Any) -> list[str]:
    return [entry.title for entry in list_weights(*arguments, **chosen)]


@pytest.mark.parametrize(
    ("chosen", "least", "fits"),
    [
        ({"task": "music"}, 15, lambda e: e.labels and e.task == "music"),
        ({"task": "Speaker"}, 1, lambda e: e.task == "speaker"),
        ({"data": "AudioSet"}, 6, lambda e: "AudioSet" in e.data),
        ({"data": "fsdd"}, 4, lambda e: e.tag == "fsdd"),
        ({"license": "isc"}, 4, lambda e: e.license == "ISC"),
        ({"sample_rate": 32_000}, 4, lambda e: e.factory in AT_32_KHZ),
        ({"max_parameters": 500_000}, 12, lambda e: e.parameters <= 500_000),
        ({"max_bytes": 1_000_000}, 6, lambda e: e.approximate_size <= 1_000_000),
        ({"bundled": True}, 12, lambda e: e.is_bundled),
        ({"bundled": False}, 15, lambda e: not e.is_bundled),
    ],
)
def test_a_property_chooses(chosen: Any, least: int, fits: Any) -> None:
    everything = list_weights()
    found = list_weights(**chosen)
    assert least <= len(found) < len(everything)
    (name,) = chosen
    if name in ("max_parameters", "max_bytes", "bundled", "task"):
        assert found == [entry for entry in everything if fits(entry)]
    assert all(map(fits, found))


def test_properties_are_combined() -> None:
    assert titles("SampleCNN", bundled=True) == ["SampleCNN/fsdd"]
    assert titles(data="AudioSet", max_bytes=5_000_000) == ["EfficientAT/audioset"]
    assert titles("MusicVGG", task="speech") == []


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"task": "musik"}, "task='musik'. Did you mean 'music'.* tagging, music"),
        ({"data": "AudioSat"}, "data='AudioSat'. Did you mean 'AudioSet'"),
        ({"license": "GPL"}, "license='GPL'.*There are: .*MIT"),
        ({"data": ""}, "data=''"),
        ({"task": 5}, "task=5"),
        ({"sample_rate": 0}, "sample_rate must be a whole number, 1 or more"),
        ({"max_bytes": 1.5}, "max_bytes must be a whole number"),
        ({"max_parameters": -1}, "max_parameters must be a whole number"),
        ({"factory": "YAMnet"}, "Did you mean 'YAMNet'"),
    ],
)
def test_properties_that_nothing_has(chosen: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        list_weights(**chosen)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_may_be_asked_for(task: str) -> None:
    assert all(entry.task == task for entry in list_weights(task=task))


@pytest.mark.parametrize("entry", load_manifest(), ids=lambda entry: entry.title)
def test_entries_state_what_can_be_chosen(entry: Any) -> None:
    """Otherwise a choice would silently leave them out."""
    assert entry.sample_rate is not None
    assert entry.labels or entry.task not in ("tagging", "music")
    assert entry.labels == () or entry.task != "embedding"
    assert entry.data or entry.factory in UNSAID


def test_what_an_entry_does_not_state(make_entry: MakeEntry) -> None:
    entry = make_entry(https(URL))
    assert (entry.task, entry.data, entry.sample_rate) == ("tagging", (), None)
    scored = {"dataset": "Street Sounds", "accuracy": 0.5}
    entry = make_entry(https(URL), tag="body", labels=None, metrics=scored)
    assert (entry.task, entry.data) == ("embedding", ("Street Sounds",))
    assert titles(task="embedding") == titles(data="street sounds") == ["FCN/body"]
    assert titles(sample_rate=16_000) == []
    entry = make_entry(https(URL), tag="all", task="speech", data=["A", "B"])
    assert (entry.task, entry.data) == ("speech", ("A", "B"))


@pytest.mark.parametrize(
    "changes", [{"task": "music tags"}, {"data": []}, {"data": "A"}, {"sample_rate": 0}]
)
def test_bad_properties_of_an_entry_are_refused(
    make_entry: MakeEntry, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="is not valid at"):
        make_entry(https(URL), **changes)
