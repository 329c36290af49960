"""`qrlab sheet` and `qrlab photos`: their options, and what is said.  What loads slowly is loaded late."""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qrlab.checks import integer, number
from qrlab.commands import Answer

_DAMAGE = "KIND:SEVERITY,…"
# What the simulation takes from another's camera: all but where it stands.
_SEEN = ("frame_width_px", "frame_height_px", "fov_deg", "lens_blur_px", "tilt_deg", "exposure", "noise")


def add_sheet(add: Callable) -> None:
    """The options of `qrlab sheet`."""
    # fmt: off
    add("out", metavar="OUT", help="a PDF, or a PNG for screens; the plan is written beside it, as a CSV")
    add("--content", metavar="TEXT", help="what all symbols say; six digits more tell each apart")
    add("--bytes", dest="payload", type=int, metavar="N", help="instead: random ones of so many bytes (60)")
    add("--mm", type=float, nargs="+", default=[15, 20, 25, 30], help="printed widths (15 20 25 30)")
    add("--levels", default="LMQH", help="of error correction (LMQH)")
    add("--damage", action="append", default=[], metavar=_DAMAGE, help="printed damage: scratch:0%%,1%%,3%%")
    add("--copies", type=int, default=3, metavar="N", help="of each condition (3)")
    add("--dpi", type=float, help="the printer's or the screen's: modules of whole dots")
    add("--paper", default="a4", help="a4, letter or WIDTHxHEIGHT in mm (a4)")
    add("--labels", action="store_true", help="one symbol a page")
    add("--seed", type=int, default=0, metavar="N", help="of all that is random (0)")
    add("--force", action="store_true", help="replace another sheet's plan")
    # fmt: on


def add_photos(add: Callable) -> None:
    """The options of `qrlab photos`."""
    # fmt: off
    add("folder", type=Path, metavar="FOLDER", help="with photographs, and the plan or texts")
    add("--plan", metavar="FILE", help="what qrlab sheet wrote beside the sheet (the CSV in the folder)")
    add("--readers", default="default", metavar="NAMES", help="readers or panels, commas between (default)")
    add("--predict", type=int, metavar="N", help="simulate each symbol N times with the camera that is found")
    add("--camera", type=Path, metavar="FILE", help="write that camera, for qrlab choose --camera")
    add("--contact", type=Path, metavar="FILE", help="draw all photographs, with what was read (PNG)")
    add("--cache", type=Path, default=Path(".qrlab"), metavar="FOLDER", help="what was read is kept (.qrlab)")
    add("--csv", action="store_true", help="print the readings as CSV")
    # fmt: on


def sheet(asked: argparse.Namespace) -> Answer:
    """Write a sheet and its plan."""
    from qrlab.sheets.sheet import sheet as write

    sized = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)x([0-9]+(?:\.[0-9]+)?)", asked.paper.lower())
    payload = 60 if asked.content is None and asked.payload is None else asked.payload
    same = {
        name: getattr(asked, name) for name in ("mm", "levels", "copies", "dpi", "labels", "seed", "force")
    }
    damage: dict[str, list[float]] = {}
    for kind, severities in map(_damage, asked.damage):
        damage[kind] = damage.get(kind, []) + severities
    paper = (float(sized[1]), float(sized[2])) if sized else asked.paper
    plan = write(asked.out, asked.content, payload=payload, damage=damage, paper=paper, **same)
    symbols, beside = int((plan.what == "symbol").sum()), Path(asked.out).with_suffix(".csv")
    said = f"wrote {asked.out}: {symbols} symbols on {plan.page.max()} pages; its plan is {beside}"
    after = "Print it at 100 %, photograph it, put photographs and plan into one folder: qrlab photos FOLDER"
    return 0, {"sheet": asked.out, "plan": str(beside), "symbols": symbols}, f"{said}\n{after}"


def _damage(text: str) -> tuple[str, list[float]]:
    """What --damage says: scratch:0%,1%."""
    kind, _, severities = text.partition(":")
    try:
        shares = [float(x.rstrip("%")) / (100 if x.endswith("%") else 1) for x in severities.split(",")]
    except ValueError:
        raise ValueError(f"--damage must be {_DAMAGE}, like scratch:0%,1%,3%, not {text}") from None
    return kind, shares


def photos(asked: argparse.Namespace) -> Answer:
    """Read photographs; say what was read."""
    from qrlab.sheets.contact import contact_sheet
    from qrlab.sheets.reading import photos as read

    for option, file in (("--camera", asked.camera), ("--contact", asked.contact)):
        if file is not None and (not file.parent.is_dir() or file.is_dir()):
            raise ValueError(f"{option} must be a file in a folder that is there, not {file}")
    if asked.predict is not None:
        integer("--predict", asked.predict, 2, 10_000)
    found = read(asked.folder, asked.plan, readers=asked.readers, cache=asked.cache)
    data: dict = {"photographs": _records(found.photographs), "readings": _records(found.readings)}
    if asked.contact is not None:
        contact_sheet(found, asked.contact)
    if found.plan is None:
        data |= {"codes": found.codes, "rates": found.rates("reader")}
    else:
        data |= {"rates": found.rates(["level", "reader"]), "differences": found.differences("level")}
        data["widths and distances"] = found.rates(["print_width_mm", "distance_cm"])
        if found.readings.damage.nunique() > 1 or found.readings.severity.nunique() > 1:
            data["damage"] = found.rates(["damage", "severity", "level"])
    if asked.camera is not None or asked.predict is not None or found.plan is not None:
        data |= _camera(asked, found)
    tables = {name: table for name, table in data.items() if hasattr(table, "to_string")}
    said = [f"{name}\n{table.round(3).to_string(index=False)}" for name, table in tables.items()]
    bad = found.photographs[found.photographs.why_not != ""]
    said += [f"{row.photograph}: {row.why_not}" for row in bad.itertuples()]
    said += [f"{name}: {value:.3g}" for name, value in data.get("scores", {}).items()]
    said += [f"{file} is {first} once more, and counts once" for file, first in found.again.items()]
    said += [found.unseen()] if found.unseen() else []
    data["again"] = found.again
    text = found.readings.to_csv(index=False).rstrip() if asked.csv else "\n\n".join(said)
    return 0, data | {name: _records(table) for name, table in tables.items()}, text


def _camera(asked: argparse.Namespace, found: Any) -> dict:
    """What is told of camera and print, and what was predicted with them."""
    try:
        camera = found.found
    except ValueError:
        if asked.camera is None and asked.predict is None:
            return {}
        raise
    data = {"camera and print": camera.table}
    if asked.camera is not None:
        camera.save(asked.camera)
    if asked.predict is not None:
        from qrlab.sheets.prediction import beside, predicted, scores

        readings, by = predicted(found, asked.predict), ["level", "distance_cm"]
        data |= {"prediction": beside(readings, by), "scores": scores(readings, by)}
        data["prediction by width and damage"] = beside(readings, ["print_width_mm", "damage", "severity"])
    return data


def _records(table: Any) -> Any:
    from qrlab.files import records

    return records(table, 6)


def seen_by(file: str) -> dict[str, float]:
    """Settings of a Scenario's camera from what `qrlab photos --camera` wrote; it stays where it is."""
    try:
        camera = json.loads(Path(file).read_text(encoding="utf-8"))["camera"]
        return {f"camera_{name}": number(name, camera[name], 0) for name in _SEEN}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ValueError(
            f"--camera must be a file that qrlab photos --camera wrote, not {file}: {problem}"
        ) from None
