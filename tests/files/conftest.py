"""A room without network."""

from support.alone import alone, server  # noqa: F401
