"""Text for people: safe for a terminal and for a spreadsheet, and plain."""

import unicodedata
import warnings
from pathlib import Path

# With these, narrow or wide, spreadsheets begin what they compute.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_CONTROLS = ("Cc", "Cf", "Zl", "Zp")


def escaped(text: str) -> str:
    """Escape what could move a terminal's cursor, recolor it or hide text.

    Args:
        text: Such as a label, a column's name or a server's words.

    Returns:
        The text, with control characters, direction marks and bytes that are no text
        as Python writes them, such as ``\\x1b``. Line breaks and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text
    )


def one_line(text: str) -> str:
    """Give foreign text as `escaped` does, with line breaks and tabs escaped, too."""
    return escaped(text).replace("\n", "\\n").replace("\t", "\\t")


def cell(text: str) -> str:
    """Give foreign text as a CSV file holds it: a label, a path, a column's name.

    Returns:
        The text, with control characters and direction marks as Python writes them;
        line breaks, tabs and the bytes of a file's name stay. What a spreadsheet would
        take for a formula has an apostrophe in front; numbers have none.
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
    """Warn, with foreign text in the message escaped; see `warnings.warn`."""
    warnings.warn(escaped(message), category, stacklevel=stacklevel + 1)


def counted(number: int, noun: str) -> str:
    """Give a number with its noun, such as "1 file" or "2,000 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def printable(path: Path | str) -> str:
    """Give a path for a terminal: control characters escaped."""
    text = str(path)
    return text if text.isprintable() else repr(text)


def megabytes(size: int | None) -> str:
    """Give a size for people."""
    return "?" if size is None else f"{size / 1e6:.1f} MB"


def columns(rows: list[tuple[str, ...]]) -> str:
    """Align all columns but the last; control characters are escaped."""
    rows = [tuple(map(one_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    return "\n".join(
        "  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows
    )


def percent(share: float) -> str:
    """Give a share for people."""
    return f"{100 * share:.1f} %"
