"""What photographs said: readings, rates by condition, and the camera and print that they show."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qrlab.files import records, write_whole
from qrlab.model import ordered
from qrlab.optics import Camera, Print
from qrlab.sheets.camera import Fitted
from qrlab.sheets.plan import CONDITION, print_of
from qrlab.stats import clustered, rate_interval, rates, summarize
from qrlab.symbols import size_of

_ALIKE = 0.9  # of the variance of a symbol's light follows from a fit, or it is covered, or bent
_STEPS_CM = [step * 2.0**k for k in range(-2, 9) for step in (10, 15)]
PAPER = Print(1).paper  # taken for the paper's reflectance, as light and paper can't be told apart
# What is told of each photograph, as medians of its symbols: parameter -> unit.
UNITS = {"px_per_mm": "px/mm", "distance_mm": "mm", "lens_blur_px": "px", "noise": "of white's light"}
UNITS |= {"exposure": "of white's light", "tilt_deg": "°", "contrast": "of white's light"}
UNITS |= {"ink_spread_mm": "mm"}


@dataclass(frozen=True)
class Found:
    """One's own camera and print, for the simulation: `scenario.change(camera=found.camera)`.
    camera, print: the medians, and the defaults of what photographs don't tell: no motion, no defocus apart
    from the blur, no shadow, no glare; table: parameter, unit, median over photographs with its 95 % interval
    low to high (-inf, inf: they are too few for one), p5 and p95, photographs."""

    camera: Camera
    print: Print
    table: pd.DataFrame

    def to_dict(self) -> dict:
        """As JSON has it, for `qrlab choose --camera`."""
        return {"camera": asdict(self.camera), "print": asdict(self.print), "found": records(self.table, 6)}

    def save(self, file: str | Path) -> None:
        """Write `to_dict` to a file."""
        write_whole(Path(file), json.dumps(self.to_dict(), indent=2))


@dataclass(frozen=True, eq=False)
class Photos:
    """Photographs that were read.

    photographs: a row each: photograph, width_px, height_px, focal_px (assumed where the file doesn't say),
    marks, others (codes that are in no plan), unsure (symbols that may be in view, but too little was seen to
    tell where), tilt_deg of the sheet, why_not (no symbol was found, or "");
    symbols: a row for each symbol in a photograph: symbol (its number), condition, px_per_module, px_per_mm,
    distance_mm, distance_cm (the photograph's, to the nearest of 10, 15, 20, 30, 40, …), corners, and of
    those that were fitted blur_px, ink, paper, noise and others (see camera.Fitted); readings: a row for each
    of these and each reader, with outcome; again: files that are others once more -> which; they count once.
    """

    photographs: pd.DataFrame
    symbols: pd.DataFrame
    readings: pd.DataFrame
    plan: pd.DataFrame | None
    again: dict[str, str]
    folder: Path

    @classmethod
    def of(
        cls, photographs: pd.DataFrame, symbols: pd.DataFrame, plan: pd.DataFrame | None, *more: Any
    ) -> "Photos":
        """From what `reading` makes of each file."""
        if plan is not None:
            about = plan[plan.what == "symbol"].set_index("number")[
                [*CONDITION, "copy", "version", "side_mm"]
            ]
            symbols = symbols.join(about.assign(level=ordered(about.level)), on="symbol")
            px_per_mm = symbols.px_per_module * size_of(symbols.version.astype(int)) / symbols.side_mm
            focal_px = symbols.photograph.map(photographs.set_index("photograph").focal_px.astype(float))
            symbols = symbols.assign(px_per_mm=px_per_mm, distance_mm=focal_px / px_per_mm)
            middle = symbols.groupby("photograph").distance_mm.transform("median")
            astray = np.abs(np.log(middle.to_numpy()[:, None] / 10 / np.array(_STEPS_CM)))
            symbols["distance_cm"] = np.array(_STEPS_CM)[astray.argmin(axis=1)]
        outcomes = pd.DataFrame(list(symbols.pop("readers")), index=symbols.index)
        long = outcomes.melt(var_name="reader", value_name="outcome", ignore_index=False)
        readings = symbols.drop(columns="corners", errors="ignore").join(long).reset_index(drop=True)
        return cls(photographs, symbols, readings, plan, *more)

    def rates(self, by: str | Sequence[str] = "level") -> pd.DataFrame:
        """Read rates by columns of `readings`: by, photographs, ok and other outcomes, rate, low, high,
        readings, symbols: a 95 % interval, for which readings of a photograph, and of a symbol, are alike."""
        by = [by] if isinstance(by, str) else list(by)
        alike = [self.readings.assign(trial=self.readings[x].astype(str)) for x in ("photograph", "symbol")]
        table = rates(alike[0], by).rename(columns={"trials": "photographs"})
        table["readings"] = self.readings.groupby(by, observed=True, dropna=False).size().to_numpy()
        alike = [each.assign(ok=(each.outcome == "ok").astype(int)) for each in alike]
        (_, one), (table["symbols"], other) = (clustered(each, by, "ok") for each in alike)
        shares = [1 / np.minimum(worth, table.readings) for worth in (one, other)]
        worth = 1 / (sum(shares) - 1 / table.readings)
        table["low"], table["high"] = rate_interval(table.rate * worth, worth)
        return table

    def differences(self, between: str = "level") -> pd.DataFrame:
        """Paired differences of the read rate between each two levels, widths or readers: a, b, difference
        (b less a), low, high, only_a, only_b, pairs; clustered as `rates` are."""
        keys = [x for x in ("photograph", "reader", *CONDITION, "copy") if x != between]
        frame = self.readings.assign(ok=(self.readings.outcome == "ok").astype(float))
        wide, rows = frame.pivot_table(index=keys, columns=between, values="ok", observed=True), []
        for k, a in enumerate(wide.columns):
            for b in wide.columns[k + 1 :]:
                gain = (wide[b] - wide[a]).dropna()
                place = gain.index.to_frame(index=False)
                symbol = place.drop(columns=["photograph", "reader"], errors="ignore")
                told = twice_clustered(gain.to_numpy(), place.photograph, symbol)
                rows.append((a, b, *told, (gain < 0).sum(), (gain > 0).sum(), len(gain)))
        columns = ["a", "b", "difference", "low", "high", "only_a", "only_b", "pairs"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def codes(self) -> pd.DataFrame:
        """Without a plan: what was measured of each photograph's code, a row each, and who read it."""
        names = ["photograph", "version", "level", "unused", "px_per_module", "contrast", "blur_px"]
        read = self.readings[self.readings.outcome == "ok"].groupby("photograph").reader.agg(" ".join)
        table = self.symbols.reindex(columns=names)
        return table.assign(read_by=table.photograph.map(read).fillna("–"))

    def unseen(self) -> str:
        """What counts in no rate, in words; "" for nothing: failures may be among it."""
        nothing = int((~self.photographs.photograph.isin(self.symbols.photograph)).sum())
        unsure = int(self.photographs.unsure.sum())
        said = []
        if nothing:
            said.append(f"{nothing} of {len(self.photographs)} photographs, in which no symbol is found")
        if unsure:
            said.append(f"{unsure} symbols that may be in view, but too little was seen to tell where")
        return f"in no rate: {'; '.join(said)}" if said else ""

    @cached_property
    def told(self) -> pd.DataFrame:
        """What each photograph tells of camera and print, a row each, as UNITS has it; nan where no undamaged
        symbol is whole in it.  ValueError without a plan, as widths are not known then."""
        if self.plan is None:
            raise ValueError("plan must be given for a camera to be found: widths are not known without it")
        fits = self.symbols.reindex(columns=[*dict.fromkeys((*self.symbols, *Fitted._fields))])
        fits = fits[fits.explained.astype(float) > _ALIKE]
        module_mm = fits.side_mm / size_of(fits.version.astype(int))
        tilts = self.photographs.set_index("photograph").tilt_deg.astype(float)
        own = {"lens_blur_px": fits.blur_px, "exposure": fits.paper / PAPER}
        own |= {"tilt_deg": fits.photograph.map(tilts), "ink_spread_mm": fits.spread * module_mm}
        own |= {"contrast": (PAPER * (1 - fits.ink / fits.paper)).clip(0, PAPER)}
        each = fits.assign(**own).groupby("photograph")[list(UNITS)].median()
        return each.reindex(self.photographs.photograph)

    @cached_property
    def found(self) -> Found:
        """Camera and print by all photographs; ValueError where none tells anything."""
        long = self.told.melt(var_name="parameter").dropna()
        if long.empty:
            raise ValueError("photographs must show a whole undamaged symbol of the plan, and none does")
        table = summarize(long, ["parameter"], "value").rename(columns={"trials": "photographs"})
        table.insert(1, "unit", table.parameter.map(UNITS))
        middle = table.set_index("parameter")["median"]
        return Found(self.camera(middle), self.print(middle), table)

    def camera(self, told: pd.Series, **pose: Any) -> Camera:
        """The camera with these parameters of UNITS, and a pose."""
        sides = self.photographs[["width_px", "height_px"]].astype(float)
        width, height = sides.max(axis=1).median(), sides.min(axis=1).median()
        focal = (self.photographs.focal_px.astype(float) / sides.max(axis=1)).median() * width
        said = {x: float(told[x]) for x in ("px_per_mm", "lens_blur_px", "noise", "exposure", "tilt_deg")}
        frame = {"frame_width_px": int(width), "frame_height_px": int(height)}
        return Camera(
            **said | frame | {"fov_deg": float(2 * np.degrees(np.arctan(width / 2 / focal)))} | pose
        )

    def print(self, told: pd.Series, number: int | None = None) -> Print:
        """The print with these parameters of UNITS: of a symbol of the plan, or of the first."""
        assert self.plan is not None, "or nothing is told"
        symbols = self.plan[self.plan.what == "symbol"].set_index("number")
        printed = print_of(symbols.loc[symbols.index[0] if number is None else number])
        more = {"contrast": float(told.contrast), "ink_spread_mm": float(told.ink_spread_mm)}
        return Print(**asdict(printed) | more)


def twice_clustered(values: np.ndarray, *clusters: pd.Series | pd.DataFrame) -> tuple[float, float, float]:
    """The mean, with its 95 % interval, of values (-1 to 1) that are alike within clusters of two kinds, each
    by a column, or by columns together: Cameron, Gelbach and Miller's variance (J. Bus. Econ. Stat. 29
    (2011), 238), and no less than with one value more each way.  From a single cluster it is -1 to 1."""
    from scipy import stats

    mean, every = values.mean(), [pd.DataFrame(x).reset_index(drop=True) for x in clusters]
    variance, fewest = 0.0, len(values)
    for sign, by in ((1, every[0]), (1, every[1]), (-1, pd.concat(every, axis=1, ignore_index=True))):
        sums = np.bincount(by.groupby(list(by), observed=True).ngroup(), values - mean)
        fewest = min(fewest, len(sums))
        variance += sign * (sums**2).sum() / len(values) ** 2 * len(sums) / max(len(sums) - 1, 1)
    if fewest < 2:
        return mean, -1.0, 1.0
    half = stats.t.ppf(0.975, fewest - 1) * np.sqrt(max(variance, 2 / len(values) ** 2))
    return mean, max(-1.0, mean - half), min(1.0, mean + half)
