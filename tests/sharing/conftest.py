"""A Hub on this machine, and a token."""

from support.alone import alone, server  # noqa: F401
