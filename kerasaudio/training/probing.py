"""The start of a new head: the linear probe's solution, in the network's own layer.

A random head needs many steps to become useful, and a few clips give few steps. The
probe is the optimum, found in a moment. The head scores windows, so it is fitted to
windows: a probe of whole clips has never heard a window of silence, for example, and
can be certain of its class.
"""

from typing import Any, Literal, NamedTuple

import keras
import numpy as np

from kerasaudio.audio.window_rule import weighted_means
from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.heads import averaged, head_layers, scorer
from kerasaudio.core.inference import InferenceModel
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.datasets.protocol import Clips
from kerasaudio.datasets.streams.stream import Stream
from kerasaudio.training.head import Head
from kerasaudio.transfer.logistic import softmax
from kerasaudio.transfer.probes import linear_head, one_against_all

HeadStart = Literal["probe", "kept"]
HEADS = ("probe", "kept")
PROBE = "probe"
MOST_ROWS = 50_000  # to fit; more take long, and long clips teach little more


def chosen_start(
    given: HeadStart | None, model: AudioModel, clips: Clips | Stream
) -> tuple[str, str | None]:
    """Return how the head starts, and a sentence if it cannot start as is usual.

    Args:
        given: "probe", "kept", or None for "probe" if the model is pretrained, its head
            is new, and the head can start from a probe.
        model: Model with a top.
        clips: Clips that it is trained on.

    Raises:
        ValueError: The choice is unknown, or the head cannot start from a probe.
    """
    if given not in (*HEADS, None):
        raise ValueError(f"head must be one of {HEADS} or None. Received: {given!r}.")
    spec: AudioSpec = model.spec
    if given is None and spec.labels is None:
        return "kept", None  # `Head` refuses it
    if given == "kept" or (given is None and (not spec.is_pretrained or spec.metrics)):
        return "kept", None
    reason = _obstacle(model, clips)
    if reason is None:
        return PROBE, None
    if given is None:
        return "kept", f"The head did not start from a linear probe: {reason}."
    raise ValueError(
        f'head="probe" is not possible: {reason}. Pass head="kept" to train the head '
        "from the weights that it has."
    )


def _obstacle(model: AudioModel, clips: Clips | Stream) -> str | None:
    """Return why a linear probe cannot be put into a model's head, or None."""
    if clips.multi_label:
        return f"clips of {clips.name} can have several classes"
    if len(model.spec.labels or ()) < 2:
        return "the model has fewer than two classes"
    if not isinstance(clips, Stream) and len(np.unique(clips.targets)) < 2:
        return f"{clips.name} has clips of one class only"
    own = [layer for layer in head_layers(model) if layer.weights]
    if len(own) != 1 or not isinstance(own[0], keras.layers.Dense):
        return f"the head of {model.name} is not one dense layer"
    return None


def body_of(model: AudioModel) -> InferenceModel:
    """Return the network that gives the vectors which a model's head scores."""
    body = InferenceModel(model.input, _seen(model, scorer(model).input), name="body")
    body.has_state = model.has_state
    return body


class Rows(NamedTuple):
    """What a probe is fitted to.

    Attributes:
        vectors: Vectors of windows, or means of several, (rows, n).
        targets: One-hot targets, (rows, classes).
        weights: Number of clips that each row stands for, (rows,).
    """

    vectors: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


def fit_head(model: AudioModel, head: Head, rows: Rows) -> float:
    """Fit the linear probe to windows, and put its weights into the head of a model.

    A head that scores pieces of a window gets the probe of the average of the pieces.

    Args:
        model: Model for which `chosen_start` returned "probe".
        head: Its head.
        rows: Outputs of the network from `body_of`, with their targets.

    Returns:
        The mean cross-entropy of the probe on the windows.
    """
    layer = scorer(model)
    vectors, each, weights = rows
    kernel, bias = linear_head(vectors, each.argmax(axis=1), each.shape[1], weights)
    if not head.exclusive:
        bias = one_against_all(bias)
    layer.set_weights([kernel, bias] if layer.use_bias else [kernel])
    logits = vectors @ kernel + bias
    scores = softmax(logits) if head.exclusive else 1 / (1 + np.exp(-logits))
    return head.cross_entropy(each, scores)


def rows_of(heard: ClipBatches, vectors: np.ndarray, targets: np.ndarray) -> Rows:
    """Return the rows to fit: the windows; all clips have the same weight.

    If there are too many, neighbors in a clip are averaged.

    Args:
        heard: Batches of all windows of the clips, in order.
        vectors: The vector of each window, (windows, n).
        targets: One-hot targets of the clips, (clips, classes).
    """
    clip_of, weights = heard.clip_of, heard.window_weights
    assert clip_of is not None
    assert weights is not None
    weights = weights / np.bincount(clip_of, weights)[clip_of]
    count = np.bincount(clip_of)
    most = max(1, MOST_ROWS // len(count))
    if len(vectors) <= MOST_ROWS or count.max() <= most:
        return Rows(vectors, targets[clip_of], weights)
    order = np.argsort(clip_of, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    part = place * np.minimum(count, most)[clip_of] // count[clip_of]
    kinds, row_of = np.unique(clip_of * most + part, return_inverse=True)
    means = weighted_means(vectors, row_of, weights, len(kinds)).astype("float32")
    return Rows(means, targets[kinds // most], np.bincount(row_of, weights))


def _seen(model: AudioModel, inputs: Any) -> Any:
    """Return the vectors (batch, n) that the head scores, or the mean of the pieces."""
    if len(inputs.shape) == 2:
        return inputs
    if inputs is averaged(model):
        return model.get_layer("embedding").output
    return keras.layers.GlobalAveragePooling1D()(inputs)
