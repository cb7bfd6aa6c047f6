"""Few shapes do for all batches that arrive."""

import numpy as np
import pytest

from kerasaudio.core.programs.shapes import IDLE, MOST, Lengths, Shape, Shapes, sizes

RATE = 1_000
WHOLE = Lengths(shortest=300, window=10 * RATE, longest=30 * RATE)
SHORT = Lengths(shortest=50, window=RATE, longest=RATE)


def met(shapes, batches):
    """Give every shape that is compiled on the way: those not remembered before."""
    compiled = []
    for rows, samples in batches:
        before = set(shapes._known)
        shape = shapes.choose(rows, samples)
        assert shape.serves(samples)
        assert shape in shapes
        if shape not in before:
            compiled.append(shape)
    return compiled


def test_sizes():
    assert sizes(WHOLE) == [5_000, 10_000, 20_000, 30_000]
    assert sizes(SHORT) == [125, 250, 500, 1_000]
    assert sizes(Lengths(1, 2, 2)) == [1, 2]


@pytest.mark.parametrize("lengths", [WHOLE, SHORT])
@pytest.mark.parametrize("seed", range(5))
def test_clips_of_all_lengths_in_batches_of_all_sizes_need_few(lengths, seed):
    rng = np.random.default_rng(seed)
    most = rng.choice([1, 2, 8, 32, 100])
    batches = zip(
        rng.integers(1, most + 1, 3_000).tolist(),
        rng.integers(lengths.shortest, lengths.longest + 1, 3_000).tolist(),
        strict=True,
    )

    assert len(met(Shapes(lengths), batches)) <= MOST


def test_one_and_two_shapes_stay_as_they_are():
    shapes = Shapes(WHOLE)

    for _ in range(2 * IDLE):
        assert shapes.choose(32, 5_111) == (32, 5_111, True)
    for _ in range(2 * IDLE):
        assert shapes.choose(1, 300) == (1, 300, True)
    assert Shape(32, 5_111, True) in shapes


def test_clips_that_were_some_of_many_are_given_up_at_once():
    shapes = Shapes(WHOLE)
    met(shapes, [(1, 4_000), (1, 4_001), (1, 4_002)])

    assert Shape(1, 4_000, True) not in shapes
    assert shapes.choose(1, 4_000) == (1, 5_000, False)


def test_a_window_or_a_batch_as_it_is_stays_while_it_is_used():
    shapes = Shapes(WHOLE)
    kept = [Shape(1, WHOLE.window, True), Shape(32, 4_001, True)]
    for number in range(IDLE):
        assert [shapes.choose(*shape[:2]) for shape in kept] == kept
        shapes.choose(1, 5_001 + number)
    assert all(shape in shapes for shape in kept)

    for number in range(IDLE + 1):
        shapes.choose(1, 5_001 + number)
    assert not any(shape in shapes for shape in kept)


def test_windows_are_not_filled_up():
    shapes = Shapes(WHOLE)
    met(shapes, [(1, 400), (1, 401), (1, 29_000)])

    assert shapes.choose(1, WHOLE.window) == (1, WHOLE.window, False)
    assert shapes.choose(7, WHOLE.window) == (8, WHOLE.window, False)
    assert shapes.choose(32, WHOLE.window) == (8, WHOLE.window, False)


def test_longer_clips_than_those_heard_at_once_take_doubles():
    shapes = Shapes(SHORT)
    met(shapes, [(1, 400), (1, 401)])

    assert shapes.choose(1, 1_001) == (1, 2_000, False)
    assert shapes.choose(1, 7_000) == (1, 8_000, False)
    for samples in (9_000, 20_000, 40_000, 100_000, 200_000, 300_000, 10**6):
        assert shapes.choose(1, samples).samples >= samples
    assert len(shapes._known) <= MOST


def test_too_short_ones_are_left_to_the_network():
    shapes = Shapes(WHOLE)
    met(shapes, [(1, 400), (1, 401), (1, 402)])

    assert shapes.choose(2, 299) == (2, 299, True)


def test_where_nothing_can_be_filled_up_rows_are():
    shapes = Shapes(None)
    met(shapes, [(1, 400), (32, 400)])

    assert shapes.choose(20, 400) == (32, 400, True)
    assert shapes.choose(7, 400) == (8, 400, True)
    assert shapes.choose(7, 401) == (8, 401, True)
    for samples in range(500, 600):
        assert shapes.choose(1, samples) == (1, samples, True)
    assert len(shapes._known) == MOST
    assert Shape(1, 599, True) in shapes
    assert Shape(1, 500, True) not in shapes
