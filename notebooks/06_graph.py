# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   title: Audit a Graph QR code
# ---

# %% [markdown]
# # Audit a Graph QR code
#
# **Does a `qrCodeImageDetails` say the truth, and what margin has the printed badge left?**
#
# Microsoft Graph hands out the QR code of a sign-in badge as a small resource: a picture, its content, its level and its version. All four can be checked against each other, and a photograph of the badge tells later how much of its error correction wear has used up.

# %% tags=["parameters"]
resource = ""  # a file with your own: the JSON of a resource, or a picture of a code; empty: a made-up badge
content_bytes = 141  # length of the made-up badge's content
worn_by = "scratch, crease, edge_wear"  # kinds of wear, names in qr.damage.MODELS
levels = "LH"  # the levels that wear is followed at
badges = 16  # badges for each kind of wear and level
trials = 60  # prints for advice on printing: of each level, and a fifth as many of each width; 10 or more
seed = 1

# %%
import json
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import qrlab as qr

# %%
who = b"ms-qrpin:v1|amelie.dupont@example.onmicrosoft.com|5b1f0c2e-7d1c-4c56-a3f1-0d9d0a1f9b21|"
content = (who + qr.scene.random_content(seed, content_bytes, 0))[:content_bytes]
made_up = qr.graph.QrCodeImageDetails.from_symbol(qr.make(content, "L"))
audit = qr.graph.audit(Path(resource).read_bytes() if resource else made_up)

# %% tags=["answer"]
samples = qr.load("graph_samples")
audits = {row.sample: qr.graph.audit(row.document) for row in samples.itertuples()}
untrue = sum("capacity-exceeded" in dict(one.findings) for one in audits.values())
found = ", ".join(f"`{code}`" for code, _ in audit.findings) or "nothing"
whose = "your own" if resource else "a made-up"
Markdown(
    f"**The resource can be checked against its own picture: of {whose} code, the audit finds {found}; "
    f"{untrue} of {len(audits)} documented samples declare a version that can't hold their content. The "
    "margin of a worn badge warns of what spoils codewords, and not of a lost finder pattern.**"
    f"\n\n{qr.graph.NO_VERIFICATION}"
)

# %% [markdown]
# ## What Graph gives, and what an audit shows of it
#
# An administrator gets the resource once, when the code is made, inside a `qrCode`. It holds a credential, so nothing on this page shows its content or its picture: only lengths, kinds of characters, and a digest whose key is forgotten at the end of the session. Here is its form, of the made-up badge, with lengths in place of values.

# %%
response = {"@odata.type": "#microsoft.graph.qrCode", "id": "5b1f0c2e-7d1c-4c56", "image": None}
response = json.loads(made_up.to_json(into=response))
form = dict(response["image"])
for name in ("binaryValue", "rawContent"):
    form[name] = f"{len(form[name]):,} characters"
print(json.dumps(response | {"image": form}, indent=2))

# %% [markdown]
# The audit sets two columns side by side. *Declared* stands in the JSON. *Measured* comes from the picture alone, through a reader's sampling and a Reed-Solomon decoder.

# %%
audit

# %% [markdown]
# Where the two differ there is a finding, each with a stable code that a program can act upon. Below, a resource that carries the picture of another code.

# %%
other = qr.make(content[:-1] + b"!", "M")
off = qr.graph.QrCodeImageDetails.from_symbol(other, quiet_zone=2)
wrong = qr.graph.QrCodeImageDetails(off.binary_value, "l", content, made_up.version)
found = pd.DataFrame(qr.graph.audit(wrong).findings)
qr.plots.table(found, caption="A resource with the picture of another code", left=["message"])

# %% [markdown]
# ## The documented samples
#
# Microsoft's own pages show three fragments of such a resource. One of them is complete. Of the second, picture and content are cut short in the document, so only what is printed there is judged.

# %%
rows = [
    {"finding": code, "sample": row.sample, "what is wrong": said}
    for row in samples.itertuples()
    for code, said in audits[row.sample].findings
    if code != "expired" and (row.complete or code != "missing-value")  # as any sample is
]
left = ["sample", "what is wrong"]
qr.plots.table(pd.DataFrame(rows), caption="Findings in the documented samples", left=left)

# %% [markdown]
# Even a picture that is cut short tells its version: its width must be a whole number of units for each module, quiet zone included. Only one version fits, and it is not the declared one.

# %%
document = samples.set_index("sample").document
cut = qr.graph.QrCodeImageDetails.from_json(document["with an SVG"])
across = int(cut.binary_value.split(b'width="')[1].split(b'"')[0])
fits = [
    f"{v}, {px} units a module" for v in range(1, 41) for px in range(1, 20) if (25 + 4 * v) * px == across
]
held = qr.capability()
least = held[held.bytes >= len(cut.raw_content)].groupby("level", observed=True).version.min()
needed = f"version that {len(cut.raw_content)} bytes need at least"
facts = {"version, declared": cut.version, f"version, from {across} units across": "; or ".join(fits)}
facts |= {needed: f"{least['L']} at L, {least['H']} at H"}
qr.plots.table(pd.DataFrame(facts.items(), columns=["what", "found"]), caption="The sample with an SVG")

# %% [markdown]
# ## From the resource to a badge
#
# The image can be had once, and is to be printed at 2 inches. `qr.graph.badge` prints the very symbol that was issued: its modules as measured, each of whole printer dots, at true size, for its owner alone. It reads the file with every reader before that is there. Nothing leaves the machine.

# %%
with TemporaryDirectory() as folder:
    files = [Path(folder, f"badge.{kind}") for kind in ("pdf", "png", "svg")]
    made = [qr.graph.badge(made_up, file, dpi=300) for file in files]
rows = [(b.path.suffix[1:], b.width_mm, b.module_dots, f"{b.version}-{b.level}", b.readers) for b in made]
made = pd.DataFrame(rows, columns=["file", "width, mm", "dots a module", "symbol", "read by"])
made["read by"] = [f"{list(x.values()).count('ok')} of {len(x)} readers" for x in made["read by"]]
qr.plots.table(made, {"width, mm": "{:.1f}"}, caption="A badge of 2 inches at 300 dpi, read from its file")

# %% [markdown]
# ## A worn badge, from new to unreadable
#
# Now the made-up badge is printed, worn and photographed. Dark red are modules that are read wrong, orange the codewords that they spoil, blue the blocks that are lost, so that what is wrong there isn't known. Below each map stands the margin, *unused error correction*: the share of the worst block's correction that is not needed yet. Look at how high it still is one step before the end.

# %%
qr.plots.style()
badge, small = qr.SCENARIOS["sign-in-badge"], qr.SCENARIOS["small-badge"]
kinds, areas, rng = worn_by.split(", "), np.arange(0, 0.1001, 0.005), np.random.default_rng
symbols = {level: qr.make(content, level) for level in levels}


def photo(level, kind, k, area):  # the same wear at every level
    damage = qr.damage.MODELS[kind](rng([seed, k]))
    return qr.photograph(symbols[level], badge.print, badge.camera, rng([seed, 2, k]), damage, area)


# %%
def followed(level, kind, k):  # until zxing-cpp reads it no longer
    for area in areas:
        picture = photo(level, kind, k, area)
        read, seen = qr.decode(picture, "zxing", content).outcome == "ok", qr.graph.measure(picture)
        fate = "read" if read else "block lost" if seen and seen.lost else "no longer found"
        yield level, kind, k, area, seen.unused if read and seen else np.nan, fate
        if not read:
            return


# %%
each = [row for level in levels for kind in kinds for k in range(badges) for row in followed(level, kind, k)]
steps = pd.DataFrame(each, columns=["level", "kind", "badge", "area", "unused", "fate"])
read, lost = steps[steps.fate == "read"], steps[steps.fate != "read"]
last = read.groupby(["level", "kind", "badge"], sort=False, as_index=False).last().drop(columns="fate")


# %%
def middle(kind):  # the badge that lasts longer than half of them, and the area at its last reading
    mine = last[(last.level == levels[0]) & (last.kind == kind)].sort_values("area")
    mine = mine.iloc[len(mine) // 2 :][["badge", "area"]]
    return (0, 0.0) if mine.empty else (int(mine.badge.iloc[0]), mine.area.iloc[0])


# %%
def draw(ax, seen):  # a map, and below it what is left and who reads it
    outcomes = list(seen.measured["readers"].values())
    words = "no symbol found"
    if seen.symbol:
        seen.plot(ax=ax).set_axis_on()
        words = f"{seen.symbol.unused:.0%} ({seen.symbol.grade})"
    ax.set(xticks=[], yticks=[], box_aspect=1, frame_on=False)
    ax.set_xlabel(f"{words}, {outcomes.count('ok')} of {len(outcomes)} readers", fontsize=8)


# %% alt="A row of five maps of one badge for each kind of wear, growing until the badge is lost; wrong modules and spoilt codewords are marked, and below each stands the unused error correction with its grade and how many readers read it."
fig, axes = plt.subplots(len(kinds), 5, figsize=(8.6, 2.05 * len(kinds)), squeeze=False)
text = {"fontsize": 8, "fontweight": "normal"}
for row, kind in zip(axes, kinds):
    k, end = middle(kind)
    for ax, area in zip(row, (*np.linspace(0, end, 4), end + areas[1])):
        seen = qr.graph.audit(photo(levels[0], kind, k, area), readers=badge.readers)
        draw(ax, seen)
        ax.set_title(f"{qr.plots.words(kind)}, {area:.1%}", loc="center", **text)

# %% [markdown]
# ## When does the margin warn?
#
# Now many badges, each followed in steps of half a percent of the area until it is read no longer. Look for solid lines that fall while the dotted ones, the margin of those still read, are high: there the badge is lost without warning.

# %% alt="For each kind of wear a panel: the percent of badges still read at each level, with intervals, and, dotted, the mean unused error correction of those still read, against the percent of the area that is worn."
fig, axes = plt.subplots(1, len(kinds), figsize=(8.6, 2.9), sharey=True, squeeze=False)
for (ax, kind), level in product(zip(axes.flat, kinds), levels):
    color, mine = qr.plots.LEVEL_COLOR[level], read[(read.level == level) & (read.kind == kind)]
    still = mine.groupby("area").unused.agg(["size", "mean"]).reindex(areas).fillna({"size": 0})
    low, high = qr.stats.rate_interval(still["size"], badges)
    ax.fill_between(100 * areas, 100 * low, 100 * high, color=color, alpha=0.13, linewidth=0)
    ax.plot(100 * areas, 100 * still["size"] / badges, color=color, label=f"{level}: badges still read")
    ax.plot(100 * areas, 100 * still["mean"], ":", color=color, label=f"{level}: their mean margin")
    ax.set(title=qr.plots.words(kind).capitalize(), xlabel="percent of the area worn")
axes[0, 0].set_ylabel(f"percent (n = {badges} badges a line)")
fig.legend(*axes[0, 0].get_legend_handles_labels(), ncols=len(levels), loc="outside upper center")
qr.plots.save(fig, "06_margin")

# %%
ends = lost.merge(last, on=["level", "kind", "badge"], suffixes=("", "_last"))
ends["no longer found"] = ends.fate == "no longer found"
ends["a block lost"] = ends.fate == "block lost"
ends["margin still C or better"] = ends.unused_last >= qr.graph.GRADES["C"]
counts = ["no longer found", "a block lost", "margin still C or better"]
told = ends.groupby(["kind", "level"], sort=False)[counts].sum().astype(int)
told.insert(0, "lost", told[counts[:2]].sum(axis=1))
told["median margin, %"] = 100 * ends.groupby(["kind", "level"]).unused_last.median()
told = told.reset_index().assign(kind=lambda t: t.kind.map(qr.plots.words))
heading = f"How badges were lost by {areas[-1]:.0%} of the area, n = {badges} of each, and their last margin"
qr.plots.table(told, {"median margin, %": "{:.0f}"}, heading)

# %% [markdown]
# A badge is lost in two ways. Either a block overflows: then the margin has fallen before, and a higher level lasts longer. Or the symbol is no longer found, mostly because a finder pattern is worn: the margin counts codewords, so it can't warn of that, and a higher level can't mend it. Worn edges are of the second kind.
#
# ## Which level should be issued?
#
# A standard code lives up to 395 days. How much a badge wears in that time nobody has published; these are the scenarios' assumptions, with contents of their length. *Left* are the levels of which it can't be told which is the smallest within a point of the best.

# %%
rated = qr.study.scenarios()
pairs, names = ["scenario", "panel"], [badge.name, small.name]
mine = rated[rated.scenario.isin(names)]
issue = 100 * mine.pivot(index=pairs, columns="level", values="rate")[list("LMQH")]
issue["level"] = mine[mine.recommended].set_index(pairs).level
issue["left"] = mine[mine.left].groupby(pairs)["level"].agg(", ".join)
issue[["sure", "prints"]] = mine.groupby(pairs)[["sure", "trials"]].max()
issue = issue.loc[list(dict.fromkeys(zip(mine.scenario, mine.panel)))]
heading = f"Percent of scans read by level, {badge.payload} bytes, {rated.attrs['made']}; n as said"
formats = dict.fromkeys("LMQH", "{:.1f}") | {"sure": "{:.0%}"}
qr.plots.table(issue.reset_index(), formats, heading)

# %% [markdown]
# For a content of another length, or another print, ask notebook 05. Here the question is what happens if badges wear three times as much as assumed, each print as in the scenario else, and the content as long as the code above.

# %% alt="Two panels, for the 2-inch badge and the 25 mm badge with three times the assumed wear: the share of scans that each level reads, with its interval, the worst reader and the target."
length = len(audit.reveal() or content)
fig, axes = plt.subplots(1, 2, figsize=(8.6, 2.7))
for ax, case in zip(axes, (badge, small)):
    heavy = {f"{worn.kind}_typical": min(3 * worn.typical, 1.0) for worn in case.wear}
    choice = qr.choose(length, case.change(**heavy), trials=trials, seed=seed, advice=False)
    choice.plot(ax=ax)
    ax.set_title(f"{case.print.width_mm:g} mm, 3 × the wear\n", loc="left")
    ax.set_xlabel(f"percent of scans read (n = {choice.trials} prints, {length} bytes)")
qr.plots.save(fig, "06_levels")

# %% [markdown]
# The more wear, the more the levels part. So the answer hangs on a number that Microsoft could measure, and nobody else: how worn badges come back.
#
# ## How small may it be printed?
#
# The code as it is, printed anew at whole printer dots a module, worn and photographed as each scenario says, with few prints of each width.

# %%
again, few = audit if audit.reveal() else qr.graph.audit(made_up), max(trials // 5, 10)
advice = {case.name: again.smallest_width(case, trials=few, seed=seed).reason for case in (badge, small)}
rows = pd.DataFrame(advice.items(), columns=["scenario", "advice"])
qr.plots.table(
    rows, caption=f"The smallest print, n = {few} prints of each width, computed here", left=["advice"]
)

# %% [markdown]
# Below the limit of what the camera resolves nothing is read; beyond it a wider print hardly helps.
#
# ## When is it time for a new one?
#
# A drawer of badges, audited at once: three resources with their dates, and photographs of a new and a worn badge. What has findings is to be replaced before its owner stands at a door. `qrlab audit FOLDER` says the same of a thousand.


# %%
def dated(days):  # as Graph gives it, with so many days left
    end = pd.Timestamp.now("UTC") + pd.Timedelta(days=days, hours=1)
    return made_up.to_json(into={"id": "5b1f0c2e", "expireDateTime": end.isoformat(), "image": None})


# %%
with TemporaryDirectory() as folder:
    for name, days in {"long.json": 200, "soon.json": 5, "over.json": -3}.items():
        Path(folder, name).write_text(dated(days))
    for name, area in {"photo of a new one.png": 0, "photo of a worn one.png": middle(kinds[0])[1]}.items():
        worn = photo(levels[0], kinds[0], middle(kinds[0])[0], area)
        plt.imsave(Path(folder, name), worn, cmap="gray", vmin=0, vmax=255)
    drawer = qr.graph.audit_all(folder)

# %%
drawer["name"] = drawer.name.map(lambda name: Path(name).name)
drawer = drawer[["name", "findings", "level", "unused", "readers", "days_left"]].rename(
    columns=qr.plots.words
)
qr.plots.table(drawer, {"unused": "{:.0%}"}, caption="A drawer of badges", left=["name", "findings"])

# %% [markdown]
# The dates tell of the first kind of end, the margin of the second. A lost finder pattern, as above, neither foretells.
#
# ## What this notebook does not say
#
# What real badges meet in 395 days, what phones' own readers make of them, and anything that calibrated optics are needed for. The damage is simulated, and so are the photographs.
#
# This page with your own code: `qrlab report --only 06 -p resource=badge.json`. The same in a terminal: `qrlab audit badge.json` for a resource, `qrlab audit badge.jpg` for a photograph or a scan, `qrlab badge badge.json badge.pdf` for the print; `--json` is for programs, `--dpi 300 --distance-mm 200` adds the width to print.

# %%
qr.plots.table(pd.DataFrame([qr.versions()]), caption="Made with")
