"""What README.md and docs/export.md show works; these blocks need extras."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kerasaudio.cli import main
from support.sounds import class_folders

CHECKOUT = Path(__file__).parents[2]
PAGES = "".join(
    (CHECKOUT / name).read_text(encoding="utf-8")
    for name in ("README.md", "docs/export.md")
)


def blocks(language):
    found = re.findall(rf"```{language}\n(.*?)```", PAGES, flags=re.DOTALL)
    assert found
    return found


@pytest.fixture
def user_folder(tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(CHECKOUT / "examples")
    class_folders(tmp_path / "labeled", {"hiss": 2, "hum": 2}, seconds=3)
    (tmp_path / "sounds").mkdir()
    noise = np.random.default_rng(0).normal(0, 0.1, 80_000)
    soundfile.write(tmp_path / "sounds" / "rain.wav", noise, 16_000)
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("in_process", "user_folder")
def test_python_block_runs(capsys):
    for block in blocks("py"):
        exec(compile(block, "a block of the documentation", "exec"), {})

    assert {"hiss", "hum"} & set(capsys.readouterr().out.splitlines())


@pytest.mark.slow
@pytest.mark.usefixtures("in_process", "user_folder")
def test_commands_run(capsys):
    for line in "".join(blocks("sh")).splitlines():
        assert main(line.split()[1:]) == 0
        assert "largest difference" in capsys.readouterr().out
