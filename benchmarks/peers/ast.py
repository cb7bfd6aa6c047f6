"""AST of Hugging Face transformers, trained from features that are ready.

normalized filter bank energies (b, frames, 128) -> patches of 16 x 16, tokens,
positions (b, n, d) -> layers -> logits (b, 527)

Ours also computes the features in every step.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.keras_work import noise

CLASSES = 527
BINS = 128
NAMES = {"num_layers": "num_hidden_layers", "num_heads": "num_attention_heads"}


def train(batch: int, **sizes: int) -> Callable[[], float]:
    """One training step; for the sizes see `network`."""
    import torch

    from benchmarks.torch_work import training

    model = network(**sizes)
    features = torch.from_numpy(noise(batch, model.config.max_length, BINS))

    def scores(inputs: Any) -> Any:
        return model(inputs).logits.sigmoid()

    return training(model, scores, features, CLASSES)


def network(**sizes: int) -> Any:
    """Give the network with random weights.

    Args:
        **sizes: Arguments of `kerasaudio.AST`.
    """
    from transformers import ASTConfig, ASTForAudioClassification

    named = {NAMES.get(name, name): size for name, size in sizes.items()}
    return ASTForAudioClassification(ASTConfig(num_labels=CLASSES, **named))
