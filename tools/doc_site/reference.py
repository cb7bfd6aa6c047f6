"""The API reference: one page per public module, made from its public names.

The pages are Markdown with the directives of mkdocstrings, which reads docstrings from
the source. A name that several modules offer is described once, on the page of the last
module in `MODULES` that has it; the other pages link there.
"""

from functools import cache

from doc_site import public_names as names
from doc_site.public_names import (
    PACKAGE,
    Home,
    find_home,
    first_line,
    public_names,
    source,
)

# In the order of the site's menu. What stands further down owns shared names.
MODULES = (
    PACKAGE,
    f"{PACKAGE}.models",
    f"{PACKAGE}.layers",
    f"{PACKAGE}.layers.augment",
    f"{PACKAGE}.audio",
    f"{PACKAGE}.features",
    f"{PACKAGE}.corpus",
    f"{PACKAGE}.datasets",
    f"{PACKAGE}.transfer",
    f"{PACKAGE}.sklearn",
    f"{PACKAGE}.training",
    f"{PACKAGE}.evaluation",
    f"{PACKAGE}.metrics",
    f"{PACKAGE}.similarity",
    f"{PACKAGE}.sharing",
    f"{PACKAGE}.zero_shot",
    f"{PACKAGE}.streaming",
    f"{PACKAGE}.events",
    f"{PACKAGE}.interpret",
    f"{PACKAGE}.app",
    f"{PACKAGE}.plot",
    f"{PACKAGE}.exporting",
    f"{PACKAGE}.weights",
    f"{PACKAGE}.hear",
)
# Modules with an `__all__` that only developers of kerasaudio need.
INTERNAL = (f"{PACKAGE}.cli", f"{PACKAGE}.core")


def page_path(module: str) -> str:
    """Give the path of a module's page below the site's source."""
    return f"api/{module}.md"


def page(module: str) -> str:
    """Write the page of a public module."""
    described, linked = [], []
    for name in public_names(module):
        home = find_home(module, name)
        if home.kind == "module" or _owner(home) != module:
            linked.append(_link(name, home))
        else:
            described.append(_describe(name, home))
    parts = [f"# `{module}`", f"::: {module}\n    options:\n      {_HEAD}"]
    if linked:
        parts.append("| name | what it is |\n|---|---|\n" + "\n".join(linked))
    return "\n\n".join([*parts, *described]) + "\n"


def forget() -> None:
    """Read the package's files anew from now on."""
    names.forget()
    _owners.cache_clear()


# Of a module's page only the module's docstring is its own; names follow one by one.
_HEAD = "\n      ".join(
    ("members: false", "show_root_heading: false", "show_root_toc_entry: false")
)


def _link(name: str, home: Home) -> str:
    if home.kind == "module":
        link = f"[`{name}`]({home.path}.md)"
    else:
        link = f"[`{name}`][{home.path}]"
    return f"| {link} | {first_line(home) or 'a constant'} |"


def _describe(name: str, home: Home) -> str:
    options = f"heading_level: 2\n      heading: {name}"
    return f"::: {home.path}\n    options:\n      {options}"


@cache
def _owners() -> dict[str, str]:
    return {
        find_home(module, name).path: module
        for module in MODULES
        if source(module) is not None
        for name in public_names(module)
    }


def _owner(home: Home) -> str:
    return _owners()[home.path]
