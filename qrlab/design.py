"""Designs: data frames of conditions, read into scenes.  Nothing here carries out a trial.

A design's columns are named in CONDITIONS, with three families beside them: damage_NAME, a parameter of
the damage, print_NAME, a setting of the print, and camera_NAME, one of the camera.
"""

import inspect
import itertools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import lru_cache

import numpy as np
import pandas as pd

from qrlab.capture import OPTICS, Camera, Print, place, worsen
from qrlab.checks import integer, number, one_of
from qrlab.correction import ordered
from qrlab.damage import MODELS
from qrlab.decoders import unavailable
from qrlab.symbols import Level, capacity, make, smallest_version
from qrlab.trials import Scene

FAMILIES = ("damage_", "print_", "camera_")
_OWN = ("content", "payload", "contents", "level", "version", "mask", "damage")
_RENDERED = {"px_per_module": 4, "quiet_zone": 4}
_DEFAULTS = {"level": "M", "damage": "none", "severity": 0.0, "reader": "zxing"}
_PRINT = [field.name for field in fields(Print)]
_CAMERA = [field.name for field in fields(Camera)] + ["distance_mm"]
CONDITIONS = (*_OWN, "severity", *_RENDERED, "reader")


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
        lists = [[v] if pd.api.types.is_scalar(v) else list(v) for v in design.values()]
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
    if "content" in row and "contents" in row:
        raise ValueError("contents must go with payload, not with content")
    severity = number("severity", row["severity"], 0, 1)
    unavailable(row["reader"])  # an unknown one raises
    parts = (
        row.get("content"),
        row.get("payload"),
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
    if scene.damage in OPTICS:
        worse = worsen(scene.damage, severity, scene.print, scene.camera)
        _named("camera_", place, 17 + 4 * scene.version, *worse, rng=0)
    return scene, severity, row["reader"]


def _family(row: dict, family: str) -> dict[str, object]:
    """The settings of one family in a row, without its name before theirs."""
    return {k.removeprefix(family): v for k, v in row.items() if k.startswith(family)}


@lru_cache(maxsize=4096, typed=True)
def _scene(
    content, payload, contents, level, version, mask, damage, parameters, prints, camera, drawn, types
) -> Scene:
    level = Level.parse(level)
    if content is not None:
        version = make(content, level, version=version, mask=mask).version
    else:
        payload, contents = integer("payload", payload, 1, 2953), integer("contents", contents, 1, 10**9)
        if mask is not None:
            mask = integer("mask", mask, 0, 7)
        if version is None:
            version = smallest_version(payload, level)
        held = capacity(40 if version is None else version, level)
        if held < payload:
            which = f"version {version or '40, the largest,'} at level {level}"
            raise ValueError(f"payload must be at most {held:,} bytes for {which}, not {payload}")
    picture = _picture(version, dict(prints), dict(camera), dict(drawn))
    _check_damage(damage, dict(parameters), "camera" in picture)
    contents = contents if content is None else 1
    return Scene(content, payload, contents, level.value, version, mask, damage, parameters, **picture)


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
    printed = _named("print_", Print, **prints)
    _named("print_", printed.module_mm, 17 + 4 * version)
    seeing = _named("camera_", Camera if scales == ["px_per_mm"] else Camera.at, **camera)
    _named("camera_", place, 17 + 4 * version, printed, seeing, rng=0)
    return {"px_per_module": None, "quiet_zone": None, "print": printed, "camera": seeing}


def _named(family: str, call: Callable, *values, **settings):
    """call(…); its errors, which begin with the setting's name, name the column instead."""
    try:
        return call(*values, **settings)
    except ValueError as problem:
        raise ValueError(f"{family}{problem}") from None


def _check_damage(damage: str, parameters: dict, photographed: bool) -> None:
    one_of("damage", damage, ["none", *MODELS, *OPTICS])
    if damage in OPTICS and not photographed:
        raise ValueError(f"damage must go with print and camera settings where it is {damage}, not without")
    if damage not in MODELS:
        if parameters:
            raise ValueError(f"damage_{next(iter(parameters))} must go with a damage, not with {damage}")
        return
    allowed = list(inspect.signature(MODELS[damage]).parameters)[1:]  # without rng
    for name in parameters:
        one_of(f"parameters of {damage}", name, allowed)
    _named("damage_", MODELS[damage], 0, **parameters)


def _complete(row: dict, scene: Scene, severity: float, reader: str) -> dict:
    """A condition with all its values, the design's columns in the order of CONDITIONS."""
    known = asdict(scene) | {"severity": severity, "reader": reader}
    left_out = ("payload", "contents") if "content" in row else ("content",)
    left_out += () if "mask" in row else ("mask",)
    left_out += () if scene.camera is None else tuple(_RENDERED)
    settings = {k: v for k, v in row.items() if k.startswith(FAMILIES)}
    values = {name: known[name] for name in _OWN if name not in left_out} | settings
    return values | {name: known[name] for name in CONDITIONS[len(_OWN) :] if name not in left_out}
