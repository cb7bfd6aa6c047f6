"""The Hugging Face Hub: addresses, the user's token and cache, error messages.

Files are downloaded like any other URL, because the Hub's own client checks sizes only
and retries for 23 seconds if there is no network.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from kerasaudio.files.errors import DownloadError
from kerasaudio.text import warn
from kerasaudio.weights.manifest import Source

NO_TOKEN_VARIABLE = "HF_HUB_DISABLE_IMPLICIT_TOKEN"
_REFUSED = (
    "The Hub rejected the token of HF_TOKEN or of `hf auth login`: it may have expired"
)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def endpoint() -> str:
    """Return the Hub's address; HF_ENDPOINT names a mirror."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine."""
    return host in _LOOPBACK


def is_offline() -> bool:
    """Return whether the user disabled the network for Hugging Face's libraries."""
    return _is_set("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def _is_set(*variables: str) -> bool:
    value = next(filter(None, map(os.environ.get, variables)), "")
    return value.upper() in {"1", "ON", "YES", "TRUE"}


def file_url(source: Source) -> str:
    """Return the address of a file at its pinned revision."""
    path = quote(source.path or "")
    return f"{endpoint()}/{source.repo}/resolve/{source.revision}/{path}"


def headers(url: str) -> dict[str, str]:
    """Return the headers with the user's token for a URL of the Hub.

    They are empty if the connection is not encrypted (unless the server is on this
    machine), or if HF_HUB_DISABLE_IMPLICIT_TOKEN is set.
    """
    from huggingface_hub import get_token

    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        return {}
    if _is_set(NO_TOKEN_VARIABLE):  # checked first, as get_token may use the network
        return {}
    token = get_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


def ask(url: str, get: Callable[[Mapping[str, str]], None]) -> None:
    """Download a file with the user's token, or without it if it is rejected.

    Args:
        url: URL of a file of the Hub.
        get: Function that downloads it with the given headers.

    Raises:
        DownloadError: As `get`.

    Warns:
        UserWarning: The token was rejected, but the file is public.
    """
    sent = headers(url)
    try:
        get(sent)
        return
    except DownloadError as error:
        if not sent or error.status not in (401, 403):
            raise
        refusal = error
    try:
        get({})
    except DownloadError as error:
        if refusal.status == 403:  # the token is valid, but gives no access
            raise refusal from error
        error.token_refused = refusal.code is None
        raise
    warn(
        f"{_REFUSED} (HTTP {refusal.status}). The file is public and was downloaded "
        "without it.",
        stacklevel=4,
    )


def cached_file(source: Source) -> Path | None:
    """Find the file in the cache of Hugging Face's own libraries."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(
        source.repo or "", source.path or "", revision=source.revision
    )
    return Path(found) if isinstance(found, str) else None


def explain(error: DownloadError, source: Source) -> str:
    """Return what an error of the Hub means and what to do."""
    said = _explain(error, source)
    if error.token_refused:
        return f"{said}. {_REFUSED}"
    if error.status in (401, 403) and _is_set(NO_TOKEN_VARIABLE):
        return f"{said}. No token was sent, as {NO_TOKEN_VARIABLE} is set"
    return said


def _explain(error: DownloadError, source: Source) -> str:
    page = f"{endpoint()}/{source.repo}"
    if error.code == "GatedRepo" or (error.status == 403 and error.code is None):
        return (
            f"the repository is gated (HTTP {error.status}): accept its license at "
            f"{page} and log in with `hf auth login`"
        )
    if error.status == 401 or error.code == "RepoNotFound":
        return (
            f"there is no such repository, or it is private (HTTP {error.status}): see "
            f"{page}, and log in with `hf auth login` if you have access"
        )
    if error.code == "RevisionNotFound":
        return f"the repository has no revision {source.revision} (HTTP 404)"
    if error.status == 404:
        return f"the repository has no file {source.path} at this revision (HTTP 404)"
    return str(error)
