"""Compiled programs that run a network, also in parallel, on clips of any length.

jax compiles one program per length. To keep them few, clips are padded to the lengths
of existing programs.
"""
