"""`qrlab audit`: its options, what is read, what is said.  What loads slowly is loaded when it is needed."""

import argparse
import codecs
import json
import os
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import Any

from qrlab import graph
from qrlab.checks import one_of

Answer = tuple[int, object, str]  # the exit status, what --json prints, and what is printed otherwise
# Without waiting for a FIFO's writer; Windows has no such flag, and needs another for bytes.
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
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
    try:
        if file != "-":
            number = os.open(file, os.O_RDONLY | _AT_ONCE)  # which doesn't wait for a FIFO's writer
        elif sys.stdin is None:
            raise OSError(0, "it is closed")
        with sys.stdin.buffer if file == "-" else open(number, "rb") as opened:
            if file != "-" and not stat.S_ISREG(os.fstat(number).st_mode):
                raise OSError(0, "it is no regular file; - reads standard input")
            return opened.read(graph.documents.MOST_CHARACTERS + 1)  # an endless one is refused, too
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
    details, picture = graph.QrCodeImageDetails, graph.documents.picture_in(asked.file)
    if asked.resource is not None:
        declared = details.from_json(asked.resource, asked.code)
        return [replace(declared, binary_value=asked.file if picture is None else picture)]
    if picture is not None:
        return [picture]
    try:
        return [*details.all_from_json(asked.file, asked.code)]
    except ValueError:
        if asked.file.lstrip(codecs.BOM_UTF8 + codecs.BOM_UTF16 + b"\0 \t\r\n")[:1] in (b"{", b"["):
            raise
    return [asked.file]  # neither, as the audit says


def _key(asked: argparse.Namespace) -> bytes | None:
    file, set_ = asked.key_file, os.environ.get("QRLAB_KEY")
    keys = [asked.key, file and file.rstrip(b"\r\n"), set_ and os.fsencode(set_)]
    given = [key for key in keys if key is not None]
    if len(given) > 1:
        raise ValueError(
            f"--key must come once, by --key, --key-file or QRLAB_KEY, and comes {len(given)} times"
        )
    return given[0] if given else None


def _audit(asked: argparse.Namespace, what: Any, key: bytes | None, number: int) -> Answer:
    """One audit; number: of several, in the names of plots, or 0."""
    found = graph.audit(what, key=key, readers=None if asked.by is None else asked.by.split(","))
    answer, content = found.to_dict(), found.reveal()
    rows = [list(found.table)]
    for *left, last in found.table.itertuples(index=False):
        first, *more = wrap(last, 44)
        rows += [[*left, first], *([""] * len(left) + [line] for line in more)]
    said = [columns(rows, str.ljust, "  ")]
    said += ["\n".join(f"{code}: {why}" for code, why in found.findings) or "No findings."]
    if content is not None and {asked.scenario, asked.print_dpi, asked.camera_distance_mm} != {None}:
        printing = found.smallest_width(_scenario(asked), trials=asked.trials)
        answer["printing"] = printing.to_dict()
        said.append(printing.reason)
    if asked.plot is not None:
        path = asked.plot.with_stem(f"{asked.plot.stem}-{number}") if number else asked.plot
        answer["plot"] = _drawn(found, path, asked.show_content)
        name = in_a_line(str(path))
        said.append(f"wrote {name}" if answer["plot"] else f"did not write {name}: no symbol is there")
    if content is not None and asked.show_content:
        answer["content"] = content.decode(errors="backslashreplace") if found.text is None else found.text
        said.append(f"content: {json.dumps(answer['content'], ensure_ascii=False)}")
    said += [graph.NO_VERIFICATION] if found.symbol else []
    lost = found.symbol is None and "image-unreadable" in [finding.code for finding in found.findings]
    return 3 if lost and not found.declared else 1 if found.findings else 0, answer, "\n\n".join(said)


def _drawn(found: "graph.Audit", path: Path, show_content: bool) -> str | None:
    """The file that was drawn, None where there is no symbol."""
    from matplotlib.figure import Figure  # slow to load

    if found.symbol is None:
        return None
    figure = Figure()
    found.plot(show_content=show_content, ax=figure.subplots())
    figure.savefig(path)
    return str(path)


def _scenario(asked: argparse.Namespace) -> Any:
    from qrlab.scenario import SCENARIOS  # slow to load

    named = one_of("--scenario", asked.scenario or "sign-in-badge", SCENARIOS)
    given = {"print_dpi": asked.print_dpi, "camera_distance_mm": asked.camera_distance_mm}
    return SCENARIOS[named].change(**{name: value for name, value in given.items() if value is not None})


def in_a_line(text: str) -> str:
    """A text with what is no printable character escaped."""
    return "".join(x if x.isprintable() else repr(x)[1:-1] for x in text)


def columns(rows: Sequence[Sequence[str]], align: Callable[[str, int], str], gap: str) -> str:
    """Rows of cells as lines, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(gap.join(map(align, row, widths)).rstrip() for row in rows)
