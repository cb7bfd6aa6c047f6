"""The scripts of `kerasaudio completion`, one function per shell.

Only words of this program's own parser are put into them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """An option, or what stands without one.

    Attributes:
        names: Such as "-h" and "--help"; empty for what stands without an option.
        kind: What its value is: "models" (or files), "files", or "" for anything else.
        choices: Values to choose from.
        help: Its description.
        is_flag: Whether it takes no value.
        is_repeated: Whether it can be given several times.
    """

    names: tuple[str, ...]
    kind: str
    choices: tuple[str, ...] = ()
    help: str = ""
    is_flag: bool = False
    is_repeated: bool = False


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        name: Its name.
        help: Its description.
        options: Its options.
        words: What it takes without an option.
    """

    name: str
    help: str
    options: tuple[Option, ...]
    words: Option


# Names of presets and of factories, one a line.
_MODELS = (
    "COLUMNS=80 kerasaudio list 2>/dev/null"
    """ | awk 'NR > 1 { print $1; sub("/.*", "", $1); print $1 }' | sort -u"""
)

_BASH = r"""# bash: eval "$(kerasaudio completion bash)"
_kerasaudio_words() {
    local one
    while IFS= read -r one; do
        [[ $one == "$word"* ]] && COMPREPLY+=("$one")
    done <<< "$1"
}

_kerasaudio_values() {  # kind and choices; files alone are left to the shell
    local one
    [[ -n $2 ]] && _kerasaudio_words "${2// /$'\n'}"
    if [[ $1 == models ]]; then
        [[ -n ${_kerasaudio_known-} ]] || _kerasaudio_known=$(@MODELS@)
        _kerasaudio_words "$_kerasaudio_known"
        ((${#COMPREPLY[@]})) && while IFS= read -r one; do
            [[ -n $one ]] && COMPREPLY+=("$(printf %q "$one")")
        done <<< "$(compgen -f -- "$word")"
    elif [[ -z $1 ]]; then
        compopt +o default 2>/dev/null
    fi
    return 0
}

_kerasaudio() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]-}
    COMPREPLY=()
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if ((COMP_CWORD == 1)); then
        _kerasaudio_values '' '@COMMANDS@'
        return 0
    fi
    case "$command $before" in
@VALUES@
    esac
    case "$command" in
@WORDS@
    esac
}

complete -o bashdefault -o default -F _kerasaudio kerasaudio
"""


def bash(commands: Sequence[Command]) -> str:
    """Return the script for bash, 3.2 or later."""
    values, words = [], []
    for command in commands:
        names = " ".join(name for one in command.options for name in one.names)
        for one in command.options:
            if not one.is_flag:
                cases = "|".join(f"'{command.name} {name}'" for name in one.names)
                values.append(f"    {cases}) {_bash_values(one)}; return 0 ;;")
        words.append(
            f"    {command.name})\n"
            f"        if [[ $word == -* ]]; then\n"
            f"            _kerasaudio_values '' '{names}'\n"
            f"        else\n"
            f"            {_bash_values(command.words)}\n"
            f"        fi\n"
            f"        ;;"
        )
    listed = " ".join(["--help", "--version", *(command.name for command in commands)])
    return _filled(
        _BASH, COMMANDS=listed, VALUES="\n".join(values), WORDS="\n".join(words)
    )


def _bash_values(one: Option) -> str:
    return f"_kerasaudio_values '{one.kind}' '{' '.join(one.choices)}'"


_ZSH = r"""#compdef kerasaudio
# zsh: eval "$(kerasaudio completion zsh)"
_kerasaudio_models() {
    (( ${#_kerasaudio_known} )) || typeset -ga _kerasaudio_known=(${(f)"$(@MODELS@)"})
    compadd -a _kerasaudio_known
    _files
}

_kerasaudio() {
    local -a commands
    if (( CURRENT == 2 )); then
        commands=(
@COMMANDS@
        )
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
@WORDS@
    esac
}

if (( ! $+functions[compdef] )); then
    autoload -Uz compinit && compinit
fi
compdef _kerasaudio kerasaudio
"""


def zsh(commands: Sequence[Command]) -> str:
    """Return the script for zsh."""
    listed = [f"            {_zsh_text(f'{one.name}:{one.help}')}" for one in commands]
    words = []
    for command in commands:
        specs = [_zsh_spec(one, name) for one in command.options for name in one.names]
        rest = _zsh_text(f"*:{command.name}:{_zsh_action(command.words)}")
        lines = " \\\n            ".join([*specs, rest])
        words.append(f"    {command.name})\n        _arguments {lines}\n        ;;")
    return _filled(_ZSH, COMMANDS="\n".join(listed), WORDS="\n".join(words))


def _zsh_spec(one: Option, name: str) -> str:
    described = one.help.replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
    described = described.replace(":", r"\:")
    start = f"{'*' if one.is_repeated else ''}{name}[{described}]"
    return _zsh_text(start if one.is_flag else f"{start}:value:{_zsh_action(one)}")


def _zsh_action(one: Option) -> str:
    if one.kind:
        return "_kerasaudio_models" if one.kind == "models" else "_files"
    return f"({' '.join(one.choices)})" if one.choices else " "


def _zsh_text(text: str) -> str:
    return "'" + text.replace("'", r"'\''") + "'"


_FISH = r"""# fish: kerasaudio completion fish | source
function __kerasaudio_models
    if not set -q __kerasaudio_known
        set -g __kerasaudio_known (@MODELS@)
    end
    printf '%s\n' $__kerasaudio_known
end

complete -c kerasaudio -f
complete -c kerasaudio -n __fish_use_subcommand -l help -d 'show this help'
complete -c kerasaudio -n __fish_use_subcommand -l version -d 'show the version'
@COMMANDS@
@WORDS@
"""


def fish(commands: Sequence[Command]) -> str:
    """Return the script for fish, 3 or later."""
    listed, words = [], []
    for command in commands:
        listed.append(
            "complete -c kerasaudio -n __fish_use_subcommand "
            f"-a {command.name} -d {_fish_text(command.help)}"
        )
        seen = f"complete -c kerasaudio -n '__fish_seen_subcommand_from {command.name}'"
        for one in command.options:
            names = " ".join(
                f"-l {name[2:]}" if name[:2] == "--" else f"-s {name[1:]}"
                for name in one.names
            )
            value = "" if one.is_flag else f" {_fish_value(one)}"
            words.append(f"{seen} {names}{value} -d {_fish_text(one.help)}")
        offered = _fish_offer(command.words)
        words += [f"{seen} {offered}"] if offered else []
        words += [f"{seen} -F"] if command.words.kind else []
    return _filled(_FISH, COMMANDS="\n".join(listed), WORDS="\n".join(words))


def _fish_value(one: Option) -> str:
    return f"{'-r -F' if one.kind else '-x'} {_fish_offer(one)}".strip()


def _fish_offer(one: Option) -> str:
    offers = list(one.choices)
    if one.kind == "models":
        offers.append("(__kerasaudio_models)")
    return f"-a '{' '.join(offers)}'" if offers else ""


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", r"\\").replace("'", r"\'") + "'"


SHELLS: dict[str, Callable[[Sequence[Command]], str]] = {
    "bash": bash,
    "zsh": zsh,
    "fish": fish,
}


def _filled(script: str, **parts: str) -> str:
    for name, text in (parts | {"MODELS": _MODELS}).items():
        script = script.replace(f"@{name}@", text)
    return script
