"""Batches of clips: decoded once, cut into windows, with targets.

`LabeledClips.batches` returns `ClipBatches`.
"""
