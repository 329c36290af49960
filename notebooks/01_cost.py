# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   title: What a level costs
# ---

# %% [markdown]
# # What a level costs
#
# **What does each level cost in modules, millimetres and bytes?**
#
# The content stays the same, and the level moves. Short contents come first, because most printed codes are short. All lengths follow.

# %% tags=["parameters"]
longest = 150  # the first figures show lengths from 1 to this
mode = "byte"  # how content is packed: byte, alphanumeric, numeric or kanji
width_mm = 25.0  # printed width of the symbol with its quiet zone
dpi = 300  # of the printer, dots per inch
quiet_zone = 4  # modules on each side
lengths = "20,60,141,500"  # of the contents in the table of millimetres

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import qrlab as qr

# %%
qr.plots.style()
unit = qr.symbols.UNITS[qr.checks.one_of("mode", mode, qr.symbols.UNITS)]
every = qr.model.sizes(range(1, qr.symbols.capacity(40, "L", mode) + 1), mode)
qr.checks.integer("longest", longest, 2, qr.symbols.capacity(40, "H", mode))
wide = every.assign(area=every.modules**2).pivot(index="length", columns="level", values=["modules", "area"])
area = wide.area.div(wide.area.L, axis=0)  # in times the area of L

# %% tags=["answer"]
low, high = area.H[:longest].quantile([0.25, 0.75])
Markdown(
    f"**Level H mostly takes {low:.1f} to {high:.1f} times the area of L, for 1 to {longest} {unit}.**\n\n"
    "*Mostly* is the middle half of these lengths, each counted once. The cost grows with the length: "
    "the first table has it step by step."
)

# %% [markdown]
# Nothing here is simulated. Sizes and capacities are counted from the standard's tables (ISO/IEC 18004) for all 160 symbols, so there are no trials and no intervals. A content is one segment; its length is counted in bytes unless the parameter `mode` says otherwise. Areas are those of the symbol without its quiet zone.

# %% [markdown]
# ## Short contents: the cost comes in steps
#
# A *version* fixes how many modules a symbol has: 21 × 21 for version 1, and four more along each side with every version. A higher level takes codewords away from the content, so that sooner or later the content needs the next version. Look at how a step comes earlier for a higher level, and at how often two levels stand on the same step.


# %%
def stairs(data, y, ax, **axes):  # column y against the content's length, a line for each level
    for level, mine in data.groupby("level", observed=True):
        look = {"color": qr.plots.LEVEL_COLOR[level], "linewidth": 1.5, "label": level}
        ax.step(mine.length, mine[y], where="mid", **look)
    ax.set(**{"xlabel": f"content, {unit}", "xlim": (1, data.length.max())} | axes)
    ax.xaxis.set_major_formatter("{x:,.0f}")


times = area.drop(columns="L").stack().dropna().rename("times").reset_index()

# %% alt="Two stair charts for contents of 1 to 150 bytes. Above, modules along one side rise from 21 to 45 at L and to 65 at H. Below, the area relative to L jumps between 1 and 1.4 for M, between 1 and 1.9 for Q and between 1 and 2.4 for H, and is higher for longer contents."
fig, (top, bottom) = plt.subplots(2, 1, figsize=(7, 6), sharex=True)
stairs(every[every.length <= longest], "modules", top, xlabel="", ylabel="modules along one side")
stairs(times[times.length <= longest], "times", bottom, ylabel="area, times that of L")
top.set_title("A higher level needs the next version earlier …")
bottom.set_title("… and so takes more area, in jumps")
qr.plots.legend(fig)

# %%
bands = ["1 to 20", "21 to 50", "51 to 100", "101 to 150", "151 to 300", "301 to 1,000", "above"]
bands = pd.cut(times.length, [0, 20, 50, 100, 150, 300, 1000, 10_000], labels=bands)
spread = times.groupby([bands, "level"], observed=True).times.agg(["median", "min", "max"])
text = [f"{row.median:.2f}  ({row.min:.2f}–{row.max:.2f})" for row in spread.itertuples(index=False)]
spread = spread.assign(text=text).text.unstack().rename_axis(columns=None)
caption = "Area in times that of L: median of the lengths, and least to most"
qr.plots.table(spread.reset_index(names=unit), caption=caption)

# %% [markdown]
# Nobody chooses a version: the content and the level do. So the cost of a level depends on where in its version a content stands. At the bottom of a version a higher level is free; one byte before the next step it costs a whole version.
#
# What surprised us is how small the bill is for the shortest contents. Level M often costs nothing there. The often-heard "H doubles the area" holds from some fifty bytes on.

# %% [markdown]
# ## On the same print: fewer dots for a module
#
# Most prints have a fixed width. A larger symbol then has smaller modules, and a camera must resolve these. A printer draws whole dots, so a module shrinks by a whole dot or not at all. Below, the numbers are the dots along one side of a module. Look for stretches where two levels have the same number: there the printer makes the higher level free.


# %%
def stretches(data, value):  # where the value stays the same from length to length
    new = (data[value] != data[value].shift()) | (data.level != data.level.shift())
    kept = {"level": ("level", "first"), "value": (value, "first"), "start": ("length", "min")}
    return data.astype({"level": str}).groupby(new.cumsum()).agg(**kept, width=("length", "size"))


# %%
def strips(rows, colors, texts, ax):  # a row for each level, a bar for each stretch
    names = list(dict.fromkeys(rows.level))
    places = [names.index(level) for level in rows.level]
    ax.barh(places, rows.width, left=rows.start - 0.5, height=0.7, color=colors, edgecolor="white")
    for place, row, text in zip(places, rows.itertuples(), texts):
        ax.text(row.start - 0.5 + row.width / 2, place, text, ha="center", va="center", fontsize=8)
    ax.set(xlabel=f"content, {unit}", ylabel="level", xlim=(0.5, longest + 0.5))
    qr.plots.name_rows(ax, names)
    ax.grid(visible=False)


# %%
printed = qr.Print(width_mm, dpi=dpi, quiet_zone=quiet_zone)
dots = every[every.length <= longest]
dots = dots.assign(dots=[printed.dots_per_module(size) for size in dots.modules])

# %% alt="Four rows for levels L, M, Q and H along contents of 1 to 150 bytes, each cut into stretches with the whole printer dots of a module: from 10 dots for the shortest contents down to 5 at L and M and 4 at Q and H for 150 bytes. Neighbouring levels often have the same number."
fig, ax = plt.subplots(figsize=(7, 2.7))
rows = stretches(dots, "dots")
shade = 0.12 + 0.38 * rows.value / rows.value.max()
colors = [(qr.plots.LEVEL_COLOR[level], alpha) for level, alpha in zip(rows.level, shade)]
strips(rows, colors, rows.value, ax)
ax.set_title(f"Dots along a module, on {width_mm:g} mm at {dpi:g} dots per inch");

# %%
asked = [int(length) for length in lengths.split(",")]
cost = qr.model.sizes(asked, mode)
across = cost.modules.map(printed.across)
cost["dots of a module"] = cost.modules.map(printed.dots_per_module)
cost["module, mm"] = cost.modules.map(printed.module_mm)
cost["as large as at L on, mm"] = across * cost.groupby("length")["module, mm"].transform("first")
cost = cost.sort_values(["length", "level"]).rename(columns={"length": unit})
caption = (
    f"Printed {width_mm:g} mm wide at {dpi:g} dots per inch; last: the width for modules as large as at L"
)
qr.plots.table(cost.drop(columns="free"), dict.fromkeys(cost.columns[-2:], "{:.2f}"), caption)

# %% [markdown]
# The printer's dots can hide the cost of a level, or double it. A symbol that is one version larger prints just as coarse if its modules keep their dots. If they lose one of five, they lose a fifth of their width. So a level is chosen for a print, not for a content alone.
#
# The last column turns the question round. It says how wide the print must be for modules as large as those at L. Whether smaller modules matter depends on the camera and its distance: that is notebook 04.

# %% [markdown]
# ## Where a higher level is free
#
# Versions come in steps, so a symbol often has room to spare, and sometimes enough for a higher level. Such a level costs nothing: not one module, on any printer. Each row is a level that you ask for. Where it is coloured, the letter names the level that you could have had in the same symbol.

# %% alt="Three rows for levels L, M and Q along contents of 1 to 150 bytes. Coloured stretches, with the letter of the higher level that fits into the same version, cover much of the rows up to some 50 bytes; L still has some up to 84 bytes, and beyond that all is grey."
rows = stretches(every[(every.length <= longest) & (every.level != "H")].astype({"free": str}), "free")
gift = rows.value != rows.level
fig, ax = plt.subplots(figsize=(7, 2.3))
colors = [(qr.plots.LEVEL_COLOR[got], 0.5) if free else "#eceef0" for got, free in zip(rows.value, gift)]
strips(rows, colors, rows.value.where(gift, ""), ax)
ax.set(title="Coloured: a higher level in the same symbol", ylabel="level asked for");

# %%
free = every[(every.level != "H") & (every.free != every.level)]
last = free.groupby("level", observed=True).length.max().rename("the last length with a free level")
counts = free[free.length <= longest].groupby("level", observed=True).size()
share = (counts / longest).map("{:.0%}".format).rename(f"of 1 to {longest} {unit}")
offer = pd.concat([share, last], axis=1).rename_axis("asked for").reset_index()
offer = offer[offer["asked for"] != "H"]
qr.plots.table(offer, {offer.columns[2]: "{:,.0f}"}, caption="How often a higher level is free")

# %% [markdown]
# Free levels are a matter of short contents. The next level takes a fixed share of the symbol, and a version's step is a large share of a small symbol only. Where a level is free it should be taken: `qr.make(content, level, boost=True)` does.
#
# ## What a symbol holds
#
# The same cost, seen from the other side: the version stays, and the level takes bytes away. Look at the shares in brackets, and at how little they depend on the version.

# %%
table = qr.capability().rename(columns={"bytes": "byte"})
held = table.pivot(index="version", columns="level", values=mode)
share = held.div(held.L, axis=0).drop(columns="L")
shown = held.loc[[1, 2, 5, 10, 20, 40]].astype(int).map("{:,}".format)
for level in share:
    shown[level] = shown[level] + share[level].map("  ({:.0%})".format)
caption = f"Most {unit} in a symbol, and as a share of what L holds"
qr.plots.table(shown.rename_axis(columns=None).reset_index(), caption=caption)

# %% [markdown]
# In every version H holds less than half of what L holds. And the largest content that L can carry has no symbol at H at all.
#
# ## All lengths
#
# Here is the cost again, for every length that two levels can hold. The scale of lengths is logarithmic. Look at how the jumps of short contents settle into three bands.

# %% alt="Area relative to level L against content length from 1 to 2,331 bytes, on a logarithmic scale of lengths: jagged between 1 and 2.4 up to some hundred bytes, then bands around 1.25 for M, 1.7 for Q and 2.2 for H."
fig, ax = plt.subplots(figsize=(7, 3.8))
stairs(times, "times", ax, xscale="log", ylabel="area, times that of L", ylim=(0.9, 2.6))
ax.set_title("Short contents jump, long ones settle")
qr.plots.legend(fig)

# %% [markdown]
# For long contents the price of a level is nearly fixed, as the last rows of the first table say. A step up by one level is then never free.
#
# ## Contents that people print
#
# Six contents of the kinds that end up on doors, cards and bills, all invented. The last column is the highest level that costs no larger symbol than L.

# %%
guid, secret = "00000000-0000-4000-8000-000000000000", "not.a.real.secret." * 3
contents = {
    "address": "https://www.example.org/menu/table-12",
    "address in capitals": "HTTPS://WWW.EXAMPLE.ORG/MENU/TABLE-12",
    "Wi-Fi access": "WIFI:T:WPA;S:Guest network;P:correct horse battery;;",
    "visiting card": "BEGIN:VCARD\nVERSION:3.0\nN:Example\nTEL:+1555555010\nEMAIL:ada@example.org\nEND:VCARD",
    "bank transfer": "BCD\n002\n1\nSCT\n\nExample Charity\nDE02120300000000202051\nEUR10.00\n\n\nDonation",
    "sign-in badge": f"ms-qrpin:v1|ada@example.org|{guid}|{secret}",
}

# %%
made = {name: {level: qr.make(content, level) for level in qr.Level} for name, content in contents.items()}
symbols = pd.DataFrame(made).map(lambda symbol: symbol.size).T.add_prefix("modules, ")
symbols.insert(0, "bytes", [len(content) for content in contents.values()])
symbols["area of H, times L"] = (symbols["modules, H"] / symbols["modules, L"]) ** 2
symbols["free level"] = [qr.make(content, "L", boost=True).level.value for content in contents.values()]
caption = "Six contents: modules along one side at each level"
symbols = symbols.reset_index(names="content")
qr.plots.table(symbols, {"area of H, times L": "{:.2f}"}, caption, left=["content"])

# %% alt="The sign-in badge's content as four symbols of equal printed width, at levels L, M, Q and H; the modules get smaller from L to H."
fig, axes = plt.subplots(1, 4, figsize=(8.4, 2.5))
for ax, symbol in zip(axes, made["sign-in badge"].values()):
    ax.imshow(~np.pad(symbol.modules, quiet_zone), cmap="gray", interpolation="nearest")
    ax.set_title(f"{symbol.level}: {symbol.size} modules", color=qr.plots.LEVEL_COLOR[symbol.level])
    ax.set_axis_off()

# %% [markdown]
# All four hold the same content on the same paper. The two addresses differ in their capitals alone: text of capitals and digits is packed tighter, and that can save a version.
#
# ## What this notebook does not say
#
# What a level buys: notebooks 02 and 03 measure that. How small a module may be before a camera fails: that is notebook 04. Contents that mix digits and text can be packed tighter still, in several segments; none are here.
#
# To make this page again for another print: `qrlab report --only 01 -p width_mm=50 -p dpi=203 -p longest=300`.

# %%
qr.plots.table(pd.DataFrame([qr.versions()]), caption="Made with")
