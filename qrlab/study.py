"""The full-size study: what `make data` writes to data/, and notebooks ask for.
Of readings every trial is kept, a letter each, so that what was paired stays so.  Nothing here judges."""

import io
import os
import re
import sys
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qrlab import readers, runner
from qrlab.breaking import exact_model
from qrlab.checks import one_of
from qrlab.choice import choose
from qrlab.damage import MODELS
from qrlab.files import FRESH, load, write_whole
from qrlab.model import capability, ordered
from qrlab.optics import Camera, Print
from qrlab.scenario import SCENARIOS
from qrlab.symbols import VERSIONS, Level, size_of, smallest_version

SEED = 1
EXACT: dict[str, Any] = {"trials": 300, "contents": 100}  # of exact_model
PRINTS = {"default": 1600, "phones": 100, "web": 100, "all": 100}  # of scenario_rates, by panel, at most
_OF_A_READING = ["trial", "outcome", "seconds", "detail", "read"]
QUICK = 20  # trials of a condition that data/ does not hold
LETTERS = dict(zip("oxuect", readers.OUTCOMES))
SLOW = "wechat"  # takes twice as long as all others together
READERS = (*(name for name in readers.PANELS["all"] if name != SLOW), "zxing-pure", "model")
KINDS = [kind for kind in MODELS if kind != "worst_codewords"]
COMMON = ["blot", "scratch", "edge_wear", "logo"]  # the kinds that are tried with every payload
LEVELS = [level.value for level in Level]
SEVERITIES = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4]
# Of each file its parts: trials of each condition, and columns, whose values are combined; notebooks ask for
# the first, with changes.  No payload: full symbols; no reader: those of READERS that there are; reach: a
# share of the distance at which L has 1.5 pixels a module.
# fmt: off
DESIGNS: dict[str, list[tuple[int, dict[str, Any]]]] = {
    "progressive_damage": [
        (100, {"payload": 60, "damage": KINDS, "damage_spare_finders": [False, True], "level": LEVELS,
               "severity": SEVERITIES, "reader": ["zxing", "zbar", "model"]}),
        (100, {"payload": [20, 141, 500], "damage": COMMON, "damage_spare_finders": False, "level": LEVELS,
               "severity": SEVERITIES, "reader": ["zxing", "zbar", "model"]})],
    "readers_by_damage": [
        (60, {"payload": 60, "damage": [kind for kind in KINDS if kind != "logo"], "level": LEVELS,
              "severity": [0.01, 0.02, 0.04, 0.06, 0.1, 0.18]}),
        (100, {"payload": 60, "damage": "logo", "level": LEVELS, "severity": [0.01, 0.02, 0.04, 0.06, 0.1]}),
        (30, {"payload": [20, 141, 500], "damage": ["blot", "scratch", "stain"], "level": LEVELS,
              "severity": [0.01, 0.04, 0.1]}),
        (30, {"payload": 60, "damage": ["blot", "scratch", "stain"], "level": LEVELS,
              "severity": [0.01, 0.04, 0.1], "reader": SLOW})],
    "readers_undamaged": [
        (40, {"version": [1, 2, 4, 7, 10, 15, 20, 25, 32, 40], "level": LEVELS, "reader": [*READERS, SLOW]})],
    "print_and_scan": [
        (30, {"payload": [20, 60, 141, 500], "print_width_mm": 25, "reach": np.linspace(0.25, 1, 13),
              "level": LEVELS, "damage": ["blot", "scratch", "stain"],
              "severity": [0, 0.01, 0.02, 0.04, 0.07, 0.12, 0.2], "reader": "zxing"})],
}
# fmt: on


def design(name: str, part: int = 0, **changes: object) -> pd.DataFrame:
    """A part of one of DESIGNS, as qr.run takes it; changes: columns, or values for them, one or many."""
    columns = DESIGNS[one_of("name", name, DESIGNS)][part][1] | changes
    columns.setdefault("reader", [name for name in READERS if not readers.unavailable(name)])
    lists = [np.atleast_1d(values) for values in columns.values()]
    table = pd.MultiIndex.from_product(lists, names=columns).to_frame(index=False)
    if "payload" not in table:
        full = capability().astype({"level": str}).rename(columns={"bytes": "payload"})
        table = table.merge(full[["version", "level", "payload"]], how="left")
    if "reach" in table:
        sizes = [size_of(smallest_version(payload, "L") or 40) for payload in table.payload]
        module_mm = [Print(mm).module_mm(size) for mm, size in zip(table.print_width_mm, sizes)]
        far_mm = np.array(module_mm) * Camera.at(100).focal_px / 1.5
        table["camera_distance_mm"] = np.round(table.pop("reach") * far_mm)
    return table


def exact(kinds: list[str], *, seed: int = SEED, **changes: Any) -> pd.DataFrame:
    """Rows of `exact_model` for kinds of damage: those of data/, or, where the environment says FRESH or with
    changes (versions, trials, contents, another seed), made now at quick size."""
    if changes or seed != SEED or os.environ.get(FRESH):
        quick: dict[str, Any] = {"versions": VERSIONS, "trials": QUICK, "contents": 8}
        table, made = exact_model(kinds=kinds, seed=seed, **quick | changes), "computed here"
    else:
        table, made = load("exact_model").query("damage in @kinds"), "from data/exact_model.csv"
    table = table.assign(level=ordered(table.level)).reset_index(drop=True)
    return _said(table, table.trials, f"a symbol, {made}")


def readings(name: str, *, trials: int | None = None, seed: int = SEED, **changes: Any) -> pd.DataFrame:
    """Readings of the first part of one of DESIGNS, with changes, as `design` takes them: those of data/
    (without seconds, detail and read) where it holds all conditions; else, where the environment says FRESH,
    or with trials or another seed, made now, with trials, or QUICK.  attrs["made"] says which, with n."""
    asked, table = design(name, **changes), load(name)
    if trials is None and seed == SEED and set(asked) <= set(table) and not os.environ.get(FRESH):
        shared = table.dtypes[asked.columns]
        kept = asked.astype(shared[shared == "float64"]).merge(table, how="left")
        if kept.trials.notna().all():
            kept = kept.astype({"trials": int})
            return _said(unpacked(kept), kept.trials, f"for each condition, from data/{name}.csv")
    trials = QUICK if trials is None else trials
    made = runner.readings(asked, trials=trials, seed=seed)
    return _said(made, [trials], "for each condition, computed here")


def _said(table: pd.DataFrame, counts: Any, made: str) -> pd.DataFrame:
    table.attrs["made"] = f"n = {' to '.join(map(str, sorted({min(counts), max(counts)})))} {made}"
    return table


def packed(readings: pd.DataFrame) -> pd.DataFrame:
    """A row per condition, with the count trials, and outcomes: a letter for each trial."""
    trials = readings.trial.max() + 1
    rows = readings.iloc[::trials].drop(columns=[*_OF_A_READING, "alike"], errors="ignore")
    letters = np.array(list(LETTERS))[readings.outcome.cat.codes.to_numpy().reshape(-1, trials)]
    return rows.reset_index(drop=True).assign(trials=trials, outcomes=["".join(row) for row in letters])


def unpacked(table: pd.DataFrame) -> pd.DataFrame:
    """Readings again, of what `packed` gave."""
    each = table.assign(trial=table.trials.map(range), outcome=table.outcomes.map(list))
    long = each.drop(columns=["trials", "outcomes"]).explode(["trial", "outcome"], ignore_index=True)
    outcome = pd.Categorical(long.outcome.map(LETTERS), readers.OUTCOMES)
    return long.assign(level=ordered(long.level), trial=long.trial.astype(int), outcome=outcome)


def scenario_rates(prints: dict[str, int], cache: Path | None = None) -> pd.DataFrame:
    """What `choose` says of each scenario with each panel of readers and so many prints at most."""
    tables = {}
    for name, (panel, trials) in product(SCENARIOS, prints.items()):
        choice = choose(None, name, readers=panel, trials=trials, seed=SEED, advice=False, cache=cache)
        rows = choice.table.drop(columns=["modules", "module_dots", "why_not"]).assign(trials=choice.trials)
        rows["left"] = rows.level.isin(choice.verdict.left if choice.verdict else [])
        tables[name, panel] = rows.assign(sure=choice.sure, recommended=rows.level == choice.level)
    return pd.concat(tables, names=["scenario", "panel", None]).reset_index([0, 1]).round(4)


def scenarios() -> pd.DataFrame:
    """`scenario_rates` of data/, or, where the environment says FRESH, made now with 10 prints for panels
    with a reader here.  attrs["made"] says which."""
    if not os.environ.get(FRESH):
        table, made = load("scenario_rates"), "from data/scenario_rates.csv"
    else:
        there = [x for x in PRINTS if not all(map(readers.unavailable, readers.PANELS[x]))]
        written = scenario_rates(dict.fromkeys(there, 10)).to_csv(index=False)
        table, made = pd.read_csv(io.StringIO(written)), "computed here"
    table.attrs["made"] = made
    return table


def main(data: Path, cache: Path) -> None:
    """Compute the whole study and write it to `data`, with what the dictionary says of its rows and versions;
    what `cache` has is not computed again.  Ends where a reader is missing."""
    if missing := [f"{name} ({why})" for name in (*READERS, SLOW) if (why := readers.unavailable(name))]:
        sys.exit(f"make data: the study needs all readers; not available: {', '.join(missing)}")
    made_by = ", ".join(f"{library} {version}" for library, version in readers.versions().items())
    dictionary = data / "README.md"
    for name in ("exact_model", *DESIGNS, "scenario_rates"):
        if name == "exact_model":
            table = exact_model(**EXACT, cache=cache)
        elif name == "scenario_rates":
            table = scenario_rates(PRINTS, cache)
        else:
            parts = [(design(name, part), trials) for part, (trials, _) in enumerate(DESIGNS[name])]
            read = [runner.readings(part, trials=trials, seed=SEED, cache=cache) for part, trials in parts]
            table = pd.concat(map(packed, read), ignore_index=True)
        write_whole(data / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
        said = rf"(?s)(## {name}\.csv\n.*?- Rows: )[\d,]+(\n.*?- Versions: )[^\n]+"
        now = rf"\g<1>{len(table):,}\g<2>{made_by}; {date.today().isoformat()}"
        write_whole(dictionary, re.sub(said, now, dictionary.read_text(encoding="utf-8"), count=1))
        print(f"{name}: {len(table):,} rows", file=sys.stderr)


if __name__ == "__main__":
    main(Path("data"), Path(".study"))
