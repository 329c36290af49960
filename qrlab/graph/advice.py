"""Advice on printing a code anew: how small may it be?"""

from dataclasses import dataclass, field
from math import ceil

import pandas as pd

from qrlab.files import records
from qrlab.optics import MM_PER_INCH, fitting_px
from qrlab.pictures.measured import Measured, text_or_bytes
from qrlab.runner import readings
from qrlab.scenario import Scenario
from qrlab.stats import rate_interval
from qrlab.symbols import capacity, mode_of

_ALIKE = 0.01  # rates so near to the best are as good
_RESOLVED = 8  # camera pixels a module, beyond which a wider print helps no more
_STEP = 1.15  # from one width that is tried to the next


@dataclass(frozen=True)
class Advice:
    """The smallest width to print a code at; width_mm: None where none is read; reason: a sentence;
    tried: dots (the printer's, a module), width_mm, module_mm, rate, low, high (the share of scans read, with
    a 95 % interval), narrowest first."""

    width_mm: float | None
    reason: str
    tried: pd.DataFrame = field(repr=False)

    def to_dict(self) -> dict:
        """width_mm, reason and the rows of tried, ready for JSON."""
        return {"width_mm": self.width_mm, "reason": self.reason, "tried": records(self.tried, 4)}


def smallest_width(symbol: Measured | None, scenario: Scenario, trials: int, seed: int, jobs: int) -> Advice:
    """All widths at once, on the same trials: of whole printer dots a module, up to what is resolved."""
    if symbol is None or symbol.content is None:
        raise ValueError("picture must be readable for advice on printing it, and is not")
    if scenario.print.dpi is None:
        raise ValueError("print_dpi must be given for the width to print, not None")
    size, dot_mm = len(symbol.modules), MM_PER_INCH / scenario.print.dpi
    enough = min(_RESOLVED, fitting_px(scenario.print, scenario.camera, size))
    most = max(1, ceil(enough / (scenario.camera.px_per_mm * dot_mm)))
    tried = pd.DataFrame({"dots": sorted({min(ceil(_STEP**k), most) for k in range(60)})})
    tried["width_mm"] = tried.dots * scenario.print.across(size) * dot_mm
    tried["module_mm"] = tried.dots * dot_mm
    mode = mode_of(text_or_bytes(symbol.content))
    payload = min(len(symbol.content), capacity(symbol.version, symbol.level, mode))
    widths = tried.width_mm * (1 + 1e-9)  # so that all the dots are sure to fit
    printed = [scenario.change(print_width_mm=width, payload=payload, mode=mode) for width in widths]
    design = pd.concat([one.design([symbol.level], version=symbol.version) for one in printed])
    read = readings(design, trials=trials, seed=seed, jobs=jobs)
    tried["rate"] = (read.outcome == "ok").to_numpy().reshape(len(tried), -1).mean(axis=1)
    tried["low"], tried["high"] = rate_interval(tried.rate * trials, trials)
    given = f"{scenario.print.dpi:g} dpi, read at {scenario.camera.distance_mm:.4g} mm"
    sure, near = tried[tried.low >= scenario.target], tried[tried.rate >= tried.rate.max() - _ALIKE]
    if not tried.rate.max():
        most_mm = int(10 * tried.width_mm.max()) / 10
        return Advice(None, f"No print up to {most_mm:.1f} mm wide is read ({given}).", tried)
    best = (sure if len(sure) else near).iloc[0]
    least = ceil(10 * best.width_mm * (1 - 1e-12)) / 10  # rounded up, but for what floats add
    reason = f"Print it at least {least:.1f} mm wide ({given}): {100 * best.rate:.1f}% of scans "
    reason += f"({100 * best.low:.1f} to {100 * best.high:.1f}) are read there"
    if not len(sure):
        gain = 100 * (tried.rate.max() - best.rate)
        reason += f"; no wider print was read more often{f' by more than {gain:.1f} points' if gain else ''}"
        reason += f"; with {trials:,} prints each, none is shown to reach {100 * scenario.target:.4g}%"
    return Advice(float(best.width_mm), f"{reason}.", tried)
