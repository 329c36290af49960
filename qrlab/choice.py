"""Which level to print: the same simulated prints at all four levels, and a rule that chooses.

Only the content's length and the mode of its characters matter: random contents like it are printed and read.
The rule, in this order:

1. Best is the level with the highest guaranteed read rate: the lower end of its interval.
2. Levels tie with the best that can't be told apart from it: the interval of their paired difference holds 0.
   Of a tie the smallest symbol wins; where some of it are sure to reach the target, the smallest of these.
3. A higher level that needs no larger version costs nothing, and is taken.
4. A prescribed level is taken in any case, and what it costs is said.
5. Where every level is sure to miss the target none is recommended, but the smallest change that reaches it.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qrlab import plots
from qrlab.checks import integer, number
from qrlab.files import records
from qrlab.model import ordered
from qrlab.optics import MM_PER_INCH, fitting_px
from qrlab.readers import panel, unavailable
from qrlab.runner import readings
from qrlab.scenario import Scenario, named_scenario
from qrlab.stats import differences, rate_interval
from qrlab.symbols import UNITS, Level, capacity, mode_of, size_of, smallest_version, too_long

FIRST_LOOK = 100  # trials before a decision is tried; then twice as many, and so on
_FACTORS = (1.25, 1.5, 2, 3, 4, 6)  # by which a change is tried, with FIRST_LOOK trials
_GEOMETRY = {"version": "Int64", "modules": "Int64", "module_mm": float, "module_dots": "Int64"}
_RATED = ["rate", "low", "high", "worst_reader", "worst_rate", "misreads"]
_CHANGED = ["change", "parameter", "value", "factor", "level", "rate", "low", "high", "trials"]


@dataclass(frozen=True)
class Verdict:
    """What the rule says of a table of levels.

    level: recommended, or None; best: guarantees most; tied: with it, itself included; chosen: by steps 1 to
    3; reached: the target, None: unsure; behind: points (of 1) fewer than the best, with low and high.
    """

    level: Level | None
    best: Level
    tied: tuple[Level, ...]
    chosen: Level
    reached: bool | None
    behind: pd.DataFrame

    def is_clear(self, margin: float) -> bool:
        """Every level is told from the best, or within `margin` of it; and so is the target."""
        others = self.behind.drop(self.best)
        return self.reached is not None and bool(((others.low > 0) | (others.high < margin)).all())


def decide(table: pd.DataFrame, gaps: pd.DataFrame, target: float, prescribed: Level | None) -> Verdict:
    """The rule; table: level, version, rate, low, high (nan where not printed); gaps: their `differences`."""
    rated = table[table.rate.notna()].set_index("level")
    levels = [x for x in Level if x in rated.index]
    best = max(levels, key=lambda x: (rated.low[x], -rated.version[x], x.documented))
    turned = gaps.assign(a=gaps.b, b=gaps.a, difference=-gaps.difference, low=-gaps.high, high=-gaps.low)
    both = pd.concat([gaps, turned]).rename(columns={"a": "level", "difference": "points"})
    behind = both[both.b == best].set_index("level")[["points", "low", "high"]].reindex(levels).fillna(0.0)
    tied = [x for x in levels if behind.low[x] <= 0]
    sure = [x for x in tied if rated.low[x] >= target]
    smallest = min(rated.version[x] for x in sure or tied)
    chosen = [x for x in levels if rated.version[x] == smallest][-1]
    reached = True if rated.low[prescribed or chosen] >= target else None
    if all(rated.high[x] < target for x in ([prescribed] if prescribed else levels)):
        reached = False
    level = prescribed or (None if reached is False else chosen)
    return Verdict(level, best, tuple(tied), chosen, reached, behind)


@dataclass(frozen=True, eq=False, repr=False)
class Choice:
    """A level for a content and a scenario, and why; not the content, which may be a secret.

    reason: a sentence; table: a row a level (an ordered category): version, modules (a side), module_mm,
    module_dots (the printer's), why_not (it can't be printed), relative_area (with modules of one size, the
    smallest 1), rate, low, high (share of scans read, with its interval), worst_reader, worst_rate, misreads
    (a count); verdict, readings (level, reader, trial, outcome of each): None where nothing can be printed;
    changes: what would reach the target.  Intervals hold with 95 % although it stops once all is clear.
    """

    reason: str
    table: pd.DataFrame
    verdict: Verdict | None
    readings: pd.DataFrame | None
    changes: pd.DataFrame
    scenario: Scenario
    seed: int
    left_out: dict[str, str]

    @property
    def level(self) -> Level | None:
        """The level that is recommended; None where none reaches the target."""
        return None if self.verdict is None else self.verdict.level

    @property
    def trials(self) -> int:
        """The prints of each level."""
        return 0 if self.readings is None else self.readings.trial.nunique()

    def __repr__(self) -> str:
        return f"Choice({self.level}: {self.reason})"

    def _repr_html_(self) -> str:
        return f"<p><b>{self.level or 'No level'}</b>: {self.reason}</p>" + plots.table(self.table).to_html()

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Read rates by level with their intervals, the worst readers, the target, and the choice."""
        return plots.choice(self.table, self.scenario.target, self.level, ax=ax)

    def sensitivity(self, *, trials: int = 200, jobs: int = -1) -> pd.DataFrame:
        """What becomes of the choice at either end of each assumption's range: two rows each.

        parameter, unit, value, rate (of the level chosen now), best (the highest guaranteed rate there), loss
        (of one to the other, 0 to 1), loss_low, loss_high, changes (they are told apart), swing (of rate).
        What changes the choice comes first, then by swing.  All intervals together hold with 95 %.
        """
        known = self.scenario.parameters.dropna(subset=["low", "high"])
        ends = [(row, end) for row in known.itertuples() for end in (row.low, row.high)]
        mine, rows = self.level or (self.verdict and self.verdict.chosen), []
        for row, end in ends:
            there = self.scenario.change(**{row.parameter: round(end) if isinstance(row.value, int) else end})
            table, verdict, _ = next(_simulated(there, [trials], self.seed, jobs, 1 - 0.05 / len(ends)))
            if verdict is not None and mine in verdict.behind.index:
                what = row.parameter, row.unit, end, table.set_index("level").rate[mine], verdict.best
                rows.append((*what, *verdict.behind.loc[mine], mine not in verdict.tied))
        columns = ["parameter", "unit", "value", "rate", "best", "loss", "loss_low", "loss_high", "changes"]
        found = pd.DataFrame(rows, columns=columns)
        by = found.groupby("parameter")
        found["swing"] = by.rate.transform(np.ptp)
        order = (2 * by.changes.transform("any") + found.swing).sort_values(ascending=False, kind="stable")
        return found.loc[order.index].reset_index(drop=True)

    def to_dict(self) -> dict:
        """What a program would want of it, ready for JSON; not the content."""
        case, reached = self.scenario, self.verdict and self.verdict.reached
        said: dict[str, object] = {"level": self.level, "reason": self.reason, "reached": reached}
        said |= {"trials": self.trials, "seed": self.seed, "readers_left_out": self.left_out}
        said |= {"scenario": case.name, "target": case.target, "parameters": records(case.parameters)}
        return said | {"table": records(self.table), "changes": records(self.changes)}


def choose(
    content: str | bytes | int | None = None,
    scenario: Scenario | str = "sign-in-badge",
    *,
    readers: str | Iterable[str] | None = None,
    trials: int = 1600,
    seed: int = 0,
    margin: float = 0.01,
    seconds: float | None = None,
    jobs: int = -1,
    advice: bool = True,
) -> Choice:
    """The level to print a content with: all four simulated on the same prints, and this module's rule.

    content: str or bytes, as for `make`, or its length in units of the scenario's mode; None: as that says;
    scenario: a Scenario or a key of SCENARIOS; readers: names of readers and panels, None: the scenario's;
    trials: prints at most, 10 or more: it ends once all levels are told from the best or sure to be within
    `margin` (0 to 1) of it, and the target is reached or missed;
    seconds: about how long it may take, and then the prints depend on the machine; seed, jobs: as for `run`;
    advice: look for changes where the target is missed.  ValueError for bad input and too much content.
    """
    integer("trials", trials, 10, 10**7)
    number("margin", margin, 0, 1)
    until = time.monotonic() + (np.inf if seconds is None else number("seconds", seconds, 0)) / 2
    case = named_scenario(scenario)
    case = case if readers is None else replace(case, readers=panel(readers))
    said: dict[str, Any] = {} if content is None else {"payload": content}
    if isinstance(content, str | bytes):
        data = content.encode(errors="replace") if isinstance(content, str) else content
        said = {"payload": len(data), "mode": mode_of(content)}
    if said:
        most = capacity(40, Level.L, said.get("mode", case.mode))
        case = case.change(**said | {"payload": integer("content, its length,", said["payload"], 1, most)})
    left_out = {reader: why for reader in case.readers if (why := unavailable(reader))}
    if len(left_out) == len(case.readers):
        raise ValueError(f"readers must be available, not {left_out}")
    case = replace(case, readers=tuple(reader for reader in case.readers if reader not in left_out))
    looks = [FIRST_LOOK * 2**k for k in range(20) if FIRST_LOOK * 2**k < trials] + [trials]
    for table, verdict, read in _simulated(case, looks, seed, jobs, 1 - 0.05 / len(looks)):  # noqa: B007
        if verdict is None or verdict.is_clear(margin) or time.monotonic() > until:
            break
    tries = advice and (verdict is None or verdict.reached is False)
    changes = _changes(case, seed, jobs) if tries else pd.DataFrame(columns=_CHANGED)
    reason = _reason(table.set_index("level"), verdict, changes if tries else None, case)
    reason += f" Without {', '.join(left_out)}, which can't be had here." if left_out else ""
    return Choice(reason, table, verdict, read, changes, case, seed, left_out)


def _simulated(case: Scenario, looks: list[int], seed: int, jobs: int, confidence: float) -> Iterator[tuple]:
    """Table, verdict and readings of a Choice after so many trials each."""
    sizes, read = _sizes(case), pd.DataFrame()
    printed = list(sizes.level[sizes.why_not == ""])
    if not printed or case.prescribed not in (None, *printed):
        yield sizes.reindex(columns=[*sizes, *_RATED]), None, None
        return
    for first, look in zip([0, *looks], looks):
        more = readings(case.design(printed), trials=look, first=first, seed=seed, jobs=jobs)
        read = pd.concat([read, more[["level", "reader", "trial", "outcome"]]], ignore_index=True)
        rows = {}
        for level, part in read.assign(ok=read.outcome == "ok").groupby("level", observed=True):
            rate, each = part.ok.mean(), part.groupby("reader", sort=False).ok.mean()
            ends = rate_interval(rate * look, look, confidence)
            rows[level] = rate, *ends, each.idxmin(), each.min(), (part.outcome == "misread").sum()
        rated = pd.DataFrame.from_dict(rows, "index", columns=_RATED).astype({"misreads": "Int64"})
        gaps, table = differences(read, "level", confidence=confidence), sizes.join(rated, on="level")
        yield table, decide(table, gaps, case.target, case.prescribed), read


def _sizes(case: Scenario) -> pd.DataFrame:
    """The geometry of each level, and what keeps it from being printed."""
    rows = []
    for level in Level:
        version, why_not = smallest_version(case.payload, level, case.mode), ""
        modules, module_mm, dots = version and size_of(version), None, None
        if modules is None:
            why_not = f"no symbol holds {case.payload:,} {UNITS[case.mode]} at this level"
            if level == (case.prescribed or Level.L):
                raise ValueError(too_long(case.payload, case.mode, level))
        else:
            try:
                module_mm, dots = case.print.module_mm(modules), case.print.dots_per_module(modules)
            except ValueError as narrow:
                why_not = f"print_{narrow}"
        rows.append((level, version, modules, module_mm, dots, why_not))
    table = pd.DataFrame(rows, columns=["level", *_GEOMETRY, "why_not"]).astype(_GEOMETRY)
    area = (table.modules / table.modules.min()).astype(float) ** 2
    return table.assign(level=ordered(table.level), relative_area=area)


def _changes(case: Scenario, seed: int, jobs: int) -> pd.DataFrame:
    """For each change the smallest factor that makes the level, prescribed or best, reach the target."""
    size = size_of(smallest_version(case.payload, case.prescribed or Level.L, case.mode) or 40)
    least_mm = np.ceil(10 * case.print.across(size) * MM_PER_INCH / (case.print.dpi or np.inf)) / 10
    width_mm, distance_mm = max(case.print.width_mm, least_mm), case.camera.distance_mm
    px = replace(case.print, width_mm=width_mm).module_mm(size) * case.camera.px_per_mm
    most = max(min(8, fitting_px(case.print, case.camera, size)) / px, _FACTORS[0])  # 8 px a module will do
    near, few = [factor for factor in _FACTORS if factor <= most], _FACTORS[:3]
    ways = {
        "print_width_mm": ("print it at least {:,g} mm wide", near, width_mm),
        "camera_distance_mm": ("hold it within {:,g} mm", near, distance_mm),
        "payload": ("shorten it to {:,g} " + UNITS[case.mode], few, case.payload),
        "wear": ("protect it, for {:.2g} of the damage", few if case.wear else [], 1),
    }
    rows: dict[str, tuple] = {}
    for parameter, (words, factors, now) in ways.items():
        for factor in [*factors[-1:], *factors[:-1]]:  # the greatest first: where it fails, so do the others
            changes: dict[str, object] = {f"{wear.kind}_typical": wear.typical / factor for wear in case.wear}
            value = now * factor if parameter == "print_width_mm" else now / factor
            if parameter != "wear":
                value = max(round(value, None if parameter == "payload" or value >= 10 else 1), 1)
                changes = {parameter: value}
            best: Any = None
            with suppress(ValueError):  # no such print, or none that this camera sees whole
                table, verdict, _ = next(_simulated(case.change(**changes), [FIRST_LOOK], seed, jobs, 0.95))
                best = verdict and table.set_index("level").loc[case.prescribed or verdict.best]
            reached = best is not None and best.rate >= case.target
            if reached:
                found = best.name, best.rate, best.low, best.high, FIRST_LOOK
                rows[parameter] = words.format(value), parameter, float(value), factor, *found
            if reached != (factor == factors[-1]):
                break
    return pd.DataFrame(sorted(rows.values(), key=lambda row: row[3]), columns=_CHANGED)


def _reason(table: pd.DataFrame, verdict: Verdict | None, changes: Any, case: Scenario) -> str:
    """The reason, in clauses of one sentence; table: by level; changes: None where none was tried."""
    level = case.prescribed or Level.L
    if verdict is None:
        clauses = [f"{level} can't be printed, as {table.why_not[level]}"]
    else:
        tied, shown = verdict.tied, table.loc[verdict.level or verdict.best]
        smallest = next(x for x in tied if table.version[x] == table.version[verdict.chosen])
        why = f"{smallest} reads most"
        if len(tied) > 1:
            sure = " that is sure to do" if table.version[smallest] > table.version[tied[0]] else ""
            told = f"{', '.join(tied[:-1])} and {tied[-1]} can't be told apart"
            why = f"{told}, {smallest} is the smallest{sure}"
        if case.prescribed:
            why = f"{level} is prescribed, which costs {100 * verdict.behind.points[level]:z.1f} points"
        elif verdict.level is None:
            why = f"No level will do, {verdict.best} reads most"
        elif verdict.chosen != smallest:
            why += f", and {verdict.chosen}, which needs no larger symbol, is free"
        least = np.floor(1000 * shown.low) / 10  # a bound as it is written, too
        reaches = {True: "reaches", None: "may miss", False: "misses"}[verdict.reached]
        clauses = [why, f"it reads {100 * shown.rate:.3g}% of scans, at least {least:g}%"]
        clauses += [f"it {reaches} the target, {100 * case.target:g}%"]
        clauses += [f"{x} is out, as {why_not}" for x, why_not in table.why_not.items() if why_not]
        if wrong := table.misreads.sum():
            clauses += [f"beware of wrong readings: {wrong:,}"]
    if changes is not None:
        ways = [f"{row.change} ({row.level} reads {100 * row.rate:.3g}%)" for row in changes.itertuples()]
        clauses += [f"of what was tried this would do: {', or '.join(ways) or 'nothing'}"]
    return "; ".join(clauses) + "."
