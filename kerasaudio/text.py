"""Text for people: safe for a terminal, and plain."""


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


def counted(number: int, noun: str) -> str:
    """Give a number with its noun, such as "1 file" or "2,000 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
