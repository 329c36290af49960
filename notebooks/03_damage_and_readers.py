# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   title: Damage and readers
# ---

# %% [markdown]
# # Damage and readers
#
# **Which damage does a level help against, with which reader?**
#
# Each symbol here is damaged step by step, and the same damaged symbol is shown to every reader. Four kinds
# of damage stand for twelve: a blot, a scratch, worn edges and a logo. The appendix has all twelve.

# %% tags=["parameters"]
payload = 60  # bytes of random content, 1 to 150; more takes some minutes
payloads = "20,60,141,500"  # bytes, to compare
kinds = "blot,scratch,edge_wear,logo"  # of damage, keys of qr.damage.MODELS
levels = "LMQH"  # two or more of them, in this order
curves = "zxing,zbar"  # readers whose curves are drawn
readers = "zxing,zbar,opencv,opencv-aruco,boofcv,zxing-java,jsqr,qr,quirc,qrdec"  # several; wechat is slow
versions = "1,10,20,25"  # of undamaged symbols
trials = 0  # of each condition; 0: as many as data/ holds, else 20
seed = 1

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import qrlab as qr

kinds, low, high = kinds.replace(" ", "").split(","), levels[0], levels[-1]
same = {"level": list(levels), "trials": trials or None, "seed": seed}
asked = same | {"payload": payload, "damage": kinds, "reader": [*qr.readers.panel(curves), "model"]}
read = qr.study.readings("progressive_damage", **asked, damage_spare_finders=False)
drawn = [reader for reader in read.reader.unique() if reader != "model"]

# %% tags=["answer"]
gain = qr.stats.differences(read[read.severity == 0.1], "level", ["damage", "reader"])
gain = gain.query("a == @low and b == @high and reader == @drawn[0]").sort_values("difference")
points, kind = (100 * gain.difference).map("{:.0f}".format).tolist(), gain.damage.map(qr.plots.words).tolist()
Markdown(
    f"**With 10% of the area damaged, {high} gains most over {low} under one kind of damage "
    f"({kind[-1]}: {points[-1]} points) and least under another ({kind[0]}: {points[0]}).** "
    f"{payload} bytes, read by {drawn[0]}; {read.attrs['made']}."
)

# %% [markdown]
# What decides is whether damage leaves the finder patterns whole, the three squares in the corners. Error
# correction does not cover them, so no level brings them back. And while little is damaged, it matters more
# who reads than which level was printed. Under a blot or a scratch that changes at a few percent of the area,
# under worn edges never.
#
# ## How to read this page
#
# The damaged area is a percentage of the symbol without its quiet zone. Damage only grows: what is damaged at
# 5% is still damaged at 10%. All levels and readers get the same damage, trial by trial. So the curves differ
# by what they are labelled with and by nothing else.
#
# The pictures are flawless otherwise: upright, 4 pixels a module, no camera. **Error correction alone** is
# the exact model. It knows where the symbol is, so no reader of this kind can do better.
#
# Bands and what stands in brackets are 95% intervals; n counts trials. A logo lies in the centre each time,
# so its trials differ in content only.
#
# ## What the damage looks like
#
# One trial of each kind, at the highest level. A reader's marker below a picture says that it still reads it,
# a dot that it doesn't. Guess before you look at the markers: which of these would you throw away?

# %% alt="Eight damaged symbols: a column for each kind of damage, 3 percent of the area above and 10 percent below. Under each stands the marker of every reader that still reads it. All readers read the blot, the scratch and the logo at both sizes; under edge wear none does, even at 3 percent."
qr.plots.style()
tried = {"payload": payload, "level": high, "damage": kinds, "reader": qr.readers.panel(readers)}
one = qr.readings(tried | {"severity": [0.03, 0.1]}, trials=1, seed=seed)
fig, axes = plt.subplots(2, len(kinds), figsize=(2.25 * len(kinds), 5.4), squeeze=False)
for ax, ((kind, severity), rows) in zip(axes.T.flat, one.groupby(["damage", "severity"], sort=False)):
    picture = qr.shown(rows.iloc[0], seed=seed, trial=0)
    qr.plots.picture(picture, dict(zip(rows.reader, rows.outcome == "ok")), ax=ax)
    ax.set_title(f"{qr.plots.words(kind)}, {severity:.0%}")
qr.plots.legend(fig, readers=list(one.reader.unique()))

# %% [markdown]
# Looks deceive. Ink worn off the edges looks harmless and defeats everyone; a blot of the same area looks
# worse and is read. One trial proves little, so the next figure has many.
#
# ## Which damage does a level help against?
#
# A column for each kind of damage, a row for each of two readers. Solid: the reader. Dotted: error correction
# alone. The dashed lines stand at the documented 7, 15, 25 and 30%. Look for two things: how far the four
# levels lie apart, and how far each solid line stays below the dotted one of its colour.

# %% alt="A column of panels for each kind of damage and a row for each of two readers: percent of trials read against damaged area, a line for each level. Under a blot, a scratch and a logo the levels fall one after another, L first and H last. Under edge wear both readers lose all four levels together within a few percent of the area, far below the dotted lines of error correction alone."
rates = qr.stats.rates(read[read.severity <= 0.3], ["damage", "reader", "level", "severity"])
size = {"figsize": (2.25 * len(kinds), 2 * len(drawn) + 0.7), "sharex": True, "sharey": True}
fig, axes = plt.subplots(len(drawn), len(kinds), squeeze=False, **size)
for ax, (reader, kind) in zip(axes.flat, [(reader, kind) for reader in drawn for kind in kinds]):
    here = rates[rates.damage == kind]
    qr.plots.recovery(here[here.reader == "model"], ax=ax, dotted=True)
    qr.plots.recovery(here[here.reader == reader], ax=ax, documented=True).set(xlim=(0, 32))
    ax.set_title(f"{qr.plots.words(kind)}, {reader}", pad=14 if reader == drawn[0] else 6)
    ax.grid(visible=False)
fig.supxlabel(f"percent of the symbol's area damaged; {read.attrs['made']}", fontsize=9)
fig.supylabel("percent read", fontsize=9)
qr.plots.legend(fig, solid="reader", dotted="error correction alone", dashed="documented")

# %% [markdown]
# Hardly a curve stays at the top up to its dashed line, not even those of error correction alone: the
# documented percentages count codewords and not area. [Notebook 02](02_meaning.ipynb) shows how the curves
# fall onto each other once codewords are counted.
#
# One thing surprised us: a reader can fail in the middle. ZBar misses H symbols under logos of certain sizes,
# and reads larger logos again.
#
# ## Does the content's length matter?
#
# A longer content takes a larger symbol. Each row is a content of one length, with the versions that it takes
# at each level. The cells say where half of the symbols are lost, in percent of the area, with a 95%
# interval. Between two severities that were tried nothing is known: where the whole interval lies between
# them, these two are given. Look for levels that lie apart, and for levels that take the same version: there
# the higher one is free.

# %%
def half_are_lost(readings, rows):
    half = qr.stats.thresholds(readings, [*rows, "level"], [0.5])
    text = (100 * half[["severity", "low", "high", "above", "below"]]).clip(0).map("{:.2g}".format)
    text = text.replace("inf", f"over {100 * readings.severity.max():g}")
    near = (half.low >= half.above) & (half.high <= half.below)  # all of it between two that were tried
    cases = [half.again, half.severity == 0, half.severity == np.inf, near & (half.above == 0), near]
    pair = text.above + " to " + text.below
    shown = ["reads again", "even undamaged", text.severity, "below " + text.below, pair]
    half["text"] = np.select(cases, shown, text.severity + " (" + text.low + " to " + text.high + ")")
    table = half.pivot(index=rows, columns="level", values="text").rename_axis(columns=None).reset_index()
    return table.assign(damage=table.damage.map(qr.plots.words))


# %%
lengths = {"payload": [int(size) for size in payloads.split(",")], "reader": drawn[0]}
lengths |= {"severity": [0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3]}
long = qr.study.readings("progressive_damage", **asked | lengths, damage_spare_finders=False)
table = half_are_lost(long, ["damage", "payload"]).rename(columns={"payload": "bytes"})
taken = long.groupby(["payload", "level"], observed=True).version.first().unstack().astype(str)
table.insert(2, f"versions {levels}", table.bytes.map(taken.agg(", ".join, axis=1)))
heading = f"Percent of the area where half are lost to {drawn[0]}; {long.attrs['made']}"
qr.plots.table(table, caption=heading)

# %% [markdown]
# The pattern is the same for all lengths: levels help against damage that leaves the finder patterns whole.
# How much a level costs is not: where two levels take the same version, the lower one saves nothing. That is
# an accident of one length, so don't take it from one row.
#
# ## Reader or level?
#
# More readers now, by name, with 4% of the area damaged. Compare the two numbers of a cell: that is what a
# level does. Compare the cells of a column: that is what a reader does.

# %%
areas, who = [0.01, 0.04, 0.06, 0.1], [*qr.readers.panel(readers), "model"]
many = qr.study.readings("readers_by_damage", **asked | {"reader": who}, severity=areas)
at4 = many[(many.severity == 0.04) & many.level.isin([low, high])]
at4 = qr.stats.rates(at4, ["reader", "damage", "level"])
at4["text"] = (100 * at4.rate).map("{:.0f}".format)
at4 = at4.groupby(["reader", "damage"]).text.agg(" / ".join).unstack().reindex(who)[kinds].dropna(how="all")
at4 = at4.rename(columns=qr.plots.words, index={"model": "error correction alone"})
made = many.attrs["made"]
heading = f"Percent read at {low} / {high} with 4% of the area damaged; {made}"
qr.plots.table(at4.rename_axis(columns=None).reset_index(), caption=heading)

# %% [markdown]
# Now by how much is damaged. Dashed: how far two readers lie apart at the same level, on average over all
# pairs of readers and over the levels. Solid: how far two levels lie apart with the same reader, on average
# likewise. Where the solid line is above, a choice of level moves more than a choice of reader. The kinds are
# kept apart, as they disagree. The averages count each reader of this panel once; another panel would give
# other numbers.

# %%
def apart(shares):  # points that two along the last axis lie apart: mean over all pairs and the axis before
    a, b = np.triu_indices(shares.shape[-1], 1)
    return 100 * np.abs(shares[..., a] - shares[..., b]).mean(axis=(-1, -2))


# %%
rng, between = np.random.default_rng(seed), {}
for kind, rows in many[many.reader != "model"].groupby("damage", sort=False):
    ok = rows.assign(ok=rows.outcome == "ok").set_index(["trial", "severity", "reader", "level"]).ok
    ok = ok.unstack([1, 2, 3]).sort_index(axis=1).to_numpy(float)
    n = len(ok)
    weights = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=1000)])  # first: as they are
    shares = (weights @ ok / n).reshape(len(weights), len(areas), -1, len(levels))
    between[kind] = apart(shares.swapaxes(-1, -2)), apart(shares)  # two readers, two levels

# %% alt="A panel for each kind of damage with two lines against damaged area. Under a blot and a scratch two readers lie a few points apart throughout, and two levels lie ever farther apart as damage grows, so that the lines cross at a few percent. Under a logo both lie near zero until the levels part at 10 percent. Under edge wear the readers lie up to 20 points apart while little is worn, and the levels hardly."
fig, axes = plt.subplots(1, len(kinds), figsize=(2.25 * len(kinds), 3), sharey=True, squeeze=False)
looks = [("two readers", qr.plots.GREY, qr.plots.DASHED), ("two levels", "black", "-")]
x = 100 * np.array(areas)
for ax, kind in zip(axes[0], kinds):
    for points, (label, color, sign) in zip(between[kind], looks):
        ax.plot(x, points[0], color=color, linestyle=sign, marker="o", markersize=3, label=label)
        ax.fill_between(x, *np.quantile(points[1:], [0.025, 0.975], axis=0), color=color, alpha=0.15, lw=0)
    ax.set(title=qr.plots.words(kind), xlim=(0, 1.05 * x[-1]))
axes[0, 0].set_ylim(bottom=0)
fig.supxlabel(f"percent of the area damaged; {made}, {many.reader.nunique() - 1} readers", fontsize=9)
fig.supylabel("points that two lie apart", fontsize=9)
fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2);

# %% [markdown]
# The table says from which of the areas tried the level leads, and keeps leading as damage grows; at the
# earliest and at the latest are the ends of a 95% interval, by resampling the trials.

# %%
cross, most = {}, len(areas)
for kind, (two_readers, two_levels) in between.items():
    led = np.minimum.accumulate((two_levels > two_readers)[:, ::-1], axis=1).sum(axis=1)
    ends = np.quantile(most - led[1:], [0.025, 0.975], method="inverted_cdf").astype(int)
    cross[qr.plots.words(kind)] = [most - led[0], *ends]
cross = pd.DataFrame(cross, index=["the level leads from", "at the earliest", "at the latest"]).T
first, last = cross["at the earliest"], cross["at the latest"]
verdicts = ["the level", "the reader", "the reader below, the level above", "open below, the level above"]
verdict = np.select([last == 0, first == most, (first > 0) & (last < most), last < most], verdicts, "open")
names = [f"{x[0]:g}% or less", *map("{:g}%".format, x[1:]), f"beyond {x[-1]:g}%"]
table = cross.map(names.__getitem__).assign(**{"what matters more": verdict}).reset_index(names="damage")
qr.plots.table(table, caption=f"Reader or level? By percent of the area damaged; {made}")

# %% [markdown]
# While little is damaged, nearly every level reads, and what is lost is lost by the reader. Beyond a few
# percent of the area the level decides, if the damage leaves the finder patterns alone. Under worn edges it
# never does.
#
# ## How far do readers stay below error correction?
#
# Nearly everywhere above, readers stay below error correction alone. Is it the finder patterns? Here is the
# highest level with 5% of the area damaged. The first number of each cell is for damage anywhere, the second
# for damage that leaves out the three finder patterns.

# %%
whole = asked | {"level": high, "severity": 0.05, "damage_spare_finders": True}
spared = qr.study.readings("progressive_damage", **whole)
both = pd.concat([read[(read.severity == 0.05) & (read.level == high)], spared])
both = qr.stats.rates(both, ["reader", "damage", "damage_spare_finders"])
both["text"] = (100 * both.rate).map("{:.0f}".format)
both = both.groupby(["damage", "reader"]).text.agg(" / ".join).unstack().loc[kinds, [*drawn, "model"]]
both = both.rename(index=qr.plots.words, columns={"model": "error correction alone"})
heading = f"Percent read at {high}: damage anywhere / finder patterns left whole; {spared.attrs['made']}"
qr.plots.table(both.rename_axis(columns=None).reset_index(), caption=heading)

# %% [markdown]
# With the finder patterns whole, most of the gap is gone. What remains has other reasons: the format
# information, the timing and the alignment patterns can be damaged, too. ZBar's losses under logos stay: a
# logo does not touch the finder patterns, and why ZBar trips over logos of just some sizes is not known here.
# QRdec, which shares its beginnings, trips over the same ones.
#
# ## What do readers fail on?
#
# Some readers say where they gave up: in finding the symbol, or later, in reading its format or correcting
# its codewords. ZBar, QRdec, Quirc and jsQR give no reason and are left out. These readings are made with the
# page. A cell says how many of the symbols that were not read had not even been found.

# %%
shown = tried | {"level": [low, high], "severity": 0.06}
live = qr.readings(shown, trials=trials or qr.study.QUICK, seed=seed)
unread = live[(live.outcome != "ok") & (live.detail != "not read; it gives no reason")]
unread = unread.assign(missed=unread.detail == "nothing found")
found = unread.groupby(["damage", "level", "reader"], observed=True).missed.agg(["sum", "size"])
found["text"] = found["sum"].astype(str) + " of " + found["size"].astype(str)
found = found.text.unstack().rename(index=qr.plots.words)
heading = f"Not found, of those not read, 6% of the area damaged; n = {live.trial.nunique()}, computed here"
qr.plots.table(found.rename_axis(columns=None).reset_index(), caption=heading)

# %% [markdown]
# Under worn edges, and at the highest level, most failures are symbols that were not found. Error correction
# was never asked about them, so no level could have helped. What was found and not read is what a higher
# level takes away: it is a good part of the failures at the lowest level under a blot or a scratch.
#
# ## Undamaged symbols
#
# Some readers miss symbols that nothing has happened to. Each picture holds another random content that fills
# its symbol. Look for numbers below 100 where no damage has been.

# %%
full = {"level": low, "version": [int(v) for v in versions.split(",")], "reader": who[:-1]}
clear = qr.study.readings("readers_undamaged", **same | full)
whole = qr.stats.rates(clear, ["reader", "version"])
begins = 100 * whole.low.max()  # of the intervals of those that read everything
table = 100 * whole.pivot(index="reader", columns="version", values="rate").reindex(who[:-1])
table = table.rename(columns="version {}".format).rename_axis(columns=None).reset_index()
heading = f"Percent of undamaged symbols of level {low} read; {clear.attrs['made']}. "
heading += f"Where all are read, the 95% interval begins at {begins:.0f}."
qr.plots.table(table, dict.fromkeys(list(table)[1:], "{:.0f}"), heading)

# %% [markdown]
# Some readers give out as versions grow. With them, a level that needs a larger version loses readings that
# no damage explains. Contents of everyday length stay in the first columns, where nearly all readers read
# nearly everything.
#
# ## Do readers misread?
#
# To give *other* content is worse than to give none. The table counts every reading behind this page.
# Readings of one trial at several severities and levels are not independent, so the share counts trials with
# a misreading, and its upper end is that of a 95% interval. No misreading seen does not mean that there is
# none.

# %%
keys = ["reader", "damage", "damage_spare_finders", "payload", "version", "level", "severity", "trial"]
every = pd.concat([read, spared, long, many, clear]).query("reader != 'model'")
every = every.fillna({"damage_spare_finders": False}).drop_duplicates(keys)
every = every.assign(misread=every.outcome == "misread")
every["raised or crashed"] = every.outcome.isin(["error", "crash", "timeout"])
counts = every.groupby("reader")[["misread", "raised or crashed"]].sum()
counts.insert(0, "readings", every.groupby("reader").size())
each = every.groupby(["reader", "trial"]).misread.any().groupby("reader").agg(["sum", "size"])
counts["trials with a misreading"] = each["sum"].astype(str) + " of " + each["size"].astype(str)
counts["at most, %"] = 100 * qr.stats.rate_interval(each["sum"], each["size"])[1]
qr.plots.table(counts.reset_index(), {"readings": "{:,}", "at most, %": "{:.1f}"}, "Misreadings by reader")

# %% [markdown]
# ## Appendix: all twelve kinds
#
# As in the table of lengths above: where half of the symbols are lost, for each kind and two readers. *Reads
# again* marks a reader that fails in the middle and surely reads some larger damage.

# %%
every_kind = asked | {"damage": qr.study.KINDS, "reader": drawn, "damage_spare_finders": False}
twelve = qr.study.readings("progressive_damage", **every_kind)
heading = f"Percent of the area where half of the symbols are lost; {payload} bytes, {twelve.attrs['made']}"
qr.plots.table(half_are_lost(twelve, ["damage", "reader"]), caption=heading)

# %% [markdown]
# A torn corner turns the order round: the highest level is lost first. Its symbol has more and smaller
# modules on the same area, so that the same tear takes more of a finder pattern.
#
# ## What this notebook does not say
#
# How these readers fare with photographs: [notebook 04](04_camera.ipynb) has a camera. How phones' own
# readers fare: they can't be tried here. WeChat's can, and takes longer than all others together: it is left
# out. How common each kind of damage is, and so what an average over kinds would be worth. What damage looks
# like in the world: these are models of it.
#
# To make this page again, for another payload and other kinds: `qrlab report --only 03 -p payload=141 -p
# kinds=blot,tear,stain`.

# %%
qr.plots.table(pd.DataFrame([qr.versions()]), caption="Made with")
