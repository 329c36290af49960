"""Prints and cameras against other constructions: by hand, SciPy's turns and OpenCV's pinhole.

What a photograph shows is measured in light, (picture / 255)², of pictures without noise and sway, where no
more is said.
"""

import re
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photographed import STEADY, VIEWS, a_symbol, across, complaint, drawn_on, light_of
from scipy.spatial.transform import Rotation

import qrlab as qr
from qrlab.imaging import photograph
from qrlab.optics import Camera, Print, fitting_px, place, project

# --- prints ---


def dark_run_mm(printed: Print, symbol: qr.Symbol, px_per_mm: float = 60, vertical: bool = False) -> float:
    """How long the top (left) bar of the finder pattern is, all its darkness put together."""
    camera = Camera(px_per_mm, 4000, 4000, **STEADY)
    matrix, _ = place(symbol.size, printed, camera, 1)
    ends = np.array([[-1.9, 0.5], [7.5, 0.5]])
    ends = ends[:, ::-1] if vertical else ends
    line = across(photograph(symbol, printed, camera, 1), matrix, *ends)
    return (line.max() - line).mean() / np.ptp(line) * 9.4 * printed.module_mm(symbol.size)


@pytest.mark.parametrize(
    ("printed", "size", "module", "sheet"),
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
def test_a_print_has_its_width_and_whole_dots(printed, size, module, sheet):
    assert printed.module_mm(size) == pytest.approx(module, rel=1e-9)
    assert printed.sheet_mm(size) == pytest.approx(sheet, rel=1e-9)
    if printed.dpi is None:
        assert printed.dots_per_module(size) is None
    else:
        assert printed.dots_per_module(size) == round(module * printed.dpi / 25.4)


def test_what_203_dots_an_inch_make_of_25_mm():
    assert [Print(25, dpi=203).dots_per_module(17 + 4 * version) for version in (7, 12)] == [3, 2]


@pytest.mark.parametrize(
    "printed",
    [Print(25), Print(25, dpi=203), Print(25, quiet_zone_included=False), Print(25, dpi=203, quiet_zone=1)],
)
def test_a_photograph_shows_the_symbol_as_wide_as_it_is_printed(printed):
    symbol = a_symbol()
    modules = symbol.size * printed.module_mm(symbol.size)
    picture = photograph(symbol, printed, Camera(20, **STEADY), 3)
    dark = light_of(picture) < 0.45
    rows, columns = (np.flatnonzero(dark.any(axis=axis)) for axis in (1, 0))
    assert np.ptp(rows) + 1 == pytest.approx(modules * 20, abs=1.01)
    assert np.ptp(columns) + 1 == pytest.approx(modules * 20, abs=1.01)


@pytest.mark.parametrize("size", [21, 125])
@pytest.mark.parametrize("spread", [-0.03, 0, 0.01, 0.05])
@pytest.mark.parametrize("vertical", [False, True])
def test_ink_spreads_by_as_many_millimetres_at_each_edge(size, spread, vertical):
    symbol = a_symbol((size - 17) // 4)
    printed = Print(25, ink_spread_mm=spread)
    expected = 7 * printed.module_mm(size) + 2 * spread
    assert dark_run_mm(printed, symbol, vertical=vertical) == pytest.approx(expected, abs=0.006)


def test_ink_may_fill_the_print_or_leave_it_but_not_what_lies_round_it():
    """The symbol is 21/61 of 3 mm wide, 1.03 mm, and grows by half a millimetre on each side."""
    printed, camera = Print(3, quiet_zone=20, ink_spread_mm=0.5), Camera(60, 4000, 4000, **STEADY)
    picture = photograph(a_symbol(1), printed, camera, 0)
    assert set(picture[[0, -1]].ravel()) == {235}, "the paper is light beyond"
    dark = light_of(picture) < 0.4
    assert np.sqrt(dark.sum()) / 60 == pytest.approx(3 * 21 / 61 + 1, abs=0.03)
    none = photograph(a_symbol(1), replace(printed, ink_spread_mm=-0.5), camera, 0)
    assert set(np.unique(none)) == {235}


@pytest.mark.parametrize(("paper", "contrast"), [(0.85, 0.8), (1, 1), (0.5, 0.2), (0.6, 0.6), (0.3, 0)])
@pytest.mark.parametrize("exposure", [1, 0.4])
def test_paper_and_ink_have_their_grey_levels(paper, contrast, exposure):
    printed, symbol = Print(25, paper=paper, contrast=contrast), a_symbol(1)
    camera = Camera(30, exposure=exposure, **STEADY)
    picture = photograph(symbol, printed, camera, 1)
    matrix, _ = place(symbol.size, printed, camera, 1)
    at = lambda x, y: picture[tuple(project(matrix, [[x, y]])[0].astype(int)[::-1])]  # noqa: E731
    white, black = (255 * np.sqrt(exposure * light) for light in (paper, paper - contrast))
    assert at(-2, -2) == at(1.5, 1.5) == pytest.approx(white, abs=1)
    assert at(0.5, 0.5) == at(3.5, 3.5) == pytest.approx(black, abs=1 if contrast < paper else 0)


def test_the_quiet_zone_is_as_wide_as_asked_for():
    for zone in (0, 1, 6):
        picture = photograph(drawn_on(21, (0, 0, 21)), Print(25, quiet_zone=zone), Camera(20, **STEADY), 1)
        dark = (light_of(picture) < 0.45).sum() / 400
        assert dark == pytest.approx((25 * 21 / (21 + 2 * zone)) ** 2, abs=2)


def test_a_print_too_narrow_for_one_dot_a_module_is_refused():
    printed = Print(25, dpi=203)
    message = complaint("width_mm", "23.2", 12)  # 23.148
    assert printed.dots_per_module(177) == 1
    with pytest.raises(ValueError, match=message):
        Print(12, dpi=203).module_mm(177)
    with pytest.raises(ValueError, match=message):
        photograph(a_symbol(40), Print(12, dpi=203), Camera(5), 0)
    with pytest.raises(ValueError, match=complaint("width_mm", "22.2", 12)):
        place(177, Print(12, dpi=203, quiet_zone_included=False), Camera(5), 0)


@given(st.integers(1, 40), st.floats(1, 1e5), st.integers(0, 100), st.booleans())
def test_the_least_width_that_is_named_is_wide_enough(version, dpi, quiet_zone, included):
    size, narrow = 17 + 4 * version, Print(0.1, dpi, quiet_zone, included)
    enough = narrow.across(size) * 25.4 / dpi
    if enough > 0.1001:
        with pytest.raises(ValueError, match=complaint("width_mm", "at least", 0.1)) as caught:
            narrow.module_mm(size)
        least = float(re.search(r"at least (\S+) for", str(caught.value))[1])
        assert least == pytest.approx(enough, abs=0.1 + 1e-9)
        assert replace(narrow, width_mm=least).dots_per_module(size) >= 1
    assert replace(narrow, dpi=None).dots_per_module(size) is None


@given(*[st.decimals(0, 1, places=6).map(float)] * 2)
def test_the_most_contrast_that_is_named_is_allowed(paper, contrast):
    if contrast <= paper:
        assert Print(25, paper=paper, contrast=contrast).contrast == contrast
        return
    with pytest.raises(ValueError, match=complaint("contrast", "from 0 to", contrast)) as caught:
        Print(25, paper=paper, contrast=contrast)
    most = float(re.search(r"from 0 to (\S+), not", str(caught.value))[1])
    assert Print(25, paper=paper, contrast=most).contrast == most == paper


@pytest.mark.parametrize(
    "printed", [Print(25), Print(25, quiet_zone=1), Print(40, quiet_zone_included=False)]
)
@pytest.mark.parametrize("size", [21, 125])
def test_at_the_fitting_pixels_a_print_fills_four_fifths_of_the_frames_height(printed, size):
    camera = Camera(1, 4000, 777, **STEADY)
    camera = replace(camera, px_per_mm=fitting_px(printed, camera, size) / printed.module_mm(size))
    matrix, _ = place(size, printed, camera, 0)
    zone = printed.quiet_zone
    top, bottom = project(matrix, [[size / 2, -zone], [size / 2, size + zone]])
    assert bottom[1] - top[1] == pytest.approx(0.8 * 777)


# --- geometry ---

ANYWHERE = [(2, 3), (11, 3), (40, 5), (5, 22), (22, 22), (33, 27), (3, 40), (20, 41), (41, 41)]
PLACES = {  # frame and field of view decide on the distance
    "near": {"frame_width_px": 1200, "frame_height_px": 1200, "fov_deg": 90},
    "usual": {},
    "far": {"frame_width_px": 6000, "frame_height_px": 6000, "fov_deg": 5},
}


def by_a_textbook(printed: Print, camera: Camera, size: int, modules, sway=(0, 0, 0)) -> np.ndarray:
    """Modules to pixels from the middle of the frame, by SciPy's turns and OpenCV's camera; sway: radians."""
    tilt, axis = np.radians([camera.tilt_deg, camera.tilt_axis_deg])
    turn = np.radians(camera.rotation_deg) + sway[2]
    tilted = Rotation.from_rotvec([tilt * np.cos(axis) + sway[0], tilt * np.sin(axis) + sway[1], 0])
    turned = Rotation.from_rotvec([0, 0, turn])
    focal = camera.frame_width_px / 2 / np.tan(np.radians(camera.fov_deg) / 2)
    lens = np.diag([focal, focal, 1])
    flat = np.column_stack(
        [(np.array(modules, float) - size / 2) * printed.module_mm(size), np.zeros(len(modules))]
    )
    return cv2.projectPoints(
        flat, (tilted * turned).as_matrix(), (0, 0, focal / camera.px_per_mm), lens, None
    )[0][:, 0]


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
    printed, camera = Print(25), Camera(22, **STEADY | PLACES[where] | VIEWS[view])
    middles = np.array(ANYWHERE) + 0.5
    for seed in (1, 2):
        matrix, shape = place(45, printed, camera, seed)
        picture, expected = photograph(symbol, printed, camera, seed), project(matrix, middles)
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
    for printed in (Print(25), Print(25, dpi=600, quiet_zone=2)):
        matrix, _ = place(size, printed, camera, 9)
        shift = project(matrix, points) - by_a_textbook(printed, camera, size, points)
        assert shift == pytest.approx(np.tile(shift[0], (len(points), 1)), abs=1e-6)
        assert project(matrix, [[size / 2, size / 2]])[0] == pytest.approx(shift[0], abs=1e-6), "the middle"


def test_a_tilt_brings_one_side_nearer_and_a_turn_goes_clockwise():
    """By hand: at 45° about the horizontal the lower edge, 10 mm from the middle, is 7.07 mm further off or
    nearer than the middle, at 100 mm, and 7.07 mm below it: two scales, with their sum known."""
    printed, size = Print(20, quiet_zone=0), 21
    camera = replace(Camera.at(100, tilt_deg=45), **STEADY)
    top, below, left, right = project(
        place(size, printed, camera, 0)[0], [[10.5, 0], [10.5, 21], [0, 10.5], [21, 10.5]]
    )
    middle = project(place(size, printed, camera, 0)[0], [[10.5, 10.5]])[0]
    near, far = (camera.focal_px * 7.0711 / (100 + off) for off in (-7.0711, 7.0711))
    lengths = [abs(middle[1] - top[1]), abs(below[1] - middle[1])]
    assert sorted(lengths) == pytest.approx([far, near], rel=1e-4)
    assert right[0] - left[0] == pytest.approx(camera.focal_px * 20 / 100)
    turned = place(size, printed, replace(camera, tilt_deg=0, rotation_deg=90), 0)[0]
    corner, opposite = project(turned, [[0, 0], [21, 21]])
    assert (corner - opposite)[0] > 0 > (corner - opposite)[1], "top left is at the top right now"


def test_a_tilt_axis_is_the_line_that_keeps_its_length():
    """What lies on the axis is as far as the middle: points 5 mm from it are 5·px_per_mm from it."""
    printed, camera = Print(21, quiet_zone=0), Camera(20, tilt_deg=50, tilt_axis_deg=30, **STEADY)
    along = 5 * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    matrix = place(21, printed, camera, 0)[0]
    middle, one, other = project(matrix, 10.5 + np.array([0 * along, along, -along]))
    assert one - middle == pytest.approx(20 * along)
    assert other - middle == pytest.approx(-20 * along)


@pytest.mark.parametrize("px_per_mm", [1.5, 4, 33])
@pytest.mark.parametrize("printed", [Print(25), Print(25, dpi=203)])
def test_a_module_is_as_many_pixels_as_its_millimetres_and_the_scale_say(px_per_mm, printed):
    symbol = drawn_on(45, (5, 5, 3), (35, 5, 3))
    camera = Camera(px_per_mm, **STEADY)
    matrix, _ = place(45, printed, camera, 3)
    expected, reach = project(matrix, [[6.5, 6.5], [36.5, 6.5]]), int(3 * px_per_mm) + 3
    left, right = seen_at(photograph(symbol, printed, camera, 3), expected, reach)
    assert right[0] - left[0] == pytest.approx(30 * printed.module_mm(45) * px_per_mm, abs=0.1)
    assert right[1] == pytest.approx(left[1], abs=0.1)


@pytest.mark.parametrize("px_per_mm", [0.5, 2, 7.3, 11, 40])
def test_the_dark_area_is_that_of_the_modules_at_any_scale(px_per_mm):
    """The darkness of a square of 11 modules, put together, is its area times the contrast."""
    symbol, printed = drawn_on(21, (5, 5, 11)), Print(29)
    camera = Camera(px_per_mm, **STEADY)
    light = light_of(photograph(symbol, printed, camera, 3))
    dark = (light.max() - light).sum() / px_per_mm**2
    assert dark == pytest.approx(11**2 * 0.8, rel=0.02)


@pytest.mark.parametrize("tilt", [30, 60, 75])
def test_a_tilted_area_is_as_small_as_the_cosine_says(tilt):
    symbol, printed = drawn_on(21, (5, 5, 11)), Print(29)
    camera = Camera(20, 6000, 6000, 5, tilt_deg=tilt, tilt_axis_deg=40, **STEADY)  # from afar
    light = light_of(photograph(symbol, printed, camera, 3))
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
    symbol, printed = a_symbol(3), Print(25)
    wide = Camera(20, 2000, 2000, **STEADY)
    camera = Camera(20, *frame, fov_deg=60, **STEADY)
    matrix, shape = place(symbol.size, printed, camera, 5)
    assert photograph(symbol, printed, camera, 5).shape == shape == frame[::-1]
    whole_matrix, _ = place(symbol.size, printed, wide, 5)
    whole, part = photograph(symbol, printed, wide, 5), photograph(symbol, printed, camera, 5)
    x, y = np.round(project(whole_matrix, [[0, 0]]) - project(matrix, [[0, 0]]))[0].astype(int)
    same = whole[y : y + shape[0], x : x + shape[1]].astype(int)
    assert np.abs(same - part)[3:-3, 3:-3].max() <= 3, "but for what the lens blurs into it"
    middle = project(matrix, [[symbol.size / 2] * 2])[0] - np.array(frame) / 2
    assert np.all((middle >= -0.5) & (middle <= 1)), "it looks at the middle of the print"


def test_a_picture_holds_the_whole_print_and_a_little_more():
    for view in VIEWS.values():
        for seed in range(5):
            printed, camera = Print(25), Camera(6, **{"sway_deg": 0} | view)
            matrix, (height, width) = place(45, printed, camera, seed)
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
    printed = Print(21, quiet_zone=0)
    turns, tilts = [], []
    for seed in range(600):
        matrix = place(21, printed, Camera.at(100, sway_deg=4), seed)[0]
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


# --- mistakes ---

NUMBERS = {
    Print: {
        "width_mm": (0.1, 1e4),
        "dpi": (1, 1e5),
        "ink_spread_mm": (-1, 1),
        "paper": (0, 1),
        "contrast": (0, 1),
    },
    Camera: {
        "px_per_mm": (1e-6, 1e4),
        "fov_deg": (1, 170),
        "lens_blur_px": (0, 100),
        "defocus_mm": (0, 1000),
        "motion_mm": (0, 1000),
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
    for value in (low - 1e-7, high * 1.001 + 1e-3, float("nan"), float("inf"), "1", True, [1], {}, 1j):
        with pytest.raises(ValueError, match=complaint(name, f"from {low:.15g} to {high:.15g}", repr(value))):
            kind(**rest | {name: value})
    if name != "dpi":
        with pytest.raises(ValueError, match=rf"^{name} must be a number .*, not None$"):
            kind(**rest | {name: None})


@pytest.mark.parametrize(("kind", "name", "low", "high"), WHOLE)
def test_a_whole_number_out_of_its_range_is_refused(kind, name, low, high):
    for value in (low, np.int64(high)):
        assert getattr(kind(**{FIRST[kind]: 5, name: value}), name) == value
    values = [low - 1, high + 1, low + 0.5, float(high), "20", True]
    for value in values if name == "jpeg_quality" else [*values, None]:
        with pytest.raises(ValueError, match=complaint(name, f"from {low} to {high}", repr(value))):
            kind(**{FIRST[kind]: 5, name: value})


def test_more_contrast_than_the_paper_reflects_is_refused():
    assert Print(25, paper=0.5, contrast=0.5).contrast == 0.5
    with pytest.raises(ValueError, match=complaint("contrast", 0.5, 0.6)):
        Print(25, paper=0.5, contrast=0.6)


@pytest.mark.parametrize("value", ["yes", None, 2])
def test_a_quiet_zone_is_included_or_not(value):
    with pytest.raises(ValueError, match=complaint("quiet_zone_included", "True, False", repr(value))):
        Print(25, quiet_zone_included=value)


@pytest.mark.parametrize("distance", [0, -5, 1e8, None, "near", float("nan")])
def test_a_distance_out_of_range_is_refused(distance):
    with pytest.raises(ValueError, match=complaint("distance_mm", "from", repr(distance))):
        Camera.at(distance)


@pytest.mark.parametrize(
    ("distance", "settings"), [(0.1, {}), (1e7, {"frame_width_px": 16, "fov_deg": 170}), (20, {"fov_deg": 1})]
)
def test_a_distance_that_gives_an_impossible_scale_is_refused(distance, settings):
    with pytest.raises(ValueError, match=complaint("px_per_mm", "from", "")):
        Camera.at(distance, **{"frame_width_px": 20_000} | settings)


def test_a_print_and_a_camera_hold_plain_numbers():
    printed, camera = Print(np.float32(25), dpi=np.int64(203)), Camera(np.float64(4), noise=np.float32(0.5))
    values = (printed.width_mm, printed.dpi, camera.px_per_mm, camera.noise)
    assert [type(value) for value in values] == [float] * 4
    for value in (Camera.at(np.float64(100)).px_per_mm, camera.focal_px, camera.distance_mm):
        assert type(value) is float
    assert hash(Print(25)) == hash(Print(25.0))
    assert Camera(5) == Camera(5.0)


@pytest.mark.parametrize("tilt", [80, 89.9])
def test_a_print_partly_behind_the_camera_is_refused(tilt):
    """Half of 25 mm, at the sine of the tilt, is more than 10 mm away from the middle."""
    said = complaint("tilt_deg", "in front of the camera", f"{tilt:g} for a print of 25 mm at")
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
            with pytest.raises(ValueError, match=complaint("tilt_deg", "in front", 60)):
                place(45, Print(25), camera, 0)


def test_sway_alone_never_puts_a_print_behind_the_camera():
    for seed in range(60):
        camera = Camera.at(3, sway_deg=15, frame_width_px=64, frame_height_px=64)
        assert photograph(a_symbol(1), Print(25), camera, seed).shape == (64, 64)


@pytest.mark.parametrize("damage", ["blot", "none", "", 5, 0.2, ["blot"]])
def test_damage_that_there_is_not_is_refused(damage):
    for severity in (0, 0.2):
        with pytest.raises(ValueError, match=r"^damage must be "):
            photograph(a_symbol(), Print(25), Camera(5), 0, damage, severity)


@pytest.mark.parametrize("severity", [-0.1, 1.1, None, "1", float("nan"), True])
def test_a_severity_out_of_range_is_refused(severity):
    with pytest.raises(ValueError, match=complaint("severity", "from 0 to 1", repr(severity))):
        photograph(a_symbol(), Print(25), Camera(5), 1, None, severity)
