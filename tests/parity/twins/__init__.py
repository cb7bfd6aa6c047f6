"""Original networks written anew in torch, to make golden files of seeded weights.

A twin takes a state dict with the original's keys, and waveforms (batch, samples), and
gives the stages by name in the original's layout; both are torch tensors of one dtype.
A twin may as well call the original's own package, where that can be installed.
test_twins.py shows that with the published files twins give what the originals gave.
"""

import torch

State = dict[str, torch.Tensor]
Stages = dict[str, torch.Tensor]
