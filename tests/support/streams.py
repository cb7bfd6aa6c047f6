"""Streams, run to their end."""

import numpy as np

from support.tiny import RATE


def stream_all(stream, blocks, sample_rate=RATE):
    heard = list(stream.run(blocks, sample_rate))
    scores = np.stack([window.scores for window in heard])
    return scores, [window.start for window in heard], [window.end for window in heard]
