"""Architecture arguments that keep tests of the large networks quick."""

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "AST": {
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 4,
        "intermediate_size": 64,
        "max_length": 64,
    },
    "BarkNet": {"clip_samples": 1_600, "filters": 4},
    "CNN6": {"filters": 4},
    "CNNSA": {"clip_samples": 8_000, "filters": 4, "num_layers": 1, "num_heads": 2},
    "EfficientAT": {"width": 0.4},
    "ReSE2Multi": {
        "init_features": 8,
        "amplifying_ratio": 2,
        "blocks": 5,
        "clip_samples": 2 * 3**6,
    },
    "FCN": {"clip_samples": 327_424},
    "CRNN": {"clip_samples": 50_000},
    "HarmonicCNN": {"clip_samples": 287 * 256, "filters": 6},
    "LeNetMFCC": {"filters": 4},
    "LogMelCNN": {"clip_samples": 15 * 512, "filters": 4},
    "MelResNet50": {"side": 32},
    "ShortChunkCNN": {"clip_samples": 127 * 256, "filters": 4},
    "ShortChunkResNet": {"clip_samples": 8_000, "filters": 4},
    "SoundEventCRNN": {"filters": 8, "units": 8},
    "SpeakerEncoder": {"units": 8, "depth": 2, "embedding_size": 8},
    "SpeechGRU": {"units": 16},
    "VGGish": {"filters": 4, "dense_units": 32},
    "MusiCNN": {"midend_filters": 8, "dense_units": 16},
    "SampleCNN": {"clip_samples": 2 * 3**7, "blocks": 6},
    "SampleCNNSE": {"clip_samples": 2 * 3**7, "blocks": 6},
}


def small(factory: str) -> dict[str, Any]:
    """Give the arguments for a factory."""
    return SMALL.get(factory, {})
