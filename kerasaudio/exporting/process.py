"""Messages of other processes that failed."""

_LINES = 5


def last_words(stderr: str) -> str:
    """Return the last lines of a process's error output, or "nothing"."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return " ".join(lines[-_LINES:]) or "nothing"
