"""The documentation site: nothing public is missing, and links lead somewhere."""

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest
from doc_site import gallery, links, reference
from doc_site.public_names import find_home, public_names

import kerasaudio

CHECKOUT = Path(__file__).parents[2]
PAGES = [
    *(
        page.relative_to(CHECKOUT).as_posix()
        for page in sorted((CHECKOUT / "docs").rglob("*.md"))
    ),
    *links.OUTSIDE,
    "README.md",
]


@pytest.mark.parametrize("name", reference.MODULES)
def test_every_public_name_is_on_the_page_of_its_module(name):
    module = importlib.import_module(name)
    written = reference.page(name)

    public = getattr(module, "__all__", None) or [
        key
        for key, value in vars(module).items()
        if callable(value)
        and getattr(value, "__module__", None) == name
        and not key.startswith("_")
    ]
    assert public
    for key in public:
        described = f"heading: {key}\n" in written
        assert described or f"[`{key}`]" in written, f"{key} is not on {name}'s page"


@pytest.mark.parametrize("name", reference.MODULES)
def test_names_read_from_the_source_are_those_of_the_running_module(name):
    module = importlib.import_module(name)
    if hasattr(module, "__all__"):
        assert set(public_names(name)) == set(module.__all__)
    for key in public_names(name):
        home = find_home(name, key)
        described = importlib.import_module(home.module)
        value = getattr(described, home.name) if home.name else described
        assert value is getattr(module, key)


def test_every_name_is_described_on_one_page():
    pages = "".join(map(reference.page, reference.MODULES))
    described = re.findall(r"^::: (.+)$", pages, flags=re.MULTILINE)
    linked = set(re.findall(r"\]\[(kerasaudio\..+?)\]", pages))

    assert len(described) == len(set(described)) > 100
    assert linked <= set(described)


def test_every_public_module_has_a_page():
    offered = {
        f"kerasaudio.{name}"
        for name in kerasaudio.__all__
        if isinstance(getattr(kerasaudio, name), ModuleType)
    }
    folders = {
        ".".join(file.relative_to(CHECKOUT).parent.parts)
        for file in sorted((CHECKOUT / "kerasaudio").rglob("__init__.py"))
        if "\n__all__ = " in file.read_text(encoding="utf-8")
    }

    assert offered | folders <= {*reference.MODULES, *reference.INTERNAL}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page):
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^()\s]+)\)", re.sub(r"(?s)```.*?```", "", text)):
        path, _, heading = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = CHECKOUT / page if not path else (CHECKOUT / page).parent / path
        assert file.exists(), f"{page} links to {target}"
        if heading:
            titles = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"\W+", "-", title.lower()) for title in titles}


def test_every_page_is_in_the_menu():
    menu = (CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    entries = re.findall(r"- (\S+\.md)$", menu, flags=re.MULTILINE)

    assert len(entries) == len(set(entries))
    assert set(entries) == {links.site_path(page) for page in PAGES}


def test_links_are_led_to_where_the_site_has_their_targets():
    text = (
        "[SECURITY.md](../SECURITY.md) [app](../examples/serve/app.py) [a](#b)\n"
        "```\n[x](../SECURITY.md)\n```\n[data](data.md#what-is-read) [w](http://w.org/)"
    )

    assert links.mend(text, "hear.md") == (
        "[Security](project/security.md) [app](files/examples/serve/app.py) [a](#b)\n"
        "```\n[x](../SECURITY.md)\n```\n[data](data.md#what-is-read) [w](http://w.org/)"
    )
    assert links.mend("[d](docs/results/fsdd.md)", "results/index.md") == "[d](fsdd.md)"
    assert list(links.files_linked(text, "hear.md")) == ["examples/serve/app.py"]


def test_no_link_leads_out_of_the_repository():
    text = "[hosts](../../../../../../../../../../etc/hosts) [root](/etc/hosts)"

    assert links.mend(text, "hear.md") == text
    assert list(links.files_linked(text, "hear.md")) == []


def test_pictures_stand_below_the_code_that_writes_them():
    page = 'a\n```python\nwrite("one.png", "two.html")\n```\nb\n```python\nx = 1\n```\n'

    shown = gallery.with_pictures(page)

    assert shown == (
        'a\n```python\nwrite("one.png", "two.html")\n```\n\n'
        "![one.png](gallery/one.png)\n\n[Open two.html](gallery/two.html)\n"
        "b\n```python\nx = 1\n```\n"
    )


def test_pictures_are_kept_and_failures_told(tmp_path):
    written = gallery.make(
        "from pathlib import Path\n"
        "Path('a.png').write_bytes(Path('examples/groove.ogg').read_bytes()[:4])\n"
        "Path('notes.txt').write_text('not a picture')",
        tmp_path / "pictures",
    )

    assert written == [tmp_path / "pictures" / "a.png"]
    assert written[0].read_bytes() == b"OggS"
    with pytest.raises(RuntimeError, match=r"(?s)wrote 0 pictures.*no such sound"):
        gallery.make("raise SystemExit('no such sound')", tmp_path)
