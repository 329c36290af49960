"""Readers that crash, hang and raise; runs that are killed and interrupted; the processes they leave."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from multiprocessing.dummy import DummyProcess
from pathlib import Path

import bad_readers
import numpy as np
import pandas as pd
import pytest
from test_runner import asked, assert_same, once, quiet_joblib  # noqa: F401

import qrlab as qr
from qrlab import workers

SITE = "https://www.example.org"
BAD = {"crashes": "crash", "exits": "crash", "hangs": "timeout", "raises": "error", "quits": "error"}
BAD |= {"misreads": "misread"}
SEEN = {"content": "https://example.org", "damage": "speckle", "severity": 0.04}
READERS = ["zxing", *(f"bad_readers:{name}" for name in (*BAD, "babbles", "gives_a_number"))]
BADLY = {"trials": 20, "seed": 56, "timeout": 1}
ENDLESS = {"payload": 10, "damage": "codewords", "severity": [0.1, 0.2], "reader": ["zxing", "model"]}


@pytest.fixture(autouse=True, scope="module")
def interruptible():
    """Interrupts as a terminal's, also where whoever began the tests has them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def until(condition, seconds: float = 60) -> None:
    """Wait for a condition; fail where it never comes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


# --- bad readers ---


@pytest.fixture(scope="module")
def badly() -> pd.DataFrame:
    """Crashes in both chunks; a crash, an exit and a hang in the first."""
    return qr.readings(SEEN | {"reader": READERS}, jobs=2, **BADLY)


def triggered(reader: str) -> list[bool]:
    """In which trials the picture makes a bad reader misbehave."""
    every = 40 if reader in ("exits", "hangs") else 5
    pictures = [qr.shown(SEEN, seed=BADLY["seed"], trial=trial) for trial in range(BADLY["trials"])]
    return [bad_readers.turn(picture, every) for picture in pictures]


@pytest.mark.parametrize("reader", BAD)
def test_a_bad_reader_costs_the_trials_that_make_it_misbehave_and_no_others(badly, reader):
    there = triggered(reader)
    assert 0 < sum(there) < len(there), "this design makes it misbehave, but not always"
    usual = badly.outcome[badly.reader == "zxing"]
    expected = [BAD[reader] if bad else outcome for bad, outcome in zip(there, usual)]
    assert list(badly.outcome[badly.reader == f"bad_readers:{reader}"]) == expected


def test_what_a_reader_prints_or_gives_does_no_harm(badly):
    babbles, gives = (badly[badly.reader == f"bad_readers:{name}"] for name in ("babbles", "gives_a_number"))
    assert list(babbles.outcome) == list(badly.outcome[badly.reader == "zxing"])
    assert set(gives.outcome) == {"error"}
    assert set(gives.detail) == {"it gave neither bytes, str nor None, but int"}


def test_what_a_reader_raises_is_told_on_one_line(badly):
    said = badly[badly.outcome == "error"].groupby("reader", observed=True).detail.unique()
    assert list(said["bad_readers:raises"]) == ["OverflowError: too much to read"]
    assert list(said["bad_readers:quits"]) == ["SystemExit: 3"]


def test_what_was_misread_is_kept(badly):
    misread = badly[badly.outcome == "misread"]
    assert len(misread) == sum(triggered("misreads"))
    for row in misread.to_dict("records"):
        picture = qr.shown(row, seed=BADLY["seed"], trial=row["trial"])
        assert qr.decode(picture, row["reader"]).content == row["read"] == b"another content"


def test_one_job_counts_bad_readers_as_two_do(badly, tmp_path):
    readers = [reader for reader in READERS if reader != "bad_readers:hangs"]  # it takes its time
    counted = qr.run(SEEN | {"reader": readers}, jobs=1, cache=tmp_path, **BADLY)
    expected = pd.crosstab(badly.reader, badly.outcome, dropna=False).loc[readers]
    assert np.array_equal(counted[expected.columns], expected)
    assert counted.crash.sum() == sum(triggered("crashes")) + sum(triggered("exits"))
    assert [case["trial"] for case in counted.attrs["misreads"]] == list(
        np.flatnonzero(triggered("misreads"))
    )
    assert_same(qr.run(SEEN | {"reader": readers}, jobs=2, cache=tmp_path, **BADLY), counted)


# --- worker processes ---


def test_a_worker_that_was_killed_between_runs_is_replaced():
    expected = once(SEEN, trials=20)
    for worker in workers._idle:
        os.kill(worker.process.pid, signal.SIGKILL)
    assert_same(once(SEEN, trials=20), expected)


def test_a_worker_that_is_killed_outside_a_reading_is_replaced(monkeypatch):
    """As the system does that runs out of memory."""
    expected, ask, killed = once(SEEN, trials=20), workers._Worker.ask, []

    def ask_of_the_dead(self, task, lost):
        if not killed:
            killed.append(self)
            self.process.kill()
        return ask(self, task, lost)

    monkeypatch.setattr(workers._Worker, "ask", ask_of_the_dead)
    assert_same(once(SEEN, trials=20), expected)


@pytest.fixture
def own_reader(tmp_path, monkeypatch):
    """To write, and rewrite, a module with a reader of one's own."""

    def write(source: str) -> str:
        (tmp_path / "own_reader.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        return "own_reader:read"

    yield write
    sys.modules.pop("own_reader", None)


def test_a_reader_is_found_where_this_process_finds_it(own_reader):
    once(SEEN)  # now there is a worker
    reader = own_reader("def read(image):\n    return b'mine'\n")
    assert once(SEEN | {"reader": reader}).misread.item() == 1


def test_a_reader_that_was_edited_is_read_with_anew(own_reader, tmp_path):
    read = []
    for answer in (b"before", b"afterwards"):
        reader = own_reader(f"def read(image):\n    return {answer}\n")
        result = qr.readings(SEEN | {"reader": reader}, trials=1, seed=1, jobs=1, cache=tmp_path)
        read.append(result["read"].item())
    assert read == [b"before", b"afterwards"]


# --- runs that are killed or interrupted ---

PROGRAM = """
import json, os, resource, signal, sys, time
from pathlib import Path
import qrlab as qr
from qrlab.cache import Cache

signal.signal(signal.SIGINT, signal.default_int_handler)
design, options, moment, times, limit, meet = json.loads(sys.argv[1])
enter, place = Cache.__enter__, Path(os.environ["TMPDIR"])

def watch(statement):
    global times
    times -= statement.startswith(moment)
    if times == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(self):
    enter(self)
    self.database.set_trace_callback(watch if moment else None)
    return self

Cache.__enter__ = watched
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
if meet:
    (place / f"here-{os.getpid()}").touch()
    while len(list(place.glob("here-*"))) < meet:
        time.sleep(0.01)
result = qr.run(design, **options)
(place / f"result-{os.getpid()}").write_text(result.drop(columns="seconds").to_csv())
"""


class Program:
    """A run in a process of its own, its temporary files in a folder of their own.

    It kills itself when it comes to a kind of SQL statement (moment) for the n-th time (times), may
    not write files of more than so many bytes (limit), and waits till so many have begun (meet).
    """

    def __init__(self, folder: Path, design: dict, moment="", times=0, limit=0, meet=0, **options) -> None:
        self.cache, self.temporary = folder / "cache", folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        options = {"trials": 10**6, "seed": 1, "jobs": 2, "cache": str(self.cache)} | options
        given = json.dumps([design, options, moment, times, limit, meet])
        environment = {"TMPDIR": str(self.temporary), "TQDM_DISABLE": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)  # where our bad readers are
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, given],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
            start_new_session=True,
        )

    def finished(self) -> dict[int, int]:
        """How many conditions the cache holds of each chunk, by its first trial."""
        file = self.cache / "readings.sqlite"
        if file.exists():
            with closing(sqlite3.connect(file)) as database, suppress(sqlite3.Error):
                return Counter(start for (start,) in database.execute("SELECT start FROM readings"))
        return {}

    def workers(self) -> list[bytes]:
        """Commands of the processes that it started and that still run."""
        commands = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                commands.append(file.read_bytes())
        return [command for command in commands if os.fsencode(self.temporary) in command]

    def end(self, sent: int | None = None) -> str:
        """Send it a signal, if one is given, as a terminal does, and wait: its standard error."""
        if sent is not None:
            os.killpg(self.process.pid, sent)
        self.said = self.process.communicate(timeout=60)[1]
        return self.said

    def result(self) -> str:
        return (self.temporary / f"result-{self.process.pid}").read_text()

    def assert_goes_on(self, asked: list[tuple]) -> None:  # noqa: F811
        """With what is finished, and to the result of a run that nothing befell."""
        finished = self.finished()
        assert set(finished.values()) <= {4}, "all of a chunk or nothing"
        more = max(finished, default=0) + 35
        asked.clear()
        result = qr.run(ENDLESS, trials=more, seed=1, jobs=2, cache=self.cache)
        kept = {start + k for start in finished for k in range(10)}
        assert sorted({trial for *_, trial in asked}) == sorted(set(range(more)) - kept)
        assert_same(result, qr.run(ENDLESS, trials=more, seed=1, jobs=1))


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> dict[str, Program]:
    """Runs that came to a sudden end, begun all at once because beginning takes the most time."""

    def begin(design=ENDLESS, **options):
        return Program(tmp_path_factory.mktemp("ended"), design, **options)

    runs = {
        "hanging": begin(SEEN | {"reader": "bad_readers:stalls"}, jobs=1, timeout=1),
        "killed": begin(jobs=1),
        "interrupted": begin(),
        "committing": begin(moment="COMMIT", times=4, jobs=1),
    }
    left = {"hanging": signal.SIGKILL, "killed": signal.SIGKILL, "interrupted": signal.SIGINT}

    def all_ended() -> bool:
        for name, sent in list(left.items()):
            if (runs[name].temporary / "stalls").exists() or len(runs[name].finished()) > 5:
                assert runs[name].workers()
                runs[name].end(sent)
                del left[name]
        return not left

    until(all_ended)
    runs["committing"].end()
    return runs


@pytest.mark.parametrize("when", ["hanging", "committing", "killed"])
def test_the_workers_of_a_killed_run_end_by_themselves(ended, when):
    assert ended[when].process.returncode == -signal.SIGKILL
    assert ended[when].said == ""
    until(lambda: not ended[when].workers())


def test_an_interrupted_run_ends_with_that_and_its_workers_with_it(ended):
    assert ended["interrupted"].process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in ended["interrupted"].said.splitlines()
    assert "Error" not in ended["interrupted"].said
    until(lambda: not ended["interrupted"].workers())


@pytest.mark.parametrize("when", ["committing", "killed", "interrupted"])
def test_a_run_that_was_ended_goes_on_from_what_was_finished(ended, asked, when):  # noqa: F811
    least = {"committing": 3, "killed": 6, "interrupted": 6}[when]
    assert len(ended[when].finished()) >= least
    ended[when].assert_goes_on(asked)


@pytest.mark.parametrize(
    "when",
    [
        pytest.param("killed"),
        pytest.param("interrupted"),
    ],
)
def test_a_run_that_was_ended_leaves_no_temporary_files(ended, when):
    until(lambda: not ended[when].workers())
    assert list(ended[when].temporary.iterdir()) == []


@quiet_joblib
@pytest.mark.parametrize("jobs", [pytest.param(1), 2])
def test_an_interrupt_does_not_wait_for_a_reader_that_hangs(jobs):
    def interrupt():
        until(lambda: any(workers._MARK.unpack_from(worker.page)[0] >= 0 for worker in set(workers._busy)))
        hanging.extend(workers._busy)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    hanging, thread = [], threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        once(SEEN | {"reader": "bad_readers:stalls"}, trials=2, jobs=jobs, timeout=600)
    thread.join()
    (worker,) = hanging
    try:
        assert worker.process.wait(60) == -signal.SIGKILL
        until(lambda: not any(isinstance(thread, DummyProcess) for thread in threading.enumerate()), 10)
        until(lambda: worker.page.closed and not Path(worker.path).exists(), 2)
    finally:
        if not worker.page.closed:
            worker.close()


def test_a_crash_that_shows_after_its_reading_is_counted_and_the_run_goes_on():
    design = {"payload": 10, "damage": "speckle", "severity": 0.005, "reader": "bad_readers:spoils"}
    result = once(design, trials=20)
    pictures = [qr.shown(result.iloc[0], seed=1, trial=trial) for trial in range(20)]
    spoilt = sum(bad_readers.turn(picture) for picture in pictures)
    assert 0 < spoilt < 20
    assert 0 < result.crash.item() <= spoilt  # one that spoils the last of a chunk does no harm
    assert result.crash.item() + result.ok.item() + result.unread.item() == 20
