"""The Hugging Face Hub: addresses, the user's token and cache, its refusals.

Files are fetched like any other URL, because the Hub's own client checks sizes only and
retries for 23 seconds when there is no network.
"""

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from kerasaudio.weights.errors import DownloadError
from kerasaudio.weights.manifest import Source

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def endpoint() -> str:
    """Give the Hub's address; HF_ENDPOINT names a mirror."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def is_offline() -> bool:
    """Say whether the user keeps Hugging Face's libraries off the network."""
    value = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE")
    return (value or "").upper() in {"1", "ON", "YES", "TRUE"}


def file_url(source: Source) -> str:
    """Give the address of a file at its pinned revision."""
    path = quote(source.path or "")
    return f"{endpoint()}/{source.repo}/resolve/{source.revision}/{path}"


def headers(url: str) -> dict[str, str]:
    """Give the user's token for a URL of the Hub, unless it could be overheard."""
    from huggingface_hub import get_token

    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        return {}
    token = get_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


def cached_file(source: Source) -> Path | None:
    """Find the file in the cache of Hugging Face's own libraries."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(
        source.repo or "", source.path or "", revision=source.revision
    )
    return Path(found) if isinstance(found, str) else None


def explain(error: DownloadError, source: Source) -> str:
    """Say what a refusal of the Hub means and what to do."""
    page = f"{endpoint()}/{source.repo}"
    if error.code == "GatedRepo" or (error.status == 403 and error.code is None):
        return (
            f"the repository is gated (HTTP {error.status}): accept its licence at "
            f"{page} and log in with `hf auth login`"
        )
    if error.status == 401 or error.code == "RepoNotFound":
        return (
            f"there is no such repository, or it is private (HTTP {error.status}): see "
            f"{page}, and log in with `hf auth login` if it is yours to see"
        )
    if error.code == "RevisionNotFound":
        return f"the repository has no revision {source.revision} (HTTP 404)"
    if error.status == 404:
        return f"the repository has no file {source.path} at this revision (HTTP 404)"
    return str(error)
