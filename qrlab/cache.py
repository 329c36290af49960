"""What was computed, kept in one file: transactions survive any end, checksums find any damage."""

import ast
import hashlib
import json
import sqlite3
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT)


class Cache:
    """Values that JSON holds, in FOLDER/kept.sqlite (None: nowhere), by texts that say all they depend on.
    A file that can't be read any more is set aside with a warning, and a record that is not what was written
    is passed over with one: both are computed anew.  OSError where it can't be written."""

    def __init__(self, folder: str | Path | None) -> None:
        self.folder = None if folder is None else Path(folder)
        self.file = Path(folder or "", "kept.sqlite")
        self.database: sqlite3.Connection | None = None

    def __enter__(self) -> "Cache":
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise OSError(f"cache must be a folder, not {self.folder}: {problem}") from None
            self._open()
        return self

    def __exit__(self, *_: object) -> None:
        if self.database is not None:
            self.database.close()

    def _open(self) -> None:
        try:
            self.database = sqlite3.connect(self.file, timeout=60, isolation_level=None)
            self.database.text_factory = lambda text: text.decode(errors="replace")  # checksums tell
            columns = "key TEXT PRIMARY KEY, data TEXT, sum TEXT"
            self.database.execute(f"CREATE TABLE IF NOT EXISTS kept ({columns})")
            self.database.execute("SELECT key, data, sum FROM kept LIMIT 0")
            (state,) = self.database.execute("PRAGMA integrity_check(1)").fetchone()
            if state != "ok":
                raise sqlite3.DatabaseError(state)
        except (sqlite3.Error, UnicodeDecodeError) as problem:
            self._begin_anew(problem)

    def _begin_anew(self, problem: Exception) -> None:
        """Set a damaged file aside and begin another; a problem elsewhere, a full disk say, is the user's."""
        if getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _DAMAGED:
            raise self._unusable(problem) from None
        self.__exit__()
        aside = self.file.with_suffix(".damaged")
        self.file.replace(aside)
        said = str(problem).splitlines()[0]
        warnings.warn(f"cache {self.file} is damaged ({said}): set aside as {aside.name}", stacklevel=6)
        self._open()

    def _unusable(self, problem: Exception) -> OSError:
        return OSError(f"cache {self.file} can't be used now, and is left as it is: {problem}")

    def get(self, key: str) -> Any:
        """What is kept under a key; None where nothing is."""
        if self.database is None:
            return None
        try:
            query = "SELECT data, sum FROM kept WHERE key = ?"
            found = self.database.execute(query, [_digest(key)]).fetchone()
        except (sqlite3.Error, UnicodeDecodeError) as problem:  # a damaged name gets into the message
            self._begin_anew(problem)
            return None
        data, checksum = found or ("null", None)
        if found and checksum != _digest(f"{_digest(key)}{data}"):  # data: whatever stands there now
            warnings.warn(f"cache {self.file} has a damaged record, which is made anew", stacklevel=4)
            return None
        return json.loads(data)

    def put(self, values: Mapping[str, object]) -> None:
        """Keep values under their keys: all of them or none."""
        if self.database is None:
            return
        data = {_digest(key): json.dumps(value, separators=(",", ":")) for key, value in values.items()}
        try:
            with self.database:
                self.database.execute("BEGIN IMMEDIATE")
                records = [(key, text, _digest(key + text)) for key, text in data.items()]
                self.database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", records)
        except sqlite3.Error as problem:
            raise self._unusable(problem) from None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:40]


@lru_cache
def code_digest(module: str) -> str:
    """A digest of a module of this package and all of it that this imports, comments and docstrings apart:
    what was computed by other code is computed anew.  A package counts as a whole."""
    home, waiting, code = Path(__file__).parent, [module], {}
    while waiting:
        if (name := waiting.pop()) in code:
            continue
        files = [*home.glob(f"{name}.py"), *sorted(home.glob(f"{name}/*.py"))]
        trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
        for node in (node for tree in trees for node in ast.walk(tree)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qrlab."):
                waiting.append(str(node.module).split(".")[1])
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                node.body = node.body[1:]
        others = [file.read_text(encoding="utf-8") for file in home.glob(f"{name}/*/*.mjs")]
        code[name] = others + [ast.dump(tree) for tree in trees]
    return _digest(repr(sorted(code.items())))[:12]
