"""Self-contained HTML files: nothing is loaded, and no foreign script runs."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from kerasaudio.files.whole_file import writing_whole
from kerasaudio.text import escaped


def write_document(
    path: Path, package: str, name: str, title: str, data: Any, media: str
) -> None:
    """Write a page from its parts: NAME.html, NAME.css and NAME.js.

    In the HTML, {{title}}, {{policy}}, {{style}}, {{script}} and {{data}} are replaced.

    Args:
        path: HTML file to write.
        package: Package whose folder `web` has the parts.
        name: Name of the parts.
        title: Title of the page.
        data: What the script reads as JSON.
        media: Sources of sounds that the page may play, such as "data:".
    """
    folder = files(package) / "web"
    found = {
        kind: (folder / f"{name}.{kind}").read_text(encoding="utf-8")
        for kind in ("html", "css", "js")
    }
    parts = {
        "title": html.escape(escaped(title)),
        "policy": (
            # Nothing is loaded and no other script runs, whatever labels contain.
            f"default-src 'none'; script-src {_hash(found['js'])}; "
            f"style-src {_hash(found['css'])}; media-src {media}"
        ),
        "style": found["css"],
        "script": found["js"],
        "data": _json(data),
    }
    _write(path, found["html"], parts)


def write_static(path: Path, name: str, title: str, parts: Mapping[str, str]) -> None:
    """Write a page without a script: NAME.html and NAME.css of this package.

    In the HTML, {{title}}, {{policy}}, {{style}} and the names of `parts` are replaced.
    Sounds and pictures may be in the page itself.

    Args:
        path: HTML file to write.
        name: Name of the parts.
        title: Title of the page.
        parts: HTML by its name.
    """
    folder = files("kerasaudio.plot") / "web"
    looks = (folder / f"{name}.css").read_text(encoding="utf-8")
    own = {
        "title": html.escape(escaped(title)),
        "policy": (
            f"default-src 'none'; style-src {_hash(looks)}; media-src data:; "
            "img-src data:"
        ),
        "style": looks,
    }
    template = (folder / f"{name}.html").read_text(encoding="utf-8")
    _write(path, template, {**own, **parts})


def _write(path: Path, template: str, parts: Mapping[str, str]) -> None:
    page = re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)
    with writing_whole(path) as temporary:
        # A file name may contain bytes that are not UTF-8.
        temporary.write_bytes(page.encode("utf-8", "xmlcharrefreplace"))


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest())
    return f"'sha256-{digest.decode('ascii')}'"


def _json(data: Any) -> str:
    """Return JSON without characters that begin or end markup."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
