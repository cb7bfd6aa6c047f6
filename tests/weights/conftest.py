"""A room without network: a server on this machine, a cache and a manifest a test."""

from support.alone import alone, server  # noqa: F401
from support.manifests import make_entry  # noqa: F401
