"""`qrlab audit`: its options, what is read, what is said.  What loads slowly is loaded when it is needed."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import Any

from qrlab import graph
from qrlab.commands import Answer, columns, in_a_line, scenario

_ENDINGS = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".eps")
NOT_PRINT = """If it does not sign in, print is not the reason.  Microsoft Entra needs a code and a PIN that
are active, and the camera of an iOS, iPadOS or Android device: barcode scanners, desktop apps and browsers
are not supported (learn.microsoft.com/entra/identity/authentication/concept-authentication-qr-code)."""
STATUSES = """
exit status: 0 nothing found, 1 findings, 2 the input can't be used, 3 a picture by itself in which no symbol
is found or that can't be read, 130 interrupted; of several resources in a file the highest
"""


def add_options(add: Callable) -> None:
    """The options of `qrlab audit`."""
    # fmt: off
    add("files", nargs="+", metavar="FILE", help="JSON with the resource, or several, or a picture; -: "
        "standard input; several files or a folder: a row for each resource")
    add("--csv", type=Path, metavar="OUT", help="write a row for each resource")
    add("--cache", type=Path, default=Path(".qrlab"), metavar="FOLDER", help="to go on from (.qrlab)")
    add("--who", action="store_true", help="show whose it is, and if the document's id is in it")
    add("--scan-dpi", type=float, metavar="DPI", help="of a scan, for the printed width (as its file says)")
    add("--meant-mm", type=float, metavar="MM", help="the printed width that was meant, with its quiet zone")
    add("--resource", type=read, metavar="FILE", help="for a photograph: JSON of the code that was printed")
    add("--code", help="which of an authentication method's: standard, temporary")
    add("--readers", dest="by", metavar="NAMES", help="readers or panels, commas between (the quick ones)")
    add("--key", type=os.fsencode, help="of the content's digest, so that it can be compared between audits; "
        "others can see arguments, so better in the environment, QRLAB_KEY, or in a file")
    add("--key-file", type=read, metavar="FILE", help="a file with the key")
    add("--scenario", metavar="NAME", help="advise on printing it for this scenario (sign-in-badge)")
    add("--dpi", dest="print_dpi", type=float, metavar="DPI", help="advise on printing it so finely")
    add("--distance-mm", dest="camera_distance_mm", type=float, metavar="MM", help="advise for that distance")
    add("--trials", type=int, default=300, metavar="N", help="simulated prints for that (300)")
    add("--plot", type=_plot, metavar="FILE", help="draw wrong modules and lost blocks (SVG, PNG)")
    add("--show-content", action="store_true", help="show the content, a credential, and --plot its picture")
    # fmt: on


def read(file: str) -> bytes:
    """The bytes of a file, or of standard input for -; an error at once for what may never end."""
    path, most = Path(file), graph.documents.MOST_CHARACTERS + 1  # an endless one is refused, too
    try:
        if file == "-" and sys.stdin is None:
            raise OSError(0, "it is closed")
        if file == "-":
            return sys.stdin.buffer.read(most)
        if path.exists() and not (path.is_file() or path.is_dir()):  # a FIFO would wait for its writer
            raise OSError(0, "it is no regular file; - reads standard input")
        with path.open("rb") as opened:
            return opened.read(most)
    except OSError as problem:
        raise argparse.ArgumentTypeError(f"{file} can't be read: {problem.strerror}") from None


def _plot(file: str) -> Path:
    path = Path(file)
    path = path if path.suffix else path.with_name(path.name.rstrip(".") + ".png")
    if path.suffix.lower() not in _ENDINGS or not path.parent.is_dir():
        allowed = f"a file in a folder that is there, ending in {', '.join(_ENDINGS)}"
        raise argparse.ArgumentTypeError(f"must be {allowed}, not {file}")
    return path


def audit(asked: argparse.Namespace) -> Answer:
    """Audit each resource in the file, or the picture; of several files or a folder, a row each."""
    if len(asked.files) > 1 or asked.csv is not None or Path(asked.files[0]).is_dir():
        return _many(asked)
    try:
        asked.file = read(asked.files[0])
    except argparse.ArgumentTypeError as problem:
        raise ValueError(f"argument file: {problem}") from None
    given, key = _given(asked), _key(asked)
    answers = [_audit(asked, what, key, k if len(given) > 1 else 0) for k, what in enumerate(given, 1)]
    if len(answers) == 1:
        return answers[0]
    heads = [f"{k} of {len(answers)}\n\n{text}" for k, (_, _, text) in enumerate(answers, 1)]
    return max(answer[0] for answer in answers), [answer[1] for answer in answers], "\n\n".join(heads)


def _given(asked: argparse.Namespace) -> list[Any]:
    """What to audit: a picture, or each resource in a document."""
    if asked.resource is None:
        return graph.many.given(asked.file, asked.code)
    declared = graph.QrCodeImageDetails.from_json(asked.resource, asked.code)
    picture = graph.documents.picture_in(asked.file)
    return [replace(declared, binary_value=asked.file if picture is None else picture)]


def _key(asked: argparse.Namespace) -> bytes | None:
    file, variable = asked.key_file, os.environ.get("QRLAB_KEY")
    keys = [asked.key, file and file.rstrip(b"\r\n"), variable and os.fsencode(variable)]
    given = [key for key in keys if key is not None]
    if len(given) > 1:
        places = "--key, --key-file or QRLAB_KEY"
        raise ValueError(f"--key must come once, by {places}, and comes {len(given)} times")
    return given[0] if given else None


def _audit(asked: argparse.Namespace, what: Any, key: bytes | None, number: int) -> Answer:
    """One audit; number: of several, in the names of plots, or 0."""
    readers = None if asked.by is None else asked.by.split(",")
    found = graph.audit(what, key=key, readers=readers, scan_dpi=asked.scan_dpi, meant_mm=asked.meant_mm)
    answer, content = found.to_dict(), found.reveal()
    rows = [list(found.table)]
    for *left, last in found.table.itertuples(index=False):
        first, *more = wrap(last, 44)
        rows += [[*left, first], *([""] * len(left) + [line] for line in more)]
    why = "\n".join(f"{code}: {message}" for code, message in found.findings)
    said = [columns(rows, str.ljust, "  "), why or "No findings."]
    if content is not None and {asked.scenario, asked.print_dpi, asked.camera_distance_mm} != {None}:
        printing = found.smallest_width(scenario(asked), trials=asked.trials)
        answer["printing"] = printing.to_dict()
        said.append(printing.reason)
    if asked.plot is not None:
        from matplotlib.figure import Figure  # slow to load

        path = asked.plot.with_stem(f"{asked.plot.stem}-{number}") if number else asked.plot
        answer["plot"] = str(path) if found.symbol else None
        said.append(f"did not write {in_a_line(str(path))}: no symbol is there")
        if found.symbol:
            found.plot(show_content=asked.show_content, ax=(figure := Figure()).subplots())
            figure.savefig(path)
            said[-1] = f"wrote {in_a_line(str(path))}"
    if content is not None and asked.show_content:
        answer["content"] = content.decode(errors="backslashreplace") if found.text is None else found.text
        said.append(f"content: {json.dumps(answer['content'], ensure_ascii=False)}")
    if asked.who:
        answer["who"] = who = graph.many.whose(found)
        said.append(_whose(who))
    said += [NOT_PRINT] if _sound(found) else []
    said += [graph.NO_VERIFICATION] if found.symbol else []
    return graph.many.status(found), answer, "\n\n".join(said)


def _whose(who: dict | None) -> str:
    if who is None:
        return "user: unknown, as no content of Microsoft Graph's was read"
    in_words = {None: "the document has no id", True: "the document's id is in the content"}
    return f"user: {who['user']}; {in_words.get(who['id_matches'], 'the id in the document is another')}"


def _many(asked: argparse.Namespace) -> Answer:
    """A row for each resource in all files."""
    from qrlab.files import records, write_whole

    alone = {"--resource": asked.resource, "--plot": asked.plot, "--scenario": asked.scenario}
    alone |= {"--dpi": asked.print_dpi, "--show-content": asked.show_content or None, "--key": asked.key}
    alone |= {"--distance-mm": asked.camera_distance_mm, "--key-file": asked.key_file}
    alone |= {"--scan-dpi": asked.scan_dpi, "--meant-mm": asked.meant_mm}
    for option in (name for name, value in alone.items() if value is not None):
        raise ValueError(f"{option} must go with one file, and not with several, a folder or --csv")
    if asked.csv is not None and (not asked.csv.parent.is_dir() or asked.csv.is_dir()):
        raise ValueError(f"--csv must be a file in a folder that is there, not {asked.csv}")
    readers = None if asked.by is None else asked.by.split(",")
    table = graph.audit_all(asked.files, code=asked.code, readers=readers, who=asked.who, cache=asked.cache)
    if asked.csv is not None:
        write_whole(asked.csv, table.to_csv(index=False, lineterminator="\n"))
    bad = table[table.status > 0]
    said = [f"{in_a_line(name)}: {why}" for name, why in zip(bad.name, bad.why_not.fillna(bad.findings))]
    summary = _summary(table)
    data = {"rows": records(table), "summary": summary}
    return int(table.status.max()), data, "\n".join([*said, *[""] * bool(said), summary])


def _sound(found: "graph.Audit") -> bool:
    """Is it a code of Microsoft Graph's with which nothing is wrong?"""
    right = {code for code, _ in found.findings} <= {"higher-level-free"}
    return right and bool(found.declared) and (found.text or "").startswith("ms-qrpin:")


def _summary(table: Any) -> str:
    """What `graph.audit_all` found, in a few lines."""
    counts = table.status.value_counts().reindex(range(4), fill_value=0)
    said = [f"{len(table):,} codes: {counts[0]:,} without findings, {counts[1]:,} with some, "
            f"{counts[3]:,} that no reader reads, {counts[2]:,} that can't be used"]  # fmt: skip
    codes = Counter(code for codes in table.findings.dropna() for code in codes.split())
    said += [f"{count:,} × {code}" for code, count in codes.most_common()]
    if table.unused.notna().any():
        worst = table.loc[table.unused.astype(float).idxmin()]
        said.append(f"least unused error correction: {worst.unused:.0%}, {worst['name']}")
    return "\n".join(said)
