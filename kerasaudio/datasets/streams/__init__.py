"""Labeled sounds that are read anew in each epoch, without a copy on disk.

`LabeledBatches` takes batches that someone else's loader makes.
"""
