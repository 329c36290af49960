"""Pictures against other constructions: kron and pad, another library's PNG writer, OpenCV's pinhole.

What a photograph shows is measured in light, (picture / 255)², of pictures without noise and sway, where no
more is said.
"""

import io
import tracemalloc
from dataclasses import fields, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import ALL, draw
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

import qrlab as qr
from qrlab import imaging
from qrlab.damage import MODELS
from qrlab.imaging import photograph
from qrlab.optics import OPTICS, Camera, Print, place, project, worsen

MODULES = st.integers(1, 25).flatmap(lambda n: arrays.arrays(bool, (n, n)))
STEADY = {"sway_deg": 0, "noise": 0}
OUTPUT = Path(__file__).parent / "output"


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


# --- prints ---


def a_symbol(version: int = 7, level: str = "M") -> qr.Symbol:
    return qr.make(b"photographed", level, version=version, mask=0)


@lru_cache
def drawn_on(size: int, *squares: tuple[int, int, int]) -> qr.Symbol:
    """A light symbol with dark squares on it: (x, y, side) of each, in modules."""
    modules = np.zeros((size, size), bool)
    for x, y, side in squares:
        modules[y : y + side, x : x + side] = True
    return replace(a_symbol((size - 17) // 4), modules=modules)


def light_of(picture: np.ndarray) -> np.ndarray:
    return (picture / 255) ** 2


def uniform(light: float, **settings) -> Print:
    return Print(25, paper=light, contrast=0, **settings)


def across(picture, matrix, start, end, steps: int = 4000) -> np.ndarray:
    """The light on a straight line over the symbol, from and to places in modules."""
    share = np.linspace(0, 1, steps)[:, None]
    points = project(matrix, np.array(start) * (1 - share) + np.array(end) * share) - 0.5
    x, y = points.T.astype(np.float32)[:, None]
    return cv2.remap(light_of(picture).astype(np.float32), x, y, cv2.INTER_LINEAR)[0]


def dark_run_mm(print: Print, symbol: qr.Symbol, px_per_mm: float = 60, vertical: bool = False) -> float:
    """How long the top (left) bar of the finder pattern is, all its darkness put together."""
    camera = Camera(px_per_mm, 4000, 4000, **STEADY)
    matrix, _ = place(symbol.size, print, camera, 1)
    ends = np.array([[-1.9, 0.5], [7.5, 0.5]])
    ends = ends[:, ::-1] if vertical else ends
    line = across(photograph(symbol, print, camera, 1), matrix, *ends)
    return (line.max() - line).mean() / np.ptp(line) * 9.4 * print.module_mm(symbol.size)


@pytest.mark.parametrize(
    ("print", "size", "module", "sheet"),
    [
        (Print(29), 21, 1, 29),
        (Print(29, quiet_zone_included=False), 21, 29 / 21, 29 * 29 / 21),
        (Print(25, quiet_zone=0), 25, 1, 25),
        (Print(30, quiet_zone=2, quiet_zone_included=False), 177, 30 / 177, 30 * 181 / 177),
        (Print(25, dpi=203), 45, 3 * 25.4 / 203, 25),  # 199.8 dots for 53 modules
        (Print(25, dpi=203), 65, 2 * 25.4 / 203, 25),  # and for 73
        (Print(25.4, dpi=53), 45, 25.4 / 53, 25.4),  # one dot, exactly
        (Print(25.4, dpi=106), 45, 25.4 / 53, 25.4),
        (Print(0.1 + 0.2, dpi=25.4 * 530), 45, 3 / 530, 0.3),  # three dots but for rounding
        (Print(10, dpi=254, quiet_zone=4, quiet_zone_included=False), 45, 0.2, 10.6),  # 90 dots of 100
    ],
)
def test_a_print_has_its_width_and_whole_dots(print, size, module, sheet):
    assert print.module_mm(size) == pytest.approx(module, rel=1e-9)
    assert print.sheet_mm(size) == pytest.approx(sheet, rel=1e-9)
    if print.dpi is None:
        assert print.dots_per_module(size) is None
    else:
        assert print.dots_per_module(size) == round(module * print.dpi / 25.4)


def test_what_203_dots_an_inch_make_of_25_mm():
    assert [Print(25, dpi=203).dots_per_module(17 + 4 * version) for version in (7, 12)] == [3, 2]


@pytest.mark.parametrize(
    "print",
    [Print(25), Print(25, dpi=203), Print(25, quiet_zone_included=False), Print(25, dpi=203, quiet_zone=1)],
)
def test_a_photograph_shows_the_symbol_as_wide_as_it_is_printed(print):
    symbol = a_symbol()
    modules = symbol.size * print.module_mm(symbol.size)
    picture = photograph(symbol, print, Camera(20, **STEADY), 3)
    dark = light_of(picture) < 0.45
    rows, columns = (np.flatnonzero(dark.any(axis=axis)) for axis in (1, 0))
    assert np.ptp(rows) + 1 == pytest.approx(modules * 20, abs=1.01)
    assert np.ptp(columns) + 1 == pytest.approx(modules * 20, abs=1.01)


@pytest.mark.parametrize("size", [21, 125])
@pytest.mark.parametrize("spread", [-0.03, 0, 0.01, 0.05])
@pytest.mark.parametrize("vertical", [False, True])
def test_ink_spreads_by_as_many_millimetres_at_each_edge(size, spread, vertical):
    symbol = a_symbol((size - 17) // 4)
    print = Print(25, ink_spread_mm=spread)
    expected = 7 * print.module_mm(size) + 2 * spread
    assert dark_run_mm(print, symbol, vertical=vertical) == pytest.approx(expected, abs=0.006)


def test_ink_may_fill_the_print_or_leave_it_but_not_what_lies_round_it():
    """The symbol is 21/61 of 3 mm wide, 1.03 mm, and grows by half a millimetre on each side."""
    print, camera = Print(3, quiet_zone=20, ink_spread_mm=0.5), Camera(60, 4000, 4000, **STEADY)
    picture = photograph(a_symbol(1), print, camera, 0)
    assert set(picture[[0, -1]].ravel()) == {235}, "the paper is light beyond"
    dark = light_of(picture) < 0.4
    assert np.sqrt(dark.sum()) / 60 == pytest.approx(3 * 21 / 61 + 1, abs=0.03)
    none = photograph(a_symbol(1), replace(print, ink_spread_mm=-0.5), camera, 0)
    assert set(np.unique(none)) == {235}


@pytest.mark.parametrize(("paper", "contrast"), [(0.85, 0.8), (1, 1), (0.5, 0.2), (0.6, 0.6), (0.3, 0)])
@pytest.mark.parametrize("exposure", [1, 0.4])
def test_paper_and_ink_have_their_grey_levels(paper, contrast, exposure):
    print, symbol = Print(25, paper=paper, contrast=contrast), a_symbol(1)
    camera = Camera(30, exposure=exposure, **STEADY)
    picture = photograph(symbol, print, camera, 1)
    matrix, _ = place(symbol.size, print, camera, 1)
    at = lambda x, y: picture[tuple(project(matrix, [[x, y]])[0].astype(int)[::-1])]  # noqa: E731
    white, black = (255 * np.sqrt(exposure * light) for light in (paper, paper - contrast))
    assert at(-2, -2) == at(1.5, 1.5) == pytest.approx(white, abs=1)
    assert at(0.5, 0.5) == at(3.5, 3.5) == pytest.approx(black, abs=1 if contrast < paper else 0)


def test_what_lies_round_the_print_is_the_surround():
    print = Print(25, surround=0.1)
    bright, dark = 255 * np.sqrt(0.85), 255 * np.sqrt(0.1)
    camera = Camera(20, **STEADY)
    picture = photograph(a_symbol(1), print, camera, 1)
    for edge in (picture[:4], picture[-4:], picture[:, :4], picture[:, -4:]):
        assert edge == pytest.approx(np.full(edge.shape, dark), abs=1.5)
    light = light_of(picture)
    sheet = light > (0.85 + 0.1) / 2
    rows, columns = (np.flatnonzero(sheet.any(axis=axis)) for axis in (1, 0))
    assert np.ptp(rows) + 1 == pytest.approx(500, abs=1.01)
    assert np.ptp(columns) + 1 == pytest.approx(500, abs=1.01)
    assert picture[rows[0] + 5, columns[0] + 5] == pytest.approx(bright, abs=1), "the quiet zone is paper"


def test_the_surround_begins_where_the_sheet_ends_blank_remainder_and_all():
    print, symbol = Print(25, dpi=203, surround=0.0), a_symbol(7)
    picture = photograph(symbol, print, Camera(20, **STEADY), 1)
    assert (light_of(picture)[:, [8, -9]] > 0.4).sum() < 1, "beyond: none"
    lit = np.flatnonzero((light_of(picture) > 0.4).any(axis=0))
    assert np.ptp(lit) + 1 == pytest.approx(500, abs=6), "to a fraction of a module"


def test_the_quiet_zone_is_as_wide_as_asked_for():
    for zone in (0, 1, 6):
        print = Print(25, quiet_zone=zone, surround=0.0)
        picture = photograph(drawn_on(21, (0, 0, 21)), print, Camera(20, **STEADY), 1)
        lit = (light_of(picture) > 0.45).sum() / 400
        assert lit == pytest.approx(25**2 - (25 * 21 / (21 + 2 * zone)) ** 2, abs=2)


def test_a_print_too_narrow_for_one_dot_a_module_is_refused():
    print = Print(25, dpi=203)
    message = r"^width_mm must be at least 23\.1 for one dot a module \(185 modules at 203 dpi\), not 12$"
    assert print.dots_per_module(177) == 1
    with pytest.raises(ValueError, match=message):
        Print(12, dpi=203).module_mm(177)
    with pytest.raises(ValueError, match=message):
        photograph(a_symbol(40), Print(12, dpi=203), Camera(5), 0)
    with pytest.raises(ValueError, match=r"at least 22\.1 .* \(177 modules at 203 dpi\), not 12"):
        place(177, Print(12, dpi=203, quiet_zone_included=False), Camera(5), 0)


# --- geometry ---

ANYWHERE = [(2, 3), (11, 3), (40, 5), (5, 22), (22, 22), (33, 27), (3, 40), (20, 41), (41, 41)]
VIEWS = {
    "upright": {},
    "turned": {"rotation_deg": 33},
    "upside down": {"rotation_deg": 180},
    "turned back": {"rotation_deg": -80},
    "tilted about the horizontal": {"tilt_deg": 40},
    "tilted about the vertical": {"tilt_deg": 40, "tilt_axis_deg": 90},
    "tilted the other way": {"tilt_deg": 35, "tilt_axis_deg": -90},
    "tilted about a slant": {"tilt_deg": 60, "tilt_axis_deg": 25},
    "turned and tilted": {"rotation_deg": 20, "tilt_deg": 60, "tilt_axis_deg": 100},
    "swaying": {"sway_deg": 10, "rotation_deg": 45, "tilt_deg": 20},
}
PLACES = {  # frame and field of view decide on the distance
    "near": {"frame_width_px": 1200, "frame_height_px": 1200, "fov_deg": 90},
    "usual": {},
    "far": {"frame_width_px": 6000, "frame_height_px": 6000, "fov_deg": 5},
}


def by_a_textbook(print: Print, camera: Camera, size: int, modules, sway=(0, 0, 0)) -> np.ndarray:
    """Modules to pixels from the middle of the frame, by OpenCV's camera model; sway: in radians."""
    tilt, axis = np.radians([camera.tilt_deg, camera.tilt_axis_deg])
    turn = np.radians(camera.rotation_deg) + sway[2]
    tilted, _ = cv2.Rodrigues(np.array([tilt * np.cos(axis) + sway[0], tilt * np.sin(axis) + sway[1], 0]))
    turned, _ = cv2.Rodrigues(np.array([0, 0, turn]))
    focal = camera.frame_width_px / 2 / np.tan(np.radians(camera.fov_deg) / 2)
    lens = np.diag([focal, focal, 1])
    flat = np.column_stack(
        [(np.array(modules, float) - size / 2) * print.module_mm(size), np.zeros(len(modules))]
    )
    return cv2.projectPoints(flat, (tilted @ turned), (0, 0, focal / camera.px_per_mm), lens, None)[0][:, 0]


def seen_at(picture: np.ndarray, expected: np.ndarray, reach: int) -> np.ndarray:
    """The centroids of the dark spots next to where they are expected, in pixels from the top left."""
    light = light_of(picture)
    dark, found = np.median(light) - light, []
    for x, y in expected:
        left, top = np.round((x, y)).astype(int) - reach
        part = dark[max(top, 0) : top + 2 * reach, max(left, 0) : left + 2 * reach]
        part = np.where(part > 0.01, part, 0)
        assert part.sum() > 1
        rows, columns = np.indices(part.shape) + 0.5
        found.append(((part * columns).sum() / part.sum() + left, (part * rows).sum() / part.sum() + top))
    return np.array(found)


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("view", VIEWS)
def test_a_photograph_shows_each_point_where_the_projection_says(view, where):
    symbol = drawn_on(45, *((x, y, 1) for x, y in ANYWHERE))
    print, camera = Print(25), Camera(22, **STEADY | PLACES[where] | VIEWS[view])
    middles = np.array(ANYWHERE) + 0.5
    for seed in (1, 2):
        matrix, shape = place(45, print, camera, seed)
        picture, expected = photograph(symbol, print, camera, seed), project(matrix, middles)
        assert picture.shape == shape
        off = seen_at(picture, expected, 16) - expected
        assert np.abs(off).max() < 0.2  # OpenCV samples at 32nds of a pixel
        assert np.abs(off.mean(axis=0)).max() < 0.1


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("view", sorted(set(VIEWS) - {"swaying"}))
@pytest.mark.parametrize("size", [21, 45, 177])
def test_the_projection_is_that_of_another_pinhole_camera(view, where, size):
    camera = Camera(22, **STEADY | PLACES[where] | VIEWS[view])
    points = np.array([[0, 0], [size, 0], [0, size], [size, size], [3, 8], [size / 2, 5]])
    for print in (Print(25), Print(25, dpi=600, quiet_zone=2)):
        matrix, _ = place(size, print, camera, 9)
        shift = project(matrix, points) - by_a_textbook(print, camera, size, points)
        assert shift == pytest.approx(np.tile(shift[0], (len(points), 1)), abs=1e-6)
        assert project(matrix, [[size / 2, size / 2]])[0] == pytest.approx(shift[0], abs=1e-6), "the middle"


def test_a_tilt_brings_one_side_nearer_and_a_turn_goes_clockwise():
    """By hand: at 45° about the horizontal the lower edge, 10 mm from the middle, is 7.07 mm further off or
    nearer than the middle, at 100 mm, and 7.07 mm below it: two scales, with their sum known."""
    print, size = Print(20, quiet_zone=0), 21
    camera = replace(Camera.at(100, tilt_deg=45), **STEADY)
    top, below, left, right = project(
        place(size, print, camera, 0)[0], [[10.5, 0], [10.5, 21], [0, 10.5], [21, 10.5]]
    )
    middle = project(place(size, print, camera, 0)[0], [[10.5, 10.5]])[0]
    near, far = (camera.focal_px * 7.0711 / (100 + off) for off in (-7.0711, 7.0711))
    lengths = [abs(middle[1] - top[1]), abs(below[1] - middle[1])]
    assert sorted(lengths) == pytest.approx([far, near], rel=1e-4)
    assert right[0] - left[0] == pytest.approx(camera.focal_px * 20 / 100)
    turned = place(size, print, replace(camera, tilt_deg=0, rotation_deg=90), 0)[0]
    corner, opposite = project(turned, [[0, 0], [21, 21]])
    assert (corner - opposite)[0] > 0 > (corner - opposite)[1], "top left is at the top right now"


def test_a_tilt_axis_is_the_line_that_keeps_its_length():
    """What lies on the axis is as far as the middle: points 5 mm from it are 5·px_per_mm from it."""
    print, camera = Print(21, quiet_zone=0), Camera(20, tilt_deg=50, tilt_axis_deg=30, **STEADY)
    along = 5 * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    matrix = place(21, print, camera, 0)[0]
    middle, one, other = project(matrix, 10.5 + np.array([0 * along, along, -along]))
    assert one - middle == pytest.approx(20 * along)
    assert other - middle == pytest.approx(-20 * along)


@pytest.mark.parametrize("px_per_mm", [1.5, 4, 33])
@pytest.mark.parametrize("print", [Print(25), Print(25, dpi=203)])
def test_a_module_is_as_many_pixels_as_its_millimetres_and_the_scale_say(px_per_mm, print):
    symbol = drawn_on(45, (5, 5, 3), (35, 5, 3))
    camera = Camera(px_per_mm, **STEADY)
    matrix, _ = place(45, print, camera, 3)
    expected, reach = project(matrix, [[6.5, 6.5], [36.5, 6.5]]), int(3 * px_per_mm) + 3
    left, right = seen_at(photograph(symbol, print, camera, 3), expected, reach)
    assert right[0] - left[0] == pytest.approx(30 * print.module_mm(45) * px_per_mm, abs=0.1)
    assert right[1] == pytest.approx(left[1], abs=0.1)


@pytest.mark.parametrize("px_per_mm", [0.5, 2, 7.3, 11, 40])
def test_the_dark_area_is_that_of_the_modules_at_any_scale(px_per_mm):
    """The darkness of a square of 11 modules, put together, is its area times the contrast."""
    symbol, print = drawn_on(21, (5, 5, 11)), Print(29)
    camera = Camera(px_per_mm, **STEADY)
    light = light_of(photograph(symbol, print, camera, 3))
    dark = (light.max() - light).sum() / px_per_mm**2
    assert dark == pytest.approx(11**2 * 0.8, rel=0.02)


@pytest.mark.parametrize("tilt", [30, 60, 75])
def test_a_tilted_area_is_as_small_as_the_cosine_says(tilt):
    symbol, print = drawn_on(21, (5, 5, 11)), Print(29)
    camera = Camera(20, 6000, 6000, 5, tilt_deg=tilt, tilt_axis_deg=40, **STEADY)  # from afar
    light = light_of(photograph(symbol, print, camera, 3))
    dark = (light.max() - light).sum() / 20**2
    assert dark == pytest.approx(11**2 * 0.8 * np.cos(np.radians(tilt)), rel=0.02)


def test_the_distance_and_the_field_of_view_give_the_scale():
    """At 90° a camera sees twice its distance: 200 mm in 1920 pixels at 100 mm."""
    camera = Camera.at(100, fov_deg=90)
    assert camera.px_per_mm == pytest.approx(9.6)
    assert camera.focal_px == pytest.approx(960)
    for distance in (3, 250, 1e4):
        camera = Camera.at(distance, 1280, 60, noise=0.02, tilt_deg=10)
        assert camera.distance_mm == pytest.approx(distance)
        assert camera.px_per_mm == pytest.approx(1280 / (2 * distance * np.tan(np.pi / 6)))
        assert (camera.frame_width_px, camera.fov_deg, camera.noise, camera.tilt_deg) == (1280, 60, 0.02, 10)
        assert Camera(camera.px_per_mm, 1280, fov_deg=60).distance_mm == pytest.approx(distance)
    assert Camera.at(200).px_per_mm == pytest.approx(Camera.at(100).px_per_mm / 2)


@pytest.mark.parametrize("px_per_mm", [1.1, 2.3, 4.7, 9])
@pytest.mark.parametrize("view", ["upright", "turned", "tilted about a slant"])
def test_small_modules_lie_where_they_should_too(view, px_per_mm):
    """Averaged down, several pixels of the print to one of the picture: still no shift."""
    symbol, camera = (
        drawn_on(177, (20, 30, 25), (120, 40, 25), (60, 130, 25)),
        Camera(px_per_mm, 6000, 6000, 5),
    )
    camera = replace(camera, **STEADY | VIEWS[view])
    matrix, _ = place(177, Print(25), camera, 2)
    expected = project(matrix, np.array([(20, 30), (120, 40), (60, 130)]) + 12.5)
    picture = photograph(symbol, Print(25), camera, 2)
    found = seen_at(picture, expected, int(np.ceil(3.2 * px_per_mm)))
    assert found == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("frame", [(64, 48), (300, 200), (301, 201), (97, 333)])
def test_the_frame_cuts_off_what_does_not_fit(frame):
    symbol, print = a_symbol(3), Print(25)
    wide = Camera(20, 2000, 2000, **STEADY)
    camera = Camera(20, *frame, fov_deg=60, **STEADY)
    matrix, shape = place(symbol.size, print, camera, 5)
    assert photograph(symbol, print, camera, 5).shape == shape == frame[::-1]
    whole_matrix, _ = place(symbol.size, print, wide, 5)
    whole, part = photograph(symbol, print, wide, 5), photograph(symbol, print, camera, 5)
    x, y = np.round(project(whole_matrix, [[0, 0]]) - project(matrix, [[0, 0]]))[0].astype(int)
    same = whole[y : y + shape[0], x : x + shape[1]].astype(int)
    assert np.abs(same - part)[3:-3, 3:-3].max() <= 3, "but for what the lens blurs into it"
    middle = project(matrix, [[symbol.size / 2] * 2])[0] - np.array(frame) / 2
    assert np.all((middle >= -0.5) & (middle <= 1)), "it looks at the middle of the print"


def test_a_picture_holds_the_whole_print_and_a_little_more():
    for view in VIEWS.values():
        for seed in range(5):
            print, camera = Print(25), Camera(6, **{"sway_deg": 0} | view)
            matrix, (height, width) = place(45, print, camera, seed)
            corners = project(matrix, [[-4, -4], [49, -4], [49, 49], [-4, 49]])
            low, high = corners.min(axis=0), corners.max(axis=0)
            assert np.all(low > 1)
            assert np.all([width, height] - high > 1)
            assert np.all(np.array([width, height]) - (high - low) < 20 + 0.11 * (high - low))


def test_where_in_a_pixel_the_print_lies_is_drawn_evenly():
    camera = Camera(10, **STEADY)
    places = np.array(
        [project(place(21, Print(25), camera, seed)[0], [[10.5, 10.5]])[0] for seed in range(400)]
    )
    for part in (places % 1).T:
        assert np.histogram(part, 4, (0, 1))[0] == pytest.approx(np.full(4, 100), abs=40)
    assert abs(np.corrcoef((places % 1).T)[0, 1]) < 0.2


def test_sway_has_its_standard_deviation_about_all_three_axes():
    print = Print(21, quiet_zone=0)
    turns, tilts = [], []
    for seed in range(600):
        matrix = place(21, print, Camera.at(100, sway_deg=4), seed)[0]
        middle, right, down = project(matrix, [[10.5, 10.5], [10.6, 10.5], [10.5, 10.6]])
        turns.append(np.degrees(np.arctan2(*(right - middle)[::-1])))
        camera = Camera.at(100)
        w = matrix[2] / (matrix[2] @ [10.5, 10.5, 1]) * camera.distance_mm
        tilts.append(np.degrees(w[:2]))
        del down
    assert np.std(turns) == pytest.approx(4, rel=0.1)
    assert np.mean(turns) == pytest.approx(0, abs=0.6)
    assert np.std(tilts, axis=0) == pytest.approx([4, 4], rel=0.1)
    assert np.mean(tilts, axis=0) == pytest.approx([0, 0], abs=0.6)
    assert np.abs(np.corrcoef(np.column_stack([turns, tilts]).T) - np.eye(3)).max() < 0.15


# --- light ---


def total(picture: np.ndarray) -> float:
    return float(light_of(picture).mean())


def spread_of(picture: np.ndarray) -> np.ndarray:
    """The 2×2 covariance, in pixels, of the darkness of a picture."""
    dark = np.median(light_of(picture)) - light_of(picture)
    dark = np.where(np.abs(dark) > 0.002, dark, 0)
    y, x = np.nonzero(dark)
    return np.cov(x, y, aweights=np.maximum(dark[y, x], 0))


BLURS = {
    "lens": {"lens_blur_px": 6},
    "defocus": {"defocus_mm": 2.2},
    "a little defocus": {"defocus_mm": 0.3},
    "motion": {"motion_mm": 2.5, "motion_deg": 30},
    "all": {"lens_blur_px": 3, "defocus_mm": 1, "motion_mm": 1.5, "motion_deg": -70},
}


@pytest.mark.parametrize("blur", BLURS)
@pytest.mark.parametrize("px_per_mm", [4, 17])
def test_blur_keeps_the_light(blur, px_per_mm):
    camera = Camera(px_per_mm, lens_blur_px=0, **STEADY) if blur != "lens" else Camera(px_per_mm, **STEADY)
    sharp, blurred = (
        photograph(a_symbol(2), Print(25), c, 2) for c in (camera, replace(camera, **BLURS[blur]))
    )
    assert total(blurred) == pytest.approx(total(sharp), abs=0.002)
    assert not np.array_equal(sharp, blurred)


@pytest.mark.parametrize("px_per_mm", [5, 12, 30])
def test_the_lens_blurs_with_its_standard_deviation(px_per_mm):
    """A dark square of w px has a variance of w²/12, a pixel adds 1/12, and the lens its own."""
    symbol, print = drawn_on(21, (9, 9, 3)), Print(29)
    for blur in (0.5, 1, 3):
        camera = Camera(px_per_mm, lens_blur_px=blur, **STEADY)
        expected = (3 * px_per_mm) ** 2 / 12 + 1 / 12 + blur**2
        got = spread_of(photograph(symbol, print, camera, 4))
        assert got == pytest.approx(np.diag([expected] * 2), rel=0.05, abs=0.02 * expected)


@pytest.mark.parametrize(("px_per_mm", "diameter"), [(6, 1), (6, 3), (20, 0.4), (20, 1.5), (20, 3)])
def test_defocus_spreads_a_point_over_a_disc_of_its_diameter(px_per_mm, diameter):
    """A disc of diameter d adds d²/16 to the variance in every direction."""
    symbol, print = drawn_on(21, (10, 10, 1)), Print(29)
    camera = Camera(px_per_mm, **STEADY)
    added = spread_of(photograph(symbol, print, replace(camera, defocus_mm=diameter), 4))
    added -= spread_of(photograph(symbol, print, camera, 4))
    expected = (diameter * px_per_mm) ** 2 / 16
    assert added == pytest.approx(np.diag([expected] * 2), rel=0.05, abs=0.05 * expected + 0.05)


@pytest.mark.parametrize("angle", [0, 30, 90, 135, -60])
def test_motion_smears_a_point_by_its_length_in_its_direction(angle):
    """A stroke of length l adds l²/12 along it and nothing across it."""
    symbol, print = drawn_on(21, (10, 10, 1)), Print(29)
    for px_per_mm, length in [(20, 2), (6, 3)]:
        camera = Camera(px_per_mm, **STEADY)
        added = spread_of(photograph(symbol, print, replace(camera, motion_mm=length, motion_deg=angle), 4))
        added -= spread_of(photograph(symbol, print, camera, 4))
        along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        expected = (length * px_per_mm) ** 2 / 12 * np.outer(along, along)
        assert added == pytest.approx(expected, abs=0.05 * np.trace(expected))


@pytest.mark.parametrize(("extent", "length"), [(11.0, 11), (2.5, 2.5)])
def test_a_disc_and_a_stroke_end_where_they_should(extent, length):
    disc, stroke = imaging._disc(extent), imaging._stroke(length, 0.0)
    for kernel in (disc, stroke):
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert np.allclose(kernel, kernel[::-1, ::-1])
    reach = len(disc) // 2
    y, x = np.indices(disc.shape) - reach
    inside = np.hypot(x, y) < extent / 2 - 0.8
    assert disc[inside] == pytest.approx(np.full(inside.sum(), 4 / np.pi / extent**2), rel=0.02)
    assert disc[np.hypot(x, y) > extent / 2 + 0.8].sum() == 0
    row = stroke[len(stroke) // 2]
    assert row.sum() == pytest.approx(1, abs=1e-5)
    assert row.max() == pytest.approx(1 / length, rel=0.06)


@pytest.mark.parametrize(("light", "noise"), [(0.6, 0.05), (0.4, 0.02), (0.6, 0.01)])
def test_noise_has_its_standard_deviation_and_no_mean(light, noise):
    camera, rounding = Camera(20, sway_deg=0, noise=noise), 2 * np.sqrt(light) / 255 / np.sqrt(12)
    for exposure in (1, 0.7):
        seen = light_of(photograph(a_symbol(), uniform(light), replace(camera, exposure=exposure), 8))
        assert seen.std() == pytest.approx(np.hypot(noise, rounding), rel=0.03)
        assert seen.mean() == pytest.approx(exposure * light, abs=0.001)
    for shift in (seen[1:, :] - seen.mean(), seen[:, 1:] - seen.mean()):
        rest = (seen - seen.mean())[: shift.shape[0], : shift.shape[1]]
        assert abs(np.mean(shift * rest)) < 0.02 * noise**2 + rounding**2 * 0.1, "white"


def test_noise_is_the_same_for_one_seed_and_independent_for_others():
    camera = Camera(100, 300, 300, noise=0.05)  # a full frame: pictures of one shape
    one, same, *others = (
        light_of(photograph(a_symbol(), uniform(light), camera, seed)).ravel()
        for light, seed in [(0.4, 1), (0.6, 1), (0.4, 2), (0.4, 3)]
    )
    assert np.corrcoef(one, same)[0, 1] > 0.99
    for other in others:
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


@pytest.mark.parametrize("exposure", [0, 0.01, 0.3, 1, 1.1, 3])
def test_exposure_scales_the_light_and_white_clips(exposure):
    picture = photograph(a_symbol(), uniform(0.6), Camera(10, exposure=exposure, **STEADY), 0)
    assert set(np.unique(picture)) == {min(round(255 * np.sqrt(0.6 * exposure)), 255)}


@pytest.mark.parametrize("shadow", [0.25, 0.6, 1])
@pytest.mark.parametrize("exposure", [1, 0.5])
def test_beyond_its_edge_a_shadow_takes_its_share_of_the_light(shadow, exposure):
    for seed in range(4):
        camera = Camera(10, shadow=shadow, exposure=exposure, **STEADY)
        light = light_of(photograph(a_symbol(), uniform(0.8), camera, seed))
        assert light.max() == pytest.approx(0.8 * exposure, abs=0.01)
        assert light.min() == pytest.approx(0.8 * exposure * (1 - shadow), abs=0.01)
        between = (light > light.min() + 0.1 * np.ptp(light)) & (light < light.max() - 0.1 * np.ptp(light))
        assert 0.02 < between.mean() < 0.25, "a soft edge, and level on both sides of it"


def test_the_shadows_edge_runs_anywhere_across_the_symbol():
    print, camera, directions = uniform(0.8), Camera(4, shadow=0.5, **STEADY), []
    for seed in range(60):
        light = light_of(photograph(a_symbol(), print, camera, seed))
        corners = project(place(45, print, camera, seed)[0], [[0, 0], [45, 45]]).round().astype(int)
        (left, top), (right, bottom) = corners
        inside = light[top:bottom, left:right]
        assert inside.min() < 0.6 < inside.max(), "half the light is on the symbol"
        slope = np.array([np.gradient(light, axis=1).sum(), np.gradient(light, axis=0).sum()])
        directions.append(np.degrees(np.arctan2(slope[1], slope[0])) % 360)
    assert min(np.histogram(directions, 4, (0, 360))[0]) >= 5, "from every side"


@pytest.mark.parametrize(("glare", "exposure"), [(0.3, 1), (0.6, 0.5), (0.15, 0.8)])
def test_glare_adds_its_light_round_a_spot_a_fifth_of_the_width_in_radius(glare, exposure):
    """Above half of it: within 0.2·w·√(ln 2) of the spot."""
    print, spots = uniform(0.4), []
    for seed in range(12):
        camera = Camera(8, glare=glare, exposure=exposure, **STEADY)
        added = light_of(photograph(a_symbol(), print, camera, seed)) - 0.4 * exposure
        width = 8 * 45 * print.module_mm(45)
        assert added.max() == pytest.approx(glare * exposure, abs=0.008)
        assert added.min() > -0.005
        bright = added > glare * exposure / 2
        assert np.sqrt(bright.sum() / np.pi) == pytest.approx(0.2 * width * np.sqrt(np.log(2)), rel=0.04)
        y, x = np.nonzero(bright)
        matrix = place(45, print, camera, seed)[0]
        spots.append((np.array([x.mean(), y.mean()]) + 0.5 - project(matrix, [[0, 0]])[0]) / width)
    spots = np.array(spots)
    assert np.all((spots > -0.02) & (spots < 1.02)), "on the symbol"
    assert np.all(np.ptp(spots, axis=0) > 0.4), "anywhere on it"


def test_glare_outshines_ink_and_clips():
    camera = Camera(8, glare=5, **STEADY)
    plain, dazzled = (
        photograph(a_symbol(), Print(25), c, 3).astype(int) for c in (replace(camera, glare=0), camera)
    )
    assert np.all(dazzled >= plain)
    assert 0.1 < np.mean(dazzled == 255) < 0.9


def test_glare_and_shadow_keep_to_the_symbol_however_the_print_is_turned():
    """A shadow's edge and a spot of glare lie at the same place of the symbol, turned or not."""
    for seed in range(3):
        spots = []
        for turn in (0, 90, 200):
            camera = Camera(8, glare=0.3, rotation_deg=turn, **STEADY)
            light = light_of(photograph(a_symbol(), uniform(0.4), camera, seed))
            y, x = np.nonzero(light > 0.55)
            matrix = place(45, uniform(0.4), camera, seed)[0]
            back = np.linalg.inv(matrix)
            spots.append(project(back, [[x.mean() + 0.5, y.mean() + 0.5]])[0])
        assert np.ptp(spots, axis=0) == pytest.approx([0, 0], abs=0.5)


def test_a_jpeg_is_one_of_its_quality():
    camera = Camera(8)
    plain = photograph(a_symbol(), Print(25), camera, 3)
    for quality in (1, 30, 95):
        buffer = io.BytesIO()
        Image.fromarray(plain).save(buffer, "JPEG", quality=quality)
        theirs = np.array(Image.open(buffer)).astype(int)
        ours = photograph(a_symbol(), Print(25), replace(camera, jpeg_quality=quality), 3).astype(int)
        assert np.abs(theirs - ours).max() <= 2


# --- reading ---

SURE = ["zxing", "zbar", "boofcv", "zxing-pure"]
AVAILABLE = qr.decoders().query("available").name.tolist()
CLOSE = {"frame_width_px": 4000, "frame_height_px": 4000}


def close_up(symbol: qr.Symbol, print: Print = Print(25), px_per_module: float = 6, **settings) -> Camera:  # noqa: B008
    return Camera(px_per_module / print.module_mm(symbol.size), **CLOSE | settings)


@pytest.mark.parametrize("reader", SURE)
def test_every_reader_reads_a_good_photograph_of_what_it_reads_at_all(reader):
    """zxing-pure is for upright pictures: half a degree is too much for it."""
    if reader not in AVAILABLE:
        pytest.skip(f"there is no {reader}")
    steady = {"sway_deg": 0} if reader == "zxing-pure" else {}
    for version in range(1, 41, 4 if reader == "boofcv" else 1):
        symbol = qr.make("https://www.ex", "LMQH"[version % 4], version=version, mask=version % 8)
        assert qr.decode(qr.render(symbol.modules), reader, symbol).outcome == "ok"
        picture = photograph(symbol, Print(25), close_up(symbol, **steady), version)
        assert qr.decode(picture, reader, symbol).outcome == "ok", version


@pytest.mark.parametrize("reader", ["opencv", "opencv-aruco"])
def test_opencv_reads_as_many_good_photographs_as_flawless_pictures_turned_a_little(reader):
    """It misses some large symbols at some turns, flawless ones too: turned by cv2 itself, as a witness."""
    if reader not in AVAILABLE:
        pytest.skip(f"there is no {reader}")
    missed = np.zeros(2, int)
    for version in range(1, 41, 3):
        symbol = qr.make("https://www.ex", "M", version=version)
        flawless = qr.render(symbol.modules, 6)
        if qr.decode(qr.render(symbol.modules), reader, symbol).outcome != "ok":
            continue
        middle, turn = [len(flawless) / 2] * 2, np.random.default_rng(version).normal(0, 2)
        turned = cv2.warpAffine(
            flawless, cv2.getRotationMatrix2D(middle, turn, 1), flawless.shape, borderValue=255
        )
        picture = photograph(symbol, Print(25), close_up(symbol), version)
        outcomes = [qr.decode(p, reader, symbol).outcome for p in (turned, picture)]
        missed += [outcome != "ok" for outcome in outcomes]
        assert version > 20 or outcomes[1] == "ok", version
    assert missed[1] <= missed[0] + 1


@pytest.mark.parametrize(
    "settings",
    [
        {"rotation_deg": 137},
        {"tilt_deg": 30, "tilt_axis_deg": 60},
        {"noise": 0.02},
        {"exposure": 0.5},
        {"shadow": 0.4},
        {"jpeg_quality": 40},
        {"defocus_mm": 0.3},
        {"motion_mm": 0.3, "motion_deg": 30},
    ],
)
def test_a_reader_copes_with_what_is_usual(settings):
    symbol = a_symbol(5)
    for seed in range(3):
        picture = photograph(
            symbol, Print(25, dpi=203, ink_spread_mm=0.03), close_up(symbol, **settings), seed
        )
        assert qr.decode(picture, "zxing", symbol).outcome == "ok"


HOPELESS = {
    "less than a pixel a module": {"px_per_mm": 1.5},
    "less than a pixel": {"px_per_mm": 0.01},
    "hardly there": {"px_per_mm": 1e-6},
    "10 m away": {"distance_mm": 10_000},
    "10 km away": {"distance_mm": 1e7},
    "pressed against the print": {"distance_mm": 0.2},
    "nearly": {"distance_mm": 4},
    "dark": {"px_per_mm": 20, "exposure": 0},
    "overexposed": {"px_per_mm": 20, "exposure": 100},
    "dazzled": {"px_per_mm": 20, "glare": 10, "shadow": 1},
    "all noise": {"px_per_mm": 10, "noise": 1},
    "out of focus": {"px_per_mm": 10, "defocus_mm": 12},
    "out of all focus": {"px_per_mm": 4, "defocus_mm": 1000},
    "shaken": {"px_per_mm": 10, "motion_mm": 12},
    "shaken right out": {"px_per_mm": 4, "motion_mm": 1000, "motion_deg": 33},
    "edge on": {"px_per_mm": 10, "tilt_deg": 89.9},
    "a tiny frame": {"px_per_mm": 20, "frame_width_px": 16, "frame_height_px": 16},
}


@pytest.mark.parametrize("case", HOPELESS)
def test_what_is_hopeless_is_a_picture_that_is_not_read(case):
    symbol, print, given = a_symbol(7), Print(25), HOPELESS[case]
    camera = Camera(**given) if "px_per_mm" in given else Camera.at(**given)
    picture = photograph(symbol, print, camera, 1)
    assert picture.dtype == np.uint8
    assert picture.shape == place(symbol.size, print, camera, 1)[1]
    assert max(picture.shape) <= 1920
    assert qr.decode(picture, "zxing", symbol).outcome == "unread"


def test_no_ink_is_no_symbol():
    for kind in ("contrast", "exposure"):
        picture = photograph(a_symbol(), Print(25), Camera(15), 1, kind, 1)
        assert qr.decode(picture, "zxing").outcome == "unread"


def test_a_wide_blur_needs_little_memory():
    """A disc of 600 px takes 1.4 MB in float32; where a frame is full it may be 3,840 px wide."""
    for kernel in (imaging._disc, imaging._stroke):
        tracemalloc.start()
        kernel(600.25, *([0.0] if kernel is imaging._stroke else []))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 150e6


def test_a_large_frame_may_be_full():
    """Twelve million pixels, and noise for each."""
    camera = Camera(200, 4000, 3000, noise=0.05)
    picture = photograph(a_symbol(1), uniform(0.5), camera, 1)
    assert picture.shape == (3000, 4000)
    assert light_of(picture[::7, ::7]).std() == pytest.approx(0.05, rel=0.03)
    assert light_of(picture[-300:, -300:]).std() == pytest.approx(0.05, rel=0.03)


def test_fine_modules_are_grey_from_afar():
    """No moiré: a checkerboard of a third of a pixel a module is a level grey, tilted or not."""
    checks = replace(a_symbol(27), modules=np.indices((125, 125)).sum(axis=0) % 2 == 0)
    for view in ({}, {"tilt_deg": 60}, {"rotation_deg": 30}, {"tilt_deg": 70, "tilt_axis_deg": 45}):
        camera = Camera(1.8, 2000, 2000, 20, **STEADY | view)
        matrix, _ = place(125, Print(25), camera, 1)
        inside = across(photograph(checks, Print(25), camera, 1), matrix, (30, 62.5), (95, 62.5), 200)
        assert inside == pytest.approx(np.full(200, 0.45), abs=0.06), view


def brute_force(symbol, print, camera, matrix, shape, fine: int = 8) -> np.ndarray:
    """The light in each pixel: 64 points of it looked up one by one, blurred by the lens, then averaged."""
    height, width = shape
    y, x = ((np.arange(n * fine) + 0.5) / fine for n in (height, width))
    points = np.stack([*np.meshgrid(x, y), np.ones((height * fine, width * fine))])
    u, v, w = np.tensordot(np.linalg.inv(matrix), points, 1)
    column, row = np.floor(u / w).astype(int), np.floor(v / w).astype(int)
    inside = (np.minimum(column, row) >= 0) & (np.maximum(column, row) < symbol.size)
    dark = inside & symbol.modules[np.where(inside, row, 0), np.where(inside, column, 0)]
    light = print.paper - print.contrast * dark
    light = cv2.GaussianBlur(light, (0, 0), fine * camera.lens_blur_px, borderType=cv2.BORDER_REPLICATE)
    return light.reshape(height, fine, width, fine).mean(axis=(1, 3))


@pytest.mark.parametrize("px_per_module", [1.5, 4])
@pytest.mark.parametrize("view", [{}, VIEWS["turned"], VIEWS["tilted about a slant"], {"tilt_deg": 80}])
@pytest.mark.parametrize(("blur", "most"), [(0.9, 0.013), (0.5, 0.02)])
def test_a_photograph_is_what_brute_force_makes_of_it(view, px_per_module, blur, most):
    """The sharper the lens, the more shows where the print was sampled."""
    symbol, print = a_symbol(4), Print(25)
    camera = Camera(px_per_module / print.module_mm(symbol.size), **STEADY | view | {"lens_blur_px": blur})
    picture = light_of(photograph(symbol, print, camera, 6))
    off = picture - brute_force(symbol, print, camera, *place(symbol.size, print, camera, 6))
    most *= 1.4 if camera.tilt_deg > 75 else 1  # all but edge on
    assert np.sqrt(np.mean(off**2)) < most
    assert abs(off.mean()) < 0.005


def test_a_sharp_lens_blurs_too():
    """A dark square of w px: a variance of w²/12, a pixel's 1/12 and the lens's; the mean of 25 places."""
    width, places = 2.3, [(x, x, 1) for x in range(8, 13)]
    for blur in (0.5, 0.7):
        camera = Camera(width, lens_blur_px=blur, **STEADY)
        pictures = [
            photograph(drawn_on(21, at), Print(29), camera, seed) for at in places for seed in range(5)
        ]
        expected = np.diag([width**2 / 12 + 1 / 12 + blur**2] * 2)
        got = np.mean([spread_of(picture) for picture in pictures], axis=0)
        assert got == pytest.approx(expected, abs=0.08)


# --- damage on the print ---


def lit_modules(symbol, print, camera, seed, *damage) -> np.ndarray:
    """The light at each module's centre."""
    picture = photograph(symbol, print, camera, seed, *damage)
    matrix, _ = place(symbol.size, print, camera, seed)
    centres = np.arange(symbol.size) + 0.5
    return np.array([across(picture, matrix, (0.5, y), (symbol.size - 0.5, y), symbol.size) for y in centres])


@pytest.mark.parametrize("paint", ["flip", "dark", "light"])
@pytest.mark.parametrize("name", ["blot", "codewords", "speckle"])
def test_a_photograph_shows_the_damaged_modules(name, paint):
    """Away from the edge of the damage, each module is what Damage.apply makes of it."""
    symbol = a_symbol()
    damage = draw(name, 3, paint=paint)
    camera = close_up(symbol, px_per_module=14, rotation_deg=20, noise=0)
    dark = lit_modules(symbol, Print(25), camera, 4, damage, 0.3) < 0.45
    whole = damage.reached(45, 0.3, 9).reshape(45, 9, 45, 9).transpose(0, 2, 1, 3).reshape(45, 45, 81)
    clear = whole.all(axis=2) | ~whole.any(axis=2)
    reached = whole.all(axis=2)
    expected = {"flip": symbol.modules ^ reached, "dark": symbol.modules | reached}
    expected["light"] = symbol.modules & ~reached
    assert clear.mean() > 0.9
    assert np.array_equal(dark[clear], expected[paint][clear])
    assert reached.mean() == pytest.approx(0.3, abs=0.06)


def test_damage_lies_on_the_symbol_not_on_its_quiet_zone():
    symbol, print, camera = drawn_on(45), Print(25), Camera(20, **STEADY)
    picture = photograph(symbol, print, camera, 2, draw("blot", paint="dark"), 1)
    dark = light_of(picture) < 0.45
    rows, columns = np.nonzero(dark)
    corners = project(place(45, print, camera, 2)[0], [[0, 0], [45, 45]])
    assert (columns.min(), rows.min()) == pytest.approx(corners[0], abs=1)
    assert (columns.max() + 1, rows.max() + 1) == pytest.approx(corners[1], abs=1)
    assert dark.sum() == pytest.approx((np.ptp(rows) + 1) * (np.ptp(columns) + 1), abs=8), "all of it"


def test_damage_lies_on_the_ink_wherever_it_has_spread():
    symbol, camera = drawn_on(45, (10, 10, 10)), Camera(20, **STEADY)
    print = Print(25, ink_spread_mm=0.2)
    picture = photograph(symbol, print, camera, 2, draw("blot", paint="light"), 1)
    ring = (10 * print.module_mm(45) + 0.4) ** 2
    assert (light_of(picture) < 0.45).sum() == 0 < ring, "the damage is not followed by a spread"


def test_painted_ink_and_paper_are_those_of_the_print():
    print, camera = Print(25, paper=0.7, contrast=0.5), Camera(20, **STEADY)
    for paint, light in [("dark", 0.2), ("light", 0.7)]:
        picture = photograph(a_symbol(), print, camera, 1, draw("logo", paint=paint), 0.3)
        middle = tuple(side // 2 for side in picture.shape)
        assert light_of(picture)[middle] == pytest.approx(light, abs=0.01)
    plain, flipped = (
        light_of(photograph(a_symbol(), print, camera, 1, draw("blot", paint="flip"), s)) for s in (0, 1)
    )
    assert np.abs(plain + flipped - 0.9)[90:-90, 90:-90].max() < 0.03


def test_a_thin_scratch_is_thinner_than_a_module_in_the_picture():
    """A third of a module wide: what it brightens, put together, is a third of a bar of one module."""
    symbol = drawn_on(45, (0, 0, 45))
    print, camera = Print(25), close_up(symbol, px_per_module=20, **STEADY)
    scratch = MODELS["scratch"](5, length=5, angle=90)
    plain, scratched = (light_of(photograph(symbol, print, camera, 1, scratch, s)) for s in (0, 1 / 3 / 45))
    assert (scratched - plain).sum() == pytest.approx(0.8 * 45 * 20 * 20 / 3, rel=0.3)
    rows = np.flatnonzero((scratched - plain).max(axis=0) > 0.2)
    assert np.ptp(rows) < 12, "pixels, of 20 a module"


def test_a_models_name_draws_it_from_the_pictures_own_seed():
    one, again, other = (
        photograph(a_symbol(), Print(25), Camera(10), seed, "blot", 0.2) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    plain = photograph(a_symbol(), Print(25), Camera(10), 1)
    assert one.shape == plain.shape, "the same place, damaged or not"
    changed = (np.abs(one.astype(int) - plain) > 60).mean()
    assert 0.02 < changed < 0.2
    assert not np.array_equal(one, other)
    assert np.array_equal(photograph(a_symbol(), Print(25), Camera(10), 1, "blot", 0), plain)
    assert np.array_equal(photograph(a_symbol(), Print(25), Camera(10), 1, draw("blot"), 0), plain)
    places = set()
    for seed in range(8):
        shown = light_of(photograph(drawn_on(45), Print(25), Camera(4, **STEADY), seed, "blot", 0.05))
        places.add(tuple(int(where.mean()) // 10 for where in np.nonzero(shown < 0.45)))
    assert len(places) > 4, "anywhere"


# --- what gets worse ---

BETTER = {"distance", "contrast", "exposure", "jpeg"}  # a smaller setting is a worse one
AT_THE_WORST = {
    "distance": ("px_per_mm", 1.2),
    "defocus": ("defocus_mm", 2.6),
    "motion": ("motion_mm", 2.7),
    "rotation": ("rotation_deg", 110),
    "tilt": ("tilt_deg", 85),
    "contrast": ("contrast", 0),
    "exposure": ("exposure", 0),
    "noise": ("noise", 0.5),
    "shadow": ("shadow", 1),
    "glare": ("glare", 1.25),
    "jpeg": ("jpeg_quality", 1),
}
SOME = Camera(
    12,
    defocus_mm=0.1,
    motion_mm=0.2,
    rotation_deg=20,
    tilt_deg=10,
    exposure=0.8,
    noise=0.02,
    shadow=0.1,
    glare=0.25,
    jpeg_quality=80,
)


def setting(kind: str, severity: float, camera: Camera = SOME) -> float:
    print, camera = worsen(kind, severity, Print(25), camera)
    name = AT_THE_WORST[kind][0]
    return getattr(print if name == "contrast" else camera, name)


def test_there_is_a_worst_for_every_kind():
    assert set(AT_THE_WORST) == set(OPTICS)


@pytest.mark.parametrize("kind", OPTICS)
@pytest.mark.parametrize("camera", [SOME, Camera(12)], ids=["some of each", "none yet"])
def test_severity_0_is_no_damage_at_all(kind, camera):
    print = Print(25)
    assert worsen(kind, 0, print, camera) == (print, camera)
    plain = photograph(a_symbol(), print, camera, 3)
    assert np.array_equal(photograph(a_symbol(), print, camera, 3, kind, 0), plain)
    assert np.array_equal(photograph(a_symbol(), print, camera, 3, kind), plain)
    assert not np.array_equal(photograph(a_symbol(), print, camera, 3, kind, 0.5), plain)


@pytest.mark.parametrize("kind", OPTICS)
def test_a_setting_gets_worse_all_the_way_to_what_is_documented(kind):
    values = np.array([setting(kind, severity) for severity in np.linspace(0, 1, 21)])
    steps = np.diff(values)
    assert np.all(steps < 0 if kind in BETTER else steps > 0)
    assert values[-1] == pytest.approx(AT_THE_WORST[kind][1], abs=1e-12)
    if kind == "distance":  # in proportion is the distance
        values = 1 / values
    assert values == pytest.approx(
        np.linspace(values[0], values[-1], 21), abs=0.51 if kind == "jpeg" else 1e-9
    )


@pytest.mark.parametrize("kind", OPTICS)
def test_only_one_setting_gets_worse_and_the_photograph_is_one_with_it(kind):
    print, camera = worsen(kind, 0.3, Print(25), SOME)
    name = AT_THE_WORST[kind][0]
    changed = [f.name for f in fields(Camera) if getattr(camera, f.name) != getattr(SOME, f.name)]
    changed += [f.name for f in fields(Print) if getattr(print, f.name) != getattr(Print(25), f.name)]
    assert changed == [name]
    expected = photograph(a_symbol(), print, camera, 6)
    assert np.array_equal(photograph(a_symbol(), Print(25), SOME, 6, kind, 0.3), expected)
    assert expected.shape == place(45, print, camera, 6)[1]


def test_the_wider_the_print_the_more_it_is_moved_and_out_of_focus():
    for kind in ("defocus", "motion"):
        moved = worsen(kind, 0.5, Print(60), Camera(5))[1]
        assert getattr(moved, f"{kind}_mm") == pytest.approx(3)


def test_the_last_jpeg_quality_is_1_and_none_counts_as_100():
    assert [setting("jpeg", s, Camera(12)) for s in (0.5, 1)] == [50, 1]
    assert setting("jpeg", 0, Camera(12)) is None
    assert worsen("distance", 1, Print(25), Camera.at(300))[1].distance_mm == pytest.approx(3000)


@pytest.mark.parametrize("kind", OPTICS)
def test_a_setting_that_is_at_its_end_gets_no_better_and_stays_in_its_range(kind):
    print = Print(1e4)
    ends = {"rotation_deg": 360, "tilt_deg": 89, "noise": 0.9, "glare": 10, "defocus_mm": 1000}
    ends |= {"motion_mm": 1000, "px_per_mm": 1e-6, "jpeg_quality": 1, "exposure": 0, "shadow": 1}
    camera = replace(Camera(1), **ends)
    for severity in (
        0.5,
        1,
    ):
        worse_print, worse = worsen(kind, severity, print, camera)
        for name in ("tilt_deg", "noise"):
            assert getattr(worse, name) >= getattr(camera, name)
        assert worse_print.contrast <= print.contrast


def test_worsening_names_what_is_wrong():
    with pytest.raises(ValueError, match=rf"^kind must be one of {', '.join(OPTICS)}, not 'fog'$"):
        worsen("fog", 0.5, Print(25), Camera(5))
    for severity in (-0.1, 1.1, None, "1", float("nan"), True):
        with pytest.raises(ValueError, match=rf"^severity must be a number from 0 to 1, not {severity!r}$"):
            worsen("tilt", severity, Print(25), Camera(5))
        with pytest.raises(ValueError, match=rf"^severity must be a number from 0 to 1, not {severity!r}$"):
            photograph(a_symbol(), Print(25), Camera(5), 1, None, severity)


# --- reproducible and paired ---

EVERYTHING = Camera(10, tilt_deg=20, shadow=0.5, glare=0.3, defocus_mm=0.2, motion_mm=0.2, jpeg_quality=80)


@pytest.mark.parametrize("damage", [None, "scratch", "tilt"])
def test_one_seed_is_one_picture(damage):
    one, again, other = (
        photograph(a_symbol(), Print(25), EVERYTHING, seed, damage, 0.1) for seed in (4, 4, 5)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    generator = np.random.default_rng(4)
    assert np.array_equal(photograph(a_symbol(), Print(25), EVERYTHING, generator, damage, 0.1), one)
    later = photograph(a_symbol(), Print(25), EVERYTHING, generator, damage, 0.1)
    assert not np.array_equal(later, one), "a generator goes on"


def test_seeds_differ_in_place_and_sway():
    matrices = [place(45, Print(25), Camera(10), seed)[0] for seed in range(10)]
    for a, b in pairwise(matrices):
        assert np.all(np.abs(project(a, [[0, 0]]) - project(b, [[0, 0]])) > 1e-3)
        assert not np.allclose(a[:2, :2], b[:2, :2])
        assert not np.allclose(a[2], b[2])
    assert np.array_equal(matrices[3], place(45, Print(25), Camera(10), 3)[0])
    assert np.array_equal(matrices[3], place(45, Print(25), Camera(10), np.random.default_rng(3))[0])


def test_levels_are_photographed_alike():
    """With no ink to see they are the same picture; and in ink, the same place."""
    low, high = a_symbol(level="L"), a_symbol(level="H")
    assert not np.array_equal(low.modules, high.modules)
    blank = Print(25, contrast=0)
    for seed in range(3):
        camera = replace(EVERYTHING, jpeg_quality=None, noise=0.05)
        one, other = (photograph(symbol, blank, camera, seed) for symbol in (low, high))
        assert np.array_equal(one, other)
        one, other = (photograph(s, Print(25), camera, seed, "blot", 1) for s in (low, high))
        assert np.array_equal(one, other), "wholly covered"


@pytest.mark.parametrize("shade", [{"shadow": 0.6}, {"glare": 0.3}])
def test_shadow_and_glare_lie_at_the_same_place_on_symbols_of_different_versions(shade):
    """Read at the same shares of the symbol's width; 21 and 177 modules, with no quiet zone equally wide."""
    print, camera, lights = uniform(0.5, quiet_zone=0), Camera(12, noise=0, **shade), []
    for symbol in (a_symbol(1), a_symbol(40)):
        picture, (matrix, _) = photograph(symbol, print, camera, 5), place(symbol.size, print, camera, 5)
        ends = symbol.size * np.array([[[0.02, y], [0.98, y]] for y in np.linspace(0.02, 0.98, 20)])
        lights.append([across(picture, matrix, *end, 50) for end in ends])
    assert lights[0] == pytest.approx(np.array(lights[1]), abs=0.012)
    assert np.ptp(lights[0]) > 0.2


@pytest.mark.parametrize("rng", [None, "seed", -1, 1.5, True])
def test_a_photographs_randomness_comes_from_a_generator_or_a_seed(rng):
    for call in (
        lambda: photograph(a_symbol(), Print(25), Camera(5), rng),
        lambda: place(45, Print(25), Camera(5), rng),
    ):
        with pytest.raises(ValueError, match=r"^rng, unless a numpy Generator, must be an integer from 0 to"):
            call()


# --- mistakes ---

NUMBERS = {
    Print: {
        "width_mm": (0.1, 1e4),
        "dpi": (1, 1e5),
        "ink_spread_mm": (-1, 1),
        "paper": (0, 1),
        "contrast": (0, 1),
        "surround": (0, 1),
    },
    Camera: {
        "px_per_mm": (1e-6, 1e4),
        "fov_deg": (1, 170),
        "lens_blur_px": (0, 100),
        "defocus_mm": (0, 1000),
        "motion_mm": (0, 1000),
        "motion_deg": (-360, 360),
        "rotation_deg": (-360, 360),
        "tilt_deg": (0, 89.9),
        "tilt_axis_deg": (-360, 360),
        "sway_deg": (0, 15),
        "exposure": (0, 100),
        "noise": (0, 1),
        "shadow": (0, 1),
        "glare": (0, 10),
    },
}
INTEGERS = {
    Print: {"quiet_zone": (0, 100)},
    Camera: {"frame_width_px": (16, 20000), "frame_height_px": (16, 20000), "jpeg_quality": (1, 100)},
}
RANGES = [(kind, n, *e) for kind, names in NUMBERS.items() for n, e in names.items()]
WHOLE = [(kind, n, *e) for kind, names in INTEGERS.items() for n, e in names.items()]
FIRST = {Print: "width_mm", Camera: "px_per_mm"}


def test_every_setting_is_tried():
    tried = {(kind, name) for kind, name, *_ in RANGES + WHOLE} | {(Print, "quiet_zone_included")}
    assert tried == {(kind, field.name) for kind in FIRST for field in fields(kind)}


@pytest.mark.parametrize(("kind", "name", "low", "high"), RANGES)
def test_a_setting_out_of_its_range_is_refused(kind, name, low, high):
    rest = {FIRST[kind]: 5} | ({"contrast": 0} if name == "paper" else {"paper": 1} if kind is Print else {})
    for value in (low, high):
        assert getattr(kind(**rest | {name: value}), name) == value
    optional = name in ("dpi", "surround")
    for value in (low - 1e-7, high * 1.001 + 1e-3, float("nan"), float("inf"), "1", True, [1], {}, 1j):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            kind(**rest | {name: value})
        assert str(caught.value) == f"{name} must be a number from {low:g} to {high:g}, not {value!r}"
    if not optional:
        with pytest.raises(ValueError, match=rf"^{name} must be a number .*, not None$"):
            kind(**rest | {name: None})


@pytest.mark.parametrize(("kind", "name", "low", "high"), WHOLE)
def test_a_whole_number_out_of_its_range_is_refused(kind, name, low, high):
    for value in (low, np.int64(high)):
        assert getattr(kind(**{FIRST[kind]: 5, name: value}), name) == value
    values = [low - 1, high + 1, low + 0.5, float(high), "20", True]
    for value in values if name == "jpeg_quality" else [*values, None]:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            kind(**{FIRST[kind]: 5, name: value})
        said = f"{name}, unless None," if name == "jpeg_quality" else name
        assert str(caught.value) == f"{said} must be an integer from {low} to {high}, not {value!r}"


def test_more_contrast_than_the_paper_reflects_is_refused():
    assert Print(25, paper=0.5, contrast=0.5).contrast == 0.5
    with pytest.raises(ValueError, match=r"^contrast must be at most the paper's 0\.5, not 0\.6$"):
        Print(25, paper=0.5, contrast=0.6)


@pytest.mark.parametrize("value", ["yes", None, 2])
def test_a_quiet_zone_is_included_or_not(value):
    with pytest.raises(ValueError, match=rf"^quiet_zone_included must be one of True, False, not {value!r}$"):
        Print(25, quiet_zone_included=value)


@pytest.mark.parametrize("distance", [0, -5, 1e8, None, "near", float("nan")])
def test_a_distance_out_of_range_is_refused(distance):
    with pytest.raises(ValueError, match=rf"^distance_mm must be a number .*, not {distance!r}$"):
        Camera.at(distance)


@pytest.mark.parametrize(
    ("distance", "settings"), [(0.1, {}), (1e7, {"frame_width_px": 16, "fov_deg": 170}), (20, {"fov_deg": 1})]
)
def test_a_distance_that_gives_an_impossible_scale_is_refused_by_its_own_name(distance, settings):
    with pytest.raises(ValueError, match=r"^distance_mm must .*, not [\d.e+]+$"):
        Camera.at(distance, **{"frame_width_px": 20_000} | settings)


def test_a_print_and_a_camera_hold_plain_numbers():
    print, camera = Print(np.float32(25), dpi=np.int64(203)), Camera(np.float64(4), noise=np.float32(0.5))
    values = (print.width_mm, print.dpi, camera.px_per_mm, camera.noise)
    assert [type(value) for value in values] == [float] * 4
    for value in (Camera.at(np.float64(100)).px_per_mm, camera.focal_px, camera.distance_mm):
        assert type(value) is float
    assert hash(Print(25)) == hash(Print(25.0))
    assert Camera(5) == Camera(5.0)


@pytest.mark.parametrize("tilt", [80, 89.9])
def test_a_print_partly_behind_the_camera_is_refused(tilt):
    """Half of 25 mm, at the sine of the tilt, is more than 10 mm away from the middle."""
    said = (
        rf"^tilt_deg must keep the whole print in front of the camera, not {tilt:g} for a print of 25 mm at"
    )
    for axis in (0, 90, -90, 180):
        camera = Camera.at(
            12.5 * np.sin(np.radians(tilt)) * 0.999, tilt_deg=tilt, tilt_axis_deg=axis, sway_deg=0
        )
        with pytest.raises(ValueError, match=said):
            photograph(a_symbol(), Print(25), camera, 0)
        with pytest.raises(ValueError, match=said):
            place(45, Print(25), camera, 0)
        near = Camera.at(
            12.5 * np.sin(np.radians(tilt)) * 1.01, tilt_deg=tilt, tilt_axis_deg=axis, sway_deg=0
        )
        assert photograph(a_symbol(), Print(25), near, 0).size


def test_a_slanted_tilt_brings_a_corner_nearer_than_an_edge():
    """Half of a diagonal of 25·√2 mm, at the sine of 60°: 15.3 mm."""
    for distance, fits in [(15, False), (15.5, True)]:
        camera = Camera.at(distance, tilt_deg=60, tilt_axis_deg=45, sway_deg=0)
        if fits:
            assert place(45, Print(25), camera, 0)
        else:
            with pytest.raises(ValueError, match=r"^tilt_deg must keep the whole print in front"):
                place(45, Print(25), camera, 0)


def test_sway_alone_never_puts_a_print_behind_the_camera():
    for seed in range(60):
        camera = Camera.at(3, sway_deg=15, frame_width_px=64, frame_height_px=64)
        assert photograph(a_symbol(1), Print(25), camera, seed).shape == (64, 64)


def test_getting_worse_may_go_behind_the_camera_and_says_so():
    with pytest.raises(ValueError, match=r"^tilt_deg must keep the whole print .* not 85 for"):
        photograph(a_symbol(), Print(25), Camera.at(12), 0, "tilt", 1)


@pytest.mark.parametrize("damage", ["meteor", "none", "", 5, 0.2, ["blot"]])
def test_damage_that_there_is_not_is_refused(damage):
    for severity in (0, 0.2):
        with pytest.raises(ValueError, match=r"^damage must be "):
            photograph(a_symbol(), Print(25), Camera(5), 0, damage, severity)


# --- for the eye ---


def test_a_sheet_of_photographs_for_the_eye():
    """tests/output/photographs.png: what each kind of damage looks like as it grows."""
    import matplotlib.pyplot as plt

    severities, kinds, side = [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1], [*OPTICS, *MODELS], 260
    symbol, print, camera = a_symbol(3), Print(25), Camera(6)
    plain = photograph(symbol, print, camera, 7)
    sheet = np.full((side * len(kinds), side * len(severities)), 255, np.uint8)
    for row, kind in enumerate(kinds):
        damage = kind if kind in OPTICS else draw(kind, 7)
        for column, severity in enumerate(severities):
            picture = photograph(symbol, print, camera, 7, damage, severity)
            assert severity not in (0, 1) or np.array_equal(picture, plain) == (severity == 0)
            top, left = (side * k + (side - n) // 2 for k, n in zip((row, column), picture.shape))
            sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    figure, axis = plt.subplots(figsize=(1.3 * len(severities) + 1.4, 1.3 * len(kinds) + 0.4))
    axis.imshow(sheet, cmap="gray", vmin=0, vmax=255)
    axis.set_xticks(side * (np.arange(len(severities)) + 0.5), [f"severity {s:g}" for s in severities])
    axis.set_yticks(side * (np.arange(len(kinds)) + 0.5), [kind.replace("_", " ") for kind in kinds])
    axis.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    OUTPUT.mkdir(exist_ok=True)
    figure.savefig(OUTPUT / "photographs.png", dpi=100, bbox_inches="tight")
    plt.close(figure)
    assert (OUTPUT / "photographs.png").stat().st_size > 100_000
