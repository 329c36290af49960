# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   title: Before real cameras
# ---

# %% [markdown]
# # Before real cameras
#
# **Does the simulation hold before real cameras?**
#
# Every other photograph here is simulated. This page shows how to check that with one's own printer, paper, phone and
# light, and what two tests without them say: a sheet photographed by another program's camera, and 107 photographs
# that others took.

# %% tags=["parameters"]
photos = ""  # a folder with your own photographs of a sheet, and its plan; empty: what data/ holds
trials = 8  # simulated photographs of each symbol in yours, 2 to 1000
seed = 1

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown
from scipy.ndimage import convolve

import qrlab as qr

# %%
own = qr.photos(photos, cache=f"{photos}/.qrlab") if photos else None
kept = qr.load("sheet_readings").query("not destroyed")
readings = qr.sheets.prediction.predicted(own, trials, seed) if photos else kept

# %% tags=["answer"]
score = qr.sheets.prediction.scores(readings, ["level", "distance_cm"])
each = qr.sheets.prediction.beside(readings, ["reader", "distance_cm"])
off = each.loc[each.difference.abs().idxmax()]
whose = "your photographs" if photos else "photographs made by another program"
Markdown(
    f"**Of the symbols in {whose}, {readings.outcome.eq('ok').mean():.0%} were read, and "
    f"{readings.predicted.mean():.0%} were predicted. Furthest off: {off.reader} from "
    f"{off.distance_cm:.0f} cm, {off.rate:.0%} read and {off.predicted:.0%} predicted.**"
    f"\n\nn = {readings.photograph.nunique()} photographs, {len(readings):,} readings. "
    f"{own.unseen() if own else ''}"
)

# %% [markdown]
# Without photographs of yours, nothing on this page was printed. So it can't say how real printers, phones and hands
# differ from the simulation. What it can say is whether the measurement itself can be trusted, and whether photographs made by other
# rules than ours are foreseen.
#
# ## A sheet, photographed by another camera
#
# A sheet of 72 symbols has three widths, four levels and three degrees of a scratch. A program that shares no code
# with this package photographs it: a lens that bends lines, a sensor with coloured pixels that counts photons,
# sharpening, sRGB and JPEG. Ten undamaged symbols were covered by a black disc first. So it is known, without any
# reader, that none can be read. Then `qr.photos` got the pictures and the plan, and nothing else.
#
# First: does it find again what was planted? Each point is a photograph. It should lie on the line.

# %%
qr.plots.style()
planted = qr.load("sheet_photographs")
pairs = {"tilt_deg": "tilt, degrees", "blur_px": "blur, px", "noise": "noise, of white's light"}

# %% alt="Three scatter plots of found against planted tilt, blur and noise, a point for each photograph. Tilt and blur lie on the diagonal, noise near it."
fig, axes = plt.subplots(1, 3, figsize=(9, 3.1), layout="constrained")
for ax, (name, label) in zip(axes, pairs.items()):
    x, y = planted[f"planted_{name}"], planted[f"found_{name}"]
    ends = [0, 1.1 * max(x.max(), y.max())]
    ax.plot(ends, ends, color="0.7", lw=1)
    ax.plot(x, y, "o", ms=4, mfc="none", color="#30475e")
    ax.set(title=label, xlabel="planted", ylabel="found", xlim=ends, ylim=ends)

# %%
rows = {}
for name, label in pairs.items():
    gap = planted[f"found_{name}"] - planted[f"planted_{name}"]
    rows[label] = [planted[f"planted_{name}"].median(), gap.median(), gap.abs().max()]
error = pd.DataFrame(rows, index=["typical planted", "median error", "largest error"]).T
error = error.rename_axis("what").reset_index()
heading = f"Found less planted, n = {planted.found_noise.notna().sum()} photographs that tell of them"
qr.plots.table(error, dict.fromkeys(error.columns[1:], "{:.3f}"), caption=heading, left=["what"])

# %%
there = planted.groupby("planted_distance_mm")
whole = there[["symbols_whole", "symbols_found"]].sum().assign(photographs=there.size())
whole["median astray, px"] = there.astray_px.median()
whole = whole.rename_axis("distance, mm").rename(columns=lambda name: name.replace("_", " ")).reset_index()
form = {"median astray, px": "{:.1f}", "distance, mm": "{:.0f}"}
heading = "Symbols that are whole in the photographs; astray: the worst corner in each photograph"
qr.plots.table(whole, form, caption=heading)

# %% [markdown]
# A corner that is some pixels astray is harmless: a reader is shown the quiet zone, too.
#
# Second: the rates that were planted. Of the undamaged symbols, a known share of each level is covered. From 20 cm the
# others are large and sharp enough. So the rates read should be the shares that are not covered.

# %%
near = qr.load("sheet_readings").query("damage == 'none' and distance_cm == 20")
near = near.assign(planted=~near.destroyed, read=near.outcome == "ok").groupby("level")
rates = near[["planted", "read"]].mean().assign(n=near.size()).loc[list("LMQH")].reset_index()
heading = "Undamaged symbols from 20 cm: planted and read rates; n = readings by two readers"
qr.plots.table(rates, {"planted": "{:.1%}", "read": "{:.1%}"}, caption=heading, left=["level"])

# %% [markdown]
# ## What was predicted, and what was read
#
# Each symbol in each photograph is simulated with the camera that was found in that photograph: as large, as tilted,
# as blurred and as noisy, with the same scratch. The share of simulated pictures that a reader reads is its
# prediction. Look for diamonds, which are predictions, beside the bars, which are 95% intervals. They tell how far the
# predicted rate can be off by chance, with photographs and symbols taken for what is independent.

# %% alt="A panel for each reader: the read rate by distance with its 95% interval, and the predicted rate as an open diamond."
names = list(each.reader.unique())
size = (4.4 * len(names), 3.2)
fig, axes = plt.subplots(1, len(names), figsize=size, sharey=True, layout="constrained", squeeze=False)
for ax, name in zip(axes[0], names):
    its, x = each[each.reader == name], np.arange(sum(each.reader == name))
    ends = [(its.predicted + gap).clip(0, 1) for gap in (its.low, its.high)]
    ax.vlines(x, *(100 * end for end in ends), color="#30475e", lw=4, alpha=0.4)
    ax.plot(x, 100 * its.rate, "o", color="#30475e", ms=5, label="read")
    ax.plot(x + 0.15, 100 * its.predicted, "D", mfc="none", color="#b3541e", ms=6, label="predicted")
    ax.set(title=name, xticks=x, xticklabels=its.distance_cm.map("{:.0f}".format), xlabel="distance, cm")
axes[0][0].set(ylim=(-3, 103), ylabel="read, % of symbols")
signs = axes[0][-1].legend(frameon=False, loc="lower left")

# %%
points = dict.fromkeys(["rate", "predicted", "difference", "low", "high"], "{:.1%}")
heading = "Difference: read less predicted, with its 95% interval; verdict: on the simulation"
shown = each.rename(columns={"distance_cm": "distance, cm"})
qr.plots.table(shown, points | {"distance, cm": "{:.0f}"}, caption=heading, left=["reader", "verdict"])

# %%
told = pd.DataFrame([score]).rename(columns=lambda name: name.replace("_", " "))
heading = "0 is best; brier of the mean: of who says the overall rate for every symbol"
forms = dict.fromkeys(["calibration error", "brier", "brier of the mean"], "{:.3f}")
qr.plots.table(told, forms | {"readings": "{:,}"}, caption=heading)

# %% [markdown]
# By level: does the simulation rank the levels as the photographs do?

# %%
worn = readings.query("damage != 'none'").astype({"level": str})
levels = qr.sheets.prediction.beside(worn, ["severity", "level"]) if len(worn) else each[:0]
order = {level: k for k, level in enumerate("LMQH")}
levels = levels.sort_values("level", key=lambda its: its.map(order)).sort_values("severity", kind="stable")
heading = "Damaged symbols, from all distances, by all readers; severity: share of the area"
qr.plots.table(levels, points | {"severity": "{:.0%}"}, caption=heading, left=["level", "verdict"])

# %% [markdown]
# ### Where the simulation is wrong
#
# ZBar, from near, reads what the simulation says it can't. There modules are large, and noise is what a reader
# stumbles over. Ours differs in two ways from a sensor's. It is as strong in ink as on paper, while a sensor counts
# photons, and ink sends few. And it differs from pixel to pixel, while a camera computes colours from several. So the
# same pictures are made with noise of three kinds.

# %%
symbol, rng, tried = qr.make("https://www.example.org/asset/000000", "M"), np.random.default_rng(seed), []
camera = qr.Camera.at(200, 4000, frame_height_px=3000, lens_blur_px=1.1, exposure=0.8, noise=0)
kernel = np.outer([0.2, 0.6, 0.2], [0.2, 0.6, 0.2]) / 0.44  # neighbours get a share; as strong as before
for k, amount in [(k, amount) for k in range(40) for amount in (0.01, 0.02)]:
    light = (qr.photograph(symbol, qr.Print(20), camera, k) / 255) ** 2
    ours = amount * rng.standard_normal(light.shape)
    ways = {"as simulated": ours, "less in ink": ours * np.sqrt(light / light.max())}
    for kind, noise in (ways | {"smoothed": convolve(ours, kernel)}).items():
        picture = (255 * np.sqrt((light + noise).clip(0, 1))).astype(np.uint8)
        tried += [(amount, kind, x, qr.decode(picture, x, symbol).outcome == "ok") for x in ("zxing", "zbar")]

# %%
tried = pd.DataFrame(tried, columns=["noise on paper", "kind", "reader", "ok"])
tried = tried.pivot_table(index=["noise on paper", "kind"], columns="reader", values="ok").reset_index()
heading = "Read, of 40 pictures of an undamaged symbol, 20 mm wide from 20 cm, by the noise in white's light"
form = {"zbar": "{:.0%}", "zxing": "{:.0%}", "noise on paper": "{:.2f}"}
qr.plots.table(tried, form, caption=heading, left=["kind"])

# %% [markdown]
# Either difference alone lets ZBar read more. So the simulated noise is harder on it than a camera's. With 0.01, our
# default elsewhere, it costs nothing here. A camera in dim light has more, and there the simulated ZBar can't be
# trusted from near. From far the simulation is a little too hopeful, for both readers. Why is not known.
#
# ## Photographs that others took
#
# zxing-cpp's test samples are 107 photographs with their texts (Apache License 2.0); of four, parts of one text,
# anything read counts. They are hard on purpose: worn, bent, dark, far. So a rate here ranks readers, and says nothing
# of how often a code in the street is read.

# %%
real = qr.load("photograph_readings")
real["ok"] = real.outcome == "ok"
read = real.groupby("reader").ok.agg(["sum", "size"]).sort_values("sum")
low, high = qr.stats.rate_interval(read["sum"], read["size"])

# %% alt="A dot for each of eleven readers: the percentage of 107 photographs that it read, with its 95% interval, and how many."
fig, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
y = np.arange(len(read))
ax.hlines(y, 100 * low, 100 * high, color="#30475e", lw=4, alpha=0.4)
ax.plot(100 * read["sum"] / read["size"], y, "o", color="#30475e")
for k, count in enumerate(read["sum"]):
    ax.text(101, k, f"{count}", va="center", fontsize=8)
ax.set_xlabel("read, % of 107 photographs, with 95% intervals; at the right: how many")
ax.set_yticks(y, read.index)
ends = ax.set_xlim(30, 107)

# %% [markdown]
# ### Does less margin mean fewer readers?
#
# The audit tells how much of a symbol's error correction is unused. If that is a warning, codes with little of it
# should be read by fewer of the eleven readers.

# %%
picture = real.groupby("photograph")[["level", "unused", "px_per_module"]].first()
picture["readers"] = real.groupby("photograph").ok.sum()
bands = pd.cut(picture.unused, [-0.01, 0.5, 0.999, 1], labels=["up to 50%", "50 to 99%", "all of it"])
few = picture.assign(few=picture.readers <= 3, unused=bands).groupby("unused", observed=True)
margin = few.agg(photographs=("few", "size"), few=("few", "sum"), median=("readers", "median")).reset_index()
margin = margin.rename(columns={"few": "read by 3 or fewer", "median": "median of readers"})
unmeasured = picture.unused.isna().sum()
heading = f"Readers of 11, by unused error correction of the worst block; {unmeasured} could not be measured"
qr.plots.table(margin, {"median of readers": "{:.0f}"}, caption=heading)

# %% [markdown]
# Yes, where it counts. Of codes whose correction is unused hardly any is read by three readers or fewer; of those that
# have used half of it or more, about a third. The median says nothing of it: most readers read most of these codes.
# They are few, and a worn code is often blurred or bent as well.
#
# ### Do levels differ at equal pixels a module?

# %%
sides = pd.cut(picture.px_per_module, [0, 3, 5, 8, 100], labels=["up to 3", "3 to 5", "5 to 8", "over 8"])
grid = picture.groupby([sides, "level"], observed=True).readers.agg(["mean", "size"])
cells = grid["mean"].map("{:.1f}".format) + " (" + grid["size"].astype(str) + ")"
cells = cells.unstack().reindex(columns=list("LMQH")).fillna("–").rename_axis("px a module").reset_index()
heading = "Readers of 11 that read it, their mean, and in brackets how many photographs"
qr.plots.table(cells, caption=heading, left=["px a module"])

# %% [markdown]
# That can't be answered here. Level Q has six photographs, and each level comes from other hands, cameras and codes. A
# sheet of one's own answers it: the same content at four levels on one page, in one light.
#
# ## Do it with your own phone
#
# 1. `qrlab sheet sheet.pdf --content "https://your.site/" --damage scratch:0%,3% --dpi 600` writes a sheet and its
#    plan, `sheet.csv`. Give your printer's dots per inch.
# 2. Print it at 100%, and measure the line at its foot: it must be 100 mm.
# 3. Photograph each page from 10, 20 and 40 cm, five times or more each, as your users would. Marks at both ends of a
#    row tell where a symbol is that no reader reads, so blurred ones count.
# 4. Put the photographs and `sheet.csv` into one folder. `qrlab photos FOLDER --camera found.json` reads them, and
#    keeps your camera for `qrlab choose --camera found.json`.
# 5. `qrlab report --only 08 -p photos=FOLDER` makes this page of your own photographs.

# %%
empty = pd.DataFrame({"your camera": ["is shown here with -p photos=FOLDER"]})
found = empty if own is None else own.found.table
heading = "What your photographs say of camera and print"
qr.plots.table(found, None if own is None else {"median": "{:.3g}"}, caption=heading, left=[found.columns[0]])

# %% [markdown]
# ## What this notebook does not say
#
# - How a real printer and a real phone differ from the simulation. That needs a printed sheet.
# - What phones' own readers do. They are closed, and try many pictures a second.
# - What readers do with a whole scene. Here each is shown one symbol and its quiet zone, cut out.
# - What bent paper, motion, glare and shadow do. The other camera has none of them.
# - Distances, where a file doesn't say its focal length. Then 65 degrees across the picture is assumed.

# %%
qr.plots.table(pd.DataFrame([qr.versions()]), caption="Made with")
