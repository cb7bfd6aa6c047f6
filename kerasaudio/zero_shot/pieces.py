"""Split a text as GPT-2 and RoBERTa do: words with the space before them, numbers, ...

Python's regular expressions know no classes of Unicode, so a scanner stands in for

    's|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+
"""

import unicodedata
from collections.abc import Iterator

_ENDINGS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
_SPACE = "space"


def split(text: str) -> Iterator[str]:
    """Yield the pieces of a text, which together are the text."""
    start = 0
    while start < len(text):
        end = _end(text, start)
        yield text[start:end]
        start = end


def _end(text: str, start: int) -> int:
    """Return the end of the piece that begins at `start`."""
    for ending in _ENDINGS:
        if text.startswith(ending, start):
            return start + len(ending)
    first = start
    if (
        text[start] == " "
        and start + 1 < len(text)
        and _kind(text[start + 1]) != _SPACE
    ):
        first += 1
    kind = _kind(text[first])
    end = first + 1
    while end < len(text) and _kind(text[end]) == kind:
        end += 1
    if kind == _SPACE and end < len(text) and end - start > 1:
        end -= 1  # the last one belongs to the next word
    return end


def _kind(character: str) -> str:
    if character.isspace():
        return _SPACE
    major = unicodedata.category(character)[0]
    return major if major in "LN" else "other"
