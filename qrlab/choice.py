"""Which level to print: the same simulated prints at all four levels, and a rule that chooses.

The rule, in this order:

1. Best is the level with the highest guaranteed read rate: the lower end of its interval.
2. Levels tie with the best that can't be told apart from it: the interval of their paired difference holds 0.
   Of a tie the smallest symbol wins; where some of it are sure to reach the target, the smallest of these.
3. A higher level that needs no larger version costs nothing, and is taken.
4. A prescribed level is taken in any case, and what it costs is said.
5. Where every level is sure to miss the target none is recommended; the smallest change that would reach it
   is looked for.

Only the content's length and the mode of its characters matter: random contents like it are printed and read.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qrlab.checks import integer, number, one_of
from qrlab.files import records
from qrlab.optics import MM_PER_INCH
from qrlab.readers import unavailable
from qrlab.runner import growing, readings, shown
from qrlab.scenario import Mix, Scenario, named_scenario
from qrlab.standard import UNITS, Level, mode_of, ordered, size_of, smallest_version, too_long
from qrlab.stats import differences, mean_interval

FIRST_LOOK = 100  # trials before a decision is tried; then twice as many, and so on
_FACTORS = (1.25, 1.5, 2, 3, 4, 6)  # by which a change is tried,
_TRIED = 100  # with so many trials,
_RESOLVED = 8  # unless modules get more camera pixels than that
_WORDS = {
    "print_width_mm": "print it at least {} mm wide",
    "camera_distance_mm": "hold it within {} mm",
    "payload": "shorten it to {} {units}",
    "wear": "protect it, so that it is damaged {} times as much as assumed",
}
_RANK = {level: k for k, level in enumerate(Level)}
_GEOMETRY = ["level", "version", "modules", "module_mm", "module_dots", "why_not"]
_RATED = ["rate", "low", "high", "worst_reader", "worst_rate", "misreads"]
_CHANGE = ["change", "parameter", "value", "factor", "level", "rate", "low", "high", "trials"]


@dataclass(frozen=True)
class Verdict:
    """What the rule says of a table of levels.

    level: the recommended one or None; best: the highest guaranteed rate; tied: with it, itself included;
    chosen: by the first three steps; reached: is the target reached, None: not to be told;
    behind: by level, how many points (0 to 1) fewer than the best it reads, with low and high.
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


def decide(
    table: pd.DataFrame, gaps: pd.DataFrame, target: float, prescribed: Level | None = None
) -> Verdict:
    """The rule of this module's first lines.

    table: level, version, rate, low, high (rates 0 to 1; nan for what can't be printed); gaps: the paired
    differences between levels, as `stats.differences` gives them.
    """
    rated = table[table.rate.notna()].set_index("level")
    if prescribed is not None and prescribed not in rated.index:
        one_of("prescribed", prescribed, list(rated.index))
    levels = sorted((Level(x) for x in rated.index), key=_RANK.get)
    best = max(levels, key=lambda x: (rated.low[x], -rated.version[x], _RANK[x]))
    behind = _behind(gaps, best, levels)
    tied = [x for x in levels if behind.low[x] <= 0]
    sure = [x for x in tied if rated.low[x] >= target]
    smallest = min(rated.version[x] for x in sure or tied)
    chosen = [x for x in levels if rated.version[x] == smallest][-1]
    looked_at = [prescribed] if prescribed else levels
    reached = True if rated.low[prescribed or chosen] >= target else None
    if all(rated.high[x] < target for x in looked_at):
        reached = False
    level = prescribed or (None if reached is False else chosen)
    return Verdict(level, best, tuple(tied), chosen, reached, behind)


def _behind(gaps: pd.DataFrame, best: Level, levels: list[Level]) -> pd.DataFrame:
    rows = {best: (0.0, 0.0, 0.0)}
    for gap in gaps.itertuples():
        if gap.b == best:
            rows[Level(gap.a)] = gap.difference, gap.low, gap.high
        elif gap.a == best:
            rows[Level(gap.b)] = -gap.difference, -gap.high, -gap.low
    return pd.DataFrame.from_dict(rows, "index", columns=["points", "low", "high"]).loc[levels]


@dataclass(frozen=True)
class Tried:
    """A scenario, tried: the table of its levels and, if it can be printed, the verdict and the readings."""

    table: pd.DataFrame
    verdict: Verdict | None = None
    readings: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Choice:
    """A level for a content and a scenario, and why.

    level: the recommended one, None where none reaches the target; reason: a sentence;
    table: a row a level (an ordered category): version, modules (a side), module_mm, module_dots (the
    printer's), rate, low, high (the share of scans read, with its interval), worst_reader, worst_rate,
    misreads (a count), relative_area (of the symbol with modules of one size, the smallest 1), why_not (what
    keeps it from being printed); changes: what would reach the target, cheapest first; verdict: see Verdict;
    readings: level, reader, trial, outcome of each; content: None unless it was asked to be kept.
    Intervals hold with 95 % although the simulation stops once the decision is clear: each is that of
    `confidence`, so that all looks together miss with 5 % at most.
    """

    level: Level | None
    reason: str
    table: pd.DataFrame
    verdict: Verdict | None
    readings: pd.DataFrame | None
    changes: pd.DataFrame
    scenario: Scenario
    trials: int
    seed: int
    confidence: float
    left_out: dict[str, str]
    content: str | bytes | int | None = None

    def __repr__(self) -> str:
        return f"Choice({self.level}: {self.reason})"

    def _repr_html_(self) -> str:
        from qrlab.plots import table  # as in plot

        return f"<p><b>{self.level or 'No level'}</b>: {self.reason}</p>" + table(self.table).to_html()

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Read rates by level with their intervals, the worst readers, the target, and the choice."""
        from qrlab.plots import plot_choice  # to the right of this module, and slow to load

        return plot_choice(self.table, self.scenario.target, self.level, ax=ax)

    def shown(self, level: Level | str, trial: int) -> np.ndarray:
        """The photograph of a trial's print at a level, as the readers saw it: uint8 height×width."""
        row = self.scenario.design([Level.parse(level)]).iloc[0]
        return shown(row, seed=self.seed, trial=trial)

    @property
    def risks(self) -> pd.DataFrame:
        """What is lost to which wear, a row each and level: wear, level, prints, rate, low, high, lost.

        wear: a kind or "none"; prints: how many bore it; rate, low, high: the share of scans of these that
        are read, with a 95 % interval; lost: scans of all prints that are lost to it, 0 to 1.
        """
        mix, rows = Mix(self.scenario.wear), []
        kinds = pd.Series([mix.drawn(self.seed, trial)[0] for trial in range(self.trials)], name="wear")
        read = self.readings.assign(ok=self.readings.outcome == "ok", wear=kinds[self.readings.trial].values)
        for wear in [w.kind for w in mix.wear] + ["none"]:
            for level, part in read[read.wear == wear].groupby("level", observed=True):
                prints, rate = part.trial.nunique(), part.ok.mean()
                ends = mean_interval(rate, prints)
                rows.append((wear, level, prints, rate, *ends, (1 - rate) * prints / self.trials))
        table = pd.DataFrame(rows, columns=["wear", "level", "prints", "rate", "low", "high", "lost"])
        return table.assign(level=ordered(table.level))

    def sensitivity(self, *, trials: int = 200, jobs: int = -1) -> pd.DataFrame:
        """What becomes of the choice at either end of each assumption's range, most telling first.

        Two rows each: parameter, unit, value, rate (of the level that is chosen now), best (the level
        with the highest guaranteed rate there), loss (how much less the one now chosen reads than that, 0 to
        1) with loss_low and loss_high, changes (it can be told apart from the best) and swing (of the rate
        between the two ends).  Assumptions that change the choice come first, then by swing.  All intervals
        together hold with 95 %.  Everything sees the same `trials`.  Shows progress.
        """
        known = self.scenario.parameters.dropna(subset=["low", "high"])
        ends = [(row, value) for row in known.itertuples() for value in (row.low, row.high)]
        cases = [self.scenario.change(**{row.parameter: _like(row.value, value)}) for row, value in ends]
        tried = _tried(cases, trials, self.seed, jobs, 1 - 0.05 / max(len(cases), 1))
        mine, rows = self.level or (self.verdict and self.verdict.chosen), []
        for (row, value), there in zip(ends, tried):
            rates = there.table.set_index("level").rate if there.verdict else {}
            if mine in rates and rates[mine] == rates[mine]:
                loss = tuple(there.verdict.behind.loc[mine])
                what = rates[mine], there.verdict.best, *loss, mine not in there.verdict.tied
                rows.append((row.parameter, row.unit, value, *what))
        columns = ["parameter", "unit", "value", "rate", "best", "loss", "loss_low", "loss_high", "changes"]
        table = pd.DataFrame(rows, columns=columns)
        by = table.groupby("parameter", sort=False)
        table["swing"] = by.rate.transform(np.ptp)
        rank = pd.DataFrame({"changes": by.changes.transform("any"), "swing": table.swing})
        order = rank.sort_values(["changes", "swing"], ascending=False, kind="stable").index
        return table.loc[order].reset_index(drop=True)

    def to_dict(self) -> dict:
        """What a program would want of it, ready for JSON; not the content."""
        return {
            "level": self.level and self.level.value,
            "reason": self.reason,
            "reached": self.verdict and self.verdict.reached,
            "target": self.scenario.target,
            "trials": self.trials,
            "seed": self.seed,
            "scenario": self.scenario.name,
            "parameters": records(self.scenario.parameters),
            "readers_left_out": self.left_out,
            "table": records(self.table),
            "changes": records(self.changes),
        }


def choose(
    content: str | bytes | int | None = None,
    scenario: Scenario | str = "sign-in-badge",
    *,
    trials: int = 1600,
    seed: int = 0,
    margin: float = 0.01,
    seconds: float | None = None,
    jobs: int = -1,
    cache: str | Path | None = None,
    advice: bool = True,
    keep_content: bool = False,
) -> Choice:
    """The level to print a content with: all four simulated on the same prints, and this module's rule.

    content: str or bytes, as for `make`, or just its length in the units of the scenario's mode; None: the
    scenario's own length; scenario: a Scenario or a key of SCENARIOS; trials: prints at most, 10 or more: it
    ends as soon as every level is told from the best or sure to be within `margin` (0 to 1) of it, and the
    target is reached or missed; seconds: about how long that may take, None: any (with it, the number of
    prints depends on the machine); jobs, cache: as for `run`; advice: look for changes where the target is
    missed; keep_content: whether the Choice has it.
    Raises ValueError for bad input and for content that no symbol holds.  Shows progress.
    """
    looks, seed = _looks(integer("trials", trials, 10, 10**7)), integer("seed", seed, 0, 2**63 - 1)
    margin, began = number("margin", margin, 0, 1), time.monotonic()
    seconds = np.inf if seconds is None else number("seconds", seconds, 0)
    case, left_out = _readable(_case(content, scenario))
    confidence, done, sizes = 1 - 0.05 / len(looks), 0, _sizes(case)
    tried = Tried(sizes)
    if len(design := _design(case, sizes)):
        with closing(growing(design, trials=looks, seed=seed, jobs=jobs, cache=cache)) as stages:
            for done, read in zip(looks, stages):  # noqa: B007
                tried = _judged(sizes, read, case, confidence)
                if tried.verdict.is_clear(margin) or 2 * (time.monotonic() - began) > seconds:
                    break
    missed = tried.verdict is None or tried.verdict.reached is False
    changes = _changes(case if missed and advice else None, seed, jobs)
    reason = "; ".join(_reason(tried, case, _advice(changes) if advice else "", done)) + "."
    level, kept = tried.verdict and tried.verdict.level, content if keep_content else None
    outcome = tried.table, tried.verdict, tried.readings, changes
    return Choice(level, reason, *outcome, case, done, seed, confidence, left_out, kept)


def _case(content: str | bytes | int | None, scenario: Scenario | str) -> Scenario:
    """The scenario with all that matters of the content, its length and mode."""
    scenario = named_scenario(scenario)
    if isinstance(content, str | bytes):
        length = len(content.encode(errors="replace") if isinstance(content, str) else content)
        if not length:
            raise ValueError("content must not be empty")
        return scenario.change(payload=length, mode=mode_of(content))
    return scenario if content is None else scenario.change(payload=integer("content", content, 1, 10**6))


def _readable(case: Scenario) -> tuple[Scenario, dict[str, str]]:
    """The scenario with the readers that there are here, and why not the others."""
    left_out = {reader: why for reader in case.readers if (why := unavailable(reader))}
    there = tuple(reader for reader in case.readers if reader not in left_out)
    if not there:
        raise ValueError(f"readers must be available, not {left_out}")
    return replace(case, readers=there), left_out


def _looks(trials: int) -> list[int]:
    """After how many trials a decision is tried: 100, twice as many, and so on, and all of them."""
    doubled = [FIRST_LOOK * 2**k for k in range(20)]
    return [look for look in doubled if look < trials] + [trials]


def _sizes(case: Scenario) -> pd.DataFrame:
    """The table of a Choice with the geometry of the levels alone."""
    rows = []
    for level in Level:
        version = smallest_version(case.payload, level, case.mode)
        row = {"level": level, "version": version, "modules": version and size_of(version), "why_not": ""}
        if version is None:
            row["why_not"] = f"no symbol holds {case.payload:,} {UNITS[case.mode]} at this level"
        else:
            try:
                row["module_mm"] = case.print.module_mm(row["modules"])
                row["module_dots"] = case.print.dots_per_module(row["modules"])
            except ValueError as narrow:
                row["why_not"] = str(narrow).replace("width_mm", "print_width_mm")
        rows.append(row)
    needed = case.prescribed or Level.L
    if rows[_RANK[needed]]["version"] is None:
        raise ValueError(too_long(case.payload, case.mode, needed))
    whole = dict.fromkeys(("version", "modules", "module_dots"), "Int64")
    table = pd.DataFrame(rows, columns=[*_GEOMETRY, *_RATED]).astype(whole | {"module_mm": float})
    area = table.modules.astype(float) ** 2
    return table.assign(level=ordered(table.level), relative_area=area / area.min())


def _design(case: Scenario, sizes: pd.DataFrame) -> pd.DataFrame:
    """The conditions of the levels that can be printed; none where a prescribed one can't."""
    printed = list(sizes.level[sizes.why_not == ""])
    return case.design(printed if case.prescribed in (None, *printed) else [])


def _judged(sizes: pd.DataFrame, read: pd.DataFrame, case: Scenario, confidence: float) -> Tried:
    """What was read, a row a reading, as rates by level, with the rule's verdict."""
    read, rows = read[["level", "reader", "trial", "outcome"]], {}
    for level, part in read.assign(ok=read.outcome == "ok").groupby("level", observed=True):
        rate, each = part.ok.mean(), part.groupby("reader", sort=False).ok.mean()
        ends = mean_interval(rate, part.trial.nunique(), confidence)
        misreads = int((part.outcome == "misread").sum())
        rows[level] = rate, *ends, each.idxmin(), each.min(), misreads
    rated = pd.DataFrame.from_dict(rows, "index", columns=_RATED).astype({"misreads": "Int64"})
    table = sizes.drop(columns=_RATED).join(rated, on="level")
    gaps = differences(read, "level", confidence=confidence)
    return Tried(table, decide(table, gaps, case.target, case.prescribed), read)


def _tried(
    cases: Sequence[Scenario], trials: int, seed: int, jobs: int, confidence: float = 0.95
) -> list[Tried]:
    """Several scenarios, tried at once on the same trials."""
    once = {case: _sizes(case) for case in cases}
    designs = [_design(case, sizes) for case, sizes in once.items()]
    rows, results = np.cumsum([0, *map(len, designs)]) * trials, {}
    if rows[-1]:
        read = readings(pd.concat(designs, ignore_index=True), trials=trials, seed=seed, jobs=jobs)
    for (case, sizes), start, end in zip(once.items(), rows, rows[1:]):
        mine = end > start
        results[case] = _judged(sizes, read.iloc[start:end], case, confidence) if mine else Tried(sizes)
    return [results[case] for case in cases]


def _changed(case: Scenario, parameter: str, factor: float) -> tuple[Scenario, float]:
    """The scenario with one thing made easier by a factor, and the value that it then has."""
    if parameter == "wear":
        return case.change(**{f"{w.kind}_typical": w.typical / factor for w in case.wear}), 1 / factor
    value = {
        "print_width_mm": max(case.print.width_mm, _narrowest(case)) * factor,
        "camera_distance_mm": case.camera.distance_mm / factor,
        "payload": case.payload / factor,
    }[parameter]
    value = max(round(value, None if parameter == "payload" else 0 if value >= 10 else 1), 1)
    return case.change(**{parameter: value}), value


def _narrowest(case: Scenario) -> float:
    """The width at which the smallest symbol has one printer dot a module, rounded up to 0.1 mm."""
    if case.print.dpi is None:
        return 0.0
    return ceil(10 * case.print.across(_size(case)) * MM_PER_INCH / case.print.dpi) / 10


def _changes(case: Scenario | None, seed: int, jobs: int) -> pd.DataFrame:
    """The smallest factor with which each change alone reaches the target, smallest first.

    change (in words), parameter, value, factor, level (the best there), rate, low, high, trials.
    """
    factors = {} if case is None else _factors(case)
    fails, reaches, found = dict.fromkeys(factors, -1), {}, {}
    ask = {name: len(tries) - 1 for name, tries in factors.items()}
    while ask:
        cases, values = zip(*(_changed(case, name, factors[name][k]) for name, k in ask.items()))
        for (name, k), value, tried in zip(ask.items(), values, _tried(cases, _TRIED, seed, jobs)):
            row = _best_of(tried, case.prescribed)
            if row is None or row.rate < case.target:
                fails[name] = k
            else:
                reaches[name] = k
                words = _WORDS[name].format(f"{value:.3g}", units=UNITS[case.mode])
                there = row.level, row.rate, row.low, row.high
                found[name] = words, name, float(value), factors[name][k], *there, _TRIED
        ask = {name: (fails[name] + k) // 2 for name, k in reaches.items() if k - fails[name] > 1}
    table = pd.DataFrame(found.values(), columns=_CHANGE)
    return table.sort_values("factor", kind="stable", ignore_index=True)


def _factors(case: Scenario) -> dict[str, tuple[float, ...]]:
    """The factors that are tried of each change: no more pixels than help, nor than the frame has."""
    size = _size(case)
    printed = replace(case.print, width_mm=max(case.print.width_mm, _narrowest(case)))
    px = printed.module_mm(size) * case.camera.px_per_mm
    most = min(_RESOLVED, 0.8 * case.camera.frame_height_px / (size + 8)) / px
    near, few = tuple(f for f in _FACTORS if f == _FACTORS[0] or f <= most), _FACTORS[:3]
    tries = {"print_width_mm": near, "camera_distance_mm": near, "payload": few, "wear": few}
    return {name: tries[name] for name in tries if name != "wear" or case.wear}


def _size(case: Scenario) -> int:
    """Modules along one side of the smallest symbol that may be printed."""
    return size_of(smallest_version(case.payload, case.prescribed or Level.L, case.mode))


def _best_of(tried: Tried, prescribed: Level | None):
    """The row of the prescribed level, or of the best; None where it can't be printed."""
    if tried.verdict is None:
        return None
    row = tried.table[tried.table.level == (prescribed or tried.verdict.best)]
    return next(row[row.rate.notna()].itertuples(), None)


def _reason(tried: Tried, case: Scenario, advice: str, trials: int) -> Iterator[str]:
    """The reason, in clauses of one sentence."""
    table, verdict, target = tried.table.set_index("level"), tried.verdict, _pct(case.target)
    if verdict is None:
        level = case.prescribed or Level.L
        yield f"Level {level} can't be printed, as {table.why_not[level]}"
    elif verdict.level is None:
        best = table.loc[verdict.best]
        yield f"No level reaches the target, {target}, as the best, {best.name}, reads {_span(best)}"
    else:
        reads = f"reads {_pct(table.rate[verdict.level])} of scans, at least {_pct(table.low[verdict.level])}"
        why = (
            f"{case.prescribed} is prescribed"
            if case.prescribed
            else _told_apart(table, verdict, case.target)
        )
        yield f"{why}; it {reads}"
        if case.prescribed:
            yield _cost(table, verdict)
        if verdict.reached is False:
            yield f"it does not reach the target, {target}"
        elif verdict.reached is None:
            yield f"whether that reaches the target, {target}, is not to be told from {trials:,} prints"
        for level, why_not in table.why_not[table.why_not != ""].items():
            yield f"{level} is out, as {why_not}"
    if table.misreads.sum():
        yield f"beware that {table.misreads.sum()} of {len(tried.readings):,} readings were wrong"
    if advice and not (verdict and verdict.reached is not False):
        yield advice


def _told_apart(table: pd.DataFrame, verdict: Verdict, target: float) -> str:
    """Why a level was chosen by the first three steps of the rule."""
    chosen, tied, behind = verdict.chosen, verdict.tied, verdict.behind.drop(verdict.best)
    if behind.empty:
        return f"{chosen} is the only level that can be printed"
    sure = [x for x in tied if table.low[x] >= target]
    smallest = next(x for x in sure or tied if table.version[x] == table.version[chosen])
    free = "" if chosen == smallest else f", and {chosen}, which needs no larger one, is free"
    if len(tied) == 1:
        next_best = behind.points.idxmin()
        return f"{smallest} reads most, {_gap(behind.loc[next_best])} more than {next_best}{free}"
    of_these = f"of those sure to reach {_pct(target)} " if 0 < len(sure) < len(tied) else ""
    return f"{_listed(tied)} can't be told apart, {of_these}{smallest} is the smallest symbol{free}"


def _cost(table: pd.DataFrame, verdict: Verdict) -> str:
    """What a prescribed level costs."""
    level, free_choice = verdict.level, verdict.chosen
    if level == free_choice:
        return "the rule would choose it too"
    if level not in verdict.tied:
        return f"that costs {_gap(verdict.behind.loc[level])}, which {verdict.best} reads more"
    area = table.relative_area[free_choice] / table.relative_area[level]
    return f"it can't be told apart from {free_choice}, whose symbol has {area:.2f} times the area"


def _advice(changes: pd.DataFrame) -> str:
    """The changes that reach the target."""
    ways = [f"{row.change} (then {row.level} reads {_pct(row.rate)})" for row in changes.itertuples()]
    if ways:
        return f"of what was tried with {_TRIED} prints each, this would do: {', or '.join(ways)}"
    return "nothing that was tried would do: a wider print, a shorter distance or content, half the wear"


def _span(row: pd.Series) -> str:
    return f"{_pct(row.rate)} ({_pct(row.low)} to {_pct(row.high)})"


def _gap(row: pd.Series) -> str:
    return f"{100 * row.points + 0:.1f} points ({100 * row.low:.1f} to {100 * row.high:.1f})"


def _pct(rate: float) -> str:
    return f"{100 * rate:.1f}%".replace(".0%", "%")


def _listed(levels) -> str:
    *first, last = map(str, levels)
    return f"{', '.join(first)} and {last}" if first else last


def _like(value: object, number: float) -> object:
    """`number` in the type of `value`: whole where that is."""
    return round(number) if isinstance(value, int) else number
