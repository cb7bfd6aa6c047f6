"""Small networks with a state that goes on from step to step."""

import keras
import numpy as np
from keras import layers

from kerasaudio import AudioModel
from kerasaudio.core import AudioSpec
from kerasaudio.events import framewise
from kerasaudio.layers import Patches, WholeWindows
from kerasaudio.layers.context import LeadIn

RATE = 8_000
STEP = 80
WINDOW = 50 * STEP


def tiny(recurrent, **spec):
    """Build steps of 80 samples with 20 before them -> recurrent -> scores -> mean."""
    waveform = keras.Input((None,), name="waveform")
    x = LeadIn(20, name="frontend")(waveform)
    x = WholeWindows(STEP + 20, STEP)(x)
    x = layers.Reshape((-1, 1))(x)
    x = Patches(STEP + 20, STEP)(x)
    x = layers.Reshape((-1, STEP + 20))(x)
    x = layers.Dense(6, "tanh")(x)
    x = recurrent(x)
    x = layers.Dense(2, "sigmoid", name="frame_scores")(x)
    x = layers.GlobalAveragePooling1D(name="predictions")(x)
    model = AudioModel(
        waveform,
        x,
        name="tiny",
        spec=AudioSpec(
            RATE,
            None,
            WINDOW,
            min_samples=STEP,
            step_samples=STEP,
            frontend={"frame_samples": STEP},
            labels=("a", "b"),
        ).replace(**spec),
    )
    rng = np.random.default_rng(0)
    for weight in model.weights:
        size = weight.shape[0] if len(weight.shape) > 1 else 10
        weight.assign(rng.normal(0, 1.5 / np.sqrt(size), weight.shape))
    return model


def twice(x):
    return layers.GRU(3, return_sequences=True)(
        layers.LSTM(4, return_sequences=True)(x)
    )


def in_one_piece(model, sound):
    return framewise(model).predict(sound[None], verbose=0)[0]
