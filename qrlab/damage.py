"""Damage as a field over the unit square: the lower the value at a point, the earlier it is reached.

A model draws its random parameters once and returns a `Damage`.  x runs from 0 at the left to 1 at the right
of the symbol without its quiet zone, y from 0 at the top to 1 at the bottom.  Severity is the share of that
area reached: damage is nested in severity, and one seed lays the same damage on symbols of different sizes.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, reduce, wraps

import numpy as np
from numpy.random import Generator

from qrlab.checks import integer, number, one_of
from qrlab.symbols import Level, layout

Field = Callable[[np.ndarray, np.ndarray], np.ndarray]
Draw = Callable[..., "Damage"]
Rng = Generator | int  # or the seed of one
PAINTS = ("flip", "dark", "light")
CORNERS = {"top left": (0, 0), "top right": (1, 0), "bottom left": (0, 1), "bottom right": (1, 1)}
_FLAKE = 2.0**-9  # a flake of ink as a share of the width, so that it is as large on an L and on an H print
_NEVER = 2**16 - 1


def generator(rng: Rng) -> Generator:
    """A Generator as it is, or that of a seed, 0 to 2^63 - 1; ValueError for anything else."""
    if not isinstance(rng, Generator):
        rng = integer("rng, unless a numpy Generator,", rng, 0, 2**63 - 1)
    return np.random.default_rng(rng)


def painted(
    values: np.ndarray, reached: np.ndarray | bool, paint: str, dark: float = True, light: float = False
) -> np.ndarray:
    """A copy of `values`, painted where it is `reached`: "flip" (to the other colour), "dark" or "light".
    values: bool modules, True = dark, or a print's greys, whose ink and paper are `dark` and `light`."""
    if paint == "flip":
        return values ^ reached if values.dtype == bool else np.where(reached, dark + light - values, values)
    return np.where(reached, dark if one_of("paint", paint, PAINTS) == "dark" else light, values)


@dataclass(frozen=True)
class Damage:
    """One piece of damage, of the model `kind`.
    field: (x, y) -> value, for a row of x and a column of y from 0 to 1; paint: as for `painted`;
    spare_finders: leave out finders and separators; by_module: reach whole modules, on a print too."""

    kind: str
    field: Field
    paint: str = "flip"
    spare_finders: bool = False
    by_module: bool = False

    def __post_init__(self) -> None:
        one_of("paint", self.paint, PAINTS)
        one_of("spare_finders", self.spare_finders, (True, False))

    def _values(self, n: int, px: int = 1) -> np.ndarray:
        """The field at px·px places in each of n×n modules, inf where it spares: a new float array."""
        if integer("n", n, 21, 177) % 4 != 1:
            raise ValueError(f"n must be 17 + 4·version, that is 21, 25, … 177, not {n!r}")
        side = n * px
        centres = (np.arange(side) + 0.5) / side
        values = np.array(np.broadcast_to(self.field(centres[None, :], centres[:, None]), (side, side)))
        if np.isnan(values).any():
            raise ValueError(f"field must give numbers, not nan ({self.kind})")
        if self.spare_finders:
            spared = np.isin(layout((n - 17) // 4, Level.L).role, ("finder", "separator"))
            values[spared.repeat(px, axis=0).repeat(px, axis=1)] = np.inf
        return values

    def order(self, n: int) -> np.ndarray:
        """Severity at which each of n×n modules, 21 to 177, is reached: above 0, up to 1, inf for never."""
        values = self._values(n).round(12)  # so that symmetry survives rounding
        _, place, counts = np.unique(values, return_inverse=True, return_counts=True)  # equal ones together
        shares = np.cumsum(counts)[place].reshape(n, n) / values.size
        return np.where(np.isinf(values), np.inf, shares)

    def reached(self, n: int, severity: float, px_per_module: int) -> np.ndarray:
        """Which pixels of a print are reached, bool, n·px_per_module square: as `order`, on a finer grid."""
        if self.by_module:
            modules = self.order(n) <= severity
            return modules.repeat(px_per_module, axis=0).repeat(px_per_module, axis=1)
        steps, ordered = _on_print(self, n, px_per_module)
        return steps < ordered[int(severity * steps.size + 1e-9)]

    def apply(self, modules: np.ndarray, severity: float) -> np.ndarray:
        """A damaged copy of `modules` (bool n×n, True = dark) at a severity from 0 to 1."""
        modules = np.asarray(modules)
        if modules.dtype != bool or modules.ndim != 2 or len(set(modules.shape)) != 1:
            raise ValueError(f"modules must be a bool n×n array, not {modules.dtype} {modules.shape}")
        return painted(modules, self.order(len(modules)) <= number("severity", severity, 0, 1), self.paint)


@lru_cache(maxsize=4)  # a trial's severities, one after another
def _on_print(damage: Damage, n: int, px: int) -> tuple[np.ndarray, np.ndarray]:
    """The field at a print's pixels in steps, which sort quickly, and all of them in order, then _NEVER."""
    values = damage._values(n, px)
    never = np.isinf(values)
    low, high = values.min(), values.max(initial=-np.inf, where=~never)
    steps = ((np.minimum(values, high) - low) * ((_NEVER - 1) / max(high - low, 1e-12))).astype(np.uint16)
    steps[never] = _NEVER
    return steps, np.append(np.sort(steps, axis=None, kind="stable"), np.uint16(_NEVER))


def _model(draw: Draw) -> Draw:
    """The model with what all have: rng may be a seed; paint, None: its own; and spare_finders."""

    @wraps(draw)
    def model(rng: Rng, *, paint: str | None = None, spare_finders: bool = False, **own: object) -> Damage:
        for name in own:
            one_of(f"parameters of {draw.__name__}", name, list(signature.parameters)[1:])
        damage = draw(generator(rng), **own)
        return replace(damage, paint=damage.paint if paint is None else paint, spare_finders=spare_finders)

    signature = inspect.signature(draw)
    shared = list(inspect.signature(model, follow_wrapped=False).parameters.values())[1:3]
    signature = signature.replace(parameters=[*signature.parameters.values(), *shared])
    model.__signature__ = signature  # type: ignore[attr-defined]
    return model


def _white(rng: Generator, side: float = 1.0) -> Callable[..., np.ndarray]:
    """White noise in 0 to 1, the same within cells `side` wide, 0: at one point (splitmix64's finalizer)."""
    key = rng.integers(1 << 63, dtype=np.uint64)

    def field(*coordinates: np.ndarray) -> np.ndarray:
        z = np.array([key])  # an array's 64-bit arithmetic wraps round in silence
        for c in coordinates:
            cell = np.floor(c / max(side, 2.0**-20)).astype(np.uint64)
            z = (z ^ cell) + np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z = z ^ (z >> np.uint64(31))
        return (z >> np.uint64(11)).astype(float) * 2.0**-53

    return field


def _smooth(rng: Generator, scale: float, waves: int = 64) -> Field:
    """Gaussian noise of unit variance and correlation exp(-(d/scale)²/2): waves (Rahimi and Recht 2007)."""
    kx, ky = rng.normal(0, 1 / scale, (2, waves, 1))
    phase = rng.uniform(0, 2 * np.pi, (waves, 1))

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        a, b = kx * x, ky * y.T + phase  # cos(a + b), summed over the waves by two matrix products
        return (np.cos(b).T @ np.cos(a) - np.sin(b).T @ np.sin(a)) * np.sqrt(2 / waves)

    return field


def _distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sqrt(x * x + y * y)  # np.hypot takes four times as long


def _directions(rng: Generator, angle: float | None, turn: float, count: int = 1) -> np.ndarray:
    """Cosines and sines, 2×count, of `angle`, in degrees, or of angles from 0 to `turn`, drawn each."""
    angles = rng.uniform(0, turn, count)
    if angle is not None:
        angles[:] = np.radians(number("angle", angle, -360, 360))
    return np.array([np.cos(angles), np.sin(angles)])


def speckle(rng: Generator, *, grain: float = 0.0) -> Damage:
    """Independent specks; grain: their side as a share of the width, 0: each module by itself."""
    return Damage("speckle", _white(rng, number("grain", grain, 0, 1)), by_module=grain == 0)


def blot(rng: Generator, *, x: float | None = None, y: float | None = None) -> Damage:
    """One round blot that grows from x, y (each from 0 to 1; None: anywhere)."""
    cx, cy = rng.random(2)
    cx = cx if x is None else number("x", x, 0, 1)
    cy = cy if y is None else number("y", y, 0, 1)
    return Damage("blot", lambda x, y: _distance(x - cx, y - cy), "dark")


def blots(rng: Generator, *, count: int = 5) -> Damage:
    """`count` round blots that grow together, the widest at most three times as wide as the narrowest."""
    centres = rng.random((integer("count", count, 1, 1000), 2))
    widths = rng.uniform(0.5, 1.5, count)

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        each = (_distance(x - cx, y - cy) / width for (cx, cy), width in zip(centres, widths))
        return reduce(np.minimum, each)  # one after another: a thousand need no memory for a thousand

    return Damage("blots", field, "dark")


def scratch(rng: Generator, *, count: int = 1, length: float = 1.0, angle: float | None = None) -> Damage:
    """`count` scratches that widen together, `length` widths long, `angle` degrees steep (None: any each)."""
    centres = rng.random((integer("count", count, 1, 1000), 2))
    lines = np.column_stack([centres, *_directions(rng, angle, np.pi, count)])
    half = number("length", length, 0) / 2

    def away(x: np.ndarray, y: np.ndarray, cx: float, cy: float, cos: float, sin: float) -> np.ndarray:
        along = (x - cx) * cos + (y - cy) * sin
        across = (y - cy) * cos - (x - cx) * sin
        return _distance(across, np.maximum(np.abs(along) - half, 0))

    return Damage("scratch", lambda x, y: reduce(np.minimum, (away(x, y, *line) for line in lines)), "light")


def crease(rng: Generator, *, angle: float | None = None, flaking: float = 0.05) -> Damage:
    """A fold right across, at `angle` degrees (None: any); ink flakes off up to `flaking` widths from it."""
    flaking = number("flaking", flaking, 0, 1)
    cos, sin = _directions(rng, angle, np.pi)
    cx, cy = rng.uniform(0.2, 0.8, 2)
    chip = _white(rng, _FLAKE)
    return Damage("crease", lambda x, y: abs((y - cy) * cos - (x - cx) * sin) + flaking * chip(x, y), "light")


def tear(rng: Generator, *, corner: str | None = None, aspect: float | None = None) -> Damage:
    """A tear from `corner` (of CORNERS, None: any), `aspect` times as far across as down (None: 1/2 to 2)."""
    drawn = list(CORNERS)[rng.integers(4)]
    stretch = 2 ** rng.uniform(-1, 1)
    cx, cy = CORNERS[one_of("corner", drawn if corner is None else corner, CORNERS)]
    stretch = stretch if aspect is None else number("aspect", aspect, 0.01, 100)
    return Damage("tear", lambda x, y: _distance((x - cx) / stretch, y - cy), "light")


def edge_wear(rng: Generator, *, roughness: float = 0.03) -> Damage:
    """Wear from all four edges, which runs ahead in places by about `roughness` widths."""
    roughness = number("roughness", roughness, 0, 1)
    ahead = _smooth(rng, 0.1)
    return Damage(
        "edge_wear", lambda x, y: reduce(np.minimum, (x, 1 - x, y, 1 - y)) + roughness * ahead(x, y), "light"
    )


def logo(rng: Generator, *, shape: str = "square", quiet_margin: bool = False) -> Damage:
    """A centred logo; shape: "square" or "round"; quiet_margin: on a light plate (light covers, not dark)."""
    one_of("shape", shape, ("square", "round"))
    one_of("quiet_margin", quiet_margin, (True, False))
    distance = _distance if shape == "round" else lambda dx, dy: np.maximum(np.abs(dx), np.abs(dy))
    return Damage("logo", lambda x, y: distance(x - 0.5, y - 0.5), "light" if quiet_margin else "dark")


def stain(rng: Generator, *, scale: float = 0.1) -> Damage:
    """Smooth random patches, as in Wilson's study of 2021; scale: correlation length over width."""
    return Damage("stain", _smooth(rng, number("scale", scale, 0.005, 10)), "dark")


def fade(rng: Generator, *, angle: float | None = None, patchiness: float = 0.1) -> Damage:
    """The print fades, last at `angle` degrees clockwise from the right; patchiness: in widths, 0: evenly."""
    patchiness = number("patchiness", patchiness, 0, 1)
    cos, sin = _directions(rng, angle, 2 * np.pi)
    patch = _white(rng, _FLAKE)
    return Damage("fade", lambda x, y: x * cos + y * sin + patchiness * patch(x, y), "light")


def dead_lines(rng: Generator, *, dots: int = 200, direction: str | None = None) -> Damage:
    """A print head's dead dots, of `dots` (25 mm at 203 dpi: 200); direction: "vertical" or "horizontal"."""
    white = _white(rng, 1 / integer("dots", dots, 1, 1 << 20))
    drawn = "vertical" if rng.random() < 0.5 else "horizontal"
    way = one_of("direction", drawn if direction is None else direction, ("vertical", "horizontal"))
    return Damage("dead_lines", lambda x, y: white(x if way == "vertical" else y), "light")


def codewords(rng: Generator) -> Damage:
    """Whole codewords at random and nothing else; severity is still a share of area, 8 modules each."""
    white = _white(rng)

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        codeword = layout((x.size - 17) // 4, Level.L).codeword
        return np.append(white(np.arange(codeword.max() + 1)), np.inf)[codeword]  # -1, none: the last value

    return Damage("codewords", field, by_module=True)


def worst_codewords(rng: Generator, *, level: Level | str | None = None) -> Damage:
    """Whole codewords in the worst case for symbols of `level` (needed): one block, then the next."""
    level, drawn = Level.parse(level), codewords(rng).field

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        here = layout((x.size - 17) // 4, level)
        return drawn(x, y) + here.block[here.codeword]  # inf in no codeword

    return Damage("worst_codewords", field, by_module=True)


_AREAS: list[Draw] = [speckle, blot, blots, scratch, crease, tear, edge_wear, logo, stain, fade, dead_lines]
MODELS = {draw.__name__: _model(draw) for draw in [*_AREAS, codewords, worst_codewords]}
