"""Scenes: what trials show, which follows from scene, seed and the trial's number alone."""

import inspect
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import Annotated

import numpy as np

from qrlab.checks import in_ranges, integer, named, of_type, one_of
from qrlab.damage import MODELS, Damage, painted
from qrlab.imaging import photograph, render
from qrlab.optics import Camera, Print, place
from qrlab.symbols import ALPHABETS, Level, Symbol, capacity, make, size_of, smallest_version, too_long


@dataclass(frozen=True)
class Wear:
    """One kind of damage as it is spread over many prints.

    kind: a key of damage.MODELS; share: of all prints, that bear it, 0 to 1; typical: its median severity on
    these; spread: by how much the severity that one in twenty of these exceeds is greater, 1 (all alike) or
    more.  Between them severities are log-normal, and 1 at most."""

    kind: str
    share: Annotated[float, (0, 1)] = 1.0
    typical: Annotated[float, (0, 1)] = 0.02
    spread: Annotated[float, (1, 100)] = 3.0

    def __post_init__(self) -> None:
        one_of("kind", self.kind, MODELS)
        in_ranges(self)


@dataclass(frozen=True)
class Mix:
    """Damage as prints bear it: each print one of `wear`, by their shares, or none.

    bands: where bands of severities end, as shares of the prints of a kind: 0 to 1, increasing.  With some,
    trials are of each stratum in turn: a kind of wear and a band, or good prints; see `strata`."""

    wear: tuple[Wear, ...]
    bands: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "wear", tuple(self.wear))
        kinds = [of_type("wear", wear, Wear).kind for wear in self.wear]
        if len(set(kinds)) < len(kinds):
            raise ValueError(f"wear must have each kind once, not {', '.join(kinds)}")
        total = sum(wear.share for wear in self.wear)
        if total > 1 + 1e-9:
            raise ValueError(f"share must add up to at most 1 over all wear, not {total:.10g}")

    @cached_property
    def strata(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Strata as rectangles of the unit square (left, right, bottom, top), in which prints stand from the
        left by kind of wear and upwards by severity; their areas, which are their shares of all prints; and
        the strata of some 100 trials, which repeat: of each as many as its share to the power of 3/4 says."""
        if not self.bands:
            return np.array([[0.0, 1.0, 0.0, 1.0]]), np.ones(1), np.zeros(1, int)
        ends = [*accumulate((wear.share for wear in self.wear), initial=0.0), 1.0]
        bands = [*(self.bands if wear.spread > 1 else () for wear in self.wear), ()]
        square = [(*x, *y) for *x, its in zip(ends, ends[1:], bands) for y in pairwise([0.0, *its, 1.0])]
        strata = np.array([stratum for stratum in square if stratum[1] - stratum[0] > 1e-9])
        left, right, bottom, top = strata.T
        shares = (right - left) * (top - bottom)
        times = 100 * shares**0.75 / (shares**0.75).sum()
        turn = np.repeat(np.arange(len(shares)), np.ceil(times).astype(int))
        return strata, shares, np.random.default_rng(0).permutation(turn)  # neighbours share contents

    def drawn(self, seed: int, trial: int) -> tuple[str, float]:
        """Kind and severity of the damage that the print of a trial bears; ("none", 0) for a good one."""
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3, trial)))
        strata, _, turn = self.strata
        left, right, bottom, top = strata[turn[trial % len(turn)]]
        place = left + (right - left) * rng.random()
        above = NormalDist().inv_cdf(bottom + (top - bottom) * rng.uniform(1e-12, 1)) / 1.6449  # of 1 in 20
        for wear in self.wear:
            if place < wear.share:
                return wear.kind, float(min(wear.typical * wear.spread**above, 1.0))
            place -= wear.share
        return "none", 0.0


@dataclass(frozen=True)
class Scene:
    """All that a picture depends on, apart from severity and trial; ValueError for what can't be.

    content, or random ones of `payload` bytes, or characters of `mode`, each for `alike` trials; level,
    version (None: the smallest) and mask of the symbol; damage: "none", a key of damage.MODELS, with its
    parameters, or a Mix, of which each trial draws kind and severity; px_per_module and quiet_zone of a
    flawless picture, or, for a photograph, printed and camera."""

    content: str | bytes | None = field(default=None, repr=False)  # it may be a secret
    payload: int | None = None
    mode: str = "byte"
    alike: Annotated[int, (1, 10**9)] = 1
    level: Level = Level.M
    version: Annotated[int | None, (1, 40)] = None
    mask: Annotated[int | None, (0, 7)] = None
    damage: str | Mix = "none"
    parameters: tuple[tuple[str, object], ...] = ()
    px_per_module: Annotated[int, (1, 100)] = 4
    quiet_zone: Annotated[int, (0, 100)] = 4
    printed: Print | None = None
    camera: Camera | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", Level.parse(self.level))
        one_of("mode", self.mode, ALPHABETS)
        in_ranges(self)
        object.__setattr__(self, "version", version := self._version())
        if self.printed is not None or self.camera is not None:
            printed, camera = of_type("printed", self.printed, Print), of_type("camera", self.camera, Camera)
            named("print_", printed.module_mm, size_of(version))
            named("camera_", place, size_of(version), printed, camera, rng=0)
        if not isinstance(self.damage, Mix) and one_of("damage", self.damage, ["none", *MODELS]) != "none":
            allowed = list(inspect.signature(MODELS[self.damage]).parameters)[1:]  # without rng
            for name, _ in self.parameters:
                one_of(f"parameters of {self.damage}", name, allowed)
            named("damage_", MODELS[self.damage], 0, **dict(self.parameters))
        elif self.parameters:
            raise ValueError(f"damage_{self.parameters[0][0]} must go with a damage, not with {self.damage}")

    def _version(self) -> int:
        if self.content is not None and self.payload is None:
            return make(self.content, self.level, version=self.version, mask=self.mask).version
        if self.content is not None or self.payload is None:
            raise ValueError(f"either content or payload must be given, not payload {self.payload!r}")
        payload = integer("payload", self.payload, 1, capacity(40, Level.L, self.mode))
        object.__setattr__(self, "payload", payload)
        version = self.version or smallest_version(payload, self.level, self.mode)
        if version is None or capacity(version, self.level, self.mode) < payload:
            raise ValueError(f"payload: {too_long(payload, self.mode, self.level, self.version)}")
        return version

    def trial(self, seed: int, number: int) -> "Trial":
        """What trial `number` shows; of a payload, content `number` // `alike`."""
        content = self.content or b""
        if self.payload is not None:
            content = random_content(seed, self.payload, number // self.alike, self.mode)
        symbol = make(content, self.level, version=self.version, mask=self.mask)
        kind, factor, damage = self.damage, 1.0, None
        if isinstance(kind, Mix):
            kind, factor = kind.drawn(seed, number)
        if kind != "none":
            damage = MODELS[kind](np.random.default_rng([seed, number]), **dict(self.parameters))
        return Trial(self, symbol, damage, factor, seed, number)


@dataclass(frozen=True)
class Trial:
    """A scene's symbol and its damage, which is the same, trial by trial, whatever the symbol.

    factor: what severity, from 0 to 1, is multiplied by: for a Mix, what the trial drew."""

    scene: Scene
    symbol: Symbol
    damage: Damage | None
    factor: float
    seed: int
    number: int

    @cached_property
    def _order(self) -> np.ndarray:
        assert self.damage is not None
        return self.damage.order(self.symbol.size)

    def modules(self, severity: float) -> np.ndarray:
        """The damaged modules, bool n×n."""
        if self.damage is None:
            return self.symbol.modules
        return painted(self.symbol.modules, self._order <= severity * self.factor, self.damage.paint)

    def picture(self, severity: float) -> np.ndarray:
        """The picture that a reader is shown, uint8 height×width."""
        scene = self.scene
        if scene.printed is None or scene.camera is None:
            return render(self.modules(severity), scene.px_per_module, scene.quiet_zone)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(2, self.number)))
        return photograph(self.symbol, scene.printed, scene.camera, rng, self.damage, severity * self.factor)


@lru_cache(maxsize=4096)
def random_content(seed: int, payload: int, number: int, mode: str = "byte") -> str | bytes:
    """Content number `number` of `payload` bytes, or characters of `mode`; the same for every level.

    In byte mode: bytes, of the characters of web addresses."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, payload, number)))
    content = rng.choice(np.frombuffer(ALPHABETS[mode].encode(), np.uint8), payload).tobytes()
    return content if mode == "byte" else content.decode()
