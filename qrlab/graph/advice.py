"""Advice on printing a code anew: how small may it be?"""

from dataclasses import dataclass, field
from math import ceil

import pandas as pd

from qrlab.files import records
from qrlab.graph.measured import Measured, text_or_bytes
from qrlab.optics import MM_PER_INCH
from qrlab.runner import readings
from qrlab.scenario import Scenario
from qrlab.standard import capacity, mode_of
from qrlab.stats import mean_interval

_ALIKE = 0.01  # rates so near to the best are as good
_RESOLVED = 8  # camera pixels a module, beyond which a wider print helps no more


@dataclass(frozen=True)
class Advice:
    """The smallest width to print a code at; width_mm: None where none is read; reason: a sentence;
    tried: dots (the printer's, a module), width_mm, module_mm, rate, low, high (the share of scans read, with
    a 95 % interval), narrowest first.
    """

    width_mm: float | None
    reason: str
    tried: pd.DataFrame = field(repr=False)

    def to_dict(self) -> dict:
        """width_mm, reason and the rows of tried, ready for JSON."""
        return {"width_mm": self.width_mm, "reason": self.reason, "tried": records(self.tried, 4)}


def smallest_width(symbol: Measured, scenario: Scenario, trials: int, seed: int, jobs: int) -> Advice:
    """All widths at once, on the same trials: of whole printer dots a module, up to what is resolved."""
    size, printed, camera = len(symbol.modules), scenario.print, scenario.camera
    dot_mm = MM_PER_INCH / printed.dpi
    across = printed.across(size)
    frame = 0.8 * camera.frame_height_px / (size + 2 * printed.quiet_zone)
    most = max(1, ceil(min(_RESOLVED, frame) / (camera.px_per_mm * dot_mm)))
    dots = sorted({min(ceil(1.15**k), most) for k in range(60)})
    mode = mode_of(text_or_bytes(symbol.content))
    payload = min(len(symbol.content), capacity(symbol.version, symbol.level, mode))
    widths = [
        scenario.change(print_width_mm=k * across * dot_mm * (1 + 1e-9), payload=payload, mode=mode)
        for k in dots
    ]
    designs = [there.design([symbol.level]).assign(version=symbol.version) for there in widths]
    read = readings(pd.concat(designs, ignore_index=True), trials=trials, seed=seed, jobs=jobs)
    rates = (read.outcome == "ok").to_numpy().reshape(len(dots), -1).mean(axis=1)
    table = pd.DataFrame({"dots": dots, "rate": rates})
    table.insert(1, "width_mm", table.dots * across * dot_mm)
    table.insert(2, "module_mm", table.dots * dot_mm)
    table["low"], table["high"] = zip(*(mean_interval(rate, trials) for rate in rates))
    return _advice(table, scenario, trials)


def _advice(table: pd.DataFrame, scenario: Scenario, trials: int) -> Advice:
    sure, near = table[table.low >= scenario.target], table[table.rate >= table.rate.max() - _ALIKE]
    given = f"{scenario.print.dpi:g} dpi, read at {scenario.camera.distance_mm:.4g} mm"
    if not table.rate.max():
        return Advice(None, f"No print up to {table.width_mm.max():.0f} mm wide is read ({given}).", table)
    best = (sure if len(sure) else near).iloc[0]
    wide = f"Print it at least {ceil(10 * best.width_mm - 1e-6) / 10:.1f} mm wide ({given})"
    reads = f"{100 * best.rate:.1f}% of scans ({100 * best.low:.1f} to {100 * best.high:.1f}) are read there"
    if len(sure):
        return Advice(float(best.width_mm), f"{wide}: {reads}.", table)
    gain, target = 100 * (table.rate.max() - best.rate), f"{100 * scenario.target:.4g}%"
    more = f"no wider print was read more often by more than {gain:.1f} points" if gain else "no wider print"
    more += "" if gain else " was read more often"
    shown = f"with {trials:,} prints each, none is shown to reach {target}"
    return Advice(float(best.width_mm), f"{wide}: {reads}; {more}; {shown}.", table)
