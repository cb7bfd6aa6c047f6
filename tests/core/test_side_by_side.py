"""Parts of a batch run side by side in threads."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from kerasaudio.core.programs import side_by_side

THREADS = 30  # calls, each with a thread of its own


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(side_by_side, "usable_cores", lambda: 2)


def is_alone():
    return not any("kerasaudio-part" in one.name for one in threading.enumerate())


def test_two_threads_run_the_parts_and_results_are_in_order():
    both = threading.Barrier(2, timeout=20)
    seen = set()

    def square(number):
        if number < 2:
            both.wait()  # two parts are under way at once
        seen.add(threading.get_ident())
        return number**2

    assert side_by_side.run(square, range(9)) == [n**2 for n in range(9)]
    assert len(seen) == 2
    assert threading.get_ident() in seen
    assert is_alone()
    assert side_by_side.run(square, []) == []


def test_no_threads_stay():
    for _ in range(THREADS):
        side_by_side.run(time.sleep, [0, 0])
    assert is_alone()


def test_parts_are_not_divided_again_and_know_the_context():
    setting = ContextVar("setting", default="other")
    setting.set("mine")
    found = side_by_side.run(lambda _: (side_by_side.may_run(), setting.get()), "abcd")
    assert found == 4 * [(False, "mine")]
    assert side_by_side.may_run()


def test_one_core_runs_one_part(monkeypatch):
    monkeypatch.setattr(side_by_side, "usable_cores", lambda: 1)
    assert not side_by_side.may_run()


@pytest.mark.parametrize("here", [True, False])
def test_an_error_of_either_thread_ends_the_call(here):
    main, begun = threading.get_ident(), []
    both = threading.Barrier(2, timeout=20)

    def fail(number):
        begun.append(number)
        if number < 2:
            both.wait()
        if (threading.get_ident() == main) is here:
            raise IndexError("a part")
        time.sleep(0.1)

    with pytest.raises(IndexError, match="a part"):
        side_by_side.run(fail, range(50))
    assert len(begun) < 10
    assert is_alone()


def test_an_interrupt_ends_the_call():
    main, begun = threading.get_ident(), []

    def wait(number):
        begun.append(number)
        if threading.get_ident() == main:
            signal.raise_signal(signal.SIGINT)
        time.sleep(0.1)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            side_by_side.run(wait, range(50))
    finally:
        signal.signal(signal.SIGINT, before)  # processes of the tests may ignore it
    assert len(begun) < 10
    assert is_alone()


def test_without_a_further_thread_the_caller_runs_all(monkeypatch):
    def refuse(*args):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    main = threading.get_ident()
    found = side_by_side.run(lambda _: threading.get_ident(), "abc")
    assert found == 3 * [main]
