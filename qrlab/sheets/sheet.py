"""The sheet itself: pages of symbols in true millimetres, as PDF or PNG, and the plan beside it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from qrlab.checks import number, one_of
from qrlab.damage import painted
from qrlab.files import write_whole
from qrlab.optics import MM_PER_INCH
from qrlab.sheets.plan import DPI, GAP, MARGIN, Asked, damage_of, page_px, planned, print_of, symbol_of
from qrlab.symbols import Level

MARKS = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
_FINE = 16  # pixels a module, before it is made as many dots as it has


def sheet(
    out: str | Path,
    content: str | None = None,
    *,
    payload: int | None = None,
    mm: float | Iterable[float] = (15, 20, 25, 30),
    levels: Iterable[str] = "LMQH",
    damage: Mapping[str, Iterable[float]] | None = None,
    copies: int = 3,
    dpi: float | None = None,
    paper: str | tuple[float, float] = "a4",
    labels: bool = False,
    seed: int = 0,
    force: bool = False,
) -> pd.DataFrame:
    """Write a sheet to print, and its plan beside it (the same name, .csv); returns the plan.

    out: a PDF, or a PNG (of several pages: out-1.png and so on); content: what all symbols say, each with six
    digits more that tell it apart, or payload: random ones of so many bytes, these among them; mm: printed
    widths, quiet zone included; damage: kind -> severities, 0 to 1, printed as such, the same for all levels
    of a copy; copies: of each condition, in places drawn at random; dpi: the printer's or the screen's dots:
    modules are whole ones, None: of any size, drawn with 600; paper: "a4", "letter" or (width, height) in mm;
    labels: one symbol a page; seed: of places, damage and content; force: replace another sheet's plan.
    Raises ValueError for bad input, FileExistsError where the plan of another sheet is.
    """
    out = Path(out)
    one_of("out's ending", out.suffix.lower(), (".pdf", ".png"))
    if not out.parent.is_dir() or out.is_dir():
        raise ValueError(f"out must be a file in a folder that is there, not {out}")
    if not isinstance(damage or {}, Mapping):
        raise ValueError(f"damage must be kinds with their severities, not {damage!r}")
    worn = {kind: _each(severities) for kind, severities in (damage or {}).items()}
    widths, those = tuple(number("mm", x, 1, 2000) for x in _each(mm)), tuple(map(Level.parse, levels))
    plan = planned(Asked(content, widths, those, worn, payload, copies, dpi, paper, labels, seed))
    text, beside = plan.to_csv(index=False, lineterminator="\n"), out.with_suffix(".csv")
    kept = beside.read_text(encoding="utf-8", errors="replace") if beside.exists() else None
    if not force and kept != text and (kept is not None or out.exists()):
        other = beside if kept is not None else out
        raise FileExistsError(f"{other} is not of this sheet: name another file, or force it")
    pages = [_page(mine, int(plan.page.max()), labels) for _, mine in plan.groupby("page")]
    _save(pages, out, dpi or DPI)
    write_whole(beside, text)
    return plan


def _each(values: Any) -> tuple:
    return tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else (values,)


def dots(row: pd.Series) -> np.ndarray:
    """A symbol of the plan as it is printed, bool, True = ink, without quiet zone: with the dots of its dpi,
    or of DPI."""
    symbol, damage = symbol_of(row), damage_of(row)
    px = print_of(row).dots_per_module(symbol.size) or _FINE
    ink = symbol.modules.repeat(px, axis=0).repeat(px, axis=1)
    if damage is not None:
        ink = painted(ink, damage.reached(symbol.size, float(row.severity), px), damage.paint)
    if not pd.isna(row.print_dpi):
        return ink
    side = round(row.side_mm * DPI / MM_PER_INCH)
    grey = cv2.resize(ink * np.uint8(255), (side, side), interpolation=cv2.INTER_AREA)
    return grey >= 128


def _page(plan: pd.DataFrame, pages: int, labels: bool) -> Image.Image:
    """A page of the plan, a dot a pixel."""
    first, dpis = plan.iloc[0], plan.print_dpi.dropna()
    per_mm = (DPI if dpis.empty else float(dpis.iloc[0])) / MM_PER_INCH
    paper = np.full(page_px(plan), 255, np.uint8)
    for _, row in plan.iterrows():
        px = round(row.side_mm * per_mm / 8)
        ink = dots(row) if row.what == "symbol" else _mark(int(row.number), px)
        x, y = round(row.x_mm * per_mm), round(row.y_mm * per_mm)
        paper[y : y + len(ink), x : x + len(ink)][ink] = 0
    image = Image.fromarray(paper)
    draw = ImageDraw.Draw(image)
    draw.font = ImageFont.load_default(1.9 * per_mm)
    for _, row in plan[plan.what == "symbol"].iterrows():
        below = row.y_mm + row.side_mm * (1 + 4 / (17 + 4 * row.version)) + 0.3
        draw.text((row.x_mm * per_mm, below * per_mm), _caption(row), 0)
    if not labels:
        head = f"qrlab sheet {first.sheet}, page {first.page} of {pages}."
        said = f"{head} Print at 100 %, not fitted to the page."
        draw.text((MARGIN * per_mm, (MARGIN - 2) * per_mm), said, 0)
        _ruler(draw, first.page_height_mm - MARGIN - GAP, per_mm)
    return image.convert("1", dither=Image.Dither.NONE)


@lru_cache(maxsize=1024)
def _mark(number: int, px: int) -> np.ndarray:
    return cv2.aruco.generateImageMarker(MARKS, number, 8).repeat(px, axis=0).repeat(px, axis=1) < 128


def _caption(row: pd.Series) -> str:
    worn = "" if row.damage == "none" else f"\n{row.damage.replace('_', ' ')} {100 * row.severity:g} %"
    return f"{row.number} {row.level} {row.print_width_mm:g} mm{worn}"


def _ruler(draw: ImageDraw.ImageDraw, y_mm: float, per_mm: float) -> None:
    """A line of 100 mm, by which whoever prints sees that nothing was scaled."""
    for mm in range(101):
        top, at = y_mm - (4 if mm % 10 == 0 else 2), round((MARGIN + mm) * per_mm)
        draw.line([(at, top * per_mm), (at, y_mm * per_mm)], 0, max(1, round(0.15 * per_mm)))
    said = "100 mm: if it measures less or more, the printer scaled the page."
    draw.text(((MARGIN + 103) * per_mm, (y_mm - 3) * per_mm), said, 0)


def _save(pages: list[Image.Image], out: Path, dpi: float) -> None:
    """All of the files, or none that is half written."""
    together = out.suffix.lower() == ".pdf" or len(pages) == 1
    names = [out] if together else [out.with_stem(f"{out.stem}-{k}") for k in range(1, len(pages) + 1)]
    parts = [name.with_suffix(".part") for name in names]
    if out.suffix.lower() == ".pdf":
        pages[0].save(parts[0], "PDF", resolution=dpi, save_all=True, append_images=pages[1:], title=out.stem)
    else:
        for page, part in zip(pages, parts):
            page.save(part, "PNG", dpi=(dpi, dpi))
    for part, name in zip(parts, names):
        part.replace(name)
