"""Trials, carried out in a process of their own: a reader that crashes or hangs costs one reading.

What a trial shows to a reader follows from the scene, the seed and the trial's number alone.  Nothing
here knows designs, counts or caches.
"""

import atexit
import faulthandler
import importlib
import mmap
import os
import pickle
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import cv2
import numpy as np

from qrlab.readers import OUTCOMES, decode, load, read_picture
from qrlab.scene import Scene
from qrlab.symbols import Symbol

_PATIENCE = 120.0  # seconds to load the readers' libraries
_GRACE = 2.0  # seconds to make a symbol and its damage between two readings
# One thread a process; and memory for pictures is kept for the next one (glibc), which is much faster.
_SETTINGS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_SETTINGS |= {"MALLOC_TRIM_THRESHOLD_": str(1 << 28), "MALLOC_MMAP_THRESHOLD_": str(1 << 28)}
_MARK = struct.Struct("qd")  # the reading in progress (none: -1 less those begun) and when it began


@dataclass(frozen=True)
class Task:
    """Some trials of one scene; cells: (severity, reader) of each reading in a trial."""

    scene: Scene
    cells: tuple[tuple[float, str], ...]
    trials: range
    seed: int
    timeout: float


# A reading as it travels: place in OUTCOMES, nanoseconds, detail, and what was misread.
Row = tuple[int, int, str, bytes | None]


class WorkerError(RuntimeError):
    """A worker process failed outside of any reading."""


def carry_out(task: Task) -> list[list[Row]]:
    """The readings of a task: for each cell, a row for each trial.

    Readings during which the process ends are counted as crash or timeout, and the rest is read by a
    new process.
    """
    lost: dict[int, int] = {}
    ended = 0
    while True:
        worker = _borrow()
        try:
            answer = worker.ask(task, lost)
        except (EOFError, OSError, pickle.UnpicklingError):
            number, began = _MARK.unpack_from(worker.page)
            last_words, ended = _discard(worker), ended + (number < 0)
            if worker.stopped:
                raise WorkerError("stopped") from None
            if number >= 0:
                hung = time.monotonic() - began >= task.timeout
                lost[number] = OUTCOMES.index("timeout" if hung else "crash")
            elif ended == 2 and number < -1 and -number - 2 not in lost:
                lost[-number - 2] = OUTCOMES.index("crash")  # what the last reading broke shows afterwards
                ended = 0
            elif ended == 3:  # once or twice may be the system's doing, out of memory
                raise WorkerError(f"workers end outside of any reading: {last_words}") from None
            continue
        except BaseException:  # an interrupt
            _discard(worker)
            raise
        _give_back(worker)
        if isinstance(answer, str):
            raise WorkerError(answer)
        return answer


def _path() -> list[str]:
    """Where this process finds its modules, a reader of one's own among them."""
    return [place or os.getcwd() for place in sys.path]


def _page(path: str) -> mmap.mmap:
    with open(path, "r+b") as file:
        return mmap.mmap(file.fileno(), _MARK.size)


class _Worker:
    """A process that carries out tasks, and a page of memory in which it marks what it is doing."""

    def __init__(self) -> None:
        self.stopped = False
        handle, self.path = tempfile.mkstemp(prefix="qrlab-")
        with open(handle, "wb") as file:
            file.write(_MARK.pack(-1, 0.0))
        self.page = _page(self.path)
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115
        places = os.pathsep.join(_path())
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from qrlab.workers import serve; serve()", self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=os.environ | _SETTINGS | {"PYTHONPATH": places},
            start_new_session=True,  # an interrupt is for the session that asked, not for its workers
        )

    def ask(self, task: Task, lost: dict[int, int]) -> list[list[Row]] | str:
        pickle.dump((task, lost, _path()), self.process.stdin)
        self.process.stdin.flush()
        return pickle.load(self.process.stdout)

    def close(self) -> str:
        """End it; returns the last line that it wrote to standard error, or else its exit status."""
        self.process.kill()
        self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        for file in (self.process.stdin, self.process.stdout, self.page, self.errors):
            with suppress(OSError):  # what it had not yet taken
                file.close()
        with suppress(OSError):
            os.unlink(self.path)
        return lines[-1] if lines else f"exit status {self.process.returncode}"


_idle: list[_Worker] = []
_busy: set[_Worker] = set()
_lock = threading.Lock()


def _borrow() -> _Worker:
    with _lock:
        while _idle:
            worker = _idle.pop()
            if worker.process.poll() is None:
                break
            worker.close()
        else:
            worker = _Worker()
        _busy.add(worker)
        return worker


def _give_back(worker: _Worker) -> None:
    with _lock:
        _busy.discard(worker)
        _idle.append(worker)


def _discard(worker: _Worker) -> str:
    with _lock:
        _busy.discard(worker)
    return worker.close()


def stop() -> None:
    """End what this process's workers are doing: their tasks raise WorkerError."""
    with _lock:
        for worker in _busy:
            worker.stopped = True
            worker.process.kill()
            with suppress(OSError):  # before it could do so itself, and its thread may never
                os.unlink(worker.path)
        _busy.clear()


@atexit.register
def _close_all() -> None:
    stop()
    while _idle:
        _idle.pop().close()


def serve() -> None:
    """A worker's life: tasks come on standard input, answers go to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a reader prints must not get among the answers
    cv2.setNumThreads(1)
    mark = _page(sys.argv[1])
    with suppress(OSError):  # nobody else will need its name
        os.unlink(sys.argv[1])
    while True:
        try:
            task, lost, sys.path[:] = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        importlib.invalidate_caches()
        try:
            answer = _Readings(task, lost, mark).all()
        except Exception as problem:
            answer = f"{type(problem).__name__}: {problem}"
        pickle.dump(answer, answers)
        answers.flush()


class _Readings:
    """The readings of one task, each marked in the page of memory before it begins."""

    def __init__(self, task: Task, lost: dict[int, int], mark: mmap.mmap) -> None:
        self.task, self.lost, self.mark, self.number = task, lost, mark, 0
        self.devnull = open(os.devnull, "w")  # noqa: SIM115

    def all(self) -> list[list[Row]]:
        with self.devnull:
            self._limit(_PATIENCE)
            self.readers = {name: load(name) for name in {name for _, name in self.task.cells}}
            self.renew = 0.0
            rows = [row for trial in self.task.trials for row in self._trial(trial)]
            faulthandler.cancel_dump_traceback_later()
        return [rows[k :: len(self.task.cells)] for k in range(len(self.task.cells))]

    def _limit(self, seconds: float) -> None:
        """End the process after so many seconds, even in a library that never lets Python run."""
        faulthandler.dump_traceback_later(seconds, exit=True, file=self.devnull)

    def _begin(self) -> None:
        now = time.monotonic()
        if now >= self.renew:  # not at each reading: it starts a thread
            self._limit(1.25 * self.task.timeout + _GRACE)
            self.renew = now + 0.25 * self.task.timeout
        _MARK.pack_into(self.mark, 0, self.number, now)

    def _trial(self, trial: int):
        scene, seed = self.task.scene, self.task.seed
        _MARK.pack_into(self.mark, 0, -1 - self.number, 0.0)
        if scene.camera is not None:  # large prints and many blots take their time
            self._limit(_PATIENCE)
            self.renew = 0.0
        symbol, modules, picture = scene.pictures(seed, trial)
        shown = None
        for severity, reader in self.task.cells:
            if reader != "model" and severity != shown:
                image, shown = picture(severity), severity
            seen = modules(severity) if reader == "model" else image
            self._begin()
            yield self._read(reader, seen, symbol)
            self.number += 1
        _MARK.pack_into(self.mark, 0, -1 - self.number, 0.0)

    def _read(self, reader: str, seen: np.ndarray, symbol: Symbol) -> Row:
        if self.number in self.lost:
            return self.lost[self.number], 0, "", None
        if reader == "model":
            reading = decode(seen, "model", symbol)
        else:
            reading = read_picture(self.readers[reader], seen, symbol.content)
        outcome = "timeout" if reading.seconds > self.task.timeout else reading.outcome
        misread = reading.content if outcome == "misread" else None
        return OUTCOMES.index(outcome), round(1e9 * reading.seconds), reading.detail, misread
