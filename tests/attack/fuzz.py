"""Fuzzing of the readers that we wrote: python -m tests.attack --fuzz [READER...].

Each reader runs in a child process, in which atheris changes inputs by what they
reach. A finding is an exception that is not documented, a message that does not name
the file, 10 seconds, or 2 GB for one input; its path is printed, and the same file put
into `corpus/READER` is read by every later run, and by the tests.
"""

import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUND = Path(tempfile.gettempdir()) / "kerasaudio-fuzz"
UNIT_SECONDS = 10
UNIT_MEGABYTES = 2048
LONGEST = 4096  # bytes of an input


def main(names: Sequence[str], seconds: int) -> int:
    """Fuzz readers one after the other; give 1 where something was found."""
    if importlib.util.find_spec("atheris") is None:
        print(
            "Fuzzing needs atheris: pip install atheris (there are wheels for Linux on "
            "x86-64).",
            file=sys.stderr,
        )
        return 2
    from .readers import READERS

    known = [reader.name for reader in READERS]
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(
            f"There is no reader {', '.join(unknown)}. There are: {', '.join(known)}.",
            file=sys.stderr,
        )
        return 2
    chosen = [name for name in known if not names or name in names]
    print("| reader       |       inputs | places reached | findings |")
    print("|--------------|-------------:|---------------:|---------:|", flush=True)
    findings = 0
    for name in chosen:
        inputs, reached, found = fuzz(name, seconds)
        findings += len(found)
        print(
            f"| {name:12} | {inputs:12,} | {reached:14,} | {len(found):8} |", flush=True
        )
        for path, why in found:
            print(f"{name}: {path}: {why}", file=sys.stderr, flush=True)
    return int(findings > 0)


def fuzz(name: str, seconds: int) -> tuple[int, int, list[tuple[Path, str]]]:
    """Fuzz a reader in a child process.

    Returns:
        How many inputs it read, how many places in the code they reached, and the
        inputs that were found, with why.
    """
    found_in = FOUND / name
    found_in.mkdir(parents=True, exist_ok=True)
    before = set(found_in.iterdir())
    command = [
        *(sys.executable, "-m", f"{__package__}.fuzz_child", name),
        f"-max_total_time={seconds}",
        f"-timeout={UNIT_SECONDS}",
        f"-rss_limit_mb={UNIT_MEGABYTES + 2048}",  # the libraries are in there
        f"-max_len={LONGEST}",
        f"-artifact_prefix={found_in}/",
        "-print_final_stats=1",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    executed = re.findall(r"number_of_executed_units: *(\d+)", said)
    inputs = int(executed[-1]) if executed else 0
    reached = [int(number) for number in re.findall(r"cov: (\d+)", said)]
    fresh = sorted(set(found_in.iterdir()) - before)
    why = re.findall(r"PROBLEM: (.*)", said)
    why += [*re.findall(r"ERROR: libFuzzer: (.*)", said), "no reason given"]
    found = [(path, why[0]) for path in fresh]
    if done.returncode and not found:
        found = [(found_in, f"the child ended with {done.returncode}: {said[-500:]}")]
    return inputs, max(reached, default=0), found
