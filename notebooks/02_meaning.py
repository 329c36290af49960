# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   title: What the percentages mean
# ---

# %% [markdown]
# # What the percentages mean
#
# **7, 15, 25 and 30 percent: of what?**
#
# Levels L, M, Q and H are documented to recover these shares. Nobody says shares of what. We damage the same symbols in many ways, and count the damage in several ways.

# %% tags=["parameters"]
payload = 60  # bytes of random content, 1 to 300; more takes some minutes
kinds = "speckle,blot,blots,scratch,crease,tear,edge_wear,logo,stain,fade,dead_lines,codewords"  # of damage
level = "M"  # the level that single figures show
reader = "zxing"  # a name from qr.decoders()
areas = "blot,tear,logo"  # kinds that are counted by area in symbols of all sizes
seed = 1

# %%
import numpy as np
import pandas as pd
from IPython.display import Markdown
from scipy.optimize import isotonic_regression

import qrlab as qr


# %%
def counted(kind, name):  # the share of codewords that are wrong, at each severity in each trial
    scene = qr.Scene(payload=payload, level=name, damage=kind, parameters=(("spare_finders", True),))
    trials = [scene.trial(seed, number) for number in readings.trial.unique()]
    pairs = ((x.symbol, x.modules(s) != x.symbol.modules) for s in qr.study.SEVERITIES for x in trials)
    return [qr.model.judge(*pair).codewords.mean() for pair in pairs]


def half_read(rows, x):  # where the share that is read falls to one half, if it never rises with x
    seen = rows.groupby(x).read.agg(["mean", "size"])
    falling = isotonic_regression(seen["mean"], weights=seen["size"], increasing=False).x
    return np.interp(-0.5, -falling, seen.index, right=np.nan)


# %% tags=["answer"]
asked = {"payload": payload, "damage": kinds.split(","), "damage_spare_finders": True, "reader": [reader]}
readings, by = qr.study.readings("progressive_damage", seed=seed, **asked), ["damage", "level"]
readings["wrong"] = np.concatenate([counted(*key) for key in readings[by].drop_duplicates().to_numpy()])
groups = readings.assign(read=readings.outcome == "ok").groupby(by, observed=True)
again = qr.stats.thresholds(readings, by, shares=[0.5]).set_index(by).again  # it fails and reads again
half = pd.DataFrame({x: groups.apply(half_read, x) for x in ("severity", "wrong")})[~again].reset_index()
spans = half.groupby("level", observed=True)[["severity", "wrong"]].agg(lambda x: x.max() / x.min())
Markdown(
    f"**Of codewords. Counted so, kinds of damage that defeat level {level} differ by a factor of "
    f"{spans.wrong[level]:.1f}. By area they differ by a factor of {spans.severity[level]:.1f}.**\n\n"
    f"Where half are read by {reader}, finder patterns spared; {readings.attrs['made']}."
)

# %% [markdown]
# A *codeword* is a group of eight modules, the unit in which a QR code is corrected. The *area* is what one sees: the share of the symbol that damage has reached. We looked for the damage at which half of the symbols are still read, and counted it both ways. The table names the kinds of damage for which that is least and most.
#
# The documented percentage is called *fair* for a kind of damage if the half lies near it: between 0.8 and 1.25 times of it. *Corrects* is the share that this symbol can correct if damage spreads evenly.


# %%
def ends(shares, documented):  # the least and the most over the kinds of damage, and for how many it is fair
    least, most = shares.idxmin(), shares.idxmax()
    named = {"least": f"{100 * shares[least]:.1f} ({qr.plots.words(least)})"}
    named["most"] = f"{100 * shares[most]:.1f} ({qr.plots.words(most)})"
    fair = shares.between(0.8 * documented, 1.25 * documented).sum()
    return named | {"fair for": f"{fair} of {len(shares)} kinds"}


# %%
rows, corrects = [], qr.capability().set_index(["version", "level"]).capability_pct
versions = readings.groupby("level", observed=True).version.first()
for name, version in versions.items():
    share, mine = qr.Level(name).documented, half[half.level == name].set_index("damage")
    symbol = {"level": name, "documented": f"{share:.0%}", "corrects": f"{corrects[version, name]:.1f}%"}
    for unit, x in {"codewords": "wrong", "area": "severity"}.items():
        rows.append(symbol | {"percent of": unit} | ends(mine[x], share))
caption = f"Where half of the symbols are still read: {payload} bytes, {reader}, finder patterns spared"
qr.plots.table(pd.DataFrame(rows), caption=caption)

# %% [markdown]
# Look at the last column. Counted as codewords, the documented percentage of M, Q and H is fair for all kinds of damage in a small symbol as this one. That of L is not: this symbol corrects more than is documented, and the reader makes use of it. Counted as area, the percentages are fair for some kinds of damage, and for scattered specks at no level.
#
# ## Every kind of damage becomes one curve
#
# Each line is a kind of damage. On the left it is drawn against the area that is damaged, on the right against the codewords that are wrong. Both show the same readings. The three finder patterns are left undamaged, so that the symbol is found and correcting is all that counts. Look how the lines fall together on the right.

# %%
import matplotlib.pyplot as plt
from matplotlib.colors import ListedColormap

qr.plots.style()
readings["read"] = 100 * (readings.outcome == "ok")
readings["area"], readings["codewords"] = 100 * readings.severity, 100 * readings.wrong // 2 * 2 + 1
telling = {"speckle": "#111111", "blot": "#c22a2a", "scratch": "#6d7d12"}  # the other kinds are grey


# %%
def by_kind(x, ax):  # a line for each kind of damage, of the share that is read against column x
    for kind, mine in readings[readings.level == level].groupby("damage", sort=False):
        line = mine.groupby(x).read.agg(["mean", "size"]).query("size >= 10")["mean"]
        look = {"color": telling.get(kind, "#b5b9be"), "zorder": 2.2 if kind in telling else 2}
        ax.plot(line.index, line, **look)
    ax.axvline(documented, color=qr.plots.LEVEL_COLOR[level], linestyle=qr.plots.DASHED, linewidth=1.2)


# %% alt="Two panels of the share read at level M, a line for each of twelve kinds of damage. On the left, against damaged area, the lines are spread from 2 to 13 percent, with speckle far to the left of all others. On the right, against wrong codewords, all lines stay near the top and fall together between 16 and 20 percent, a little beyond the dashed line at the documented 15."
fig, axes = plt.subplots(1, 2, figsize=(8.4, 4), sharey=True, sharex=True)
documented = 100 * qr.Level(level).documented
for x, ax in zip(("area", "codewords"), axes):
    by_kind(x, ax)
axes[0].set(title="All kinds of damage …", xlabel="percent of the area damaged")
axes[1].set(title="… are one, counted in codewords", xlabel="percent of the codewords wrong")
axes[0].set(xlim=(0, documented + 15), yticks=[0, 50, 100], ylabel=f"percent read, level {level}")
axes[1].text(documented - 0.4, 3, "documented", color=qr.plots.LEVEL_COLOR[level], ha="right")
for height, (kind, color) in zip((0.85, 0.76, 0.67, 0.58), (telling | {"all others": "#8d9196"}).items()):
    axes[0].text(0.97, height, kind, color=color, ha="right", transform=axes[0].transAxes)
Markdown(f"{payload} bytes, read by {reader}; {readings.attrs['made']}. Right: in steps of 2 points.")

# %% [markdown]
# This is the plainest answer to the question. A speck, a scratch and a blot look nothing alike, and at the same area they do very different harm. Counted as wrong codewords they are nearly one and the same damage.
#
# That is what error correction sees. It does not know what happened to the print. It counts codewords, and gives up at a number of them.
#
# ## Which kinds do the percentages describe?
#
# For each kind of damage and level: the damage at which half of the symbols are still read, divided by the documented percentage. At 1, dashed, the percentage is what it seems to be. Left of it, less is survived than one would think.

# %% alt="Two panels, a row for each of twelve kinds of damage and a marker for each level. By damaged area the markers lie between 0.1 and 1.2: speckle near 0.1 and 0.2, most of the others between 0.4 and 0.9. By wrong codewords M, Q and H lie between 0.8 and 1.25 in every row, and L at 1.5 or beyond."
fig, axes = plt.subplots(1, 2, figsize=(8, 5.2), sharey=True, sharex=True)
promised = half.level.map(lambda name: qr.Level(name).documented).astype(float)
ratios = half.assign(kind=half.damage.map(qr.plots.words), promised=promised).sort_values("severity")
for ax, x in zip(axes, ("severity", "wrong")):
    qr.plots.rows(ratios.assign(ratio=ratios[x] / ratios.promised), "ratio", "kind", ax=ax)
    ax.axvline(1, color=qr.plots.GREY, linestyle=qr.plots.DASHED, linewidth=1.2)
axes[0].set(title="by damaged area", xlim=(0, 2), xticks=[0, 0.5, 1, 1.5, 2])
axes[1].set_title("by wrong codewords")
qr.plots.legend(fig)
fig.supxlabel("times the documented percentage", fontsize=9.5)
left_out = ", ".join(f"{kind} at {name}" for kind, name in again[again].index) or "none"
Markdown(f"{readings.attrs['made']}. Left out, as {reader} fails there and reads again: {left_out}.")

# %% [markdown]
# By area, no level is described for all kinds of damage, and scattered specks are the worst by far. By codewords, the markers of a level stand nearly above each other.
#
# L lies beyond 1 for a plain reason: every L symbol can correct more than the documented share, as the next figure shows.
#
# ## Seven ways to count, in all 160 symbols
#
# One payload gives one symbol a level. Now come all 40 versions, each full of random content, and error correction alone. A marker is the median over the versions, and its bar reaches from the least version to the most. Look how far each row lies from the dashed lines, the documented percentages.

# %%
table, index = qr.capability(), ["version", "level"]
symbols, holes = table.set_index(index), areas.split(",")
changes = {} if seed == qr.study.SEED else {"seed": seed}
exact = qr.study.exact([*dict.fromkeys(["codewords", *holes, "logo"])], **changes)
median = exact.pivot(index=index, columns=["damage", "counted"], values="median_pct").replace(np.inf, np.nan)
ways = {
    "codewords, spread evenly": symbols.capability_pct,
    "codewords, at random": median["codewords", "codewords"] - 100 / symbols.codewords,  # one was too many
    "codewords, worst places": symbols.guaranteed_pct,
    **{f"area, {qr.plots.words(kind)}": median[kind, "area"] for kind in holes},
    "modules, at random": symbols.index.map(lambda symbol: 100 * qr.model.tolerable_rate(*symbol)),
}

# %% alt="A row for each way to count, with a marker and a bar for each level. Codewords spread evenly lie close to the four dashed documented percentages, mostly beyond them. Codewords at random, and area under a blot or a tear, lie around and below them; area under a logo reaches further down; codewords in the worst places reach down to nearly zero; modules at random lie below 5 percent at every level."
counted = pd.DataFrame(ways, symbols.index).rename_axis(columns="of").stack().rename("pct").reset_index()
counted = counted.groupby(["of", "level"], sort=False, observed=True).pct.agg(["median", "min", "max"])
fig, ax = plt.subplots(figsize=(7.4, 4.6))
qr.plots.rows(counted.reset_index(), "median", "of", band=("min", "max"), ax=ax)
for name, color in qr.plots.LEVEL_COLOR.items():
    ax.axvline(100 * qr.Level(name).documented, color=color, linestyle=qr.plots.DASHED, linewidth=1)
ax.set(xlim=(0, 36), xticks=[0, 7, 15, 25, 30], xlabel="percent of what the row counts")
qr.plots.legend(fig, dashed="documented")
Markdown(f"What half of the trials survive, in 40 versions; {exact.attrs['made']}.")

# %%
spread = counted["min"].map("{:.1f}–".format) + counted["max"].map("{:.1f}".format)
spread = spread.unstack()[list("LMQH")].rename_axis(columns=None).loc[list(ways)]
spread.loc["documented"] = [f"{name.documented:.0%}" for name in qr.Level]
qr.plots.table(
    spread.reset_index(names="percent of"),
    caption="The least and the most of the 40 versions",
    left=["percent of"],
)

# %% [markdown]
# The first row comes nearest to the documented percentages: the share of all codewords that can be corrected, if the damage spreads evenly over a symbol. At L, M and H it lies above them in every version. Nearly every other way to count gives less. A tear can give more at L and M, because it starts at a finder pattern, which holds no codewords.
#
# The rows differ most for modules. One wrong module spoils its whole codeword, so scattered errors do up to eight times the harm of errors that lie together. A hole in the print comes nearer to the documented figure, because it spoils few codewords beside those that it covers. And under a hole about half of the modules are right by luck: they had its colour.

# %%
survived = qr.survival(1, "H", 0.15)
Markdown(
    "Remove 30% of the modules at random. About half of them were light anyway, so 15% are wrong. "
    f"Even the smallest H symbol survives that only once in {1 / survived:,.0f} times."
)

# %% [markdown]
# ## Large symbols are cut into blocks
#
# Why do the rows for codewords reach so far down? A large symbol deals its codewords to many blocks, each of which is corrected by itself. The first block with too many wrong codewords loses the symbol. *Guaranteed* is the share that is survived whichever codewords are hit: no more than one block can correct.

# %%
sizes = pd.DataFrame(ways, symbols.index).filter(like="codewords").xs(level, level="level")
sizes.insert(0, "blocks", symbols.xs(level, level="level").blocks)
sizes.columns = ["blocks", "spread evenly", "at random, half survive", "guaranteed"]
sizes = sizes.loc[[1, 2, 5, 10, 20, 30, 40]].reset_index()
caption = f"Percent of the codewords that level {level} survives, by version; {exact.attrs['made']}"
qr.plots.table(sizes, dict.fromkeys(sizes.columns[2:], "{:.1f}"), caption)

# %% [markdown]
# So the same percentage means less in a large symbol than in a small one. The smallest symbols are one block, and what they can correct is guaranteed. To the largest, nothing but a fraction of a percent is guaranteed.
#
# In large symbols the kinds of damage also part again, as it matters which blocks they hit. Make this page for 500 bytes to see it. The last section shows the worst case that we found.
#
# ## The same damage, three pictures
#
# Here is one symbol at the point at which three kinds of damage defeat it. Dark red: wrong modules. Tinted: the rest of the codewords that they spoil. Look at how much dirt it takes.

# %%
symbol = qr.make(qr.scene.random_content(seed, payload, 0), level)
place = qr.layout(symbol.version, level).codeword
pale = ListedColormap(["#ffffff", "#b8bcc2", "#ffe2b8", "#d99a2b", "#8b0016"])


def marked(damage, point):  # 0 light, 1 dark; 2 and 3 in a wrong codeword; 4 a wrong module
    wrong = damage.apply(symbol.modules, point) != symbol.modules
    spoilt = np.append(qr.model.judge(symbol, wrong).codewords, False)[place]
    return np.where(wrong, 4, 2 * spoilt + symbol.modules)


# %% alt="One symbol three times, at its breaking point: a few scattered red modules that tint codewords all over the symbol; one compact red blot with little tint around it; and whole codewords in red, without any tint."
fig, axes = plt.subplots(1, 3, figsize=(8, 3.1))
for ax, kind in zip(axes, ("speckle", "blot", "codewords")):
    damage = qr.damage.MODELS[kind](np.random.default_rng([seed, 7]))
    order = damage.order(symbol.size)
    point = qr.break_point(symbol, order, damage.paint)
    spoils = qr.model.wrong_codewords(symbol, order, point, damage.paint)
    ax.imshow(marked(damage, point), cmap=pale, vmin=0, vmax=4, interpolation="nearest")
    ax.set_title(f"{kind}: {point:.1%} of area,\n{spoils:.0%} of codewords", fontsize=9)
    ax.set_axis_off()

# %% [markdown]
# The areas differ widely, and the shares of codewords hardly. A lone wrong module spoils the seven others of its codeword. Under a blot nearly every wrong module has wrong neighbours in the same codeword, so little is spoilt beside it.
#
# ## A logo, and where the blocks keep step
#
# Codewords are dealt to the blocks in turn, so that a hole spreads over all blocks. Does it? Below are the codewords that a centred square logo spoils when it defeats the symbol, in times of what the symbol can correct. At 1 the damage was spread evenly. Well below 1, a single block was hit too often. Shown are versions 7 to 40.

# %%
logo = exact[exact.damage == "logo"].pivot(index=index, columns="counted", values="median_pct")
logo = logo.add_prefix("lost_at_").join(symbols).reset_index()
logo["used"] = logo.lost_at_codewords / logo.capability_pct
logo["step"] = logo.blocks / (logo.version + 4)
logo = logo[logo.version > 6]

# %% alt="Scatter of the symbols of versions 7 to 40: how much of what they can correct a logo uses up, against the number of blocks divided by version plus four. Most lie near 1; a clear dip reaches down to about 0.4 where the ratio is one, and a smaller one lies at a half."
fig, ax = plt.subplots(figsize=(7, 4))
for (name, mine), marker in zip(logo.groupby("level", observed=True), "osD^"):
    look = {"s": 18, "marker": marker, "color": qr.plots.LEVEL_COLOR[name], "linewidths": 0}
    ax.scatter(mine.step, mine.used, label=name, **look)
ax.legend(ncols=4, loc="upper right", handletextpad=0, columnspacing=0.8)
ax.axhline(1, color=qr.plots.GREY, linewidth=1)
for row in logo.nsmallest(1, "used").itertuples():
    ax.text(row.step + 0.02, row.used, f"{row.version}-{row.level}", va="center")
ax.set(xlabel="blocks / (version + 4)", ylabel="wrong codewords / correctable")
ax.set_ylim(0, 1.5)
Markdown(f"Medians over random contents; {exact.attrs['made']}.")

# %% [markdown]
# Codewords lie in strips two modules wide, up one and down the next. A full strip holds version + 4 of them. Where the number of blocks is near that, or near half of it, each strip deals the same height to the same blocks. A hole across several strips then hits those blocks again and again.
#
# That was a surprise, so we asked a second witness. A real reader, zxing-cpp, decodes each of the 160 symbols without having to find it: with the logo just below the breaking point of the model, and at it.

# %%
agree, rng = [], np.random.default_rng(seed)
for row in table.itertuples():
    symbol = qr.make(rng.bytes(row.bytes), row.level, version=row.version, mask=0)
    order = qr.damage.MODELS["logo"](0).order(symbol.size)
    order = np.where(qr.layout(row.version, row.level).codeword >= 0, order, np.inf)  # nothing but codewords
    point = qr.break_point(symbol, order, "dark")
    for reached, readable in ((order < point, True), (order <= point, False)):
        reading = qr.decode(symbol.modules | reached, "zxing-pure", symbol.content)
        agree.append((reading.outcome == "ok") == readable)
Markdown(f"The reader agrees with the model in {sum(agree)} of {len(agree)} readings.")

# %% [markdown]
# ## What this notebook does not say
#
# How real readers fare when damage hits a finder pattern: that is notebook 03. How likely each kind of damage is in the world: we do not know. And all this is about the damage at which half of the symbols are lost. A product wants nearly all to be read, and that is less damage.
#
# To make this page again for another content: `qrlab report --only 02 -p payload=141 -p level=H -p reader=zbar`.

# %%
qr.plots.table(pd.DataFrame([qr.versions()]), caption="Made with")
