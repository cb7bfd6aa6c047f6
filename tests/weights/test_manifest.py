"""The manifest: valid, complete, and clear about what it does not have."""

import csv
import dataclasses
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasaudio.weights import find, list_weights, manifest, tags
from kerasaudio.weights.manifest import Source, load_manifest
from support.manifests import git_blob, https, hub, raw_entry, sha256

HERE = Path(__file__).parents[2]
URL = "https://example.org/a/b.safetensors"
OFFERED = {
    "SampleCNN": ["mtat", "msd", "jamendo", "fsdd"],
    "SampleCNNSE": ["mtat", "msd", "jamendo"],
    "FCN": ["mtat", "msd", "jamendo"],
    "CRNN": ["mtat", "msd", "jamendo"],
    "CNNSA": ["mtat", "msd", "jamendo"],
    "MusiCNN": ["mtat", "msd", "won2020-mtat", "won2020-msd", "won2020-jamendo"],
    "MusicVGG": ["mtat", "msd"],
    "HarmonicCNN": ["mtat", "msd", "jamendo"],
    "ShortChunkResNet": ["msd", "jamendo"],
    "EfficientAT": ["audioset", "audioset-mn05", "audioset-mn10", "audioset-mn20"],
    "CNN14": ["audioset", "audioset-16k"],
    "AST": ["audioset"],
    "CED": ["audioset", "audioset-mini", "audioset-small", "audioset-base"],
    "PaSST": ["audioset"],
    "YAMNet": ["audioset"],
    "VGGish": ["audioset"],
    "OpenL3": [
        f"{input_repr}-{content}"
        for input_repr in ("mel256", "mel128", "linear")
        for content in ("music", "env")
    ],
    "EdgeL3": ["sea-ust-64"],
    "DSCNN": [f"speech-commands-{size}" for size in ("s", "m", "l", "tiny")],
    "SpeakerEncoder": ["ge2e"],
    "Wav2Vec2": ["librispeech"],
    "HuBERT": ["librispeech"],
    "FireRedAED": ["fireredvad"],
    "SpeechMusicNoise": ["ina"],
    "SileroVAD": ["16k"],
    "WhisperEncoder": ["tiny", "base", "small", "medium", "large-v3"],
    "LeNetMFCC": ["fsdd"],
    "ReSE2Multi": ["fsdd"],
    "SpeechGRU": ["fsdd"],
    "BarkNet": ["esc10"],
    "LogMelCNN": ["esc10"],
}
CLASSES = {"music": 50, "audioset": 527, "fsdd": 10, "esc10": 10, "speech": 12}
OWN_CLASSES = {
    "YAMNet": 521,
    "VGGish": 0,
    "OpenL3": 0,
    "EdgeL3": 0,
    "SpeakerEncoder": 0,
    "WhisperEncoder": 0,
    "Wav2Vec2": 0,
    "HuBERT": 0,
    "BarkNet": 2,
    "FireRedAED": 3,
    "SpeechMusicNoise": 3,
    "SileroVAD": 1,
}
IN_FLOAT16 = {"FireRedAED", "WhisperEncoder"}
# Files hold little but the parameters; but a checkpoint of a training also two averages
# of each, and that of EdgeL3 its front-end.
COPIES = {"DSCNN/speech-commands-tiny": 3, "EdgeL3/sea-ust-64": 2.4}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def write(*entries: dict[str, Any], **changes: Any) -> Path:
        path = tmp_path / "manifest.json"
        path.write_text(json.dumps({"schema_version": 1, "weights": entries} | changes))
        monkeypatch.setenv("KERASAUDIO_MANIFEST", str(path))
        return path

    return write


def test_our_manifest_is_read_without_its_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Jupyter is installed, importing jsonschema takes more than a second."""
    ours = tmp_path / "weights_manifest.json"
    ours.write_bytes(manifest.manifest_path().read_bytes())
    own = load_manifest()
    monkeypatch.delenv("KERASAUDIO_MANIFEST", raising=False)
    monkeypatch.setattr(manifest, "manifest_path", lambda: ours)
    with monkeypatch.context() as hidden:
        hidden.setitem(sys.modules, "jsonschema", None)
        assert load_manifest() == own
    content = json.loads(ours.read_text())
    del content["weights"][2]["license"]
    ours.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"is not valid at .*'license' is a required"):
        load_manifest()


def test_our_manifest_fits_its_schema() -> None:
    from jsonschema import Draft202012Validator

    path = HERE / "kerasaudio" / "weights" / "manifest.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    ours = json.loads(manifest.manifest_path().read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(ours)


@pytest.mark.parametrize("factory", OFFERED)
def test_offers_every_tag(factory: str) -> None:
    assert set(OFFERED[factory]) <= set(tags(factory))
    assert {entry.tag for entry in list_weights(factory)} == set(tags(factory))


@pytest.mark.parametrize("entry", load_manifest(), ids=lambda entry: entry.title)
def test_entry_is_complete(entry: manifest.WeightsEntry) -> None:
    data = next((name for name in CLASSES if entry.tag.startswith(name)), "music")
    assert len(entry.labels) == OWN_CLASSES.get(entry.factory, CLASSES[data])
    assert entry.parameters is None or entry.parameters > 20_000
    assert entry.approximate_size is not None
    each = 2 if entry.factory in IN_FLOAT16 else 4
    rest = entry.approximate_size / (each * entry.parameters)
    rest -= COPIES.get(entry.title, 1)
    if entry.factory == "WhisperEncoder":  # the decoder, which is larger
        assert 1.4 < rest < 4
    else:
        assert -0.1 < rest < (0.5 if entry.factory == "DSCNN" else 0.2)
    for source in entry.sources:
        assert source.kind != "https" or source.url.startswith("https://")
        assert source.file_name


@pytest.mark.shared
def test_pins_match_the_reference_files(shared: Path) -> None:
    folder = shared / "reference" / "music_taggers"
    networks = {"FCN": "fcn", "CRNN": "crnn", "MusiCNN": "musicnn"}
    matched = 0
    for factory, network in networks.items():
        for dataset in ("mtat", "msd", "jamendo"):
            path = folder / f"{dataset}_{network}.pth"
            if path.is_file():
                tag = f"won2020-{dataset}" if factory == "MusiCNN" else dataset
                (source,) = [s for s in find(factory, tag).sources if s.kind == "https"]
                content = path.read_bytes()
                assert source.git_blob == git_blob(content)
                assert source.size == len(content)
                matched += 1
    assert matched == 8


@pytest.mark.shared
def test_labels_are_in_upstream_order(shared: Path) -> None:
    reference = shared / "reference"
    upstream = np.load(reference / "music_taggers" / "mtat_tags.npy")
    assert list(find("FCN", "mtat").labels) == upstream.tolist()
    # Pons' and Won's networks list MagnaTagATune's tags alike.
    assert find("MusiCNN", "mtat").labels == find("FCN", "mtat").labels
    with (reference / "audioset_class_labels_indices.csv").open(encoding="utf-8") as f:
        names = [row["display_name"] for row in csv.DictReader(f)]
    assert list(find("EfficientAT", "audioset").labels) == names
    with (reference / "yamnet_class_map.csv").open(encoding="utf-8") as f:
        names = [row["display_name"] for row in csv.DictReader(f)]
    assert list(find("YAMNet", "audioset").labels) == names


def test_jamendo_labels_are_sorted() -> None:
    # Upstream encodes targets by scikit-learn's LabelBinarizer, which sorts.
    labels = find("SampleCNN", "jamendo").labels
    assert list(labels) == sorted(labels)
    assert labels[0] == "genre---alternative"
    assert labels[-1] == "mood/theme---relaxing"


def test_unknown_tag_names_the_good_ones() -> None:
    with pytest.raises(ValueError, match="Did you mean 'jamendo'") as info:
        find("SampleCNN", "Jamendoo")
    assert "'mtat', 'msd', 'jamendo'" in str(info.value)
    assert "'Jamendoo'" in str(info.value)


def test_factory_without_weights() -> None:
    with pytest.raises(ValueError, match="no published weights"):
        find("SoundEventCRNN", "mtat")
    with pytest.raises(ValueError, match="Did you mean 'SampleCNN'"):
        list_weights("samplecnn")
    assert tags("SoundEventCRNN") == []


def test_entries_cannot_be_changed_and_travel() -> None:
    entry = find("AST", "audioset")
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.tag = "other"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(entry)) == entry
    assert hash(entry) == hash(find("AST", "audioset"))


def test_unpinned_entries_are_not_offered(write: Any) -> None:
    write(
        raw_entry(https(URL, sha256=None), tag="later"),
        raw_entry(https(URL), tag="now"),
    )
    assert [entry.tag for entry in load_manifest()] == ["later", "now"]
    assert [entry.tag for entry in list_weights()] == ["now"]
    with pytest.raises(ValueError, match="hash of its file is not known"):
        find("FCN", "later")


def test_an_unpinned_source_is_left_out(write: Any) -> None:
    write(raw_entry(https(URL, sha256=None), hub()))
    assert [source.kind for source in find("FCN", "mtat").pinned_sources] == ["hub"]


def test_labels_beside_the_manifest_come_first(write: Any, tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "mine.txt").write_text("Bär\nknock\n", encoding="utf-8")
    write(raw_entry(https(URL)) | {"labels": "mine"})
    assert find("FCN", "mtat").labels == ("Bär", "knock")


def test_a_changed_manifest_is_read_again(write: Any) -> None:
    write(raw_entry(https(URL), tag="first"))
    assert tags("FCN") == ["first"]
    write(raw_entry(https(URL), tag="and-second"))
    assert tags("FCN") == ["and-second"]


def test_an_installed_package_has_its_own_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "kerasaudio" / "weights"
    installed.mkdir(parents=True)
    monkeypatch.setattr(manifest, "_HERE", installed)
    assert manifest.manifest_path() == tmp_path / "weights_manifest.json"
    (installed / "weights_manifest.json").touch()
    assert manifest.manifest_path() == installed / "weights_manifest.json"


def test_source_describes_itself() -> None:
    source = Source(**https("https://example.org/a%20b/c%20d.pth?x=1"))
    assert source.file_name == "c d.pth"
    assert source.pin == f"sha256:{sha256()}"
    assert Source(**hub()).address == (
        "Hugging Face Hub someone/something@01234567/model.safetensors"
    )
    pinned = https(URL, sha256="absent", git_blob=git_blob())
    assert Source(**pinned).pin == f"git_blob:{git_blob()}"


def test_an_original_may_consist_of_several_files(write: Any) -> None:
    other = https("https://example.org/a/numbers.data", size=7)
    write(raw_entry(https(URL, companions=[other])))
    (source,) = find("FCN", "mtat").sources
    assert source.companions == (Source(**other),)
    assert find("FCN", "mtat").approximate_size == source.size + 7
    assert hash(source) != hash(dataclasses.replace(source, companions=()))


BAD_SOURCES = {
    "a further file without a pin": https(
        URL, companions=[https(URL, sha256="absent")]
    ),
    "no revision": {k: v for k, v in hub().items() if k != "revision"},
    "branch as revision": hub(revision="main"),
    "short hash": https(URL, sha256="ab"),
    "upper-case hash": https(URL, sha256=sha256().upper()),
    "two pins": https(URL, git_blob=git_blob()),
    "no pin": https(URL, sha256="absent"),
    "no size": https(URL, size="absent"),
    "size of zero": https(URL, size=0),
    "not encrypted": https("http://example.org/b.safetensors"),
    "a local file": https("file:///etc/passwd"),
    "looks local": https("http://127.0.0.1.example.org/b.safetensors"),
    "a folder": https("https://example.org/"),
    "url and path": https(URL, path="b.safetensors"),
    "no url": https(URL) | {"kind": "hub"},
    "path upwards": hub(path="../../secret"),
    "path upwards inside": hub(path="a/../../b"),
    "absolute path": hub(path="/etc/passwd"),
    "windows path": hub(path="C:\\secret"),
    "empty path": hub(path=""),
    "unknown kind": https(URL, kind="ftp"),
    "unknown field": https(URL, mirror="x"),
}


@pytest.mark.parametrize("source", BAD_SOURCES.values(), ids=BAD_SOURCES.keys())
def test_bad_sources_are_refused(write: Any, source: dict[str, Any]) -> None:
    path = write(raw_entry(source))
    with pytest.raises(ValueError, match="is not valid at") as info:
        load_manifest()
    assert str(path) in str(info.value)


BAD_ENTRIES = {
    "no sources": {"sources": []},
    "tag in capitals": {"tag": "MTAT"},
    "no license": {"license": ""},
    "metric above one": {"metrics": {"dataset": "MTAT", "roc_auc": 90.6}},
    "metrics of no data set": {"metrics": {"roc_auc": 0.9}},
    "labels elsewhere": {"labels": "../../secret"},
    "parameters as text": {"parameters": "many"},
}


@pytest.mark.parametrize("changes", BAD_ENTRIES.values(), ids=BAD_ENTRIES.keys())
def test_bad_entries_are_refused(write: Any, changes: dict[str, Any]) -> None:
    write(raw_entry(https(URL)) | changes)
    with pytest.raises(ValueError, match="is not valid at"):
        load_manifest()


def test_more_that_a_schema_cannot_say(write: Any, tmp_path: Path) -> None:
    write(raw_entry(https(URL)), raw_entry(hub()))
    with pytest.raises(ValueError, match="FCN/mtat more than once"):
        load_manifest()
    write(raw_entry(https(URL)) | {"labels": "nowhere"})
    with pytest.raises(ValueError, match=r"nowhere\.txt, which does not exist"):
        load_manifest()
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "twice.txt").write_text("a\nb\na\n")
    write(raw_entry(https(URL)) | {"labels": "twice"})
    with pytest.raises(ValueError, match="repeated label"):
        load_manifest()
    write(raw_entry(https(URL)), schema_version=2)
    with pytest.raises(ValueError, match="schema_version"):
        load_manifest()
    write().write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        load_manifest()
