"""Pictures against other constructions: kron and pad, another library's PNG writer, brute force.

What a photograph shows is measured in light, (picture / 255)², of pictures without noise and sway, where no
more is said.
"""

import io
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import ALL, draw
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from photographed import STEADY, VIEWS, a_symbol, across, close_up, complaint, drawn_on, light_of, uniform
from PIL import Image

import qrlab as qr
from qrlab import imaging
from qrlab.damage import MODELS, PAINTS
from qrlab.imaging import photograph
from qrlab.optics import Camera, Print, place, project

MODULES = st.integers(1, 25).flatmap(lambda n: arrays.arrays(bool, (n, n)))
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
    with pytest.raises(ValueError, match=rf"^modules must .*bool n×n.*, not {came}$"):
        qr.render(modules)


@pytest.mark.parametrize("name", ["px_per_module", "quiet_zone"])
@pytest.mark.parametrize("value", [-1, 101, 4.0, "4", None, True])
def test_sizes_that_are_no_whole_numbers_in_range_are_refused(name, value):
    lowest = {"px_per_module": 1, "quiet_zone": 0}[name]
    with pytest.raises(ValueError, match=complaint(name, f"from {lowest} to 100", repr(value))):
        qr.render(np.ones((2, 2), bool), **{name: value})


def test_no_pixel_for_a_module_is_refused():
    with pytest.raises(ValueError, match=complaint("px_per_module", "from 1 to 100", 0)):
        qr.render(np.ones((2, 2), bool), 0)


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
    "motion": {"motion_mm": 2.5},
    "all": {"lens_blur_px": 3, "defocus_mm": 1, "motion_mm": 1.5},
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
    symbol, printed = drawn_on(21, (9, 9, 3)), Print(29)
    for blur in (0.5, 1, 3):
        camera = Camera(px_per_mm, lens_blur_px=blur, **STEADY)
        expected = (3 * px_per_mm) ** 2 / 12 + 1 / 12 + blur**2
        got = spread_of(photograph(symbol, printed, camera, 4))
        assert got == pytest.approx(np.diag([expected] * 2), rel=0.05, abs=0.02 * expected)


@pytest.mark.parametrize(("px_per_mm", "diameter"), [(6, 1), (6, 3), (20, 0.4), (20, 1.5), (20, 3)])
def test_defocus_spreads_a_point_over_a_disc_of_its_diameter(px_per_mm, diameter):
    """A disc of diameter d adds d²/16 to the variance in every direction."""
    symbol, printed = drawn_on(21, (10, 10, 1)), Print(29)
    camera = Camera(px_per_mm, **STEADY)
    added = spread_of(photograph(symbol, printed, replace(camera, defocus_mm=diameter), 4))
    added -= spread_of(photograph(symbol, printed, camera, 4))
    expected = (diameter * px_per_mm) ** 2 / 16
    assert added == pytest.approx(np.diag([expected] * 2), rel=0.05, abs=0.05 * expected + 0.05)


@pytest.mark.parametrize(("px_per_mm", "length"), [(20, 2), (6, 3)])
def test_motion_smears_a_point_by_its_length_along_the_horizontal(px_per_mm, length):
    """A stroke of length l adds l²/12 along it and nothing across it."""
    symbol, printed = drawn_on(21, (10, 10, 1)), Print(29)
    camera = Camera(px_per_mm, **STEADY)
    added = spread_of(photograph(symbol, printed, replace(camera, motion_mm=length), 4))
    added -= spread_of(photograph(symbol, printed, camera, 4))
    expected = (length * px_per_mm) ** 2 / 12
    assert added == pytest.approx(np.diag([expected, 0]), abs=0.05 * expected)


@pytest.mark.parametrize("blur", ["defocus_mm", "motion_mm"])
@pytest.mark.parametrize("px", [0.09, 0.101, 0.12, 0.19, 0.5, 1])
def test_a_blur_within_a_pixel_shows_nothing(blur, px):
    sharp, blurred = (photograph(a_symbol(), Print(25), Camera(10, **{blur: mm}), 2) for mm in (0, px / 10))
    assert np.array_equal(sharp, blurred)


@pytest.mark.parametrize(("extent", "length"), [(11.0, 11), (2.5, 2.5)])
def test_a_disc_and_a_stroke_end_where_they_should(extent, length):
    disc, stroke = imaging._kernel(extent, True), imaging._kernel(length, False)
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
    printed, camera, directions = uniform(0.8), Camera(4, shadow=0.5, **STEADY), []
    for seed in range(60):
        light = light_of(photograph(a_symbol(), printed, camera, seed))
        corners = project(place(45, printed, camera, seed)[0], [[0, 0], [45, 45]]).round().astype(int)
        (left, top), (right, bottom) = corners
        inside = light[top:bottom, left:right]
        assert inside.min() < 0.6 < inside.max(), "half the light is on the symbol"
        slope = np.array([np.gradient(light, axis=1).sum(), np.gradient(light, axis=0).sum()])
        directions.append(np.degrees(np.arctan2(slope[1], slope[0])) % 360)
    assert min(np.histogram(directions, 4, (0, 360))[0]) >= 5, "from every side"


@pytest.mark.parametrize(("glare", "exposure"), [(0.3, 1), (0.6, 0.5), (0.15, 0.8)])
def test_glare_adds_its_light_round_a_spot_a_fifth_of_the_width_in_radius(glare, exposure):
    """Above half of it: within 0.2·w·√(ln 2) of the spot."""
    printed, spots = uniform(0.4), []
    for seed in range(12):
        camera = Camera(8, glare=glare, exposure=exposure, **STEADY)
        added = light_of(photograph(a_symbol(), printed, camera, seed)) - 0.4 * exposure
        width = 8 * 45 * printed.module_mm(45)
        assert added.max() == pytest.approx(glare * exposure, abs=0.008)
        assert added.min() > -0.005
        bright = added > glare * exposure / 2
        assert np.sqrt(bright.sum() / np.pi) == pytest.approx(0.2 * width * np.sqrt(np.log(2)), rel=0.04)
        y, x = np.nonzero(bright)
        matrix = place(45, printed, camera, seed)[0]
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


@pytest.mark.parametrize(
    "reader", [pytest.param(name, marks=[pytest.mark.proof] * (name == "zbar")) for name in SURE]
)
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
        {"motion_mm": 0.3},
        {"motion_mm": 0.3, "rotation_deg": 30},
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
    "shaken right out": {"px_per_mm": 4, "motion_mm": 1000},
    "edge on": {"px_per_mm": 10, "tilt_deg": 89.9},
    "a tiny frame": {"px_per_mm": 20, "frame_width_px": 16, "frame_height_px": 16},
}


@pytest.mark.parametrize("case", HOPELESS)
def test_what_is_hopeless_is_a_picture_that_is_not_read(case):
    symbol, printed, given = a_symbol(7), Print(25), HOPELESS[case]
    camera = Camera(**given) if "px_per_mm" in given else Camera.at(**given)
    picture = photograph(symbol, printed, camera, 1)
    assert picture.dtype == np.uint8
    assert picture.shape == place(symbol.size, printed, camera, 1)[1]
    assert max(picture.shape) <= 1920
    assert qr.decode(picture, "zxing", symbol).outcome == "unread"


def test_no_ink_is_no_symbol():
    picture = photograph(a_symbol(), Print(25, contrast=0), Camera(15), 1)
    assert qr.decode(picture, "zxing").outcome == "unread"


def test_a_wide_blur_needs_little_memory():
    """A disc of 600 px takes 1.4 MB in float32; where a frame is full it may be 3,840 px wide."""
    for disc in (True, False):
        tracemalloc.start()
        imaging._kernel(600.25, disc)
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


def brute_force(symbol, printed, camera, matrix, shape, fine: int = 8) -> np.ndarray:
    """The light in each pixel: 64 points of it looked up one by one, blurred by the lens, then averaged."""
    height, width = shape
    y, x = ((np.arange(n * fine) + 0.5) / fine for n in (height, width))
    points = np.stack([*np.meshgrid(x, y), np.ones((height * fine, width * fine))])
    u, v, w = np.tensordot(np.linalg.inv(matrix), points, 1)
    column, row = np.floor(u / w).astype(int), np.floor(v / w).astype(int)
    inside = (np.minimum(column, row) >= 0) & (np.maximum(column, row) < symbol.size)
    dark = inside & symbol.modules[np.where(inside, row, 0), np.where(inside, column, 0)]
    light = printed.paper - printed.contrast * dark
    light = cv2.GaussianBlur(light, (0, 0), fine * camera.lens_blur_px, borderType=cv2.BORDER_REPLICATE)
    return light.reshape(height, fine, width, fine).mean(axis=(1, 3))


@pytest.mark.parametrize("px_per_module", [1.5, 4])
@pytest.mark.parametrize("view", [{}, VIEWS["turned"], VIEWS["tilted about a slant"], {"tilt_deg": 80}])
@pytest.mark.parametrize(("blur", "most"), [(0.9, 0.013), (0.5, 0.02)])
def test_a_photograph_is_what_brute_force_makes_of_it(view, px_per_module, blur, most):
    """The sharper the lens, the more shows where the print was sampled."""
    symbol, printed = a_symbol(4), Print(25)
    camera = Camera(px_per_module / printed.module_mm(symbol.size), **STEADY | view | {"lens_blur_px": blur})
    picture = light_of(photograph(symbol, printed, camera, 6))
    off = picture - brute_force(symbol, printed, camera, *place(symbol.size, printed, camera, 6))
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


def lit_modules(symbol, printed, camera, seed, *damage) -> np.ndarray:
    """The light at each module's centre."""
    picture = photograph(symbol, printed, camera, seed, *damage)
    matrix, _ = place(symbol.size, printed, camera, seed)
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
    symbol, printed, camera = drawn_on(45), Print(25), Camera(20, **STEADY)
    picture = photograph(symbol, printed, camera, 2, draw("blot", paint="dark"), 1)
    dark = light_of(picture) < 0.45
    rows, columns = np.nonzero(dark)
    corners = project(place(45, printed, camera, 2)[0], [[0, 0], [45, 45]])
    assert (columns.min(), rows.min()) == pytest.approx(corners[0], abs=1)
    assert (columns.max() + 1, rows.max() + 1) == pytest.approx(corners[1], abs=1)
    assert dark.sum() == pytest.approx((np.ptp(rows) + 1) * (np.ptp(columns) + 1), abs=8), "all of it"


def test_damage_lies_on_the_ink_wherever_it_has_spread():
    symbol, camera = drawn_on(45, (10, 10, 10)), Camera(20, **STEADY)
    printed = Print(25, ink_spread_mm=0.2)
    picture = photograph(symbol, printed, camera, 2, draw("blot", paint="light"), 1)
    ring = (10 * printed.module_mm(45) + 0.4) ** 2
    assert (light_of(picture) < 0.45).sum() == 0 < ring, "the damage is not followed by a spread"


def test_painted_ink_and_paper_are_those_of_the_print():
    printed, camera = Print(25, paper=0.7, contrast=0.5), Camera(20, **STEADY)
    for paint, light in [("dark", 0.2), ("light", 0.7)]:
        picture = photograph(a_symbol(), printed, camera, 1, draw("logo", paint=paint), 0.3)
        middle = tuple(side // 2 for side in picture.shape)
        assert light_of(picture)[middle] == pytest.approx(light, abs=0.01)
    plain, flipped = (
        light_of(photograph(a_symbol(), printed, camera, 1, draw("blot", paint="flip"), s)) for s in (0, 1)
    )
    assert np.abs(plain + flipped - 0.9)[90:-90, 90:-90].max() < 0.03


@pytest.mark.parametrize(
    ("paper", "contrast"), [(1, 0.1), (1, 0.8), (0.9, 0.2), (0.85, 0.8), (0.3, 0.3), (0.5, 0)]
)
@pytest.mark.parametrize("paint", PAINTS)
@pytest.mark.parametrize("spread", [0, 0.03])
def test_a_painted_print_has_its_greys_however_bright_they_are(paper, contrast, paint, spread):
    """Ink and paper put together may be more than a byte holds."""
    printed, symbol = Print(25, paper=paper, contrast=contrast, ink_spread_mm=spread), a_symbol(2)
    damage = draw("blot", 2, paint=paint)
    ink, light = round(255 * (paper - contrast)), round(255 * paper)
    plain, _ = imaging._printed(symbol, printed, ink, light, None, 0)
    sheet, to_modules = imaging._printed(symbol, printed, ink, light, damage, 0.4)
    assert sheet.dtype == np.uint8
    px, side = round(1 / to_modules[0, 0]), symbol.size
    blank = round(-to_modules[0, 2] * px)
    inside = slice(blank, blank + side * px)
    reached = damage.reached(side, 0.4, px)
    painted = {"flip": ink + light - plain[inside, inside].astype(int), "dark": ink, "light": light}[paint]
    expected = plain.astype(int)
    expected[inside, inside] = np.where(reached, painted, expected[inside, inside])
    assert np.array_equal(sheet, expected)


def test_a_thin_scratch_is_thinner_than_a_module_in_the_picture():
    """A third of a module wide: what it brightens, put together, is a third of a bar of one module."""
    symbol = drawn_on(45, (0, 0, 45))
    printed, camera = Print(25), close_up(symbol, px_per_module=20, **STEADY)
    scratch = MODELS["scratch"](5, length=5, angle=90)
    plain, scratched = (light_of(photograph(symbol, printed, camera, 1, scratch, s)) for s in (0, 1 / 3 / 45))
    assert (scratched - plain).sum() == pytest.approx(0.8 * 45 * 20 * 20 / 3, rel=0.3)
    rows = np.flatnonzero((scratched - plain).max(axis=0) > 0.2)
    assert np.ptp(rows) < 12, "pixels, of 20 a module"


# --- reproducible and paired ---

EVERYTHING = Camera(10, tilt_deg=20, shadow=0.5, glare=0.3, defocus_mm=0.2, motion_mm=0.2, jpeg_quality=80)


@pytest.mark.parametrize("damage", [None, draw("scratch")])
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
        one, other = (photograph(s, Print(25), camera, seed, draw("blot"), 1) for s in (low, high))
        assert np.array_equal(one, other), "wholly covered"


@pytest.mark.parametrize("shade", [{"shadow": 0.6}, {"glare": 0.3}])
def test_shadow_and_glare_lie_at_the_same_place_on_symbols_of_different_versions(shade):
    """Read at the same shares of the symbol's width; 21 and 177 modules, with no quiet zone equally wide."""
    printed, camera, lights = uniform(0.5, quiet_zone=0), Camera(12, noise=0, **shade), []
    for symbol in (a_symbol(1), a_symbol(40)):
        picture, (matrix, _) = photograph(symbol, printed, camera, 5), place(symbol.size, printed, camera, 5)
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


# --- for the eye ---


@pytest.mark.proof
def test_a_sheet_of_photographs_for_the_eye():
    """tests/output/photographs.png: what each kind of damage looks like as it grows."""
    import matplotlib.pyplot as plt

    severities, kinds, side = [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1], list(MODELS), 260
    symbol, printed, camera = a_symbol(3), Print(25), Camera(6)
    plain = photograph(symbol, printed, camera, 7)
    sheet = np.full((side * len(kinds), side * len(severities)), 255, np.uint8)
    for row, kind in enumerate(kinds):
        damage = draw(kind, 7)
        for column, severity in enumerate(severities):
            picture = photograph(symbol, printed, camera, 7, damage, severity)
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
