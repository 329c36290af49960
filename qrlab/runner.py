"""Experiments: a design (a data frame of conditions) in, successes out of trials back.

Paired and reproducible: what trial k shows depends on the seed and k alone, not on the order, the
number of jobs or what was read before.  Nothing here draws, nor judges what the counts mean.
"""

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from qrlab.cache import Cache, code_digest
from qrlab.checks import integer, number
from qrlab.design import CONDITIONS, FAMILIES, Condition, read_design, read_row
from qrlab.progress import progress
from qrlab.readers import OUTCOMES, installed, version_of
from qrlab.scene import Scene
from qrlab.workers import Row, Task, WorkerError, carry_out, stop

CHUNK = 20  # trials that are carried out, and cached, together; a scenario's share their symbol


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

    design: a data frame with a row per condition, or a mapping of lists and single values, of which all
    combinations are taken.  Its columns: content (str or bytes) or payload (bytes: random ones of that
    length, another for each trial, or for `alike` trials); level (M), version (the smallest),
    mask; damage (a key of damage.MODELS, none, or a Mix), its parameters as damage_NAME, severity (0);
    px_per_module (4), quiet_zone (4); reader (zxing; also a panel).  Missing values mean the default.  For
    photographs, in place of px_per_module and quiet_zone: print_width_mm and other settings of Print as
    print_NAME; camera_px_per_mm or camera_distance_mm and other settings of Camera as camera_NAME.  Or, in
    place of all but severity and reader, a column scene, with Scenes.
    trials: per condition; seed: 0 or more; jobs: processes, -1 for one per core (within joblib's
    parallel_config(backend="dask"): those of the cluster); cache: a folder for what was read, so that
    a run can be interrupted, resumed and extended; timeout: seconds allowed for one reading, 1 or more.

    Returns the conditions, complete, with trials, ok, misread, unread, error, crash, timeout (counts
    that add up to trials) and seconds (the reader's own time, their sum: measured, so the one column
    that differs from run to run).  Unavailable readers are left out with a warning; .attrs["left_out"] says
    why.
    Raises ValueError for bad input, OSError for a cache that can't be written."""
    table, conditions = read_design(design)
    trials = integer("trials", trials, 1, 10**9)
    counts = np.zeros((len(table), len(OUTCOMES)), int)
    nanoseconds = [0] * len(table)  # whole ones add up alike in any order
    for place, _, rows in _read(conditions, range(trials), seed, jobs, cache, timeout):
        counts[place] += np.bincount([outcome for outcome, *_ in rows], minlength=len(OUTCOMES))
        nanoseconds[place] += sum(taken for _, taken, *_ in rows)
    return table.assign(trials=trials, **dict(zip(OUTCOMES, counts.T)), seconds=np.array(nanoseconds) / 1e9)


def readings(
    design: pd.DataFrame | Mapping,
    *,
    trials: int,
    seed: int,
    first: int = 0,
    jobs: int = -1,
    cache: str | Path | None = None,
    timeout: float = 10.0,
) -> pd.DataFrame:
    """As `run`, but a row for each reading: the conditions with trial, outcome, seconds, detail and read.

    The trials are those from `first` to before `trials`, so that who wants more goes on from where it was;
    detail: the reader's reason for not reading, or a remark; read: what was misread (bytes) or None."""
    table, conditions = read_design(design)
    numbers = range(integer("first", first, 0, 10**9), integer("trials", trials, first + 1, 10**9))
    chunks: list[dict[int, list[Row]]] = [{} for _ in conditions]
    for row, start, rows in _read(conditions, numbers, seed, jobs, cache, timeout):
        chunks[row][start] = rows
    every = [reading for starts in chunks for start in sorted(starts) for reading in starts[start]]
    outcome, nanoseconds, detail, read = zip(*every)
    long = table.loc[np.repeat(table.index, len(numbers))].reset_index(drop=True)
    return long.assign(
        trial=np.tile(np.array(numbers), len(table)),
        outcome=pd.Categorical.from_codes(outcome, OUTCOMES),
        seconds=np.array(nanoseconds) / 1e9,
        detail=pd.Series(detail, dtype="category"),
        read=pd.Series([x and bytes.fromhex(x) for x in read], dtype=object),
    )


def shown(row: Mapping | pd.Series, *, seed: int, trial: int) -> np.ndarray:
    """The picture (uint8 height×width) that a reader was shown: a row of a design or result, and a trial."""
    own = [name for name in dict(row) if name in (*CONDITIONS, "scene") or name.startswith(FAMILIES)]
    condition = read_row({name: row[name] for name in own}, {})
    trial, seed = integer("trial", trial, 0, 10**9), integer("seed", seed, 0, 2**63 - 1)
    return condition.scene.trial(seed, trial).picture(condition.severity)


def _read(
    conditions: list[Condition],
    trials: range,
    seed: int,
    jobs: int,
    cache: str | Path | None,
    timeout: float,
) -> Iterator[tuple[int, int, list[Row]]]:
    """Every reading, from the cache or fresh, in chunks: (place of the condition, first trial, readings)."""
    seed, timeout = integer("seed", seed, 0, 2**63 - 1), number("timeout", timeout, 1, 3600)
    if jobs != -1:
        integer("jobs, unless -1,", jobs, 1, 4096)
    keys = _keys(conditions, seed, timeout)
    cells = [(condition.severity, condition.reader) for condition in conditions]
    missing: dict[tuple[Scene, range], list[int]] = {}
    with Cache(cache) as store, progress(len(cells) * len(trials), "reading", "reading") as bar:
        for place in sorted(range(len(cells)), key=cells.__getitem__):  # so that each picture is made once
            for chunk in (trials[k : k + CHUNK] for k in range(0, len(trials), CHUNK)):
                rows = store.get(f"{keys[place]} from trial {chunk.start}") or []
                if len(rows) < len(chunk):
                    missing.setdefault((conditions[place].scene, chunk), []).append(place)
                    continue
                bar.total -= len(chunk)  # the time left is that of what is read now
                yield place, chunk.start, rows[: len(chunk)]
        bar.refresh()
        tasks = (
            Task(scene, chunk, tuple(places), tuple(cells[k] for k in places), seed, timeout)
            for (scene, chunk), places in missing.items()
        )
        for task, answer in _carried_out(tasks, jobs):
            start = task.trials.start
            store.put({f"{keys[place]} from trial {start}": rows for place, rows in zip(task.places, answer)})
            bar.update(len(task.places) * len(task.trials))
            yield from ((place, start, rows) for place, rows in zip(task.places, answer))


def _carried_out(tasks: Iterator[Task], jobs: int) -> Iterator[tuple[Task, list[list[Row]]]]:
    """Answers as they come.  Threads are enough: each waits for a process of its own."""

    def one(task: Task) -> tuple[Task, list[list[Row]]]:
        return task, carry_out(task)

    parallel = joblib.Parallel(n_jobs=jobs, prefer="threads", return_as="generator_unordered")
    answers = parallel(joblib.delayed(one)(task) for task in tasks)
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


def _keys(conditions: list[Condition], seed: int, timeout: float) -> list[str]:
    """For each condition all that its readings depend on but the trial: itself, the seed and the versions."""
    versions = {name: installed(name) for name in ("segno", "numpy")}
    versions |= {"qrlab": code_digest("workers"), "opencv": version_of("opencv")}  # it draws photographs, too
    of_reader = {reader: version_of(reader) for reader in {condition.reader for condition in conditions}}
    keys = []
    for condition in conditions:
        said = asdict(condition) | {"seed": seed, "timeout": timeout}
        content = condition.scene.content
        if content is not None:  # whoever sees the cache need not see it
            said["scene"]["content"] = hashlib.sha256(repr(content).encode()).hexdigest()
        said["versions"] = versions | {condition.reader: of_reader[condition.reader]}
        keys.append(json.dumps(said, sort_keys=True))
    return keys
