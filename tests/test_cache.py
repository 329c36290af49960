"""The cache's file: damaged, full, shared, out of date; what it gives is right all the same."""

import json
import re
import shutil
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from helpers import assert_same, until
from programs import ENDLESS, Program, assert_goes_on

import qrlab as qr
from qrlab import cache, runner
from qrlab.cache import Cache, code_digest

VALUES = {
    f"{k} of {n}": [[k, n * 1000 + k, "as utf-8", "ff"] for k in range(9)] for n in range(4) for k in "abcd"
}
DESIGN = ENDLESS | {"level": ["L", "H"]}
RUN = {"trials": 40, "seed": 1, "jobs": 1}
READINGS = 8 * 40


def write(folder: Path) -> Path:
    """The file of a cache that has all VALUES."""
    with Cache(folder) as store:
        for n in range(4):
            store.put({key: value for key, value in VALUES.items() if key.endswith(f" {n}")})
    return folder / "kept.txt"


def made_anew(folder: Path) -> int:
    """How many values had to be made anew; what was kept is right, and all is there for the next one."""
    with Cache(folder) as store:
        found = {key: store.get(key) for key in VALUES}
        there = {key: value for key, value in found.items() if value is not None}
        store.put({key: value for key, value in VALUES.items() if key not in there})
    assert there.items() <= VALUES.items()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Cache(folder) as store:
            assert {key: store.get(key) for key in VALUES} == VALUES
    return len(VALUES) - len(there)


@pytest.fixture
def kept(tmp_path) -> Path:
    file = write(tmp_path)
    assert made_anew(tmp_path) == 0
    return file


def test_values_are_anything_that_json_holds_and_the_last_one_counts(tmp_path):
    with Cache(tmp_path) as store:
        assert store.get("key") is None
        store.put({"key": {"a": [1, 0.1, None, "ü\ud800"]}, "other": 1})
    with Cache(tmp_path) as store:
        assert (store.get("key"), store.get("other")) == ({"a": [1, 0.1, None, "ü\ud800"]}, 1)
        store.put({"key": 2, "a lone surrogate \ud800": 3})
    with Cache(tmp_path) as store:
        assert [store.get(key) for key in ("key", "a lone surrogate \ud800", "ke")] == [2, 3, None]


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Cache(None) as store:
        store.put({"key": 1})
        assert store.get("key") is None
    assert list(tmp_path.iterdir()) == []


# --- a damaged file ---


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def something_else(data: bytes) -> bytes:
    return b"a note to myself\n" * 500


def zeros(data: bytes) -> bytes:
    return data[: len(data) // 3] + bytes(200) + data[len(data) // 3 + 200 :]


def flips(data: bytes) -> bytes:
    damaged = bytearray(data)
    for place in np.random.default_rng(0).choice(len(data), 5):
        damaged[place] ^= 128
    return bytes(damaged)


def another_key(data: bytes) -> bytes:
    return data[41:81][::-1].join(data.split(data[41:81]))


def another_value(data: bytes) -> bytes:
    return data.replace(b"1000", b"2000")


def a_blank_more(data: bytes) -> bytes:
    return data.replace(b"]\n", b"] \n", 3)


def a_line_end_less(data: bytes) -> bytes:
    return data.replace(b"\n", b"", 1)


DAMAGES = [cut, something_else, zeros, flips, another_key, another_value, a_blank_more, a_line_end_less]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_what_is_damaged_is_noticed_and_made_anew_and_nothing_else(kept, damage):
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.warns(UserWarning, match=r"cache .*kept.txt has damaged records"):
        costs = made_anew(kept.parent)
    assert 0 < costs <= (16 if damage == something_else else 6)


def test_an_empty_file_is_no_matter(kept):
    kept.write_bytes(b"")
    assert made_anew(kept.parent) == len(VALUES)


@pytest.mark.proof
def test_a_byte_changed_anywhere_costs_no_more_than_two_values_and_that_is_said(tmp_path):
    file = write(tmp_path)
    data = file.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.choice(len(data), 800, replace=False):
        flip = int(rng.choice([1, 2, 4, 32, 128]))
        file.write_bytes(data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            costs = made_anew(tmp_path)
        assert costs <= 2, f"byte {place}"
        assert bool(caught) == bool(costs), f"byte {place}"


# --- no place to write ---


def test_a_cache_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "taken/kept.txt").mkdir(parents=True)
    for place in ("file", "file/below", "taken"):
        with pytest.raises(OSError, match=rf"cache .*/{place}/kept.txt can't be written"):
            Cache(tmp_path / place).__enter__()
    assert (tmp_path / "file").read_text() == ""


def test_a_cache_may_be_a_folder_to_be_made_or_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert write(Path("some/where/new")).exists()
    with Cache("some/where/new") as store:
        assert store.get(next(iter(VALUES))) == next(iter(VALUES.values()))


@pytest.fixture(scope="module")
def full(tmp_path_factory) -> Program:
    """A run that may not write a file of more than 64 KiB: it needs more."""
    program = Program(tmp_path_factory.mktemp("full"), ENDLESS, limit=1 << 16)
    program.end()
    return program


@pytest.mark.proof
def test_a_full_disk_is_no_more_than_an_error_that_names_the_cache_and_leaves_no_workers(full):
    assert full.process.returncode == 1
    (error,) = [line for line in full.said.splitlines() if re.match(r"\w*Error", line)]
    assert error.startswith(f"OSError: cache {full.cache / 'kept.txt'} can't be written: ")
    assert "Warning" not in full.said
    until(lambda: not full.workers())


@pytest.mark.proof
def test_when_there_is_room_again_the_run_goes_on(full, asked):
    with pytest.warns(UserWarning, match="damaged records, which are made anew: 1$"):
        assert_goes_on(full.cache, full.finished(), asked)


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


def test_a_disk_that_is_really_full_is_an_error_until_there_is_room(tiny_disk):
    place, grow = tiny_disk
    values = {f"key {k}": [k] * 500 for k in range(200)}
    finished = []
    with Cache(place) as store:
        with suppress(OSError):
            for key, value in values.items():
                store.put({key: value})
                finished.append(key)
        assert 0 < len(finished) < len(values)
        with pytest.raises(OSError, match=f"cache {place}/kept.txt can't be written.* No space"):
            store.put({key: value})
        assert grow()
    with pytest.warns(UserWarning, match="damaged records"), Cache(place) as store:
        found = [store.get(key) for key in values]
    assert found == [value if key in finished else None for key, value in values.items()]


# --- others at the same file ---


def test_who_finds_damage_does_not_keep_another_from_writing(kept):
    with Cache(kept.parent) as store:
        kept.write_bytes(cut(kept.read_bytes()))
        with pytest.warns(UserWarning, match="damaged records"), Cache(kept.parent):
            store.put({"key": 1})
    with Cache(kept.parent) as store:
        assert store.get("key") == 1


@pytest.mark.proof
def test_two_processes_at_the_same_cache_come_to_the_same_result(tmp_path, asked):
    design, options = DESIGN | {"payload": [10, 20, 30]}, {"trials": 60, "seed": 1}
    both = [Program(tmp_path, design, meet=2, jobs=1, **options) for _ in range(2)]
    assert [program.end() for program in both] == ["", ""]
    assert [program.process.returncode for program in both] == [0, 0]
    alone = qr.run(design, jobs=2, **options).drop(columns="seconds").to_csv()
    assert [program.result() for program in both] == [alone, alone]
    asked.clear()
    qr.run(design, jobs=2, cache=tmp_path / "cache", **options)
    assert asked == []


# --- runs: out of date, damaged ---


@pytest.fixture(scope="module")
def expected():
    return qr.run(DESIGN, **RUN)


@pytest.fixture
def read_of(tmp_path, asked) -> list[tuple]:
    """What is asked once the cache has all that DESIGN needs."""
    qr.run(DESIGN, cache=tmp_path, **RUN)
    assert len(asked) == READINGS
    asked.clear()
    return asked


def test_a_run_with_a_damaged_cache_comes_to_the_same_result(tmp_path, expected, read_of):
    file = tmp_path / "kept.txt"
    file.write_bytes(file.read_bytes().replace(b" [[0,", b" [[1,", 3))
    with pytest.warns(UserWarning, match="damaged records, which are made anew: 3$"):
        assert_same(qr.run(DESIGN, cache=tmp_path, **RUN), expected)
    assert len(read_of) == 60
    file.write_bytes(cut(file.read_bytes()))
    with pytest.warns(UserWarning, match="damaged"):
        assert_same(qr.run(DESIGN, cache=tmp_path, **RUN), expected)


@pytest.mark.parametrize("option", [{"seed": 2}, {"timeout": 11}], ids=["seed", "timeout"])
def test_another_seed_or_timeout_is_read_anew(tmp_path, read_of, option):
    other = qr.run(DESIGN, cache=tmp_path, **RUN | option)
    assert len(read_of) == READINGS
    assert_same(other, qr.run(DESIGN, **RUN | option))


@pytest.mark.parametrize("library", ["segno", "numpy", "opencv", "zxing", "model", "qrlab"])
def test_another_version_of_what_a_reading_depends_on_is_read_anew(tmp_path, read_of, monkeypatch, library):
    installed, version_of = runner.installed, runner.version_of
    monkeypatch.setattr(runner, "installed", lambda name: installed(name) + ".1" * (name == library))
    monkeypatch.setattr(runner, "version_of", lambda name: version_of(name) + ".1" * (name == library))
    if library == "qrlab":
        monkeypatch.setattr(runner, "code_digest", lambda module: "another")
    qr.run(DESIGN, cache=tmp_path, **RUN)
    own = library in ("zxing", "model")
    assert len(read_of) == (READINGS // 2 if own else READINGS)
    assert not own or {reader for *_, reader, _ in read_of} == {library}
    monkeypatch.undo()


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A copy of the package, which digests are made of."""
    copy = tmp_path / "qrlab"
    shutil.copytree(Path(cache.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "__file__", str(copy / "cache.py"))
    return copy


def test_edited_code_that_a_reading_passes_through_counts_as_a_version(package):
    code = "import sys, qrlab.workers; print(*(name for name in sys.modules if name.startswith('qrlab.')))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    places = [package / name.removeprefix("qrlab.").replace(".", "/") for name in said.split()]
    reached = [place / "__init__.py" if place.is_dir() else place.with_suffix(".py") for place in places]
    assert {"workers", "zbar", "node", "imaging", "damage", "symbols"} <= {file.stem for file in reached}
    before = code_digest.__wrapped__("workers")
    (package / "report.py").write_text("EDITED = 1\n")
    assert code_digest.__wrapped__("workers") == before, "no reading passes through it"
    for file in [*reached, *package.glob("readers/js/*.mjs")]:
        source = file.read_text()
        file.write_text(source + "EDITED = 1\n")
        assert code_digest.__wrapped__("workers") != before, file.stem
        file.write_text(source)


# --- what the file tells ---


@pytest.mark.parametrize("secret", ["the password is swordfish", b"\x00secret bytes\xff"])
def test_content_does_not_stand_in_the_cache(tmp_path, secret):
    qr.run({"content": secret, "reader": ["zxing", "opencv"]}, cache=tmp_path, **RUN)
    plain = secret.encode() if isinstance(secret, str) else secret
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert written
    for telling in (plain, plain[2:12], plain[::-1], plain.hex().encode(), json.dumps(str(secret)).encode()):
        assert telling not in written
