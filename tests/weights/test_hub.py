"""The Hub: tokens, refusals, offline mode, and the cache of its own client."""

from pathlib import Path

import pytest

from kerasaudio.weights import WeightsError, fetch
from kerasaudio.weights import hub as hub_module
from support.manifests import CONTENT, REVISION, MakeEntry, hub
from support.web_server import Repository, WebServer

REPO = "someone/something"
FILE = f"/{REPO}/resolve/{REVISION}/model.safetensors"


@pytest.fixture
def repository(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    repository = Repository({REVISION: {"model.safetensors": CONTENT}})
    server.repositories[REPO] = repository
    return repository


@pytest.mark.usefixtures("repository")
def test_downloads_from_the_endpoint(server: WebServer, make_entry: MakeEntry) -> None:
    assert fetch(make_entry(hub())).path.read_bytes() == CONTENT
    assert [seen.path for seen in server.seen] == [FILE]


def test_a_name_that_needs_quoting(
    repository: Repository, make_entry: MakeEntry
) -> None:
    repository.revisions[REVISION] = {"a b%2F#ü.safetensors": CONTENT}
    entry = make_entry(hub(path="a b%2F#ü.safetensors"))
    url = hub_module.file_url(entry.sources[0])
    assert url.endswith("/a%20b%252F%23%C3%BC.safetensors")


def test_large_files_lie_elsewhere_and_get_no_token(
    server: WebServer,
    repository: Repository,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository.token = "hf_secret"
    repository.cdn = server.other_name
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert fetch(make_entry(hub())).path.read_bytes() == CONTENT
    first, second = server.seen
    assert first.headers["Authorization"] == "Bearer hf_secret"
    assert second.path.startswith("/cdn/")
    assert "Authorization" not in second.headers


def test_the_token_of_hf_auth_login_is_used(
    server: WebServer, repository: Repository, make_entry: MakeEntry, tmp_path: Path
) -> None:
    repository.token = "hf_saved"
    (tmp_path / "token").write_text("hf_saved\n")
    assert fetch(make_entry(hub())).path.is_file()


def test_the_token_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert hub_module.headers("http://mirror.example/a/b") == {}
    assert hub_module.headers("https://mirror.example/a/b") == {
        "Authorization": "Bearer hf_secret"
    }


def sent_tokens(server: WebServer) -> list[str | None]:
    return [seen.headers.get("Authorization") for seen in server.seen]


def test_an_expired_token_does_not_hide_public_files(
    server: WebServer,
    repository: Repository,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository.unknown_tokens = frozenset({"hf_expired"})
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    with pytest.warns(UserWarning, match="rejected the token .* may have expired"):
        path = fetch(make_entry(hub())).path
    assert path.read_bytes() == CONTENT
    assert sent_tokens(server) == ["Bearer hf_expired", None]


@pytest.mark.parametrize("gated", [True, False])
def test_an_expired_token_is_named_where_one_is_needed(
    repository: Repository,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
    gated: bool,
) -> None:
    repository.unknown_tokens = frozenset({"hf_expired"})
    repository.token, repository.gated = "hf_secret", gated
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    with pytest.raises(WeightsError, match="it may have expired") as info:
        fetch(make_entry(hub()))
    assert ("is gated" if gated else "or it is private") in str(info.value)
    assert "hf_expired" not in str(info.value)


def test_a_good_token_is_asked_with_once(
    server: WebServer,
    repository: Repository,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with pytest.raises(WeightsError, match="no file other"):
        fetch(make_entry(hub(path="other.safetensors")))
    assert sent_tokens(server) == ["Bearer hf_secret"]


@pytest.mark.parametrize(
    ("value", "sends"), [("1", False), ("true", False), ("", True)]
)
def test_the_token_can_be_kept_at_home(
    server: WebServer,
    repository: Repository,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
    value: str,
    sends: bool,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", value)
    assert fetch(make_entry(hub())).path.read_bytes() == CONTENT
    assert sent_tokens(server) == ["Bearer hf_secret" if sends else None]


def test_a_token_kept_at_home_is_named_where_one_is_needed(
    repository: Repository, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.token = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    with pytest.raises(WeightsError, match="HF_HUB_DISABLE_IMPLICIT_TOKEN is set"):
        fetch(make_entry(hub()))


@pytest.mark.parametrize("token", [None, "hf_other"])
def test_a_gated_repository(
    server: WebServer,
    repository: Repository,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
    token: str | None,
) -> None:
    repository.token, repository.gated = "hf_secret", True
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(WeightsError, match="gated") as info:
        fetch(make_entry(hub()))
    assert f"accept its license at {server.url}/{REPO}" in str(info.value)
    assert "`hf auth login`" in str(info.value)
    assert "hf_other" not in str(info.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repo": "someone/else"}, "no such repository, or it is private"),
        ({"path": "other.safetensors"}, "no file other.safetensors at this revision"),
        ({"revision": "f" * 40}, "no revision f{40}"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_what_is_not_there(
    make_entry: MakeEntry, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(WeightsError, match=message):
        fetch(make_entry(hub(**changes)))


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
@pytest.mark.usefixtures("repository")
def test_offline_mode(
    server: WebServer,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE is set"):
        fetch(make_entry(hub()))
    assert not server.seen
    monkeypatch.setenv(variable, "0")
    assert fetch(make_entry(hub(), tag="other")).path.is_file()
    monkeypatch.setenv(variable, "1")
    assert fetch(make_entry(hub(), tag="again")).path.is_file()  # from our cache


@pytest.fixture
def hub_cached(server: WebServer, repository: Repository, tmp_path: Path) -> Path:
    """The file as Hugging Face's own client downloads it, which the server can do."""
    from huggingface_hub import hf_hub_download

    repository.cdn = server.other_name
    path = hf_hub_download(
        REPO, "model.safetensors", revision=REVISION, endpoint=server.url
    )
    assert str(tmp_path / "hub") in path
    server.seen.clear()
    return Path(path)


def test_the_cache_of_other_libraries_is_used(
    server: WebServer,
    hub_cached: Path,
    make_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch(make_entry(hub())).path == hub_cached
    assert not server.seen


def test_the_cache_of_other_libraries_is_verified_and_left(
    server: WebServer, hub_cached: Path, make_entry: MakeEntry
) -> None:
    wrong = CONTENT[:-1] + b"!"
    hub_cached.write_bytes(wrong)
    with pytest.warns(UserWarning, match="not deleted"):
        path = fetch(make_entry(hub())).path
    assert path.read_bytes() == CONTENT
    assert hub_cached.read_bytes() == wrong
    assert path != hub_cached
