"""Another camera: photographs of a printed sheet by physics of its own, with what is planted in them.

A witness: it shares no code with the package. A pinhole with radial distortion looks at the page in space;
Gaussian blur and a defocus disc act on two by two samples a pixel; a Bayer sensor counts photons, adds read
noise and quantises; the picture is demosaiced, gamma coded, sharpened and compressed. It knows nothing of
what a page shows, and has no motion blur, curled paper, colour fringes or denoising.

Points of a page are in mm from its upper left corner, x to the right and y down. Points of a picture are in
pixels, the middle of its upper left pixel at (0, 0). Light is linear, 1 is what the file can just hold.
"""

import io
import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import NormalDist

import cv2
import numpy as np
from PIL import Image

SAMPLES = 2  # a pixel's side has so many samples of the page
STRIP_PX = 128  # rows rendered at once, so that memory stays small
MID_GREY = 0.18  # where Shot.noise is meant
READ_SHARE = 0.1  # of the noise's variance at mid grey; the rest is photons
SENSITIVITY = {"red": 0.55, "green": 1.0, "blue": 0.65}  # before white balance: red and blue are noisier
CAST = {"red": 1.015, "green": 1.0, "blue": 0.965}  # warm light that white balance leaves
BAYER = ((0, 0, "red"), (0, 1, "green"), (1, 0, "green"), (1, 1, "blue"))
BLACK = 1 / 16  # a raw picture's black level, so that noise below black is kept
UNSHARP_SIGMA_PX = 1.0
DESK, DESK_SWING, DESK_PX, DESK_MM = 0.22, 0.05, 512, 250.0  # reflectance, its SD, size of a tile
TURN = Image.Transpose
STORED = {1: None, 3: TURN.ROTATE_180, 6: TURN.ROTATE_90, 8: TURN.ROTATE_270}  # how an upright picture is
EDGE_DEG, EDGE_WIDE_PX, EDGE_HIGH_PX, EDGE_PX_PER_MM = 5.0, 320, 640, 600 / 25.4  # the slanted edge
BINS = 4  # of the edge spread, a pixel


@dataclass(frozen=True)
class Shot:
    """What is planted in one photograph."""

    page: int
    distance_mm: float  # lens to the point aimed at
    aim_mm: tuple[float, float]  # the point of the page in the middle of the picture
    tilt_deg: float  # right-handed about an axis in the page: about axis 0 the page's foot goes away
    tilt_axis_deg: float  # from the page's x clockwise: 0 is x, 90 is y
    turn_deg: float  # clockwise, of what the picture shows
    lens_sigma_px: float
    defocus_px: float  # diameter, 0 for none
    light: float  # in the middle: times a reflectance it is what the file holds
    gradient: float  # what the light loses from the upper left to the lower right corner, over light
    noise: float  # standard deviation at MID_GREY, of a green pixel before demosaicing
    jpeg_quality: int
    orientation: int  # EXIF: 1, 3, 6 or 8


@dataclass(frozen=True)
class Options:
    """What photographs of one camera and one print have in common; the size is the stored picture's.

    So with orientation 6 or 8 the upright picture is height_px wide. fov_deg is across the longer side; a
    ray at tangent r from the middle lands at r·(1 + distortion·r²). Ink grows by ink_spread_mm at each edge.
    """

    width_px: int = 4000
    height_px: int = 3000
    fov_deg: float = 65.0
    distortion: float = 0.02
    ink: float = 0.06
    paper: float = 0.86
    ink_spread_mm: float = 0.0
    sharpen: float = 0.5  # amount of the unsharp mask
    bits: int = 12  # of the raw picture
    seed: int = 0

    @property
    def focal_px(self) -> float:
        """Pixels a unit of tangent."""
        return max(self.width_px, self.height_px) / 2 / math.tan(math.radians(self.fov_deg / 2))

    def upright(self, shot: Shot) -> tuple[int, int]:
        """Width and height of the upright picture."""
        if shot.orientation not in STORED:
            raise ValueError(f"orientation must be one of 1, 3, 6, 8, not {shot.orientation}")
        size = self.width_px, self.height_px
        return size if shot.orientation in (1, 3) else size[::-1]


def photographed(page: np.ndarray, page_mm: tuple[float, float], shot: Shot, **options) -> Image.Image:
    """The upright picture before compression, RGB; page is uint8, 0 ink and 255 paper; see Options."""
    if page.dtype != np.uint8 or page.ndim != 2:
        raise ValueError(f"page must be two-dimensional uint8, not {page.ndim}-dimensional {page.dtype}")
    options = Options(**options)
    scene = _seen(_spread(page, page_mm, options), page_mm, shot, options)
    scene *= _lit(shot, options)
    raw = _sensed(scene, shot, options)
    return Image.fromarray(_developed(raw, options))


def saved(image: Image.Image, file: Path | str | io.BytesIO, shot: Shot, film_mm: int | None = None) -> None:
    """Write the upright picture as a JPEG whose pixels are stored as its EXIF orientation says; film_mm: the
    focal length that EXIF gives for film of 36 by 24 mm."""
    exif = Image.Exif()
    exif[0x0112] = shot.orientation
    if film_mm is not None:
        exif.get_ifd(0x8769)[0xA405] = film_mm
    turn = STORED[shot.orientation]
    stored = image if turn is None else image.transpose(turn)
    stored.save(file, "JPEG", quality=shot.jpeg_quality, subsampling="4:2:0", exif=exif)


def truth(shot: Shot, points_mm: np.ndarray, **options) -> np.ndarray:
    """Where points of the page, k×2 in mm, are in the upright picture, k×2 in pixels."""
    options = Options(**options)
    points = np.asarray(points_mm, float).reshape(-1, 2)
    space = np.column_stack([points, np.ones(len(points))]) @ _pose(shot).T
    tangent = space[:, :2] / space[:, 2:]
    tangent *= 1 + options.distortion * (tangent**2).sum(1, keepdims=True)
    return tangent * options.focal_px + (np.array(options.upright(shot)) - 1) / 2


def effective(shot: Shot, **options) -> dict[str, float]:
    """What a slanted edge and flat ink and paper show in the middle of such a picture, from the file's luma.

    sigma_px of the Gaussian whose edge fits best, lens, pixels, demosaicing and sharpening together; the
    levels of paper and ink in linear light, and the noise's standard deviation on each.
    """
    wide, high, mm = EDGE_WIDE_PX, EDGE_HIGH_PX, shot.distance_mm / Options(**options).focal_px  # a pixel
    side, spread = 1.2 * math.hypot(wide, high) * mm, Options(**options).ink_spread_mm
    page = np.full((2 * math.ceil(side * EDGE_PX_PER_MM / 2),) * 2, 255, np.uint8)
    page[:, len(page) // 2 :] = 0
    options |= {"width_px": wide, "height_px": high, "fov_deg": 2}  # from far: no distortion, even light
    level = replace(shot, aim_mm=(side / 2 - spread, side / 2), tilt_deg=0, turn_deg=EDGE_DEG, gradient=0)
    level = replace(level, distance_mm=mm * Options(**options).focal_px, orientation=1)
    with io.BytesIO() as file:
        saved(photographed(page, (side, side), level, **options), file, level)
        coded = np.asarray(Image.open(file).convert("L")) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    reach = math.ceil(8 + 4 * shot.lens_sigma_px + shot.defocus_px)
    found = {"sigma_px": _fitted_sigma(*_edge_spread(linear, reach))}
    middle, off = slice(high // 3, 2 * high // 3), wide // 2 - reach - 16  # the edge drifts by 10 px there
    for name, flat in (("paper", linear[middle, 8:off]), ("ink", linear[middle, -off:-8])):
        found |= {f"{name}_level": float(flat.mean()), f"{name}_noise": float(flat.std())}
    return found


def _pose(shot: Shot) -> np.ndarray:
    """3×3: from (x mm, y mm, 1) on the page to mm in space, the lens at 0, z along its axis."""
    axis, turn = math.radians(shot.tilt_axis_deg), math.radians(shot.turn_deg)
    tilt, _ = cv2.Rodrigues(math.radians(shot.tilt_deg) * np.array([math.cos(axis), math.sin(axis), 0]))
    turned, _ = cv2.Rodrigues(np.array([0, 0, turn]))
    plane = (turned @ tilt)[:, :2]
    return np.column_stack([plane, np.array([0, 0, shot.distance_mm]) - plane @ shot.aim_mm])


def _spread(page: np.ndarray, page_mm: tuple[float, float], options: Options) -> np.ndarray:
    """The page with its ink grown: blurred, and cut where a straight edge has moved by the spread."""
    spread = options.ink_spread_mm * page.shape[1] / page_mm[0]
    if not spread:
        return page
    sigma = max(abs(spread), 0.8)  # px
    moved, blurred = NormalDist(0, sigma), cv2.GaussianBlur(page.astype(np.float32), (0, 0), sigma)
    blurred -= 255 * moved.cdf(spread)
    blurred *= 1 / moved.pdf(spread)  # an edge is a ramp one pixel wide again
    return np.clip(blurred + 127.5, 0, 255).round().astype(np.uint8)


def _seen(page: np.ndarray, page_mm: tuple[float, float], shot: Shot, options: Options) -> np.ndarray:
    """The reflectance that falls on each pixel of the upright picture, float32."""
    (width, height), density = options.upright(shot), SAMPLES * options.focal_px / shot.distance_mm
    coarse = [round(1.5 * density * mm) for mm in page_mm]
    if coarse[0] < 0.75 * page.shape[1]:  # or samples would miss some of its pixels
        page = cv2.resize(page, coarse, interpolation=cv2.INTER_AREA)
    margin = 3 + math.ceil(4 * shot.lens_sigma_px + shot.defocus_px / 2)
    seen = np.empty((height, width), np.float32)
    for top in range(0, height, STRIP_PX):
        rows = np.arange(top - margin, min(top + STRIP_PX, height) + margin)
        where = _on_page(np.arange(-margin, width + margin), rows, shot, options)
        x, y = (cv2.resize(mm, None, fx=SAMPLES, fy=SAMPLES, interpolation=cv2.INTER_LINEAR) for mm in where)
        strip = _blurred(_reflected(page, page_mm, x, y, density, options), shot)
        strip = cv2.resize(strip, where[0].shape[::-1], interpolation=cv2.INTER_AREA)
        seen[top : top + STRIP_PX] = strip[margin:-margin, margin:-margin]
    return seen


def _on_page(x: np.ndarray, y: np.ndarray, shot: Shot, options: Options) -> tuple[np.ndarray, np.ndarray]:
    """The points of the page, in mm, that the pixels in columns x and rows y look at."""
    width, height = options.upright(shot)
    x = ((x - (width - 1) / 2) / options.focal_px).astype(np.float32)[None, :]
    y = ((y - (height - 1) / 2) / options.focal_px).astype(np.float32)[:, None]
    bent = np.float32(options.distortion) * (x**2 + y**2)
    straight = 1 - bent * (1 - bent * (3 - bent * (12 - bent * (55 - 273 * bent))))  # r·(1 + k·r²), inverted
    back = np.linalg.inv(_pose(shot)).astype(np.float32)
    across, down, ahead = (straight * (a * x + b * y) + c for a, b, c in back)
    ahead = np.maximum(ahead, 1e-6)  # the horizon: far away on the desk
    return across / ahead, down / ahead


def _reflected(page, page_mm, x, y, density: float, options: Options) -> np.ndarray:
    """The reflectance at points in mm, density of them a mm: of the page, or of the desk beside it."""
    on = (x > 0) & (x < page_mm[0]) & (y > 0) & (y < page_mm[1])
    pixels = [v * (n / mm) - 0.5 for v, n, mm in zip((x, y), page.shape[::-1], page_mm)]
    zoom = density * page_mm[0] / page.shape[1]
    if zoom > 1:  # a pixel of the page is a square, not a ramp to the next
        whole = [np.floor(v) for v in pixels]
        pixels = [n + np.clip((v - n - 0.5) * zoom + 0.5, 0, 1) for v, n in zip(pixels, whole)]
    drawn = cv2.remap(page, *pixels, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    drawn = drawn.astype(np.float32) * ((options.paper - options.ink) / 255) + options.ink
    if on.all():
        return drawn
    x, y = x * (DESK_PX / DESK_MM), y * (DESK_PX / DESK_MM)
    return np.where(on, drawn, cv2.remap(_desk(), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


@cache
def _desk() -> np.ndarray:
    """A tile of the desk: noise whose amplitude falls with its frequency; float32 reflectance."""
    noise = np.random.default_rng(0).normal(size=(DESK_PX, DESK_PX))
    frequency = np.hypot(np.fft.fftfreq(DESK_PX)[:, None], np.fft.rfftfreq(DESK_PX)[None, :] * 4)  # a grain
    frequency[0, 0] = np.inf
    grain = np.fft.irfft2(np.fft.rfft2(noise) / frequency, s=noise.shape)
    return np.clip(DESK + DESK_SWING * grain / grain.std(), 0.02, 1).astype(np.float32)


def _blurred(strip: np.ndarray, shot: Shot) -> np.ndarray:
    """A strip of samples behind the lens: a Gaussian, and a disc if it is out of focus."""
    if shot.lens_sigma_px:
        strip = cv2.GaussianBlur(strip, (0, 0), shot.lens_sigma_px * SAMPLES)
    if shot.defocus_px:
        radius = shot.defocus_px * SAMPLES / 2
        reach = np.arange(-math.ceil(radius), math.ceil(radius) + 1)
        disc = np.clip(radius + 0.5 - np.hypot(reach[:, None], reach[None, :]), 0, 1)
        strip = cv2.filter2D(strip, -1, (disc / disc.sum()).astype(np.float32))
    return strip


def _lit(shot: Shot, options: Options) -> np.ndarray:
    """The light that reaches each pixel: a slope from corner to corner, and a lens that darkens outwards."""
    width, height = options.upright(shot)
    x, y = np.linspace(-0.5, 0.5, width, dtype=np.float32), np.linspace(-0.5, 0.5, height, dtype=np.float32)
    slope = np.add.outer(y, x) * np.float32(shot.gradient / 2)
    tangents = [(v * (n / options.focal_px)) ** 2 for v, n in ((y, height), (x, width))]
    return shot.light * (1 - slope) / (1 + np.add.outer(*tangents))


def _sensed(scene: np.ndarray, shot: Shot, options: Options) -> np.ndarray:
    """The raw picture, uint16 with black at BLACK: one colour a pixel, white balanced."""
    rng, steps = np.random.default_rng(options.seed), 2**options.bits - 1
    raw = np.empty(scene.shape, np.uint16)
    for row, column, colour in BAYER:
        light = scene[row::2, column::2] * (SENSITIVITY[colour] * CAST[colour])
        if shot.noise:
            well = MID_GREY / (shot.noise**2 * (1 - READ_SHARE))  # photons that make 1
            light = (rng.poisson(light * well) / well).astype(np.float32)
            light += rng.standard_normal(light.shape, np.float32) * (shot.noise * READ_SHARE**0.5)
        counted = np.clip((light * (1 - BLACK) + BLACK) * steps, 0, steps).round() / steps - BLACK
        balanced = np.minimum(counted / SENSITIVITY[colour] + BLACK, 1)
        raw[row::2, column::2] = (np.maximum(balanced, 0) * 65535).round()
    return raw


def _developed(raw: np.ndarray, options: Options) -> np.ndarray:
    """The finished picture, uint8 RGB: demosaiced, gamma coded, sharpened."""
    colours = cv2.cvtColor(raw, cv2.COLOR_BayerRGGB2RGB_EA)
    curve = np.clip((np.arange(65536) / 65535 - BLACK) / (1 - BLACK), 0, 1)
    curve = np.where(curve <= 0.0031308, 12.92 * curve, 1.055 * curve ** (1 / 2.4) - 0.055) * 255
    picture = curve.astype(np.float32)[colours]
    if options.sharpen:
        soft = cv2.GaussianBlur(picture, (0, 0), UNSHARP_SIGMA_PX)
        picture = cv2.addWeighted(picture, 1 + options.sharpen, soft, -options.sharpen, 0)
    return np.clip(picture, 0, 255, out=picture).round().astype(np.uint8)


def _edge_spread(linear: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """ISO 12233: distances from a steep edge in px, and the mean light in bins of 1/BINS px about them."""
    y, x = np.indices(linear.shape)
    middle = (np.array(linear.shape) - 1) / 2
    rough = middle[1] - (np.arange(linear.shape[0]) - middle[0]) * math.tan(math.radians(EDGE_DEG))
    fall = np.gradient(-linear, axis=1) * (abs(x - rough[:, None]) <= reach)
    slope, start = np.polyfit(y[:, 0], (fall * x).sum(1) / fall.sum(1), 1)
    away = (x - slope * y - start) / math.hypot(1, slope)
    number = np.floor((away + reach) * BINS).astype(int)
    inside = (number >= 0) & (number < 2 * reach * BINS)
    count = np.bincount(number[inside])
    return (np.arange(len(count)) + 0.5) / BINS - reach, np.bincount(number[inside], linear[inside]) / count


def _fitted_sigma(at: np.ndarray, spread: np.ndarray) -> float:
    """Least squares of a Gaussian's edge to an edge spread, by Gauss and Newton; without the bins' width."""
    level, step, centre, sigma = spread[0], spread[-1] - spread[0], 0.0, 1.0
    for _ in range(20):
        z = (at - centre) / sigma
        risen = np.array([NormalDist().cdf(v) for v in z])
        steep = step / sigma * np.array([NormalDist().pdf(v) for v in z])
        slopes = np.column_stack([np.ones_like(z), risen, -steep, -steep * z])
        change = np.linalg.lstsq(slopes, spread - level - step * risen, rcond=None)[0]
        level, step, centre = level + change[0], step + change[1], centre + change[2]
        sigma = max(sigma + change[3], sigma / 2)
    return float(math.sqrt(sigma**2 - 1 / 12 / BINS**2))
