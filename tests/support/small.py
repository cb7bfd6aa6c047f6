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
    "BEATs": {
        "hidden_size": 24,
        "num_layers": 2,
        "num_heads": 3,
        "intermediate_size": 32,
        "patch_features": 16,
        "conv_width": 6,
        "conv_groups": 2,
        "num_buckets": 16,
        "max_distance": 12,
    },
    "BarkNet": {"clip_samples": 1_600, "filters": 4},
    "CED": {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "max_length": 67},
    "CLAP": {
        "n_mels": 16,
        "image_size": 64,
        "patch_features": 8,
        "num_heads": 2,
        "window_size": 4,
        "stages": 2,
        "depth": 2,
        "projection_size": 8,
        "clip_samples": 24_000,
    },
    "CNN6": {"filters": 4},
    "CNN10": {"filters": 2},
    "CNN14": {"filters": 2},
    "CNN14DecisionLevelAtt": {"filters": 2},
    "CNN14DecisionLevelMax": {"filters": 2},
    "DSCNN": {"filters": 8, "blocks": 2},
    "CNNSA": {"clip_samples": 8_000, "filters": 4, "num_layers": 1, "num_heads": 2},
    "EfficientAT": {"width": 0.4},
    "ReSE2Multi": {
        "init_features": 8,
        "amplifying_ratio": 2,
        "blocks": 5,
        "clip_samples": 2 * 3**6,
    },
    "FCN": {"clip_samples": 327_424},
    "FireRedAED": {
        "blocks": 2,
        "units": 16,
        "projection": 8,
        "look_back": 4,
        "look_ahead": 3,
    },
    "CRNN": {"clip_samples": 50_000},
    "HTSAT": {
        "n_mels": 16,
        "image_size": 64,
        "patch_features": 8,
        "num_heads": 2,
        "window_size": 4,
        "stages": 2,
        "depth": 2,
        "clip_samples": 16_000,
    },
    "HarmonicCNN": {"clip_samples": 287 * 256, "filters": 6},
    "LeNetMFCC": {"filters": 4},
    "LogMelCNN": {"clip_samples": 15 * 512, "filters": 4},
    "MelResNet50": {"side": 32},
    "PANNsMobileNetV1": {"width": 0.125},
    "PANNsMobileNetV2": {"width": 0.25},
    "PANNsResNet": {"depth": 22, "filters": 2},
    "ShortChunkCNN": {"clip_samples": 127 * 256, "filters": 4},
    "ShortChunkResNet": {"clip_samples": 8_000, "filters": 4},
    "SileroVAD": {"filters": 8, "units": 8},
    "SoundEventCRNN": {"filters": 8, "units": 8},
    "SpeakerEncoder": {"units": 8, "depth": 2, "embedding_size": 8},
    "SpeechGRU": {"units": 16},
    "SpeechMusicNoise": {"filters": 4, "dense_units": 8},
    "VGGish": {"filters": 4, "dense_units": 32},
    "MusiCNN": {"midend_filters": 8, "dense_units": 16},
    "Wav2Vec2": {
        "hidden_size": 24,
        "num_layers": 2,
        "num_heads": 3,
        "intermediate_size": 32,
        "conv_filters": 16,
        "position_width": 6,
        "position_groups": 2,
    },
    "WavegramLogmelCNN14": {"filters": 2},
    "SampleCNN": {"clip_samples": 2 * 3**7, "blocks": 6},
    "SampleCNNSE": {"clip_samples": 2 * 3**7, "blocks": 6},
}


SMALL["HuBERT"] = SMALL["Wav2Vec2"] | {
    "conv_bias": True,
    "conv_norm": "layer",
    "norm_first": True,
}


def small(factory: str) -> dict[str, Any]:
    """Give the arguments for a factory."""
    return SMALL.get(factory, {})
