"""What was read, kept in one file: transactions survive any end, checksums find any damage.

A record is a chunk of readings under a key, all that they depend on.  Nothing here knows designs.
"""

import base64
import hashlib
import json
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path

from qrlab.workers import Row

_PROBLEMS = (sqlite3.Error, UnicodeDecodeError)  # a damaged name gets into the library's message
# Not the file's fault: another program's lock, a full disk, a folder that can't be written.
_ELSEWHERE = (
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS conditions (key TEXT PRIMARY KEY, described TEXT);
CREATE TABLE IF NOT EXISTS readings (key TEXT, start INT, data TEXT, sum TEXT, PRIMARY KEY (key, start));
"""


class Cache:
    """Readings in FOLDER/readings.sqlite; with None for a folder, it keeps nothing.

    A file that can't be read any more is set aside with a warning, and a record that is not what was
    written is passed over with one, so that both are read anew.  OSError where it can't be written.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self.file = None if folder is None else Path(folder) / "readings.sqlite"
        self.database = None

    def __enter__(self) -> "Cache":
        if self.file is None:
            return self
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise OSError(f"cache must be a folder, or none yet, not {self.file.parent}: {problem}") from None
        try:
            self._open()
        except _PROBLEMS as problem:
            self._begin_anew(problem)
        return self

    def __exit__(self, *_) -> None:
        if self.database is not None:
            self.database.close()

    def _open(self) -> None:
        self.database = sqlite3.connect(self.file, timeout=60, isolation_level=None)
        self.database.execute("PRAGMA synchronous=OFF")  # a killed process loses nothing by it
        self.database.executescript(_SCHEMA)
        self.database.text_factory = lambda text: text.decode(errors="replace")  # checksums tell
        self.database.execute("SELECT key, start, data, sum FROM readings LIMIT 0")
        self.database.execute("SELECT key, described FROM conditions LIMIT 0")
        (state,) = self.database.execute("PRAGMA integrity_check(1)").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(state)

    def _begin_anew(self, problem: Exception) -> None:
        """Set a damaged file aside and begin another; a problem elsewhere is the user's to solve."""
        if getattr(problem, "sqlite_errorcode", 0) & 0xFF in _ELSEWHERE:
            raise self._unusable(problem) from None
        self.database.close()
        aside = self.file.with_suffix(".damaged")
        self.file.replace(aside)
        said = str(problem).splitlines()[0]
        warnings.warn(f"cache {self.file} is damaged ({said}): set aside as {aside.name}", stacklevel=5)
        try:
            self._open()
        except _PROBLEMS as again:
            raise self._unusable(again) from None

    def _unusable(self, problem: Exception) -> OSError:
        return OSError(
            f"cache {self.file} can't be used: {problem}; what it holds is kept, run again to go on"
        )

    def load(self, key: str, counts: dict[int, int]) -> Iterator[tuple[int, list[Row]]]:
        """What is kept under a key: (first trial, readings); counts: first trial -> how many are wanted."""
        if self.database is None:
            return
        try:
            wanted = "SELECT start, data, sum FROM readings WHERE key = ?"
            records = self.database.execute(wanted, [_digest(key)]).fetchall()
        except _PROBLEMS as problem:
            self._begin_anew(problem)
            return
        for start, data, checksum in records:
            if _sum(_digest(key), start, data) != checksum:
                warnings.warn(f"cache {self.file} has a damaged record, which is read anew", stacklevel=4)
            elif start in counts and len(rows := _unpacked(data)) >= counts[start]:
                yield start, rows[: counts[start]]

    def save(self, start: int, answers: dict[str, list[Row]]) -> None:
        """Keep the readings from trial `start` on under their keys: all of them or none."""
        if self.database is None:
            return
        data = [(_digest(key), start, _packed(rows)) for key, rows in answers.items()]
        try:
            with self.database:
                self.database.execute("BEGIN IMMEDIATE")
                described = [(_digest(key), key) for key in answers]
                self.database.executemany("INSERT OR IGNORE INTO conditions VALUES (?, ?)", described)
                records = [(*record, _sum(*record)) for record in data]
                self.database.executemany("INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?)", records)
        except sqlite3.Error as problem:
            raise self._unusable(problem) from None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _sum(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _packed(rows: list[Row]) -> str:
    read = [None if r[3] is None else base64.b64encode(r[3]).decode() for r in rows]
    return json.dumps([*zip(*(r[:3] for r in rows)), read], separators=(",", ":"))


def _unpacked(data: str) -> list[Row]:
    outcome, seconds, detail, read = json.loads(data)
    return list(zip(outcome, seconds, detail, (None if r is None else base64.b64decode(r) for r in read)))
