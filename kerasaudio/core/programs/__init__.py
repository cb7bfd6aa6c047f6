"""Compiled programs that run a network, also in parallel, on clips of any length.

jax compiles one program per length. To keep them few, clips are padded to the lengths
of existing programs. On torch a program is a list of steps (`torch_steps`).
"""
