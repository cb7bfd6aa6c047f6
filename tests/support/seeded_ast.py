"""A small AST, filled by rule, and what it hears; shared with tools/."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from support.seeding import Shapes, read_shapes, seeded

KEYS = Path(__file__).parents[1] / "golden" / "ast_seeded_keys.txt"

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
SECONDS = {"short": 0.7, "long": 1.4}  # filled up, and cut off


def waveform(name: str) -> np.ndarray:
    """Give a gliding tone in noise, float32 (samples,), at 16 kHz."""
    samples = int(SECONDS[name] * 16_000)
    time = np.arange(samples) / 16_000
    noise = np.random.default_rng(samples).normal(0, 0.01, samples)
    return (0.3 * np.sin(2 * np.pi * 900 * time**2) + noise).astype("float32")


def write(folder: Path) -> Path:
    """Write the network of the golden file into a folder; give its weights' path."""
    from safetensors.numpy import save_file

    path = folder / "model.safetensors"
    save_file(seeded(read_shapes(KEYS.read_text())), path)
    (folder / "config.json").write_text(json.dumps(CONFIG | MODEL_TYPE))
    return path


def fill(folder: Path) -> Shapes:
    """Fill the network that transformers saved in a folder; give its shapes."""
    from safetensors.numpy import load_file, save_file

    file = folder / "model.safetensors"
    shapes = {key: tensor.shape for key, tensor in load_file(file).items()}
    save_file(seeded(shapes), file, metadata={"format": "pt"})
    return shapes


def run_upstream(folder: Path, heard: np.ndarray) -> dict[str, np.ndarray]:
    """Give what transformers' extractor and network make of a waveform."""
    import torch
    from transformers import ASTFeatureExtractor, ASTForAudioClassification

    network = ASTForAudioClassification.from_pretrained(folder).eval()
    extractor = ASTFeatureExtractor(max_length=network.config.max_length)
    inputs = extractor(heard, sampling_rate=16_000, return_tensors="pt")
    with torch.no_grad():
        pooled = network.audio_spectrogram_transformer(**inputs).pooler_output
        logits = network(**inputs).logits
    return {
        "frontend": inputs["input_values"][0].numpy(),
        "embedding": pooled[0].numpy(),
        "predictions": logits[0].numpy(),
    }
