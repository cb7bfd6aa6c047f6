"""Clips to batches: decoded once, cut into windows, with targets.

`ClipBatches` is what `LabelledClips.batches` gives.
"""
