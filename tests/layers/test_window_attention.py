"""Layers of the audio spectrogram Swin, beside plain definitions of them."""

import keras
import numpy as np
import pytest

from kerasaudio.layers.time_image import FoldTime, ResizeFrames, cubic_interpolation
from kerasaudio.layers.window_attention import FourNeighbors, WindowAttention


def softmax(x):
    shares = np.exp(x - x.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def attended(layer, x, window, shift):
    """Attend place by place: to those in the same window, and no farther than that."""
    state = {
        weight.path.split("/", 1)[-1]: np.array(weight) for weight in layer.weights
    }

    def project(name, x):
        kernel, bias = (state[f"{name}/{kind}"] for kind in ("kernel", "bias"))
        return x @ kernel + bias

    batch, rows, columns, features = x.shape
    heads = layer.num_heads
    size = features // heads
    query, key, value = (project(name, x) for name in ("query", "key", "value"))
    output = np.zeros_like(x)
    for clip in range(batch):
        for row, column in np.ndindex(rows, columns):
            # After moving up by `shift`, windows end where the map ended before.
            others = [
                (r, c)
                for r, c in np.ndindex(rows, columns)
                if (r - shift) // window == (row - shift) // window
                and (c - shift) // window == (column - shift) // window
            ]
            biases = np.array(
                [
                    state["position_biases"][
                        (row - r + window - 1) * (2 * window - 1)
                        + column
                        - c
                        + window
                        - 1
                    ]
                    for r, c in others
                ]
            )
            for head in range(heads):
                part = slice(head * size, (head + 1) * size)
                keys = np.stack([key[clip, r, c, part] for r, c in others])
                values = np.stack([value[clip, r, c, part] for r, c in others])
                scores = keys @ query[clip, row, column, part] / size**0.5
                shares = softmax(scores + biases[:, head])
                output[clip, row, column, part] = shares @ values
    return project("output", output)


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_places_attend_inside_their_window(rng, shift):
    layer = WindowAttention(2, 4, shift, name="attention")
    x = rng.normal(size=(2, 8, 12, 6)).astype("float32")
    layer(x)
    for weight in layer.weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))

    got = np.array(keras.ops.convert_to_numpy(layer(x)))

    want = attended(layer, x, 4, shift)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max())


@pytest.mark.parametrize(
    ("arguments", "shape", "message"),
    [
        ({"num_heads": 2, "window": 4}, (1, 8, 6, 6), "windows of 4 x 4 fill"),
        ({"num_heads": 4, "window": 4}, (1, 8, 8, 6), "features for 4 heads"),
        (
            {"num_heads": 2, "window": 4, "shift": 4},
            None,
            "shift must be .* from 0 to 3",
        ),
    ],
)
def test_windows_that_do_not_fit_are_refused(arguments, shape, message):
    with pytest.raises(ValueError, match=message):
        WindowAttention(**arguments).build(shape)


def test_attention_comes_back_from_its_config(rng):
    layer = WindowAttention(2, 4, 2)
    x = rng.normal(size=(1, 8, 8, 6)).astype("float32")
    layer(x)
    again = WindowAttention.from_config(layer.get_config())
    again(x)
    again.set_weights(layer.get_weights())

    before, after = (keras.ops.convert_to_numpy(each(x)) for each in (layer, again))
    np.testing.assert_array_equal(before, after)


def test_four_neighbors_lie_side_by_side(rng):
    x = rng.normal(size=(2, 4, 6, 3)).astype("float32")

    got = np.array(keras.ops.convert_to_numpy(FourNeighbors()(x)))

    corners = [x[:, r::2, c::2] for r, c in ((0, 0), (1, 0), (0, 1), (1, 1))]
    np.testing.assert_array_equal(got, np.concatenate(corners, axis=-1))
    with pytest.raises(ValueError, match="even number"):
        FourNeighbors().compute_output_shape((None, 4, 5, 3))


@pytest.mark.parametrize(
    ("before", "after"), [(201, 256), (1001, 1024), (5, 5), (3, 9)]
)
def test_frames_are_stretched_as_by_torch(rng, before, after):
    torch = pytest.importorskip("torch")
    x = rng.normal(size=(1, before, 3)).astype("float32")

    got = np.array(keras.ops.convert_to_numpy(ResizeFrames(after)(x)))

    want = torch.nn.functional.interpolate(
        torch.from_numpy(x)[:, None], (after, 3), mode="bicubic", align_corners=True
    )
    np.testing.assert_allclose(got, want[:, 0].numpy(), rtol=0, atol=2e-6)


def test_a_straight_line_stays_one():
    line = np.arange(50, dtype="float32")

    stretched = cubic_interpolation(50, 99) @ line

    np.testing.assert_allclose(stretched[2:-2], np.arange(99)[2:-2] / 2, atol=1e-4)
    assert (stretched[0], stretched[-1]) == (0, 49)


def test_more_frames_than_fit_are_refused():
    with pytest.raises(ValueError, match="at most 8"):
        ResizeFrames(8)(np.zeros((1, 9, 2), "float32"))


def test_time_is_folded_piece_by_piece(rng):
    x = rng.normal(size=(2, 12, 3)).astype("float32")

    got = np.array(keras.ops.convert_to_numpy(FoldTime(4)(x)))

    assert got.shape == (2, 12, 3, 1)
    pieces = [x[:, start : start + 3].swapaxes(1, 2) for start in range(0, 12, 3)]
    np.testing.assert_array_equal(got[..., 0], np.concatenate(pieces, axis=1))
    with pytest.raises(ValueError, match="a multiple of 5"):
        FoldTime(5)(x)
