"""Write a model's files, and upload them to the Hugging Face Hub in one commit."""

import hashlib
import re
import tempfile
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kerasaudio.core.audio_model import WORKERS, AudioModel
from kerasaudio.exporting.facts import describe, facts_json
from kerasaudio.files.errors import WeightsError
from kerasaudio.files.whole_file import write_text
from kerasaudio.loading import FACTS, MODEL_FILES
from kerasaudio.sharing.card import model_card
from kerasaudio.text import escaped
from kerasaudio.weights import hub
from kerasaudio.weights.repository import PREFIX, parse_address

CARD = "README.md"
_LOG_IN = (
    "Run `hf auth login` or set HF_TOKEN (in Python, also token=): a token that may "
    "write, from https://huggingface.co/settings/tokens"
)


def push_to_hub(
    model: AudioModel,
    repo: str,
    token: str | None,
    private: bool | None,
    message: str | None,
    card: str | None,
    **about: Any,
) -> str:
    """Upload a model; see `AudioModel.push_to_hub`."""
    repo, revision = parse_address(f"{PREFIX}{str(repo).removeprefix(PREFIX)}")
    if revision != "main":
        raise ValueError(f"Models are pushed to main. Received: {repo}@{revision}.")
    secret = _token(token)
    if card is not None and about:
        raise ValueError(f"Leave out {', '.join(about)}, as card= is the whole card.")
    text = model_card(model, repo, **about) if card is None else card
    with tempfile.TemporaryDirectory() as folder:
        files = write_folder(model, Path(folder), text)
        commit = _upload(files, repo, secret, private, message or f"Add {model.name}")
    return f"{PREFIX}{repo}@{commit}"


def write_folder(model: AudioModel, folder: Path, card: str) -> list[Path]:
    """Write the files of a repository: the model, its facts and its card.

    The model is a safetensors file if a factory can read it: no graph has to be
    trusted, and it has checksums. Otherwise it is a .keras file.

    Returns:
        The paths of the files.
    """
    tensors, archive = (folder / name for name in MODEL_FILES)
    path = tensors
    try:
        model.save_pretrained(tensors)
    except ValueError:  # no factory builds this network
        path = archive
        model.save(archive)
    content = path.read_bytes()
    facts = {
        "format": 1,
        "file": path.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "model": describe(model.spec, model.spec.clip_samples, None),
    }
    write_text(folder / FACTS, facts_json(facts) + "\n")
    write_text(folder / CARD, card)
    return [path, folder / FACTS, folder / CARD]


def _token(token: str | None) -> str:
    from huggingface_hub import get_token

    secret = get_token() if token is None else token
    if not secret:
        raise WeightsError(f"No token of the Hugging Face Hub was found. {_LOG_IN}.")
    if not isinstance(secret, str) or not re.fullmatch(r"[!-~]+", secret):
        raise ValueError(  # a header that is refused would be printed
            "The token has characters that no token has, such as a line break (it is "
            f"not shown here). {_LOG_IN}."
        )
    parts = urlsplit(hub.endpoint())
    if parts.scheme != "https" and not hub.is_loopback(parts.hostname):
        raise WeightsError(
            f"{hub.endpoint()} is not encrypted, so the token is not sent there."
        )
    return secret


def _upload(
    files: list[Path], repo: str, token: str, private: bool | None, message: str
) -> str:
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError

    if hub.is_offline():
        raise WeightsError("HF_HUB_OFFLINE is set, so nothing is uploaded.")
    api = HfApi(endpoint=hub.endpoint(), token=token)
    reason = ""
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        operations = [CommitOperationAdd(path.name, path) for path in files]
        commit = api.create_commit(repo, operations, commit_message=message)
        return str(commit.oid)
    except HfHubHTTPError as error:
        status = error.response.status_code
        reason = f"HTTP {status}: {error.server_message or 'no reason given'}"
        if status in (401, 403):
            reason += f". The token may not write to {repo}. {_LOG_IN}"
    except Exception as error:  # its client raises errors of many libraries
        cause = error.__cause__ or error
        reason = f"{type(cause).__name__}: {str(cause) or error}"
    # Not chained: what the client raises may show the headers.
    reason = escaped(reason.replace(token, "***").strip().rstrip("."))
    raise WeightsError(
        f"The model was not uploaded to {repo} at {hub.endpoint()} ({reason}). Nothing "
        "in the repository has changed."
    )


def card_of(model: AudioModel, repo: str, **about: Any) -> str:
    """Return a card; see `AudioModel.card`."""
    return model_card(model, repo, **about)


def save_card(
    model: AudioModel, path: str | PathLike[str], repo: str, **about: Any
) -> Path:
    """Write a card; see `AudioModel.save_card`."""
    written = Path(path)
    write_text(written, model_card(model, repo, **about))
    return written


WORKERS["push_to_hub"] = push_to_hub
WORKERS["card"] = card_of
WORKERS["save_card"] = save_card
