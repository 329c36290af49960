# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   title: The answer
# ---

# %% [markdown]
# # The answer
#
# **What does an error-correction level buy, and what does it cost?**
#
# Everything on this page is computed when it runs, in half a minute: four symbols are made, damaged step by step, and
# read by two real readers and by error correction alone.

# %% tags=["parameters"]
payload = 150  # bytes of content
damage = "blot"  # a kind of damage, a key of qr.damage.MODELS
readers = "zxing,zbar"  # two names from qr.decoders()
trials = 100  # of the damage, each with another content
seed = 1

# %%
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown

import qrlab as qr

areas = [0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4]  # damaged, shares of the symbol's
design = {"payload": payload, "damage": damage, "level": list("LMQH"), "severity": areas}
readings = qr.readings(design | {"reader": [*readers.split(","), "model"]}, trials=trials, seed=seed)
half = qr.stats.thresholds(readings, ["reader", "level"], [0.5]).set_index(["reader", "level"])
lost = (100 * half.above).map("{:g}".format) + " to " + (100 * half.below).map("{:g}%".format)
lost = lost.replace({"-inf to 0%": "0%", "40 to inf%": "over 40%"})  # even undamaged; never

# %% tags=["answer"]
kind, (first, *_) = qr.plots.words(damage), readings.reader
modules = {level: qr.make(b"x" * payload, level).size ** 2 for level in "LMQH"}
Markdown(
    f"**Half of the L codes are lost to {first} when a {kind} covers {lost[first, 'L']} of their area. "
    f"Of the H codes, half are lost at {lost[first, 'H']}. "
    f"An H code takes {modules['H'] / modules['L']:.1f} times the modules of an L code.**\n\n"
    f"Content of {payload} bytes; n = {trials} for each point, the same damage for all. "
    "The documented 7, 15, 25 and 30% count codewords inside the symbol. Nobody sees those."
)

# %%
qr.plots.style()
plt.rcParams["axes.titlepad"] = 16  # above the documented percentages
rates = qr.stats.rates(readings, ["reader", "level", "severity"])
panels = [name for name in rates.reader.unique() if name != "model"]
cost = pd.DataFrame({size: {x: qr.make(b"x" * size, x).size ** 2 for x in "LMQH"} for size in (50, 150, 500)})
cost /= cost.loc["L"]

# %% alt="Left, for two readers: the share of codes read falls as the damaged area grows, first at L and last at H; a dashed line marks each level's documented percentage, a dotted one error correction alone. Right: the area of a code at each level, for 50, 150 and 500 bytes, as multiples of L."
fig, (*left, right) = plt.subplots(1, len(panels) + 1, figsize=(9.2, 3.4), layout="constrained")
for ax, name in zip(left, panels):
    qr.plots.recovery(rates[rates.reader == name], ax=ax, documented=True)
    qr.plots.recovery(rates[rates.reader == "model"], ax=ax, dotted=True)
    ax.set(title=f"read by {name}", xlabel=f"area under a {kind}, percent", ylabel="codes read, percent")
cost.T.plot.bar(ax=right, color=qr.plots.LEVEL_COLOR, width=0.85, legend=False, rot=0)
for bars in right.containers:
    right.bar_label(bars, fmt="%.1f", fontsize=7)
right.set(title="what a level costs", xlabel="bytes of content", ylabel="area of the code, L = 1")
qr.plots.legend(fig, solid="read", dotted="error correction alone", dashed="documented")
fig.supxlabel(f"n = {trials} for each point, computed here; costs are exact", fontsize=8)
qr.plots.save(fig, "the_answer")

# %% [markdown]
# **What is documented.** The dashed lines stand at 7, 15, 25 and 30%. If they were shares of the area, each curve
# would stay at the top up to its dashed line. Under a blot none does.
#
# **What is read.** A higher level does help: the curves keep their order. A reader gives up before error correction
# does, because it must also find the code and read its format.
#
# **What it costs.** The right side is the price: a larger code, or smaller modules on the same print.
#
# This is one kind of damage. [Notebook 03](03_damage_and_readers.ipynb) has twelve, and
# [notebook 02](02_meaning.ipynb) shows what the percentages are a percentage of.

# %%
documented = {level.value: level.documented for level in qr.Level}
at = rates[rates.severity == rates.level.astype(str).map(documented)]
wide = 100 * at.pivot(index="reader", columns="level", values="rate")
caption = f"Percent of codes still read when the {kind} covers the documented share; n = {trials} each"
qr.plots.table(wide.reset_index(), dict.fromkeys("LMQH", "{:.0f}"), caption)

# %% [markdown]
# ## Try it with your own numbers
#
# This cell is the template for your own experiment. Change its six lines and run it: it takes a few seconds.

# %% alt="Share of codes read against the damaged area, a curve for each level with its band, for the six lines above it."
payload = 60  # bytes
damage = "scratch"  # a key of qr.damage.MODELS
levels = ["L", "M", "Q", "H"]
reader = "zxing"
severities = [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3]  # shares of the area
trials = 60
mine = {"payload": payload, "damage": damage, "level": levels, "severity": severities, "reader": reader}
result = qr.stats.rates(qr.run(mine, trials=trials, seed=1))
ax = qr.plots.recovery(result, documented=True)
ax.set(xlabel=f"area reached by a {damage}, percent", ylabel=f"codes read by {reader}, percent")
qr.plots.legend(ax.figure, dashed="documented")

# %% [markdown]
# `result` is a data frame with one row for each condition: `result.to_csv("mine.csv", index=False)` keeps it.

# %% [markdown]
# ## Look at one symbol
#
# Turn the controls: content, level, version, kind of damage, and how much of it. Left is the symbol as a reader sees
# it. Right is what is wrong: dark red modules are wrong, amber ones belong to codewords that can still be corrected,
# and blue ones lie in a block that is lost. The lower slider is the breaking point: the share of the area at which
# error correction gives out. Below the picture stands which readers still read it.
#
# It is alive in JupyterLab (`make lab`). Elsewhere a picture of its first position stands here.

# %% alt="Two pictures of one damaged symbol side by side: as a reader sees it, and with its wrong modules in dark red, the rest of their codewords in amber, and lost blocks in blue."
qr.explore("https://www.example.org/menu/table-12", "M", damage="blot", severity=0.1, seed=seed)

# %% [markdown]
# ## The words
#
# A **module** is one small square. A **codeword** is eight modules. The **version**, 1 to 40, is the size: from 21 × 21
# to 177 × 177 modules. The codewords are dealt into **blocks**. The **level** says how many wrong codewords a block can
# correct. A codeword is wrong as soon as one of its modules is. A block with too many wrong codewords is **lost**, and
# the symbol with it. **Severity** is the share of the symbol's area that damage has reached.

# %% [markdown]
# ## Where to go on
#
# | notebook | its question |
# |---|---|
# | [01 Cost](01_cost.ipynb) | What does each level cost in modules, millimetres and bytes? |
# | [02 Meaning](02_meaning.ipynb) | 7, 15, 25 and 30 percent: of what? |
# | [03 Damage and readers](03_damage_and_readers.ipynb) | Which damage does a level help against, with which reader? |
# | [04 Camera](04_camera.ipynb) | At the same millimetres and the same distance, does a higher level still help? |
# | [05 Choose](05_choose.ipynb) | Which level for this content, print and wear? |
# | [06 Graph](06_graph.ipynb) | Does a `qrCodeImageDetails` say the truth, and what margin has the printed badge left? |
# | [07 Others](07_others.ipynb) | Do published figures agree with ours? |
# | [08 Reality](08_reality.ipynb) | Does the simulation hold before real cameras? |
#
# Each opens with its answer and runs from top to bottom in a minute or less. What the study in `data/` holds is
# loaded; anything else is computed when you ask for it, and the captions say which.

# %% [markdown]
# ## What this notebook does not say
#
# It says nothing of prints and cameras ([04](04_camera.ipynb)), nor which level to take ([05](05_choose.ipynb)). The
# damage is simulated: how often real codes meet it is unknown. One payload and one kind of damage are shown.
#
# To make this page again, for another payload and kind: `qrlab report --only 00 -p payload=60 -p damage=scratch`.

# %%
qr.plots.table(pd.DataFrame([qr.versions()]), caption="Made with")
