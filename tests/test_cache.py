"""The cache's file: damaged, full, locked, shared, out of date; whatever befalls it, the result is right."""

import ast
import json
import shutil
import sqlite3
import subprocess
import threading
import warnings
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from helpers import assert_same, until
from test_workers import ENDLESS, Program

import qrlab as qr
from qrlab import cache, runner
from qrlab.cache import Cache

RUN = {"trials": 20, "seed": 1, "jobs": 1}
DESIGN = ENDLESS | {"level": ["L", "H"]}
READINGS = 8 * 20


@pytest.fixture(scope="module")
def expected():
    return qr.run(DESIGN, **RUN)


@pytest.fixture
def kept(tmp_path, asked) -> Path:
    """The file of a cache that has all that DESIGN needs."""
    qr.run(DESIGN, cache=tmp_path, **RUN)
    assert len(asked) == READINGS
    asked.clear()
    return tmp_path / "readings.sqlite"


def assert_right(file: Path, expected, asked) -> int:
    """The result is right, and everything is in the cache for the next one: how many were read for it."""
    asked.clear()
    assert_same(qr.run(DESIGN, cache=file.parent, **RUN), expected)
    read = len(asked)
    assert_same(qr.run(DESIGN, cache=file.parent, **RUN), expected)
    assert len(asked) == read
    return read


# --- a damaged file ---


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def without_header(data: bytes) -> bytes:
    return b"?" * 100 + data[100:]


def something_else(data: bytes) -> bytes:
    return b"a note to myself\n" * 500


def zeros_at(share: float):
    def a_page_of_zeros(data: bytes) -> bytes:
        page = int(share * len(data)) // 4096
        return data[: 4096 * page] + bytes(4096) + data[4096 * (page + 1) :]

    return a_page_of_zeros


def flips(data: bytes) -> bytes:
    damaged = bytearray(data)
    for place in np.random.default_rng(0).choice(np.flatnonzero(np.frombuffer(data, np.uint8)), 20):
        damaged[place] ^= 1
    return bytes(damaged)


@pytest.mark.parametrize(
    "damage",
    [cut, without_header, something_else, *map(zeros_at, (0, 0.25, 0.5, 0.75, 0.99)), flips],
    ids=lambda damage: damage.__name__,
)
def test_a_damaged_file_is_noticed_and_read_anew(kept, expected, asked, damage):
    damaged = damage(kept.read_bytes())
    kept.write_bytes(damaged)
    with pytest.warns(
        UserWarning, match=r"cache .*readings.sqlite (is damaged|has a damaged record)"
    ) as warned:
        assert 0 < assert_right(kept, expected, asked) <= READINGS
    if "set aside as readings.damaged" in str(warned[0].message):
        assert kept.with_suffix(".damaged").read_bytes() == damaged


def test_an_empty_file_or_a_strange_journal_is_no_matter(kept, expected, asked):
    kept.with_name("readings.sqlite-journal").write_bytes(b"?" * 5000)
    assert assert_right(kept, expected, asked) == 0
    kept.write_bytes(b"")
    assert assert_right(kept, expected, asked) == READINGS


def test_a_record_that_is_not_what_was_written_is_read_anew(kept, expected, asked):
    with closing(sqlite3.connect(kept)) as database, database:
        database.execute("UPDATE readings SET data = replace(data, '[[0,', '[[1,') WHERE start = 10")
    with pytest.warns(UserWarning, match="has a damaged record, which is read anew") as warned:
        read = assert_right(kept, expected, asked)
    assert read == 10 * len(warned) > 0


def test_records_that_changed_places_are_read_anew(kept, expected, asked):
    with closing(sqlite3.connect(kept)) as database, database:
        database.execute("UPDATE readings SET start = 10 - start + 100")
        database.execute("UPDATE readings SET start = start - 100")
    with pytest.warns(UserWarning, match="has a damaged record"):
        assert assert_right(kept, expected, asked) == READINGS


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE notes (note)",
        pytest.param("CREATE TABLE readings (note)"),
        pytest.param("CREATE TABLE conditions (note)"),
    ],
)
def test_another_programs_database_is_no_matter(tmp_path, expected, asked, schema):
    with closing(sqlite3.connect(tmp_path / "readings.sqlite")) as database, database:
        database.execute(schema)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        assert assert_right(tmp_path / "readings.sqlite", expected, asked) == READINGS


# --- a byte changed, anywhere ---

KEYS = [f"key {k}" for k in range(4)]
STARTS = range(0, 40, 10)


def rows(key: str, start: int) -> list[tuple]:
    """Readings as a reader might give them."""
    said = ["", "uncorrectable", "as utf-8"]
    return [(k % 6, start * 1000 + k, said[k % 3], b"\xff" if k % 6 == 1 else None) for k in range(10)]


@dataclass
class Aftermath:
    """What became of one damaged file: what could be read of it, whether a warning came, what is kept."""

    place: int
    warned: bool = False
    loaded: int = 0
    kept: int = 0
    wrong: int = 0
    problem: str = ""


def loaded(store: Cache) -> dict[tuple, list]:
    counts = dict.fromkeys(STARTS, 10)
    return {(key, start): got for key in KEYS for start, got in store.load(key, counts)}


def aftermath(folder: Path, data: bytes, place: int, changed: int) -> Aftermath:
    file, result = folder / "readings.sqlite", Aftermath(place)
    file.write_bytes(data[:place] + bytes([data[place] ^ changed]) + data[place + 1 :])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with Cache(folder) as store:
                there = loaded(store)
                for start in STARTS:
                    missing = {key: rows(key, start) for key in KEYS if (key, start) not in there}
                    if missing:
                        store.save(start, missing)
            result.warned = bool(caught)
            with Cache(folder) as store:
                again = loaded(store)
        except Exception as problem:
            result.problem = f"{type(problem).__name__}: {problem}"
            return result
    result.loaded, result.kept = len(there), len(again)
    result.wrong = sum(got != rows(*where) for part in (there, again) for where, got in part.items())
    return result


@pytest.fixture(scope="module")
def changed(tmp_path_factory) -> list[Aftermath]:
    """Single bytes changed in turn: all of the header, some everywhere else; half get their highest bit."""
    folder = tmp_path_factory.mktemp("changed")
    with Cache(folder) as store:
        for start in STARTS:
            store.save(start, {key: rows(key, start) for key in KEYS})
    data = (folder / "readings.sqlite").read_bytes()
    used = np.flatnonzero(np.frombuffer(data, np.uint8))  # most of a small file is empty
    rng = np.random.default_rng(0)
    places = [*range(100), *sorted(rng.choice(used[used >= 100], 700, replace=False))]
    flips = rng.choice([1, 2, 4, 32, 128, 128, 128], len(places))
    return [aftermath(folder, data, int(place), int(flip)) for place, flip in zip(places, flips)]


def test_a_changed_byte_never_changes_a_reading(changed):
    assert [case for case in changed if case.wrong] == []
    assert sum(case.loaded == 0 for case in changed) > 10, "files that could not be read any more"
    assert sum(0 < case.loaded < 16 for case in changed) > 50, "records that could not"


def test_a_changed_byte_never_raises(changed):
    assert [case for case in changed if case.problem] == []


def test_what_a_changed_byte_costs_is_said(changed):
    assert [case for case in changed if not case.problem and case.loaded < 16 and not case.warned] == []


def test_what_a_changed_byte_costs_is_read_anew_only_once(changed):
    assert [case for case in changed if not case.problem and case.kept < 16] == []


# --- no place to write ---


def test_a_cache_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below"):
        with pytest.raises(OSError, match=f"cache must be a folder, or none yet, not .*/{place}"):
            qr.run(DESIGN, cache=tmp_path / place, **RUN)
    (tmp_path / "taken/readings.sqlite").mkdir(parents=True)
    with pytest.raises(OSError, match=r"cache .*/taken/readings.sqlite can't be used: unable to open"):
        qr.run(DESIGN, cache=tmp_path / "taken", **RUN)
    assert (tmp_path / "file").read_text() == ""


def test_a_cache_may_be_a_folder_to_be_made_or_a_name(tmp_path, expected, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_same(qr.run(DESIGN, cache="some/where/new", **RUN), expected)
    assert (tmp_path / "some/where/new/readings.sqlite").exists()


@pytest.fixture(scope="module")
def full(tmp_path_factory) -> Program:
    """A run that may not write a file of more than 64 KiB: it needs more."""
    program = Program(tmp_path_factory.mktemp("full"), ENDLESS, limit=1 << 16)
    program.end()
    return program


def test_a_full_disk_is_an_error_that_names_the_cache(full):
    assert full.process.returncode == 1
    errors = [line for line in full.said.splitlines() if "Error" in line]
    assert len(errors) == 1
    assert errors[0].startswith(f"OSError: cache {full.cache / 'readings.sqlite'} can't be used: ")
    assert "what it holds is kept, run again to go on" in errors[0]


def test_a_full_disk_leaves_no_workers(full):
    until(lambda: not full.workers())


def test_a_full_disk_is_no_more_than_an_error(full):
    assert "Warning" not in full.said


def test_when_there_is_room_again_the_run_goes_on(full, asked):
    full.assert_goes_on(asked)


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 64 KiB; a function gives it more."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(*options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "qrlab-test", place]
        return bool(shutil.which("mount")) and not subprocess.run(command, capture_output=True).returncode

    if not mount("size=64k"):
        pytest.skip("it takes root, and Linux, to mount a disk that is soon full")
    yield place, lambda: mount("remount", "size=10m")
    subprocess.run(["umount", place], check=True)


def test_a_disk_that_is_really_full_is_an_error_until_there_is_room(tiny_disk, asked):
    place, grow = tiny_disk
    options = {"trials": 300, "seed": 1, "jobs": 1}
    with pytest.raises(OSError, match=f"cache {place}/readings.sqlite can't be used: .*full"):
        qr.run(ENDLESS, cache=place, **options)
    with closing(sqlite3.connect(place / "readings.sqlite")) as database:
        (finished,) = database.execute("SELECT count(*) FROM readings").fetchone()
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert grow()
    asked.clear()
    assert_same(qr.run(ENDLESS, cache=place, **options), qr.run(ENDLESS, **options))
    assert len(asked) - 4 * 300 == 4 * 300 - 10 * finished < 4 * 300


# --- others at the same file ---


def test_a_locked_file_is_waited_for(kept, monkeypatch):
    options = RUN | {"trials": 25}
    longer = qr.run(DESIGN, **options)
    other, save = sqlite3.connect(kept, check_same_thread=False), Cache.save

    def save_while_locked(self, *what):
        other.execute("BEGIN EXCLUSIVE")
        unlock = threading.Thread(target=other.rollback)
        self.database.set_trace_callback(lambda statement: unlock.ident or unlock.start())
        save(self, *what)
        self.database.set_trace_callback(None)
        unlock.join()

    with closing(other):
        monkeypatch.setattr(Cache, "save", save_while_locked)
        assert_same(qr.run(DESIGN, cache=kept.parent, **options), longer)


def test_a_file_that_stays_locked_is_named(kept, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(cache.sqlite3, "connect", lambda *a, **k: connect(*a, **k | {"timeout": 0.01}))
    with closing(sqlite3.connect(kept)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OSError, match=r"cache .*readings.sqlite can't be used: database is locked"):
            qr.run(DESIGN, cache=kept.parent, **RUN)
    assert not kept.with_suffix(".damaged").exists()


def test_two_processes_at_the_same_cache_come_to_the_same_result(tmp_path, asked):
    design, options = DESIGN | {"payload": [10, 20, 30]}, {"trials": 60, "seed": 1}
    both = [Program(tmp_path, design, meet=2, jobs=1, **options) for _ in range(2)]
    said = [program.end() for program in both]
    assert [program.process.returncode for program in both] == [0, 0]
    assert said == ["", ""]
    alone = qr.run(design, jobs=2, **options).drop(columns="seconds").to_csv()
    assert [program.result() for program in both] == [alone, alone]
    asked.clear()
    qr.run(design, jobs=2, cache=tmp_path / "cache", **options)
    assert asked == []


# --- out of date ---

VERSIONS = runner.depends_on()


@pytest.mark.parametrize("option", [{"seed": 2}, {"timeout": 11}], ids=["seed", "timeout"])
def test_another_seed_or_timeout_is_read_anew(kept, expected, asked, option):
    other = qr.run(DESIGN, cache=kept.parent, **RUN | option)
    assert len(asked) == READINGS
    assert_same(other, qr.run(DESIGN, **RUN | option))
    assert assert_right(kept, expected, asked) == 0


def test_another_version_of_a_library_or_of_the_package_is_read_anew(kept, expected, asked, monkeypatch):
    for name in VERSIONS:
        with monkeypatch.context() as patch:
            patch.setattr(runner, "depends_on", lambda name=name: VERSIONS | {name: "another"})
            assert assert_right(kept, expected, asked) == READINGS, name
    assert assert_right(kept, expected, asked) == 0


def test_another_version_of_one_reader_is_read_anew(kept, expected, asked, monkeypatch):
    version_of = runner.version_of
    monkeypatch.setattr(runner, "version_of", lambda name: version_of(name) + ".1" * (name == "zxing"))
    assert assert_right(kept, expected, asked) == READINGS // 2
    assert {reader for *_, reader, _ in asked} == {"zxing"}


def imported_by(module: str) -> set[str]:
    """The package's modules that one of them imports, itself included."""
    source = Path(runner.__file__).with_name(f"{module}.py").read_text()
    direct = [n.module for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ImportFrom)]
    below = {name.removeprefix("qrlab.") for name in direct if name.startswith("qrlab.")}
    return {module}.union(*map(imported_by, below))


def test_every_module_that_a_reading_passes_through_counts_as_a_version(tmp_path, monkeypatch):
    package = Path(runner.__file__).parent
    assert {"trials", "decoders", "damage", "symbols"} < imported_by("trials")
    for module in imported_by("trials"):
        copy = shutil.copytree(package, tmp_path / module, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / f"{module}.py").write_text((copy / f"{module}.py").read_text() + "# edited\n")
        monkeypatch.setattr(runner, "__file__", str(copy / "runner.py"))
        assert runner.depends_on.__wrapped__()["qrlab"] != VERSIONS["qrlab"], module


# --- what the file tells ---


@pytest.mark.parametrize("secret", ["the password is swordfish", b"\x00secret bytes\xff"])
def test_content_does_not_stand_in_the_cache(tmp_path, secret):
    qr.run({"content": secret, "reader": ["zxing", "opencv", "bad_readers:misreads"]}, cache=tmp_path, **RUN)
    plain = secret.encode() if isinstance(secret, str) else secret
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for telling in (plain, plain[2:12], plain[::-1], plain.hex().encode(), json.dumps(str(secret)).encode()):
        assert telling not in written
