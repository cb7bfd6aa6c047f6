"""AST of Hugging Face transformers: its own extractor and network.

The extractor uses NumPy where torchaudio is absent, and gives float32.
"""

import tempfile
from pathlib import Path

import torch

from parity.twins import Stages, State
from support import seeded_ast


def ast(state: State, waveforms: torch.Tensor) -> Stages:
    """Log mel, embedding, logits of the small network."""
    dtype = waveforms.dtype
    with tempfile.TemporaryDirectory() as folder:
        tensors = {key: tensor.float().numpy() for key, tensor in state.items()}
        seeded_ast.write(Path(folder), tensors)
        stages = seeded_ast.run_upstream(Path(folder), waveforms.numpy(), dtype)
    return {name: torch.from_numpy(stage) for name, stage in stages.items()}
