"""Audits zxing-cpp's 107 photographs and writes data/photographs.csv: make photographs."""

import re
import sys
import time
from datetime import date
from pathlib import Path

import pandas as pd
from test_reader_photos import PARTS, PHOTOS, contents

import qrlab as qr
from qrlab.files import data_file, write_whole
from qrlab.progress import progress


def row(file: Path) -> dict:
    """One photograph: what the audit says of it, beside its text."""
    name, began = f"{file.parent.name}/{file.name}", time.perf_counter()
    found = qr.graph.audit(file.read_bytes())
    seconds, seen = time.perf_counter() - began, found.symbol
    outcomes = found.measured["readers"]
    whole = (PHOTOS / "qrcode-7" / "01.txt").read_bytes()
    right = [] if name in PARTS else contents(name, file.with_suffix(".txt").read_bytes())
    content = found.reveal()
    equal = content in right or (found.text or "").encode() in right
    said: dict = {"photograph": name, "measured": seen is not None}
    if seen is not None:
        said |= {
            "version": seen.version,
            "level": seen.level.value,
            "module_px": round(found.measured["module_px"], 2),
        }
        said |= {"contrast": round(seen.contrast, 3), "quiet_zone": seen.quiet_zone, "grade": seen.grade}
        said |= {"unused": round(seen.unused, 3), "wrong_modules": int(seen.wrong.sum()), "lost": seen.lost}
    said |= {"read": content is not None, "readers_reading": list(outcomes.values()).count("ok")}
    said |= {"readers_asked": len(outcomes)}
    said["equal"] = content is not None and (content in whole if name in PARTS else equal)
    return said | {"findings": " ".join(x.code for x in found.findings), "seconds": round(seconds, 1)}


def main() -> None:
    """The table, and what the dictionary says of its rows and versions."""
    files = [file for file in sorted(PHOTOS.glob("*/*")) if file.suffix not in (".txt", ".md")]
    if not files:
        sys.exit(f"make photographs: there are no photographs in {PHOTOS}")
    rows = []
    with progress(len(files), "photographs", "photograph") as bar:
        for file in files:
            rows.append(row(file))
            bar.update()
    table = pd.DataFrame(rows).convert_dtypes()
    dictionary = data_file("README.md")
    made_by = ", ".join(f"{library} {version}" for library, version in qr.versions().items())
    said = r"(?s)(## photographs\.csv\n.*?- Rows: )[\d,]+(\n.*?- Versions: )[^\n]+"
    now = rf"\g<1>{len(table):,}\g<2>{made_by}; {date.today().isoformat()}"
    write_whole(dictionary, re.sub(said, now, dictionary.read_text(encoding="utf-8"), count=1))
    write_whole(data_file("photographs.csv"), table.to_csv(index=False, lineterminator="\n"))
    most = f"{table.seconds.sum():.0f} s in all, {table.seconds.max():g} at most"
    print(
        f"{len(table)} photographs, {table.read.sum()} read, {table.equal.sum()} equal; {most}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
