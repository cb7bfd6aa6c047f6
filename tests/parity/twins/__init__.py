"""Original networks written anew in torch, to make golden files of seeded weights.

A twin takes a state dict with the original's keys and waveforms (batch, samples), and
gives the stages by name, in torch's layout. test_twins.py shows that with the published
files it gives what the originals gave.
"""
