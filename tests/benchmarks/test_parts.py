"""One part of a batch and two at a time take turns."""

import keras
import pytest

from benchmarks import parts
from kerasaudio.core.programs import side_by_side


@pytest.mark.skipif(
    keras.backend.backend() not in parts.BACKENDS, reason="it divides no batches"
)
def test_both_ways_are_timed(monkeypatch, capsys):
    monkeypatch.setattr(side_by_side, "PARTS", side_by_side.PARTS)  # restored
    monkeypatch.setattr(side_by_side, "PART_ROWS", side_by_side.PART_ROWS)
    if keras.backend.backend() == "torch":
        from kerasaudio.core.programs import torch_program
        from kerasaudio.core.programs.torch_steps.step import Step

        monkeypatch.setattr(Step, "in_strips", Step.in_strips)
        monkeypatch.setattr(torch_program, "PART_ROWS", torch_program.PART_ROWS)
    small = ("LeNetMFCC", {"weights": "fsdd"}, 8_000)
    monkeypatch.setitem(parts.NETWORKS, "musicnn", small)

    def here(name, backend, options):
        return parts.measure(name, options.batches, options.rounds)

    monkeypatch.setattr(parts, "_in_a_process", here)
    here_only = keras.backend.backend()
    words = f"--only musicnn --backends {here_only} --batches 2 4 --rounds 1"
    assert parts.main(words.split()) == 0
    *_, first, second = capsys.readouterr().out.splitlines()
    for row, batch in ((first, "2"), (second, "4")):
        name, backend, rows, one, two, ratio, differs = row.strip("| ").split(" | ")
        assert (name, backend, rows) == ("musicnn", here_only, batch)
        assert min(float(one), float(two), float(ratio)) > 0
        assert float(differs) < 1e-6
