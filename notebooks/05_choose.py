# ---
# jupyter:
#   compact: true
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   title: Choose a level
# ---

# %% [markdown]
# # Choose a level
#
# **Which level for this content, print and wear?**
#
# Change a parameter and the page answers again, in half a minute. All four levels are printed, worn and photographed in simulation: the same prints, the same wear, the same camera.

# %% tags=["parameters"]
content_bytes = 0  # length of the content, in the scenario's characters; 0: as long as the scenario says
scenario = "sign-in-badge"  # a name from qr.SCENARIOS
readers = "default"  # who reads it: readers, or a panel of them: default, phones, web, all
margin = 0.01  # a smaller symbol may read so many fewer of all scans: 0.01 is 1 point
trials = 280  # prints of each level, at most, 10 or more; a fifth as many at each end of an assumption
assumptions = "camera_distance_mm, camera_noise, share, typical"  # to be moved
seed = 1

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import qrlab as qr

# %%
qr.plots.style()
choice = qr.choose(content_bytes or None, scenario, readers=readers, margin=margin, trials=trials, seed=seed)
if choice.verdict is None:  # no level can be printed; the reason says what would help
    raise ValueError(choice.reason)
case, rule, table = choice.scenario, choice.verdict, choice.table.set_index("level")
shown = choice.level or rule.best

# %% tags=["answer"]
read = f"{shown} reads {100 * table.rate[shown]:.3g}% of scans (n = {choice.trials:,} prints)."
Markdown(f"**Level to print: {choice.level or 'none'}. {read}**\n\n{choice.reason}")

# %%
asked = {
    "content": f"{case.payload:,} {qr.symbols.UNITS[case.mode]}",
    "printed on": f"{case.print.width_mm:g} mm",
    "read from": f"{case.camera.distance_mm:,.0f} mm",
    "wear, and on how many prints": ", ".join(f"{qr.plots.words(w.kind)} {w.share:.0%}" for w in case.wear),
    "read by": ", ".join(case.readers),
    "target": f"{case.target:.0%}",
}
qr.plots.table(pd.DataFrame([asked]), caption=f"What was simulated: the scenario {case.name}")

# %% [markdown]
# Look at two things: how far the bars on the left overlap, and which kind of wear fills the bars on the right.

# %%
kinds = np.array([choice.mix.drawn(seed, trial)[0] for trial in range(choice.trials)])
each = choice.readings.assign(wear=kinds[choice.readings.trial])
each["lost"] = 100 * each.weight * (each.outcome != "ok") / len(case.readers)
lost = each.pivot_table("lost", "level", "wear", "sum", observed=True).reindex(list("LMQH")).fillna(0)
lost = lost.rename(columns=qr.plots.words)

# %% alt="Left: the share of scans that each level reads, with its interval, the worst reader and the target; a recommended level is shaded. Right: stacked bars of what each level loses, a part for each kind of wear."
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 2.6))
choice.plot(ax=left).set_xlabel(f"percent of scans read (n = {choice.trials:,} prints, computed here)")
lost.plot.barh(stacked=True, ax=right, width=0.6, color=[*map(str, np.linspace(0.3, 0.8, lost.shape[1]))])
qr.plots.name_rows(right, lost.index)
right.set(xlabel="percent of scans lost", ylabel="")
right.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, fontsize=8, handlelength=1)
qr.plots.save(fig, "05_decision")

# %% [markdown]
# On the left: a dot is the share of scans read, all readers alike; the band is its 95% interval; the tick is the worst reader. Beside each level stands the side of its modules: on the same printed width they shrink from L to H.
#
# Where all levels lose about as much to one kind of wear, that wear takes what no level repairs: a finder pattern, or the reader's grip on the symbol. A higher level helps only where its bar has a visibly shorter part.
#
# ## How sure is it?
#
# The rule is plain. Of two levels in a symbol of the same size, the higher is free. Of different sizes, the smallest wins that surely reads as many as the best, within the margin. Levels for which that can't be told are left beside it, and of these the one is taken whose guaranteed rate is highest.

# %%
def span(low, high):
    return [f"{100 * a:.1f} to {100 * b:.1f}" for a, b in zip(low, high)]


# %%
free, behind = table.version == table.version.shift(-1), rule.behind.reindex(table.index)
states = {
    "prescribed": table.index == case.prescribed,
    "recommended": table.index == choice.level,
    "can't be printed": table.rate.isna(),
    "left: it may be good enough": table.index.isin(rule.left),
    "out: it reads too few": behind.low > margin,
    "out: the next is no larger": free.fillna(False).astype(bool),
}
verdict = np.select(list(states.values()), list(states), "out: a smaller one will do")


# %%
columns = {
    "level": table.index,
    "version": table.version,
    "module, mm": table.module_mm,
    "area": table.relative_area,
    "read, %": 100 * table.rate,
    "95% interval": span(table.low, table.high),
    f"points behind {rule.best}": 100 * behind.points,
    "interval": span(behind.low, behind.high),
    "misread": table.misreads,
    "verdict": verdict,
}

# %%
qr.plots.save(choice.table, "05_levels")
formats = {
    "module, mm": "{:.2f}",
    "area": "{:.2f}×",
    "read, %": "{:.1f}",
    f"points behind {rule.best}": "{:.1f}",
}
heading = f"The levels; n = {choice.trials:,} prints of each, computed here"
qr.plots.table(pd.DataFrame(columns), formats, heading, left=["verdict"])

# %% [markdown]
# *Points behind*: print by print, against the level with the highest guaranteed rate. *Area*: of the symbol with modules of one size. *Misread*: a wrong content came out, which is worse than none.
#
# More prints would tell more. The table of scenarios has prints of its own, so the two may differ where several levels are left; below are both answers for this scenario. *Sure* is the share of resamples of the prints in which the rule picks the same level.

# %%
rated = qr.study.scenarios()
made = rated.attrs["made"]
firsts = rated.groupby(["panel", "scenario"])
picked = rated[rated.recommended].set_index(["panel", "scenario"])
panel = readers if readers in set(rated.panel) else "default"
same = rated[(rated.scenario == case.name) & (rated.panel == panel)]
here = {"from": "this page", "read by": readers, "length": case.payload, "prints": choice.trials}
here |= {"recommended": choice.level, "left": ", ".join(rule.left), "sure": choice.sure}
kept = {"from": made.removeprefix("from "), "read by": panel, "length": qr.SCENARIOS[case.name].payload}
kept |= {"prints": same.trials.max(), "recommended": "".join(same.level[same.recommended]) or None}
kept |= {"left": ", ".join(same.level[same.left]), "sure": same.sure.max()}
qr.plots.table(pd.DataFrame([here, kept]), {"sure": "{:.0%}"}, "The same question, answered twice")

# %% [markdown]
# ## One worn print, four levels
#
# The same worn print as the readers see it; below each level stand the markers of the readers that read it. Look at the size of the modules beside the damage: the damage covers the same millimetres at every level, and the modules get smaller.

# %% alt="One simulated photograph of the same worn print at each of the levels that can be printed; the markers below tell which readers read it."
ok = each.assign(ok=each.outcome == "ok").pivot(index="trial", columns=["level", "reader"], values="ok")
by_level = ok.T.groupby("level", observed=True).sum().T
worst = (by_level[rule.best] - by_level.min(axis=1) + (kinds != "none") / 2).idxmax()
fig, axes = plt.subplots(1, len(by_level.columns), figsize=(8.6, 2.1), squeeze=False)
for ax, level in zip(axes.flat, by_level.columns):
    scene = replace(case.scene(level), damage=choice.mix)
    seen = scene.trial(seed, worst).picture(1) // 16 * 16  # 16 greys, for a small file
    qr.plots.picture(seen, dict(ok.loc[worst, level]), ax=ax)
    pixels = table.module_mm[level] * case.camera.px_per_mm
    ax.set_title(f"{level}: {pixels:.1f} pixels a module", loc="center", fontsize=9)
qr.plots.legend(fig, readers=list(case.readers))

# %% [markdown]
# ## Which assumption would change the answer?
#
# Most of a scenario is assumed. So an assumption is moved to either end of its range, all else as it was, and the rule is asked again with fewer prints. Wear is moved as a whole: how many prints bear it, and how severe it is. Look for dots far from the dashed line, which stands for the rate as assumed, and for a remark at the right: there another level would be the answer.

# %%
few, known = max(trials // 5, 10), case.parameters.dropna(subset=["low", "high"]).set_index("parameter")
in_words = {"share": "how many prints are worn", "typical": "how severe the wear is"}
in_words |= {"payload": "length of the content"}
asked_again = {}
for what in assumptions.split(", "):
    its = known[(known.index == what) | known.index.str.endswith(f"_{what}")]
    for end in ("low", "high") if len(its) else ():
        to = {name: type(value)(its[end][name]) for name, value in its.value.items()}
        there = qr.choose(None, case.change(**to), margin=margin, trials=few, seed=seed, advice=False)
        said = f"{to[what]:g} {its.unit[what].removeprefix('share ')}" if what in to else end
        asked_again[in_words.get(what, qr.plots.words(what)), said] = there


# %%
def answer(there):
    rule, rates = there.verdict, there.table.set_index("level").loc[shown]
    verdict = "it may be good enough" if shown in rule.left else "a smaller one will do"
    if rule.behind.low.get(shown, 1) > margin:
        verdict = f"{rule.best} surely reads more"
    found = {"read": 100 * rates.rate, "low": 100 * rates.low, "high": 100 * rates.high}
    return found | {"left": ", ".join(rule.left), "prints": there.trials, "verdict": verdict}


ends = {key: answer(there) for key, there in asked_again.items() if there.verdict}
ends = pd.DataFrame(ends).T.rename_axis(["assumption", "moved to"]).reset_index()
qr.plots.save(ends, "05_sensitivity")

# %% alt="Two rows for each assumption, one for either end of its range: the share of scans read there by the level above, with its interval; where another level would be the answer, that is said at the right. A dashed line marks the rate as assumed."
fig, ax = plt.subplots(figsize=(8.6, 0.25 * len(ends) + 0.7))
color = qr.plots.LEVEL_COLOR[shown]
ax.hlines(ends.index, ends.low.astype(float), ends.high.astype(float), color=color, linewidth=5, alpha=0.3)
ax.plot(ends.read, ends.index, "o", color=color)
for y, row in ends[ends.verdict != "it may be good enough"].iterrows():
    ax.text(1.01, y, row.verdict, va="center", transform=ax.get_yaxis_transform())
ax.axvline(100 * table.rate[shown], color=qr.plots.GREY, linestyle=qr.plots.DASHED, linewidth=1)
qr.plots.name_rows(ax, ends.assumption + ", " + ends["moved to"])
ax.set_xlabel(
    f"percent of scans that {shown} reads (n = {ends.prints.max()} prints at each end, computed here)"
)
qr.plots.save(fig, "05_sensitivity")

# %%
columns = {"assumption": "assumption", "moved to": "moved to", "read": f"{shown} reads, %", "left": "left"}
columns["verdict"] = f"of {shown}"
heading = f"Is {shown} still left? n = {ends.prints.max()} prints at each end, computed here"
told = ends[list(columns)].rename(columns=columns)
qr.plots.table(told, {f"{shown} reads, %": "{:.1f}"}, heading, left=["assumption", f"of {shown}"])

# %% [markdown]
# With so few prints only a change of many points is sure, and *it may be good enough* is no more than that. An assumption that moves the dot far is one to replace by what you know of your own prints.
#
# ## The ten scenarios
#
# Two pieces of advice are often heard: *M is a good default*, and *H for anything outdoors*. Here are all scenarios, each with its own content, wear and prints. Look along a row from L to H: how much do the levels differ?

# %%
wide = rated[rated.panel == "default"].pivot(index="scenario", columns="level", values="rate")
wide = wide[list("LMQH")].reindex(qr.SCENARIOS)
scenarios = (100 * wide).assign(
    level=picked.level["default"].reindex(wide.index).fillna("none"),
    left=rated[rated.left].groupby(["panel", "scenario"])["level"].agg(", ".join)["default"],
    sure=firsts.sure.max()["default"],
)
for other in dict.fromkeys(rated.panel[rated.panel != "default"]):
    its = picked.loc[other].reindex(wide.index)
    rate = its.rate.fillna(firsts.rate.max()[other])
    scenarios[other] = its.level.fillna("none") + rate.map(" {:.0%}".format)

# %%
qr.plots.save(scenarios.reset_index(), "05_scenarios")
most = firsts.trials.max().groupby("panel").max()
prints = firsts.trials.max()["default"]
heading = f"Percent of scans read by level, {made}, n = {prints.min():,} to {prints.max():,}"
formats = dict.fromkeys("LMQH", "{:.1f}") | {"sure": "{:.0%}"}
heading = f"{heading}; last columns: n = {most.drop('default').max()}"
qr.plots.table(scenarios.reset_index(), formats, heading)

# %% [markdown]
# *Level* is the recommended one, and none where every level misses the scenario's target. L to H, *left* and *sure* are for the default readers. The last columns name what is recommended for another panel of readers, and how much it reads; after *none* stands the most that any level reads.
#
# Along a row the levels mostly differ little; down a column the scenarios differ much. What the print meets matters more than its level. What, then, would one level for everything cost?

# %%
short = wide.rsub(wide.max(axis=1), axis=0)  # how much less than the best
everywhere = pd.DataFrame(
    {
        "level for everything": short.columns,
        "within a point of the best": [f"{n} of {len(short)}" for n in (short <= 0.01).sum()],
        "at most behind, points": 100 * short.max().to_numpy(),
        "there": short.idxmax().to_numpy(),
    }
)
heading = f"The same level for all ten scenarios, default readers, {made}"
qr.plots.table(everywhere, {"at most behind, points": "{:.1f}"}, heading, left=["there"])

# %% [markdown]
# A point is about what these prints can tell apart, so *within a point* means: as good as the best. Outdoors, too, H is no rule: what wear takes there is often a finder pattern, and no level gives that back.
#
# ## Does a logo need level H?
#
# A dark square in the middle, on the print above and as its only damage. Look for the first level in each row that reads about as much as any.

# %%
logos, contents = {}, max(trials // 14, 10)
for area in (0.03, 0.06, 0.1, 0.15):
    marked = case.change(wear=(), logo_share=1, logo_typical=area, logo_spread=1)
    design = marked.design(by_level.columns)
    design["scene"] = [replace(scene, alike=1) for scene in design.scene]  # to each print its content
    logo = qr.stats.rates(qr.run(design, trials=contents, seed=seed), "level").set_index("level")
    logos[f"{area:.0%}"] = 100 * logo.rate
logos = pd.DataFrame(logos).T.rename_axis("area of the logo").reset_index()
heading = f"Percent of scans read with a logo; n = {contents} contents, computed here"
qr.plots.table(logos, dict.fromkeys("LMQH", "{:.0f}"), heading)

# %% [markdown]
# A logo needs the level that holds its area, and no more. It is the same on every print, so nothing is left to chance: a level above that one only makes the modules smaller.
#
# ## What was assumed
#
# Of the content only length and characters matter: random contents like it were printed. A range in brackets is what the assumption may be instead.

# %%
all_of_it = case.parameters.dropna(subset=["value"])
which = all_of_it.source.where(~all_of_it.source.str.startswith("assumption"), "assumed")
span_of = all_of_it.low.map(" ({:g} to ".format, na_action="ignore") + all_of_it.high.map("{:g})".format)
value = [f"{v:g}" if isinstance(v, float) else str(v) for v in all_of_it.value]
text = all_of_it.parameter.map(qr.plots.words) + " " + value + span_of.fillna("")
sources = pd.DataFrame({"from": which, "what": text}).groupby("from", sort=False).agg(", ".join)
qr.plots.save(all_of_it, "05_assumptions")
qr.plots.table(sources.reset_index(), caption="Where each value is from", left=["from", "what"])

# %% [markdown]
# ## What this notebook does not say
#
# How a phone's own reader fares; what real inks, lenses and hands do beyond the assumptions; how much wear there really is. Those numbers are the ones to replace by your own: in Python with `qr.choose(141, qr.SCENARIOS["sign-in-badge"].change(print_width_mm=30, scratch_share=0.5))`, on the command line with `qrlab choose --bytes 141 --scenario sign-in-badge --print-mm 30`. Charts and tables of this page are in the report's folder `figures`, as `05_*`.
#
# To make it again: `qrlab report --only 05`, with what you change, as in `-p scenario=poster -p content_bytes=60 -p readers=phones`.

# %%
qr.plots.table(pd.DataFrame([qr.versions()]), caption="Made with")
