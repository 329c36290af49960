"""Checks of arguments: what they take, what they refuse, and that a limit in a message is one that passes."""

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qrlab.checks import integer, named, number, of_type, one_of

DECIMAL = st.decimals(-1000, 1000, places=9).map(float)  # as people write limits
NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"


@given(DECIMAL, DECIMAL)
@example(6.131, 6.1314)
@example(1e-9, 1 - 1e-9)
@example(0.1, 1e22)
def test_every_limit_that_a_message_prints_is_accepted(one, other):
    low, high = sorted((one, other))
    for limits, given_value in (((low, high), np.nan), ((low,), "x")):
        with pytest.raises(ValueError, match=r"^width_mm must be a number ") as caught:
            number("width_mm", given_value, *limits)
        allowed = str(caught.value).split(", not ")[0]
        printed = [float(limit) for limit in re.findall(NUMBER, allowed)]
        assert printed == list(limits)
        assert [number("width_mm", limit, *limits) for limit in printed] == printed


@given(st.integers(-(10**14), 10**14), st.integers(-(10**14), 10**14))
def test_every_whole_limit_that_a_message_prints_is_accepted(one, other):
    low, high = sorted((one, other))
    for call in (integer, number):
        with pytest.raises(ValueError, match=r"^trials must be ") as caught:
            call("trials", None, low, high)
        printed = [int(limit) for limit in re.findall(r"-?\d+", str(caught.value))]
        assert printed == [low, high]
    assert [integer("trials", limit, low, high) for limit in printed] == [low, high]


@pytest.mark.parametrize(
    ("low", "high", "allowed"),
    [
        (0, 1, "from 0 to 1"),
        (0.005, 10, "from 0.005 to 10"),
        (1.0, 2.5, "from 1 to 2.5"),
        (0, np.inf, "of 0 or"),
    ],
)
def test_limits_are_printed_in_as_few_digits_as_they_need(low, high, allowed):
    with pytest.raises(ValueError, match=f" {allowed}.* not -1"):
        number("share", -1, low, high)


@pytest.mark.parametrize("value", [True, np.True_, None, "1", 1.0, [1], np.array([1, 2]), 0, 41, 1j])
def test_what_is_no_integer_in_range_is_refused(value):
    with pytest.raises(ValueError, match=r"^version .* 1 to 40, not "):
        integer("version", value, 1, 40)


@pytest.mark.parametrize(
    "value", [True, np.True_, None, "1", np.nan, np.inf, -np.inf, 10**400, [1], 1j, -0.1]
)
def test_what_is_no_number_in_range_is_refused(value):
    with pytest.raises(ValueError, match=r"^length .* 0 or more, not "):
        number("length", value, 0)


def test_numbers_come_back_as_plain_ones():
    whole, share = integer("n", np.int64(3), 1, 3), number("share", np.float32(0.5), 0, 1)
    assert (whole, type(whole), share, type(share)) == (3, int, 0.5, float)
    assert type(number("share", 1, 0, 1)) is float


def test_one_of_gives_back_what_is_allowed_and_names_all_that_is():
    assert one_of("paint", "dark", ("flip", "dark")) == "dark"
    with pytest.raises(ValueError, match=r"^paint .* flip, dark, not \['dark'\]"):
        one_of("paint", ["dark"], ("flip", "dark"))


def test_of_type_gives_back_what_is_of_it_and_names_the_type():
    assert of_type("content", "a", str) == "a"
    with pytest.raises(ValueError, match=r"^content .* str, not bytes"):
        of_type("content", b"a", str)


def test_a_family_stands_before_the_setting_that_an_error_names():
    assert named("print_", number, "width_mm", 3, 0) == 3
    with pytest.raises(ValueError, match=r"^print_width_mm .* 0 or more, not -1"):
        named("print_", number, "width_mm", -1, 0)
