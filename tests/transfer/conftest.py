"""A data set of 24 clips in two folds, and a network of a few weights."""

from support.fold_fixtures import clips, empty_cache, model, open_model  # noqa: F401
