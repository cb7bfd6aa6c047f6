"""Licenses that forbid commercial use are accepted once, for the download."""

from pathlib import Path

import pytest

from kerasaudio.weights import WeightsEntry, WeightsError, fetch, fetch_companions
from support.manifests import CONTENT, MakeEntry, https
from support.web_server import Served, WebServer

PATH = "/files/best_model.pth"
LICENSE = "CC-BY-NC-4.0"


@pytest.fixture
def entry(server: WebServer, make_entry: MakeEntry) -> WeightsEntry:
    server.files[PATH] = Served(CONTENT)
    return make_entry(https(server.url + PATH), license=LICENSE)


@pytest.mark.parametrize(
    ("license", "forbids"),
    [
        ("CC-BY-NC-4.0", True),
        ("CC-BY-NC-SA-3.0", True),
        ("cc-by-nc-nd-4.0", True),
        ("CC-BY-4.0", False),
        ("NCSA", False),
        ("MIT", False),
    ],
)
def test_which_licenses_forbid_commercial_use(
    make_entry: MakeEntry, license: str, forbids: bool
) -> None:
    source = https("https://example.org" + PATH)
    assert make_entry(source, license=license).is_non_commercial is forbids


def test_the_license_is_shown_before_the_first_download(
    server: WebServer, entry: WeightsEntry
) -> None:
    with pytest.raises(WeightsError) as info:
        fetch(entry)
    said = str(info.value)
    assert f"{LICENSE}, forbids commercial use: see https://example.org" in said
    assert "kerasaudio download FCN mtat --accept-license" in said
    assert not server.requests(PATH)


def test_it_is_accepted_once(entry: WeightsEntry) -> None:
    path = fetch(entry, accept_license=True).path
    assert fetch(entry).path == path


def test_further_files_of_an_original_need_it_too(
    server: WebServer, make_entry: MakeEntry
) -> None:
    server.files[PATH] = Served(CONTENT)
    main = https("https://example.org/main.pth")
    further = https(server.url + PATH)
    entry = make_entry(main | {"companions": [further]}, license=LICENSE)
    (source,) = entry.sources
    with pytest.raises(WeightsError, match="forbids commercial use"):
        fetch_companions(entry, source)
    assert not server.requests(PATH)

    (path,) = fetch_companions(entry, source, accept_license=True)

    assert path.read_bytes() == CONTENT
    assert fetch_companions(entry, source) == [path]


@pytest.mark.parametrize(
    ("value", "accepts"),
    [(LICENSE, True), ("MIT, cc-by-nc-4.0", True), ("CC-BY-NC", False), ("1", False)],
)
def test_the_environment_accepts_the_licenses_that_it_names(
    entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch, value: str, accepts: bool
) -> None:
    monkeypatch.setenv("KERASAUDIO_ACCEPT_LICENSE", value)
    if accepts:
        assert fetch(entry).path.is_file()
    else:
        with pytest.raises(WeightsError, match=f"ACCEPT_LICENSE={LICENSE}"):
            fetch(entry)


def test_a_file_of_the_users_needs_no_question(
    entry: WeightsEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "best_model.pth").write_bytes(CONTENT)
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(tmp_path))
    assert fetch(entry).path == tmp_path / "best_model.pth"
