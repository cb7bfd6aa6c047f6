"""`kerasaudio completion`: the scripts do in real shells what they are for."""

import os
import shutil
import stat
import subprocess
import sys

import pytest

from kerasaudio import cli
from kerasaudio.cli.program import build_parser
from support import command

SHELLS = ("bash", "zsh", "fish")
# A name of a model, an option, a choice, a command, a value that is a file.
CASES = {
    "t": {"tag", "train"},
    "comp": {"completion"},
    "tag --thr": {"--threshold"},
    "tag --errors s": {"salvage"},
    "tag --model YAM": {"YAMNet", "YAMNet/audioset"},
    "tag --model Spee": {"SpeechGRU", "Speech.keras"},
    "info LogMel": {"LogMelCNN", "LogMelCNN/esc10"},
    "detect --format ": {"csv", "audacity", "raven"},
    "evaluate esc": {"esc50", "esc10"},
    "completion f": {"fish"},
}
_BASH = """
eval "$(kerasaudio completion bash)"
while IFS= read -r line; do
    COMP_WORDS=(kerasaudio $line)
    [[ $line == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _kerasaudio
    echo "${COMPREPLY[*]}"
done
"""
_FISH = """
kerasaudio completion fish | source
while read -l line
    echo (complete -C "kerasaudio $line" | string replace -r '\\t.*' '')
end
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A folder with the command, first on the path; one sound to be found."""
    folder = tmp_path_factory.mktemp("shell")
    program = folder / "bin" / "kerasaudio"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kerasaudio.cli "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for name in ("my sound.wav", "mine.keras", "phone.tflite", "Speech.keras"):
        (folder / name).touch()
    (folder / "Music of mine.keras").touch()
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "PYTHONPATH": str(command.CHECKOUT), "HOME": str(folder)}
    return folder, os.environ | own


def script(shell, capsys):
    assert cli.main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_valid(shell, capsys, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(script(shell, capsys))
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_option_is_in_the_script(shell, capsys):
    text = script(shell, capsys)
    for name, parser in build_parser()[1].choices.items():
        assert name in text
        for option in parser.shown_options():
            wanted = f"-l {option[2:]} " if shell == "fish" else option
            assert option[:2] != "--" or wanted in text, (name, option)


@pytest.mark.parametrize(
    ("shell", "program"), [("bash", _BASH), ("fish", _FISH)], ids=["bash", "fish"]
)
def test_a_real_shell_completes(shell, program, environment):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    folder, variables = environment
    quiet = "--norc" if shell == "bash" else "--no-config"
    done = subprocess.run(
        [shell, quiet, "-c", program],
        input="".join(f"{line}\n" for line in CASES),
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    found = [set(line.split()) for line in done.stdout.splitlines()]
    for (line, wanted), got in zip(CASES.items(), found, strict=True):
        assert wanted <= got, line
        word = line.rpartition(" ")[2]
        assert all(one.lower().startswith(word.lower()) for one in got), line


def test_bash_leaves_files_to_itself(environment):
    folder, variables = environment
    ask = (
        'eval "$(kerasaudio completion bash)"\n'
        "COMP_WORDS=(kerasaudio tag my); COMP_CWORD=2; _kerasaudio\n"
        'echo "${#COMPREPLY[@]}"; complete -p kerasaudio\n'
        "COMP_WORDS=(kerasaudio tag --model Music); COMP_CWORD=3; _kerasaudio\n"
        'printf "%s;" "${COMPREPLY[@]}"\n'  # beside names of models
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", ask],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    empty, told, beside = done.stdout.splitlines()
    assert empty == "0"
    assert "-o default" in told
    assert {"MusicVGG", r"Music\ of\ mine.keras"} <= set(beside.split(";"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
def test_bash_completes_the_files_of_models(environment):
    """On a terminal, as bash itself completes files nowhere else."""
    folder, variables = environment
    import pty

    here, there = pty.openpty()
    with subprocess.Popen(
        ["bash", "--norc", "-i"],
        cwd=folder,
        env=variables | {"TERM": "dumb", "PS1": "ready"},
        stdin=there,
        stdout=there,
        stderr=there,
        start_new_session=True,
    ) as shell:
        os.close(there)
        os.write(here, b'eval "$(kerasaudio completion bash)"; echo loa""ded\n')
        for wanted, typed in [
            (b"loaded", b"kerasaudio tag --model mine\t"),
            (b"mine.keras ", b"phone\t"),
            (b"phone.tflite ", b""),
        ]:
            said = b""
            while wanted not in said:
                said += os.read(here, 4_096)
            os.write(here, typed)
        shell.kill()
    os.close(here)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
def test_zsh_completes(environment):
    """On a terminal of its own, as zsh completes nowhere else."""
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    folder, variables = environment
    (folder / ".zshrc").write_text('PS1="ready"\neval "$(kerasaudio completion zsh)"\n')
    import pty

    here, there = pty.openpty()
    variables = variables | {"TERM": "dumb", "ZDOTDIR": str(folder)}
    with subprocess.Popen(
        ["zsh", "-i"],
        cwd=folder,
        env=variables,
        stdin=there,
        stdout=there,
        stderr=there,
        start_new_session=True,
    ) as shell:
        os.close(there)
        said = b""
        for typed, wanted in [
            (b"", b"ready"),
            (b"kerasaudio det\t", b"detect "),
            (b"--mod\t", b"--model "),
            (b"YAMNet/\t", b"YAMNet/audioset "),
            (b"--form\t", b"--format "),
            (b"au\t", b"audacity "),
        ]:
            os.write(here, typed)
            said = b""
            while wanted not in said:
                said += os.read(here, 4_096)
        shell.kill()
    os.close(here)


def test_another_shell_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["completion", "bsh"])
    assert "invalid choice: 'bsh'. Did you mean 'bash'?" in capsys.readouterr().err
