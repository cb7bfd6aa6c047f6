"""docs/command-line.md says what the parser takes."""

import json
import re

import pytest

from kerasaudio.cli.completion import described
from kerasaudio.cli.program import build_parser
from support import command

PAGE = (command.CHECKOUT / "docs" / "command-line.md").read_text(encoding="utf-8")
COMMANDS = {one.name: one for one in described(build_parser()[1])}


def table(heading):
    """Return the rows of the table below a heading row, with its first two cells."""
    rows = PAGE.split(f"\n{heading}\n")[1].splitlines()[1:]
    end = next(i for i, row in enumerate(rows) if not row.startswith("|"))
    cells = [re.split(r"(?<!\\)\|", row.strip("|")) for row in rows[:end]]
    return [[cell.strip().strip("`") for cell in row] for row in cells]


def test_every_command_is_in_the_table_as_in_the_help():
    rows = dict(table("| command | |"))
    wanted = {f"kerasaudio {name}": one.help for name, one in COMMANDS.items()}
    assert rows == wanted
    assert list(rows) == list(wanted)


def test_every_shared_option_is_in_the_table():
    having = {}
    for name, one in COMMANDS.items():
        for option in one.options:
            if option.names[-1] != "--help":
                having.setdefault(option.names[-1], []).append(name)
    told = {option: names.split(", ") for option, names, _ in
            table("| option | commands | |")}  # fmt: skip
    assert {k: set(v) for k, v in told.items()} == {k: set(having[k]) for k in told}
    # Only --format has different values in three commands.
    assert {k for k, v in having.items() if len(v) > 2} <= told.keys() | {"--format"}


def test_every_command_with_json_has_its_fields_described():
    having = {
        name
        for name, one in COMMANDS.items()
        if any("--json" in option.names for option in one.options)
    }
    assert {row[0] for row in table("| command | one line for each | fields |")} == (
        having
    )


def test_the_fields_of_list_are_those_of_the_table(run):
    rows = {row[0]: row[2] for row in
            table("| command | one line for each | fields |")}  # fmt: skip
    first = json.loads(run("list", "--json")[1].splitlines()[0])
    assert rows["list"].split(", ") == list(first)


@pytest.mark.parametrize("name", ["window", "hop"])
def test_old_names_are_taken_but_not_shown(name):
    for one in ("tag", "listen", "detect", "embed"):
        parser = build_parser()[1].choices[one]
        given = ["a.wav"] if one != "listen" else []
        given += ["--out", "x.npz"] if one == "embed" else []
        options = parser.parse_args([*given, f"--{name}-seconds", "2"])
        assert getattr(options, name) == 2
        assert getattr(parser.parse_args(given), name) is None
        assert f"--{name}-seconds" not in parser.format_help()


def test_completion_says_the_lines_of_the_page():
    parser = build_parser()[1].choices["completion"]
    for shell, _, line in table("| shell | file | line |"):
        assert line.replace("\\|", "|") in parser.format_help()
        assert shell in line
