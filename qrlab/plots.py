"""Figures and tables that several notebooks share: each draws a data frame, and computes nothing."""

import hashlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from qrlab.files import FIGURES
from qrlab.symbols import Level

# One colour a level: light to dark, for grey print, and apart for the common kinds of colour blindness.
LEVEL_COLOR = {"L": "#dd8e10", "M": "#218a7d", "Q": "#2558a0", "H": "#41104f"}
GREY = "#5f6368"
# One colour and marker a reader; colours clear of the levels', and of each other for the colour-blind.
READER_STYLE = {
    "zxing": ("#111111", "o"), "zxing-pure": ("#9aa0aa", "s"), "zbar": ("#c22a2a", "^"),
    "opencv": ("#94a321", "D"), "opencv-aruco": ("#b8489a", "v"), "boofcv": ("#5c3414", "P"),
    "zxing-java": ("#9119ea", "h"), "wechat": ("#46d385", "*"), "jsqr": ("#ea84e8", "<"),
    "qr": ("#2d198f", ">"), "quirc": ("#92114d", "p"), "qrdec": ("#8760d9", "d"), "model": (GREY, ""),
}  # fmt: skip
LOOKS = {level: (color, "") for level, color in LEVEL_COLOR.items()} | READER_STYLE
OTHER = (GREY, "X")  # the look of any other reader
DASHED = (0, (5, 3))
Look = dict[str, Any]  # keywords as matplotlib takes them
Band = tuple[str, ...]  # the columns of an interval's two ends, if there is one
Table: TypeAlias = pd.DataFrame
Ax = Axes | None  # where to draw, None: pyplot's current axes


def style(dense: bool = False) -> None:
    """The house style for figures in a notebook: one font, quiet axes, SVG; dense: PNG, twice as fine."""
    plt.style.use(Path(__file__).parent / "page" / "figures.mplstyle")
    if "IPython" in sys.modules:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("retina") if dense else set_matplotlib_formats("svg", metadata={"Date": None})


def table(data: Table, formats: Any = None, caption: str = "", *, left: Sequence[str] = ()) -> Styler:
    """A data frame as a quiet table, without its index; formats: as pandas' Styler.format takes them;
    left: columns of text, aligned on the left and broken into lines."""
    name = hashlib.sha256(f"{list(data)}{caption}".encode()).hexdigest()[:8]  # the same at every run
    shown = data.style.format(formats, na_rep="–").hide(axis="index").set_caption(caption).set_uuid(name)
    text = [{"selector": "", "props": [("text-align", "left"), ("white-space", "normal")]}]
    return shown.set_table_styles(dict.fromkeys(left, text)) if left else shown


def save(what: Figure | pd.DataFrame, name: str) -> None:
    """A figure as NAME.svg and NAME.png, a table as NAME.csv: to $QRLAB_FIGURES, else ../reports/figures."""
    folder = Path(os.environ.get(FIGURES, "../reports/figures"))
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(what, pd.DataFrame):
        what.to_csv(folder / f"{name}.csv", index=False)
    else:
        what.savefig(folder / f"{name}.svg", metadata={"Date": None})
        what.savefig(folder / f"{name}.png", dpi=200)


def words(name: str) -> str:
    """A kind of damage or wear, or a parameter, in words and without its unit."""
    plain = re.sub("^(camera|print)_|_(mm|px|deg)$", "", name).replace("_", " ")
    return "no wear" if name == "none" else plain


def _names(data: Table, by: str) -> list[str]:
    """The levels or the readers in `data`, in their fixed order; other readers come last."""
    return [name for name in LOOKS | dict.fromkeys(data[by]) if name in set(data[by])]


def legend(figure: Figure, *, readers: Sequence[str] = (), more: Sequence[Any] = (), **signs: str) -> None:
    """A legend above a figure: the readers' markers or else the levels' colours; what lines mean, by signs
    (solid, dotted or dashed); and `more` artists."""
    handles: list[Any] = []
    look: Look = {"linestyle": ""} if readers else {"linewidth": 3}
    for name in readers or LEVEL_COLOR:
        color, marker = LOOKS.get(name, OTHER)
        handles.append(plt.Line2D([], [], color=color, marker=marker, label=name, **look))
    for sign, text in signs.items():
        look = {"linestyle": DASHED if sign == "dashed" else sign}
        handles.append(plt.Line2D([], [], color=GREY, label=text, **look))
    handles += more
    look = {"ncols": min(len(handles), 8), "columnspacing": 1.2, "handlelength": 1.2 if readers else 1.8}
    figure.legend(handles=handles, loc="outside upper center", **look)


def recovery(
    data: Table,
    x: str = "severity",
    *,
    by: str = "level",
    ax: Ax = None,
    dotted: bool = False,
    documented: bool = False,
) -> Axes:
    """Recovery against damage: a line for each level, or reader, with its interval as a band.
    data: columns x, `by` ("level" or "reader"), rate, low and high, 0 to 1 as severity is; another x has
    its own unit.  dotted: thin, without bands; documented: the levels' percentages as dashed verticals."""
    ax = ax or plt.gca()
    percent = data.assign(**100 * data[["rate", "low", "high"]])
    percent[x] *= 100 if x == "severity" else 1
    look: Look = {"linestyle": ":", "linewidth": 1.2} if dotted else {"linewidth": 1.5}
    for name in _names(data, by):
        curve = percent[percent[by] == name].sort_values(x)
        color, marker = LOOKS.get(name, OTHER)
        point: Look = {"marker": marker, "markersize": 3.5, "markeredgewidth": 0, "zorder": 2.2}
        ax.plot(curve[x], curve.rate, color=color, label=name, **point | look)
        if not dotted:
            ax.fill_between(curve[x], curve.low, curve.high, color=color, alpha=0.17, linewidth=0)
    for level in _names(data, "level") if documented else ():
        place, color = 100 * Level(level).documented, LEVEL_COLOR[level]
        ax.axvline(place, color=color, linestyle=DASHED, linewidth=0.9, zorder=1.5)
        if (spec := ax.get_subplotspec()) is None or spec.is_first_row():
            above: Look = {"transform": ax.get_xaxis_transform(), "ha": "center", "fontsize": 6.5}
            ax.text(place, 1.01, f"{place:.0f}%", color=color, **above)
    ax.set(ylim=(-3, 103), xlim=(0, percent[x].max()), yticks=[0, 50, 100])
    return ax


def name_rows(ax: Axes, names: Sequence[str]) -> None:
    """Rows from the top down in place of a y axis, each with its name."""
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), names)
    ax.grid(visible=False, axis="y")


def rows(data: Table, x: str, y: str, *, by: str = "level", band: Band = (), ax: Ax = None) -> Axes:
    """A row for each value of column y, in order of appearance, and in it a marker at x for each level, or
    reader (column `by`); band: the columns of an interval's two ends."""
    ax = ax or plt.gca()
    places, names = list(dict.fromkeys(data[y])), _names(data, by)
    for nudge, name, shape in zip(np.linspace(-0.24, 0.24, len(names)), names, "osD^vPX" * 3):
        here, (color, marker) = data[data[by] == name], LOOKS.get(name, OTHER)
        at = [places.index(value) + nudge for value in here[y]]
        ax.plot(here[x], at, marker or shape, color=color, markersize=4.5, markeredgewidth=0, zorder=3)
        if band:
            ax.hlines(at, *(here[end] for end in band), color=color, linewidth=1.2, alpha=0.7, zorder=2)
    name_rows(ax, places)
    for edge in np.arange(len(places) - 1) + 0.5:
        ax.axhline(edge, color="#efefef", linewidth=0.8, zorder=0)
    return ax


def picture(image: np.ndarray, reads: dict[str, bool], *, ax: Ax = None) -> Axes:
    """A picture, and below it the marker of each reader that reads it; a dot for one that doesn't."""
    ax = ax or plt.gca()
    ax.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    ax.set_axis_off()
    for k, (reader, ok) in enumerate(reads.items()):
        color, marker = LOOKS.get(reader, OTHER) if ok else (GREY, ".")
        look: Look = {"marker": marker, "markersize": 5 if ok else 2, "markeredgewidth": 0, "linestyle": ""}
        ax.plot((k + 0.5) / len(reads), -0.08, transform=ax.transAxes, clip_on=False, color=color, **look)
    return ax


def choice(table: Table, target: float, level: str | None, *, ax: Ax = None) -> Axes:
    """A row for each level of a Choice's table: the share of scans read with its interval, and the worst
    reader's; target (0 to 1) is dashed, and the recommended level, if any, shaded."""
    ax = ax or plt.gca()
    for y, row in table.dropna(subset="rate").iterrows():
        color = LEVEL_COLOR[row.level]
        if row.level == level:
            ax.axhspan(y - 0.45, y + 0.45, color=color, alpha=0.13, linewidth=0, zorder=0)
        ax.hlines(y, 100 * row.low, 100 * row.high, color=color, linewidth=6, alpha=0.35)
        ax.plot(100 * row.rate, y, "o", color=color, markersize=7, markeredgewidth=0, zorder=3)
        ax.plot(100 * row.worst_rate, y, "|", color=color, markersize=11, markeredgewidth=1.6)
    ax.axvline(100 * target, color=GREY, linestyle=DASHED, linewidth=1, zorder=1.5)
    above: Look = {"transform": ax.get_xaxis_transform(), "ha": "center", "va": "bottom", "fontsize": 8}
    ax.text(100 * target, 1.01, f"target {100 * target:g}%", color=GREY, **above)
    ax.set(xlabel="percent of scans read", ylabel="level, and its modules")
    sizes = table.module_mm.map("   {:.2f} mm".format, na_action="ignore").fillna("")
    name_rows(ax, list(table.level.astype(str) + sizes))
    return ax
