"""Clips that were filled up give the numbers they give alone.

On jax this is how clips of many lengths are heard; the rules run on every backend.
"""

import keras
import numpy as np
import pytest
from keras import layers

import kerasaudio
from kerasaudio import layers as ours
from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.programs.open_length import (
    NoRuleError,
    run_filled,
    takes_any_length,
)
from kerasaudio.layers.fixed_length import FixedPositions, StepsOfClip
from kerasaudio.layers.known_statistics import KnownStatistics
from kerasaudio.layers.memory_block import MemoryBlock
from kerasaudio.layers.transformer import FitFrames
from support.chosen import chosen
from support.small import small

INSIDE = {  # layers, and scores of pieces; of other networks it is the front-end
    "AST": (("frontend", "encoder_layer_0_output_add"), ()),
    "CED": (("frontend", "init_bn"), ("patch_embeddings", "patch_scores")),
    "CNN14DecisionLevelAtt": (("frames",), ("frame_scores",)),
    "CNN14DecisionLevelMax": (("frames",), ("frame_scores",)),
    "Dasheng": (("frontend", "init_bn"), ("frame_embeddings", "frame_scores")),
    "EfficientAT": (("features_3_add", "features_15_add", "features_16_1"), ()),
    "FireRedAED": (("frontend", "fsmn1", "fsmn2"), ("frame_scores",)),
    "HuBERT": (("frontend", "frames"), ()),
    "LeNetMFCC": (("pool1", "steps"), ()),
    "MAEST": (("frontend", "blocks_0_output_add"), ()),
    "PANNsMobileNetV2": (("features_2_conv_1", "features_18_1_relu6"), ()),
    "PANNsResNet": (("resnet_layer2_0_add", "resnet_pool"), ()),
    "PaSST": (("frontend", "positions", "norm"), ()),
    "SileroVAD": (("frontend", "conv1", "lstm_l0"), ("frame_scores",)),
    "SoundEventCRNN": (("block2_pool", "steps", "gru"), ("frame_scores",)),
    "SpeechGRU": (("gru1",), ()),
    "SpeechMusicNoise": (("frontend", "scored_frames"), ("frame_scores",)),
    "VGGish": (("frontend",), ("patch_embeddings", "patch_scores")),
    "Wav2Vec2": (
        ("frontend", "feature_extractor_conv_layers_0_layer_norm", "frames"),
        (),
    ),
    "WavegramLogmelCNN14": (("wavegram", "both"), ()),
    "WhisperEncoder": (("frontend", "states"), ()),
    "YAMNet": (("whole_patches",), ("patch_embeddings", "patch_scores")),
}
# Standardizing each patch, or a bin with a steady tone, makes what is rounded off
# larger.
ROUNDED = {"SpeechMusicNoise": 1e-5, "scaled in groups": 1e-5}


def filled_with(model, seed=0):
    """Give a model weights that let its numbers differ from clip to clip."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        kind = weight.path.rsplit("/", 1)[-1]
        fan = np.prod(weight.shape[:-1]) if "depthwise" not in weight.path else 9
        if weight.path.endswith("frontend_bn/moving_variance"):
            values = np.full(weight.shape, 1_000)  # of decibels
        elif kind in ("gamma", "moving_variance"):
            values = rng.uniform(0.5, 1.5, weight.shape)
        elif len(weight.shape) < 2:
            values = rng.normal(0, 0.2, weight.shape)
        else:
            values = rng.normal(0, np.sqrt(2 / max(1, fan)), weight.shape)
        weight.assign(values.astype("float32"))
    return model


def outputs_of(model, names):
    return keras.Model(model.input, [model.get_layer(name).output for name in names])


def compare(network, lengths, longest, rate=8_000, tolerance=1e-6):
    """Compare clips alone with the same ones with something behind them."""
    alone = compiled(lambda x: network(x, training=False))
    filled = compiled(lambda x, length: run_filled(network, x, length))
    for samples in lengths:
        rng = np.random.default_rng(samples)
        time = np.arange(samples) / rate
        clips = 0.3 * np.sin(2 * np.pi * 300 * time) + rng.normal(0, 0.1, (2, samples))
        clips[1] *= 0.01
        clips[:, -3:] = 0.9  # a click, which only the last frames hear
        clips = clips.astype("float32")
        behind = rng.normal(0, 2, (2, longest - samples)).astype("float32")
        wanted = alone(clips)
        values, counts = filled(np.concatenate([clips, behind], axis=1), samples)
        for want, value, count in zip(
            *map(keras.tree.flatten, (wanted, values, counts)), strict=True
        ):
            want, value = map(keras.ops.convert_to_numpy, (want, value))
            if int(count) >= 0:
                value = value[:, : int(count)]
            assert value.shape == want.shape
            atol = tolerance * max(1, np.abs(want).max())
            np.testing.assert_allclose(value, want, rtol=0, atol=atol)


def compiled(function):
    """Compile for jax, which takes much longer for each operation by itself."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    return lambda x, *length: function(
        x, *(keras.ops.convert_to_tensor(number, "int32") for number in length)
    )


@pytest.mark.parametrize("factory", chosen(kerasaudio.FACTORIES))
def test_every_network(factory):
    model = getattr(kerasaudio, factory)(**small(factory) | {"classes": 5})
    if model.spec.clip_samples is None:
        check_any_length(model, *INSIDE.get(factory, (("frontend",), ())))
    elif takes_any_length(model):  # with what is before the clip, or without
        samples = model.spec.window_samples
        with pytest.raises(NoRuleError, match="Context"):
            run_filled(model, np.zeros((1, samples), "float32"), samples)


def check_any_length(model, inside, pieces):
    filled_with(model)
    assert takes_any_length(model)
    scores = outputs_of(model, [*pieces, "embedding", "predictions"])
    # Silent bands of features are the logarithm of what an FFT rounds off.
    features = outputs_of(model, inside)
    shortest, rate = model.spec.min_samples, model.spec.sample_rate
    lengths = (shortest, shortest + 1, shortest + 8_191, 2 * shortest + 5_003)
    longest = 2 * shortest + 9_000

    tolerance = ROUNDED.get(model.spec.architecture, 2e-6)
    compare(scores, lengths, longest, rate, tolerance)
    compare(features, lengths, longest, rate, tolerance=1e-5)


def test_the_chunks_of_a_network_on_chunks():
    model = filled_with(kerasaudio.CED(**small("CED") | {"num_layers": 1}, classes=5))
    size, hop = model.spec.arguments["max_length"], 160
    frames = (size, size + 1, 2 * size, 2 * size + 1)  # 1, 2, 1 and 3 chunks
    lengths = [(count - 1) * hop for count in frames]

    chunks = outputs_of(model, ["patch_scores", "embedding"])

    compare(chunks, lengths, 4 * size * hop, model.spec.sample_rate)


def test_the_frames_of_a_network_on_chunks():
    model = kerasaudio.Dasheng(**small("Dasheng") | {"num_layers": 1}, classes=5)
    size, hop = model.spec.arguments["max_length"], 160
    # 1, 1, 2, 2 and 3 chunks; less than a patch is left over, or nothing
    frames = (size, size + 3, size + 4, 2 * size, 2 * size + 5)
    lengths = [(count - 1) * hop for count in frames]

    inside = outputs_of(filled_with(model), ["frame_embeddings", "embedding"])

    compare(inside, lengths, 4 * size * hop, model.spec.sample_rate)


def frames(x):
    """Give features (batch, frames, 24) of a waveform."""
    return ours.MelSpectrogram(8_000, n_fft=256, hop_length=100, n_mels=24)(x)


def pictures(x):
    return layers.Reshape((-1, 24, 1))(frames(x))


def both_ways(**kwargs):
    return lambda x: layers.Bidirectional(layers.GRU(3, **kwargs))(frames(x))


def attend(query, *value_and_key):
    return layers.MultiHeadAttention(2, 5)(query, *(value_and_key or [query]))


def filled(x):
    """Give 25 frames, whatever the length."""
    return FixedPositions()(FitFrames(25)(layers.Dense(24)(frames(x))))


FRONTENDS = {
    **{
        f"stft {mode} {size}": lambda x, mode=mode, size=size: ours.STFT(
            size, 77, pad_mode=mode
        )(x)
        for mode in ("constant", "reflect", "edge")
        for size in (256, 257)
    },
    "not centered": lambda x: ours.Spectrogram(200, 90, center=False)(x),
    "left": lambda x: ours.Spectrogram(256, 90, 200, window_align="left", center=False)(
        x
    ),
    "kaldi": lambda x: ours.KaldiFbank(8_000, n_mels=20)(x),
    "mfcc": lambda x: ours.MFCC(8_000, n_fft=256, hop_length=100, n_mels=24)(x),
    "decibel": lambda x: ours.Decibel(ref="max")(frames(x)),
    "pcen": lambda x: ours.PCEN(8_000, 100)(frames(x)),
    "harmonic": lambda x: ours.HarmonicFilters(8_000)(frames(x)),
    "own mean": lambda x: ours.Standardize(axis=1)(frames(x)),
    "own mean of all": lambda x: ours.Standardize(axis=(1, 2))(frames(x)),
    "means of bins": lambda x: ours.Standardize(axis=2)(frames(x)),
    **{
        f"preemphasis {mode}": lambda x, mode=mode: ours.Preemphasis(mode=mode)(x)
        for mode in ("extrapolate", "replicate", "zeros", "valid")
    },
    "patches": lambda x: ours.Patches(7, 3)(frames(x)),
    "whole windows": lambda x: frames(ours.WholeWindows(900, 400)(x)),
}
LAYERS = {
    "same": lambda x: layers.Conv1D(4, 4, padding="same")(frames(x)),
    "causal": lambda x: layers.Conv1D(4, 5, padding="causal", dilation_rate=2)(
        frames(x)
    ),
    "valid": lambda x: layers.Conv1D(4, 5, strides=3)(frames(x)),
    "dilated": lambda x: layers.Conv2D(4, 3, padding="same", dilation_rate=2)(
        pictures(x)
    ),
    "strides": lambda x: layers.Conv2D(4, (1, 3), strides=(2, 1), padding="same")(
        pictures(x)
    ),
    "two convolutions": lambda x: layers.Conv1D(3, 7, padding="same")(
        layers.Conv1D(4, 3, padding="same", activation="relu")(frames(x))
    ),
    "separable": lambda x: layers.SeparableConv1D(4, 3, padding="same")(frames(x)),
    "padded": lambda x: layers.Conv2D(4, 5)(
        layers.ZeroPadding2D(((3, 1), (0, 0)))(pictures(x))
    ),
    "pooled": lambda x: layers.AveragePooling1D(3, 2)(frames(x)),
    "most": lambda x: layers.GlobalMaxPooling1D(keepdims=True)(
        layers.Dense(4)(frames(x))
    ),
    "mean": lambda x: layers.GlobalAveragePooling2D()(pictures(x)),
    "last state": lambda x: layers.LSTM(3)(frames(x)),
    "last state of the past": lambda x: layers.GRU(3, go_backwards=True)(frames(x)),
    "states": lambda x: layers.SimpleRNN(3, return_sequences=True)(frames(x)),
    "both ways": both_ways(return_sequences=True),
    "both ends": both_ways(),
    "excited": lambda x: layers.Multiply()(
        [
            pictures(x),
            layers.Dense(1, "sigmoid")(
                layers.GlobalAveragePooling2D(keepdims=True)(pictures(x))
            ),
        ]
    ),
    "beside": lambda x: layers.Concatenate()([frames(x), layers.ReLU()(frames(x))]),
    "normalized": lambda x: layers.LayerNormalization()(frames(x)),
    "normalized in groups": lambda x: layers.GroupNormalization(4)(frames(x)),
    "scaled in groups": lambda x: layers.GroupNormalization(24, center=False)(
        frames(x)
    ),
    "swapped": lambda x: layers.Permute((1, 3, 2))(pictures(x)),
    "attention": lambda x: attend(frames(x)),
    "attention to others": lambda x: attend(frames(x), layers.Dense(24)(frames(x))),
    "remembered": lambda x: MemoryBlock(4, 3, 2, 1)(frames(x)),
    "known statistics": lambda x: KnownStatistics(0.5, 2.0)(frames(x)),
    "filled and left out": lambda x: StepsOfClip(100)([filled(x), x]),
    "within": lambda x: keras.Sequential([layers.Dense(3)])(
        layers.GlobalAveragePooling1D()(frames(x))
    ),
}


@pytest.mark.parametrize("name", [*FRONTENDS, *LAYERS])
def test_layers(name):
    waveform = keras.Input((None,))
    network = keras.Model(waveform, (FRONTENDS | LAYERS)[name](waveform))
    filled_with(network)

    tolerance = 1e-5 if name in {*FRONTENDS, *ROUNDED} else 1e-6
    compare(network, (1_000, 1_001, 1_234, 4_000), 4_000, tolerance=tolerance)


def test_a_network_inside_another():
    waveform = keras.Input((None,))
    features = keras.Input((None, 24))
    inner = keras.Model(features, layers.Conv1D(4, 3, padding="same")(features))
    network = keras.Model(waveform, layers.GRU(3)(inner(frames(waveform))))

    compare(network, (2_345,), 3_345)


@keras.saving.register_keras_serializable("tests")
class Backwards(layers.Layer):
    """Frames in the other order: no rule knows that."""

    def call(self, inputs):
        return keras.ops.flip(inputs, axis=1)


UNKNOWN = {
    "own": lambda x: Backwards()(frames(x)),
    "function": lambda x: frames(x) * 2.0,
    "own activation": lambda x: layers.Activation(lambda y: y - y[:, :1])(frames(x)),
    "strides that begin anywhere": lambda x: layers.Conv1D(
        3, 3, strides=2, padding="same"
    )(frames(x)),
    "pictures in groups": lambda x: layers.GroupNormalization(1)(pictures(x)),
    "behind each other": lambda x: layers.Concatenate(axis=1)([frames(x), frames(x)]),
    "from behind": lambda x: layers.GRU(3, go_backwards=True, return_sequences=True)(
        frames(x)
    ),
    "pieces": lambda x: kerasaudio.core.patchwise.PatchImages()(
        ours.Patches(5)(frames(x))
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_has_no_rule_is_refused(name):
    waveform = keras.Input((None,))
    network = keras.Model(waveform, UNKNOWN[name](waveform))

    with pytest.raises(NoRuleError):
        run_filled(network, np.zeros((1, 2_000), "float32"), 1_500)


def small_model(middle):
    waveform = keras.Input((None,), name="waveform")
    x = middle(frames(waveform))
    x = layers.GlobalAveragePooling1D(name="embedding")(x)
    scores = layers.Dense(3, "softmax", name="predictions")(x)
    spec = AudioSpec(
        sample_rate=8_000,
        clip_samples=None,
        window_samples=8_000,
        architecture="Small",
        min_samples=400,
        labels=("a", "b", "c"),
    )
    return filled_with(AudioModel(waveform, scores, name="small", spec=spec))


@pytest.mark.parametrize("middle", [layers.ReLU, Backwards])
@pytest.mark.parametrize("eagerly", [False, True])
def test_predictions_of_many_lengths_and_numbers_of_rows(middle, eagerly):
    model = small_model(middle())
    model.run_eagerly = eagerly
    rng = np.random.default_rng(0)

    for rows, samples in zip(
        (1, 2, 3, 8, 1, 40, 1, 2, 9, 1), rng.integers(400, 9_000, 10), strict=True
    ):
        clips = rng.normal(0, 0.1, (rows, samples)).astype("float32")
        got = model.predict_on_batch(clips)
        want = keras.ops.convert_to_numpy(model(clips, training=False))
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, atol=1e-6)
