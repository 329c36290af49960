"""Pictures against other constructions: numpy's kron and pad, and another library's PNG writer."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from test_symbols import ALL

import qrlab as qr

MODULES = st.integers(1, 25).flatmap(lambda n: arrays.arrays(bool, (n, n)))


@given(MODULES, st.integers(1, 6), st.integers(0, 6))
@settings(deadline=None)
def test_a_picture_is_the_padded_modules_blown_up(modules, px, margin):
    light = np.kron(np.pad(~modules, margin, constant_values=True), np.ones((px, px), np.uint8))
    picture = qr.render(modules, px, margin)
    assert np.array_equal(picture, 255 * light)
    assert (picture.dtype, picture.flags.c_contiguous) == (np.uint8, True)


@pytest.mark.parametrize(("px", "margin"), [(1, 4), (3, 0), (5, 2)])
def test_a_picture_is_what_another_library_draws(px, margin):
    for version, level in ALL[::13]:
        symbol = qr.make("x", level, version=version, mask=0)
        png = symbol.picture("png", scale=px, quiet_zone=margin)
        theirs = np.array(Image.open(io.BytesIO(png)).convert("L"))
        assert np.array_equal(qr.render(symbol.modules, px, margin), theirs)


@given(st.integers(1, 40), st.integers(1, 10), st.integers(0, 10))
@settings(deadline=None, max_examples=30)
def test_a_picture_is_as_large_as_its_modules_and_margins(version, px, margin):
    symbol = qr.make("x", version=version, mask=0)
    assert qr.render(symbol.modules, px, margin).shape == ((17 + 4 * version + 2 * margin) * px,) * 2


def test_dark_is_0_and_light_is_255_and_nothing_lies_between():
    symbol = qr.make("black and white", "Q")
    picture = qr.render(symbol.modules)
    assert np.unique(picture).tolist() == [0, 255]
    assert np.array_equal(picture[16:-16:4, 16:-16:4] == 0, symbol.modules), "4 px a module, 4 modules round"
    for edge in (picture[:16], picture[-16:], picture[:, :16], picture[:, -16:]):
        assert (edge == 255).all(), "the quiet zone is light"
    assert picture[16, 16] == picture[-17, 16] == picture[16, -17] == 0, "and no wider than asked for"


def test_a_picture_can_be_drawn_on_without_changing_the_symbol_or_the_next_picture():
    symbol = qr.make("mine")
    before = symbol.modules.copy()
    qr.render(symbol.modules, 1, 0)[:] = 7
    assert np.array_equal(symbol.modules, before)
    assert set(np.unique(qr.render(symbol.modules, 1, 0))) == {0, 255}


def test_lists_do_and_so_do_the_extremes():
    assert qr.render([[True, False], [False, False]], 1, 0).tolist() == [[0, 255], [255, 255]]
    assert qr.render(np.ones((1, 1), bool), 100, 0).shape == (100, 100)
    assert qr.render(np.ones((1, 1), bool), 1, 100).shape == (201, 201)
    assert qr.render(np.ones((1, 1), bool), np.int64(2), np.uint8(1)).shape == (6, 6)


@pytest.mark.parametrize(
    ("modules", "came"),
    [
        (np.zeros((21, 21)), r"float64 \(21, 21\)"),
        (np.zeros((21, 21), np.uint8), r"uint8 \(21, 21\)"),
        (np.zeros((21, 25), bool), r"bool \(21, 25\)"),
        (np.zeros((1, 21, 21), bool), r"bool \(1, 21, 21\)"),
        (np.zeros(21, bool), r"bool \(21,\)"),
        (np.zeros((0, 0), bool), r"bool \(0, 0\)"),
        ("modules", r"<U7 \(\)"),
    ],
)
def test_other_arrays_are_refused(modules, came):
    with pytest.raises(ValueError, match=rf"^modules must be a bool n×n array, not {came}$"):
        qr.render(modules)


@pytest.mark.parametrize("name", ["px_per_module", "quiet_zone"])
@pytest.mark.parametrize("value", [-1, 101, 4.0, "4", None, True])
def test_sizes_that_are_no_whole_numbers_in_range_are_refused(name, value):
    lowest = {"px_per_module": 1, "quiet_zone": 0}[name]
    with pytest.raises(ValueError, match=rf"^{name} must be an integer from {lowest} to 100, not {value!r}$"):
        qr.render(np.ones((2, 2), bool), **{name: value})


def test_no_pixel_for_a_module_is_refused():
    with pytest.raises(ValueError, match="px_per_module must be an integer from 1 to 100, not 0"):
        qr.render(np.ones((2, 2), bool), 0)
