"""Every Python block of the documentation runs, and its commands are understood."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile

import kerasaudio
from support import esc_folder
from support.clap import write_clap

CHECKOUT = Path(__file__).parents[1]
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
SLOW = {"gallery": pytest.mark.slow}
ONE_PROGRAM = {
    "tutorial",
    "gallery",
    "interpret",
}  # whose blocks use names of earlier ones


def _blocks(language):
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL):
            yield page.stem, block


def _programs():
    continued = {}
    for page, block in _blocks("python"):
        if page in ONE_PROGRAM:
            continued[page] = continued.get(page, "") + block
        else:
            yield page, block
    yield from continued.items()


COMMANDS = [line for _, block in _blocks("shell") for line in block.splitlines()]


@pytest.fixture
def user_folder(tmp_path, monkeypatch):
    """The folder of a user: the examples, and some sounds of their own."""
    (tmp_path / "examples").symlink_to(CHECKOUT / "examples")
    rng = np.random.default_rng(0)
    (tmp_path / "sounds").mkdir()
    for name in ("bark", "knock", "rain"):
        noise = rng.normal(0, 0.1, 32_000) * np.linspace(1, 0, 32_000)
        soundfile.write(tmp_path / "sounds" / f"{name}.wav", noise, 16_000)
    for number in range(8):
        file = tmp_path / "labeled" / ("hum", "hiss")[number % 2] / f"{number}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = rng.normal(0, 0.1, 16_000)
        sound = noise if number % 2 else np.cumsum(noise) / 100
        soundfile.write(file, sound, 16_000)
    esc_folder.make(tmp_path / "ESC-50-master")
    write_clap(tmp_path / "clap")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("user_folder")
@pytest.mark.parametrize(
    ("page", "block"),
    [
        pytest.param(page, block, id=f"{page}-{number}", marks=SLOW.get(page, ()))
        for number, (page, block) in enumerate(_programs())
        if page == "README" or keras.backend.backend() != "jax"  # which compiles long
    ],
)
def test_python_block_runs(page, block):
    exec(compile(block, f"a block of {page}", "exec"), {})


@pytest.mark.usefixtures("user_folder")
@pytest.mark.parametrize(
    "command", [line for line in COMMANDS if line.startswith("kerasaudio ")]
)
def test_kerasaudio_command_is_understood(command, capsys):
    from kerasaudio.cli import main

    arguments = command.split()[1:]
    if arguments[0] == "download":  # needs the network: only that it is understood
        arguments = ["download", "--help"]
    if arguments[:2] == ["evaluate", "trained.keras"]:
        trained = kerasaudio.MusiCNN(weights="mtat", labels=["hiss", "hum"])
        trained.save("trained.keras")
    if "vectors.parquet" in arguments:
        windows = kerasaudio.FeatureExtractor("YAMNet/audioset", pool=None)
        windows.write("sounds", "vectors.parquet")

    with pytest.raises(SystemExit) as end:
        raise SystemExit(main(arguments))

    assert end.value.code in (0, None)
    assert capsys.readouterr().out


def _shown():
    """Give the commands of the README that tag, with the output below them."""
    text = PAGES[0].read_text(encoding="utf-8")
    found = re.findall(r"```shell\n([^`]*)```\s[^`]*```text\n([^`]*)```", text)
    for block, output in found:
        words = block.splitlines()[-1].partition("kerasaudio tag ")[2]
        if words:
            yield pytest.param(words.split(), output, id=words)


def _rows(output):
    return [line.split(maxsplit=1) for line in output.splitlines()[1:]]


@pytest.mark.usefixtures("user_folder")
@pytest.mark.parametrize(("words", "output"), list(_shown()))
def test_the_readme_shows_what_is_printed(words, output, capsys):
    from kerasaudio.cli import main

    assert main(["tag", *words]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == output.splitlines()[0] == words[0]
    for (score, label), (shown, shown_label) in zip(
        _rows(printed), _rows(output), strict=True
    ):
        assert label == shown_label
        assert float(score) == pytest.approx(float(shown), abs=0.002)


def test_the_readme_shows_two_outputs():
    assert len(list(_shown())) == 2


@pytest.mark.usefixtures("user_folder")
@pytest.mark.parametrize("line", [line for line in COMMANDS if " | kera" in line])
def test_pipe_into_kerasaudio(line, capsys, monkeypatch):
    from kerasaudio.cli import main

    writer, command = (part.split() for part in line.split(" | "))
    if shutil.which(writer[0]) is None:
        pytest.skip(f"{writer[0]} is not installed")
    with subprocess.Popen(writer, stdout=subprocess.PIPE, text=True) as process:
        monkeypatch.setattr(sys, "stdin", process.stdout)
        assert main(command[1:]) == 0
    assert process.returncode == 0
    assert capsys.readouterr().out


def test_ci_runs_the_commands_of_the_readme():
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")
    installs = [line for line in COMMANDS if line.startswith("pip install")]

    assert len(installs) == 2
    for line in installs:
        install, _, command = line.partition(" && ")
        quiet = install.replace("pip install", "pip install --quiet")
        assert f"{quiet} && {command}" in script
