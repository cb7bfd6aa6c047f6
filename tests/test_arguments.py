"""Checks of arguments: what is a number, in which limits, and how it is kept."""

import json
from fractions import Fraction

import numpy as np
import pytest

from kerasaudio.arguments import class_name, number, plain, whole_number

INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64]


@pytest.mark.parametrize("kind", [int, np.array, *INTEGERS])
def test_whole_numbers_become_pythons(kind):
    for check in (whole_number, number):
        assert type(check(kind(5), "x")) is int
        assert check(kind(5), "x") == 5


@pytest.mark.parametrize("kind", [float, np.array, np.float16, np.float32, np.float64])
def test_floats_become_the_number_that_they_are_printed_as(kind):
    assert type(number(kind(0.3), "x")) is float
    assert number(kind(0.3), "x") == 0.3


def test_other_real_numbers_become_floats():
    assert number(Fraction(1, 4), "x") == 0.25
    assert type(number(np.longdouble(0.25), "x")) is float


@pytest.mark.parametrize(
    "value",
    [True, np.True_, 2.0, np.float32(2), "2", None, [2], np.array([2, 3]), 1j, 10**400],
)
def test_what_is_no_whole_number(value):
    with pytest.raises(ValueError, match=r"n must be a whole number from 1 to 9\. Rec"):
        whole_number(value, "n", most=9)


@pytest.mark.parametrize(
    "value",
    [True, np.False_, "2", None, [2.0], np.ones(2), 1j, np.inf, np.nan, 10**400],
)
def test_what_is_no_number(value):
    with pytest.raises(ValueError, match=r"x must be a finite number\. Received: "):
        number(value, "x")


@pytest.mark.parametrize(
    ("limits", "good", "bad", "says"),
    [
        ({"least": 0, "most": 1}, (0, 1, 0.5), (-0.1, 1.1), "a number from 0 to 1"),
        ({"above": 0}, (1e-9, 7), (0, -1, np.inf), "a number above 0"),
        ({"above": 0, "most": 1}, (0.1, 1), (0, 1.1), "a number above 0 up to 1"),
        ({"above": 0, "below": 1}, (0.1,), (0, 1), "a number above 0 and below 1"),
        (
            {"least": 0, "below": 1},
            (0, 0.9),
            (-1, 1),
            "a number at least 0 and below 1",
        ),
        ({"below": 1}, (-5,), (1,), "a number below 1"),
    ],
)
def test_limits(limits, good, bad, says):
    for value in good:
        assert number(value, "x", **limits) == value
        assert number(np.float64(value), "x", **limits) == value
    for value in bad:
        with pytest.raises(ValueError, match=rf"^x must be {says}\. Received: "):
            number(value, "x", **limits)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "a whole number, 1 or more"),
        ({"least": 0}, "a whole number, 0 or more"),
        ({"most": 9, "unit": "Hz"}, "a whole number of Hz from 1 to 9"),
    ],
)
def test_limits_of_whole_numbers(arguments, says):
    with pytest.raises(ValueError, match=rf"^n must be {says}\. Received: -1\.$"):
        whole_number(-1, "n", **arguments)


def test_plain_values_go_into_json():
    value = [np.float32(0.1), (np.int64(3), np.bool_(True)), "text", None]
    assert json.dumps(plain(value)) == '[0.1, [3, true], "text", null]'


def test_class_names_have_one_form():
    assert class_name("cafe\u0301") == class_name("caf\u00e9") == "caf\u00e9"
