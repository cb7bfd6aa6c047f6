"""Hooks for MkDocs: contents of the site in addition to the pages in docs/.

These are pages from the top of the checkout, the API reference, the files that pages
link to, and the gallery's pictures. mkdocs.yml names this file.
"""

import re
from pathlib import Path
from typing import Any

from doc_site import gallery, links, reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

CHECKOUT = Path(__file__).parents[1]
API = "API reference"
# Lines of docstrings that begin anew, though no empty line is before them.
_LINE = re.compile(r"\n(?=(?:Input|Output|Source|Whole clips)[:,] )")


def on_config(config: MkDocsConfig) -> None:
    """Fill in the menu of the API reference, before each build."""
    reference.forget()
    menu: list[Any] = config.nav or []
    for entry in menu:
        if isinstance(entry, dict) and API in entry:
            entry[API] = [
                {module: reference.page_path(module)} for module in reference.MODULES
            ]


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add what is not in docs/."""
    for path in links.OUTSIDE:
        _add(files, config, links.site_path(path), CHECKOUT / path)
    for module in reference.MODULES:
        page = File.generated(
            config, reference.page_path(module), content=reference.page(module)
        )
        files.append(page)
    for picture in gallery.pictures():
        _add(files, config, f"gallery/{picture.name}", picture)
    for path in sorted(_linked_files(files)):
        _add(files, config, links.site_path(path), CHECKOUT / path)


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Lead links to where the site has their targets; show the gallery's pictures."""
    markdown = links.mend(markdown, page.file.src_uri)
    if page.file.src_uri == gallery.PAGE:
        return gallery.with_pictures(markdown)
    return markdown


def on_page_content(html: str, page: Page, **_: Any) -> str:
    """Let what goes in and what comes out have lines of their own."""
    if page.file.src_uri.startswith("api/"):
        return _LINE.sub("<br>\n", html)
    return html


def _add(files: Files, config: MkDocsConfig, uri: str, path: Path) -> None:
    files.append(File.generated(config, uri, abs_src_path=str(path)))


def _linked_files(files: Files) -> set[str]:
    return {
        path
        for file in files.documentation_pages()
        for path in links.files_linked(file.content_string, file.src_uri)
    }
