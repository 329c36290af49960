"""Scenarios: how a code is printed, worn and read, from data/scenarios.csv or made up.

Nothing here simulates or chooses.
"""

import csv
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from qrlab.checks import integer, named, number, one_of
from qrlab.damage import MODELS
from qrlab.files import data_file
from qrlab.optics import OPTICS, Camera, Print
from qrlab.readers import DECODERS
from qrlab.standard import ALPHABETS, Level

_ONE_IN_TWENTY = 1.6449  # standard deviations above the mean


@dataclass(frozen=True)
class Wear:
    """One kind of damage as it is spread over many prints.

    kind: a key of damage.MODELS or one of optics.OPTICS; share: of all prints, that bear it, 0 to 1;
    typical: its median severity on these; spread: by how much the severity that one in twenty of these
    exceeds is greater, 1 (all alike) or more.  Between them severities are log-normal, and 1 at most.
    """

    kind: str
    share: float = 1.0
    typical: float = 0.02
    spread: float = 3.0

    def __post_init__(self) -> None:
        one_of("kind", self.kind, [*MODELS, *OPTICS])
        for name, low, high in (("share", 0, 1), ("typical", 0, 1), ("spread", 1, 100)):
            object.__setattr__(self, name, number(name, getattr(self, name), low, high))


@dataclass(frozen=True)
class Mix:
    """Damage as prints bear it: each print one of `wear`, by their shares, or none."""

    wear: tuple[Wear, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "wear", tuple(self.wear))
        for wear in self.wear:
            if not isinstance(wear, Wear):
                raise ValueError(f"wear must be Wear, not {wear!r}")
        kinds, total = [wear.kind for wear in self.wear], sum(wear.share for wear in self.wear)
        if len(set(kinds)) < len(kinds):
            raise ValueError(f"wear must have each kind once, not {', '.join(kinds)}")
        if total > 1 + 1e-9:
            raise ValueError(f"share must add up to at most 1 over all wear, not {total:.4g}")

    def drawn(self, seed: int, trial: int) -> tuple[str, float]:
        """Kind and severity of the damage that the print of a trial bears; ("none", 0) for a good one."""
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3, trial)))
        place, above = rng.random(), rng.standard_normal() / _ONE_IN_TWENTY
        for wear in self.wear:
            if place < wear.share:
                return wear.kind, min(wear.typical * wear.spread**above, 1.0)
            place -= wear.share
        return "none", 0.0


@dataclass(frozen=True)
class Scenario:
    """How a code is printed, worn and read; what is meant to be changed is changed with `change`.

    payload, mode: length of the content in the units of its mode (byte, alphanumeric, numeric);
    wear: kinds of damage, of which each print bears one or none; readers: names from decoders(), whose read
    rates are averaged; target: the read rate to reach, 0 to 1; prescribed: a level that must be used;
    known: parameter -> (low, high, unit, source); low and high: the range that it may be in, None without.
    """

    name: str
    print: Print
    camera: Camera
    wear: tuple[Wear, ...] = ()
    payload: int = 100
    mode: str = "byte"
    readers: tuple[str, ...] = ("zxing", "zbar")
    target: float = 0.95
    prescribed: Level | None = None
    known: Mapping[str, tuple] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        Mix(self.wear)
        one_of("mode", self.mode, ALPHABETS)
        integer("payload", self.payload, 1, 7089)
        number("target", self.target, 0, 1)
        readers = (self.readers,) if isinstance(self.readers, str) else tuple(self.readers)
        for reader in readers or [None]:
            if ":" not in str(reader):
                one_of("readers, unless module:function,", reader, DECODERS)
        level = None if self.prescribed is None else named("prescribed ", Level.parse, self.prescribed)
        for name, value in {"readers": readers, "wear": tuple(self.wear), "prescribed": level}.items():
            object.__setattr__(self, name, value)

    def change(self, **changes) -> "Scenario":
        """A copy with other parameters: a field; print_NAME; camera_NAME; KIND_share, _typical, _spread.

        A kind of wear that is not yet there is added; what is changed has "given" as its source.
        """
        mine, prints, camera = {}, {}, {}
        wear = {w.kind: asdict(w) for w in Mix(changes.get("wear", self.wear)).wear}
        for name, value in changes.items():
            kind = _kind(name)
            if name in _OWN:
                mine[name] = value
            elif name in _PRINT:
                prints[name.removeprefix("print_")] = value
            elif name in _CAMERA:
                camera[name.removeprefix("camera_")] = value
            elif kind is not None:
                wear.setdefault(kind, {"kind": kind})[name.removeprefix(f"{kind}_")] = value
            else:
                allowed = [*_OWN, *_PRINT, *_CAMERA, *(f"KIND_{part}" for part in _WEAR)]
                one_of("parameters of a scenario", name, allowed)
        mine["print"] = named("print_", replace, mine.get("print", self.print), **prints)
        mine["camera"] = _changed(mine.get("camera", self.camera), camera)
        mine["wear"] = tuple(named(f"{kind}_", Wear, **w) for kind, w in wear.items())
        known = {name: about for name, about in self.known.items() if _kind(name) in {None, *wear}}
        units = {name: unit for name, (_, _, unit, _) in known.items()}
        known |= {name: (None, None, units.get(name, ""), "given") for name in changes if name != "wear"}
        return replace(self, **mine, known=known)

    def value(self, parameter: str) -> object:
        """The value of a parameter, named as for `change`."""
        if parameter in _PRINT:
            return getattr(self.print, parameter.removeprefix("print_"))
        if parameter in _CAMERA:
            return getattr(self.camera, parameter.removeprefix("camera_"))
        for wear in self.wear:
            if wear.kind == _kind(parameter):
                return getattr(wear, parameter.removeprefix(f"{wear.kind}_"))
        one_of("parameters of this scenario", parameter, _OWN)
        return getattr(self, parameter)

    def design(self, levels=tuple(Level)) -> pd.DataFrame:
        """The conditions as `run` takes them: a row for each of `levels` and each reader."""
        settings = {f"print_{name}": value for name, value in asdict(self.print).items()}
        settings |= {f"camera_{name}": value for name, value in asdict(self.camera).items()}
        settings |= {"payload": self.payload, "mode": self.mode, "damage": Mix(self.wear)}
        settings = {name: value for name, value in settings.items() if value is not None}
        return pd.DataFrame(
            [settings | {"level": str(x), "reader": reader} for x in levels for reader in self.readers]
        )

    @property
    def parameters(self) -> pd.DataFrame:
        """A row each: parameter, value, low and high (the range that it may be in), unit, source."""
        rows = [(name, self.value(name), *known) for name, known in self.known.items()]
        columns = ["parameter", "value", "low", "high", "unit", "source"]
        return pd.DataFrame(rows, columns=columns).astype({"value": object, "low": float, "high": float})


_OWN = [f.name for f in fields(Scenario) if f.name not in ("name", "known")]
_PRINT = [f"print_{f.name}" for f in fields(Print)]
_CAMERA = [*(f"camera_{f.name}" for f in fields(Camera)), "camera_distance_mm"]
_WEAR = ("share", "typical", "spread")


def _kind(parameter: str) -> str | None:
    """The kind of wear that a parameter belongs to."""
    kind, _, part = parameter.rpartition("_")
    return kind if part in _WEAR and kind in (*MODELS, *OPTICS) else None


def _changed(camera: Camera, changes: dict) -> Camera:
    """A camera with other settings, at the same distance unless that, or its scale, is among them."""
    settings = asdict(camera) | changes
    if "px_per_mm" in changes:
        return named("camera_", Camera, **settings)
    distance_mm = settings.pop("distance_mm", camera.distance_mm)
    del settings["px_per_mm"]
    return named("camera_", Camera.at, distance_mm, **settings)


def _scenarios() -> dict[str, Scenario]:
    with data_file("scenarios.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shared = [row for row in rows if row["scenario"] == "any"]
    names = dict.fromkeys(row["scenario"] for row in rows if row["scenario"] != "any")
    return {name: _read(name, shared + [row for row in rows if row["scenario"] == name]) for name in names}


def _read(name: str, rows: list[dict[str, str]]) -> Scenario:
    """The scenario of a name from its rows of the file; of two for a parameter the later one holds."""
    values = {row["parameter"]: _value(row["value"]) for row in rows}
    known = {
        row["parameter"]: (_value(row["low"]), _value(row["high"]), row["unit"], row["source"])
        for row in rows
    }
    blank = Scenario(name, Print(values["print_width_mm"]), Camera.at(values["camera_distance_mm"]))
    return replace(blank.change(**values), known=known)


def _value(text: str) -> object:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return {"": None, "True": True, "False": False}.get(text, text)


# The named scenarios, of data/scenarios.csv; what that says of "any" holds for all of them.
SCENARIOS: Mapping[str, Scenario] = MappingProxyType(_scenarios())


def named_scenario(scenario: Scenario | str) -> Scenario:
    """The scenario of that name, or the one that is given; ValueError for anything else."""
    if isinstance(scenario, str):
        one_of("scenario", scenario, SCENARIOS)
        return SCENARIOS[scenario]
    if not isinstance(scenario, Scenario):
        raise ValueError(f"scenario must be a Scenario or the name of one, not {scenario!r}")
    return scenario
