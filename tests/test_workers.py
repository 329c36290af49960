"""Readers that crash, hang and raise; runs that are killed and interrupted; the processes they leave."""

import os
import signal
import sys
import threading
from multiprocessing.dummy import DummyProcess

import bad_readers
import numpy as np
import pandas as pd
import pytest
from helpers import assert_same, once, pids, quiet_joblib, until
from programs import ENDLESS, Program, assert_goes_on

import qrlab as qr
from qrlab import workers

BAD = {"crashes": "crash", "exits": "crash", "raises": "error", "quits": "error", "misreads": "misread"}
SEEN = {"content": "https://example.org", "damage": "speckle", "severity": 0.04}
READERS = ["zxing", *(f"bad_readers:{name}" for name in (*BAD, "babbles", "gives_a_number"))]
BADLY = {"trials": 20, "seed": 56, "timeout": 1}


@pytest.fixture(autouse=True, scope="module")
def interruptible():
    """Interrupts as a terminal's, also where whoever began the tests has them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# --- bad readers ---


@pytest.fixture(scope="module")
def badly() -> pd.DataFrame:
    """Crashes in both chunks; a crash and an exit in the first."""
    return qr.readings(SEEN | {"reader": READERS}, jobs=2, **BADLY)


def triggered(reader: str) -> list[bool]:
    """In which trials the picture makes a bad reader misbehave."""
    every = 40 if reader in ("exits", "hangs") else 5
    pictures = [qr.shown(SEEN, seed=BADLY["seed"], trial=trial) for trial in range(BADLY["trials"])]
    return [bad_readers.turn(picture, every) for picture in pictures]


def assert_misbehaves(readings: pd.DataFrame, reader: str, outcome: str) -> None:
    """In the trials that make it do so, and in no others."""
    there = triggered(reader)
    assert 0 < sum(there) < len(there), "this design makes it misbehave, but not always"
    usual = readings.outcome[readings.reader == "zxing"]
    expected = [outcome if bad else normal for bad, normal in zip(there, usual)]
    assert list(readings.outcome[readings.reader == f"bad_readers:{reader}"]) == expected


@pytest.mark.parametrize("reader", BAD)
def test_a_bad_reader_costs_the_trials_that_make_it_misbehave_and_no_others(badly, reader):
    assert_misbehaves(badly, reader, BAD[reader])


@pytest.mark.proof
def test_so_does_a_reader_that_hangs():
    design = SEEN | {"reader": ["bad_readers:hangs", "zxing", "bad_readers:crashes"]}
    readings = qr.readings(design, jobs=2, **BADLY)
    assert_misbehaves(readings, "hangs", "timeout")
    assert_misbehaves(readings, "crashes", "crash")


def test_what_a_reader_prints_gives_or_raises_does_no_harm(badly):
    by_reader = dict(list(badly.groupby("reader")))
    assert list(by_reader["bad_readers:babbles"].outcome) == list(by_reader["zxing"].outcome)
    assert set(by_reader["bad_readers:gives_a_number"].outcome) == {"error"}
    said = badly[badly.outcome == "error"].groupby("reader", observed=True).detail.unique()
    neither = "TypeError: it gave neither bytes, str nor None, but int"
    assert list(said["bad_readers:gives_a_number"]) == [neither]
    assert list(said["bad_readers:raises"]) == ["OverflowError: too much to read"], "on one line"
    assert list(said["bad_readers:quits"]) == ["SystemExit: 3"]


def test_what_was_misread_is_kept(badly):
    misread = badly[badly.outcome == "misread"]
    assert len(misread) == sum(triggered("misreads"))
    for row in misread.to_dict("records"):
        picture = qr.shown(row, seed=BADLY["seed"], trial=row["trial"])
        assert qr.decode(picture, row["reader"]).content == row["read"] == b"another content"


@pytest.mark.proof
def test_one_job_counts_bad_readers_as_two_do(badly, tmp_path):
    counted = qr.run(SEEN | {"reader": READERS}, jobs=1, cache=tmp_path, **BADLY)
    expected = pd.crosstab(badly.reader, badly.outcome, dropna=False).loc[READERS]
    assert np.array_equal(counted[expected.columns], expected)
    assert counted.crash.sum() == sum(triggered("crashes")) + sum(triggered("exits"))
    assert_same(qr.run(SEEN | {"reader": READERS}, jobs=2, cache=tmp_path, **BADLY), counted)


def test_what_a_reader_breaks_for_those_after_it_costs_no_more_than_its_own_trials():
    design = {"payload": 10, "damage": "speckle", "severity": 0.005, "reader": "bad_readers:spoils"}
    read = qr.readings(design, trials=10, seed=1, jobs=1)
    spoilt = [bad_readers.turn(qr.shown(read.iloc[0], seed=1, trial=trial)) for trial in range(10)]
    assert 0 < sum(spoilt) < 10
    usual = qr.readings(design | {"reader": "zxing"}, trials=10, seed=1, jobs=1).outcome
    assert list(read.outcome[~np.array(spoilt)]) == list(usual[~np.array(spoilt)])
    assert set(read.outcome[spoilt]) <= {"crash", *usual[spoilt]}


# --- worker processes ---


def test_a_worker_that_was_killed_between_runs_is_replaced():
    expected = once(SEEN, trials=20)
    assert pids()
    for pid in pids():
        os.kill(pid, signal.SIGKILL)
    assert_same(once(SEEN, trials=20), expected)


def test_a_worker_that_is_killed_outside_a_reading_is_replaced(monkeypatch):
    """As the system does that runs out of memory."""
    expected, ask, killed = once(SEEN, trials=20), workers._Worker.ask, []

    def ask_of_the_dead(self, *task, **options):
        if not killed:
            killed.extend(self.pool._processes)
            os.kill(killed[0], signal.SIGKILL)
        return ask(self, *task, **options)

    monkeypatch.setattr(workers._Worker, "ask", ask_of_the_dead)
    assert_same(once(SEEN, trials=20), expected)
    assert killed


@pytest.fixture
def own_reader(tmp_path, monkeypatch):
    """To write, and rewrite, a module with a reader of one's own; each test has its own name for it."""
    name = f"own_{tmp_path.name}"

    def write(source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        return f"{name}:read"

    yield write
    sys.modules.pop(name, None)


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


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> dict[str, Program]:
    """Runs that came to a sudden end, begun all at once because beginning takes the most time."""

    def begin(design=ENDLESS, **options):
        return Program(tmp_path_factory.mktemp("ended"), design, **options)

    runs = {
        "hanging": begin(SEEN | {"reader": "bad_readers:stalls"}, jobs=1, timeout=1),
        "killed": begin(jobs=1),
        "interrupted": begin(),
        "writing": begin(writes=3, jobs=1),
    }
    left = {"hanging": signal.SIGKILL, "killed": signal.SIGKILL, "interrupted": signal.SIGINT}

    def all_ended() -> bool:
        for name, sent in list(left.items()):
            if (runs[name].temporary / "stalls").exists() or runs[name].finished() > 8:
                assert runs[name].workers()
                runs[name].send(sent)
                del left[name]
        return not left

    until(all_ended)
    for run in runs.values():
        run.end()
    return runs


@pytest.mark.proof
@pytest.mark.parametrize("when", ["hanging", "writing", "killed"])
def test_the_workers_of_a_killed_run_end_by_themselves(ended, when):
    assert ended[when].process.returncode == -signal.SIGKILL
    assert "Error" not in ended[when].said
    until(lambda: not ended[when].workers())


@pytest.mark.proof
def test_an_interrupted_run_ends_with_that_and_its_workers_with_it(ended):
    assert ended["interrupted"].process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in ended["interrupted"].said.splitlines()
    assert "Error" not in ended["interrupted"].said
    until(lambda: not ended["interrupted"].workers())


@pytest.mark.proof
@pytest.mark.parametrize("when", ["killed", "interrupted"])
def test_a_run_that_was_ended_goes_on_from_what_was_finished(ended, asked, when):
    finished = ended[when].finished()
    assert finished >= 12
    assert_goes_on(ended[when].cache, finished, asked)


@pytest.mark.proof
def test_a_run_that_was_killed_while_it_wrote_goes_on_with_a_warning(ended, asked):
    assert ended["writing"].finished() == 12
    with pytest.warns(UserWarning, match="damaged records, which are made anew: 1$"):
        assert_goes_on(ended["writing"].cache, 12, asked)


@pytest.mark.proof
@pytest.mark.parametrize("when", ["killed", "interrupted"])
def test_a_run_that_was_ended_leaves_no_temporary_files(ended, when):
    until(lambda: not ended[when].workers())
    assert list(ended[when].temporary.iterdir()) == []


HANGS = """
import ctypes
from pathlib import Path

def read(image):
    Path(__file__).with_name("hangs").touch()
    ctypes.PyDLL(None).sleep(600)  # never lets Python run again
"""


@quiet_joblib
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_does_not_wait_for_a_reader_that_hangs(own_reader, tmp_path, jobs):
    def interrupt():
        until((tmp_path / "hangs").exists)
        before.extend(pids())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    before, thread, reader = [], threading.Thread(target=interrupt), own_reader(HANGS)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        once(SEEN | {"reader": reader}, trials=2, jobs=jobs, timeout=600)
    thread.join()
    assert not workers._busy
    (hung,) = set(before) - set(pids())
    until(lambda: not _runs(hung))
    until(lambda: not any(isinstance(thread, DummyProcess) for thread in threading.enumerate()), 10)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
