"""The benchmarks run, say what is missing, and judge as they should."""

from dataclasses import replace

import keras
import pytest

from benchmarks import __main__ as command
from benchmarks import contest, frontend, long_file, report
from benchmarks.contest import Contest, Entry, Result, Target
from benchmarks.worker import turn

FRONT_END = Entry(
    "ours", "benchmarks.frontend:ours", backend=keras.backend.backend(), ours=True
)


def timed(name, *rounds, **about):
    return Result(Entry(name, "", **about), [[seconds] for seconds in rounds])


def test_quick_run_prints_a_table(capsys):
    backend = keras.backend.backend()
    status = command.main(["--only", "startup", "--quick", "--backends", backend])
    printed = capsys.readouterr().out
    assert status == 0
    assert f"at most 0.3 s: kerasaudio, {backend}: " in printed
    on_tensorflow = backend == "tensorflow"
    assert ("a cold start to the first tags" in printed) == on_tensorflow
    assert ("| import tensorflow | " in printed) == on_tensorflow
    assert "not measured: give --weights" in printed


def test_entries_take_turns_and_trouble_is_told():
    entries = [
        FRONT_END,
        Entry("absent", "", needs=("no_such_module",)),
        Entry("broken", "benchmarks.frontend:no_such_function"),
    ]
    work = Contest("log-mel", "Log-mel", "batch", 1, entries, [Target("fast", 1.0)])
    ours, absent, broken = contest.run(work, rounds=2, seconds=0.0)
    assert [len(calls) for calls in ours.rounds] == [1, 1]
    assert absent.trouble == "not installed: no_such_module"
    assert not absent.failed
    assert "no_such_function" in broken.trouble
    assert broken.failed
    printed = report.table(work, [ours, absent, broken])
    assert "| absent | not installed: no_such_module |" in printed
    assert "fast: ours: not measured, no peer" in printed


def test_ratio_is_taken_round_by_round():
    # The machine was three times slower in the second round, for both.
    ours = timed("ours", 1.0, 3.0, 1.0, backend="jax", ours=True)
    peer = timed("peer", 2.0, 6.0, 2.0)
    slow = timed("slow", 9.0, 9.0, 9.0)
    assert ours.times_as_fast_as(peer) == 2.0
    target = Target("twice as fast", 2.0)
    work = Contest("key", "Title", "clip", 4, [], [target, Target("thrice", 3.0)])
    printed = report.table(work, [ours, slow, peer])
    assert "| ours | 250.00 | 250.00 | 2.00 |" in printed
    assert "- twice as fast: ours: met (2.00 x peer)" in printed
    assert "- thrice: ours: **missed** (2.00 x peer)" in printed


def test_limit_holds_for_the_named_backends():
    results = [
        timed(name, 0.08, backend=name, ours=True) for name in ("tensorflow", "jax")
    ]
    target = Target("20 ms a clip", seconds=0.02, backends=("tensorflow",))
    printed = report.table(Contest("key", "Title", "clip", 4, [], [target]), results)
    assert "- 20 ms a clip: tensorflow: met (20.0 ms)" in printed
    assert "20 ms a clip: jax" not in printed


def test_a_limit_may_grow_with_the_time_of_a_peer():
    ours = timed("ours", 5.0, 5.5, backend="tensorflow", ours=True)
    target = Target("at most", seconds=1.5, beside=1.2)
    for seconds, verdict in ((3.0, "met (5000.0 of 5100.0 ms)"), (2.9, "**missed**")):
        work = Contest("key", "Title", "time", 1, [], [target])
        printed = report.table(work, [ours, timed("peer", 9.0, seconds)])
        assert f"- at most: ours: {verdict}" in printed
    assert "- at most: ours: not measured, no peer" in report.table(work, [ours])


def test_memory_may_grow_by_a_limit():
    for long, verdict in ((149.0, "met (1.49 x: 149 after 100 MB)"), (150, "**missed")):
        ours = timed("ours", 1.0, backend="jax", ours=True)
        ours.peaks = [(100.0, 110.0), (100.0, long)]
        work = Contest("key", "Title", "min", 1, [], [Target("less", growth=1.5)])
        assert f"- less: ours: {verdict}" in report.table(work, [ours])


@pytest.mark.slow
def test_a_long_file_is_heard_in_a_process_of_its_own():
    backend = keras.backend.backend()
    (work,) = long_file.contests(minutes=1)
    small = {"factory": "CNN14DecisionLevelMax", "golden": "panns_dlmax_small"}
    ours = [replace(e, arguments=small) for e in work.on([backend]).entries if e.ours]
    broken = Entry("broken", "benchmarks.frontend:ours", small, backend, ours=True)

    measured, failed = long_file.run(replace(work, entries=[*ours, broken]), rounds=1)

    assert not measured.failed, measured.trouble
    assert [len(calls) for calls in measured.rounds] == [1]
    assert 1 <= measured.growth < 1.5
    assert "unexpected keyword argument" in failed.trouble


def test_writing_keeps_what_stands_outside_the_marks(tmp_path):
    path = tmp_path / "RESULTS.md"
    report.write("first", path)
    path.write_text(path.read_text() + "\nWhy a target is missed.\n")
    report.write("second", path)
    text = path.read_text()
    assert "second" in text
    assert "first" not in text
    assert text.endswith("\nWhy a target is missed.\n")
    path.write_text("no marks")
    with pytest.raises(ValueError, match="put them back"):
        report.write("third", path)
    assert path.read_text() == "no marks"


def test_turn_times_at_least_one_call_after_warming_up():
    calls = []
    assert len(turn(lambda: calls.append(1), 0.0)) == 1
    assert len(calls) == 2


def test_tables_of_other_subjects_are_not_overwritten(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["--only", "startup", "--write"])
    assert "leave out --only" in capsys.readouterr().err


def test_help_teaches(capsys):
    with pytest.raises(SystemExit, match="0"):
        command.main(["--help"])
    printed = capsys.readouterr().out
    assert "--musicnn-wheel" in printed
    assert "pip install" in printed


def test_every_subject_is_on_the_command_line():
    known = {item.key for item in command.all_contests(None, None)}
    assert known == set(command.SUBJECTS)
    assert frontend.contests()[0].key in known


@pytest.mark.parametrize(
    "arguments", [["--rounds", "0"], ["--weights", "no/such/folder"], ["--only", "x"]]
)
def test_bad_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(arguments)
    assert arguments[0] in capsys.readouterr().err
