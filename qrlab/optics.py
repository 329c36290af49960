"""What a printer makes of a symbol, and where a camera sees it.

Lengths are in millimetres on the print, angles in degrees, light and reflectance from 0 to 1 (white).
"""

from dataclasses import dataclass, replace
from math import ceil, cos, floor, hypot, radians, sin, tan
from typing import Annotated, Any, Self

import cv2
import numpy as np

from qrlab.checks import in_ranges, number, one_of
from qrlab.damage import Rng, generator

MM_PER_INCH = 25.4


@dataclass(frozen=True)
class Print:
    """A symbol's print.
    width_mm: the printed width, quiet zone included or not (quiet_zone_included); dpi: dots per inch, whole
    ones to a module, the rest stays blank; None: modules of any size; quiet_zone: modules on each side;
    ink_spread_mm: at each edge, below 0 it shrinks; paper: its reflectance; contrast: the paper's less the
    ink's, ISO/IEC 15415's.  ValueError out of range.  The defaults are assumptions: a good print on white."""

    width_mm: Annotated[float, (0.1, 1e4)]
    dpi: Annotated[float | None, (1, 1e5)] = None
    quiet_zone: Annotated[int, (0, 100)] = 4
    quiet_zone_included: bool = True
    ink_spread_mm: Annotated[float, (-1, 1)] = 0.0
    paper: Annotated[float, (0, 1)] = 0.85
    contrast: Annotated[float, (0, 1)] = 0.8

    def __post_init__(self) -> None:
        in_ranges(self)
        one_of("quiet_zone_included", self.quiet_zone_included, (True, False))
        number("contrast on this paper", self.contrast, 0, self.paper)

    def across(self, size: int) -> int:
        """Modules along the printed width."""
        return size + 2 * self.quiet_zone * self.quiet_zone_included

    def dots_per_module(self, size: int) -> int | None:
        """Whole printer dots along one side of a module, for a symbol of `size` modules; None without dpi."""
        return None if self.dpi is None else round(self.module_mm(size) * self.dpi / MM_PER_INCH)

    def module_mm(self, size: int) -> float:
        """The side of a module in millimetres, for a symbol of `size` modules (Symbol.size)."""
        across = self.across(size)
        if self.dpi is None:
            return self.width_mm / across
        dots = int(self.width_mm * self.dpi / MM_PER_INCH / across + 1e-9)
        if dots == 0:
            least = ceil(10 * across * MM_PER_INCH / self.dpi) / 10
            why = f"for one dot a module ({across} modules at {self.dpi:g} dpi)"
            raise ValueError(f"width_mm must be at least {least:.1f} {why}, not {self.width_mm:.15g}")
        return dots * MM_PER_INCH / self.dpi

    def sheet_mm(self, size: int) -> float:
        """The width of symbol, quiet zone and what remains blank."""
        return max(self.width_mm, (size + 2 * self.quiet_zone) * self.module_mm(size))


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks at the middle of a print, with a blurred and noisy sensor.
    px_per_mm: at the middle of the print (`at`: by distance); frame_width_px, frame_height_px: what does not
    fit is cut off; fov_deg: how wide the frame sees; lens_blur_px: standard deviation of lens and sensor;
    defocus_mm: diameter of the disc that a point becomes; motion_mm: of the print while exposed, sideways;
    rotation_deg: of the print, clockwise; tilt_deg: about an axis at tilt_axis_deg from the horizontal;
    sway_deg: standard deviation of rotation and tilts between pictures; exposure: light from a white surface,
    clipped above 1; noise: its standard deviation; shadow: share of the light missing beyond a soft edge
    across the symbol; glare: light added by a reflection somewhere on it, a fifth of it in radius;
    jpeg_quality: None: not compressed.  ValueError out of range.  The defaults are assumptions: a frame as of
    a phone's video preview, a steady hand, good light and focus."""

    px_per_mm: Annotated[float, (1e-6, 1e4)]
    frame_width_px: Annotated[int, (16, 20_000)] = 1920
    frame_height_px: Annotated[int, (16, 20_000)] = 1080
    fov_deg: Annotated[float, (1, 170)] = 70.0
    lens_blur_px: Annotated[float, (0, 100)] = 0.5
    defocus_mm: Annotated[float, (0, 1e3)] = 0.0
    motion_mm: Annotated[float, (0, 1e3)] = 0.0
    rotation_deg: Annotated[float, (-360, 360)] = 0.0
    tilt_deg: Annotated[float, (0, 89.9)] = 0.0
    tilt_axis_deg: Annotated[float, (-360, 360)] = 0.0
    sway_deg: Annotated[float, (0, 15)] = 2.0
    exposure: Annotated[float, (0, 100)] = 1.0
    noise: Annotated[float, (0, 1)] = 0.01
    shadow: Annotated[float, (0, 1)] = 0.0
    glare: Annotated[float, (0, 10)] = 0.0
    jpeg_quality: Annotated[int | None, (1, 100)] = None

    def __post_init__(self) -> None:
        in_ranges(self)

    @classmethod
    def at(cls, distance_mm: float, frame_width_px: int = 1920, fov_deg: float = 70.0, **others: Any) -> Self:
        """The camera at a distance of its lens from the middle of the print; others: as for Camera."""
        camera = cls(1.0, frame_width_px, fov_deg=fov_deg, **others)
        return replace(camera, px_per_mm=camera.focal_px / number("distance_mm", distance_mm, 0.1, 1e7))

    @property
    def focal_px(self) -> float:
        """The focal length in pixels."""
        return self.frame_width_px / 2 / tan(radians(self.fov_deg) / 2)

    @property
    def distance_mm(self) -> float:
        """From the lens to the middle of the print."""
        return self.focal_px / self.px_per_mm


def fitting_px(printed: Print, camera: Camera, size: int) -> float:
    """Pixels a module at which symbol (`size` modules) and quiet zone fill 0.8 of the frame's height."""
    return 0.8 * camera.frame_height_px / (size + 2 * printed.quiet_zone)


def _turned(camera: Camera, sway: list[float]) -> np.ndarray:
    """3×3: mm on the print to px, from the middle, x right and y down; sway: radians, two of tilt, a turn."""
    tilt, axis = radians(camera.tilt_deg), radians(camera.tilt_axis_deg)
    a, b = tilt * cos(axis) + sway[0], tilt * sin(axis) + sway[1]
    less = min(radians(89.9) / max(hypot(a, b), 1e-9), 1)
    matrix: np.ndarray = cv2.Rodrigues(np.array([a * less, b * less, 0]))[0]
    matrix[:2] *= camera.focal_px
    matrix = matrix @ cv2.Rodrigues(np.array([0, 0, radians(camera.rotation_deg) + sway[2]]))[0]
    matrix[:, 2] = 0, 0, camera.distance_mm
    return matrix


def project(matrix: np.ndarray, points: object) -> np.ndarray:
    """Points (k×2: x, y) through a 3×3 projection."""
    projected = np.asarray(points, dtype=float) @ matrix[:, :2].T + matrix[:, 2]
    return projected[:, :2] / projected[:, 2:]


def place(size: int, printed: Print, camera: Camera, rng: Rng) -> tuple[np.ndarray, tuple[int, int]]:
    """Where a photograph shows a symbol of `size` modules: a 3×3 projection of modules, x right and y down
    from its top left corner, to px from the picture's own; and the picture's (height, width) in px.
    rng: as for `photograph`.  ValueError where a tilt puts part of it behind the camera."""
    rng = generator(rng)
    phase = rng.random(2)
    sway = rng.standard_normal(3).clip(-3, 3) * radians(camera.sway_deg)
    half = printed.sheet_mm(size) / 2
    matrix = _turned(camera, sway.tolist())
    if 1.5 * half >= camera.distance_mm:  # so near that a tilt may put a corner behind the camera
        steady = _turned(camera, [0, 0, 0])
        if half * np.abs(steady[2, :2]).sum() >= camera.distance_mm:
            near = f"{camera.tilt_deg:g} for a print of {2 * half:.4g} mm at {camera.distance_mm:.4g} mm"
            raise ValueError(f"tilt_deg must keep the whole print in front of the camera, not {near}")
        if half * np.abs(matrix[2, :2]).sum() >= camera.distance_mm:
            matrix = steady
    corners = project(matrix, [(-half, -half), (-half, half), (half, -half), (half, half)])
    start, extent = [], []
    for at, frame in zip(corners.T.tolist(), (camera.frame_width_px, camera.frame_height_px)):
        spare = 4 + 0.02 * (max(at) - min(at))
        start.append(max(floor(min(at) - spare), -(frame // 2)))
        extent.append(min(ceil(max(at) + spare), frame - frame // 2) - start[-1])
    matrix[:, :2] *= printed.module_mm(size)  # modules, from the middle of the symbol
    matrix[:, 2] -= (matrix[:, 0] + matrix[:, 1]) * (size / 2)
    matrix[:2] += (phase - start)[:, None] * matrix[2]
    return matrix, (extent[1], extent[0])
