"""The tool that measures parity: few rows, on the backend at hand."""

import json

import keras
import measure_parity
import pytest
from parity_tables.figures import Figures, Measurement
from parity_tables.markdown import table
from parity_tables.page import page

ROWS = ("ReSE2Multi, basic", "SampleCNN, spread")


@pytest.fixture
def run(tmp_path):
    """Give a function that measures some rows, and the page and the figures."""
    backend = keras.backend.backend()
    page, kept = tmp_path / "parity.md", tmp_path / f"kept/windows-{backend}.json"
    words = [str(tmp_path / "none"), "--backends", backend, "--only", "windows"]
    words += ["--keep", str(kept.parent), "--page", str(page), "--rows", *ROWS]

    def measure():
        measure_parity.main([*words, "--here"])
        measure_parity.write(measure_parity.parse(words))
        return page.read_text(), json.loads(kept.read_text())["tables"], kept

    return measure


def test_rows_are_measured_and_written(run):
    page, tables, _ = run()

    originals, answers = tables["originals"], tables["answers"]
    assert set(originals) == {ROWS[0], f"{ROWS[0]} multi"}
    assert set(answers) == {ROWS[1]}
    for row in originals.values():
        assert row["original"] == "the paper's network, NumPy"
        assert 0 <= row["scores"]["windows"] < 1e-5
    assert 0 <= answers[ROWS[1]]["clips"] < 1e-5
    assert f"| {ROWS[0]} | the paper's network, NumPy (2) | scores |" in page
    assert f"| keras | {keras.__version__} |" in page
    assert "### One steady sound" not in page  # nothing of it was measured
    assert "## Data and files" not in page


def test_what_is_kept_is_not_measured_again(run):
    _, tables, kept = run()
    tables["originals"][ROWS[0]]["scores"]["windows"] = 0.125
    content = json.loads(kept.read_text()) | {"tables": tables}
    kept.write_text(json.dumps(content))

    page, again, _ = run()

    assert again == tables
    assert "1.25e-01" in page


def test_figures_of_other_versions_are_dropped(tmp_path):
    figures = Figures(tmp_path / "figures.json")
    rows = [Measurement("t", name, lambda: {"value": 1}) for name in ("a", "b")]
    figures.fill(rows, {"keras": "1"})
    figures.fill(rows, {"keras": "2"}, ["b"])

    again = Figures(tmp_path / "figures.json")

    assert again.rows("t") == {"b": {"value": 1}}
    assert again.versions == {"keras": "2"}


def test_the_page_says_why_cells_are_empty(tmp_path):
    row = {"clips": 1e-7, "over time": 2e-7, "scenes": None, "rest": "count"}
    rows = [Measurement("answers", name, lambda: row) for name in ("AST", "FCN")]
    found = {name: Figures(tmp_path / f"{name}.json") for name in ("jax", "torch")}
    found["torch"].fill(rows, {"keras": "1"})
    found["jax"].fill(rows[:1], {"keras": "1"})
    part = page({"windows": found})
    found["jax"].fill(rows, {"keras": "1"})
    whole = page({"windows": found})

    assert "| FCN | count | not yet | 1.00e-07 | not yet | 2.00e-07 |" in part
    assert "*Not yet*: each row" in part.partition("## One window rule")[0]
    assert "| FCN | count | 1.00e-07 | 1.00e-07 |" in whole
    assert "not yet" not in whole.lower()


def test_cells():
    written = table(["a", "b"], [[0.00012345, None], [True, "x|y"], [0.0, 7]])
    assert written.splitlines()[2:] == [
        "| 1.23e-04 | - |", "| yes | x\\|y |", "| 0 | 7 |",
    ]  # fmt: skip


def test_a_new_row_stands_where_it_would_if_all_were_measured(tmp_path):
    figures = Figures(tmp_path / "figures.json")
    rows = [Measurement("t", name, lambda: {"value": 1}) for name in ("a", "b", "c")]
    figures.fill([rows[0], rows[2]], {"keras": "1"})
    figures.fill(rows[:2], {"keras": "1"})  # c is none of the rows any more

    again = Figures(tmp_path / "figures.json")

    assert list(again.rows("t")) == ["a", "b", "c"]
