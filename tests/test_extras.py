"""What errors say about packages that are missing can be installed today."""

import importlib.metadata
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from kerasaudio import extras
from kerasaudio.exporting.formats import FORMATS
from support import command

CHECKOUT = Path(__file__).parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
SOURCES = sorted((CHECKOUT / "kerasaudio").rglob("*.py"))


def words(text: str) -> list[str]:
    """Return names and versions, whose order in an installed package is another."""
    return sorted(re.findall(r"[<>=!~]=?[\w.]+|[\w-]+", text))


def test_the_packages_of_an_extra_are_named_as_in_the_project():
    found = extras.install("onnx")
    assert found.startswith('pip install "')
    assert words(found) == words(" ".join(["pip install", *EXTRAS["onnx"]]))
    assert words(extras.install("tensorflow-io")) == words(
        'pip install "tensorflow-io==0.37.1" "tensorflow>=2.16,<2.18"'
    )


@pytest.mark.parametrize("backend", command.BACKENDS)
def test_an_installed_package_says_the_same(backend, tmp_path, monkeypatch):
    needed = [
        f"{package.partition(';')[0]}; {marker}extra == '{extra}'"
        for extra, packages in EXTRAS.items()
        for package in packages
        for marker in ["(python_version < '3.99') and " if ";" in package else ""]
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: needed)
    expected = [extras.install(name) for name in (backend, "tensorflow-io")]
    monkeypatch.setattr(extras, "_PROJECT", tmp_path / "pyproject.toml")
    assert [extras.install(name) for name in (backend, "tensorflow-io")] == expected
    other = '[project]\nname = "other"\n[project.optional-dependencies]\njax = ["a"]\n'
    (tmp_path / "pyproject.toml").write_text(other)
    assert extras.install(backend) == expected[0]


def test_a_process_without_a_checkout_reads_what_is_installed(tmp_path):
    """As from a wheel: the package, with its metadata beside it."""
    site = tmp_path / "site"
    (site / "kerasaudio").mkdir(parents=True)
    for name in ("__init__.py", "extras.py"):
        shutil.copy(CHECKOUT / "kerasaudio" / "extras.py", site / "kerasaudio" / name)
    (site / "kerasaudio" / "__init__.py").write_text("")
    facts = site / "kerasaudio-9.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: kerasaudio\nVersion: 9\n"
        "Requires-Dist: keras>=3.15\n"
        'Provides-Extra: jax\nRequires-Dist: jax>=9; extra == "jax"\n'
    )
    program = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "from kerasaudio.extras import install\nprint(install('jax'))\n"
    )
    got = command.run(tmp_path / "run", python=program)
    assert got == (0, 'pip install "jax>=9"\n', "")


def test_hints_are_made_in_one_place_and_name_extras_that_exist():
    named = {form.extra for form in FORMATS.values()}
    for source in SOURCES:
        text = source.read_text(encoding="utf-8")
        if source.name != "extras.py":
            assert "pip install" not in text, source
        named |= set(re.findall(r"""\binstall\(["']([\w-]+)["']\)""", text))
    assert len(named) > 8
    assert all(extras.install(name).startswith('pip install "') for name in named)
