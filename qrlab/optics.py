"""What a printer makes of a symbol, and where a camera sees it.

Lengths are in millimetres on the print, angles in degrees, light from 0 (none) to 1 (white at its
brightest).  What is no more than a plausible assumption is named so.  Nothing here reads.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, cos, floor, hypot, radians, sin, tan

import numpy as np

from qrlab.checks import integer, number, one_of

MM_PER_INCH = 25.4
_PRINT_RANGES = {
    "width_mm": (0.1, 1e4),
    "dpi": (1, 1e5),
    "ink_spread_mm": (-1, 1),
    "paper": (0, 1),
    "contrast": (0, 1),
    "surround": (0, 1),
}
_CAMERA_RANGES = {
    "px_per_mm": (1e-6, 1e4),
    "fov_deg": (1, 170),
    "lens_blur_px": (0, 100),
    "defocus_mm": (0, 1e3),
    "motion_mm": (0, 1e3),
    "motion_deg": (-360, 360),
    "rotation_deg": (-360, 360),
    "tilt_deg": (0, 89.9),
    "tilt_axis_deg": (-360, 360),
    "sway_deg": (0, 15),
    "exposure": (0, 100),
    "noise": (0, 1),
    "shadow": (0, 1),
    "glare": (0, 10),
}


def _check(settings: object, ranges: dict[str, tuple], optional: tuple[str, ...]) -> None:
    """Each field a number within its range, as a float; `optional` ones may be None."""
    for name, ends in ranges.items():
        value = getattr(settings, name)
        if value is not None or name not in optional:
            object.__setattr__(settings, name, number(name, value, *ends))


@dataclass(frozen=True)
class Print:
    """What a printer makes of a symbol.

    width_mm: the printed width, 0.1 to 10,000, quiet zone included or not (quiet_zone_included);
    dpi: the printer's dots per inch: each module is a whole number of dots, as many as fit, and what
    remains of the width stays blank; None: modules of any size;
    quiet_zone: blank modules on each side; ink_spread_mm: how far dark areas grow at each edge,
    -1 to 1, below 0 they shrink; paper: its reflectance; contrast: the paper's less the ink's,
    ISO/IEC 15415's symbol contrast; surround: reflectance of what lies round the print, None: paper.
    Paper, contrast and no spread are assumptions: a good print on plain white paper.
    """

    width_mm: float
    dpi: float | None = None
    quiet_zone: int = 4
    quiet_zone_included: bool = True
    ink_spread_mm: float = 0.0
    paper: float = 0.85
    contrast: float = 0.8
    surround: float | None = None

    def __post_init__(self) -> None:
        _check(self, _PRINT_RANGES, ("dpi", "surround"))
        object.__setattr__(self, "quiet_zone", integer("quiet_zone", self.quiet_zone, 0, 100))
        one_of("quiet_zone_included", self.quiet_zone_included, (True, False))
        if self.contrast > self.paper:
            raise ValueError(f"contrast must be at most the paper's {self.paper:g}, not {self.contrast:g}")

    def across(self, size: int) -> int:
        """Modules along the printed width."""
        return size + 2 * self.quiet_zone * self.quiet_zone_included

    def dots_per_module(self, size: int) -> int | None:
        """Whole printer dots along one side of a module, for a symbol of `size` modules; None without dpi."""
        if self.dpi is None:
            return None
        dots = int(self.width_mm * self.dpi / MM_PER_INCH / self.across(size) + 1e-9)
        if not dots:
            least = self.across(size) * MM_PER_INCH / self.dpi
            least = f"{least:.1f} for one dot a module ({self.across(size)} modules at {self.dpi:g} dpi)"
            raise ValueError(f"width_mm must be at least {least}, not {self.width_mm:g}")
        return dots

    def module_mm(self, size: int) -> float:
        """The side of a module in millimetres, for a symbol of `size` modules (Symbol.size)."""
        dots = self.dots_per_module(size)
        return self.width_mm / self.across(size) if dots is None else dots * MM_PER_INCH / self.dpi

    def sheet_mm(self, size: int) -> float:
        """The width of symbol, quiet zone and what remains blank."""
        return max(self.width_mm, (size + 2 * self.quiet_zone) * self.module_mm(size))


@dataclass(frozen=True)
class Camera:
    """A camera that looks at the middle of a print, a pinhole with a blurred and noisy sensor behind.

    px_per_mm: camera pixels per millimetre at the middle of the print (see `at` for a distance);
    frame_width_px, frame_height_px, fov_deg: the whole frame, and how wide it sees: they give the
    perspective, and what does not fit into the frame is cut off;
    lens_blur_px: standard deviation of what lens and sensor blur, in pixels;
    defocus_mm: diameter of the disc that a point becomes; motion_mm: how far the print moves during
    the exposure, at motion_deg from the picture's horizontal;
    rotation_deg: of the print, clockwise; tilt_deg: between the print and a plane facing the camera,
    0 to under 90, about an axis at tilt_axis_deg from the picture's horizontal; sway_deg: standard
    deviation by which rotation and tilts differ from picture to picture;
    exposure: light from a white surface, clipped above 1; noise: standard deviation of the
    sensor's noise; shadow: share of the light that is missing beyond a soft edge anywhere across the
    symbol; glare: light added by a reflection somewhere on it, a fifth of it in radius;
    jpeg_quality: 1 to 100, None: not compressed.
    The defaults are assumptions: a frame as of a phone's video preview, a steady hand, good light and
    focus, a picture that is not compressed.
    """

    px_per_mm: float
    frame_width_px: int = 1920
    frame_height_px: int = 1080
    fov_deg: float = 70.0
    lens_blur_px: float = 0.5
    defocus_mm: float = 0.0
    motion_mm: float = 0.0
    motion_deg: float = 0.0
    rotation_deg: float = 0.0
    tilt_deg: float = 0.0
    tilt_axis_deg: float = 0.0
    sway_deg: float = 2.0
    exposure: float = 1.0
    noise: float = 0.01
    shadow: float = 0.0
    glare: float = 0.0
    jpeg_quality: int | None = None

    def __post_init__(self) -> None:
        _check(self, _CAMERA_RANGES, ())
        for name in ("frame_width_px", "frame_height_px"):
            object.__setattr__(self, name, integer(name, getattr(self, name), 16, 20_000))
        if self.jpeg_quality is not None:
            quality = integer("jpeg_quality, unless None,", self.jpeg_quality, 1, 100)
            object.__setattr__(self, "jpeg_quality", quality)

    @classmethod
    def at(cls, distance_mm: float, frame_width_px: int = 1920, fov_deg: float = 70.0, **others) -> "Camera":
        """The camera at a distance of its lens from the middle of the print; others: as for Camera."""
        distance_mm = number("distance_mm", distance_mm, 0.1, 1e7)
        camera = cls(1, frame_width_px, fov_deg=fov_deg, **others)
        most, least = (camera.focal_px / scale for scale in _CAMERA_RANGES["px_per_mm"])
        if not least <= distance_mm <= most:
            allowed = f"from {least:.4g} to {most:.4g} for this frame and field of view"
            raise ValueError(f"distance_mm must be a number {allowed}, not {distance_mm:g}")
        return replace(camera, px_per_mm=camera.focal_px / distance_mm)

    @property
    def focal_px(self) -> float:
        """The focal length in pixels."""
        return self.frame_width_px / 2 / tan(radians(self.fov_deg) / 2)

    @property
    def distance_mm(self) -> float:
        """From the lens to the middle of the print."""
        return self.focal_px / self.px_per_mm


# What a severity from 0 to 1 makes of a setting: its name, and (now, severity, width of the print) -> then.
_PROGRESSIVE: dict[str, tuple[str, Callable]] = {
    "distance": ("px_per_mm", lambda now, s, width: now / (1 + 9 * s)),
    "defocus": ("defocus_mm", lambda now, s, width: now + s * width / 10),
    "motion": ("motion_mm", lambda now, s, width: now + s * width / 10),
    "rotation": ("rotation_deg", lambda now, s, width: now + 90 * s - 360 * (now + 90 * s > 360)),
    "tilt": ("tilt_deg", lambda now, s, width: now + s * max(85 - now, 0)),
    "contrast": ("contrast", lambda now, s, width: now * (1 - s)),
    "exposure": ("exposure", lambda now, s, width: now * (1 - s)),
    "noise": ("noise", lambda now, s, width: now + s * max(0.5 - now, 0)),
    "shadow": ("shadow", lambda now, s, width: now + s * (1 - now)),
    "glare": ("glare", lambda now, s, width: now + s),
    "jpeg": ("jpeg_quality", lambda now, s, width: round((now or 100) - s * ((now or 100) - 1))),
}
OPTICS = tuple(_PROGRESSIVE)
_STEEPEST = radians(89.9)


def worsen(kind: str, severity: float, print: Print, camera: Camera) -> tuple[Print, Camera]:
    """Print and camera with one setting made worse; severity 0: as they are, 1: as below.

    kind: distance (ten times as far), defocus and motion (a tenth of the printed width more), rotation
    (90° more), tilt (85°), contrast and exposure (0), noise (0.5), shadow (1), glare (1 more), jpeg
    (quality 1, where none is a quality of 100).  In proportion between, so nested like other damage, and
    never beyond what the setting may be.
    """
    one_of("kind", kind, OPTICS)
    name, then = _PROGRESSIVE[kind]
    at = print if kind == "contrast" else camera
    if not (severity := number("severity", severity, 0, 1)):
        return print, camera
    value = then(getattr(at, name), severity, print.width_mm)
    if name in _CAMERA_RANGES:
        least, most = _CAMERA_RANGES[name]
        value = min(max(value, least), most)
    changed = replace(at, **{name: value})
    return (changed, camera) if kind == "contrast" else (print, changed)


def _turned(camera: Camera, sway) -> list[list[float]]:
    """3×3: print mm from its middle, x right and y down, to the frame's px from its middle.

    A turn in the print's plane, then a tilt by Rodrigues' formula.  (Plain numbers: quicker for so few.)
    """
    axis, spin = radians(camera.tilt_axis_deg), radians(camera.rotation_deg) + sway[2]
    a, b = (radians(camera.tilt_deg) * part + turn for part, turn in zip((cos(axis), sin(axis)), sway))
    tilt = hypot(a, b)
    a, b = (a / tilt, b / tilt) if tilt else (1.0, 0.0)
    near, rise = 1 - cos(min(tilt, _STEEPEST)), sin(min(tilt, _STEEPEST))
    tilted = (1 - near * b * b, near * a * b), (near * a * b, 1 - near * a * a), (-rise * b, rise * a)
    unit = camera.focal_px, camera.focal_px, 1
    rows = [
        [k * (p * cos(spin) + q * sin(spin)), k * (q * cos(spin) - p * sin(spin)), 0.0]
        for k, (p, q) in zip(unit, tilted)
    ]
    rows[2][2] = camera.distance_mm
    return rows


def project(matrix: np.ndarray, points) -> np.ndarray:
    """Points (k×2: x, y) through a 3×3 projection."""
    points = np.asarray(points, dtype=float) @ matrix[:, :2].T + matrix[:, 2]
    return points[:, :2] / points[:, 2:]


def _through(rows, x: float, y: float) -> tuple[float, float]:
    u, v, w = (a * x + b * y + c for a, b, c in rows)
    return u / w, v / w


def place(size: int, print: Print, camera: Camera, rng) -> tuple[np.ndarray, tuple[int, int]]:
    """Where a photograph shows a symbol of `size` modules: (3×3 projection, (height, width) in px).

    The projection takes modules, x right and y down from the symbol's top left corner, to pixels of the
    picture, from its top left corner (see `project`).  rng: as `photograph` is given it.
    ValueError for a tilt that puts part of the print behind the camera.
    """
    rng, half, mm = generator(rng), print.sheet_mm(size) / 2, print.module_mm(size)
    phase, sway = rng.random(2), rng.standard_normal(3).clip(-3, 3) * radians(camera.sway_deg)
    rows = _turned(camera, sway.tolist())
    if 1.5 * half >= camera.distance_mm:  # so near that no frame holds it, and a tilt may go behind
        steady = _turned(camera, (0, 0, 0))
        if half * (abs(steady[2][0]) + abs(steady[2][1])) >= camera.distance_mm:
            near = f"{camera.tilt_deg:g} for a print of {2 * half:.4g} mm at {camera.distance_mm:.4g} mm"
            raise ValueError(f"tilt_deg must keep the whole print in front of the camera, not {near}")
        if half * (abs(rows[2][0]) + abs(rows[2][1])) >= camera.distance_mm:
            rows = steady
    corners = [_through(rows, x, y) for x in (-half, half) for y in (-half, half)]
    ends = []
    for values, frame in zip(zip(*corners), (camera.frame_width_px, camera.frame_height_px)):
        spare = 4 + 0.02 * (max(values) - min(values))
        low, high = floor(min(values) - spare), ceil(max(values) + spare)
        ends.append((max(low, -(frame // 2)), min(high, frame - frame // 2)))
    (left, right), (top, bottom) = ends
    matrix = np.array(rows)
    matrix[:, :2] *= mm  # modules, from the middle of the symbol
    matrix[:, 2] -= matrix[:, :2].sum(axis=1) * (size / 2)
    matrix[:2] += np.outer(phase - (left, top), matrix[2])
    return matrix, (bottom - top, right - left)


def generator(rng) -> np.random.Generator:
    if isinstance(rng, np.random.Generator):
        return rng
    return np.random.default_rng(integer("rng, unless a numpy Generator,", rng, 0, 2**63 - 1))
