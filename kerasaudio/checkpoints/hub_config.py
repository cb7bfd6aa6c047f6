"""Read the config.json that Hugging Face's libraries write next to a weights file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasaudio.arguments import whole_number


def read_config(
    path: Path,
    model_type: str,
    counts: Mapping[str, str],
    only: Mapping[str, Any],
    section: str | None = None,
    kind: str = "model_type",
    inner: str | None = None,
) -> dict[str, int]:
    """Return the settings of a network that no shape of its weights reveals.

    Args:
        path: Path of the config.json.
        model_type: Kind of network. A file of another kind belongs to another network
            in the same folder and is not used.
        counts: Our names of the settings by those in the file; positive integers.
        only: Settings that must have these values if they are in the file.
        section: Name of the part of the file that describes the network, if the file
            describes several.
        kind: Name of the setting that tells the kind of network.
        inner: Name of a part of those settings that count before the others, if it is
            there.

    Returns:
        Values by our names; empty if there is no such file.

    Raises:
        ValueError: The file is not JSON, or has a setting that is not supported.
    """
    config = read_section(path, model_type, section, kind)
    if inner is not None and isinstance(part := config.get(inner), dict):
        config = {**config, **part}
    for key, value in only.items():
        if config.get(key, value) != value:
            raise ValueError(
                f"{path}: {model_type} supports only {key}={value!r}. "
                f"Received: {config[key]!r}."
            )
    return {
        ours: whole_number(config[key], f"{path}: {key}")
        for key, ours in counts.items()
        if key in config
    }


def check_heads(path: Path, features: int, heads: int) -> None:
    """Check a number of attention heads, which no shape of a file's weights reveals.

    Args:
        path: Path of the weights, for the message.
        features: Number of features of a token.
        heads: Number of heads, from the config.json or guessed.

    Raises:
        ValueError: They do not divide the features.
    """
    if heads < 1 or features % heads:
        raise ValueError(
            f"{path}: {features} features cannot be divided among {heads} attention "
            "heads. Put the config.json of this file into the same folder."
        )


def read_section(
    path: Path,
    model_type: str,
    section: str | None = None,
    kind: str = "model_type",
) -> Mapping[str, Any]:
    """Return the settings of one network; empty if the file is missing or of another.

    Args:
        path: Path of the config.json.
        model_type: Kind of network.
        section: Name of the part of the file; None for the whole.
        kind: Name of the setting that tells the kind of network.

    Raises:
        ValueError: The file is not JSON.
    """
    if not path.is_file():
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a JSON file: {error}.") from error
    if section is not None:
        config = config.get(section) if isinstance(config, dict) else None
    if not isinstance(config, dict) or config.get(kind) != model_type:
        return {}
    return config
