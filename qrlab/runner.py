"""Experiments: a design (a data frame of conditions) in, successes out of trials back.

Paired and reproducible: what trial k shows depends on the seed and k alone, not on the order, the
number of jobs or what was read before.  Nothing here draws, nor judges what the counts mean.
"""

import hashlib
import itertools
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version as installed
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from qrlab.cache import Cache
from qrlab.checks import integer, number
from qrlab.progress import progress
from qrlab.readers import OUTCOMES, version_of
from qrlab.scene import CONDITIONS, FAMILIES, Scene, condition, plan
from qrlab.workers import Row, Task, WorkerError, carry_out, stop

CHUNK = 10  # trials that are carried out, and cached, together
EVIDENCE = 1000  # misreadings that a result keeps


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
    For photographs, in place of px_per_module and quiet_zone: print_width_mm and other settings of Print
    as print_NAME; camera_px_per_mm or camera_distance_mm and other settings of Camera as camera_NAME;
    damage may then be one of optics.OPTICS too, a setting that gets worse.
    trials: per condition; seed: 0 or more; jobs: processes, -1 for one per core (within joblib's
    parallel_config(backend="dask"): those of the cluster); cache: a folder for what was read, so that
    a run can be interrupted, resumed and extended; timeout: seconds allowed for one reading, 1 or more.

    Returns the conditions, complete, with trials, ok, misread, unread, error, crash, timeout (counts
    that add up to trials) and seconds (the reader's own time, their sum: measured, so the one column
    that differs from run to run).  Unavailable readers are left out with a warning; .attrs has
    "left_out" (name: why) and "misreads" (the first EVIDENCE: condition, trial, seed, content).
    Raises ValueError for bad input, OSError for a cache that can't be written.
    """
    table, scenes = plan(design)
    trials = integer("trials", trials, 1, 10**9)
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

    list(_collect(scenes, [trials], seed, jobs, cache, timeout, add))
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
    (table,) = growing(design, trials=[trials], seed=seed, jobs=jobs, cache=cache, timeout=timeout)
    return table


def growing(
    design: pd.DataFrame | Mapping,
    *,
    trials: Sequence[int],
    seed: int,
    jobs: int = -1,
    cache: str | Path | None = None,
    timeout: float = 10.0,
) -> Iterator[pd.DataFrame]:
    """As `readings`, after each of increasing numbers of trials: whoever knows enough need not go on."""
    table, scenes = plan(design)
    stages = [integer("trials", count, 1, 10**9) for count in trials]
    if not stages or stages != sorted(set(stages)):
        raise ValueError(f"trials must be numbers that increase, not {stages}")
    rows: list[list[Row]] = [[None] * stages[-1] for _ in range(len(table))]

    def keep(row: int, start: int, got: list[Row]) -> None:
        rows[row][start : start + len(got)] = got

    with closing(_collect(scenes, stages, seed, jobs, cache, timeout, keep)) as done:
        for count in done:
            yield _long(table, [row[:count] for row in rows], count)


def _long(table: pd.DataFrame, rows: list[list[Row]], trials: int) -> pd.DataFrame:
    long = table.loc[np.repeat(table.index, trials)].reset_index(drop=True)
    outcome, nanoseconds, detail, read = zip(*itertools.chain.from_iterable(rows))
    return long.assign(
        trial=np.tile(np.arange(trials), len(table)),
        outcome=pd.Categorical.from_codes(outcome, OUTCOMES),
        seconds=np.array(nanoseconds) / 1e9,
        detail=pd.Series(detail, dtype="category"),
        read=pd.Series(read, dtype=object),
    )


def shown(row: Mapping | pd.Series, *, seed: int, trial: int) -> np.ndarray:
    """The picture (uint8 height×width) that a reader was shown: a row of a design or result, and a trial."""
    row = {k: v for k, v in dict(row).items() if k in CONDITIONS or str(k).startswith(FAMILIES)}
    scene, severity, _ = condition(row)
    trial, seed = integer("trial", trial, 0, 10**9), integer("seed", seed, 0, 2**63 - 1)
    _, _, picture = scene.pictures(seed, trial)
    return picture(severity)


@dataclass(frozen=True)
class _Todo:
    """A chunk of one scene's trials, and the rows of the result that its cells are for."""

    rows: tuple[int, ...]
    task: Task


def _collect(
    scenes, stages: list[int], seed, jobs, cache, timeout, sink: Callable[[int, int, list[Row]], None]
) -> Iterator[int]:
    """Every reading of the plan, from the cache or fresh, to `sink`: (row, first trial, readings).

    stages: increasing numbers of trials; gives each as soon as so many are done.
    """
    trials, seed = stages[-1], integer("seed", seed, 0, 2**63 - 1)
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
        for stage in stages:
            for todo, answer in _carried_out(_todo(scenes, stage, trials, done, seed, timeout), jobs):
                start = todo.task.trials.start
                store.save(start, {keys[row]: got for row, got in zip(todo.rows, answer)})
                for row, got in zip(todo.rows, answer):
                    sink(row, start, got)
                done[list(todo.rows), start // CHUNK] = True
                bar.update(sum(map(len, answer)))
            yield stage


def _todo(scenes, stage: int, trials: int, done: np.ndarray, seed: int, timeout: float) -> Iterator[_Todo]:
    """What is missing up to trial `stage`, in whole chunks of the `trials` in all."""
    for scene, cells in scenes.items():
        for chunk in range(-(-stage // CHUNK)):
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
    versions = depends_on() | {reader: version_of(reader)}
    return json.dumps(condition | {"seed": seed, "timeout": timeout, "versions": versions}, sort_keys=True)


@lru_cache
def depends_on(*more: str) -> dict[str, str]:
    """What else a reading depends on: the libraries and this package's own source; more: modules beside."""
    names = ("checks", "standard", "placement", "symbols", "damage", "optics", "imaging", "readers", "files")
    names += ("scenario", "scene", "workers", *more)
    source = b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in names)
    digest = hashlib.sha256(source).hexdigest()[:12]
    libraries = {name: installed(name) for name in ("segno", "numpy")}
    return {"qrlab": digest, "opencv": version_of("opencv")} | libraries  # it draws photographs, too
