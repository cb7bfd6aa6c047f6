"""Compiled programs: how a network runs, in parallel, on clips of any length.

jax compiles a program for each length; few are made, and clips filled up to them.
"""
