"""Clips to batches: decoded once, cut into windows, with targets.

`ClipBatches` is what `LabeledClips.batches` gives.
"""
