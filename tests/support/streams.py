"""Streams run to their end, and what they must give."""

import numpy as np

from kerasaudio import FeatureExtractor
from support.tiny import RATE


def stream_all(stream, blocks, sample_rate=RATE):
    heard = list(stream.run(blocks, sample_rate))
    scores = np.stack([window.scores for window in heard])
    return scores, [window.start for window in heard], [window.end for window in heard]


def expected(model, pcm, hop=0.25):
    offline = FeatureExtractor(model, "predictions", hop_seconds=hop, pool=None)
    return offline.timeline((pcm / 32_768).astype("float32"), RATE)


def scores_of(lines, labels):
    found = []
    for line in lines:
        by_label = {tag["label"]: tag["score"] for tag in line["tags"]}
        found.append([by_label[label] for label in labels])
    return found
