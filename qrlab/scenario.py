"""Scenarios: how a code is printed, worn and read, from data/scenarios.csv or made up."""

import ast
import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import pandas as pd

from qrlab.checks import integer, named, number, one_of
from qrlab.damage import MODELS
from qrlab.design import SETTINGS, family_of
from qrlab.files import data_file
from qrlab.model import ordered
from qrlab.optics import Camera, Print
from qrlab.readers import PANELS, panel
from qrlab.scene import Mix, Scene, Wear
from qrlab.symbols import ALPHABETS, UNITS, Level, capacity, size_of, smallest_version, too_long


@dataclass(frozen=True)
class Scenario:
    """How a code is printed, worn and read; what is meant to be changed is changed with `change`.

    payload, mode: length of the content in the units of its mode (byte, alphanumeric, numeric);
    wear: kinds of damage, of which each print bears one or none; readers: names of readers and panels, whose
    read rates are averaged; target: the read rate to reach, 0 to 1; prescribed: a level that must be used;
    known: parameter -> (low, high, unit, source); low and high: the range that it may be in, None without.
    """

    name: str
    print: Print
    camera: Camera
    wear: tuple[Wear, ...] = ()
    payload: int = 100
    mode: str = "byte"
    readers: tuple[str, ...] = PANELS["default"]
    target: float = 0.95
    prescribed: Level | None = None
    known: Mapping[str, tuple] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        Mix(self.wear)
        one_of("mode", self.mode, ALPHABETS)
        most = capacity(40, Level.L, self.mode)
        object.__setattr__(self, "payload", integer("payload", self.payload, 1, most))
        object.__setattr__(self, "target", number("target", self.target, 0, 1))
        object.__setattr__(self, "readers", panel(self.readers))
        object.__setattr__(self, "wear", tuple(self.wear))
        if self.prescribed is not None:
            level = one_of("prescribed", str(self.prescribed).upper(), list(Level))
            object.__setattr__(self, "prescribed", Level(level))

    def change(self, **changes: Any) -> "Scenario":
        """A copy with other parameters: a field; print_NAME; camera_NAME; KIND_share, _typical, _spread.

        A kind of wear that is not yet there is added; what is changed has "given" as its source.  The camera
        keeps its distance unless that, or its scale, is changed."""
        parts: dict[str, dict[str, Any]] = {"": {}, "print_": {}, "camera_": {}}
        for parameter, value in changes.items():
            part, name = _split(parameter)
            parts.setdefault(part, {})[name] = value
        mine = parts.pop("")
        mine["print"] = named("print_", replace, mine.get("print", self.print), **parts.pop("print_"))
        camera, settings = mine.get("camera", self.camera), parts.pop("camera_")
        seen = asdict(camera) | settings
        if "px_per_mm" in settings:
            mine["camera"] = named("camera_", Camera, **seen)
        else:
            del seen["px_per_mm"]
            mine["camera"] = named("camera_", Camera.at, **{"distance_mm": camera.distance_mm} | seen)
        wear = {worn.kind: worn for worn in Mix(mine.get("wear", self.wear)).wear}
        for kind, said in parts.items():
            wear[kind] = named(f"{kind}_", replace, wear.get(kind, Wear(kind)), **said)
        mine["wear"] = tuple(wear.values())
        known = {name: about for name, about in self.known.items() if _split(name)[0] in (*_PARTS, *wear)}
        units = {name: unit for name, (_, _, unit, _) in known.items()}
        known |= {name: (None, None, units.get(name, ""), "given") for name in changes if name != "wear"}
        return replace(self, **mine, known=known)

    def value(self, parameter: str) -> Any:
        """The value of a parameter, named as for `change`."""
        part, name = _split(parameter)
        there = {"": self, "print_": self.print, "camera_": self.camera} | {w.kind: w for w in self.wear}
        if part not in there:
            raise ValueError(f"{parameter} must be of wear that this scenario has, and {part} is none")
        return getattr(there[part], name)

    def scene(self, level: Level | str, version: int | None = None) -> Scene:
        """What a trial shows at a level, in the smallest version unless one is given; ValueError for what
        doesn't fit, and for a print that can't be made or seen."""
        said: dict[str, Any] = {"level": level, "version": version, "damage": Mix(self.wear), "alike": 20}
        said |= {"payload": self.payload, "mode": self.mode, "printed": self.print, "camera": self.camera}
        return Scene(**said)

    def design(self, levels: Iterable[str] = tuple(Level), version: int | None = None) -> pd.DataFrame:
        """The conditions as `run` takes them, a row for each of `levels` and each reader: columns scene (a
        Scene), level, reader; more, of one's own, may be put beside them."""
        scenes = [self.scene(level, version) for level in levels]
        rows = [(scene, scene.level, reader) for scene in scenes for reader in self.readers]
        return pd.DataFrame(rows, columns=["scene", "level", "reader"])

    def sizes(self) -> pd.DataFrame:
        """The symbol of each level: level, version, modules (a side), module_mm, module_dots (the printer's),
        why_not (it can't be printed, or ""), relative_area (with modules of one size, the smallest 1).
        ValueError for a content that the prescribed level can't hold."""
        rows = []
        for level in Level:
            version, why_not = smallest_version(self.payload, level, self.mode), ""
            modules, module_mm, dots = version and size_of(version), None, None
            if modules is None:
                why_not = f"no symbol holds {self.payload:,} {UNITS[self.mode]} at this level"
                if level == (self.prescribed or Level.L):
                    raise ValueError(too_long(self.payload, self.mode, level))
            else:
                try:
                    module_mm, dots = self.print.module_mm(modules), self.print.dots_per_module(modules)
                except ValueError as narrow:
                    why_not = f"print_{narrow}"
            rows.append((level, version, modules, module_mm, dots, why_not))
        kinds = {"version": "Int64", "modules": "Int64", "module_mm": float, "module_dots": "Int64"}
        table = pd.DataFrame(rows, columns=["level", *kinds, "why_not"]).astype(kinds)
        area = (table.modules / table.modules.min()).astype(float) ** 2
        return table.assign(level=ordered(table.level), relative_area=area)

    @property
    def parameters(self) -> pd.DataFrame:
        """A row each: parameter, value, low and high (the range that it may be in), unit, source."""
        rows = [(name, self.value(name), *known) for name, known in self.known.items()]
        columns = ["parameter", "value", "low", "high", "unit", "source"]
        return pd.DataFrame(rows, columns=columns).astype({"value": object, "low": float, "high": float})


_OWN = [f.name for f in fields(Scenario) if f.name not in ("name", "known")]
_PARTS = ("", "print_", "camera_")


def _split(parameter: str) -> tuple[str, str]:
    """Which of _PARTS a parameter belongs to, or which kind of wear, and its name there."""
    family, name = family_of(parameter)
    if name in SETTINGS.get(family, ()):
        return family, name
    kind, _, name = parameter.rpartition("_")
    if kind in MODELS and name in ("share", "typical", "spread"):
        return kind, name
    others = "print_NAME, camera_NAME, KIND_share, KIND_typical and KIND_spread"
    return "", one_of(f"parameters of a scenario, apart from {others},", parameter, _OWN)


def _scenarios() -> dict[str, Scenario]:
    """From data/scenarios.csv; what it says of "any" holds for all unless a scenario says other."""
    with data_file("scenarios.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for name in dict.fromkeys(row["scenario"] for row in rows if row["scenario"] != "any"):
        mine = [row for row in rows if row["scenario"] == "any"] + [r for r in rows if r["scenario"] == name]
        values = {row["parameter"]: _value(row["value"]) for row in mine}
        ends = [(_value(row["low"]), _value(row["high"]), row["unit"], row["source"]) for row in mine]
        known = {row["parameter"]: about for row, about in zip(mine, ends)}
        blank = Scenario(name, Print(values["print_width_mm"]), Camera.at(values["camera_distance_mm"]))
        found[name] = replace(blank.change(**values), known=known)
    return found


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text) if text else None
    except (ValueError, SyntaxError):
        return text


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(_scenarios())


def named_scenario(scenario: Scenario | str) -> Scenario:
    """The scenario of that name, or the one that is given; ValueError for anything else."""
    if isinstance(scenario, str):
        return SCENARIOS[one_of("scenario", scenario, SCENARIOS)]
    if not isinstance(scenario, Scenario):
        raise ValueError(f"scenario must be a Scenario or the name of one, not {scenario!r}")
    return scenario
