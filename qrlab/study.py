"""The full-size study: what `make data` writes to data/, and notebooks compute smaller by the same functions.
Of readings every trial is kept, a letter each, so that what was paired stays so.  Nothing here judges."""

import re
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qrlab import readers, runner
from qrlab.breaking import exact_model
from qrlab.checks import one_of
from qrlab.damage import MODELS
from qrlab.files import load, write_whole
from qrlab.model import capability, ordered
from qrlab.optics import Camera, Print
from qrlab.symbols import VERSIONS, Level, make

SEED = 1
EXACT: dict[str, Any] = {"trials": 300, "contents": 20}  # of exact_model
LETTERS = dict(zip("oxuect", readers.OUTCOMES))
READERS = ("zxing", "zxing-pure", "zbar", "opencv", "opencv-aruco", "boofcv", "model")
KINDS = [kind for kind in MODELS if kind != "worst_codewords"]
LEVELS = [level.value for level in Level]
SEVERITIES = [0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40]  # of progressive_damage
# Trials of each condition in the full-size study, and columns, whose values are combined.  No payload: full
# symbols; no reader: those of READERS that there are; reach: of the distance at which L has 1.5 pixels a
# module, a share.
# fmt: off
DESIGNS: dict[str, tuple[int, dict]] = {
    "progressive_damage": (150, {
        "payload": 60, "damage": KINDS, "damage_spare_finders": [False, True], "level": LEVELS,
        "severity": SEVERITIES, "reader": ["zbar", "zxing", "model"]}),
    "readers_by_damage": (80, {
        "payload": 60, "damage": KINDS, "level": LEVELS, "severity": [0.01, 0.03, 0.06, 0.10, 0.18]}),
    "readers_undamaged": (100, {
        "version": [1, 2, 4, 7, 10, 15, 20, 25, 32, 40], "level": LEVELS, "contents": 100}),
    "readers_by_version": (15, {
        "version": [2, 7, 15, 25, 40], "level": LEVELS, "damage": KINDS, "severity": [0.02, 0.06, 0.15]}),
    "print_and_scan": (40, {
        "payload": [20, 60, 141], "print_width_mm": 25, "reach": np.linspace(0.25, 1, 25), "level": LEVELS,
        "damage": ["blot", "scratch", "stain"],
        "severity": [0, 0.01, 0.02, 0.03, 0.045, 0.065, 0.09, 0.12, 0.16, 0.2], "reader": "zxing"}),
}
# fmt: on


def design(name: str, **changes: object) -> pd.DataFrame:
    """One of DESIGNS, as qr.run takes it; changes: other values for its columns, a list or one each."""
    columns = {"contents": 8} | DESIGNS[one_of("name", name, DESIGNS)][1] | changes
    columns.setdefault("reader", [name for name in READERS if not readers.unavailable(name)])
    lists = [np.atleast_1d(values) for values in columns.values()]
    table = pd.MultiIndex.from_product(lists, names=columns).to_frame(index=False)
    if "payload" not in table:
        full = capability().astype({"level": str}).rename(columns={"bytes": "payload"})
        table = table.merge(full[["version", "level", "payload"]], how="left")
    if "reach" in table:
        far_mm = [reach_mm(payload, "L", 1.5, mm) for payload, mm in zip(table.payload, table.print_width_mm)]
        table["camera_distance_mm"] = np.round(table.pop("reach") * far_mm)
    return table


def reach_mm(payload: int, level: str = "L", px_per_module: float = 1.3, width_mm: float = 25) -> float:
    """The distance, mm, at which a module of that symbol on that printed width has so many pixels."""
    module_mm = Print(width_mm).module_mm(make(b"x" * payload, level).size)
    return module_mm * Camera.at(100).focal_px / px_per_module


def exact(
    full: bool, kinds: list[str], versions: Sequence[int] = VERSIONS, *, trials: int, contents: int, seed: int
) -> pd.DataFrame:
    """Rows of `exact_model`: with full those of data/, else made now, with trials, contents and seed."""
    if full:
        one_of("seed, unless full = False,", seed, [SEED])
        table = load("exact_model").query("damage in @kinds and version in @versions")
    else:
        table = exact_model(versions, kinds, trials=trials, contents=contents, seed=seed)
    return table.assign(level=ordered(table.level)).reset_index(drop=True)


def readings(name: str, full: bool, *, trials: int, seed: int = SEED, **changes: Any) -> pd.DataFrame:
    """Readings of one of DESIGNS: with full those of data/ (without seconds, detail and read), else made now,
    with trials, seed and changes.  ValueError for full with other values than those behind data/."""
    kept = DESIGNS[one_of("name", name, DESIGNS)][1] | {"seed": SEED}
    for column, value in (changes | {"seed": seed}).items():
        one_of(f"a parameter of {name}", column, kept)
        if full and not np.array_equal(value, kept[column]):
            raise ValueError(f"{column} must be {kept[column]}, as in data/, not {value}; or full = False")
    if full:
        return unpacked(load(name))
    return runner.readings(design(name, **changes), trials=trials, seed=seed)


def packed(readings: pd.DataFrame) -> pd.DataFrame:
    """A row per condition, with the count trials, and outcomes: a letter for each trial."""
    trials = readings.trial.max() + 1
    rows = readings.iloc[::trials].drop(columns=["trial", "outcome", "seconds", "detail", "read"])
    letters = np.array(list(LETTERS))[readings.outcome.cat.codes.to_numpy().reshape(-1, trials)]
    return rows.reset_index(drop=True).assign(trials=trials, outcomes=["".join(row) for row in letters])


def unpacked(table: pd.DataFrame) -> pd.DataFrame:
    """Readings again, of what `packed` gave."""
    each = table.assign(trial=table.trials.map(range), outcome=table.outcomes.map(list))
    long = each.drop(columns=["trials", "outcomes"]).explode(["trial", "outcome"], ignore_index=True)
    outcome = pd.Categorical(long.outcome.map(LETTERS), readers.OUTCOMES)
    return long.assign(level=ordered(long.level), trial=long.trial.astype(int), outcome=outcome)


def stand(name: str, full: bool, trials: int) -> str:
    """One sentence: whether a notebook shows the full-size results, and of how many trials."""
    counts = load(name).trials
    kept = f"{counts.max():,} trials of each condition"
    kept += f" ({counts.min()} of a logo)" if counts.min() < counts.max() else ""
    if full:
        return f"Full-size results: {kept}, from `data/{name}.csv`."
    return f"Quick results: {trials:,} trials of each condition, computed here; `data/{name}.csv` has {kept}."


def main(data: Path, cache: Path) -> None:
    """Compute the whole study and write it to `data`, with what the dictionary says of its rows and versions;
    what `cache` has is not computed again.  Ends where a reader is missing."""
    if missing := [f"{name} ({why})" for name in READERS if (why := readers.unavailable(name))]:
        sys.exit(f"make data: the study needs all readers; not available: {', '.join(missing)}")
    made_by = ", ".join(f"{library} {version}" for library, version in readers.versions().items())
    dictionary = data / "README.md"
    for name in ("exact_model", *DESIGNS):
        if name in DESIGNS:
            table = packed(runner.readings(design(name), trials=DESIGNS[name][0], seed=SEED, cache=cache))
        else:
            table = exact_model(**EXACT, cache=cache)
        write_whole(data / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
        said = rf"(?s)(## {name}\.csv\n.*?- Rows: )[\d,]+(\n.*?- Versions: )[^\n]+"
        now = rf"\g<1>{len(table):,}\g<2>{made_by}; {date.today().isoformat()}"
        write_whole(dictionary, re.sub(said, now, dictionary.read_text(encoding="utf-8"), count=1))
        print(f"{name}: {len(table):,} rows", file=sys.stderr)


if __name__ == "__main__":
    main(Path("data"), Path(".study"))
