"""Format text for people: safe for terminals and spreadsheets."""

import contextlib
import difflib
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

# Spreadsheets compute cells that begin with these, narrow or wide.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
Told = tuple[str, type[Warning]]  # a warning
_listeners: list[Callable[[Told], object]] = []
_CONTROLS = ("Cc", "Cf", "Zl", "Zp")


def escaped(text: str) -> str:
    """Escape characters that could move a terminal's cursor, recolor it or hide text.

    Args:
        text: Foreign text, such as a label, a column name or a server's message.

    Returns:
        The text, with control characters, direction marks and undecodable bytes escaped
        as in Python, such as ``\\x1b``. Line breaks and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text
    )


def one_line(text: str) -> str:
    """Escape foreign text as `escaped` does, and also line breaks and tabs."""
    return escaped(text).replace("\n", "\\n").replace("\t", "\\t")


def cell(text: str) -> str:
    """Escape foreign text for a CSV file: a label, a path, a column name.

    Returns:
        The text, with control characters and direction marks escaped as in Python; line
        breaks, tabs and the bytes of a file name stay. Text that a spreadsheet would
        read as a formula starts with an apostrophe; numbers do not.
    """
    safe = "".join(
        ascii(c)[1:-1]
        if unicodedata.category(c) in _CONTROLS and c not in "\n\t"
        else c
        for c in text
    )
    is_formula = safe.lstrip().startswith(_FORMULA) and not _is_number(safe)
    return f"'{safe}" if is_formula else safe


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def warn(
    message: str, category: type[Warning] = UserWarning, *, stacklevel: int
) -> None:
    """Warn with foreign text in the message escaped; see `warnings.warn`."""
    for listener in _listeners[-1:]:  # a copy, as other threads change the list
        listener((escaped(message), category))
        return
    warnings.warn(escaped(message), category, stacklevel=stacklevel + 1)


@contextlib.contextmanager
def listening(listener: Callable[[Told], object]) -> Iterator[None]:
    """Give what `warn` says, in any thread, to a function instead.

    Unlike `warnings.catch_warnings`, several threads can do so at a time.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 file" or "2,000 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def printable(path: Path | str) -> str:
    """Return a path for a terminal, with control characters escaped."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def quoted(label: str) -> str:
    """Return a label for a list separated by commas: in quotes if it contains some."""
    if "," not in label and '"' not in label:
        return printable(label)
    return '"' + printable(label).replace('"', '""') + '"'


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return a question that suggests a similar word, or "" if none is similar."""
    known = {candidate.lower(): candidate for candidate in words}
    close = difflib.get_close_matches(str(word).lower(), known, n=1, cutoff=0.6)
    return f" Did you mean {known[close[0]]!r}?" if close else ""


def choices(question: str, words: Iterable[str]) -> str:
    """Return the question that suggests a word; without one, all words to choose from.

    Args:
        question: From `did_you_mean`; "" if no word is similar.
        words: May be dozens, in which a suggestion would get lost.
    """
    return question or f" Pass one of {', '.join(sorted(words))}."


def megabytes(size: int | None) -> str:
    """Return a size in bytes as text, such as "1.5 MB"."""
    return "?" if size is None else f"{size / 1e6:.1f} MB"


def columns(rows: list[tuple[str, ...]]) -> str:
    """Return rows as text with aligned columns; control characters are escaped."""
    rows = [tuple(map(one_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    return "\n".join(
        "  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows
    )


def fitted(rows: list[tuple[str, ...]], width: int) -> str:
    """Return rows as `columns` does, with as many columns as fit into a width.

    Lines of the first column alone that are too long are cut.
    """
    for count in range(len(rows[0]), 0, -1):
        text = columns([row[:count] for row in rows])
        if max(map(len, text.splitlines())) <= width:
            return text
    lines = (
        line if len(line) <= width else f"{line[: width - 1]}…"
        for line in text.splitlines()
    )
    return "\n".join(lines)


def percent(share: float) -> str:
    """Return a fraction as text, such as "12.5 %"."""
    return f"{100 * share:.1f} %"
