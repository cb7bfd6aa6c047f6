"""Links that work both in the repository and on the site.

Pages link to files by their path in the repository. Most pages are in docs/ and keep
their paths on the site; the other files get new paths there.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

CHECKOUT = Path(__file__).parents[2]
# Pages outside docs/, and where the site has them.
OUTSIDE = {
    "RESULTS.md": "results/index.md",
    "benchmarks/RESULTS.md": "results/speed.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "RELEASE.md": "project/release.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changelog.md",
}
_PLACES = {**OUTSIDE, "README.md": "index.md"}
_SOURCES = {place: path for path, place in OUTSIDE.items()}
_FENCE = re.compile(r"(^```.*?^```[^\n]*$)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[([^][]*)\]\(([^()\s]+)\)")


def site_path(path: str) -> str:
    """Give the place on the site of a file of the repository."""
    if path in _PLACES:
        return _PLACES[path]
    folder, _, below = path.partition("/")
    return below if folder == "docs" else f"files/{path}"


def mend(markdown: str, uri: str) -> str:
    """Rewrite the links of a page for the site.

    Links lead to the places of their targets there. One whose text is a file, such as
    `[data.md](data.md)`, gets the title of that page.

    Args:
        markdown: Of the page.
        uri: Place of the page on the site.
    """

    def mended(link: re.Match[str]) -> str:
        text, address = link.groups()
        path = _target(address, uri)
        if path is None:
            return link[0]
        if text in (address, path) and path.endswith(".md"):
            text = _title(path)
        place = posixpath.relpath(site_path(path), posixpath.dirname(uri))
        fragment = urlsplit(address).fragment
        return f"[{text}]({place}#{fragment})" if fragment else f"[{text}]({place})"

    parts = _FENCE.split(markdown)  # odd ones are code
    return "".join(
        part if number % 2 else _LINK.sub(mended, part)
        for number, part in enumerate(parts)
    )


def files_linked(markdown: str, uri: str) -> Iterator[str]:
    """Give the files that a page links to and that are no pages of the site."""
    for text in _FENCE.split(markdown)[::2]:
        for _, address in _LINK.findall(text):
            path = _target(address, uri)
            if path is not None and site_path(path).startswith("files/"):
                yield path


def _title(path: str) -> str:
    text = (CHECKOUT / path).read_text(encoding="utf-8")
    return text.partition("# ")[2].partition("\n")[0]


def _target(address: str, uri: str) -> str | None:
    """Give the file of the repository that a link leads to; None for all else."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    folder = posixpath.dirname(_SOURCES.get(uri, f"docs/{uri}"))
    path = posixpath.normpath(posixpath.join(folder, parts.path))
    inside = not path.startswith(("../", "/"))
    return path if inside and (CHECKOUT / path).is_file() else None
