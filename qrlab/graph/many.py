"""Many codes at once: a row for each resource in files and folders, with nothing of what they hold."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from qrlab.cache import Cache, code_digest
from qrlab.graph.audits import Audit, audit
from qrlab.graph.documents import MOST_CHARACTERS, kind_of, picture_in
from qrlab.graph.resource import QrCodeImageDetails
from qrlab.pictures.asked import asked_readers
from qrlab.progress import progress

_KINDS = "json ndjson jsonl txt svg pdf png jpg jpeg webp gif bmp tif tiff heic"
ENDINGS = tuple(f".{kind}" for kind in _KINDS.split())  # of files that a folder is searched for
COLUMNS = ["name", "status", "findings", "declared_version", "version", "declared_level", "level", "unused"]
COLUMNS += ["readers", "days_left", "why_not"]


def audit_all(
    files: str | Path | Iterable[str | Path],
    *,
    code: str | None = None,
    readers: Sequence[str] | None = None,
    who: bool = False,
    jobs: int = -1,
    cache: str | Path | None = None,
) -> pd.DataFrame:
    """Audit all resources and pictures in files and folders, lists, $batch and NDJSON included: a row each.

    files: one or several, or folders, of which files ending in one of ENDINGS are taken; code, readers: as
    for `audit`; who: see `whose`; jobs: processes, -1: one per core; cache: a folder, so that who is
    interrupted goes on; what it keeps has no content, and nothing at all with who.
    Columns: name (the file, #2 for its second resource), status (0: nothing found, 1: findings, 2: can't be
    used, 3: unreadable picture), findings (codes), declared_version, version, declared_level, level, unused
    (error correction of the worst block, 0 to 1), readers (of how many, who read it), days_left (whole ones;
    below 0: expired), why_not; with who: user, id_matches.  ValueError for bad input; a file that can't be
    used costs one row."""
    import joblib  # slow to load

    turns = asked_readers(readers)
    files = [files] if isinstance(files, str | Path) else list(files)
    every = [file for name in files for file in _within(Path(name))]
    if not every:
        raise ValueError(f"files must be some, or folders of some ({', '.join(ENDINGS)}), and there are none")
    asked = json.dumps([code, turns, code_digest("graph"), str(date.today())])
    with Cache(None if who else cache) as store, progress(len(every), "auditing", "file") as bar:
        keys = {file: f"{_digest(file)} {asked}" for file in every}
        found = {file: rows for file, key in keys.items() if (rows := store.get(key)) is not None}
        bar.update(len(found))
        missing = [file for file in every if file not in found]
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
        work = joblib.delayed(_rows)
        for file, rows in parallel(work(file, code, readers, who) for file in missing):
            found[file] = rows
            store.put({keys[file]: rows})
            bar.update()
    names = [f"{file}#{k}" if k > 1 else str(file) for file in every for k, _ in enumerate(found[file], 1)]
    table = pd.DataFrame([row for file in every for row in found[file]]).assign(name=names)
    return table[[*COLUMNS, *(["user", "id_matches"] if who else [])]].convert_dtypes()


def _within(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())


def _digest(file: Path) -> str:
    """Of what a file holds, or of its name, where it can't be read."""
    try:
        return hashlib.sha256(_read(file)).hexdigest()
    except OSError:
        return str(file)


def _read(file: Path) -> bytes:
    if file.exists() and not file.is_file():  # a FIFO would wait for its writer
        raise OSError(0, "it is no regular file")
    with file.open("rb") as opened:
        return opened.read(MOST_CHARACTERS + 1)


def _rows(file: Path, code: str | None, readers: Sequence[str] | None, who: bool) -> tuple[Path, list[dict]]:
    """The rows of a file, as JSON has them."""
    try:
        return file, [_row(what, readers, who) for what in given(_read(file), code)]
    except OSError as problem:
        why_not = f"it can't be read: {problem.strerror}"
    except ValueError as problem:
        why_not = str(problem)
    return file, [dict.fromkeys([*COLUMNS[1:], "user", "id_matches"]) | {"status": 2, "why_not": why_not}]


def given(data: bytes, code: str | None) -> list[Any]:
    """What a file gives to audit: its picture, or each resource of its document; else its bytes, of which the
    audit says what they are not."""
    if (picture := picture_in(data)) is not None:
        return [picture]
    try:
        return [*QrCodeImageDetails.all_from_json(data, code)]
    except ValueError:
        if kind_of(data) is not None:
            raise
    return [data]


def _row(what: Any, readers: Sequence[str] | None, who: bool) -> dict:
    """One resource, or picture; what is wrong with a picture of several stays its own."""
    try:
        found = audit(what, readers=readers)
    except ValueError as problem:
        return dict.fromkeys(COLUMNS[1:]) | {"status": 2, "why_not": str(problem)}
    declared, measured = found.declared, found.measured
    outcomes = list(measured.get("readers", {}).values())
    end = getattr(what, "valid_until", None)
    row = {"status": status(found), "findings": " ".join(code for code, _ in found.findings)}
    row |= {"declared_version": declared.get("version"), "version": measured.get("version")}
    row |= {"declared_level": declared.get("error_correction_level")}
    row |= {"level": measured.get("error_correction_level")}
    row |= {"unused": measured.get("unused_error_correction")}
    row |= {"readers": f"{outcomes.count('ok')} of {len(outcomes)}" if outcomes else None}
    row |= {"days_left": None if end is None else (end - datetime.now(UTC)).days, "why_not": None}
    return row | (whose(found) or {"user": None, "id_matches": None} if who else {})


def status(found: Audit) -> int:
    """The exit status of an audit: 0 nothing found, 1 findings, 3 a picture by itself that can't be read."""
    lost = found.symbol is None and "image-unreadable" in dict(found.findings)
    return 3 if lost and not found.declared else 1 if found.findings else 0


def whose(found: Audit) -> dict | None:
    """Whose code it is, on request alone: user, by the content; id_matches: is the id of the document's
    qrCode in it, None where that has none.  None for a content that is not Graph's."""
    name, *parts = (found.text or "").split("|")
    if not name.startswith("ms-qrpin:") or len(parts) < 2 or "@" not in parts[0]:
        return None
    own, others = found.code_id, [part.lower() for part in parts[1:]]
    return {"user": parts[0], "id_matches": None if own is None else own.lower() in others}
