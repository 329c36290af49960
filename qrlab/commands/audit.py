"""`qrlab audit`: its options, what is read, what is said.  What loads slowly is loaded when it is needed."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import Any

from qrlab import graph
from qrlab.commands import Answer, columns, in_a_line, scenario

_ENDINGS = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".eps")
STATUSES = """
exit status: 0 nothing found, 1 findings, 2 the input can't be used, 3 a picture by itself in which no symbol
is found or that can't be read, 130 interrupted; of several resources in a file the highest
"""


def add_options(add: Callable) -> None:
    """The options of `qrlab audit`."""
    # fmt: off
    add("file", type=read, help="JSON with the resource, or several, or a picture; -: standard input")
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
    """Audit each resource in the file, or the picture."""
    given, key = _given(asked), _key(asked)
    answers = [_audit(asked, what, key, k if len(given) > 1 else 0) for k, what in enumerate(given, 1)]
    if len(answers) == 1:
        return answers[0]
    heads = [f"{k} of {len(answers)}\n\n{text}" for k, (_, _, text) in enumerate(answers, 1)]
    return max(answer[0] for answer in answers), [answer[1] for answer in answers], "\n\n".join(heads)


def _given(asked: argparse.Namespace) -> list[Any]:
    """What to audit: a picture, or each resource in a document."""
    picture = graph.documents.picture_in(asked.file)
    if asked.resource is not None:
        declared = graph.QrCodeImageDetails.from_json(asked.resource, asked.code)
        return [replace(declared, binary_value=asked.file if picture is None else picture)]
    if picture is not None:
        return [picture]
    try:
        return [*graph.QrCodeImageDetails.all_from_json(asked.file, asked.code)]
    except ValueError:
        if graph.documents.kind_of(asked.file) is not None:
            raise
    return [asked.file]  # neither, as the audit says


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
    found = graph.audit(what, key=key, readers=None if asked.by is None else asked.by.split(","))
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
    said += [graph.NO_VERIFICATION] if found.symbol else []
    lost = found.symbol is None and "image-unreadable" in dict(found.findings)
    return 3 if lost and not found.declared else 1 if found.findings else 0, answer, "\n\n".join(said)
