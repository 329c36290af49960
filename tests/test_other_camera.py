"""The other camera shows what is planted: points where it says, blur and noise as large as it says."""

import io
import math
from dataclasses import replace

import cv2
import numpy as np
import other_camera
import pytest
from PIL import Image, ImageDraw, ImageOps

PLAIN = other_camera.Shot(
    page=0,
    distance_mm=120,
    aim_mm=(40, 30),
    tilt_deg=0,
    tilt_axis_deg=0,
    turn_deg=0,
    lens_sigma_px=0.8,
    defocus_px=0,
    light=0.9,
    gradient=0,
    noise=0,
    jpeg_quality=95,
    orientation=1,
)
TILTED = replace(PLAIN, tilt_deg=25, tilt_axis_deg=35, turn_deg=-12, gradient=0.2, noise=0.01)
PAGE_MM = 80.0, 60.0
SMALL = {"width_px": 800, "height_px": 600, "distortion": 0.03}
RAW = {"sharpen": 0.0}


def taken(page, shot, **options) -> Image.Image:
    """What a reader of the file sees, upright."""
    file = io.BytesIO()
    other_camera.saved(other_camera.photographed(page, PAGE_MM, shot, **SMALL | options), file, shot)
    return ImageOps.exif_transpose(Image.open(file))


def linear(picture) -> np.ndarray:
    coded = np.asarray(picture) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def blank(px_per_mm: float) -> Image.Image:
    return Image.new("L", tuple(round(mm * px_per_mm) for mm in PAGE_MM), 255)


@pytest.mark.parametrize(
    ("px_per_mm", "orientation", "distance_mm"), [(8, 1, 120), (40, 3, 110), (16, 6, 160), (10, 8, 160)]
)
def test_dots_are_where_truth_says(px_per_mm, orientation, distance_mm):
    page, dots_mm = blank(px_per_mm), [(x, y) for x in (16, 33, 48, 64) for y in (14, 30, 46)]
    for x, y in dots_mm:
        box = [px_per_mm * v for v in (x - 1.5, y - 1.5, x + 1.5, y + 1.5)]
        ImageDraw.Draw(page).ellipse([box[0], box[1], box[2] - 1, box[3] - 1], fill=0)
    shot = replace(TILTED, orientation=orientation, distance_mm=distance_mm)
    light = linear(taken(np.array(page), shot).convert("L"))
    assert light.shape == ((600, 800) if orientation in (1, 3) else (800, 600))
    for x, y in other_camera.truth(shot, dots_mm, **SMALL):
        left, top = round(x) - 14, round(y) - 14
        patch = light[top : top + 29, left : left + 29]
        dark = np.maximum(0.6 * patch.max() - patch, 0)
        rows, columns = np.indices(patch.shape)
        found = left + (dark * columns).sum() / dark.sum(), top + (dark * rows).sum() / dark.sum()
        assert math.dist(found, (x, y)) < 0.15


def test_truth_is_what_opencv_projects():
    points = np.random.default_rng(1).uniform(0, PAGE_MM, (20, 2))
    axis = np.deg2rad(TILTED.tilt_deg) * np.array([math.cos(math.radians(35)), math.sin(math.radians(35)), 0])
    aimed = np.column_stack([points - TILTED.aim_mm, np.zeros(20)])
    turn = np.array([0, 0, math.radians(TILTED.turn_deg)])
    rotation, *_ = cv2.composeRT(axis, np.zeros(3), turn, np.zeros(3))
    focal = 400 / math.tan(math.radians(32.5))
    camera = np.array([[focal, 0, 399.5], [0, focal, 299.5], [0, 0, 1]])
    lens = np.array([0.03, 0, 0, 0])
    expected, _ = cv2.projectPoints(aimed, rotation, np.array([0, 0, 120.0]), camera, lens)
    assert other_camera.truth(TILTED, points, **SMALL) == pytest.approx(expected[:, 0], abs=1e-6)


def test_a_turn_is_clockwise_and_a_tilt_about_x_moves_the_foot_away():
    (x, y), (right_x, right_y) = other_camera.truth(replace(PLAIN, turn_deg=90), [(40, 30), (50, 30)])
    assert (x, y) == pytest.approx((1999.5, 1499.5))
    assert right_x == pytest.approx(x)
    assert right_y > y
    (_, head), (_, foot) = other_camera.truth(replace(PLAIN, tilt_deg=30), [(40, 20), (40, 40)])
    assert foot - y < y - head


def test_blur_is_of_lens_disc_pixel_and_demosaicing():
    """Variances add: a pixel 1/12, a disc diameter²/16, and bilinear demosaicing of luma up to 0.35."""
    shots = [replace(PLAIN, lens_sigma_px=lens) for lens in (0.6, 1.0, 1.8, 2.6)]
    shots += [replace(PLAIN, defocus_px=5.0)]
    found = [other_camera.effective(shot, **SMALL, **RAW)["sigma_px"] for shot in shots]
    for shot, sigma in zip(shots, found):
        planted = shot.lens_sigma_px**2 + 1 / 12 + shot.defocus_px**2 / 16
        assert sigma == pytest.approx(math.sqrt(planted + 0.2), rel=0.15)
    assert found[:4] == sorted(found[:4])
    assert other_camera.effective(shots[1], **SMALL)["sigma_px"] < found[1]  # sharpened


def test_noise_is_as_planted():
    shot = replace(PLAIN, noise=0.02, distance_mm=40)
    for level in (0.06, 0.18, 0.7):
        page = np.full((60, 80), 255, np.uint8)
        picture = other_camera.photographed(
            page, PAGE_MM, replace(shot, light=1), paper=level, **SMALL, **RAW
        )
        green = linear(picture)[250:350:2, 351:450:2, 1]  # where the sensor's pixels are green
        assert green.mean() == pytest.approx(level, rel=0.02)
        assert green.std() == pytest.approx(0.02 * math.sqrt(0.1 + 0.9 * level / 0.18), rel=0.15)


def test_effective_gives_levels_and_noise_of_both_sides():
    found = other_camera.effective(replace(PLAIN, noise=0.02), **SMALL)
    assert found["paper_level"] == pytest.approx(0.9 * 0.86, rel=0.02)
    assert found["ink_level"] == pytest.approx(0.9 * 0.06, rel=0.06)
    assert 0.02 < found["paper_noise"] < 0.05
    assert 0.005 < found["ink_noise"] < found["paper_noise"] / 2
    quiet = other_camera.effective(PLAIN, **SMALL)
    assert max(quiet["paper_noise"], quiet["ink_noise"]) < 0.002


def test_ink_spreads_at_each_edge():
    page = blank(20)
    ImageDraw.Draw(page).rectangle([780, 0, 819, 1199], fill=0)  # 2 mm wide
    widths = []
    for spread in (0.0, 0.05, 0.2):
        picture = other_camera.photographed(
            np.array(page), PAGE_MM, PLAIN, ink_spread_mm=spread, **SMALL, **RAW
        )
        row = linear(picture)[290:310, 370:430, 1].mean(0)
        widths.append(((row.max() - row) / (row.max() - row.min())).sum() * 120 / 627.8)
    assert widths == pytest.approx([2, 2.1, 2.4], abs=0.04)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_pixels_are_stored_as_the_tag_says(orientation):
    page = blank(4)
    ImageDraw.Draw(page).rectangle([0, 0, 159, 119], fill=0)  # its upper left quarter
    shot, file = replace(PLAIN, orientation=orientation, distance_mm=60), io.BytesIO()
    upright = other_camera.photographed(np.array(page), PAGE_MM, shot, **SMALL)
    other_camera.saved(upright, file, shot)
    stored = Image.open(file)
    assert (stored.size, stored.getexif()[0x0112]) == ((800, 600), orientation)
    seen = np.asarray(ImageOps.exif_transpose(stored).convert("L"), float)
    assert abs(seen - np.asarray(upright.convert("L"), float)).mean() < 3
    height, width = seen.shape
    assert seen[height // 4, width // 4] < 100 < min(seen[height // 4, -50], seen[-50, width // 4])


def test_markers_on_a_tilted_page_are_read():
    page = np.array(blank(12))
    words = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    for number in range(12):
        top, left = 60 + 220 * (number // 4), 60 + 240 * (number % 4)
        page[top : top + 144, left : left + 144] = cv2.aruco.generateImageMarker(words, number, 144)
    picture = np.asarray(taken(page, replace(TILTED, distance_mm=130, jpeg_quality=85)).convert("L"))
    corners, numbers, _ = cv2.aruco.ArucoDetector(words).detectMarkers(picture)
    assert sorted(numbers.ravel()) == list(range(12))
    for (quad,), number in zip(corners, numbers.ravel()):
        top, left = 60 + 220 * (number // 4), 60 + 240 * (number % 4)
        corner_mm = (
            np.array([(left, top), (left + 144, top), (left + 144, top + 144), (left, top + 144)]) / 12
        )
        planted = other_camera.truth(replace(TILTED, distance_mm=130), corner_mm, **SMALL)
        assert abs(quad - planted).max() < 2


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="orientation must be one of 1, 3, 6, 8, not 2"):
        other_camera.truth(replace(PLAIN, orientation=2), [(0, 0)])
    with pytest.raises(ValueError, match="page must be two-dimensional uint8, not 3-dimensional uint8"):
        other_camera.photographed(np.zeros((9, 9, 3), np.uint8), PAGE_MM, PLAIN)
    with pytest.raises(TypeError, match="widht_px"):
        other_camera.truth(PLAIN, [(0, 0)], widht_px=800)
