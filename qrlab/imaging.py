"""From modules to pixels: a flawless picture, or a photograph of a print, in light from 0 to 1 (white)."""

from functools import lru_cache
from math import ceil, cos, hypot, log2, sin, sqrt

import cv2
import numpy as np

from qrlab.checks import integer, number
from qrlab.damage import Damage, Rng, generator, painted
from qrlab.optics import Camera, Print, place, project
from qrlab.symbols import Symbol

Harm = Damage | None  # None: a good print
_FINE = 220  # a print is drawn with at least so many pixels across the symbol: 4, 8 or 12 a module
# Standard normal noise: each picture begins at a place of its own in it, which is far quicker.
_pool = lru_cache(lambda: np.random.default_rng(0).standard_normal(1 << 22, dtype=np.float32))


def render(modules: np.ndarray, px_per_module: int = 4, quiet_zone: int = 4) -> np.ndarray:
    """A flawless picture: uint8, 0 dark and 255 light, (n + 2·quiet_zone)·px_per_module pixels square.
    modules: bool n×n, True = dark; px_per_module: 1 to 100; quiet_zone: in modules, 0 to 100."""
    modules = np.asarray(modules)
    if modules.dtype != bool or modules.ndim != 2 or len(set(modules.shape)) != 1 or not modules.size:
        raise ValueError(f"modules must be a bool n×n array, not {modules.dtype} {modules.shape}")
    px, margin = integer("px_per_module", px_per_module, 1, 100), integer("quiet_zone", quiet_zone, 0, 100)
    small = np.full([len(modules) + 2 * margin] * 2, 255, np.uint8)  # np.pad takes four times as long
    small[margin : margin + len(modules), margin : margin + len(modules)] = ~modules * np.uint8(255)
    return small.repeat(px, axis=1).repeat(px, axis=0)  # rows last: they are copied whole


def photograph(
    symbol: Symbol, printed: Print, camera: Camera, rng: Rng, damage: Harm = None, severity: float = 0.0
) -> np.ndarray:
    """A photograph of a printed symbol, cut out of the frame: uint8 height×width.
    rng: a numpy Generator or a seed, for where in a pixel the print lies, sway, shadow, glare and noise, the
    same at every level; damage: on the symbol's ink, without its quiet zone; severity: 0 to 1.
    ValueError for a print too narrow for a dot a module, and for one that a tilt puts behind the camera."""
    rng, severity = generator(rng), number("severity", severity, 0, 1)
    if not isinstance(damage, Harm):
        raise ValueError(f"damage must be a Damage or None, not {damage!r}")
    matrix, shape = place(symbol.size, printed, camera, rng)
    lights, noise_at = rng.random(5), int(rng.integers(1 << 62))
    ink, paper = round(255 * (printed.paper - printed.contrast)), round(255 * printed.paper)
    sheet, to_modules = _printed(symbol, printed, ink, paper, damage, severity)
    seen = _sampled(sheet, matrix @ to_modules, shape, paper, camera.lens_blur_px)
    for extent_mm, disc in ((camera.defocus_mm, True), (camera.motion_mm, False)):
        extent = min(extent_mm * camera.px_per_mm, 2.0 * max(shape))  # beyond it all is grey
        if extent > 0.1:
            kernel = _kernel(round(extent, 2), disc)
            seen = cv2.filter2D(seen, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
    light = np.multiply(seen, camera.exposure / 255, dtype=np.float32)
    if camera.shadow or camera.glare:
        middles = project(matrix, symbol.size * lights[:4].reshape(2, 2))
        width_px = printed.module_mm(symbol.size) * symbol.size * camera.px_per_mm
        light = _lit(light, camera, middles, 2 * np.pi * lights[4], width_px)
    if camera.noise:
        if 2 * light.size < len(pool := _pool()):
            at = noise_at % (len(pool) - light.size)
            noise = pool[at : at + light.size]
        else:
            noise = np.random.default_rng(noise_at).standard_normal(light.size, dtype=np.float32)
        cv2.scaleAdd(noise.reshape(shape), camera.noise, light, dst=light)
    cv2.threshold(light, 0, 0, cv2.THRESH_TOZERO, dst=light)
    cv2.sqrt(light, dst=light)  # close to sRGB's curve
    picture = cv2.convertScaleAbs(light, alpha=255)
    if camera.jpeg_quality is None:
        return picture
    file = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg_quality])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE))


def _printed(
    symbol: Symbol, printed: Print, ink: int, paper: int, damage: Harm, severity: float
) -> tuple[np.ndarray, np.ndarray]:
    """The reflectance of a print (uint8, 255 for 1), and the 3×3 matrix from its pixels to modules."""
    size, px = symbol.size, 4 * ceil(_FINE / 4 / symbol.size)
    module_mm = printed.module_mm(size)
    spread = printed.ink_spread_mm / module_mm * px
    blank = round((printed.sheet_mm(size) / module_mm - size) / 2 * px)
    blank = max(2 * px, min(blank, ceil(spread) + px))  # no more of it than the ink may reach
    inked = np.where(symbol.modules, np.uint8(ink), np.uint8(paper)).repeat(px, 1).repeat(px, 0)
    sheet = cv2.copyMakeBorder(inked, blank, blank, blank, blank, cv2.BORDER_CONSTANT, value=paper)
    if spread:  # grown by a whole number of pixels and by one more, and between the two
        grow, whole = cv2.erode if spread > 0 else cv2.dilate, int(abs(spread))
        once, more = (grow(sheet, np.ones((2 * r + 1, 2 * r + 1), np.uint8)) for r in (whole, whole + 1))
        sheet = cv2.addWeighted(once, 1 - (abs(spread) - whole), more, abs(spread) - whole, 0)
    if damage is not None and severity > 0:
        inside = sheet[blank : blank + size * px, blank : blank + size * px]
        greys = inside if ink + paper < 256 else inside.astype(np.int16)
        inside[:] = painted(greys, damage.reached(size, severity, px), damage.paint, ink, paper)
    return sheet, np.array([[1 / px, 0, -blank / px], [0, 1 / px, -blank / px], [0, 0, 1]])


def _sampled(
    sheet: np.ndarray, matrix: np.ndarray, shape: tuple[int, int], paper: int, lens_blur_px: float
) -> np.ndarray:
    """The sheet as lens and sensor see it, without motion and defocus: uint8, 255 for a reflectance of 1.
    matrix: 3×3, from the sheet's pixels to the picture's, from top left corners; paper: its grey.
    Averaged down to no fewer than 1.2 pixels for one, it is blurred as lens and pixels do, then sampled
    linearly; tilted, it is blurred in part after that, at two or three times the picture's resolution."""
    (a, b, e), (c, d, f), (g, h, k) = matrix.tolist()
    middle = len(sheet) / 2
    x, y, depth = (a + b) * middle + e, (c + d) * middle + f, (g + h) * middle + k
    a, b, c, d = a - x / depth * g, b - x / depth * h, c - y / depth * g, d - y / depth * h
    turned, mirrored = hypot(a + d, c - b) / (2 * depth), hypot(a - d, c + b) / (2 * depth)
    largest, least = turned + mirrored, abs(turned - mirrored)  # a pixel there, by direction
    over = 1 if largest < 1.05 * least else 2 if largest < 1.5 * least else 3
    down = 2 ** int(min(max(log2(1 / (1.2 * largest * over)), 0), log2(len(sheet))))
    if down > 1:
        more = -len(sheet) % down
        sheet = cv2.copyMakeBorder(sheet, 0, more, 0, more, cv2.BORDER_CONSTANT, value=paper)
        sheet = cv2.resize(sheet, [len(sheet) // down] * 2, interpolation=cv2.INTER_AREA)
    pixel = 1 / (largest * over * down)  # of the picture, or part of one, in the sheet's pixels
    blur = (lens_blur_px * over) ** 2 + 1 / 12  # and what is missing to it, with the average at the end
    before = min(blur, 0.25) if over > 1 else blur
    spread = before * pixel**2 - 1 / 12  # linear sampling spreads edges as a pixel does
    reach = ceil(min(3 * sqrt(max(spread, 0)), 2 * len(sheet)))
    sheet = cv2.copyMakeBorder(sheet, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=paper)
    sheet = _smoothed(sheet, spread)
    matrix = matrix * [down, down, 1]
    matrix[:2] *= over
    matrix[:, 2] += (matrix[:, 0] + matrix[:, 1]) * (0.5 - reach)  # OpenCV counts from the middle of a pixel
    matrix[:2] -= matrix[2] / 2
    seen = cv2.warpPerspective(sheet, matrix, (shape[1] * over, shape[0] * over), borderValue=paper)
    seen = _smoothed(seen, blur - max(before, 1 / 12 / pixel**2))
    return cv2.resize(seen, shape[::-1], interpolation=cv2.INTER_AREA)


def _smoothed(picture: np.ndarray, variance: float) -> np.ndarray:
    """With a Gaussian blur of that variance, in px²."""
    variance = min(variance, max(picture.shape) ** 2)  # beyond it all is grey
    if variance < 0.02:
        return picture
    if variance < 0.5:
        weights = np.array([variance / 2, 1 - variance, variance / 2])  # a sampled Gaussian would blur less
    else:
        weights = cv2.getGaussianKernel(2 * ceil(2.7 * sqrt(variance)) + 1, sqrt(variance))
    return cv2.sepFilter2D(picture, -1, weights, weights, borderType=cv2.BORDER_REPLICATE)


@lru_cache(maxsize=32)
def _kernel(extent: float, disc: bool) -> np.ndarray:
    """The share of each pixel in a disc, or in a level stroke, of that extent in px; its sum is 1."""
    reach, half = ceil(extent / 2), max(extent / 2, 0.1)  # so that some samples lie within
    parts = min(max(2048 // (2 * reach + 1), 1), 8)  # a wide one needs fewer
    x = (np.arange(parts * (2 * reach + 1)) + 0.5) / parts - reach - 0.5
    y = x[:, None]  # a stroke is as thin as the samples allow
    inside = np.hypot(x, y) <= half if disc else (np.abs(x) <= half) & (np.abs(y) <= 0.8 / parts)
    share = cv2.resize(inside.astype(np.float32), [2 * reach + 1] * 2, interpolation=cv2.INTER_AREA)
    return share / share.sum()


def _lit(light: np.ndarray, camera: Camera, middles: np.ndarray, angle: float, width: float) -> np.ndarray:
    """With shadow and glare, at `middles` of the shadow's edge and of the glare; width: the symbol's, px."""
    y, x = (np.arange(n, dtype=np.float32) + 0.5 for n in light.shape)
    (edge_x, edge_y), spot = middles
    if camera.shadow:
        across = (x - edge_x) * cos(angle) + ((y - edge_y) * sin(angle))[:, None]
        light = light * (1 - camera.shadow / (1 + np.exp(-across.clip(-width, width) / (0.03 * width))))
    if camera.glare:
        dx, dy = (np.exp(-(((at - middle) / (0.2 * width)) ** 2)) for at, middle in zip((x, y), spot))
        light = light + camera.exposure * camera.glare * np.outer(dy, dx)
    return light.astype(np.float32)
