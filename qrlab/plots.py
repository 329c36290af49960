"""Figures: each function draws a data frame on an Axes and returns it.  Tables too.

Nothing here computes a result.
"""

import hashlib
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from pandas.io.formats.style import Styler

from qrlab.checks import one_of
from qrlab.damage import PAINTS
from qrlab.symbols import Level, Symbol, layout

# One colour a level, everywhere: light to dark so that they keep their order in grey print, and apart
# for the common kinds of colour blindness.
LEVEL_COLOR = {"L": "#dd8e10", "M": "#218a7d", "Q": "#2558a0", "H": "#41104f"}
GREY = "#5f6368"


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


def table(data: pd.DataFrame, formats: str | dict | None = None, caption: str = "") -> Styler:
    """A data frame as a quiet table, without its index; formats: as pandas' Styler.format takes them."""
    name = hashlib.sha256(f"{list(data)}{caption}".encode()).hexdigest()[:8]  # the same at every run
    return data.style.format(formats, na_rep="–").hide(axis="index").set_caption(caption).set_uuid(name)


def _levels(data: pd.DataFrame) -> list[str]:
    present = set(data.level)
    return [level.value for level in Level if level in present]


def _label_ends(ax: Axes, ends: list[tuple[float, float, str]]) -> None:
    """Write each level's name at the right end of its line (x, y, level), apart where they would touch."""
    gap = 0.17 * ax.figure.dpi / ax.get_window_extent().height  # 0.17 inch, a line of text
    to_axes = ax.transAxes.inverted()
    places = sorted((*to_axes.transform(ax.transData.transform((x, y))), level) for x, y, level in ends)
    places.sort(key=lambda place: place[1])
    heights = np.array([y for _, y, _ in places])
    slots = gap * np.arange(len(heights))
    heights = np.maximum.accumulate(heights - slots) + slots  # push up, then back to the middle
    heights -= np.mean(heights - [y for _, y, _ in places])
    for (x, _, level), y in zip(places, heights):
        ax.annotate(
            level,
            (x, y),
            xytext=(5, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            color=LEVEL_COLOR[level],
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


def plot_by_version(
    data: pd.DataFrame,
    y: str,
    *,
    ax: Axes | None = None,
    low: str | None = None,
    high: str | None = None,
    documented: bool = False,
    label: bool = True,
    ylim: tuple = (0, None),
    yscale: str = "linear",
) -> Axes:
    """A line for each level of column `y` against version.

    data: columns version, level and y; low, high: columns of a band around the line.  documented: the
    dashed 7, 15, 25, 30 too; label: the level's name at the end of each line.
    """
    ax = ax or plt.gca()
    ends = []
    for level in _levels(data):
        rows = data[data.level == level].sort_values("version")
        color = LEVEL_COLOR[level]
        marker = "o" if len(rows) < 20 else None
        ax.plot(rows.version, rows[y], color=color, linewidth=1.8, marker=marker, markersize=3.5)
        if low and high:
            ax.fill_between(rows.version, rows[low], rows[high], color=color, alpha=0.18, linewidth=0)
        ends.append((rows.version.iloc[-1], rows[y].iloc[-1], level))
    ax.set(xlabel="version", xlim=(0, 44), xticks=[1, 10, 20, 30, 40], yscale=yscale, ylim=ylim)
    if yscale == "log":
        ticks = [0.5, 1, 2, 5, 10, 20, 40]
        ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    if documented:
        _documented(ax, _levels(data))
    if label:
        _label_ends(ax, ends)
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
    for level in _levels(data):
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
    levels = _levels(data)
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
    for level, marker in zip(_levels(data), "osD^"):
        rows = data[data.level == level]
        ax.scatter(rows[x], rows[y], s=16, marker=marker, color=LEVEL_COLOR[level], linewidths=0, label=level)
    ax.legend(ncols=4, loc="upper right", handletextpad=0, columnspacing=0.8)
    return ax


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
