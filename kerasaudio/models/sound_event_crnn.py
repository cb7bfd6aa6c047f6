"""SoundEventCRNN: which sounds are in a clip and when, learned from clip labels only.

    waveform (b, samples) -> mel, dB: frontend (b, 1 + samples // 320, 64)
    -> 3 x [conv 3 x 3, batch normalization, ReLU, pool] (b, frames, 16, 64)
       (b, frames, 4, 128) (b, frames / 2, 1, 128)
    -> bidirectional GRU (b, frames / 2, 128)
    -> dense, sigmoid: frame_scores (b, frames / 2, classes), one every 40 ms
    -> linear softmax pooling: predictions (b, classes)

Train it on clips whose labels say which sounds they contain (binary cross-entropy).
Then `kerasaudio.events.framewise` removes the pooling and returns the probabilities of
every frame.

Source: Cakir et al. 2017, arXiv:1702.06286; the pooling is the best of the five in
Wang, Li & Metze 2019, arXiv:1810.09050. There are no published weights.
"""

from collections.abc import Sequence
from typing import Any, Unpack

import keras
from keras import layers, ops

from kerasaudio.core.architecture import Architecture, Body, score_pieces
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import KERAS_EPSILON, conv_bn_relu_2d, feature_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.checks import check_share
from kerasaudio.core.patchwise import ClipScores, PatchMean
from kerasaudio.core.pretrained import Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, MelSpectrogram, channels_last
from kerasaudio.layers.time_axis import Timed, hide, rule

SAMPLE_RATE = 16_000
HOP = 320
BINS = 64
# Filters, as multiples of `filters`, and pooling over (frames, bins).
BLOCKS = ((1, 1, 4), (2, 1, 4), (2, 2, 4))
FRAME_SAMPLES = 2 * HOP  # from one frame with probabilities to the next
MIN_SAMPLES = FRAME_SAMPLES
WINDOW_SAMPLES = 10 * SAMPLE_RATE
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 1024,
    "hop_length": HOP,
    "n_mels": BINS,
}


def SoundEventCRNN(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    filters: int | None = None,
    units: int | None = None,
    dropout: float | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Detect sounds that overlap with a recurrent network trained on weak labels.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 640
    samples (40 ms); meant for 10 s. Whole clips (`tag`, `embed`) have at least 0.05 s.
    Output: (batch, classes), independent probabilities that a sound is in the clip;
    the layer `frame_scores` has the probabilities of each frame.
    Embedding: (batch, 2 * units).

    Args:
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).
        filters: Filters of the first convolution; the others have twice as many;
            default: 64.
        units: Units of the recurrent layer in each direction; default: 64.
        dropout: Fraction of the features dropped in training in the convolutions and
            before the head, 0 to 0.9; default: 0.2.

    Raises:
        ValueError: The activation is neither sigmoid nor softmax; pooling needs
            probabilities.

    Source: arXiv:1702.06286, arXiv:1810.09050.
    """
    activation = shared.get("classifier_activation", "auto")
    if activation not in ("auto", "sigmoid", "softmax"):
        raise ValueError(
            "classifier_activation of SoundEventCRNN must be 'auto', 'sigmoid' or "
            "'softmax': pooling over frames needs probabilities. Received: "
            f"{activation!r}."
        )
    return build(
        _SOUND_EVENT_CRNN,
        weights=weights,
        shared=shared,
        clip_samples=clip_samples,
        filters=filters,
        units=units,
        dropout=dropout,
    )


@keras.saving.register_keras_serializable("kerasaudio")
class LinearSoftmaxPooling(ClipScores):
    """Average the probabilities of a clip's frames, each weighted by itself.

    sum(p * p) / sum(p): a short sound counts, a frame without it does not.

    Input: probabilities (batch, frames, classes) and the clip's embedding, as for
    `ClipScores`.
    Output: (batch, classes).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Pool (batch, frames, classes)."""
        scores, _ = inputs
        total = ops.sum(scores, axis=1) + keras.config.epsilon()
        return ops.sum(scores * scores, axis=1) / total


@rule(LinearSoftmaxPooling)
def _pool_frames(layer: Any, inputs: Sequence[Timed]) -> Timed:
    scores, embedding = inputs
    return Timed(layer([hide(scores.value, scores.count), embedding.value]))


def _body(clip_samples: int | None, filters: int, units: int, dropout: float) -> Body:
    check_share(dropout=dropout, most=0.9)
    if clip_samples is not None and clip_samples < MIN_SAMPLES:
        raise ValueError(
            f"clip_samples must be at least {MIN_SAMPLES}. Received: {clip_samples!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = MelSpectrogram(**FRONTEND, name="mel")(waveform)
    x = Decibel(name="frontend")(x)
    x = feature_norm(x, KERAS_EPSILON, "frontend_bn")
    x = layers.Reshape((-1, BINS, 1), name="image")(x)
    for number, (multiple, frames, bins) in enumerate(BLOCKS, start=1):
        x = conv_bn_relu_2d(
            x, multiple * filters, f"block{number}", epsilon=KERAS_EPSILON
        )
        x = channels_last.MaxPooling2D((frames, bins), name=f"block{number}_pool")(x)
        x = layers.Dropout(dropout, name=f"block{number}_dropout")(x)
    x = layers.Reshape((-1, x.shape[2] * x.shape[3]), name="steps")(x)
    gru = layers.GRU(units, return_sequences=True, name="gru")
    x = layers.Bidirectional(gru, name="gru")(x)
    embedding = PatchMean(name="embedding")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    spec = AudioSpec.of_any_length(
        SAMPLE_RATE,
        WINDOW_SAMPLES,
        MIN_SAMPLES,
        clip_samples,
        frontend=FRONTEND | {"frame_samples": FRAME_SAMPLES},
    )
    return Body(waveform, embedding, x, spec)


_SOUND_EVENT_CRNN = Architecture(
    "SoundEventCRNN",
    _body,
    defaults={"clip_samples": None, "filters": 64, "units": 64, "dropout": 0.2},
    free={"clip_samples", "dropout"},
    classes=10,
    overlapping=True,
    head=score_pieces("frame_scores", LinearSoftmaxPooling),
)
