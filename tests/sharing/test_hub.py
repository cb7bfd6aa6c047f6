"""Models are pushed to a Hub on this machine, and loaded from there."""

import json
import zipfile

import numpy as np
import pytest

import kerasaudio
from kerasaudio import cli, loading
from kerasaudio.files.errors import UnsafeFileError, WeightsError
from support.tiny import tiny_model
from support.web_server import Repository

# The Hub's own client uploads files in a way that its HTTP library deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
REPO = "me/digits"
TOKEN = "hf_secretsecret"
SOUND = np.sin(np.arange(8_000, dtype="float32"))[None] / 2


@pytest.fixture(autouse=True)
def hub(server, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(loading, "_told", set())
    repository = Repository(large=(".safetensors", ".keras"))
    server.repositories[REPO] = repository
    return repository


@pytest.fixture(scope="module")
def model():
    return kerasaudio.load("LeNetMFCC/fsdd")


def latest(repository):
    return list(repository.revisions.values())[-1]


def put(repository, name, content, commit="a" * 40):
    repository.revisions[commit] = {name: content}


def test_what_is_pushed_gives_the_same_numbers(model, hub, server, capsys):
    address = model.push_to_hub(REPO, message="Digits")
    assert address == f"hf://{REPO}@{list(hub.revisions)[-1]}"
    assert hub.messages == ["Digits"]
    again = kerasaudio.load(f"hf://{REPO}")
    np.testing.assert_array_equal(
        model.predict(SOUND, verbose=0), again.predict(SOUND, verbose=0)
    )
    assert again.spec.labels == model.spec.labels
    step = again.spec.provenance[-1]
    assert step["from"] == address
    assert step["hash"].startswith("sha256:")
    told = capsys.readouterr().err
    assert address in told
    assert step["hash"] in told
    kerasaudio.load(address)
    assert address not in capsys.readouterr().err  # once
    assert again.spec.weights_hash == model.spec.weights_hash
    assert f"base_model: {REPO}" in again.card("me/other")
    assert TOKEN not in told


def test_the_command_line_describes_a_repository(model, hub, capsys):
    model.push_to_hub(REPO)
    commit = list(hub.revisions)[-1]
    capsys.readouterr()

    assert cli.main(["info", f"hf://{REPO}", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "repository with model.safetensors"
    assert found["path"] == f"hf://{REPO}@{commit}"
    assert found["bytes"] == len(latest(hub)["model.safetensors"])
    assert found["labels"] == [str(digit) for digit in range(10)]
    put(hub, "kerasaudio.json", b"{}", "b" * 40)
    assert cli.main(["info", f"hf://{REPO}"]) == 1
    assert "kerasaudio.json of hf://me/digits@bbbb" in capsys.readouterr().err


def test_a_network_of_ones_own(hub):
    model = tiny_model()
    model.push_to_hub(REPO)
    assert "model.keras" in latest(hub)
    again = kerasaudio.load(f"hf://{REPO}")
    sound = SOUND[:, :4_000]
    np.testing.assert_array_equal(
        model.predict(sound, verbose=0), again.predict(sound, verbose=0)
    )


def test_other_files_stay_and_the_newest_model_counts(model, hub):
    put(hub, "notes.txt", b"mine")
    model.push_to_hub(REPO)
    tiny_model().push_to_hub(REPO)
    assert latest(hub)["notes.txt"] == b"mine"
    assert "model.safetensors" in latest(hub)
    assert len(hub.revisions) == 3
    assert kerasaudio.load(f"hf://{REPO}").name == "tiny"
    before = list(hub.revisions)[1]
    assert kerasaudio.load(f"hf://{REPO}@{before}").spec.labels == model.spec.labels


@pytest.mark.parametrize("part", ["put", "lfs", "commit", "create"])
def test_a_broken_upload_leaves_no_half_model(model, hub, part):
    hub.refused[part] = 403
    with pytest.raises(WeightsError, match="was not uploaded") as info:
        model.push_to_hub(REPO)
    assert not hub.revisions
    assert TOKEN not in str(info.value)
    assert info.value.__cause__ is None


def test_without_a_token_nothing_is_sent(model, server, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(WeightsError, match="hf auth login"):
        model.push_to_hub(REPO)
    assert not server.seen


def test_a_token_that_cannot_be_one_is_not_printed(model, server):
    with pytest.raises(ValueError, match="not shown here") as info:
        model.push_to_hub(REPO, token="hf_abc\ndef")
    assert "abc" not in str(info.value)
    assert not server.seen


def test_the_token_is_not_sent_in_the_clear(model, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror.example")
    with pytest.raises(WeightsError, match="not encrypted"):
        model.push_to_hub(REPO)


@pytest.mark.parametrize(
    ("name", "says"),
    [("model.safetensors", "its sha256 is"), ("kerasaudio.json", "its git_blob is")],
)
def test_other_bytes_are_refused(model, hub, name, says):
    model.push_to_hub(REPO)
    right = latest(hub)[name]
    hub.swapped[name] = right[:-1] + bytes([right[-1] ^ 1])
    with pytest.raises(WeightsError, match=f"has been changed .*{says}"):
        kerasaudio.load(f"hf://{REPO}")


def test_a_download_is_kept_for_times_without_network(model, hub, server, monkeypatch):
    address = model.push_to_hub(REPO)
    kerasaudio.load(f"hf://{REPO}")
    server.seen.clear()
    kerasaudio.load(address)
    assert not server.seen
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.warns(UserWarning, match="HF_HUB_OFFLINE is set. The commit"):
        kerasaudio.load(f"hf://{REPO}")
    with pytest.raises(WeightsError, match="the cache does not have it"):
        kerasaudio.load("hf://me/other")
    with pytest.raises(WeightsError, match="nothing is uploaded"):
        model.push_to_hub(REPO)


def test_no_network(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match="is unavailable: no connection"):
        kerasaudio.load(f"hf://{REPO}")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("hf://me/absent", "no such repository, or it is private"),
        (f"hf://{REPO}@v9", "no revision 'v9'"),
    ],
)
def test_what_is_not_there(model, address, says):
    model.push_to_hub(REPO)
    with pytest.raises(WeightsError, match=says):
        kerasaudio.load(address)


def test_a_gated_repository(model, hub):
    hub.token, hub.gated = "hf_other", True
    with pytest.raises(WeightsError, match=r"is gated .* accept its license"):
        kerasaudio.load(f"hf://{REPO}")


@pytest.mark.parametrize(
    "address", ["hf://digits", "hf://a/b/c", "hf://../b", "hf://a/b@", "hf://a/b@../c"]
)
def test_addresses_that_are_none(address, server):
    with pytest.raises(ValueError, match="not the address of a repository"):
        kerasaudio.load(address)
    assert not server.seen


def test_only_known_files_are_taken(hub):
    put(hub, "pytorch_model.bin", b"x")
    with pytest.raises(ValueError, match="has no model of kerasaudio"):
        kerasaudio.load(f"hf://{REPO}")


@pytest.mark.parametrize("name", ["../../evil.keras", "pytorch_model.bin"])
def test_the_facts_choose_among_known_names_only(hub, name):
    put(hub, "kerasaudio.json", json.dumps({"file": name}).encode())
    with pytest.raises(ValueError, match="has no model of kerasaudio"):
        kerasaudio.load(f"hf://{REPO}")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"class_name": "Dense"', '"class_name": "Lambda"', "Lambda layer"),
        ('"module": "keras.layers"', '"module": "evil.layers"', "'evil.layers'"),
    ],
)
def test_foreign_code_is_refused(hub, tmp_path, old, new, says):
    tiny_model().save(tmp_path / "tiny.keras")
    with (
        zipfile.ZipFile(tmp_path / "tiny.keras") as whole,
        zipfile.ZipFile(tmp_path / "evil.keras", "w") as evil,
    ):
        for name in whole.namelist():
            content = whole.read(name)
            if name == "config.json":
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            evil.writestr(name, content)
    put(hub, "model.keras", (tmp_path / "evil.keras").read_bytes())
    with pytest.raises(UnsafeFileError, match=says):
        kerasaudio.load(f"hf://{REPO}")


def test_sizes_are_bounded(model, hub, monkeypatch):
    model.push_to_hub(REPO)
    monkeypatch.setattr(
        kerasaudio.loading.repository.fetch_file, "__defaults__", (1_000,)
    )
    with pytest.raises(WeightsError, match="the limit is 1,000"):
        kerasaudio.load(f"hf://{REPO}")


def test_the_command_line_pushes_and_tags(model, hub, tmp_path, capsys):
    import soundfile

    from kerasaudio.cli import main

    model.save(tmp_path / "mine.keras")
    soundfile.write(tmp_path / "a.wav", SOUND[0], 8_000)
    assert main(["push", str(tmp_path / "mine.keras"), REPO, "--license", "MIT"]) == 0
    assert capsys.readouterr().out.startswith(f"hf://{REPO}@")
    assert b"license: mit" in latest(hub)["README.md"]
    status = main(["tag", str(tmp_path / "a.wav"), "--model", f"hf://{REPO}"])
    assert status == 0
    assert capsys.readouterr().out
