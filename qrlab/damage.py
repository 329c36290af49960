"""Damage as a field over the unit square: the lower the value at a point, the earlier it is reached.

A model draws its random parameters once and returns a `Damage`.  Coordinates: x runs from 0 at the
left to 1 at the right of the symbol without its quiet zone, y from 0 at the top to 1 at the bottom.
Severity is the share of that square's area reached, so damage is nested in severity, and one seed
lays the same damage on symbols of different sizes.  Nothing here decides what damage does to reading.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, reduce, wraps

import numpy as np

from qrlab.checks import integer, number, one_of
from qrlab.placement import layout
from qrlab.standard import Level

Field = Callable[[np.ndarray, np.ndarray], np.ndarray]
PAINTS = ("flip", "dark", "light")
_FLAKE = 2.0**-9  # a flake of ink as a share of the width, so that it is as large on an L and on an H print
_NEVER = 2**16 - 1
CORNERS = {"top left": (0, 0), "top right": (1, 0), "bottom left": (0, 1), "bottom right": (1, 1)}


def painted(values: np.ndarray, reached: np.ndarray | bool, paint: str, dark=True, light=False) -> np.ndarray:
    """A copy of `values` in which what is `reached` has its paint: the one rule of what damage does.

    values: bool modules, True = dark, or the greys of a print, whose ink and paper are `dark` and `light`;
    paint: "flip" (the other colour), "dark" or "light".
    """
    one_of("paint", paint, PAINTS)
    if paint == "flip":
        return np.where(reached, ~values if values.dtype == bool else dark + light - values, values)
    return np.where(reached, dark if paint == "dark" else light, values)


@dataclass(frozen=True)
class Damage:
    """One piece of damage, its random parameters drawn.

    kind: the model's name; field: (x, y) -> value, for a row of x and a column of y from 0 to 1;
    paint: what a reached module becomes: "flip" (the other colour), "dark" or "light";
    spare_finders: leave out the three finder patterns and their separators;
    by_module: its grain is the module, on a print too: whole modules are reached.
    """

    kind: str
    field: Field
    paint: str = "flip"
    spare_finders: bool = False
    by_module: bool = False

    def __post_init__(self) -> None:
        one_of("paint", self.paint, PAINTS)
        one_of("spare_finders", self.spare_finders, (True, False))

    def _values(self, n: int) -> np.ndarray:
        centres = (np.arange(n) + 0.5) / n
        return self.field(centres[None, :], centres[:, None])

    def order(self, n: int) -> np.ndarray:
        """Severity at which each module is reached: float n×n, above 0 and up to 1, inf for never.

        n: modules along one side, 21 to 177.  Modules of equal value are reached together, at the
        severity that completes them, so the share reached is never above the severity.
        """
        _version_of(n)
        values = np.broadcast_to(self._values(n), (n, n)).round(12)  # so that symmetry survives rounding
        return _severities(self._checked(values, n))

    def _checked(self, values: np.ndarray, n: int) -> np.ndarray:
        """`values`, a whole number of them to each module, without nan and with inf where it spares."""
        if np.isnan(values).any():
            raise ValueError(f"field must give numbers, not nan ({self.kind})")
        if self.spare_finders:
            spared = np.isin(layout(_version_of(n), Level.L).role, ("finder", "separator"))
            values[_enlarged(spared, len(values) // n)] = np.inf
        return values

    def reached(self, n: int, severity: float, px_per_module: int) -> np.ndarray:
        """Which pixels of a print are reached: bool, n·px_per_module square, no more than the severity.

        The same damage as `order` gives, on a finer grid: a scratch thinner than a module is thin.
        """
        severity = number("severity", severity, 0, 1)
        px_per_module = integer("px_per_module", px_per_module, 1, 1000)
        if self.by_module:
            return _enlarged(self.order(n) <= severity, px_per_module)
        steps, ordered = _on_print(self, n, px_per_module)
        count = int(severity * len(ordered) + 1e-9)
        return steps < (ordered[count] if count < len(ordered) else _NEVER)

    def apply(self, modules: np.ndarray, severity: float) -> np.ndarray:
        """A damaged copy of `modules` (bool n×n, True = dark) at a severity from 0 to 1."""
        modules = np.asarray(modules)
        if modules.dtype != bool or modules.ndim != 2 or len(set(modules.shape)) != 1:
            raise ValueError(f"modules must be a bool n×n array, not {modules.dtype} {modules.shape}")
        severity = number("severity", severity, 0, 1)
        return painted(modules, self.order(len(modules)) <= severity, self.paint)


@dataclass(frozen=True)
class _CodewordDamage(Damage):
    """Damage that takes whole codewords; field: (indices of the codewords, their blocks) -> value."""

    by_module: bool = True
    level: Level = Level.L  # the blocks depend on the level, the codewords' places do not

    def _values(self, n: int) -> np.ndarray:
        here = layout(_version_of(n), self.level)
        values = np.append(self.field(np.arange(len(here.block)), here.block), np.inf)
        return values[here.codeword]  # -1, no codeword, takes the last value


@lru_cache(maxsize=4)  # a trial's severities, one after another
def _on_print(damage: Damage, n: int, px: int) -> tuple[np.ndarray, np.ndarray]:
    """The field at the pixels of a print, and all its values in order: in _NEVER steps, quick to sort."""
    _version_of(n)
    values = damage._checked(np.broadcast_to(damage._values(n * px), (n * px, n * px)).copy(), n)
    never = np.isinf(values)
    low, high = values.min(), values.max(initial=-np.inf, where=~never)
    steps = ((np.minimum(values, high) - low) * ((_NEVER - 1) / max(high - low, 1e-12))).astype(np.uint16)
    steps[never] = _NEVER
    return steps, np.sort(steps, axis=None, kind="stable")


def _enlarged(small: np.ndarray, px: int) -> np.ndarray:
    return small.repeat(px, axis=1).repeat(px, axis=0)


MODELS: dict[str, Callable[..., Damage]] = {}


def _model(draw: Callable[..., Damage]) -> Callable[..., Damage]:
    """Enter a model in MODELS and give it what all have: rng, paint and spare_finders.

    rng: a numpy Generator, or a seed for one; paint: None for the model's own.
    """

    @wraps(draw)
    def model(rng, *, paint=None, spare_finders=False, **parameters) -> Damage:
        if not isinstance(rng, np.random.Generator):
            rng = np.random.default_rng(integer("rng, unless a numpy Generator,", rng, 0, 2**63 - 1))
        for name in parameters:
            one_of(f"parameters of {draw.__name__}", name, model.__signature__.parameters)
        damage = draw(rng, **parameters)
        paint = damage.paint if paint is None else paint
        return replace(damage, paint=paint, spare_finders=spare_finders)

    shared = list(inspect.signature(model, follow_wrapped=False).parameters.values())[1:3]
    own = inspect.signature(draw)
    model.__signature__ = own.replace(parameters=[*own.parameters.values(), *shared])
    MODELS[draw.__name__] = model
    return model


def _version_of(n: int) -> int:
    if integer("n", n, 21, 177) % 4 != 1:
        raise ValueError(f"n must be 17 + 4·version, that is 21, 25, … 177, not {n!r}")
    return (n - 17) // 4


def _severities(values: np.ndarray) -> np.ndarray:
    """The share of all values that are no greater, for each; inf stays inf."""
    flat = values.ravel()
    rank = np.argsort(flat)
    ordered = flat[rank]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, flat.size)
    shares = np.empty(flat.size)
    shares[rank] = np.repeat(ends, np.diff(ends, prepend=0)) / flat.size
    return np.where(np.isinf(values), np.inf, shares.reshape(values.shape))


def _key(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 63))


def _white(key: int, *coordinates: np.ndarray) -> np.ndarray:
    """White noise in 0 to 1 of whole-number coordinates: splitmix64's finalizer, a round for each."""
    z = np.uint64(key)
    with np.errstate(over="ignore"):  # 64-bit arithmetic wraps round on purpose
        for c in coordinates:
            z = (z ^ np.asarray(c).astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(float) * 2.0**-53


def _cells(x: np.ndarray, side: float) -> np.ndarray:
    return np.floor(x / max(side, 2.0**-20))  # a side of 0: each sampled point has a cell of its own


def _least(fields) -> np.ndarray:
    """The smallest of all at each point, one after another: a thousand need no memory for a thousand."""
    return reduce(np.minimum, fields)


def _angle(rng, angle: float | None, turn: float, count: int | None = None):
    """`angle`, in degrees, as radians; None: drawn from 0 to `turn`, `count` of them."""
    drawn = rng.uniform(0, turn, count)
    return drawn if angle is None else np.radians(number("angle", angle, -360, 360)) + 0 * drawn


@_model
def speckle(rng, *, grain=0.0) -> Damage:
    """Independent specks; grain: their side as a share of the width, 0: each module by itself."""
    key, grain = _key(rng), number("grain", grain, 0, 1)

    def field(x, y):
        return _white(key, _cells(x, grain), _cells(y, grain))

    return Damage("speckle", field, by_module=grain == 0)


@_model
def blot(rng, *, x=None, y=None) -> Damage:
    """One round blot that grows from x, y (each from 0 to 1; None: anywhere)."""
    cx, cy = rng.random(2)
    cx = cx if x is None else number("x", x, 0, 1)
    cy = cy if y is None else number("y", y, 0, 1)
    return Damage("blot", lambda x, y: _distance(x - cx, y - cy), "dark")


@_model
def blots(rng, *, count=5) -> Damage:
    """`count` round blots that grow together, the widest at most three times as wide as the narrowest."""
    count = integer("count", count, 1, 1000)
    centres, widths = rng.random((count, 2)), rng.uniform(0.5, 1.5, count)

    def field(x, y):
        return _least(_distance(x - cx, y - cy) / w for (cx, cy), w in zip(centres, widths))

    return Damage("blots", field, "dark")


def _distance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sqrt(x * x + y * y)  # np.hypot takes four times as long


def _to_segment(x, y, cx, cy, angle, length):
    """Distance of points to a segment of that centre, angle in radians and length."""
    along = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
    across = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
    return _distance(across, np.maximum(np.abs(along) - length / 2, 0))


@_model
def scratch(rng, *, count=1, length=1.0, angle=None) -> Damage:
    """Straight scratches that widen together.

    count: how many; length: as a share of the symbol's width; angle: degrees from horizontal,
    None: any, each scratch its own.
    """
    count, length = integer("count", count, 1, 1000), number("length", length, 0)
    centres, angles = rng.random((count, 2)), _angle(rng, angle, np.pi, count)

    def field(x, y):
        return _least(_to_segment(x, y, *centre, turn, length) for centre, turn in zip(centres, angles))

    return Damage("scratch", field, "light")


@_model
def crease(rng, *, angle=None, flaking=0.05) -> Damage:
    """One fold right across, from which the ink flakes off.

    angle: degrees from horizontal, None: any; flaking: how far from the fold, as a share of the
    symbol's width, flakes come off before the fold is bare; 0: a clean line.
    """
    flaking, turn = number("flaking", flaking, 0, 1), _angle(rng, angle, np.pi)
    (cx, cy), key = rng.uniform(0.2, 0.8, 2), _key(rng)

    def field(x, y):
        flakes = flaking * _white(key, _cells(x, _FLAKE), _cells(y, _FLAKE))
        return _to_segment(x, y, cx, cy, turn, np.inf) + flakes

    return Damage("crease", field, "light")


@_model
def tear(rng, *, corner=None, aspect=None) -> Damage:
    """A tear that grows from a corner: one of CORNERS, None: any.  One, "bottom right", has no finder.

    aspect: how far it runs along the horizontal edge over the vertical one; None: 1/2 to 2.
    """
    drawn, stretch = list(CORNERS)[rng.integers(4)], 2 ** rng.uniform(-1, 1)
    one_of("corner", corner := drawn if corner is None else corner, CORNERS)
    stretch = stretch if aspect is None else number("aspect", aspect, 0.01, 100)
    cx, cy = CORNERS[corner]
    return Damage("tear", lambda x, y: _distance((x - cx) / stretch, y - cy), "light")


@_model
def edge_wear(rng, *, roughness=0.03) -> Damage:
    """Wear from all four edges; roughness: how far it runs ahead in places, as a share of the width."""
    roughness, waves = number("roughness", roughness, 0, 1), _smooth_noise(rng, 0.1)

    def field(x, y):
        return np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + roughness * waves(x, y)

    return Damage("edge_wear", field, "light")


@_model
def logo(rng, *, shape="square", quiet_margin=False) -> Damage:
    """A centred logo; severity is the area that it covers.

    shape: "square" or "round"; quiet_margin: it stands on a light plate of its own, which covers with
    light (ink of width w with a margin m round it covers w + 2m); without one its ink covers with dark.
    """
    one_of("shape", shape, ("square", "round"))
    one_of("quiet_margin", quiet_margin, (True, False))
    distance = _distance if shape == "round" else lambda dx, dy: np.maximum(np.abs(dx), np.abs(dy))
    paint = "light" if quiet_margin else "dark"
    return Damage("logo", lambda x, y: distance(x - 0.5, y - 0.5), paint)


def _smooth_noise(rng, scale: float, waves: int = 64) -> Field:
    """Gaussian random field of unit variance and correlation exp(-(d/scale)²/2), as a sum of waves.

    Random Fourier features (Rahimi and Recht 2007).  x must be a row and y a column.
    """
    kx, ky = rng.normal(0, 1 / scale, (2, waves, 1))
    phase = rng.uniform(0, 2 * np.pi, (waves, 1))

    def field(x, y):
        a, b = kx * x, ky * y.T + phase  # cos(a + b), summed over the waves by two matrix products
        return (np.cos(b).T @ np.cos(a) - np.sin(b).T @ np.sin(a)) * np.sqrt(2 / waves)

    return field


@_model
def stain(rng, *, scale=0.1) -> Damage:
    """Smooth random patches, as in Wilson's study of 2021; scale: correlation length over width."""
    field = _smooth_noise(rng, number("scale", scale, 0.005, 10))
    return Damage("stain", field, "dark")


@_model
def fade(rng, *, angle=None, patchiness=0.1) -> Damage:
    """The print fades away from one side, unevenly.  patchiness: by how much, as a share of the width;
    angle: in degrees clockwise from the right, where the print lasts longest, None: any.
    """
    turn, key = _angle(rng, angle, 2 * np.pi), _key(rng)
    patchiness = number("patchiness", patchiness, 0, 1)

    def field(x, y):
        patches = _white(key, _cells(x, _FLAKE), _cells(y, _FLAKE))
        return x * np.cos(turn) + y * np.sin(turn) + patchiness * patches

    return Damage("fade", field, "light")


@_model
def dead_lines(rng, *, dots=200, direction=None) -> Damage:
    """Dead dots of a print head, each a line right across, one after another.

    dots: printer dots across the symbol (25 mm at 203 dpi: 200); a module is reached with the dot
    at its centre.  direction: "vertical" or "horizontal"; None: either.
    """
    dots, key, vertical = integer("dots", dots, 1, 1 << 20), _key(rng), rng.random() < 0.5
    if direction is not None:
        one_of("direction", direction, ("vertical", "horizontal"))
        vertical = direction == "vertical"
    return Damage("dead_lines", lambda x, y: _white(key, _cells(x if vertical else y, 1 / dots)), "light")


@_model
def codewords(rng) -> Damage:
    """Whole codewords at random and nothing else; severity is still a share of area, 8 modules each."""
    key = _key(rng)
    return _CodewordDamage("codewords", lambda k, block: _white(key, k))


@_model
def worst_codewords(rng, *, level=None) -> Damage:
    """Whole codewords in the worst case for symbols of `level` (needed): one block, then the next."""
    key, level = _key(rng), Level.parse(level)
    return _CodewordDamage("worst_codewords", lambda k, block: block + _white(key, k), level=level)
