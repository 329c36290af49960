"""What is on a sheet, and where: each symbol with its condition, and the marks by which it is found again.

The plan is a table that a CSV holds: a row for each symbol and mark.  Places are in millimetres from the top
left corner of a page, x right and y down.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from qrlab.checks import in_ranges, named, number, of_type, one_of
from qrlab.damage import MODELS, Damage
from qrlab.optics import MM_PER_INCH, Print
from qrlab.scene import random_content
from qrlab.symbols import Level, Symbol, make, size_of

PAPERS = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}  # width and height, mm
DPI = 600  # that a page is drawn with, where no printer's is given
MARGIN, GAP, CAPTION, RULER = 8.0, 3.0, 5.0, 14.0  # mm: of a page; round a symbol; under it; at the foot
MARK, MOST_MARKS = 8.0, 587  # mm, eight modules of some; AprilTag's 36h11 has so many marks
CONDITION = ["level", "print_width_mm", "damage", "severity"]
COLUMNS = ["sheet", "page", "what", "number", "x_mm", "y_mm", "side_mm", "content", "version", "mask"]
COLUMNS += [*CONDITION, "copy", "print_dpi", "seed", "page_width_mm", "page_height_mm"]
_WORDS = ("what", "content", "level", "damage")
_NEEDED = [
    "content",
    "version",
    "mask",
    "level",
    "print_width_mm",
    "severity",
    "copy",
    "seed",
    "x_mm",
    "y_mm",
]
_MOST_DOTS = 200_000_000  # of a page; one byte each while it is drawn
_IDENTITY = 6  # digits that end a content: three of the sheet, three of the symbol


@dataclass(frozen=True)
class Asked:
    """What a sheet shall hold, as for `qrlab.sheets.sheet.sheet`; ValueError for what it can't."""

    content: str | None
    mm: tuple[float, ...]
    levels: tuple[Level, ...]
    damage: Mapping[str, Sequence[float]]
    payload: Annotated[int | None, (_IDENTITY + 1, 2953)] = None
    copies: Annotated[int, (1, 100)] = 3
    dpi: Annotated[float | None, (50, 2400)] = None
    paper: str | tuple[float, float] = "a4"
    labels: bool = False
    seed: Annotated[int, (0, 10**9)] = 0

    def __post_init__(self) -> None:
        in_ranges(self)
        if (self.content is None) == (self.payload is None):
            raise ValueError(f"either content or payload must be given, not payload {self.payload!r}")
        if self.content is not None and not of_type("content", self.content, str):
            raise ValueError("content must have a character or more, and is empty")
        if "\r" in (self.content or "").replace("\r\n", ""):
            raise ValueError("content must have no carriage return without a line feed, which a CSV loses")
        for name, values in (("mm", self.mm), ("levels", self.levels)):
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{name} must have one or more, each once, not {list(map(str, values))}")
        for kind, severities in self.damage.items():
            one_of("damage", kind, MODELS)
            for severity in severities:
                number(f"severity of {kind}", severity, 0, 1)

    @cached_property
    def page(self) -> tuple[float, float]:
        """Width and height of a page, mm."""
        if isinstance(self.paper, str):
            return PAPERS[one_of("paper, unless WIDTHxHEIGHT in mm,", self.paper.lower(), PAPERS)]
        if not isinstance(self.paper, tuple) or len(self.paper) != 2:
            raise ValueError(f"paper must be a name or (width, height) in mm, not {self.paper!r}")
        width, height = (number("paper", side, 10, 2000) for side in self.paper)
        return width, height

    @cached_property
    def conditions(self) -> list[tuple[Level, float, str, float]]:
        """Level, printed width, kind of damage and severity; undamaged ones once."""
        every = ((kind, dict.fromkeys(severities)) for kind, severities in self.damage.items())
        worn = [(kind, float(x)) for kind, severities in every for x in severities if x > 0]
        good = not worn or any(0 in severities for severities in self.damage.values())
        harms = [("none", 0.0)] * good + worn
        return [(level, mm, *harm) for mm in self.mm for harm in harms for level in self.levels]

    @cached_property
    def number(self) -> int:
        """Of the sheet, by what it holds, 0 to 999."""
        held: list = [
            self.content,
            self.payload,
            self.conditions,
            self.copies,
            self.dpi,
            self.page,
            self.seed,
        ]
        held += ["labels"] * self.labels
        return int(hashlib.sha256(repr(held).encode()).hexdigest(), 16) % 1000

    def text(self, symbol: int) -> str:
        """The content of a symbol by its number: they differ in the digits at their end alone."""
        base: str | bytes | None = self.content
        if self.payload is not None:
            base = random_content(self.seed, self.payload - _IDENTITY, 0)
        base = base.decode() if isinstance(base, bytes) else base
        return f"{base}{self.number:03}{symbol:03}"


def planned(asked: Asked) -> pd.DataFrame:
    """The plan: every condition once in each copy, in places drawn anew for each.  ValueError for what does
    not fit on a page, nor into any symbol, and for more than 999 symbols."""
    rng = np.random.default_rng([asked.seed, 4])
    dots = asked.page[0] * asked.page[1] * ((asked.dpi or DPI) / MM_PER_INCH) ** 2
    if dots > _MOST_DOTS:
        raise ValueError(f"paper must have at most {_MOST_DOTS:,} dots at this dpi, not {dots:,.0f}")
    total = len(asked.conditions) * asked.copies
    if total > 999:
        raise ValueError(f"copies must be fewer: a sheet has 999 symbols at most, not {total:,}")
    rows: list[dict] = []
    for copy in range(asked.copies):
        for k in rng.permutation(len(asked.conditions)):
            said = dict(zip(CONDITION, asked.conditions[k]))
            printed, text = Print(said["print_width_mm"], asked.dpi), asked.text(len(rows))
            symbol = make(text, said["level"], keep=False)
            side = symbol.size * named("mm: ", printed.module_mm, symbol.size)
            said |= {"what": "symbol", "number": len(rows), "side_mm": side, "content": text, "copy": copy}
            rows.append(said | {"version": symbol.version, "mask": symbol.mask})
    placed, marks = _placed(pd.DataFrame(rows).assign(print_dpi=asked.dpi or np.nan), asked)
    plan = pd.concat([placed, marks], ignore_index=True)
    width, height = asked.page
    plan = plan.assign(sheet=asked.number, seed=asked.seed, page_width_mm=width, page_height_mm=height)
    return plan[COLUMNS].astype(dict.fromkeys(("version", "mask", "copy"), "Int64")).round(4)


def _placed(symbols: pd.DataFrame, asked: Asked) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Symbols in rows across the pages, a mark at both ends of each; places, and the marks."""
    (width, height), edge = asked.page, 2.0 if asked.labels else MARGIN
    left, right = edge + MARK + GAP, width - edge - MARK - GAP
    top, foot = (edge, height - edge) if asked.labels else (edge + CAPTION, height - RULER)
    per_mm = (asked.dpi or DPI) / MM_PER_INCH
    mark = 8 * round(MARK / 8 * per_mm) / per_mm  # whole dots a module
    x, y, page, tall = left, top, 1, 0.0
    places: list[tuple] = []
    marks: list[tuple] = []
    for side, version in zip(symbols.side_mm, symbols.version):
        quiet = 4 * side / size_of(version)
        wide, high = side + 2 * quiet, max(side + 2 * quiet + CAPTION, MARK + 2)
        if left + wide > right or top + high > foot:
            least = f"{left + wide + width - right:.0f}x{top + high + height - foot:.0f}"
            came = f"{width:g}x{height:g}"
            raise ValueError(f"paper must be at least {least} mm for a symbol and its marks, not {came}")
        if x + wide > right:
            x, y, tall = left, y + tall, 0.0
        if y + high > foot or (asked.labels and places):
            x, y, page, tall = left, top, page + 1, 0.0
        if x == left:
            ends = enumerate((edge, right + GAP), len(marks))
            marks += [("mark", number, page, at, y + 1, mark) for number, at in ends]
        places.append((page, x + quiet, y + quiet))
        x, tall = x + wide + GAP, max(tall, high + GAP)
    if len(marks) > MOST_MARKS:
        raise ValueError(f"copies must be fewer: a sheet has {MOST_MARKS} marks at most, not {len(marks)}")
    table = pd.DataFrame(marks, columns=["what", "number", "page", "x_mm", "y_mm", "side_mm"])
    return symbols.assign(**dict(zip(("page", "x_mm", "y_mm"), zip(*places)))), table


def read_plan(plan: pd.DataFrame | str | Path) -> pd.DataFrame:
    """A plan, or the CSV that holds one, as `planned` gives it; ValueError for what is none."""
    if not isinstance(plan, pd.DataFrame):
        try:
            plan = pd.read_csv(plan, dtype=dict.fromkeys(_WORDS, str), keep_default_na=False, na_values=[""])
        except (ValueError, OSError) as problem:
            raise ValueError(f"plan must be a CSV that qrlab sheet wrote, not {plan}: {problem}") from None
    if missing := [name for name in COLUMNS if name not in plan]:
        raise ValueError(f"plan must have the columns of qrlab sheet, and has no {', '.join(missing)}")
    try:
        plan = plan.astype({name: float for name in COLUMNS if name not in _WORDS})
        symbols = plan[plan.what == "symbol"]
        twice = symbols.content.duplicated().any() or symbols.number.duplicated().any()
        if twice or symbols[_NEEDED].isna().any(axis=None) or symbols.empty:
            raise ValueError("each symbol must have a number and content of its own, and all that makes it")
        for _, row in symbols.iterrows():
            one_of("damage", row.damage, ["none", *MODELS])
            print_of(row), Level.parse(row.level), number("side_mm", row.side_mm, 1, 2000)
    except (ValueError, TypeError) as problem:
        raise ValueError(f"plan must be as qrlab sheet wrote it: {problem}") from None
    whole = dict.fromkeys(["version", "mask", "copy", "sheet", "seed"], "Int64")
    return plan.astype({"number": int, "page": int} | whole)


def page_px(plan: pd.DataFrame, zoom: float = 1.0) -> tuple[int, int]:
    """Height and width of a page as it is drawn, dots, or as so many times enlarged."""
    first, dpis = plan.iloc[0], plan.print_dpi.dropna()
    per_mm = (DPI if dpis.empty else float(dpis.iloc[0])) / MM_PER_INCH
    high, wide = (ceil(zoom * round(mm * per_mm)) for mm in (first.page_height_mm, first.page_width_mm))
    return high, wide


def is_plan(file: Path) -> bool:
    """Is this a CSV that `qrlab sheet` wrote?"""
    with file.open(errors="replace") as opened:
        return opened.readline().startswith(",".join(COLUMNS[:3]))


def symbol_of(row: pd.Series) -> Symbol:
    """The symbol of a row of the plan."""
    return make(row.content, row.level, version=int(row.version), mask=int(row["mask"]))


def damage_of(row: pd.Series) -> Damage | None:
    """Its damage, the same for all levels of a copy; None for a good one."""
    rng = np.random.default_rng([int(row.seed), int(row["copy"])])
    return None if row.damage == "none" else MODELS[row.damage](rng)


def print_of(row: pd.Series) -> Print:
    """How it is printed."""
    return Print(float(row.print_width_mm), None if pd.isna(row.print_dpi) else float(row.print_dpi))
