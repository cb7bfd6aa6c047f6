"""The tables of weights in README.md and on the site are those of the manifest."""

import dataclasses

import pytest
import readme_weights
from doc_site import tables, weights_tables

from kerasaudio.weights import find, list_weights


@pytest.fixture(scope="module")
def pages():
    return readme_weights.written()


def test_pages_are_in_step(pages):
    for page, text in pages.items():
        assert page.read_text(encoding="utf-8") == text, (
            f"{page.name} is stale: run python tools/readme_weights.py"
        )


def test_every_published_weights_has_a_row(pages):
    readme, networks = pages.values()

    for entry in list_weights():
        begin = f"| `{entry.factory}` |"
        rows = [line for line in readme.splitlines() if line.startswith(begin)]
        assert any(entry.tag in row for row in rows)
        assert entry.title in networks


def test_an_entry_must_state_the_rate_of_its_network(monkeypatch):
    entry = dataclasses.replace(find("BarkNet", "esc10"), sample_rate=None)
    monkeypatch.setattr(weights_tables, "list_weights", lambda: [entry])
    with pytest.raises(ValueError, match=r'BarkNet/esc10.*needs "sample_rate": 16000'):
        weights_tables.presets()


def test_check_tells_of_a_stale_page_and_writes_nothing(
    pages, monkeypatch, tmp_path, capsys
):
    page = tmp_path / "README.md"
    page.write_text("old")
    monkeypatch.setattr(readme_weights, "CHECKOUT", tmp_path)
    monkeypatch.setattr(readme_weights, "written", lambda: {page: "new"})

    assert readme_weights.main(["--check"]) == 1
    assert page.read_text() == "old"
    assert "README.md is not in step" in capsys.readouterr().err

    assert readme_weights.main([]) == 0
    assert readme_weights.main(["--check"]) == 0
    assert page.read_text() == "new"


@pytest.mark.parametrize("text", ["", "<!-- a: begin -->", "<!-- a: end -->"])
def test_a_page_without_marks_is_an_error(text):
    with pytest.raises(ValueError, match="must have <!-- a: begin -->"):
        readme_weights.fill(text, {"a": "table"})


@pytest.mark.parametrize(
    ("citation", "short"),
    [
        ("Piczak, ESC: Dataset, ACM Multimedia 2015, doi:10.1145/27.28", "Piczak 2015"),
        ("Pons and Serra, musicnn, 2019, arXiv:1909.06654", "Pons & Serra 2019"),
        ("Kim, Lee and Nam, Sample-level, ICASSP 2018", "Kim et al. 2018"),
        ("Howard et al., MobileNets, 2017, arXiv:1704.04861", "Howard et al. 2017"),
        ("Won, Ng and Li, Models, 2020, arXiv:2006.00751", "Won et al. 2020"),
    ],
)
def test_papers_are_named_in_short(citation, short):
    assert weights_tables.short_paper(citation) == short


def test_figures_are_read_from_the_results(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("| a |\n|---|\n| 1 |\n\n| a | b |\n|---|---|\n| 2 | 3 |\n| 4 | |\n")

    rows = tables.read_table(page, "b")

    assert rows == [{"a": "2", "b": "3"}, {"a": "4", "b": ""}]
    with pytest.raises(ValueError, match="no table with the columns c"):
        tables.read_table(page, "c")
