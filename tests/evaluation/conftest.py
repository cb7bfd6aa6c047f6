"""Data sets of a few clips, with classes or folds, and networks of a few weights."""

from support.class_fixtures import folder, network, sides  # noqa: F401
from support.fold_fixtures import clips, empty_cache, model, open_model  # noqa: F401
