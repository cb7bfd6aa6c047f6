"""Text from files and networks, made safe for a terminal."""


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
