"""A small AST of transformers: its files, what it hears, and how it is run."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from support.goldens import State
from support.seeding import seeded

# In transformers' words. Strides and sizes differ, so that none can stand for another.
CONFIG: dict[str, Any] = {
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 80,
    "frequency_stride": 12,
    "time_stride": 8,
    "max_length": 96,
    "num_labels": 7,
}
MODEL_TYPE = {"model_type": "audio-spectrogram-transformer"}
# For `seeding.wave`: one that is filled up, one that is cut off.
CLIPS = {"short": (16_000, 11_200, 7), "long": (16_000, 22_400, 8)}


def write(folder: Path, tensors: State) -> Path:
    """Write a network of this size into a folder; give its weights' path."""
    from safetensors.numpy import save_file

    path = folder / "model.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(CONFIG | MODEL_TYPE))
    return path


def fill(folder: Path) -> Path:
    """Fill the network that transformers saved in a folder; give its weights' path."""
    from safetensors.numpy import load_file, save_file

    file = folder / "model.safetensors"
    shapes = {key: tensor.shape for key, tensor in load_file(file).items()}
    save_file(seeded(shapes), file, metadata={"format": "pt"})
    return file


def run_upstream(folder: Path, heard: np.ndarray, dtype: Any = None) -> State:
    """Give what transformers' extractor and network make of (batch, samples).

    The network computes in a dtype of torch's, float32 where none is given.
    """
    import torch
    from transformers import ASTFeatureExtractor, ASTForAudioClassification

    dtype = dtype or torch.float32
    network = ASTForAudioClassification.from_pretrained(folder).to(dtype).eval()
    extractor = ASTFeatureExtractor(max_length=network.config.max_length)
    inputs = extractor(list(heard), sampling_rate=16_000, return_tensors="pt")
    images = inputs["input_values"].to(dtype)
    with torch.no_grad():
        pooled = network.audio_spectrogram_transformer(images).pooler_output
        logits = network(images).logits
    return {
        "frontend": images.numpy(),
        "embedding": pooled.numpy(),
        "predictions": logits.numpy(),
    }
