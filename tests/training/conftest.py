"""A folder of sounds, split, and networks of a few weights."""

from support.class_fixtures import folder, network, sides  # noqa: F401
