"""Files of anybody's repository on the Hugging Face Hub: resolved, bounded, verified.

No hash of such a file is pinned. Its revision is resolved to a commit first, and each
file is compared with what the Hub states of it at that commit: the SHA-256 of large
files, git's object id of small ones.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kerasaudio.files.cache import cache_folder, has_cache_folder, locked, write_whole
from kerasaudio.files.download import download
from kerasaudio.files.errors import DownloadError, WeightsError
from kerasaudio.files.verified import download_verified
from kerasaudio.text import warn
from kerasaudio.weights import hub
from kerasaudio.weights.manifest import Source
from kerasaudio.weights.pins import mismatch
from kerasaudio.weights.places import downloaded_path

PREFIX = "hf://"
MOST_BYTES = 4 * 2**30  # of a file
_MOST_LISTED = 16 * 2**20  # bytes of the list of files
_NAME = r"[A-Za-z0-9][\w.-]{0,95}"
_COMMIT = r"[0-9a-f]{40}"


@dataclass(frozen=True)
class Repository:
    """A repository at one commit.

    Attributes:
        repo: Owner and name, such as "user/dogs".
        commit: 40 hexadecimal digits.
        files: Name of each file -> its size and hash: "size" in bytes, and "sha256" or
            "git_blob".
    """

    repo: str
    commit: str
    files: Mapping[str, Mapping[str, Any]]

    @property
    def address(self) -> str:
        """The address that always names this commit."""
        return f"{PREFIX}{self.repo}@{self.commit}"

    def source(self, name: str) -> Source:
        """Return the source of a file."""
        return Source(
            "hub", "native", name, None, self.repo, self.commit, **self.files[name]
        )


def parse_address(text: str) -> tuple[str, str]:
    """Return repository and revision of an address, hf://user/repo[@revision].

    Raises:
        ValueError: The text is not such an address.
    """
    match = re.fullmatch(
        rf"{PREFIX}({_NAME}/{_NAME})(?:@([\w./-]{{1,200}}))?", text, flags=re.ASCII
    )
    if match is None or ".." in text:
        raise ValueError(
            f"{text!r} is not the address of a repository. Pass hf://user/repo or "
            "hf://user/repo@revision; a revision is a branch, a tag or a commit."
        )
    return match[1], match[2] or "main"


def resolve(address: str) -> Repository:
    """Resolve a repository's revision to a commit, and list its files.

    A commit that was resolved before needs no network. Without network, the commit
    that the revision had last is used.

    Args:
        address: hf://user/repo or hf://user/repo@revision.

    Raises:
        ValueError: The address is invalid.
        WeightsError: There is no such repository or revision, it is gated or private,
            or there is neither a network nor an earlier answer.

    Warns:
        UserWarning: There is no network, and an earlier answer is used.
    """
    repo, revision = parse_address(address)
    known = _recall(repo, revision)
    if known is not None and re.fullmatch(_COMMIT, revision):
        return known
    reason = "HF_HUB_OFFLINE is set"
    if not hub.is_offline():
        try:
            found = _ask(repo, revision)
        except DownloadError as error:
            reason = hub.explain(error, Source("hub", "native", "", repo=repo))
            if error.code == "RevisionNotFound":
                reason = f"the repository has no revision {revision!r} (HTTP 404)"
            answered = error.status is not None and error.status < 500
            if answered or known is None:
                raise WeightsError(f"{address} is unavailable: {reason}.") from error
        else:
            _remember(found, revision)
            return found
    if known is None:
        raise WeightsError(
            f"{address} is unavailable: {reason}, and the cache does not have it."
        )
    warn(
        f"{address}: {reason}. The commit that it had last, {known.commit}, is used.",
        stacklevel=3,
    )
    return known


def fetch_file(repository: Repository, name: str, limit: int = MOST_BYTES) -> Path:
    """Return a verified file of a repository; download it if needed.

    Args:
        repository: From `resolve`.
        name: Name of the file, which must be one of the repository's.
        limit: Largest allowed size in bytes.

    Raises:
        WeightsError: The file is too large or unavailable, or its hash is not the one
            that the Hub states.
    """
    source = repository.source(name)
    what = f"{name} of {repository.address}"
    if source.size is None or source.size > limit:
        raise WeightsError(f"{what} has {source.size:,} bytes; the limit is {limit:,}.")
    path = downloaded_path(source)
    with locked(path):
        if path.is_file() and mismatch(path, source) is None:
            return path
        path.unlink(missing_ok=True)
        cached = hub.cached_file(source)
        if cached is not None and mismatch(cached, source) is None:
            return cached
        if hub.is_offline():
            raise WeightsError(
                f"{what} is unavailable: HF_HUB_OFFLINE is set, and no cache has the "
                "file."
            )
        url = hub.file_url(source)

        def get(headers: Mapping[str, str]) -> None:
            download_verified(
                url,
                path,
                lambda file: mismatch(file, source),
                title=f"{repository.repo} {name}",
                size=source.size,
                limit=limit,
                headers=headers,
            )

        try:
            hub.ask(url, get)
        except DownloadError as error:
            reason = hub.explain(error, source)
            raise WeightsError(f"{what} is unavailable: {reason}.") from error
        except WeightsError as error:
            raise WeightsError(f"{what} is unavailable: {error}.") from error
    return path


def _ask(repo: str, revision: str) -> Repository:
    where = quote(revision, safe="")
    url = f"{hub.endpoint()}/api/models/{repo}/revision/{where}?blobs=true"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.json"

        def get(headers: Mapping[str, str]) -> None:
            download(
                url,
                path,
                title=repo,
                size=None,
                limit=_MOST_LISTED,
                headers=headers,
                progress=False,
            )

        hub.ask(url, get)
        try:
            answer = json.loads(path.read_bytes())
            found = Repository(repo, answer["sha"], _files(answer["siblings"]))
            _check(found)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
            raise WeightsError(
                f"{PREFIX}{repo} is unavailable: {hub.endpoint()} gave an answer that "
                f"is not a list of files ({type(err).__name__}: {err})."
            ) from err
    if re.fullmatch(_COMMIT, revision) and found.commit != revision:
        raise WeightsError(
            f"{PREFIX}{repo}@{revision} is unavailable: {hub.endpoint()} answered with "
            f"another commit, {found.commit}."
        )
    return found


def _files(siblings: Any) -> dict[str, dict[str, Any]]:
    """Return size and hash of each file that the Hub lists with both."""
    files: dict[str, dict[str, Any]] = {}
    for one in siblings:
        large = one.get("lfs")
        if large:
            files[one["rfilename"]] = {
                "sha256": large.get("sha256") or large["oid"],
                "size": large["size"],
            }
        elif one.get("blobId"):
            files[one["rfilename"]] = {"git_blob": one["blobId"], "size": one["size"]}
    return files


def _check(repository: Repository) -> None:
    if not re.fullmatch(_COMMIT, repository.commit):
        raise ValueError(f"commit {repository.commit!r}")
    for name, facts in repository.files.items():
        large = "sha256" in facts
        known = re.fullmatch(
            r"[0-9a-f]{64}" if large else _COMMIT,
            facts["sha256" if large else "git_blob"],
        )
        if not known or type(facts["size"]) is not int or facts["size"] < 0:
            raise ValueError(f"{name!r} has {dict(facts)}")


def _record(repo: str, revision: str) -> Path:
    name = f"{hub.endpoint()} {repo} {revision}"
    short = hashlib.sha256(name.encode()).hexdigest()[:24]
    return cache_folder() / "repositories" / f"{short}.json"


def _remember(repository: Repository, revision: str) -> None:
    if has_cache_folder():
        for name in {revision, repository.commit}:
            content = json.dumps(asdict(repository)).encode()
            write_whole(_record(repository.repo, name), content)


def _recall(repo: str, revision: str) -> Repository | None:
    """Return an earlier answer; None if there is none, or it is damaged."""
    if not has_cache_folder():
        return None
    try:
        content = json.loads(_record(repo, revision).read_bytes())
        known = Repository(**content)
        _check(known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return known if known.repo == repo else None
