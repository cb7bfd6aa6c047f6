"""Front-ends, from the waveform to the input of the convolutions: one file per family.

Each has the layers and constants of the original.
"""
