"""Designs, data frames of conditions, read into scenes: once, at the public door.

Its columns are those of CONDITIONS and three families: damage_NAME, a parameter of the damage, print_NAME and
camera_NAME, a setting of either.  Or a column `scene` holds Scenes; severity, reader and your own go with it.
"""

import itertools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qrlab.checks import named, number, of_type, one_of
from qrlab.model import ordered
from qrlab.optics import Camera, Print
from qrlab.readers import PANELS, unavailable
from qrlab.scene import Mix, Scene

FAMILIES = ("damage_", "print_", "camera_")
CONTENT = ("content", "payload", "mode", "alike", "level", "version", "mask", "damage")
RENDERED = ("px_per_module", "quiet_zone")
CONDITIONS = (*CONTENT, "severity", *RENDERED, "reader")
SETTINGS = {"print_": [*Print.__dataclass_fields__], "camera_": [*Camera.__dataclass_fields__, "distance_mm"]}


@dataclass(frozen=True)
class Condition:
    """What is read, by which reader: a row of a design."""

    scene: Scene
    severity: float
    reader: str


def read_design(design: pd.DataFrame | Mapping) -> tuple[pd.DataFrame, list[Condition]]:
    """The rows of a design whose readers are available: a table with all values, and its conditions.
    A warning names readers that are left out, and .attrs["left_out"] says why; ValueError names a bad row."""
    rows: list[dict[str, Any]] = []
    conditions: list[Condition] = []
    scenes: dict[str, Scene] = {}
    why_not: dict[str, str] = {}
    seen: dict[Condition, bool] = {}  # whether a panel brought it
    for k, row in enumerate(_frame(design).to_dict("records")):
        asked = row.get("reader")
        its = PANELS.get(asked, ()) if isinstance(asked, str) else ()
        for told in [{"reader": reader} for reader in its] or [{}]:
            try:
                condition = read_row(row | told, scenes)
                reader = condition.reader
                if reader not in why_not:
                    why_not[reader] = unavailable(reader)
            except ValueError as problem:
                raise ValueError(f"design, row {k}: {problem}") from None
            if condition in seen and "scene" not in row:
                if its or seen[condition]:
                    continue
                raise ValueError(f"design must have each condition once, not row {k} again")
            seen[condition] = bool(its)
            if not why_not[reader]:
                rows.append(_complete(row | told, condition))
                conditions.append(condition)
    left_out = {reader: why for reader, why in why_not.items() if why}
    for reader, why in left_out.items():
        warnings.warn(f"reader {reader} is left out: {why}", stacklevel=3)
    if not rows:
        raise ValueError(f"design must have a condition with an available reader, not {left_out or 'none'}")
    table = pd.DataFrame(rows)
    table["level"] = ordered(table.level)
    table.attrs["left_out"] = left_out
    return table, conditions


def _frame(design: pd.DataFrame | Mapping) -> pd.DataFrame:
    if isinstance(design, Mapping):
        lists = [list(v) if pd.api.types.is_list_like(v) else [v] for v in design.values()]
        design = pd.DataFrame(itertools.product(*lists), columns=list(design), dtype=object)
    if not isinstance(design, pd.DataFrame):
        raise ValueError(f"design must be a data frame or a mapping, not {type(design).__name__}")
    if not design.columns.is_unique:
        raise ValueError(f"columns of design must be there once each, not {', '.join(map(str, design))}")
    if "scene" in design:
        for k in np.flatnonzero(design["scene"].isna()):
            raise ValueError(f"design, row {k}: scene must be a Scene, not None")
        own = {"level", "version", "severity", "reader"}
        for name in ({*CONDITIONS, "trial", "trials", "outcome"} - own) & {*design.columns}:
            raise ValueError(f"{name} must not stand beside scene, which says it")
        return design
    for name in design.columns:
        if not str(name).startswith(FAMILIES):
            one_of("columns of design, apart from damage_NAME, print_NAME, camera_NAME,", name, CONDITIONS)
    if ("content" in design) == ("payload" in design):
        raise ValueError("design must have either content or payload, not " + ", ".join(map(str, design)))
    return design


def read_row(row: Mapping, scenes: dict[str, Scene]) -> Condition:
    """A row of a design, checked; whole floats, as missing values in a column make them, are int; scenes:
    those so far, by what rows said."""
    values = {str(name): v.item() if isinstance(v, np.generic) else v for name, v in row.items()}
    there = {name: v for name, v in values.items() if not (pd.api.types.is_scalar(v) and pd.isna(v))}
    said: dict[str, Any] = {
        name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in there.items()
    }
    severity, reader = said.pop("severity", None), said.pop("reader", "zxing")
    scene = said.get("scene") or scenes.get(repr(said)) or scenes.setdefault(repr(said), _scene(said))
    of_type("scene", scene, Scene)
    if severity is None:
        severity = float(isinstance(scene.damage, Mix))
    return Condition(scene, number("severity", severity, 0, 1), reader)


def family_of(name: str) -> tuple[str, str]:
    """The family that a name begins with, "" for none, and the rest of it."""
    family = next((family for family in FAMILIES if name.startswith(family)), "")
    return family, name.removeprefix(family)


def _scene(said: Mapping[str, Any]) -> Scene:
    """The scene that a design's columns say."""
    families: dict[str, dict[str, Any]] = {family: {} for family in (*FAMILIES, "")}
    for name, value in said.items():
        family, setting = family_of(name)
        families[family][setting] = value
    own, prints, camera = families[""], families["print_"], families["camera_"]
    own["parameters"] = tuple(sorted(families["damage_"].items()))
    for name in ("alike", "mode"):
        if "content" in own and name in own:
            raise ValueError(f"{name} must not go with content")
    if not prints and not camera:
        return Scene(**own)
    for name in RENDERED:
        if name in own:
            raise ValueError(f"{name} must not go with print and camera settings, which have their own")
    for family, settings in (("print_", prints), ("camera_", camera)):
        for name in settings:
            one_of(f"settings of {family.rstrip('_')}", name, SETTINGS[family])
    if "width_mm" not in prints:
        raise ValueError("print_width_mm must be given for a photograph, not left out")
    scales = [name for name in ("px_per_mm", "distance_mm") if name in camera]
    if len(scales) != 1:
        came = " and ".join(f"camera_{name}" for name in scales) or "neither"
        raise ValueError(f"camera_px_per_mm or camera_distance_mm must be given for a photograph, not {came}")
    seeing = named("camera_", Camera if scales == ["px_per_mm"] else Camera.at, **camera)
    return Scene(**own, printed=named("print_", Print, **prints), camera=seeing)


def _complete(row: dict[str, Any], condition: Condition) -> dict[str, Any]:
    """A row with all its values, a design's columns in the order of CONDITIONS."""
    scene = condition.scene
    known = row | vars(scene) | vars(condition)
    if "scene" in row:
        typed = {name: known[name] for name in ("level", "version", "severity", "reader")}
        return {name: value for name, value in row.items() if name != "scene"} | typed
    left_out = {"payload", "alike", "mode"} if "content" in row else {"content"}
    left_out |= {name for name in ("mask", "mode") if name not in row}
    left_out |= set(RENDERED) if scene.camera else set()
    settings = [name for name in row if name.startswith(FAMILIES)]
    there = [*CONTENT, *settings, *CONDITIONS[len(CONTENT) :]]
    return {name: known[name] for name in there if name not in left_out}
