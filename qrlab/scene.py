"""Scenes: what a trial shows, from the scene, the seed and its number alone; and designs, data frames of
conditions, read into scenes.  Nothing here carries out a trial.

A design's columns are named in CONDITIONS, with three families beside them: damage_NAME, a parameter of
the damage, print_NAME, a setting of the print, and camera_NAME, one of the camera.
"""

import inspect
import itertools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache, lru_cache

import numpy as np
import pandas as pd

from qrlab.checks import integer, named, number, one_of
from qrlab.damage import MODELS, painted
from qrlab.imaging import photograph, render
from qrlab.optics import OPTICS, Camera, Print, place, worsen
from qrlab.readers import unavailable
from qrlab.scenario import Mix
from qrlab.standard import ALPHABETS, UNITS, Level, capacity, ordered, smallest_version
from qrlab.symbols import Symbol, make

FAMILIES = ("damage_", "print_", "camera_")
_OWN = ("content", "payload", "mode", "contents", "level", "version", "mask", "damage")
_RENDERED = {"px_per_module": 4, "quiet_zone": 4}
_DEFAULTS = {"level": "M", "damage": "none", "reader": "zxing"}
_PRINT = [field.name for field in fields(Print)]
_CAMERA = [field.name for field in fields(Camera)] + ["distance_mm"]
CONDITIONS = (*_OWN, "severity", *_RENDERED, "reader")


@dataclass(frozen=True)
class Scene:
    """All that a picture depends on, apart from severity and trial.

    content, or None for `contents` random ones of `payload` bytes, or characters of `mode`, in turn;
    damage: its name, with its parameters, or a Mix, of which each trial draws kind and severity;
    either px_per_module and quiet_zone, for a flawless picture, or print and camera.
    """

    content: str | bytes | None
    payload: int | None
    contents: int
    level: str
    version: int | None
    mask: int | None
    damage: str | Mix
    parameters: tuple[tuple[str, object], ...]
    px_per_module: int | None
    quiet_zone: int | None
    print: Print | None = None
    camera: Camera | None = None
    mode: str = "byte"

    def symbol(self, seed: int, trial: int) -> Symbol:
        """The symbol of a trial; of a payload, content number `trial` modulo `contents`."""
        content = self.content
        if content is None:
            content = random_content(seed, self.payload, trial % self.contents, self.mode)
        return make(content, self.level, version=self.version, mask=self.mask)

    def pictures(self, seed: int, trial: int) -> tuple[Symbol, Callable, Callable]:
        """The symbol of a trial, and functions of severity: its damaged modules, and the picture of it.

        Trial by trial the damage is the same whatever the symbol; for a Mix, severity is a factor.
        """
        symbol, kind, scale = self.symbol(seed, trial), self.damage, 1.0
        if isinstance(kind, Mix):
            kind, scale = kind.drawn(seed, trial)
        damage = None
        if kind in MODELS:
            damage = MODELS[kind](np.random.default_rng([seed, trial]), **dict(self.parameters))
        order = cache(lambda: damage.order(symbol.size))  # photographs alone do without it

        def modules(severity: float) -> np.ndarray:
            if damage is None:
                return symbol.modules
            return painted(symbol.modules, order() <= severity * scale, damage.paint)

        def picture(severity: float) -> np.ndarray:
            if self.camera is None:
                return render(modules(severity), self.px_per_module, self.quiet_zone)
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2, trial)))
            worse = kind if kind in OPTICS else damage
            return photograph(symbol, self.print, self.camera, rng, worse, severity * scale)

        return symbol, modules, picture


@lru_cache(maxsize=4096)
def random_content(seed: int, payload: int, number: int, mode: str = "byte") -> str | bytes:
    """Content number `number` of `payload` bytes, or characters of `mode`; the same for every level.

    In byte mode: bytes, of the characters of web addresses.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, payload, number)))
    content = rng.choice(np.frombuffer(ALPHABETS[mode].encode(), np.uint8), payload).tobytes()
    return content if mode == "byte" else content.decode()


def plan(design: pd.DataFrame | Mapping) -> tuple[pd.DataFrame, dict[Scene, list]]:
    """The complete conditions, and for each scene its cells: (row, severity, reader)."""
    given, left_out = _frame(design), {}
    complete, scenes = [], {}
    for k, row in enumerate(given.to_dict("records")):
        try:
            scene, severity, reader = condition(row)
        except ValueError as problem:
            raise ValueError(f"design, row {k}: {problem}") from None
        if why_not := left_out.get(reader) or unavailable(reader):
            left_out[reader] = why_not
            continue
        cells = scenes.setdefault(scene, [])
        if (severity, reader) in [cell[1:] for cell in cells]:
            raise ValueError(f"design must have each condition once, not row {k} again")
        cells.append((len(complete), severity, reader))
        complete.append(_complete(row, scene, severity, reader))
    for reader, why_not in left_out.items():
        warnings.warn(f"reader {reader} is left out: {why_not}", stacklevel=3)
    if not complete:
        raise ValueError(f"design must have a condition with an available reader, not {left_out or 'none'}")
    table = pd.DataFrame(complete)
    table["level"] = ordered(table.level)
    table.attrs["left_out"] = left_out
    return table, scenes


def _frame(design: pd.DataFrame | Mapping) -> pd.DataFrame:
    if isinstance(design, Mapping):
        lists = [list(v) if pd.api.types.is_list_like(v) else [v] for v in design.values()]
        design = pd.DataFrame(itertools.product(*lists), columns=list(design), dtype=object)
    if not isinstance(design, pd.DataFrame):
        raise ValueError(f"design must be a data frame or a mapping, not {type(design).__name__}")
    for name in design.columns:
        if not str(name).startswith(FAMILIES):
            families = ", ".join(f"{family}NAME" for family in FAMILIES)
            one_of(f"columns of design, apart from {families},", name, CONDITIONS)
    if not design.columns.is_unique:
        raise ValueError(f"columns of design must be there once each, not {', '.join(map(str, design))}")
    if ("content" in design) == ("payload" in design):
        raise ValueError("design must have either content or payload, not " + ", ".join(map(str, design)))
    return design.reset_index(drop=True)


def _none(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _plain(value: object) -> object:
    """numpy's scalars as Python's; whole floats, as missing values in a column make them, as int."""
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def condition(row: dict) -> tuple[Scene, float, str]:
    """Scene, severity and reader of a design's row, checked; missing values are the defaults."""
    if any(_none(row.get(name, "")) for name in ("content", "payload")):
        raise ValueError(f"{'content' if 'content' in row else 'payload'} must be given, not None")
    row = _DEFAULTS | {k: _plain(v) for k, v in row.items() if not _none(v)}
    for name in ("contents", "mode"):
        if "content" in row and name in row:
            raise ValueError(f"{name} must go with payload, not with content")
    severity = number("severity", row.get("severity", float(isinstance(row["damage"], Mix))), 0, 1)
    unavailable(row["reader"])  # an unknown one raises
    parts = (
        row.get("content"),
        row.get("payload"),
        row.get("mode", "byte"),
        row.get("contents", 8),
        *(row.get(name) for name in ("level", "version", "mask", "damage")),
        *(tuple(sorted(_family(row, family).items())) for family in FAMILIES),
        tuple((k, row[k]) for k in _RENDERED if k in row),
        tuple(map(type, row.values())),  # True is 1 where it is looked up
    )
    try:
        scene = _scene(*parts)
    except TypeError:  # a value that can't be looked up: a list, say
        scene = _scene.__wrapped__(*parts)
    for kind, most in _severest(scene.damage, severity):
        if kind in OPTICS:
            worse = worsen(kind, most, scene.print, scene.camera)
            named("camera_", place, 17 + 4 * scene.version, *worse, rng=0)
    return scene, severity, row["reader"]


def _severest(damage: str | Mix, severity: float) -> list[tuple[str, float]]:
    """Each kind of damage that a trial may bear, and how severe it may be."""
    return [(w.kind, severity) for w in damage.wear] if isinstance(damage, Mix) else [(damage, severity)]


def _family(row: dict, family: str) -> dict[str, object]:
    """The settings of one family in a row, without its name before theirs."""
    return {k.removeprefix(family): v for k, v in row.items() if k.startswith(family)}


@lru_cache(maxsize=4096, typed=True)
def _scene(
    content, payload, mode, contents, level, version, mask, damage, parameters, prints, camera, drawn, types
) -> Scene:
    level = Level.parse(level)
    if content is not None:
        version = make(content, level, version=version, mask=mask).version
    else:
        one_of("mode", mode, ALPHABETS)
        payload = integer("payload", payload, 1, capacity(40, Level.L, mode))
        contents = integer("contents", contents, 1, 10**9)
        if mask is not None:
            mask = integer("mask", mask, 0, 7)
        if version is None:
            version = smallest_version(payload, level, mode)
        held = capacity(40 if version is None else version, level, mode)
        if held < payload:
            which = f"version {version or '40, the largest,'} at level {level}"
            raise ValueError(f"payload must be at most {held:,} {UNITS[mode]} for {which}, not {payload}")
    picture = _picture(version, dict(prints), dict(camera), dict(drawn))
    _check_damage(damage, dict(parameters), "camera" in picture)
    contents = contents if content is None else 1
    own = content, payload, contents, level.value, version, mask, damage, parameters
    return Scene(*own, **picture, mode=mode)


def _picture(version: int, prints: dict, camera: dict, drawn: dict) -> dict[str, object]:
    """What a scene says of its pictures: how they are drawn, or the print and the camera."""
    if not prints and not camera:
        px, margin = (_RENDERED | drawn).values()
        px, margin = integer("px_per_module", px, 1, 100), integer("quiet_zone", margin, 0, 100)
        return {"px_per_module": px, "quiet_zone": margin}
    for name in drawn:
        raise ValueError(f"{name} must not go with print and camera settings, which have their own")
    for family, settings, allowed in (("print", prints, _PRINT), ("camera", camera, _CAMERA)):
        for name in settings:
            one_of(f"settings of {family}", name, allowed)
    if "width_mm" not in prints:
        raise ValueError("print_width_mm must be given for a photograph, not left out")
    scales = [name for name in ("px_per_mm", "distance_mm") if name in camera]
    if len(scales) != 1:
        came = " and ".join(f"camera_{name}" for name in scales) or "neither"
        raise ValueError(f"camera_px_per_mm or camera_distance_mm must be given for a photograph, not {came}")
    printed = named("print_", Print, **prints)
    named("print_", printed.module_mm, 17 + 4 * version)
    seeing = named("camera_", Camera if scales == ["px_per_mm"] else Camera.at, **camera)
    named("camera_", place, 17 + 4 * version, printed, seeing, rng=0)
    return {"px_per_module": None, "quiet_zone": None, "print": printed, "camera": seeing}


def _check_damage(damage: str | Mix, parameters: dict, photographed: bool) -> None:
    mix = isinstance(damage, Mix)
    if not mix:
        one_of("damage", damage, ["none", *MODELS, *OPTICS])
    for kind, _ in _severest(damage, 1):
        if kind in OPTICS and not photographed:
            raise ValueError(f"damage must go with print and camera settings where it is {kind}, not without")
    if mix or damage not in MODELS:
        for name in parameters:
            raise ValueError(f"damage_{name} must go with a damage, not with {'a Mix' if mix else damage}")
        return
    allowed = list(inspect.signature(MODELS[damage]).parameters)[1:]  # without rng
    for name in parameters:
        one_of(f"parameters of {damage}", name, allowed)
    named("damage_", MODELS[damage], 0, **parameters)


def _complete(row: dict, scene: Scene, severity: float, reader: str) -> dict:
    """A condition with all its values, the design's columns in the order of CONDITIONS."""
    known = vars(scene) | {"severity": severity, "reader": reader}
    left_out = ("payload", "contents") if "content" in row else ("content",)
    left_out += tuple(name for name in ("mask", "mode") if name not in row)
    left_out += () if scene.camera is None else tuple(_RENDERED)
    settings = {k: v for k, v in row.items() if k.startswith(FAMILIES)}
    values = {name: known[name] for name in _OWN if name not in left_out} | settings
    return values | {name: known[name] for name in CONDITIONS[len(_OWN) :] if name not in left_out}
