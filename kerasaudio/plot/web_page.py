"""Self-contained HTML files, filled from a template of the folder web."""

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from kerasaudio.files.whole_file import writing_whole

_FOLDER = files("kerasaudio.plot") / "web"


def part(name: str) -> str:
    """Return the text of a file of the folder web."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def policy_hash(text: str) -> str:
    """Return the source expression that allows this script or style in a policy."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest())
    return f"'sha256-{digest.decode('ascii')}'"


def write_filled(path: Path, template: str, parts: Mapping[str, str]) -> None:
    """Write a template with its {{names}} replaced, completely or not at all.

    Args:
        path: HTML file to write.
        template: Name of the template's file.
        parts: HTML for each name.

    Raises:
        OSError: The file cannot be written.
    """
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], part(template))
    with writing_whole(path) as temporary:
        # A file name may contain bytes that are not UTF-8.
        temporary.write_bytes(page.encode("utf-8", "xmlcharrefreplace"))
