"""Errors of the library in the words of the command line: `--seconds 0.01`.

The library names its own arguments: `input_seconds=0.01`. Each command maps these
arguments to its options, and `complain` translates the messages that it prints.
"""

import re
import shlex
from collections.abc import Mapping

Words = Mapping[str, str]
"""From arguments, or parts of sentences, of the library to those of the command line.

An argument is an identifier. It is translated where it has a value (`name=3`, `name=`),
where its name cannot be an English word (`clip_seconds`), and where it begins the text
as its subject (`channels must be ...`). An option that ends in "=", as `--set filters=`
does, keeps its value behind that sign, and is not looked for as a mere word. Everything
else is replaced literally.
"""

MODEL_WORDS: Words = {
    "weights": "--weights",
    "repeat_to_seconds": "--repeat-to",
    "weights= also takes None or the path of a file": "--weights also takes the path "
    "of a file",
    "kerasaudio.list_weights()": "kerasaudio list",
    "; include_top=False takes one without, or drops it": "",
    "Give labels=[...] or classes= for a head of your own, or include_top=False for "
    "the embedding": "`kerasaudio train` gives it a head of your own",
}
CACHE_WORDS: Words = {"by cache= or by KERASAUDIO_CACHE": "by KERASAUDIO_CACHE"}
SALVAGE_WORDS: Words = {
    "kerasaudio.load_audio(..., errors='salvage')": "--errors salvage"
}
NO_SALVAGE_WORDS: Words = {
    "kerasaudio.load_audio(..., errors='salvage')": "--errors salvage with kerasaudio "
    "tag and embed"
}
CLIP_WORDS: Words = {
    **NO_SALVAGE_WORDS,
    **{name: f"--{name}" for name in ("separator", "errors")},
    "clip_seconds": "--clip-seconds",
    "silence_db": "--silence-db",
    ', pass dtype="int16", or cache=False': "",
    "Build it for these classes, with labels=clips.class_names": "`kerasaudio train` "
    "makes a model for these classes",
}

_QUOTED = r"'(?:[^'\\\n]|\\.)*'" + r'|"(?:[^"\\\n]|\\.)*"'
_VALUE = rf"(?P<value>{_QUOTED}|[\w.+-]*\w)?"


def in_options(text: str, words: Words) -> str:
    """Replace the arguments of the library in a text by options.

    Args:
        text: An error or a warning. Quoted parts of it, such as the name of a file, are
            not changed.
        words: The mapping of the command.

    Returns:
        The text; `name=True` becomes `--name`, `name=None` becomes `no --name`.
    """
    if not words:
        return text
    names = [re.escape(word) for word in words if word.isidentifier()]
    phrases = sorted((word for word in words if not word.isidentifier()), key=len)
    literal = "|".join(_whole(phrase) for phrase in reversed(phrases)) or r"(?!)"
    name = "|".join(names) or r"(?!)"
    bare = [word for word in words if "_" in word and not words[word].endswith("=")]
    long = "|".join(word for word in bare if word.isidentifier()) or r"(?!)"
    pattern = (
        rf"(?P<literal>{literal})"
        rf"|(?<![\w'\"])(?:{_QUOTED})"
        rf"|(?<![\w./\\-])(?<!--set )(?P<name>{name})={_VALUE}"
        rf"|(?<![\w./\\-])(?P<long>{long})(?![\w/\\])"
        rf"|\A(?P<subject>{name})(?= must| is no|:)"
    )
    return re.sub(pattern, lambda found: _translated(found, words), text)


def _whole(phrase: str) -> str:
    """Return a pattern that does not begin or end inside a word."""
    before = r"(?<!\w)" if re.match(r"\w", phrase) else ""
    return before + re.escape(phrase) + (r"(?!\w)" if phrase[-1].isalnum() else "")


def _translated(found: re.Match[str], words: Words) -> str:
    if found["literal"] is not None:
        return words[found["literal"]]
    if found["name"] is None:
        bare = found["long"] or found["subject"]
        return found[0] if bare is None else words[bare].removesuffix("=")
    option, value = words[found["name"]], found["value"]
    if value == "None":
        return f"no {option.removesuffix('=')}"
    if value is None or value == "True":
        return option.removesuffix("=")
    if value[0] in "'\"":
        value = shlex.quote(value[1:-1])
    return option + value if option.endswith("=") else f"{option} {value}"
