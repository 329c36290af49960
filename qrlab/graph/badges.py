"""Badges: a resource's own symbol at true size, of whole printer dots, read again before it is there.

A badge is the credential itself: its file is its owner's alone, and but for the picture has nothing of it.
"""

import importlib.util
import io
import os
import re
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from qrlab.checks import integer, number, of_type, one_of
from qrlab.graph.audits import Audit, audit
from qrlab.graph.findings import Finding, of_readers
from qrlab.imaging import render
from qrlab.optics import MM_PER_INCH, Print
from qrlab.pictures.asked import QUICK, asked_readers, framed, read_by
from qrlab.pictures.codes import find_codes, pure
from qrlab.pictures.measured import text_or_bytes
from qrlab.pictures.pixels import rasterized
from qrlab.scenario import Scenario, named_scenario
from qrlab.symbols import Level, Symbol, capacity, make, mode_of

A4 = 297.0, 210.0  # mm, down and across
_TEXT_MM, _STRIP_MM = 2.5, 3.5  # a caption's letters, and the strip that they stand on
_LATIN = re.compile("[ -~\u00a1-\u00ac\u00ae-\u024f\u2010-\u2027\u20ac]+")  # which the font has
_LEAST_DOTS = 3  # a module: half a dot of ink more at each edge, and light ones keep two of three
_MOST_DOTS = 50_000_000  # of a page, as it is drawn and read in memory
_LASTING = {"expired", "not-yet-valid", "expires-soon", "lifetime-too-long"}  # which no print puts right
_LASTING |= {"version-mismatch", "level-mismatch", "content-mismatch"}


@dataclass(frozen=True)
class Badge:
    """What was written, without its content.  width_mm: as it is in the file, with the quiet zone;
    module_dots, module_mm: a module's side; version, level: the symbol's; readers: name -> what it made of
    the file, or its worst of a sheet; warnings: each code and message."""

    path: Path
    width_mm: float
    module_dots: int
    module_mm: float
    version: int
    level: Level
    readers: dict[str, str]
    warnings: tuple[Finding, ...]


def badge(
    what: Any,
    out: str | Path,
    *,
    code: str | None = None,
    width_mm: float = 50.8,
    dpi: float = 300,
    caption: str | None = None,
    sheet: tuple[int, int] | None = None,
    reissue: Level | str | None = None,
    scenario: Scenario | str | None = None,
    force: bool = False,
) -> Badge:
    """Write a resource's symbol as a file to print, once it is read from what is to be written.
    what, code: as for `audit`; out: a PDF, PNG or SVG, for its owner alone (mode 0600); width_mm: with the
    quiet zone, less what is no whole dot; dpi: the printer's; caption: a line of Latin text below; sheet:
    (across, down), so many of it on A4; reissue: a level at which the same content is made anew, in place of
    the symbol that was issued; scenario: warn if its target isn't sure to be reached; force: replace out.
    Raises ValueError for bad input, a picture that doesn't tell all of a symbol, and a file that no reader
    reads or one misreads, of which nothing is left; FileExistsError where out is there."""
    path, case = Path(out), None if scenario is None else named_scenario(scenario)
    kind = one_of("out's ending", path.suffix.lower(), (".pdf", ".png", ".svg"))[1:]
    if not path.parent.is_dir():
        raise ValueError(f"out must be in a folder that is there, not {path.parent}")
    if not one_of("force", force, (True, False)) and os.path.lexists(path):
        raise FileExistsError(f"{path} is there already: name another file, or force it")
    level = None if reissue is None else Level(one_of("reissue", str(reissue).upper(), list(Level)))
    area = max(number("width_mm", width_mm, 1, 1000) ** 2, 0 if sheet is None else prod(A4))
    printed = Print(width_mm, number("dpi", dpi, 50, int(MM_PER_INCH * sqrt(_MOST_DOTS / area))))
    found = audit(what, code=code, readers=["zxing"])
    symbol = _symbol(found, level)
    dots, side = printed.dots_per_module(symbol.size) or 1, int(width_mm * dpi / MM_PER_INCH + 1e-9)
    cell = _drawn(symbol.modules, dots, side, caption, dpi)
    page, places = (cell, [(0, 0)]) if sheet is None else _sheet(cell, sheet, dpi)
    data = _file(page, kind, dpi)
    readers = _outcomes(data, kind, [(*place, side) for place in places], page.shape[1], symbol.content)
    warnings = [(each.code, each.message) for each in found.findings if each.code in _LASTING]
    if level is not None and found.symbol is not None:
        was, now = (f"{each.version}-{each.level}" for each in (found.symbol, symbol))
        warnings.append(("reissued", f"this is another symbol than was issued: {now}, not {was}"))
    warnings += [] if readers else [("not-checked", "a PDF is read again only with: pip install pypdfium2")]
    warnings += [*of_readers(readers), *_of_print(symbol, printed, dots, case)]
    _write(path, data, force)
    width, module = (round(x * MM_PER_INCH / dpi, 4) for x in (side, dots))
    told = symbol.version, symbol.level, readers, tuple(Finding(*pair) for pair in warnings)
    return Badge(path, width, dots, module, *told)


def _symbol(found: Audit, reissue: Level | None) -> Symbol:
    """The symbol that was measured, its wrong modules put right, or made anew at that level; ValueError where
    not all is known of it, or it would be read otherwise."""
    seen, codes = found.symbol, found.measured.get("codes", 1)
    if seen is None or not seen.certain:
        why = dict.fromkeys(each.message for each in found.findings if each.code not in _LASTING)
        raise ValueError(f"what must show a whole QR code: {'; '.join(why)}")
    if codes > 1 and not found.declared.get("content"):
        raise ValueError(f"what must show one QR code, and shows {codes}")
    right = seen.modules ^ seen.wrong
    if (read := pure(render(right))) is None or not read.valid:
        raise ValueError("what must show a QR code whose data mean something, and they mean nothing")
    content = text_or_bytes(read.content)
    if reissue is None:
        return Symbol(read.content, mode_of(content), seen.level, seen.version, seen.mask, right)
    symbol = make(content, reissue, keep=False)
    if seen.kind or [code.text for code in find_codes(render(symbol.modules))] != [read.text]:
        raise ValueError("reissue must be left out for a symbol that declares its character set, or GS1")
    return symbol


def _drawn(modules: np.ndarray, dots: int, side: int, caption: str | None, dpi: float) -> np.ndarray:
    """A badge, a dot each, bool height×width, True = ink: the symbol amid a square, its caption below."""
    blank = side - len(modules) * dots
    cell = np.pad(modules.repeat(dots, axis=0).repeat(dots, axis=1), (blank // 2, blank - blank // 2))
    if caption is None:
        return cell
    if not _LATIN.fullmatch(text := of_type("caption", caption, str)) or text.isspace():
        raise ValueError("caption must be a line of Latin text, and is none")
    from matplotlib import get_data_path  # slow to load; Pillow's own font has no accents

    letters = Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    font = ImageFont.truetype(letters, _TEXT_MM * dpi / MM_PER_INCH)
    if (long := font.getlength(text)) > side:
        room = f"{side / dpi * MM_PER_INCH:.1f} mm, about {int(len(text) * side / long)} characters"
        raise ValueError(f"caption must fit into {room}, and has {len(text)}")
    strip = Image.new("1", (side, round(_STRIP_MM * dpi / MM_PER_INCH)))
    ImageDraw.Draw(strip).text((side / 2, 0), text, 1, font, "ma")
    return np.vstack([cell, np.array(strip)])


def _sheet(cell: np.ndarray, sheet: Any, dpi: float) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """A sheet of A4 with as many badges, each amid its part of it; and where each is, x and y in dots."""
    if not isinstance(sheet, tuple | list) or len(sheet) != 2:
        raise ValueError(f"sheet must be how many across and down, as (3, 5), not {sheet!r}")
    across, down = (integer(f"sheet, {way},", k, 1, 50) for way, k in zip(("across", "down"), sheet))
    whole = [round(mm * dpi / MM_PER_INCH) for mm in A4]
    spare = [size // k - own for size, k, own in zip(whole, (down, across), cell.shape)]
    if min(spare) < 0:
        high, wide = (own * MM_PER_INCH / dpi for own in cell.shape)
        said = f"{across}x{down} on A4 have {A4[1] / across:.1f} × {A4[0] / down:.1f}"
        raise ValueError(f"sheet must have {wide:.1f} × {high:.1f} mm for each, and {said}")
    page, step = np.zeros(whole, bool), (whole[0] // down, whole[1] // across)
    places = [(x * step[1] + spare[1] // 2, y * step[0] + spare[0] // 2) for y, x in np.ndindex(down, across)]
    for x, y in places:
        page[y : y + cell.shape[0], x : x + cell.shape[1]] = cell
    return page, places


def _file(page: np.ndarray, kind: str, dpi: float) -> bytes:
    """A page, bool height×width, a dot each, as a file of its true size; an SVG has a rectangle for each run
    of ink in rows that are alike."""
    (high, wide), out, image = page.shape, io.BytesIO(), Image.fromarray(~page)
    if kind == "png":
        image.save(out, "PNG", dpi=(dpi, dpi))
    elif kind == "pdf":
        image.save(out, "PDF", resolution=dpi, title="QR code", creationDate=None, modDate=None)
    else:
        width, height = (f"{x * MM_PER_INCH / dpi:.6g}mm" for x in (wide, high))
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        head += f'viewBox="0 0 {wide} {high}" shape-rendering="crispEdges">'
        head += f'<path fill="#fff" d="M0 0H{wide}V{high}H0z"/>'
        drawn, edges = [], np.flatnonzero((page[1:] != page[:-1]).any(axis=1)) + 1
        for top, bottom in pairwise([0, *edges.tolist(), high]):
            ends = np.flatnonzero(np.diff(page[top].astype(np.int8), prepend=0, append=0)).tolist()
            drawn += [f"M{x} {top}H{to}V{bottom}H{x}z" for x, to in zip(ends[::2], ends[1::2])]
        out.write(f'{head}<path d="{"".join(drawn)}"/></svg>\n'.encode())
    return out.getvalue()


def _outcomes(data: bytes, kind: str, places: list[tuple], wide: int, content: bytes) -> dict[str, str]:
    """What each reader makes of all badges of a file, empty for a PDF that can't be drawn here; ValueError
    where none reads one, or a quick one misreads it.  places: x, y and side of each, in dots, of wide ones
    across."""
    every, worst = tuple(name for turn in asked_readers(None) for name in turn), dict[str, str]()
    if kind == "pdf" and importlib.util.find_spec("pypdfium2") is None:
        return worst
    image, views = None if kind == "svg" else rasterized(data)[0], dict[bytes, np.ndarray]()
    for x, y, side in places:
        if image is None:  # each by itself, as a whole sheet would be drawn too small
            here = f'width="{side}" height="{side}" viewBox="{x} {y} {side} {side}"'
            view, _ = rasterized(re.sub(rb'width=.*?viewBox="[^"]+"', here.encode(), data, count=1))
        else:
            left, top, px = (round(at * image.shape[1] / wide) for at in (x, y, side))
            view = np.ascontiguousarray(image[top : top + px, left : left + px])
        views[view.tobytes()] = view  # those that are alike once
    for view in views.values():
        outcomes, _ = read_by(framed(view, find_codes(view), content)[0], (every,), content, [])
        if "ok" not in outcomes.values() or "misread" in map(outcomes.get, QUICK):
            said = ", ".join(f"{name} {outcome}" for name, outcome in outcomes.items())
            raise ValueError(f"out must be read by some reader and misread by none, and is not: {said}")
        worst |= {name: outcome for name, outcome in outcomes.items() if worst.get(name, "ok") == "ok"}
    return worst


def _of_print(symbol: Symbol, printed: Print, dots: int, scenario: Scenario | None) -> list[tuple[str, str]]:
    """Has a module enough of the printer's dots, and is this level, so printed, sure to reach a target?"""
    found = []
    if dots < _LEAST_DOTS:
        least = ceil(10 * printed.across(symbol.size) * _LEAST_DOTS * MM_PER_INCH / (printed.dpi or 1)) / 10
        said = f"a module must have {_LEAST_DOTS} of the printer's dots or more, not {dots}"
        found.append(("too-few-dots", f"{said}: print it {least:.1f} mm wide"))
    if scenario is None:
        return found
    from qrlab.choice import choose  # slow to load

    full = {"payload": capacity(symbol.version, symbol.level, symbol.mode), "mode": symbol.mode}
    at = {"print_width_mm": printed.width_mm, "print_dpi": printed.dpi, "prescribed": symbol.level}
    choice = choose(scenario=(case := scenario.change(**at, **full)))  # full: that needs the same version
    row = choice.table.set_index("level").loc[symbol.level]
    ways = [f"level {x.level} ({x.rate:.1%})" for x in choice.table.itertuples() if x.low >= case.target]
    ways += choice.changes.change[choice.changes.parameter != "payload"].tolist()
    said = f"{row.rate:.1%} of scans ({100 * row.low:.1f} to {100 * row.high:.1f}) are read at "
    said += f"{printed.width_mm:g} mm ({case.name}); for {100 * case.target:.4g}% "
    said += f"this would do: {', or '.join(ways)}" if ways else "no level is sure"
    return [*found, ("wear-defeats-level", said)] if row.low < case.target else found


def _write(path: Path, data: bytes, force: bool) -> None:
    """Write a file whole or not at all, for its owner alone, and over nothing unless forced."""
    number_of, part = tempfile.mkstemp(".part", ".badge-", path.parent)  # new, of mode 0600
    ours = [Path(part)]
    try:
        with open(number_of, "wb") as file:
            file.write(data)
        if ours[0].read_bytes() != data:
            raise OSError(f"{path} can't be written: other bytes are read there")
        if not force:  # the name is taken first, which fails for one that is there by now
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            ours.append(path)
        os.replace(part, path)
    except BaseException:
        for each in ours:
            each.unlink(missing_ok=True)
        raise
