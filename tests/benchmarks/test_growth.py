"""Growth is fitted by a line; peaks of memory are those of a process."""

import keras
import pytest

from benchmarks import folder, growth, memory
from benchmarks.contest import ROOT
from support.tiny import tiny_model


def test_a_straight_line_is_found():
    points = [(n, 0.5 + 0.25 * n) for n in (1, 10, 100, 1_000)]
    a, b, error = growth.line(points)
    assert (a, b) == (pytest.approx(0.5), pytest.approx(0.25))
    assert error < 1e-9
    printed = growth.text("Files", "files", points)
    assert "500 ms + 250 ms for each of the files" in printed
    assert "| 1,000 | 250 | 250 | 1.00 |" in printed


def test_growth_that_is_no_line_has_a_large_error():
    _, _, error = growth.line([(n, n**2) for n in (1.0, 10.0, 100.0)])
    assert error > 0.5


def test_each_kind_of_growth_is_measured():
    model = tiny_model()
    for name, (measure, *_) in growth.WORK.items():
        most = {"batch": 4, "length": 3, "files": 10}[name]
        points = list(measure(model, most))
        assert [n for n, _ in points][-1] == most
        assert all(seconds > 0 for _, seconds in points)


@pytest.mark.slow
def test_peaks_of_memory(capsys):
    backend = keras.backend.backend()
    words = f"--only tag --minutes 2 --backends {backend} --against {ROOT}".split()
    assert memory.main(words) == 0
    row = capsys.readouterr().out.splitlines()[-1]
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[:2] == ["`tag`, a file of 2 min, YAMNet", backend]
    before, peak, other = map(float, cells[2:])
    assert 100 < before <= peak < 1.5 * before
    assert other == pytest.approx(peak, rel=0.2)


@pytest.mark.slow
def test_a_folder_beside_a_loop(capsys):
    counts = ["--clips", "40", "--loop-clips", "40"]
    folder.main([*counts, "--model", "LeNetMFCC", "--weights", "fsdd"])
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.split()[:2] == ["extractor", "8"]  # all but a first batch of 32
    assert float(last.split()[3]) > 0
    assert "loop / network" in last
