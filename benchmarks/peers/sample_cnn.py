"""SampleCNN without kerasaudio: a copy in torch, and one of Keras' own layers."""

from collections.abc import Callable
from typing import Any

from benchmarks.keras_work import noise, training
from benchmarks.networks import MUSIC_CLASSES, SAMPLE_CNN_SAMPLES

FILTERS = (128, 128, 256, 256, 256, 256, 256, 256, 512)


def predict_torch(batch: int) -> Callable[[], Any]:
    """The torch twin, from waveforms to predictions."""
    import torch

    network, waveforms = torch_twin().eval(), noise(batch, SAMPLE_CNN_SAMPLES)

    def predict() -> Any:
        with torch.inference_mode():
            return network(torch.from_numpy(waveforms).unsqueeze(1)).numpy()

    return predict


def torch_twin() -> Any:
    """Give the network of minzwon/sota-music-tagging-models, waveform (b, 1, n)."""
    from torch import nn

    def convolution(inside: int, outside: int, width: int, stride: int) -> list[Any]:
        return [
            nn.Conv1d(inside, outside, width, stride, padding=width // 2),
            nn.BatchNorm1d(outside),
            nn.ReLU(),
        ]

    modules = convolution(1, 128, 3, 3)
    channels = 128
    for filters in FILTERS:
        modules += [*convolution(channels, filters, 3, 1), nn.MaxPool1d(3)]
        channels = filters
    modules += [*convolution(channels, 512, 1, 1), nn.Flatten(), nn.Dropout(0.5)]
    return nn.Sequential(*modules, nn.Linear(512, MUSIC_CLASSES), nn.Sigmoid())


def train_torch(batch: int) -> Callable[[], float]:
    """One training step of the torch twin, from waveforms."""
    import torch

    from benchmarks import torch_work

    network = torch_twin()
    waveforms = torch.from_numpy(noise(batch, SAMPLE_CNN_SAMPLES)).unsqueeze(1)
    return torch_work.training(network, network, waveforms, MUSIC_CLASSES)


def train_keras(batch: int) -> Callable[[], Any]:
    """One training step of the plain Keras network."""
    return training(keras_twin(), noise(batch, SAMPLE_CNN_SAMPLES), MUSIC_CLASSES)


def keras_twin() -> Any:
    """Give the network in Keras layers, waveform (b, n)."""
    import keras
    from keras import layers

    def convolution(filters: int, width: int, stride: int = 1) -> list[Any]:
        return [
            layers.Conv1D(filters, width, strides=stride, padding="same"),
            layers.BatchNormalization(epsilon=1e-5),
            layers.ReLU(),
        ]

    stack = [
        keras.Input((SAMPLE_CNN_SAMPLES,)),
        layers.Reshape((SAMPLE_CNN_SAMPLES, 1)),
        *convolution(128, 3, 3),
    ]
    for filters in FILTERS:
        stack += [*convolution(filters, 3), layers.MaxPooling1D(3)]
    stack += [*convolution(512, 1), layers.Flatten(), layers.Dropout(0.5)]
    return keras.Sequential([*stack, layers.Dense(MUSIC_CLASSES, "sigmoid")])
