"""Trials, in processes of their own (loky's): a reader that crashes or hangs costs one reading."""

import atexit
import faulthandler
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import resource_tracker

from joblib.externals.loky import ProcessPoolExecutor

from qrlab.readers import OUTCOMES, decode, load, read_picture
from qrlab.scene import Scene

_PATIENCE = 120.0  # seconds to load the readers' libraries, and to make a large print with its damage
_GRACE = 2.0  # seconds to make a symbol and its damage between two readings
# One thread a process; and memory for pictures is kept for the next one (glibc), which is much faster.
_SETTINGS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_SETTINGS |= {"MALLOC_TRIM_THRESHOLD_": str(1 << 28), "MALLOC_MMAP_THRESHOLD_": str(1 << 28)}
_ENDED = (BrokenExecutor, CancelledError)


@dataclass(frozen=True)
class Task:
    """Some trials of one scene; cells: (severity, reader) of each reading in a trial; places: the asker's."""

    scene: Scene
    trials: range
    places: tuple[int, ...]
    cells: tuple[tuple[float, str], ...]
    seed: int
    timeout: float


# A reading as it travels: place in OUTCOMES, nanoseconds, detail, and what was misread, in hexadecimal.
Row = tuple[int, int, str, str | None]


class WorkerError(RuntimeError):
    """A worker process failed outside of any reading, or was stopped."""


def carry_out(task: Task) -> list[list[Row]]:
    """The readings of a task: for each cell, a row for each trial.  Where the process ends, its trials are
    carried out one by one, then their readings: what ends a process of its own is a crash or a timeout."""
    try:
        with _worker() as worker:
            return worker.ask(task)
    except _ENDED:
        if worker.stopped:
            raise WorkerError("stopped") from None
    except Exception as problem:
        raise WorkerError(f"{type(problem).__name__}: {problem}") from None
    if len(task.trials) > 1:
        trials = [carry_out(replace(task, trials=range(k, k + 1))) for k in task.trials]
        return [[rows[cell][0] for rows in trials] for cell in range(len(task.cells))]
    if len(task.cells) > 1:
        return [carry_out(replace(task, cells=(cell,)))[0] for cell in task.cells]
    return [[_alone(task)]]


def _alone(task: Task) -> Row:
    """One reading in a process of its own."""
    began = None
    try:
        with _worker(new=True) as worker:
            worker.ask(task, read=False)
            began = time.monotonic()
            return worker.ask(task)[0][0]
    except _ENDED as problem:
        if began is None or worker.stopped:
            raise WorkerError(f"workers end outside of any reading: {problem}") from None
        outcome = "timeout" if time.monotonic() - began >= task.timeout else "crash"
        return OUTCOMES.index(outcome), 0, "", None


class _Worker:
    """A process that carries out tasks."""

    def __init__(self) -> None:
        self.stopped = False
        multiprocessing.current_process().daemon = False  # a Dask worker is one, and could begin no process
        self.pool = ProcessPoolExecutor(1, env=_SETTINGS, initializer=_begin, initargs=(os.getpid(),))

    def ask(self, task: Task, read: bool = True) -> list[list[Row]]:
        paths = [path or os.getcwd() for path in sys.path]  # a reader of one's own is among them
        resource_tracker.ensure_running()  # now, as it would let signals through
        mask = getattr(signal, "pthread_sigmask", lambda *_: ())  # Windows has none
        before = mask(getattr(signal, "SIG_BLOCK", 0), {signal.SIGINT})  # in a process that begins, too
        try:
            future = self.pool.submit(_answer, task, paths, read)
        finally:
            mask(getattr(signal, "SIG_SETMASK", 0), before)
        return future.result()


_idle: list[_Worker] = []
_busy: set[_Worker] = set()
_lock = threading.Lock()


@contextmanager
def _worker(new: bool = False) -> Iterator[_Worker]:
    """A worker for one's own; whatever goes wrong meanwhile ends it."""
    with _lock:
        worker = _idle.pop() if _idle and not new else _Worker()
        _busy.add(worker)
    try:
        yield worker
        with _lock:
            _idle.append(worker)
    except BaseException:
        worker.pool.shutdown(wait=False, kill_workers=True)
        raise
    finally:
        with _lock:
            _busy.discard(worker)


@atexit.register
def stop() -> None:
    """End all workers, whatever they are doing: their tasks raise WorkerError."""
    with _lock:
        for worker in (*_idle, *_busy):
            worker.stopped = True
            worker.pool.shutdown(wait=False, kill_workers=True)
        _idle.clear()
        _busy.clear()


def _begin(parent: int) -> None:
    """A worker's first act."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the session that asked
    cv2.setNumThreads(1)
    for shown in (1, 2):  # what a reader prints is for nobody
        os.dup2(os.open(os.devnull, os.O_WRONLY), shown)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process once the one that began it is gone, killed perhaps."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _answer(task: Task, paths: list[str], read: bool) -> list[list[Row]]:
    """The readings of a task; without read all is made for them, and nothing is read."""
    sys.path[:] = paths
    importlib.invalidate_caches()
    # Ends the process after so many seconds, even in a library that never lets Python run.
    limit = partial(faulthandler.dump_traceback_later, exit=True, file=2)
    limit(_PATIENCE)
    readers = {name: load(name) for name in {name for _, name in task.cells}}
    rows: list[list[Row]] = [[] for _ in task.cells]
    renew = 0.0
    for number in task.trials:
        if task.scene.camera is not None:  # large prints and many blots take their time
            limit(_PATIENCE)
            renew = 0.0
        trial, shown = task.scene.trial(task.seed, number), None
        for (severity, reader), of_cell in zip(task.cells, rows):
            if reader != "model" and severity != shown:
                picture, shown = trial.picture(severity), severity
            if (now := time.monotonic()) >= renew:  # not at each reading: it starts a thread
                limit(1.25 * task.timeout + _GRACE)
                renew = now + 0.25 * task.timeout
            if not read:
                continue
            if reader == "model":
                reading = decode(trial.modules(severity), reader, trial.symbol)
            else:
                reading = read_picture(readers[reader], picture, trial.symbol.content)
            outcome = "timeout" if reading.seconds > task.timeout else reading.outcome
            misread = reading.content.hex() if outcome == "misread" and reading.content is not None else None
            of_cell.append((OUTCOMES.index(outcome), round(1e9 * reading.seconds), reading.detail, misread))
    faulthandler.cancel_dump_traceback_later()
    return rows
