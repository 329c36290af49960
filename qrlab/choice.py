"""Which level to print: the same simulated prints at all four levels, and a rule that chooses.

Only the content's length and the mode of its characters matter: random contents like it are printed and read.
Prints are drawn by stratum, a kind of wear and a band of its severities: rare ones more often than they come;
twenty in a row share a content, of which the intervals know nothing: no reader minds but ZBar, a little.
The rule, in this order:

1. Of the levels that need the same version the highest stands for all: it is free.
2. The smallest symbol is taken that is surely within a margin, 1 point, of the best: none reads as much more.
3. Smaller ones of which neither that nor the contrary is sure are left beside it.  The answer names them all,
   and takes the one whose guaranteed read rate, the lower end of its interval, is highest.
4. A prescribed level is taken in any case, and what it costs is said.
5. Where every level is sure to miss the target none is recommended, but the smallest change that reaches it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from qrlab.checks import integer, number
from qrlab.files import records
from qrlab.optics import MM_PER_INCH
from qrlab.readers import panel, unavailable
from qrlab.runner import readings
from qrlab.scenario import Scenario, named_scenario
from qrlab.scene import Mix
from qrlab.stats import Strata
from qrlab.symbols import UNITS, Level, capacity, mode_of, size_of, smallest_version

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Trials before a decision is tried; then so many times as many, and so on.  It takes about 280 to show that
# two levels that read everything are within a point.
FIRST_LOOK, LATER = 112, 2.5
BANDS = (0.4, 0.7, 0.85, 0.95)  # of the severities of a kind of wear, by the share of its prints below
RESAMPLES = 200  # of the prints, to see how often the same is recommended
_FACTORS, _TRIED = (3, 1.25, 1.5, 2), 100  # a change is tried by the most first, with so many trials
_RATED = ["rate", "low", "high", "worst_reader", "worst_rate", "misreads"]
_CHANGED = ["change", "parameter", "value", "factor", "level", "rate", "low", "high", "trials"]


@dataclass(frozen=True)
class Verdict:
    """What the rule says of a sample.

    level: recommended, or None; best: guarantees most; left: chosen among these, one where that is sure;
    within: levels surely within the margin of the best; chosen: by steps 1 to 3; reached: the target, None:
    unsure; behind: points (of 1) fewer than the best, with low and high."""

    level: Level | None
    best: Level
    left: tuple[Level, ...]
    within: tuple[Level, ...]
    chosen: Level
    reached: bool | None
    behind: pd.DataFrame


def decide(
    low: np.ndarray, behind_low: np.ndarray, behind_high: np.ndarray, versions: Sequence[int], margin: float
) -> list[int]:
    """Steps 1 to 3: the levels that are left, by place, the chosen one first.

    low: guaranteed rates, n; behind_low, behind_high: bounds of how far each is behind each other, n×n;
    versions: n, increasing."""
    left = []
    for place in range(len(versions)):
        free = place + 1 < len(versions) and versions[place + 1] == versions[place]
        if free or behind_low[place].max() > margin:
            continue
        left.append(place)
        if behind_high[place].max() < margin:
            break
    return sorted(left, key=lambda place: -low[place]) or [int(np.argmax(low))]


def _judged(sample: Strata, table: pd.DataFrame, case: Scenario, margin: float, confidence: float) -> Verdict:
    """The rule; table: level, version, rate, low, high (nan where not printed); confidence: of each bound."""
    rated = table[table.rate.notna()].set_index("level")
    levels = [level for level in Level if level in rated.index]
    low, high, version = (rated[column].to_numpy() for column in ("low", "high", "version"))
    points, least, most = sample.gaps(confidence)
    places = decide(low, least, most, version, margin)
    chosen, left = levels[places[0]], tuple(levels[k] for k in sorted(places))
    best = levels[max(range(len(levels)), key=lambda k: (low[k], -version[k], k))]
    reached = True if rated.low[case.prescribed or chosen] >= case.target else None
    if (rated.high[case.prescribed] if case.prescribed else high.max()) < case.target:
        reached = False
    ends = {"points": points, "low": least, "high": most}
    behind = pd.DataFrame({name: end[:, levels.index(best)] for name, end in ends.items()}, index=levels)
    within = tuple(level for level, above in zip(levels, most) if above.max() < margin)
    level = case.prescribed or (None if reached is False else chosen)
    return Verdict(level, best, left, within, chosen, reached, behind)


def _sure(sample: Strata, table: pd.DataFrame, chosen: Level, margin: float, confidence: float) -> float:
    """The share of resamples of the prints, within strata, in which the rule chooses the same level."""
    rated, rng = table[table.rate.notna()], np.random.default_rng(0)
    again = [sample.resampled(rng) for _ in range(RESAMPLES)]
    bounds = [(one.rates(confidence)[1], *one.gaps(confidence)[1:]) for one in again]
    places = [decide(*each, list(rated.version), margin)[0] for each in bounds]
    return float(np.mean(rated.level.to_numpy()[places] == chosen))


@dataclass(frozen=True, eq=False, repr=False)
class Choice:
    """A level for a content and a scenario, and why; not the content, which may be a secret.

    reason: a sentence; table: a row a level (an ordered category): version, modules (a side), module_mm,
    module_dots (the printer's), why_not (it can't be printed), relative_area (with modules of one size, the
    smallest 1), rate, low, high (share of scans read, with its interval), worst_reader, worst_rate, misreads
    (a count); verdict, readings (as of qr.readings, with weight: the share of all prints that a trial stands
    for), mix (the wear of the prints, by stratum): None where nothing can be printed; sure: the share of
    resamples of the prints that give the same level; changes: what would reach the target.  Intervals hold
    with 95 % although it stops once all is clear."""

    reason: str
    table: pd.DataFrame
    verdict: Verdict | None
    readings: pd.DataFrame | None
    mix: Mix | None
    sure: float
    changes: pd.DataFrame
    scenario: Scenario
    margin: float
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
        from qrlab import plots  # here, as Matplotlib takes a second

        return f"<p><b>{self.level or 'No level'}</b>: {self.reason}</p>" + plots.table(self.table).to_html()

    def plot(self, *, ax: "Axes | None" = None) -> "Axes":
        """Read rates by level with their intervals, the worst readers, the target, and the choice."""
        from qrlab import plots

        return plots.choice(self.table, self.scenario.target, self.level, ax=ax)

    def to_dict(self) -> dict:
        """What a program would want of it, ready for JSON; not the content."""
        case, reached = self.scenario, self.verdict and self.verdict.reached
        said: dict[str, object] = {"level": self.level, "reason": self.reason, "reached": reached}
        said |= {"sure": self.sure, "left": self.verdict and self.verdict.left, "margin": self.margin}
        said |= {"trials": self.trials, "seed": self.seed, "readers_left_out": self.left_out}
        said |= {"scenario": case.name, "target": case.target, "parameters": records(case.parameters)}
        return said | {"table": records(self.table), "changes": records(self.changes)}


def choose(
    content: str | bytes | int | None = None,
    scenario: Scenario | str = "sign-in-badge",
    *,
    readers: str | Iterable[str] | None = None,
    trials: int = 280,
    seed: int = 0,
    margin: float = 0.01,
    jobs: int = -1,
    cache: Path | None = None,
    advice: bool = True,
) -> Choice:
    """The level to print a content with: all four simulated on the same prints, and this module's rule.

    content: str or bytes, as for `make`, or its length in units of the scenario's mode; None: as that says;
    scenario: a Scenario or a key of SCENARIOS; readers: names of readers and panels, None: the scenario's;
    trials: prints at most, 10 or more: it ends once one level is left and the target is reached or missed;
    margin: in the rule, 0 to 1; seed, jobs, cache: as for `run`; advice: look for changes where none
    reaches the target.  ValueError for bad input and too much content."""
    integer("trials", trials, 10, 10**7)
    number("margin", margin, 0, 1)
    case = named_scenario(scenario)
    case = _holding(content, case if readers is None else replace(case, readers=panel(readers)))
    left_out = {reader: why for reader in case.readers if (why := unavailable(reader))}
    if len(left_out) == len(case.readers):
        raise ValueError(f"readers must be available, not {left_out}")
    case = replace(case, readers=tuple(reader for reader in case.readers if reader not in left_out))
    looks = [look for k in range(15) if (look := int(FIRST_LOOK * LATER**k)) < trials] + [trials]
    confidence = 1 - 0.05 / len(looks)
    looked = _simulated(case, looks, margin, confidence, seed=seed, jobs=jobs, cache=cache)
    for table, verdict, read, mix, sample in looked:  # noqa: B007
        over = verdict is None or verdict.reached is False  # no more prints would help
        if over or (verdict.reached and (case.prescribed or len(verdict.left) == 1)):
            break
    sure = 0.0 if verdict is None else _sure(sample, table, verdict.chosen, margin, confidence)
    tries = advice and (verdict is None or verdict.reached is False)
    changes = _changes(case, verdict, seed, jobs) if tries else pd.DataFrame(columns=_CHANGED)
    reason = _reason(table.set_index("level"), verdict, changes if tries else None, case, margin, sure)
    reason += f" Without {', '.join(left_out)}, which can't be had here." if left_out else ""
    return Choice(reason, table, verdict, read, mix, sure, changes, case, margin, seed, left_out)


def _holding(content: str | bytes | int | None, case: Scenario) -> Scenario:
    """The scenario with the length and the mode of that content; None: as it is."""
    if content is None:
        return case
    said: dict[str, Any] = {"payload": content}
    if isinstance(content, str | bytes):
        data = content.encode(errors="replace") if isinstance(content, str) else content
        said = {"payload": len(data), "mode": mode_of(content)}
    most = capacity(40, Level.L, said.get("mode", case.mode))
    return case.change(**said | {"payload": integer("content, its length,", said["payload"], 1, most)})


def _simulated(
    case: Scenario, looks: list[int], margin: float, confidence: float, levels: Any = Level, **run: Any
) -> Iterator[tuple]:
    """Table, verdict, readings, wear and sample (a column a level) after so many trials; run: seed, jobs."""
    sizes = case.sizes()
    printed = [level for level in levels if not sizes.set_index("level").why_not[level]]
    if not printed or case.prescribed not in (None, *printed):
        yield sizes.reindex(columns=[*sizes, *_RATED]), None, None, None, None
        return
    mix = Mix(case.wear, BANDS)
    if len(set(mix.strata[2][: looks[0]])) < len(mix.strata[1]):  # some strata would have no print
        mix = Mix(case.wear)
    design, read = case.design(printed), pd.DataFrame()
    _, shares, turn = mix.strata
    design["scene"] = [replace(scene, damage=mix) for scene in design.scene]
    for first, look in zip([0, *looks], looks):
        read = pd.concat([read, readings(design, trials=look, first=first, **run)], ignore_index=True)
        stratum = turn[np.arange(look) % len(turn)]
        read["weight"] = (shares / np.bincount(stratum))[stratum][read.trial]
        ok = read.assign(ok=read.outcome == "ok").set_index(["trial", "level", "reader"]).ok.unstack([1, 2])
        ok = ok[list(zip(design.level, design.reader))].to_numpy(float)
        sample = Strata(ok.reshape(look, len(printed), -1).mean(axis=2), stratum, shares)
        rated = pd.DataFrame(dict(zip(["rate", "low", "high"], sample.rates(confidence))), index=printed)
        by_reader = sample._replace(values=ok).rates(confidence)[0].reshape(len(printed), -1)
        rated["worst_reader"] = [case.readers[k] for k in by_reader.argmin(axis=1)]
        rated["worst_rate"] = by_reader.min(axis=1)
        misread = (read.outcome == "misread").groupby(read.level, observed=True).sum()
        table = sizes.join(rated.assign(misreads=misread.astype("Int64")), on="level")
        yield table, _judged(sample, table, case, margin, confidence), read, mix, sample


def _changes(case: Scenario, verdict: Verdict | None, seed: int, jobs: int) -> pd.DataFrame:
    """For each change the smallest of _FACTORS that makes the prescribed or best level reach the target."""
    level = case.prescribed or (verdict.best if verdict else Level.L)
    size = size_of(smallest_version(case.payload, level, case.mode) or 40)
    least_mm = np.ceil(10 * case.print.across(size) * MM_PER_INCH / (case.print.dpi or np.inf)) / 10
    ways = {
        "print_width_mm": ("print it at least {:,g} mm wide", max(case.print.width_mm, least_mm)),
        "camera_distance_mm": ("hold it within {:,g} mm", case.camera.distance_mm),
        "payload": ("shorten it to {:,g} " + UNITS[case.mode], case.payload),
    } | ({"wear": ("protect it, for {:.2g} of the damage", 1)} if case.wear else {})
    rows: list[tuple] = []
    for parameter, (words, now) in ways.items():
        found: dict[float, tuple] = {}
        for factor in _FACTORS:
            value = now * factor if parameter == "print_width_mm" else now / factor
            changes: dict[str, object] = {f"{wear.kind}_typical": wear.typical / factor for wear in case.wear}
            if parameter != "wear":
                value = max(round(value, None if parameter == "payload" or value >= 10 else 1), 1)
                changes = {parameter: value}
            with suppress(ValueError):  # no such print, or none that this camera sees whole
                there = case.change(**changes), [_TRIED], 1, 0.95, [level]
                rated = next(_simulated(*there, seed=seed, jobs=jobs))[0].set_index("level").loc[level]
                what = words.format(value), parameter, float(value), factor, level
                if rated.rate >= case.target:
                    found[factor] = *what, rated.rate, rated.low, rated.high, _TRIED
                if (rated.rate >= case.target) == (factor < max(_FACTORS)):
                    break  # the least that does, or the most does not
        rows += [found[factor] for factor in sorted(found)[:1]]
    return pd.DataFrame(rows, columns=_CHANGED).sort_values("factor", kind="stable", ignore_index=True)


def _reason(
    table: pd.DataFrame, verdict: Verdict | None, changes: Any, case: Scenario, margin: float, sure: float
) -> str:
    """The reason, in clauses of one sentence; table: by level; changes: None where none was tried."""
    level = case.prescribed or Level.L
    if verdict is None:
        clauses = [f"{level} can't be printed, as {table.why_not[level]}"]
    else:
        shown = table.loc[verdict.level or verdict.best]
        why = _why(table, verdict, f"within {100 * margin:g} point{'s' * (margin != 0.01)} of the best")
        if case.prescribed:
            why = f"{level} is prescribed, which costs {100 * verdict.behind.points[level]:z.1f} points"
        elif verdict.level is None:
            why = f"No level will do, {verdict.best} reads most"
        least = np.floor(1000 * shown.low) / 10  # a bound as it is written, too
        reaches = {True: "reaches", None: "may miss", False: "misses"}[verdict.reached]
        clauses = [why, f"it reads {100 * shown.rate:.3g}% of scans, at least {least:g}%"]
        clauses += [f"it {reaches} the target, {100 * case.target:g}%"]
        clauses += (
            [] if case.prescribed else [f"{sure:.0%} of resamples of the prints agree on {verdict.chosen}"]
        )
        clauses += [f"{x} is out, as {why_not}" for x, why_not in table.why_not.items() if why_not]
        if wrong := table.misreads.sum():
            clauses += [f"beware of wrong readings: {wrong:,}"]
    if changes is not None:
        ways = [f"{row.change} ({row.level} reads {100 * row.rate:.3g}%)" for row in changes.itertuples()]
        clauses += [f"of what was tried this would do: {', or '.join(ways) or 'nothing'}"]
    return "; ".join(clauses) + "."


def _why(table: pd.DataFrame, verdict: Verdict, near: str) -> str:
    """Why that level is chosen, in a clause."""
    chosen, printed = verdict.chosen, table[table.rate.notna()]
    if printed.version.nunique() == 1:
        return f"{chosen} needs no larger symbol than the others"
    *most, last = verdict.left if len(verdict.left) > 1 else verdict.within or [chosen]
    names = f"{', '.join(most)} and {last}"
    if len(verdict.left) > 1:
        return f"{names} are left, as it can't be told which is the smallest {near}; {chosen} guarantees most"
    free = ", and the highest level of its size" * int((printed.version == table.version[chosen]).sum() > 1)
    why = f"{names} are {near}, {chosen} is the smallest" if most else f"{chosen} is the smallest {near}"
    return why + free
