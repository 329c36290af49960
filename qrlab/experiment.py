"""Experiments: a design (a data frame of conditions) in, successes out of trials back.

Paired and reproducible: what trial k shows depends on the seed and k alone, not on the order, the
number of jobs or what was read before.  Nothing here draws, nor judges what the counts mean.
"""

import hashlib
import inspect
import itertools
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version as installed
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from qrlab.cache import Cache
from qrlab.checks import integer, number, one_of
from qrlab.correction import ordered, progress
from qrlab.damage import MODELS
from qrlab.decoders import OUTCOMES, unavailable, version_of
from qrlab.symbols import Level, capacity, make, smallest_version
from qrlab.trials import Row, Scene, Task, WorkerError, carry_out, stop

CHUNK = 10  # trials that are carried out, and cached, together
EVIDENCE = 1000  # misreadings that a result keeps
_OWN = ("content", "payload", "contents", "level", "version", "mask", "damage")
_DEFAULTS = {"level": "M", "damage": "none", "severity": 0.0, "px_per_module": 4, "quiet_zone": 4}
CONDITIONS = (*_OWN, "severity", "px_per_module", "quiet_zone", "reader")


def run(
    design: pd.DataFrame | Mapping,
    *,
    trials: int,
    seed: int,
    jobs: int = -1,
    cache: str | Path | None = None,
    timeout: float = 10.0,
) -> pd.DataFrame:
    """Read damaged symbols: how often, out of so many trials, under each condition.

    design: a data frame with a row per condition, or a mapping of lists and single values, of which
    all combinations are taken.  Its columns: content (str or bytes) or payload (bytes: random ones of
    that length, `contents` (8) different ones in turn); level (M), version (the smallest), mask; damage
    (a key of damage.MODELS, or none), its parameters as damage_NAME, severity (0); px_per_module (4),
    quiet_zone (4); reader (zxing; see decoders()).  Missing values mean the default.
    trials: per condition; seed: 0 or more; jobs: processes, -1 for one per core (within joblib's
    parallel_config(backend="dask"): those of the cluster); cache: a folder for what was read, so that
    a run can be interrupted, resumed and extended; timeout: seconds allowed for one reading, 1 or more.

    Returns the conditions, complete, with trials, ok, misread, unread, error, crash, timeout (counts
    that add up to trials) and seconds (the reader's own time, their sum: measured, so the one column
    that differs from run to run).  Unavailable readers are left out with a warning; .attrs has
    "left_out" (name: why) and "misreads" (the first EVIDENCE: condition, trial, seed, content).
    Raises ValueError for bad input, OSError for a cache that can't be written.
    """
    table, scenes = _plan(design)
    counts = np.zeros((len(table), len(OUTCOMES)), int)
    nanoseconds, misreads = [0] * len(table), []  # whole ones add up alike in any order

    def add(row: int, start: int, rows: list[Row]) -> None:
        counts[row] += np.bincount([r[0] for r in rows], minlength=len(OUTCOMES))
        nanoseconds[row] += sum(r[1] for r in rows)
        for trial, (_, _, _, content) in enumerate(rows, start):
            if content is not None:
                misreads.append((row, trial, content))
                if len(misreads) > 2 * EVIDENCE:
                    misreads.sort()
                    del misreads[EVIDENCE:]

    _collect(scenes, trials, seed, jobs, cache, timeout, add)
    conditions = table.to_dict("records")
    table.attrs["misreads"] = [
        conditions[row] | {"trial": trial, "seed": seed, "read": content}
        for row, trial, content in sorted(misreads)[:EVIDENCE]
    ]
    return table.assign(trials=trials, **dict(zip(OUTCOMES, counts.T)), seconds=np.array(nanoseconds) / 1e9)


def readings(
    design: pd.DataFrame | Mapping,
    *,
    trials: int,
    seed: int,
    jobs: int = -1,
    cache: str | Path | None = None,
    timeout: float = 10.0,
) -> pd.DataFrame:
    """As `run`, but a row for each reading: the conditions with trial, outcome, seconds, detail and read.

    detail: the reader's reason for not reading, or a remark; read: what was misread (bytes) or None.
    """
    table, scenes = _plan(design)
    trials = integer("trials", trials, 1, 10**9)
    rows: list[list[Row]] = [[None] * trials for _ in range(len(table))]

    def keep(row: int, start: int, got: list[Row]) -> None:
        rows[row][start : start + len(got)] = got

    _collect(scenes, trials, seed, jobs, cache, timeout, keep)
    long = table.loc[np.repeat(table.index, trials)].reset_index(drop=True)
    outcome, nanoseconds, detail, read = zip(*itertools.chain.from_iterable(rows))
    return long.assign(
        trial=np.tile(np.arange(trials), len(table)),
        outcome=pd.Categorical.from_codes(outcome, OUTCOMES),
        seconds=np.array(nanoseconds) / 1e9,
        detail=pd.Series(detail, dtype="category"),
        read=pd.Series(read, dtype=object),
    )


def shown(condition: Mapping | pd.Series, *, seed: int, trial: int) -> np.ndarray:
    """The picture (uint8 height×width) that a reader was shown: a row of a design or result, and a trial."""
    here = {k: v for k, v in dict(condition).items() if k in CONDITIONS or k.startswith("damage_")}
    here = {k: None if k == "mask" and _none(v) else v for k, v in here.items()}
    scene, severity, _ = _condition(here)
    trial, seed = integer("trial", trial, 0, 10**9), integer("seed", seed, 0, 2**63 - 1)
    symbol, damage = scene.symbol(seed, trial), scene.drawn(seed, trial)
    return scene.render(symbol.modules if damage is None else damage.apply(symbol.modules, severity))


def _plan(design: pd.DataFrame | Mapping) -> tuple[pd.DataFrame, dict[Scene, list]]:
    """The complete conditions, and for each scene its cells: (row, severity, reader)."""
    given, left_out = _frame(design), {}
    complete, scenes = [], {}
    for k, row in enumerate(given.to_dict("records")):
        try:
            scene, severity, reader = _condition(row)
        except ValueError as problem:
            raise ValueError(f"design, row {k}: {problem}") from None
        if why_not := left_out.get(reader) or unavailable(reader):
            left_out[reader] = why_not
            continue
        cells = scenes.setdefault(scene, [])
        if (severity, reader) in [cell[1:] for cell in cells]:
            raise ValueError(f"design must have each condition once, not row {k} again")
        cells.append((len(complete), severity, reader))
        complete.append(_complete(row, scene, severity, reader))
    for reader, why_not in left_out.items():
        warnings.warn(f"reader {reader} is left out: {why_not}", stacklevel=3)
    if not complete:
        raise ValueError(f"design must have a condition with an available reader, not {left_out or 'none'}")
    table = pd.DataFrame(complete)
    table["level"] = ordered(table.level)
    table.attrs["left_out"] = left_out
    return table, scenes


def _frame(design: pd.DataFrame | Mapping) -> pd.DataFrame:
    if isinstance(design, Mapping):
        lists = [[v] if pd.api.types.is_scalar(v) else list(v) for v in design.values()]
        design = pd.DataFrame(itertools.product(*lists), columns=list(design), dtype=object)
    if not isinstance(design, pd.DataFrame):
        raise ValueError(f"design must be a data frame or a mapping, not {type(design).__name__}")
    for name in design.columns:
        if not str(name).startswith("damage_"):
            one_of("columns of design, apart from damage_NAME,", name, CONDITIONS)
    if not design.columns.is_unique:
        raise ValueError(f"columns of design must be there once each, not {', '.join(map(str, design))}")
    if ("content" in design) == ("payload" in design):
        raise ValueError("design must have either content or payload, not " + ", ".join(map(str, design)))
    return design.reset_index(drop=True)


def _none(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _plain(value: object) -> object:
    """numpy's scalars as Python's; whole floats, as missing values in a column make them, as int."""
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _condition(row: dict) -> tuple[Scene, float, str]:
    """Scene, severity and reader of a design's row, checked; missing values are the defaults."""
    if any(_none(row.get(name, "")) for name in ("content", "payload")):
        raise ValueError(f"{'content' if 'content' in row else 'payload'} must be given, not None")
    row = _DEFAULTS | {"reader": "zxing"} | {k: _plain(v) for k, v in row.items() if not _none(v)}
    if "content" in row and "contents" in row:
        raise ValueError("contents must go with payload, not with content")
    severity = number("severity", row["severity"], 0, 1)
    unavailable(row["reader"])  # an unknown one raises
    parameters = sorted((k.removeprefix("damage_"), v) for k, v in row.items() if k.startswith("damage_"))
    parts = (
        row.get("content"),
        row.get("payload"),
        row.get("contents", 8),
        *(row.get(name) for name in ("level", "version", "mask", "damage")),
        tuple(parameters),
        row["px_per_module"],
        row["quiet_zone"],
    )
    try:
        scene = _scene(*parts)
    except TypeError:  # a value that can't be looked up: a list, say
        scene = _scene.__wrapped__(*parts)
    return scene, severity, row["reader"]


@lru_cache(maxsize=4096, typed=True)
def _scene(content, payload, contents, level, version, mask, damage, parameters, px, quiet_zone) -> Scene:
    level = Level.parse(level)
    if content is not None:
        version = make(content, level, version=version, mask=mask).version
    else:
        payload, contents = integer("payload", payload, 1, 2953), integer("contents", contents, 1, 10**9)
        if mask is not None:
            mask = integer("mask", mask, 0, 7)
        if version is None:
            version = smallest_version(payload, level)
        held = capacity(40 if version is None else version, level)
        if held < payload:
            which = f"version {version or '40, the largest,'} at level {level}"
            raise ValueError(f"payload must be at most {held:,} bytes for {which}, not {payload}")
    _check_damage(damage, dict(parameters))
    px, margin = integer("px_per_module", px, 1, 100), integer("quiet_zone", quiet_zone, 0, 100)
    contents = contents if content is None else 1
    return Scene(content, payload, contents, level.value, version, mask, damage, parameters, px, margin)


def _check_damage(damage: str, parameters: dict) -> None:
    one_of("damage", damage, ["none", *MODELS])
    if damage == "none":
        if parameters:
            raise ValueError(f"damage_{next(iter(parameters))} must go with a damage, not with none")
        return
    allowed = list(inspect.signature(MODELS[damage]).parameters)[1:]  # without rng
    for name in parameters:
        one_of(f"parameters of {damage}", name, allowed)
    try:
        MODELS[damage](0, **parameters)
    except ValueError as problem:  # it begins with the parameter's name
        raise ValueError(f"damage_{problem}") from None


def _complete(row: dict, scene: Scene, severity: float, reader: str) -> dict:
    """A condition with all its values, the design's columns in the order of CONDITIONS."""
    known = asdict(scene) | {"severity": severity, "reader": reader}
    left_out = ("payload", "contents") if "content" in row else ("content",)
    left_out += () if "mask" in row else ("mask",)
    parameters = {k: v for k, v in row.items() if k.startswith("damage_")}
    values = {name: known[name] for name in _OWN if name not in left_out} | parameters
    return values | {name: known[name] for name in CONDITIONS[len(_OWN) :]}


@dataclass(frozen=True)
class _Todo:
    """A chunk of one scene's trials, and the rows of the result that its cells are for."""

    rows: tuple[int, ...]
    task: Task


def _collect(scenes, trials, seed, jobs, cache, timeout, sink: Callable[[int, int, list[Row]], None]) -> None:
    """Every reading of the plan, from the cache or fresh, to `sink`: (row, first trial, readings)."""
    trials, seed = integer("trials", trials, 1, 10**9), integer("seed", seed, 0, 2**63 - 1)
    timeout = number("timeout", timeout, 1, 3600)
    if jobs != -1:
        jobs = integer("jobs, unless -1,", jobs, 1, 4096)
    rows = sum(map(len, scenes.values()))
    keys = {row: _key(scene, *cell, seed, timeout) for scene, cells in scenes.items() for row, *cell in cells}
    done = np.zeros((rows, -(-trials // CHUNK)), bool)
    counts = {k * CHUNK: min(CHUNK, trials - k * CHUNK) for k in range(done.shape[1])}
    with Cache(cache) as store, progress(rows * trials, "reading", "reading") as bar:
        for row, key in keys.items():
            for start, got in store.load(key, counts):
                done[row, start // CHUNK] = True
                sink(row, start, got)
                bar.total -= len(got)  # so that the rate and the time left are those of what is read now
        bar.refresh()
        for todo, answer in _carried_out(_todo(scenes, trials, done, seed, timeout), jobs):
            start = todo.task.trials.start
            store.save(start, {keys[row]: got for row, got in zip(todo.rows, answer)})
            for row, got in zip(todo.rows, answer):
                sink(row, start, got)
            bar.update(sum(map(len, answer)))


def _todo(scenes, trials: int, done: np.ndarray, seed: int, timeout: float) -> Iterator[_Todo]:
    for scene, cells in scenes.items():
        for chunk in range(done.shape[1]):
            missing = [cell for cell in cells if not done[cell[0], chunk]]
            missing.sort(key=lambda cell: cell[1])  # by severity, so that each picture is made once
            if missing:
                these = range(chunk * CHUNK, min(trials, (chunk + 1) * CHUNK))
                rows, severities, readers = zip(*missing)
                yield _Todo(rows, Task(scene, tuple(zip(severities, readers)), these, seed, timeout))


def _one(todo: _Todo) -> tuple[_Todo, list[list[Row]]]:
    return todo, carry_out(todo.task)


def _carried_out(todos: Iterator[_Todo], jobs: int) -> Iterator[tuple[_Todo, list[list[Row]]]]:
    """Answers as they come.  Threads are enough: each waits for a process of its own."""
    parallel = joblib.Parallel(n_jobs=jobs, prefer="threads", return_as="generator_unordered")
    answers = parallel(joblib.delayed(_one)(todo) for todo in todos)
    try:
        for answer in answers:  # noqa: UP028, yield from would close them before their workers stop
            yield answer
    except BaseException as problem:  # an interrupt, most often
        stop()
        if isinstance(problem, WorkerError):
            raise RuntimeError(f"the run ended early: {problem}") from None
        raise
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"\d+ tasks .* cancelled")  # as they should
            answers.close()


def _key(scene: Scene, severity: float, reader: str, seed: int, timeout: float) -> str:
    """All that a reading depends on but the trial: the condition, the seed and the versions."""
    condition = asdict(scene) | {"severity": severity, "reader": reader}
    if scene.content is not None:  # whoever sees the cache need not see it
        kind, data = type(scene.content).__name__, scene.content
        data = data.encode() if isinstance(data, str) else data
        condition["content"] = f"{kind} {hashlib.sha256(data).hexdigest()}"
    versions = _versions() | {reader: version_of(reader)}
    return json.dumps(condition | {"seed": seed, "timeout": timeout, "versions": versions}, sort_keys=True)


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    """What else a reading depends on: the libraries and this package's own source."""
    names = ("checks", "symbols", "damage", "capture", "decoders", "trials")
    source = b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in names)
    digest = hashlib.sha256(source).hexdigest()[:12]
    return {"qrlab": digest} | {name: installed(name) for name in ("segno", "numpy")}
