"""Upstream checkpoints to our variables: one file a source format.

A state is a dict of arrays by `layer/variable`; assigning one is strict both ways.
"""
