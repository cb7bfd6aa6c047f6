"""PANNs at the level of decisions: which of 527 sounds, and when.

    waveform (b, samples) -> CNN14 up to its sixth block (b, frames / 32, 2, 2048)
    -> mean over the bands -> maximum + mean of three neighbors (b, segments, 2048)
    -> dense, ReLU: fc1 (b, segments, 2048), a segment every 0.32 s
    -> repeated for each frame: frames (b, frames, 2048), whose mean is the embedding
    -> frame_scores (b, frames, 527), 100 a second
    Max  -> the highest of the segments: predictions (b, 527)
    Att  -> mean of the segments, weighted class by class: predictions (b, 527)

Published on AudioSet: mAP .385 (Max), .425 (Att), of clips.

Source: Kong et al. 2020, arXiv:1912.10211; qiuqiangkong/audioset_tagging_cnn, commit
d2f4b8c, `Cnn14_DecisionLevelMax` and `Cnn14_DecisionLevelAtt`.
"""

from functools import partial
from pathlib import Path
from typing import Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import (
    Activation,
    Architecture,
    Body,
    Head,
    score_pieces,
)
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import band_mean
from kerasaudio.core.build import Shared, build
from kerasaudio.core.patchwise import PatchMean
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import channels_last
from kerasaudio.models.panns_blocks import (
    CLASSES,
    FRONTENDS,
    SAMPLE_RATE,
    conv_blocks,
    convert,
    hear,
    read_panns,
)
from kerasaudio.models.panns_segments import (
    SEGMENT,
    AttentionPooling,
    HighestScores,
    SegmentFrames,
    Segments,
)

FRONTEND = FRONTENDS[SAMPLE_RATE]
POOLS = 5  # which make segments of 32 frames
SEGMENT_SAMPLES = SEGMENT * FRONTEND["hop_length"]
# Of a window's 32 segments the first and the last five differ from those of the whole
# clip, as they do not hear all around them. The next window has them in its middle.
WINDOW_SAMPLES = 32 * SEGMENT_SAMPLES
HOP_SAMPLES = WINDOW_SAMPLES - 2 * 5 * SEGMENT_SAMPLES


def CNN14DecisionLevelMax(
    weights: Weights = None,
    *,
    filters: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind and tell when they are heard; a clip is as its loudest.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 9,920
    samples (0.31 s); trained on 10 s.
    Output: (batch, classes), independent probabilities that a sound is in the clip:
    the highest of its segments of 0.32 s. The layer `frame_scores` has those of each
    frame, (batch, frames, classes), for `kerasaudio.events`.
    Embedding: (batch, 32 * filters), a mean over the frames; upstream has none.
    Whole clips: as upstream, a clip is processed in one piece, here up to 30 s. Longer
    clips are cut into windows of 10.24 s every 7.04 s, whose scores are averaged;
    upstream takes the highest of all. A clip shorter than 0.31 s is padded with
    silence. `kerasaudio.events` takes each frame from the window with most around it:
    scores of frames are those of the whole clip, whatever its length.
    Files: that of a CNN14 has the same tensors, so that it is read, too; but it was not
    trained for segments.

    Args:
        filters: Filters of the first block, doubled by each later block; default: 64.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:1912.10211; upstream qiuqiangkong/audioset_tagging_cnn at d2f4b8c.
    """
    return build(_MAX, **locals())


def CNN14DecisionLevelAtt(
    weights: Weights = None,
    *,
    filters: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind and tell when they are heard, with attention over time.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 9,920
    samples (0.31 s); trained on 10 s.
    Output: (batch, classes), independent probabilities that a sound is in the clip: a
    mean over its segments of 0.32 s, weighted for each class. The layer `frame_scores`
    has those of each frame, (batch, frames, classes), for `kerasaudio.events`.
    Embedding: (batch, 32 * filters), a mean over the frames; upstream has none.
    Whole clips: as for `CNN14DecisionLevelMax`. Upstream weights all segments of a clip
    longer than 30 s at once.

    Args:
        filters: Filters of the first block, doubled by each later block; default: 64.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:1912.10211; upstream qiuqiangkong/audioset_tagging_cnn at d2f4b8c.
    """
    return build(_ATT, **locals())


def _body(filters: int, clip_samples: int | None) -> Body:
    frontend = FRONTEND | {"frame_samples": FRONTEND["hop_length"]}
    if clip_samples is None:
        frontend |= {
            "frame_window_samples": WINDOW_SAMPLES,
            "frame_hop_samples": HOP_SAMPLES,
        }
    waveform, image, spec = hear(
        clip_samples,
        POOLS,
        window_samples=WINDOW_SAMPLES,
        hop_samples=HOP_SAMPLES,
        frontend=frontend,
    )
    x = band_mean(conv_blocks(image, filters, 6, pools=POOLS))
    # Nothing is negative after ReLU, so that zeros pad the maximum, too; the mean
    # counts them, as upstream's does.
    x = channels_last.ZeroPadding1D(1, name="neighbors_pad")(x)
    maximum = channels_last.MaxPooling1D(3, 1, name="neighbors_maximum")(x)
    mean = channels_last.AveragePooling1D(3, 1, name="neighbors_mean")(x)
    x = layers.Add(name="neighbors")([maximum, mean])
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Dense(x.shape[-1], "relu", name="fc1")(x)
    x = layers.Dropout(0.5, name="fc1_dropout")(x)
    frames = SegmentFrames(name="frames")([x, image])
    return Body(waveform, PatchMean(name="embedding")(frames), frames, spec)


def _attention(
    seen: keras.KerasTensor,
    embedding: keras.KerasTensor,
    classes: int,
    activation: Activation,
) -> keras.KerasTensor:
    segments = Segments(name="head_segments")(seen)
    attention = layers.Dense(classes, name="head_attention", dtype="float32")(segments)
    scores = layers.Dense(
        classes, activation=activation, name="frame_scores", dtype="float32"
    )(seen)
    return AttentionPooling(name="predictions")([attention, scores, embedding])


_NAMES = {
    "fc_audioset": "frame_scores",
    "att_block_cla": "frame_scores",
    "att_block_att": "head_attention",
}


def _from_upstream(path: Path, factory: str) -> Converted:
    tensors = {
        # Convolutions of width 1 are dense layers here.
        key: tensor[..., 0] if tensor.ndim == 3 and tensor.shape[2] == 1 else tensor
        for key, tensor in read_panns(path, factory).items()
        if not key.startswith("att_block.bn_att.")  # upstream does not use it
    }
    filters = len(tensors["conv_block1.conv1.weight"])
    return Converted(convert(tensors, rename=_NAMES), {"filters": filters})


def _architecture(name: str, model_name: str, head: Head) -> Architecture:
    return Architecture(
        name=name,
        body=_body,
        defaults={"filters": 64, "clip_samples": None},
        free={"clip_samples"},
        converters={"panns": partial(_from_upstream, factory=name)},
        suffixes={".pth": "panns"},
        classes=CLASSES,
        overlapping=True,
        head=head,
        model_name=model_name,
        example={"filters": 4},
    )


_MAX = _architecture(
    "CNN14DecisionLevelMax",
    "cnn14_decision_level_max",
    score_pieces("frame_scores", HighestScores),
)
_ATT = _architecture(
    "CNN14DecisionLevelAtt",
    "cnn14_decision_level_att",
    Head(_attention, "frame_scores"),
)
