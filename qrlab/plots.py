"""Figures: each function draws a data frame on an Axes and returns it.  Tables too.

Nothing here computes a result.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection, PolyCollection
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from pandas.io.formats.style import Styler
from scipy import ndimage
from scipy.optimize import isotonic_regression

from qrlab.checks import one_of
from qrlab.damage import PAINTS
from qrlab.placement import layout
from qrlab.standard import Level
from qrlab.symbols import Symbol

if TYPE_CHECKING:
    from qrlab.graph.measured import Measured

# One colour a level, everywhere: light to dark so that they keep their order in grey print, and apart
# for the common kinds of colour blindness.
LEVEL_COLOR = {"L": "#dd8e10", "M": "#218a7d", "Q": "#2558a0", "H": "#41104f"}
GREY = "#5f6368"
# One colour and one marker a reader, everywhere; the colours keep clear of the levels', and of each other
# for the colour-blind.
READER_STYLE = {
    "zxing": ("#111111", "o"),
    "zxing-pure": ("#9aa0aa", "s"),
    "zbar": ("#c22a2a", "^"),
    "opencv": ("#94a321", "D"),
    "opencv-aruco": ("#b8489a", "v"),
    "boofcv": ("#5c3414", "P"),
    "model": ("#5f6368", ""),
}
KIND_COLOR = {
    "speckle": "#111111",
    "blot": "#c22a2a",
    "codewords": "#6d7d12",
}  # the telling ones; others grey
_LEFT = [("text-align", "left"), ("white-space", "normal")]
FIGURES = "QRLAB_FIGURES"  # the environment variable that says where figures are saved
COLOR = LEVEL_COLOR | KIND_COLOR | {reader: color for reader, (color, _) in READER_STYLE.items()}


def style() -> None:
    """The house style for figures in a notebook: SVG, one font, quiet axes."""
    mpl.rcParams.update(
        {
            "figure.figsize": (5.8, 3.6),
            "figure.constrained_layout.use": True,
            "font.size": 9.5,
            "axes.titlesize": 10.5,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "axes.labelcolor": "#333333",
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#e6e6e6",
            "xtick.color": GREY,
            "ytick.color": GREY,
            "legend.frameon": False,
            "svg.hashsalt": "qrlab",
        }
    )
    if "IPython" in sys.modules:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})


def table(
    data: pd.DataFrame, formats: str | dict | None = None, caption: str = "", *, left: Sequence[str] = ()
) -> Styler:
    """A data frame as a quiet table, without its index; formats: as pandas' Styler.format takes them;
    left: columns of text, aligned on the left and broken into lines."""
    name = hashlib.sha256(f"{list(data)}{caption}".encode()).hexdigest()[:8]  # the same at every run
    text = {column: [{"selector": "", "props": _LEFT}] for column in left}
    shown = data.style.format(formats, na_rep="–").hide(axis="index").set_caption(caption).set_uuid(name)
    return shown.set_table_styles(text) if text else shown


def save(what: Figure | pd.DataFrame, name: str) -> None:
    """A figure as NAME.svg and NAME.png, for slides, or a data frame as NAME.csv.

    They go to the folder that the environment variable QRLAB_FIGURES names, or else to ../reports/figures.
    """
    folder = Path(os.environ.get(FIGURES, "../reports/figures"))
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(what, pd.DataFrame):
        what.to_csv(folder / f"{name}.csv", index=False)
        return
    what.savefig(folder / f"{name}.svg", metadata={"Date": None})
    what.savefig(folder / f"{name}.png", dpi=200)


def _label_ends(ax: Axes, ends: list[tuple[float, float, str]]) -> None:
    """Write each name at the right end of its line (x, y, name), apart where they would touch."""
    gap = 0.17 * ax.figure.dpi / ax.get_window_extent().height  # 0.17 inch, a line of text
    to_axes = ax.transAxes.inverted()
    places = sorted((*to_axes.transform(ax.transData.transform((x, y))), level) for x, y, level in ends)
    places.sort(key=lambda place: place[1])
    heights = np.array([y for _, y, _ in places])
    slots = gap * np.arange(len(heights))
    apart = isotonic_regression(heights - slots).x  # as near to the ends as a gap between them allows
    heights = np.maximum(np.minimum(apart, 1 - slots[-1]), 0) + slots
    for (x, _, level), y in zip(places, heights):
        ax.annotate(
            level,
            (x, y),
            xytext=(5, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            color=COLOR.get(level, GREY),
            va="center",
            fontweight="bold",
            annotation_clip=False,
        )


def _documented(ax: Axes, levels: list[str]) -> None:
    """The documented percentages, dashed, with their labels to the right of the axes."""
    shares = [100 * Level(level).documented for level in levels]
    for level, share in zip(levels, shares):
        ax.axhline(share, color=LEVEL_COLOR[level], linestyle=(0, (5, 3)), linewidth=1, zorder=1.5)
    right = ax.secondary_yaxis("right")
    right.set_yticks(shares, [f"{share:.0f}%" for share in shares], fontsize=8)
    right.minorticks_off()
    right.tick_params(length=0, pad=2)
    right.spines["right"].set_visible(False)


def _names(data: pd.DataFrame, by: str) -> list[str]:
    """The levels or the readers in `data`, in their fixed order; anything else as it comes."""
    order = {"level": LEVEL_COLOR, "reader": READER_STYLE}.get(by, dict.fromkeys(data[by]))
    return [name for name in order if name in set(data[by])]


def _lines(ax: Axes, data: pd.DataFrame, x: str, y: str, by: str, band: tuple = (), **look) -> list[tuple]:
    """A line for each name in column `by`, in its colour and marker; returns where they end."""
    ends = []
    for name in _names(data, by):
        rows = data[data[by] == name].sort_values(x)
        marker = (
            READER_STYLE[name][1] if by == "reader" else "o" if by == "level" and 1 < len(rows) < 11 else ""
        )
        line = {"color": COLOR.get(name, "#c3c7cc"), "marker": marker, "markersize": 3.5, "linewidth": 1.5}
        above = {"markeredgewidth": 0, "zorder": 2.2 if name in COLOR else 2}
        ax.plot(rows[x], rows[y], **(line | above | look))
        if band:
            ax.fill_between(
                rows[x], *(rows[end] for end in band), color=line["color"], alpha=0.17, linewidth=0
            )
        ends.append((rows[x].iloc[-1], rows[y].iloc[-1], name))
    return ends


def plot_by_version(
    data: pd.DataFrame,
    y: str,
    *,
    by: str = "level",
    ax: Axes | None = None,
    low: str | None = None,
    high: str | None = None,
    documented: bool = False,
    label: bool = True,
    ylim: tuple = (0, None),
    yscale: str = "linear",
) -> Axes:
    """A line for each level, or reader, of column `y` against version.

    data: columns version, `by` ("level" or "reader") and y; low, high: columns of a band around the
    line.  documented: the dashed 7, 15, 25, 30 too; label: the name at the end of each line.
    """
    ax = ax or plt.gca()
    ends = _lines(ax, data, "version", y, by, (low, high) if low and high else ())
    ax.set(xlabel="version", xlim=(0, 44), xticks=[1, 10, 20, 30, 40], yscale=yscale, ylim=ylim)
    if yscale == "log":
        least, most = ax.get_ylim()
        ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40, 100) if least <= tick <= most]
        ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    if documented:
        _documented(ax, _names(data, by))
    if label:
        _label_ends(ax, ends)
    return ax


def plot_recovery(
    data: pd.DataFrame,
    x: str = "severity",
    *,
    by: str = "level",
    ax: Axes | None = None,
    dotted: bool = False,
    documented: bool = False,
    named: bool = False,
    scale: float = 100,
) -> Axes:
    """Recovery against damage: a line for each level with its interval as a band, or for each kind of damage.

    data: columns x and rate (shares, 0 to 1), low and high for the bands, and by: "level", "reader" or
    "damage".  scale: what x is multiplied by, 100 for shares, 1 for what has a unit of its own.
    dotted: thin dotted lines without bands, as for the model; documented: the levels' percentages as
    dashed verticals; named: with their numbers above.
    """
    ax, shares = ax or plt.gca(), [column for column in ("rate", "low", "high") if column in data]
    percent = data.assign(**{column: 100 * data[column] for column in shares} | {x: scale * data[x]})
    look = ({"linestyle": ":", "linewidth": 1.2} if dotted else {}) | (
        {} if by == "reader" else {"marker": ""}
    )
    _lines(ax, percent, x, "rate", by, () if dotted or by == "damage" else ("low", "high"), **look)
    for level in _names(data, "level") if documented else ():
        place, color = 100 * Level(level).documented, LEVEL_COLOR[level]
        ax.axvline(place, color=color, linestyle=(0, (5, 3)), linewidth=0.9, zorder=1.5)
        if named:
            where = {"transform": ax.get_xaxis_transform(), "ha": "center", "fontsize": 6.5}
            ax.text(place, 1.01, f"{place:.0f}%", color=color, **where)
    for row, (kind, color) in enumerate(KIND_COLOR.items() if by == "damage" else ()):
        place = (0.98, 0.95 - 0.11 * row)
        ax.text(*place, kind, color=color, ha="right", va="top", transform=ax.transAxes, fontsize=8)
    ax.set(ylim=(-3, 103), xlim=(0, percent[x].max()), yticks=[0, 50, 100])
    return ax


def plot_by_length(
    data: pd.DataFrame,
    y: str,
    *,
    ax: Axes | None = None,
    ylim: tuple = (0, None),
    xscale: str = "linear",
) -> Axes:
    """A stair for each level of column `y` against the payload's length.

    data: columns length, level and y.
    """
    ax = ax or plt.gca()
    ends = []
    for level in _names(data, "level"):
        rows = data[data.level == level].sort_values("length")
        ax.step(rows.length, rows[y], where="mid", color=LEVEL_COLOR[level], linewidth=1.5)
        ends.append((rows.length.iloc[-1], rows[y].iloc[-1], level))
    ax.set(xlabel="payload, bytes (byte mode)", xscale=xscale, ylim=ylim)
    ax.set_xlim(1 if xscale == "log" else 0, data.length.max())
    ax.xaxis.set_major_formatter("{x:,.0f}")
    _label_ends(ax, ends)
    return ax


def plot_free_levels(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """A bar along the payload's length for each asked-for level, coloured by the level that comes free.

    data: as `sizes` gives it.
    """
    ax = ax or plt.gca()
    levels = _names(data, "level")
    for row, level in enumerate(levels):
        part = data[data.level == level].sort_values("length")
        changes = np.flatnonzero(part.free.astype(str).ne(part.free.astype(str).shift()))
        starts = part.length.to_numpy()[changes]
        widths = np.diff(np.append(starts, part.length.iloc[-1] + 1))
        free = part.free.astype(str).to_numpy()[changes]
        colors = ["#eceef0" if got == level else LEVEL_COLOR[got] for got in free]
        ax.barh([row] * len(starts), widths, left=starts - 0.5, height=0.66, color=colors)
        for start, width, got in zip(starts, widths, free):
            if got != level:
                ax.text(start - 0.5 + width / 2, row - 0.38, got, ha="center", va="bottom", fontsize=8)
    ax.set(xlabel="payload, bytes (byte mode)", ylabel="level asked for", ylim=(len(levels) - 0.5, -0.7))
    ax.set_xlim(part.length.iloc[0] - 0.5, part.length.iloc[-1] + 0.5)
    ax.set_yticks(range(len(levels)), levels)
    ax.grid(visible=False)
    return ax


def plot_shares(data: pd.DataFrame, level: str, *, ax: Axes | None = None, xmax: float = 40) -> Axes:
    """What a level's percentage is of: a row for each way of counting, a dot for each version.

    data: columns level, counted (row name, in order of appearance), version, pct.  The documented
    percentage is dashed; the numbers are the smallest and the largest of the row, in which small
    versions lie above large ones.
    """
    ax = ax or plt.gca()
    rows, color = list(dict.fromkeys(data.counted)), LEVEL_COLOR[level]
    for row, counted in enumerate(rows):
        pct = data[(data.level == level) & (data.counted == counted)].sort_values("version").pct
        nudge = np.linspace(-0.2, 0.2, len(pct))
        ax.hlines(row, pct.min(), pct.max(), color=color, linewidth=5, alpha=0.22, zorder=1)
        ax.plot(pct, row + nudge, "o", markersize=2.4, markeredgewidth=0, color=color, zorder=2)
        ends = dict.fromkeys(f"{end:.1f}" for end in (pct.min(), pct.max()))
        ax.annotate(
            "–".join(ends),
            (pct.max(), row),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
        )
    ax.axvline(100 * Level(level).documented, color=color, linestyle=(0, (5, 3)), linewidth=1, zorder=1.5)
    ax.set(xlim=(0, xmax), ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(visible=False, axis="y")
    return ax


def plot_points(data: pd.DataFrame, x: str, y: str, *, ax: Axes | None = None) -> Axes:
    """A point for each row of `data`, in the colour and marker of its level; columns level, x and y."""
    ax = ax or plt.gca()
    for level, marker in zip(_names(data, "level"), "osD^"):
        rows = data[data.level == level]
        ax.scatter(rows[x], rows[y], s=16, marker=marker, color=LEVEL_COLOR[level], linewidths=0, label=level)
    ax.legend(ncols=4, loc="upper right", handletextpad=0, columnspacing=0.8)
    return ax


def plot_picture(image: np.ndarray, reads: dict[str, bool], *, ax: Axes | None = None) -> Axes:
    """A picture, and below it the marker of each reader that reads it; a dot for one that doesn't."""
    ax = ax or plt.gca()
    ax.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    ax.set_axis_off()
    for k, (reader, ok) in enumerate(reads.items()):
        color, marker = READER_STYLE.get(reader, (GREY, "X")) if ok else (GREY, ".")
        look = {"color": color, "marker": marker, "markersize": 5 if ok else 2, "markeredgewidth": 0}
        ax.plot((k + 0.5) / len(reads), -0.08, transform=ax.transAxes, clip_on=False, linestyle="", **look)
    return ax


def plot_rows(
    data: pd.DataFrame, x: str, y: str, *, by: str = "level", ax: Axes | None = None, band: tuple = ()
) -> Axes:
    """A row for each value of column y, in order of appearance; a marker for each level, or reader, in it.

    data: columns x, y and by ("level" or "reader"); band: the columns of an interval's two ends.
    """
    ax, rows, names = ax or plt.gca(), list(dict.fromkeys(data[y])), _names(data, by)
    for nudge, name, marker in zip(np.linspace(-0.24, 0.24, len(names)), names, "osD^vPX"):
        here = data[data[by] == name]
        at = [rows.index(value) + nudge for value in here[y]]
        marker = READER_STYLE[name][1] if by == "reader" else marker
        ax.plot(here[x], at, marker, color=COLOR[name], markersize=4.5, markeredgewidth=0, zorder=3)
        if band:
            ax.hlines(at, *(here[end] for end in band), color=COLOR[name], linewidth=1.2, alpha=0.7, zorder=2)
    ax.set(ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(visible=False, axis="y")
    for edge in np.arange(len(rows) - 1) + 0.5:
        ax.axhline(edge, color="#efefef", linewidth=0.8, zorder=0)
    return ax


def plot_map(
    data: pd.DataFrame, x: str, y: str, *, ax: Axes | None = None, floor: float = 0.05, letters: bool = True
) -> Axes:
    """The level that reads most often, as the colour of a cell for each x and y.

    data: as `stats.best_levels` gives it by [x, y], x in its own unit and y a share.  Hatched and pale:
    the best two can't be told apart; blank: the best reads less often than `floor`; lines: the best's read
    rate.  y is drawn by its square root, so that little damage has room.
    """
    ax = ax or plt.gca()
    data = data.assign(percent=100 * data[y])
    grid = data.pivot(index="percent", columns=x, values="rate")
    (left, right), (low, high) = (_cell_ends(values.to_numpy()) for values in (grid.columns, grid.index))
    box = {(a, b): (left[i], low[j], right[i] - left[i], high[j] - low[j])
           for i, a in enumerate(grid.columns) for j, b in enumerate(grid.index)}  # fmt: skip
    for level in _names(data, "level"):
        for tie, how in {False: {}, True: {"hatch": "/////"}}.items():
            cells = data[(data.level == level) & (data.tie == tie) & (data.rate >= floor)]
            boxes = [Rectangle(box[at][:2], *box[at][2:]) for at in zip(cells[x], cells.percent)]
            face = _pale(LEVEL_COLOR[level]) if tie else LEVEL_COLOR[level]
            edge = {"edgecolor": LEVEL_COLOR[level] if tie else face, "linewidth": 0 if tie else 0.4}
            ax.add_collection(PatchCollection(boxes, facecolor=face, **edge, **how))
        if letters:
            _name_largest(ax, data, grid, x, level, floor)
    lines = ax.contour(grid.columns, grid.index, 100 * grid, [10, 50, 90], colors="#111111", linewidths=1)
    lines.set_path_effects([withStroke(linewidth=2.4, foreground="white")])
    for text in ax.clabel(lines, fmt="%.0f %%", fontsize=7.5, colors="#111111"):
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
    ax.set_yscale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
    ax.set(xlim=(left[0], right[-1]), ylim=(0, high[-1]), facecolor="#f4f5f6")
    ax.set_yticks([tick for tick in (0, 1, 2, 5, 10, 15, 20, 30, 40) if tick <= high[-1]])
    ax.grid(visible=False)
    return ax


def _cell_ends(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the cells round increasing values begin and end: halfway to the next; none below 0."""
    between = (values[1:] + values[:-1]) / 2
    first, last = values[0] - (between[0] - values[0]), values[-1] + (values[-1] - between[-1])
    return np.append(max(first, 0), between), np.append(between, last)


def _pale(color: str) -> tuple:
    return tuple(1 - 0.35 * (1 - part) for part in to_rgb(color))


def _name_largest(ax: Axes, data: pd.DataFrame, grid: pd.DataFrame, x: str, level: str, floor: float) -> None:
    """Write the level into the largest patch of cells where it is the best and not tied."""
    clear = data[(data.level == level) & ~data.tie & (data.rate >= floor)]
    own = clear.pivot(index="percent", columns=x, values="rate").reindex_like(grid).notna().to_numpy()
    patches, count = ndimage.label(own)
    if not count:
        return
    patch = patches == 1 + np.argmax(np.bincount(patches.ravel())[1:])
    depth = ndimage.distance_transform_edt(np.pad(patch, 1))[1:-1, 1:-1]
    middle = np.argwhere(patch).mean(axis=0)
    row, column = min(np.argwhere(depth == depth.max()), key=lambda cell: np.hypot(*(cell - middle)))
    look = {"color": "white", "fontsize": 14, "fontweight": "bold", "ha": "center", "va": "center"}
    text = ax.text(grid.columns[column], max(grid.index[row], 0.15), level, **look)
    text.set_path_effects([withStroke(linewidth=2, foreground=LEVEL_COLOR[level])])


def plot_choice(table: pd.DataFrame, target: float, level: str | None, *, ax: Axes | None = None) -> Axes:
    """A row for each level: the share of scans read with its interval, and the worst reader's.

    table: as in a Choice; target: dashed, 0 to 1; level: the recommended one, which is shaded, or None.
    """
    ax, rated = ax or plt.gca(), table[table.rate.notna()]
    for row in rated.itertuples():
        y, color = list(table.level).index(row.level), LEVEL_COLOR[row.level]
        if row.level == level:
            ax.axhspan(y - 0.45, y + 0.45, color=color, alpha=0.13, linewidth=0, zorder=0)
        ax.hlines(y, 100 * row.low, 100 * row.high, color=color, linewidth=6, alpha=0.35)
        ax.plot(100 * row.rate, y, "o", color=color, markersize=7, markeredgewidth=0, zorder=3)
        ax.plot(100 * row.worst_rate, y, "|", color=color, markersize=11, markeredgewidth=1.6)
    ax.axvline(100 * target, color=GREY, linestyle=(0, (5, 3)), linewidth=1, zorder=1.5)
    ax.text(100 * target, 1.01, f"target {100 * target:g}%", transform=ax.get_xaxis_transform(),
            ha="center", va="bottom", color=GREY, fontsize=8)  # fmt: skip
    names = [x if pd.isna(mm) else f"{x}   {mm:.2f} mm" for x, mm in zip(table.level, table.module_mm)]
    ax.set(xlabel="percent of scans read", ylabel="level, and its modules", ylim=(len(table) - 0.5, -0.5))
    ax.set_yticks(range(len(table)), names)
    ax.grid(visible=False, axis="y")
    return ax


def plot_losses(risks: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """A bar for each level of the scans that are lost, a part for each kind of wear.

    risks: as in a Choice.
    """
    ax, kinds = ax or plt.gca(), list(dict.fromkeys(risks.wear[risks.lost > 0]))
    lost = 100 * risks.pivot(index="level", columns="wear", values="lost").reindex(columns=kinds).fillna(0)
    greys, left = np.linspace(0.35, 0.8, len(kinds)), np.zeros(len(lost))
    for kind, grey in zip(kinds, greys):
        ax.barh(range(len(lost)), lost[kind], 0.62, left=left, color=str(grey), label=words(kind))
        left += lost[kind].to_numpy()
    for y, (level, total) in enumerate(zip(lost.index, left)):
        ax.annotate(f"{total:.1f}", (total, y), xytext=(4, 0), textcoords="offset points", va="center",
                    color=LEVEL_COLOR[level], fontweight="bold")  # fmt: skip
    ax.set(xlabel="lost, percent of scans", ylim=(len(lost) - 0.5, -0.5), xlim=(0, max(left.max() * 1.15, 1)))
    ax.set_yticks(range(len(lost)), lost.index)
    ax.grid(visible=False, axis="y")
    if kinds:
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(kinds), fontsize=8, handlelength=1)
    return ax


def words(name: str, unit: str = "") -> str:
    """A kind of wear, or a parameter with its unit, in words; shares go without one."""
    if name == "none":
        return "no wear"
    said = name.removeprefix("camera_").removeprefix("print_")
    for ending in ("_mm", "_px", "_deg"):
        said = said.removesuffix(ending)
    return said.replace("_", " ") + ("" if not unit or " of " in unit else f", {unit}")


def plot_sensitivity(data: pd.DataFrame, *, ax: Axes | None = None, rows: int = 10) -> Axes:
    """The share of scans read at either end of each assumption's range, most telling first.

    data: as `Choice.sensitivity` gives it; rows: how many assumptions.  Filled: the low end; hollow: the high
    end, with their values; a level's letter where another one would clearly read more.
    """
    ax = ax or plt.gca()
    names = list(dict.fromkeys(data.parameter))[:rows]
    for y, name in enumerate(names):
        ends = data[data.parameter == name].sort_values("value")
        ax.plot(100 * ends.rate, [y, y], color="#c3c7cc", linewidth=5, solid_capstyle="butt", zorder=1)
        for end, face, (side, ha) in zip(ends.itertuples(), (GREY, "white"), _sides(ends.rate)):
            look = {"markerfacecolor": face, "markeredgecolor": GREY, "markersize": 6}
            ax.plot(100 * end.rate, y, "o", **look)
            said = f"{end.value:g}" + (f"  → {end.best}" if end.changes else "")
            color = LEVEL_COLOR[end.best] if end.changes else GREY
            ax.annotate(said, (100 * end.rate, y), xytext=(side, 0), textcoords="offset points", ha=ha,
                        va="center", fontsize=8, color=color,
                        fontweight="bold" if end.changes else "normal")  # fmt: skip
    units = dict(zip(data.parameter, data.unit))
    ax.set_yticks(range(len(names)), [words(name, units[name]) for name in names])
    ax.set(xlabel="percent of scans read", ylim=(len(names) - 0.5, -0.5))
    ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    ax.margins(x=0.2)
    ax.grid(visible=False, axis="y")
    return ax


def _sides(rates: pd.Series) -> list[tuple[float, str]]:
    """Where the values at the two ends of a range are written: outside."""
    right, left = (7, "left"), (-7, "right")
    return [left, right] if rates.iloc[0] <= rates.iloc[1] else [right, left]


def plot_damage(
    symbol: Symbol, order: np.ndarray, severity: float, paint: str = "flip", *, ax: Axes | None = None
) -> Axes:
    """A symbol with damage of that order at `severity`: wrong modules dark red, the rest of
    their codewords tinted, all else pale."""
    ax = ax or plt.gca()
    one_of("paint", paint, PAINTS)
    reached = order <= severity
    wrong = reached if paint == "flip" else reached & (symbol.modules != (paint == "dark"))
    codeword = layout(symbol.version, symbol.level).codeword
    tinted = np.isin(codeword, codeword[wrong & (codeword >= 0)])
    shade = np.where(wrong, 4, np.where(tinted, 2, 0) + symbol.modules)
    colors = ["#ffffff", "#b8bcc2", "#ffe2b8", "#d99a2b", "#8b0016"]
    ax.imshow(shade, cmap=ListedColormap(colors), vmin=0, vmax=4, interpolation="nearest")
    ax.set_axis_off()
    return ax


def plot_audit(symbol: "Measured", image: np.ndarray | None = None, *, ax: Axes | None = None) -> Axes:
    """Wrong modules dark red, lost blocks blue, the rest of wrong codewords tinted, and function patterns;
    with an image, the picture that was measured, the wrong modules outlined on it."""
    ax = ax or plt.gca()
    ax.set_axis_off()
    if image is not None:
        ax.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.add_collection(PolyCollection(symbol.outlines, edgecolors="#d0021b", facecolors="none", lw=0.8))
        return ax
    here = layout(symbol.version, symbol.level)
    fixed = here.codeword < 0
    lost = np.isin(here.block, symbol.blocks.block[symbol.blocks.wrong.isna()])
    tinted = np.isin(here.codeword, here.codeword[symbol.wrong & ~fixed])
    shade = np.where(fixed, np.where(symbol.printed, 1, 0), np.where(tinted, 3, 2))
    shade = np.where(~fixed & lost[here.codeword], 4, shade)
    shade = np.where(symbol.wrong, 5, shade)
    colors = ["#ffffff", "#8a8f98", "#f0f1f3", "#ffd9a0", "#a9c6e8", "#8b0016"]
    ax.imshow(shade, cmap=ListedColormap(colors), vmin=0, vmax=5, interpolation="nearest")
    return ax


def legend(
    fig,
    *,
    readers: list[str] = (),
    solid: str = "",
    dotted: str = "",
    dashed: str = "",
    hatched: str = "",
    blank: str = "",
) -> None:
    """A legend above a figure: the readers' markers, or else the levels' colours and the other signs."""
    line, columns = mpl.lines.Line2D, {"columnspacing": 1.2, "loc": "outside upper center"}
    if readers:
        styles = [READER_STYLE.get(reader, (GREY, "X")) for reader in readers]
        looks = [{"color": color, "marker": marker, "linestyle": ""} for color, marker in styles]
        handles = [line([], [], label=reader, **look) for reader, look in zip(readers, looks)]
    else:
        handles = [
            line([], [], color=color, linewidth=3, label=level) for level, color in LEVEL_COLOR.items()
        ]
        styles = {solid: "-", dotted: ":", dashed: (0, (5, 3))}
        handles += [
            line([], [], color=GREY, linestyle=how, label=what) for what, how in styles.items() if what
        ]
        signs = {hatched: {"facecolor": "#dddddd", "hatch": "/////"}, blank: {"facecolor": "#f4f5f6"}}
        handles += [
            Patch(edgecolor=GREY, linewidth=0.5, label=what, **how) for what, how in signs.items() if what
        ]
    fig.legend(handles=handles, ncols=len(handles), handlelength=1.2 if readers else 1.8, **columns)
