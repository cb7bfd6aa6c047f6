"""Every Python block of the README runs; the shell blocks name what CI runs."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = [
    line
    for block in re.findall(r"```shell\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_block_runs(number, tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(CHECKOUT / "examples")
    monkeypatch.chdir(tmp_path)

    exec(compile(BLOCKS[number], f"README block {number}", "exec"), {})


@pytest.mark.parametrize(
    "command", [line for line in COMMANDS if line.startswith("kerasaudio ")]
)
def test_kerasaudio_command_is_understood(command, tmp_path, monkeypatch, capsys):
    from kerasaudio.cli import main

    (tmp_path / "examples").symlink_to(CHECKOUT / "examples")
    monkeypatch.chdir(tmp_path)
    arguments = command.split()[1:]
    if arguments[0] == "download":  # needs the network: only that it is understood
        arguments = ["download", "--help"]

    with pytest.raises(SystemExit) as end:
        raise SystemExit(main(arguments))

    assert end.value.code in (0, None)
    assert capsys.readouterr().out


def test_ci_runs_the_commands_of_the_readme():
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    installs = [line for line in COMMANDS if line.startswith("pip install")]

    assert len(installs) == 2
    for line in installs:
        install, _, command = line.partition(" && ")
        quiet = install.replace("pip install", "pip install --quiet")
        assert f"{quiet} && {command}" in script
