"""What other processes say when they fail."""

_LINES = 5


def last_words(stderr: str) -> str:
    """Return the end of what a process complained of."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return " ".join(lines[-_LINES:]) or "nothing"
