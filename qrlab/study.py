"""The full-size study: what `make data` writes to data/, and notebooks compute smaller by the same functions.

A reading's result keeps every trial, a letter each, so that what was paired stays so.  Nothing here judges.
"""

import inspect
import io
import re
import sys
from collections.abc import Iterable
from datetime import date
from importlib.metadata import version as installed
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from qrlab import plots, runner
from qrlab.breaking import exact_model
from qrlab.checks import one_of
from qrlab.damage import MODELS
from qrlab.files import load, write_whole
from qrlab.model import capability, tolerable_rate
from qrlab.optics import Camera, Print
from qrlab.readers import OUTCOMES, decoders, version_of
from qrlab.standard import VERSIONS, Level, ordered
from qrlab.symbols import make

SEED = 1
LETTERS = "oxuect"  # of the outcomes ok, misread, unread, error, crash, timeout
KINDS = [kind for kind in MODELS if kind != "worst_codewords"]
LEVELS = [level.value for level in Level]
SEVERITIES = [0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40]  # of progressive_damage


def progressive_damage(
    payload: int = 60, readers: Iterable[str] = ("zbar", "zxing", "model")
) -> pd.DataFrame:
    """The design of notebook 03: one payload, every kind of damage, finder patterns spared and not."""
    parts = {"damage": KINDS, "damage_spare_finders": [False, True], "level": LEVELS, "severity": SEVERITIES}
    return _all(payload=[payload], **parts, reader=readers)


def readers_by_damage(payload: int = 60) -> pd.DataFrame:
    """The design of notebook 04: one payload, every kind of damage, all readers that are available."""
    parts = {"damage": KINDS, "level": LEVELS, "severity": [0.01, 0.03, 0.06, 0.10, 0.18]}
    return _all(payload=[payload], **parts, reader=_available())


def readers_undamaged(contents: int = 100) -> pd.DataFrame:
    """Full symbols of ten versions, each picture another of so many contents."""
    full = _full([1, 2, 4, 7, 10, 15, 20, 25, 32, 40]).assign(contents=contents)
    return full.merge(_all(reader=_available()), how="cross")


def readers_by_version(versions: Iterable[int] = (2, 7, 15, 25, 40)) -> pd.DataFrame:
    """Full symbols of some versions under every kind of damage."""
    damaged = _all(damage=KINDS, severity=[0.02, 0.06, 0.15], reader=_available())
    return _full(list(versions)).merge(damaged, how="cross")


def print_and_scan(
    payloads: Iterable[int] = (20, 60, 141), width_mm: float = 25, points: int = 25
) -> pd.DataFrame:
    """The design of notebook 05's maps: so many distances, ten damaged areas, one width, read by zxing."""
    severities = [0, 0.01, 0.02, 0.03, 0.045, 0.065, 0.09, 0.12, 0.16, 0.2]
    parts = {"level": LEVELS, "damage": ["blot", "scratch", "stain"], "severity": severities}
    maps = []
    for payload in payloads:
        places = np.round(np.linspace(0.25, 1, points) * reach_mm(payload, "L", 1.5, width_mm))
        maps.append(_all(payload=[payload], print_width_mm=[width_mm], camera_distance_mm=places, **parts))
    return pd.concat(maps, ignore_index=True).assign(reader="zxing")


def reach_mm(payload: int, level: str = "L", px_per_module: float = 1.3, width_mm: float = 25) -> float:
    """The distance, mm, at which a module of that symbol on that printed width has so many pixels."""
    module_mm = Print(width_mm).module_mm(make(b"x" * payload, level).size)
    return module_mm * Camera.at(100).focal_px / px_per_module


def _all(**parts: Iterable) -> pd.DataFrame:
    return pd.MultiIndex.from_product(parts.values(), names=parts).to_frame(index=False)


def _full(versions: list[int]) -> pd.DataFrame:
    table = capability().query("version in @versions")[["version", "level", "bytes"]]
    return table.rename(columns={"bytes": "payload"}).astype({"level": str})


def _available() -> list[str]:
    return decoders().query("available").name.tolist()


# What is computed, and the trials of each condition in the full-size study.
DESIGNS = {
    "progressive_damage": (progressive_damage, 150),
    "readers_by_damage": (readers_by_damage, 80),
    "readers_undamaged": (readers_undamaged, 100),
    "readers_by_version": (readers_by_version, 15),
    "print_and_scan": (print_and_scan, 40),
}
EXACT = {"trials": 300, "contents": 20}
PICTURE = "what_the_percentages_mean.svg"


def exact(
    full: bool,
    kinds: Iterable[str] = tuple(MODELS),
    versions: Iterable[int] = VERSIONS,
    *,
    trials: int,
    contents: int,
    seed: int = SEED,
) -> pd.DataFrame:
    """Rows of `exact_model`: with full those of data/, else made now, with trials, contents and seed."""
    kinds, versions = list(kinds), list(versions)
    if full:
        _same({"seed": SEED}, {"seed": seed})
        table = load("exact_model").query("damage in @kinds and version in @versions")
    else:
        table = exact_model(versions, kinds, trials=trials, contents=contents, seed=seed)
    return table.assign(level=ordered(table.level)).reset_index(drop=True)


def readings(name: str, full: bool, *, trials: int, seed: int = SEED, **parameters) -> pd.DataFrame:
    """Readings of one of DESIGNS: with full those of data/ (without seconds, detail and read), else made now.

    trials, seed, parameters: of what is made now; those of data/ stand with the design.  ValueError for
    full with other parameters, which data/ knows nothing of.
    """
    one_of("name", name, DESIGNS)
    design, _ = DESIGNS[name]
    own = {k: p.default for k, p in inspect.signature(design).parameters.items()} | {"seed": SEED}
    for parameter in parameters:
        one_of(f"a parameter of {name}", parameter, own)
    if not full:
        return runner.readings(design(**parameters), trials=trials, seed=seed)
    _same(own, parameters | {"seed": seed})
    return unpacked(load(name))


def _same(own: dict, given: dict) -> None:
    """ValueError unless what is given is what data/ was made with."""
    for name, value in given.items():
        if np.shape(value) != np.shape(own[name]) or np.any(np.asarray(value) != np.asarray(own[name])):
            raise ValueError(f"{name} must be {own[name]}, as in data/, not {value}; or set full = False")


def packed(readings: pd.DataFrame) -> pd.DataFrame:
    """A row per condition, with the count trials, and outcomes: a letter for each trial."""
    trials = readings.trial.max() + 1
    rows = readings.iloc[::trials].drop(columns=["trial", "outcome", "seconds", "detail", "read"])
    letters = np.array(list(LETTERS))[readings.outcome.cat.codes.to_numpy().reshape(-1, trials)]
    return rows.reset_index(drop=True).assign(trials=trials, outcomes=["".join(row) for row in letters])


def unpacked(table: pd.DataFrame) -> pd.DataFrame:
    """Readings again, of what `packed` gave."""
    long = table.loc[np.repeat(table.index, table.trials)].drop(columns=["trials", "outcomes"])
    codes = [LETTERS.index(letter) for letter in "".join(table.outcomes)]
    return long.reset_index(drop=True).assign(
        level=ordered(long.level),
        trial=np.concatenate([np.arange(n) for n in table.trials]),
        outcome=pd.Categorical.from_codes(codes, OUTCOMES),
    )


def stand(name: str, full: bool, trials: int) -> str:
    """One sentence: whether a notebook shows the full-size results, and of how many trials."""
    counts = load(name).trials
    most = f"{counts.max():,} trials of each condition"
    most += f" ({counts.min()} of a logo)" if counts.min() < counts.max() else ""
    if full:
        return f"Full-size results: {most}, from `data/{name}.csv`."
    return f"Quick results: {trials:,} trials of each condition, computed here; `data/{name}.csv` has {most}."


def shares(exact: pd.DataFrame) -> pd.DataFrame:
    """Seven ways to count what each of the 160 symbols survives: counted, version, level, pct.

    exact: rows of `exact_model` for codewords, blot, tear and logo; medians stand for what is random.
    """
    by = ["version", "level"]
    table = capability().astype({"level": str}).set_index(by)
    table["scattered_pct"] = [100 * tolerable_rate(*symbol) for symbol in table.index]
    half = exact.astype({"level": str}).set_index(["damage", "counted", *by]).median_pct.sort_index()
    ways = {
        "codewords, spread evenly": table.capability_pct,
        "codewords, at random": half["codewords", "codewords"] - 100 / table.codewords,  # one was too many
        "codewords, worst case": table.guaranteed_pct,
        **{f"area, {kind}": half[kind, "area"] for kind in ("blot", "tear", "logo")},
        "modules, flipped at random": table.scattered_pct,
    }
    rows = pd.concat({way: pct.rename("pct") for way, pct in ways.items()}, names=["counted"]).reset_index()
    return rows.assign(level=ordered(rows.level))


def main(data: Path, cache: Path) -> None:
    """Compute the whole study and write it to `data`; what `cache` has is not computed again.

    Raises ValueError where a reader is missing: what is written would lack it.
    """
    if missing := [f"{r.name} ({r.why_not})" for r in decoders().itertuples() if not r.available]:
        raise ValueError(f"the study needs all readers; not available: {', '.join(missing)}")
    _write(data, "exact_model", exact_model(**EXACT, cache=cache))
    for name, (design, trials) in DESIGNS.items():
        _write(data, name, packed(runner.readings(design(), trials=trials, seed=SEED, cache=cache)))
    picture(data, data / PICTURE)


def picture(data: Path, path: Path) -> None:
    """Draw what the results in `data` say the percentages mean, the picture of the project's README."""
    plots.style()
    figure, text = plots.shares(shares(pd.read_csv(data / "exact_model.csv"))), io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    write_whole(path, text.getvalue())


def _write(data: Path, name: str, table: pd.DataFrame) -> None:
    """The file, whole or not at all; and in its dictionary how many rows it has and what made them."""
    write_whole(data / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    dictionary = data / "README.md"
    write_whole(dictionary, _described(dictionary.read_text(encoding="utf-8"), name, table))
    print(f"{name}: {len(table):,} rows", file=sys.stderr)


def _described(text: str, name: str, table: pd.DataFrame) -> str:
    """The dictionary, with rows and versions of that file brought up to date."""
    before, head, section = text.partition(f"## {name}.csv\n")
    libraries = ["qrlab", "segno", "numpy", "scipy", "opencv-python-headless"]  # which draws photographs, too
    readers = [reader for reader in table.get("reader", pd.Series()).unique() if reader != "model"]
    made_with = {library: installed(library) for library in libraries}
    made_with |= {reader: version_of(reader) for reader in readers}
    versions = ", ".join(f"{library} {version}" for library, version in made_with.items())
    section = re.sub(r"- Rows: .*", f"- Rows: {len(table):,}", section, count=1)
    section = re.sub(
        r"- Versions: .*", f"- Versions: {versions}; {date.today().isoformat()}", section, count=1
    )
    return before + head + section


if __name__ == "__main__":
    try:
        main(Path("data"), Path(".study"))
    except (ValueError, OSError) as problem:
        sys.exit(f"make data: {problem}")
