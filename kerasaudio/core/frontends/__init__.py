"""From waveform to what a family of networks sees: one file a family.

Each gives layers and constants as the original has them.
"""
