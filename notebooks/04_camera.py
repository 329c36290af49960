# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   title: The camera
# ---

# %% [markdown]
# # The camera
#
# **At the same millimetres and the same distance, does a higher level still help?**
#
# A higher level needs more modules. On a label of the same width each module is then smaller, and the camera has
# fewer pixels for it. So the level that repairs more is also harder to see. This page shows which of the two wins.

# %% tags=["parameters"]
payload = 60  # bytes of content, 1 to 600
width_mm = 25  # printed width, with the quiet zone
kinds = "scratch,blot,stain"  # of damage, keys of qr.damage.MODELS
levels = "L,M,Q,H"  # two or more
reader = "zxing"  # reads the damaged prints: a name from qr.decoders()
readers = "zxing,zbar,zxing-java,boofcv"  # read the undamaged prints
label_mm = 15  # the width of a small label
dpi = 203  # dots per inch of the label printer
seed = 1

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.colors import to_rgba

import qrlab as qr

# %%
kinds, levels = kinds.split(","), sorted(map(qr.Level.parse, levels.split(",")), key=list(qr.Level).index)
printed = {"payload": payload, "print_width_mm": width_mm, "level": levels, "seed": seed}
worn = qr.study.readings("print_and_scan", **printed, damage=kinds, reader=reader)
seen = qr.stats.rates(worn, ["damage", "severity", "camera_distance_mm", "level"])
places, made = np.unique(worn.camera_distance_mm), worn.attrs["made"]

# %% tags=["answer"]
near, far, kind, (*_, lower, top) = places[0], places[8], kinds[0], levels
read = seen.set_index(["damage", "severity", "camera_distance_mm", "level"]).rate[kind, 0.07]
Markdown(
    f"**The distance decides. From {near:.0f} mm, with a {qr.plots.words(kind)} on 7% of the area, "
    f"{read[near, top]:.0%} of the prints are read at {top} and {read[near, levels[0]]:.0%} at {levels[0]}. "
    f"From {far:.0f} mm it is {read[far, top]:.0%} at {top}, and {read[far, lower]:.0%} at {lower}.**\n\n"
    f"Content of {payload} bytes on {width_mm:g} mm, read by {reader}; {made}. "
    "Print the highest level whose modules the camera still resolves."
)

# %% [markdown]
# ## What the reader sees
#
# Every level is printed on the same width, content and quiet zone included. Trial by trial, all levels lie at the
# same place in the pixel grid, tilt the same way, and bear the same damage.
#
# The camera sees 1920 pixels across 70°, as a phone's video preview does. A lens that blurs by half a pixel, 1% of
# noise, good light and 2° of unsteadiness are assumptions. The reader gets the picture cut to the print.
#
# Here is one print out of the study, damaged on 4% of its area, on all levels and from three distances. It was
# chosen because it shows the turn. Along a row the modules shrink. Down a column the pixels run out.

# %%
qr.plots.style()
focal_px = qr.Camera.at(100).focal_px
size = {level: qr.make(b"x" * payload, level).size for level in levels}
module_mm = {level: qr.Print(width_mm).module_mm(size[level]) for level in levels}
shots = worn[(worn.damage == kind) & (worn.severity == 0.04) & (worn.trial == 2)]
shots = shots.set_index(["camera_distance_mm", "level"], drop=False)

# %% alt="Photographs of one scratched code: a column for each level, three distances down. The modules get smaller from L to H, and from near to far they blur into grey. Near, all levels are read; at the middle distance only M and Q; far away only M."
fig, axes = plt.subplots(3, len(levels), figsize=(7.6, 6.9), squeeze=False)
for row, place in zip(axes, places[[4, 7, 9]]):
    for ax, level in zip(row, levels):
        shot = shots.loc[place, level]
        greys = qr.shown(shot, seed=seed, trial=2) // 32  # few greys make a small file
        ax.imshow(greys, cmap="gray", vmin=0, vmax=7, interpolation="none")
        ax.set_title(f"{level}: {focal_px * module_mm[level] / place:.1f} px a module", fontsize=8)
        ax.set(xticks=[], yticks=[], xlabel="read" if shot.outcome == "ok" else "not read")
        ax.xaxis.label.set(fontweight="bold", color="#218a7d" if shot.outcome == "ok" else "#c22a2a")
    row[0].set_ylabel(f"from {place:.0f} mm")
fig.get_layout_engine().set(h_pad=0.09)

# %% [markdown]
# ## The map
#
# Now every distance against every severity that was tried, for each kind of damage by itself. A cell is one
# condition. It has the full colour of one level where that level surely reads most: the 95% interval of its lead over
# the next, print by print, lies above zero. Elsewhere the cell is pale, and striped in the colours of all levels that
# can't be told from the best. The number is the percent of prints that the best level reads; with no letter beside
# it, all levels are alike.
#
# Follow a row from left to right, and see when H's stripe goes, then Q's. Follow a column upwards, and see when L's
# stripe goes, then M's. The bottom row is the same in all three maps: prints without damage.

# %%
by = ["damage", "severity", "camera_distance_mm"]
best = qr.stats.rates(worn, [*by, "level"]).astype({"level": str}).sort_values("rate", kind="stable")
best = best.drop_duplicates(by, keep="last")
gains = qr.stats.differences(worn, "level", by)
alike = gains[(gains.low <= 0) & (gains.high >= 0)]
alike = pd.concat([alike, alike.rename(columns={"a": "b", "b": "a"})]).rename(columns={"a": "level"})
others = alike.groupby([*by, "level"]).b.agg("".join).rename("others").reset_index()
best = best.sort_values(by).merge(others, how="left").fillna({"others": ""})
best["names"], best["sure"] = best.level + best.others, best.others == ""
pair = gains[(gains.a == lower) & (gains.b == top)].set_index(["damage", "severity"])
ticks = [f"{place:.0f}\n{focal_px * module_mm[top] / place:.1f}" for place in places]


# %%
def draw_map(ax, cells):
    picture = np.ones((cells.severity.nunique(), len(places), 12, 4))  # twelve stripes a cell
    for (y, x), cell in zip(np.ndindex(picture.shape[:2]), cells.itertuples()):
        names, alpha = sorted(cell.names, key="LMQH".index), 1 if cell.sure else 0.25
        if cell.rate >= 0.1:
            stripes = [to_rgba(qr.plots.LEVEL_COLOR[name], alpha) for name in names]
            picture[y, x] = np.repeat(stripes, 12 // len(names), axis=0)
            text = "".join(names) * (len(names) < len(levels)) + f" {100 * cell.rate:.0f}"
            look = {"color": "white", "weight": "bold"} if cell.sure else {"color": "#333333"}
            ax.text(x, y, text.strip(), ha="center", va="center", fontsize=6.5, **look)
    look = {"origin": "lower", "aspect": "auto", "interpolation": "none"}
    ax.imshow(picture.reshape(len(picture), -1, 4), extent=(-0.5, x + 0.5, -0.5, y + 0.5), **look)


# %% alt="Three maps, for scratch, blot and stain: distance across, damaged area upwards, a cell for each condition. At the lower left all four levels are alike; upwards L drops out, then M, and at the top H leads; to the right H drops out first, then Q, and at the far right nothing is read."
fig, axes = plt.subplots(len(kinds), 1, figsize=(8.6, 2.3 * len(kinds) + 0.8), sharex=True, squeeze=False)
for ax, kind in zip(axes.flat, kinds):
    draw_map(ax, cells := best[best.damage == kind])
    ax.set(ylabel="damaged, % of area", title=qr.plots.words(kind))
    for axis, names in (ax.xaxis, ticks), (ax.yaxis, [f"{100 * x:g}" for x in cells.severity.unique()]):
        axis.set_ticks(range(len(names)), names)
        axis.set_ticks(np.arange(len(names)) - 0.5, minor=True)
    ax.grid(visible=False)
    ax.grid(which="minor", color="white", linewidth=2)
    ax.tick_params(which="both", bottom=False, left=False)
ax.set(xlabel=f"distance, mm; below it, pixels a module at {top}\n\n{made}")
qr.plots.legend(fig, more=[plt.Rectangle((0, 0), 1, 1, color="#dcdde0", label="pale: can't be told apart")])

# %% [markdown]
# White means that no level reads a tenth of the prints.
#
# Two forces meet. Damage takes the low levels out, row by row. Distance takes the high levels out, column by column,
# and the border at which it does so stands almost upright. Where neither has begun, at the lower left, all levels read
# equally well, and there the smallest symbol is as good as any. A patch of one colour is a finding; a single cell
# among pale ones may be chance.
#
# ## Where does the next lower level take over?
#
# Take two neighbouring levels, and subtract what the lower reads from what the higher reads, on the same prints.
# Above zero the higher level is worth its modules. Below zero it costs more than it repairs. A dot marks a difference
# that is surely not zero. Every second severity is drawn. Does the curve fall through zero at another distance when there is more damage?

# %% alt="Three panels, for scratch, blot and stain: percentage points that H reads more than Q against distance, a line for each severity. Near, the lines of much damage lie above zero and those of little damage at zero; nearly all fall below zero at about the same distance and return to zero where neither level is read."
fig, axes = plt.subplots(1, len(kinds), figsize=(8.6, 3.6), sharey=True, squeeze=False)
shades = dict(zip(gains.severity.unique()[::2], plt.colormaps["plasma_r"](np.linspace(0.15, 1, 4))))
for ax, kind in zip(axes.flat, kinds):
    for severity, color in shades.items():
        rows = pair.loc[(kind, severity)]
        sure = np.flatnonzero((rows.low > 0) | (rows.high < 0)).tolist()
        look = {"color": color, "markersize": 4, "label": f"{severity:.0%}"}
        ax.plot(rows.camera_distance_mm, 100 * rows.difference, "o-", markevery=sure, **look)
    ax.axhline(0, color=qr.plots.GREY, linewidth=0.8)
    ax.set(title=qr.plots.words(kind), xlabel="distance, mm")
axes[0, 0].set_ylabel(f"{top} less {lower}, percentage points")
fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=7, title="damaged area")

# %% [markdown]
# The table names the two neighbouring distances between which the lower level takes over: from the second on, it surely
# reads more. A dash: at no distance that was tried.


# %%
def takes_over(rows):
    mm, behind = rows.camera_distance_mm.to_numpy(), rows.high.to_numpy() < 0
    worst = rows.difference.to_numpy().argmin()
    start = worst + 1 - np.append(behind[worst::-1], False).argmin()
    return between(mm[start - 1] if start else -1, mm[start]) if behind[worst] else "–"


def between(low, high):
    return f"below {high:.0f}" if low < 0 else f"{low:.0f} to {high:.0f}".replace("to inf", "or more")


# %%
steps = {f"{b} to {a}": gains[(gains.a == a) & (gains.b == b)] for a, b in zip(levels[-2::-1], levels[::-1])}
each = {step: rows.groupby(["damage", "severity"]).apply(takes_over) for step, rows in steps.items()}
table = pd.DataFrame(each).unstack().stack(0, future_stack=True).swaplevel()
table = table.rename(columns="{:.0%}".format).rename_axis(["from, to", "damage"])
table = table.loc[[(step, kind) for step in steps for kind in kinds]].reset_index()
heading = f"Distance, mm, at which the lower level takes over, by damaged area; {made}"
qr.plots.table(table, caption=heading)

# %% [markdown]
# H hands over to Q at nearly the same distance whatever the kind of damage and however much of it. That surprised us:
# we had expected a badly worn print to want H even where H is hard to see. But modules that the camera does not
# resolve are lost all over the symbol, and no level repairs that. The dashes at the right are worn so badly that where
# H is no longer read, no lower level is either. Of two levels with symbols of one size, the higher never hands over.
#
# ## How far does each level reach, and with which reader?
#
# So far one reader has read. Now undamaged prints are moved away from several, and we ask where half of them are
# still read. On the left is the distance. On the right is the same in pixels a module. Does a higher level at least
# get by with fewer pixels?

# %%
panel = [name for name in readers.split(",") if not qr.readers.unavailable(name)]
asked = printed | {"damage": "none", "severity": 0.0, "reader": panel, "reach": np.linspace(0.4, 1, 13)}
undamaged = qr.study.readings("print_and_scan", **asked)
reach = qr.stats.thresholds(undamaged, ["reader", "level"], [0.5], x="camera_distance_mm")
reach = pd.concat([reach[reach.reader == name] for name in panel])
tried = undamaged.camera_distance_mm.min(), undamaged.camera_distance_mm.max()
reach[["mm", "from", "to"]] = reach[["severity", "above", "below"]].clip(*tried)
in_mm = reach[["mm", "to", "from"]]
reach[["px", "px from", "px to"]] = in_mm.rdiv(focal_px * reach.level.astype(str).map(module_mm), axis=0)

# %% alt="Two panels with a row for each reader. Left, the distance at which half of the undamaged prints are read: H's marker lies nearest to the camera, then Q's, then those of M and L. Right, the pixels a module there: the levels of a reader lie closer together, and ZXing's core for Java needs many more pixels than the others."
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 0.6 * len(panel) + 1.4), sharey=True)
qr.plots.rows(reach, "mm", "reader", ax=left, band=("from", "to"))
qr.plots.rows(reach, "px", "reader", ax=right, band=("px from", "px to"))
left.set(xlabel="distance at which half are read, mm")
right.set(xlabel="pixels a module there")
qr.plots.legend(fig)

# %%
wide = reach.pivot(index="reader", columns="level", values=["above", "below", "low", "high", "again"]).loc[
    panel
]
table = pd.DataFrame({x: map(between, wide.above[x], wide.below[x]) for x in levels}, index=wide.index)
table["reads again"] = ["".join(row.index[row == 1]) or "–" for _, row in wide.again.iterrows()]
low, high = wide.low[top] / wide.high[levels[0]], wide.high[top] / wide.low[levels[0]]
modules = module_mm[top] / module_mm[levels[0]]
table[f"reach, {top} / {levels[0]}"] = low.map("{:.2f}".format) + high.map(" to {:.2f}".format)
table[f"module, {top} / {levels[0]}"] = f"{modules:.2f}"
table["verdict"] = np.select([low > modules, high < modules], ["loses less", "loses more"], "loses as much")
heading = f"Tried distances, mm, between which half are read, by level; {undamaged.attrs['made']}"
qr.plots.table(table.reset_index(), caption=heading)

# %% [markdown]
# A bar spans the two tried distances between which the share read falls through one half. The marker stands where a
# straight line between the two crosses it. The table compares the highest level's reach with the lowest's, with its
# 95% interval, and their modules' widths likewise. Loses as much: the two ratios can't be told apart. Reads again:
# levels that fall below one half and are read more again farther away.
#
# The reader sets how many pixels a module needs, and the level changes that little. What H loses in reach is not much
# less than what its modules lose in width. Error correction repairs some of what the camera blurs, but it was made
# for damage, and it gives little of the distance back.
#
# ## Is it the same for other payloads?
#
# More bytes on the same width mean smaller modules at every level. Here is the comparison of the two highest levels
# again, for other payloads, with the first kind of damage on 4% of the area. Compare the left side with the right.

# %%
kind, sizes = kinds[0], sorted({20, 60, 141, 500, payload})
asked = printed | {"payload": sizes, "level": [lower, top], "damage": kind, "severity": 0.04}
several = qr.study.readings("print_and_scan", **asked, reader=reader)
steps = qr.stats.differences(several, "level", ["payload", "camera_distance_mm"])
modules = {n: qr.Print(width_mm).module_mm(qr.make(b"x" * n, top).size) for n in sizes}

# %% alt="Two panels of percentage points that H reads more than Q, a line for each payload. Against distance the lines dip below zero one after another, the longest payload nearest to the camera. Against pixels a module at H they dip together."
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.8), sharey=True)
for n, color in zip(sizes, plt.colormaps["viridis_r"](np.linspace(0.1, 1, len(sizes)))):
    rows = steps[steps.payload == n]
    sure = np.flatnonzero((rows.low > 0) | (rows.high < 0)).tolist()
    look = {"color": color, "markersize": 4, "markevery": sure, "label": f"{n} bytes"}
    left.plot(rows.camera_distance_mm, 100 * rows.difference, "o-", **look)
    right.plot(focal_px * modules[n] / rows.camera_distance_mm, 100 * rows.difference, "o-", **look)
left.set(xlabel="distance, mm", ylabel=f"{top} less {lower}, percentage points")
right.set(xlabel=f"pixels a module, at {top} (near on the left)", xlim=right.get_xlim()[::-1])
fig.supxlabel(f"A {qr.plots.words(kind)} on 4% of the area; {several.attrs['made']}", fontsize=8.5)
fig.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=len(sizes))

# %% [markdown]
# The distances differ, the pixels hardly do: on the right the dips lie over each other. So the rule can be said without a payload: count the pixels that a
# module of the higher level gets. While they are enough for the reader, the higher level is the better one.
#
# ## Printers have whole dots
#
# A label printer makes each module a whole number of dots: as many as fit into the width. What remains stays blank.
# So a module does not grow smoothly with the label, but in jumps. Look for widths at which lines lie on each other:
# there the higher level costs no module width at all.

# %% alt="The side of a module against the width of the label, a line for each level, drawn as stairs; thin lines show modules of any size. Over long stretches several levels stand on the same step, and at others a higher level falls a whole step below."
widths = np.linspace(0.6, 2.4, 601) * label_mm
fig, ax = plt.subplots(figsize=(7.6, 3.8))
for level, thick in zip(levels, (7, 5, 3.2, 1.6)):
    whole = np.floor(widths * dpi / 25.4 / (size[level] + 8)) * 25.4 / dpi
    look = {"color": qr.plots.LEVEL_COLOR[level], "solid_capstyle": "butt"}
    ax.plot(widths, np.where(whole, whole, np.nan), linewidth=thick, **look)
    ax.plot(widths, widths / (size[level] + 8), linewidth=0.7, **look)
ax.axvline(label_mm, color=qr.plots.GREY, linestyle=qr.plots.DASHED, linewidth=1)
ax.set(xlabel=f"label, mm ({payload} bytes; dashed: {label_mm:g} mm)", ylabel=f"module at {dpi:g} dpi, mm")
ax.set_xlim(widths[[0, -1]])
qr.plots.legend(fig, solid="thin: modules of any size")

# %% [markdown]
# Does the camera agree? Here is the label at the dashed line, undamaged, from that printer and from one that makes
# modules of any size. Free is a level that gets as many dots as the lowest.

# %%
asked = printed | {"print_width_mm": label_mm, "damage": "none", "severity": 0.0, "reader": reader}
asked |= {"print_dpi": [dpi, None], "reach": np.linspace(0.2, 1, 13)}
labels = qr.study.readings("print_and_scan", **asked, trials=40)
labels["printer"] = np.where(labels.print_dpi.isna(), "any size", f"{dpi:g} dpi")
small = qr.stats.thresholds(labels, ["printer", "level"], [0.5], x="camera_distance_mm")
small["half are read at, mm"] = list(map(between, small.above, small.below))
dots = pd.Series([qr.Print(label_mm, dpi).dots_per_module(size[x]) for x in small.level])
small["dots a module"] = dots = dots.where(small.printer != "any size")
small["verdict"] = np.select([dots.isna(), dots == dots.max()], ["–", "free"], "costs a dot or more")
heading = f"{payload} bytes on {label_mm:g} mm, undamaged, read by {reader}; {labels.attrs['made']}"
columns = ["printer", "level", "dots a module", "half are read at, mm", "verdict"]
qr.plots.table(small[columns], {"dots a module": "{:.0f}"}, caption=heading)

# %% [markdown]
# With the same number of dots a higher level reaches as far as a lower: the smaller symbol only leaves more blank.
# So ask first how many dots a module gets. Any level that keeps the number is free, and the highest of these is the
# one to print.

# %% [markdown]
# ## What this notebook does not say
#
# - How a phone's own reader fares. It sees many frames a second and needs one of them.
# - What real lenses, inks, paper and hands do beyond the assumptions above. Distances scale with the camera: with
#   twice the pixels all of them double.
# - How a symbol is found in a whole frame. The readers are given the print.
# - How often prints are worn, and how badly. [Notebook 05](05_choose.ipynb) chooses a level for situations that say so.
# - What WeChat's reader does, which enlarges the picture first. It takes minutes here; name it in `readers` to see it.
#
# To make this page again for another content and other damage:
# `qrlab report --only 04 -p payload=141 -p kinds=blot,tear`.

# %%
qr.plots.table(pd.DataFrame([qr.versions()]), caption="Made with")
