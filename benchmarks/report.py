"""The tables: times, ratios, targets, and the machine and versions."""

import datetime
import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.contest import Contest, Result, Target

RESULTS = Path(__file__).with_name("RESULTS.md")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
PACKAGES = (
    "kerasaudio",
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "kapre",
    "nnAudio",
    "librosa",
    "numpy",
)


def table(contest: Contest, results: Sequence[Result]) -> str:
    """Give one contest as Markdown: entries, then targets."""
    ratios = any(target.factor for target in contest.targets)
    lines = [f"## {contest.title}", ""]
    lines += [
        f"| ms a {contest.unit} | best | median |"
        + (" times as fast as the fastest peer |" if ratios else ""),
        "|---|---|---|" + ("---|" if ratios else ""),
    ]
    lines += [_row(contest, result, results, ratios) for result in results]
    checks = [
        line for target in contest.targets for line in _check(contest, target, results)
    ]
    return "\n".join([*lines, "", *checks, ""])


def _row(
    contest: Contest, result: Result, results: Sequence[Result], ratios: bool
) -> str:
    cells = [result.entry.name]
    if result.trouble:
        cells += [result.trouble, ""]
    else:
        cells += [
            f"{1e3 * seconds / contest.units:.2f}"
            for seconds in (result.best, result.median)
        ]
    if ratios:
        peer = fastest_peer(results) if result.entry.ours else None
        known = peer is not None and not result.trouble
        cells.append(f"{result.times_as_fast_as(peer):.2f}" if known else "")
    return "| " + " | ".join(cells) + " |"


def fastest_peer(
    results: Sequence[Result],
    named: str | tuple[str, ...] = "",
    backend: str | None = None,
) -> Result | None:
    """Give the peer with the shortest call, None if none was timed.

    Args:
        results: Of one contest.
        named: Beginnings of the names of the peers that count.
        backend: Which they must run on; None counts all.
    """
    peers = [
        result
        for result in results
        if not (result.trouble or result.entry.ours)
        and result.entry.name.startswith(named)
        and backend in (None, result.entry.backend)
    ]
    return min(peers, key=lambda result: result.best, default=None)


def _check(contest: Contest, target: Target, results: Sequence[Result]) -> list[str]:
    return [
        f"- {target.said}: {result.entry.name}: "
        + _verdict(contest, target, result, results)
        for result in results
        if result.entry.ours and result.entry.backend in target.backends
    ]


def _verdict(
    contest: Contest, target: Target, result: Result, results: Sequence[Result]
) -> str:
    if result.trouble:
        return result.trouble
    backend = result.entry.backend if target.same_backend else None
    peer = fastest_peer(results, target.peers, backend)
    if peer is None and (target.factor is not None or target.beside):
        return "not measured, no peer"
    if target.growth is not None:
        met = "met" if result.growth < target.growth else "**missed**"
        short, long = max(result.peaks, key=lambda peak: peak[1])
        return f"{met} ({result.growth:.2f} x: {long:.0f} after {short:.0f} MB)"
    if target.factor is None:
        assert target.seconds is not None
        beside = 0.0 if peer is None else target.beside * peer.best / contest.units
        limit = target.seconds + beside
        seconds = result.best / contest.units
        met = "met" if seconds <= limit else "**missed**"
        most = f" of {1e3 * limit:.1f}" if target.beside else ""
        return f"{met} ({1e3 * seconds:.1f}{most} ms)"
    assert peer is not None
    ratio = result.times_as_fast_as(peer)
    met = "met" if ratio >= target.factor else "**missed**"
    return f"{met} ({ratio:.2f} x {peer.entry.name})"


def conditions(command: str) -> str:
    """Tell machine, versions, date and command as Markdown."""
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    return (
        f"Measured {date} by `{command}` on {os.cpu_count()} cores "
        f"({_processor()}), {platform.system()}, Python {platform.python_version()}, "
        f"{versions}. Load average at the end: {os.getloadavg()[0]:.1f}.\n"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write(measured: str, path: Path = RESULTS) -> None:
    """Put the tables into the file; what stands outside the marks stays.

    Raises:
        ValueError: The file has lost its marks.
    """
    text = path.read_text() if path.exists() else f"# Speed\n\n{BEGIN}\n{END}\n"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(
            f"{path} must hold the lines {BEGIN} and {END}; put them back."
        )
    path.write_text(f"{before}{BEGIN}\n\n{measured}\n{END}{after}")
