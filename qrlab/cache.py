"""What was computed, kept in one file, a line each, so that a checksum tells what was cut off or damaged."""

import hashlib
import json
import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from qrlab.files import write_whole


class Cache:
    """Values that JSON holds, in FOLDER/kept.txt (None: nowhere), by texts that say all they depend on.
    A line that is not what was written is dropped with a warning, and computed anew; runs may share a file.
    OSError where it can't be written."""

    def __init__(self, folder: str | Path | None) -> None:
        self.file = None if folder is None else Path(folder, "kept.txt")
        self.found: dict[str, str] = {}

    def __enter__(self) -> "Cache":
        self.put({})  # where that is not possible it is said before the work
        lines = self.file.read_text(encoding="ascii", errors="replace").splitlines() if self.file else []
        good = [line for line in lines if line[:40] == _digest(line[41:])]
        self.found = {line[41:81]: line[82:] for line in good}
        if self.file and len(good) < len(lines):
            damaged = f"damaged records, which are made anew: {len(lines) - len(good):,}"
            warnings.warn(f"cache {self.file} has {damaged}", stacklevel=4)
            write_whole(self.file, "".join(f"{line}\n" for line in good))
        return self

    def __exit__(self, *_: object) -> None:
        self.found = {}

    def get(self, key: str) -> Any:
        """What was kept under a key when the cache was opened; None where nothing was."""
        return json.loads(self.found.get(_digest(key), "null"))

    def put(self, values: Mapping[str, object]) -> None:
        """Keep values under their keys."""
        if self.file is None:
            return
        records = [f"{_digest(key)} {json.dumps(value)}" for key, value in values.items()]
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="ascii") as file:  # what several append stays apart
                file.write("".join(f"{_digest(record)} {record}\n" for record in records))
        except OSError as problem:
            raise OSError(f"cache {self.file} can't be written: {problem}") from None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:40]


@lru_cache
def code_digest(module: str) -> str:
    """A digest of a module of this package and of all in it that this imports: what was computed by other
    code is computed anew.  A package counts as a whole."""
    home, waiting, code = Path(__file__).parent, [module], {}
    while waiting:
        if (name := waiting.pop()) not in code:
            files = [*home.glob(f"{name}.py"), *home.glob(f"{name}/*.py"), *home.glob(f"{name}/*/*.mjs")]
            code[name] = "".join(file.read_text(encoding="utf-8") for file in sorted(files))
            waiting += re.findall(r"from qrlab\.(\w+)", code[name])
    return _digest(repr(sorted(code.items())))[:12]
