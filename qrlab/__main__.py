"""The command line: arguments to calls, answers to lines.  Nothing is computed here.

Exit status 0: done; 1: the audit has findings; 2: the input is unusable, with one line on standard error.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd

from qrlab import __version__
from qrlab.checks import one_of
from qrlab.readers import decoders
from qrlab.report import report
from qrlab.scenario import SCENARIOS, Scenario, Wear
from qrlab.standard import UNITS


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        """One line, without argparse's usage above it."""
        self.exit(2, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """The `qrlab` command; returns the exit status."""
    asked = _parser().parse_args(argv)
    try:
        print(asked.answer(asked), flush=True)
        return asked.status
    except BrokenPipeError:  # who reads the pipe, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ImportError as missing:
        status, problem = 2, f"{missing}; first: pip install 'qrlab[notebooks]'"
    except (ValueError, OSError) as unusable:
        status, problem = 2, str(unusable)
    except KeyboardInterrupt:
        status, problem = 130, "interrupted"
    print(f"qrlab {asked.command}: {problem}", file=sys.stderr)
    return status


def _parser() -> _Parser:
    parser = _Parser(prog="qrlab", description="What QR code error correction really buys.")
    parser.add_argument("--version", action="version", version=f"qrlab {__version__}")
    parser.set_defaults(status=0)
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (_add_choose, _add_audit, _add_report, _add_decoders):
        add(commands)
    return parser


def _add_choose(commands) -> None:
    choose = commands.add_parser("choose", help="recommend an error-correction level", epilog=_EXAMPLES,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    choose.set_defaults(answer=_choose)
    choose.add_argument(
        "content", nargs="?", help="what the code says; only its length and characters matter"
    )
    choose.add_argument("--bytes", type=int, metavar="N", help="instead of the content: its length")
    choose.add_argument("--scenario", default="sign-in-badge", metavar="NAME",
                        help="how it is printed, worn and read: " + ", ".join(SCENARIOS))  # fmt: skip
    choose.add_argument("--print-mm", type=float, metavar="MM", help="printed width")
    choose.add_argument("--dpi", type=float, help="the printer's dots per inch")
    choose.add_argument("--distance-mm", type=float, metavar="MM", help="from the lens to the print")
    choose.add_argument("--damage", action="append", metavar="KIND[:AREA[:SHARE]]",
                        help="wear, instead of the scenario's: kind, typical damaged area and share of the "
                             "prints that bear it (scratch:1%%:50%%); may be repeated; or none")  # fmt: skip
    choose.add_argument("--target", type=_share, metavar="RATE", help="the read rate to reach: 95%% or 0.95")
    choose.add_argument("--level", metavar="LEVEL", help="a prescribed level: what does it cost?")
    choose.add_argument(
        "--trials", type=int, default=1600, metavar="N", help="simulated prints at most (1600)"
    )
    choose.add_argument(
        "--seconds", type=float, default=18, metavar="S", help="end the simulation about then (18)"
    )
    choose.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random (0)")
    choose.add_argument("--json", action="store_true", help="as JSON")


def _add_audit(commands) -> None:
    audit = commands.add_parser("audit", help="audit a qrCodeImageDetails, or the picture of a QR code")
    audit.set_defaults(answer=_audit)
    audit.add_argument(
        "file", help="JSON with the resource, or a picture: SVG, PNG or JPEG; - for standard input"
    )
    audit.add_argument(
        "--resource", metavar="FILE", help="for a photograph: JSON of the code that was printed"
    )
    audit.add_argument(
        "--code", metavar="CODE", help="which of an authentication method's: standard, temporary"
    )
    audit.add_argument("--key", help="of the content's digest, so that it can be compared between audits")
    audit.add_argument(
        "--scenario", metavar="NAME", help="advise on printing it for this scenario (sign-in-badge)"
    )
    audit.add_argument("--dpi", type=float, help="advise on printing it with so many dots per inch")
    audit.add_argument(
        "--distance-mm", type=float, metavar="MM", help="advise on printing it to be read from there"
    )
    audit.add_argument("--trials", type=int, default=300, metavar="N", help="simulated prints for that (300)")
    audit.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw wrong modules and lost blocks (SVG, PNG)"
    )
    audit.add_argument("--show-content", action="store_true",
                       help="show the content, a credential, and the picture in --plot")  # fmt: skip
    audit.add_argument("--json", action="store_true", help="as JSON")


def _add_report(commands) -> None:
    command = commands.add_parser("report", help="run the notebooks and write the report")
    command.set_defaults(answer=_report)
    command.add_argument("--notebooks", type=Path, default=Path("notebooks"), help="their folder (notebooks)")
    command.add_argument("--out", type=Path, default=Path("reports"), help="where to write (reports)")
    command.add_argument("--only", action="append", metavar="NN", help="just this notebook, by number")
    command.add_argument("-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE",
                         help="a parameter, for every notebook that has it: -p trials=1000")  # fmt: skip


def _add_decoders(commands) -> None:
    readers = commands.add_parser("decoders", help="list the readers, and why one is not available")
    readers.set_defaults(answer=_decoders)
    readers.add_argument("--json", action="store_true", help="as JSON")


_EXAMPLES = """examples:
  qrlab choose "https://www.example.org/menu" --scenario menu-sticker
  qrlab choose --bytes 141 --scenario small-badge --print-mm 30 --damage scratch:1%:50%
"""


# What a value is called on the command line, and in a scenario.
_OPTIONS = {
    "--print-mm": "print_width_mm",
    "--dpi": "print_dpi",
    "--distance-mm": "camera_distance_mm",
    "--target": "target",
    "--level": "prescribed",
    "--damage": "wear",
    "--bytes": "payload",
}


def _choose(asked: argparse.Namespace) -> str:
    from qrlab.choice import choose  # slow to load

    values = {name: getattr(asked, option[2:].replace("-", "_")) for option, name in _OPTIONS.items()}
    if asked.content is not None and asked.bytes is not None:
        raise ValueError("content must be given either as such or by --bytes, not both")
    with _options_named():
        scenario = _scenario(asked.scenario, values | {"wear": _wear(asked.damage)})
        limits = {"trials": asked.trials, "seconds": asked.seconds, "seed": asked.seed}
        choice = choose(asked.content, scenario, **limits)
    for reader, why_not in choice.left_out.items():
        print(f"qrlab choose: reader {reader} is left out: {why_not}", file=sys.stderr)
    if asked.json:
        return json.dumps(choice.to_dict(), indent=2)
    return f"{_heading(choice.scenario, choice.trials)}\n\n{_lines(choice)}\n\n{choice.reason}"


def _scenario(name: str, values: dict) -> Scenario:
    one_of("--scenario", name, SCENARIOS)
    return SCENARIOS[name].change(**{k: v for k, v in values.items() if v is not None})


@contextmanager
def _options_named() -> Iterator[None]:
    """Errors name the option, where a parameter came from one."""
    try:
        yield
    except ValueError as problem:
        option = next((o for o, name in _OPTIONS.items() if str(problem).startswith(name)), None)
        raise ValueError(str(problem).replace(_OPTIONS[option], option, 1) if option else problem) from None


def _share(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


_share.__name__ = "share such as 2% or 0.02, as"  # for argparse's message


def _wear(kinds: list[str] | None) -> tuple[Wear, ...] | None:
    """What --damage says: all prints bear one of the kinds, in equal parts unless it gives their shares."""
    if kinds in (None, ["none"]):
        return None if kinds is None else ()
    wear = []
    for text in kinds:
        kind, area, share, *_ = [*text.split(":"), "", ""]
        try:
            wear.append(Wear(kind, _share(share or str(1 / len(kinds))), _share(area or str(Wear.typical))))
        except ValueError as problem:
            allowed = "KIND[:AREA[:SHARE]], such as scratch:1%:50%,"
            raise ValueError(f"--damage must be {allowed} not {text}: {problem}") from None
    return tuple(wear)


def _heading(scenario: Scenario, trials: int) -> str:
    dpi = "" if scenario.print.dpi is None else f" at {scenario.print.dpi:g} dpi"
    return (
        f"{scenario.name}: {scenario.payload:,} {UNITS[scenario.mode]}, {scenario.print.width_mm:g} mm{dpi}, "
        f"read at {scenario.camera.distance_mm:.4g} mm by {' and '.join(scenario.readers)}; {trials:,} prints"
    )


def _lines(choice) -> str:
    """The table of a choice in fixed columns; the recommended level is marked."""
    rows = []
    for row in choice.table.itertuples():
        mark = "> " if row.level == choice.level else "  "
        size = (
            f"{row.version}-{row.level}",
            f"{row.module_mm:.3g} mm",
            row.module_dots,
            f"{row.relative_area:.2f}",
        )
        read = (f"{100 * rate:.1f}" for rate in (row.rate, row.low, row.high, row.worst_rate))
        if row.rate != row.rate:  # nan
            rows.append([mark + row.level, *size, *["–"] * 4])
        else:
            rate, low, high, worst = read
            last = f"{rate}%", f"{low}–{high}", f"{row.worst_reader} {worst}", row.misreads
            rows.append([mark + row.level, *size, *last])
    heads = ["  level", "symbol", "module", "dots", "area", "read", "95% interval", "worst reader", "misread"]
    return pd.DataFrame(rows, columns=heads).fillna("–").to_string(index=False)


def _audit(asked: argparse.Namespace) -> str:
    from qrlab import graph  # slow to load

    what, code = _bytes_of(asked.file), asked.code
    if asked.resource is not None:
        printed = graph.QrCodeImageDetails.from_json(_bytes_of(asked.resource), code)
        what, code = replace(printed, binary_value=what), None
    found = graph.audit(what, code=code, key=asked.key and asked.key.encode())
    asked.status = int(bool(found.findings))
    printing, content = _printing(asked, found), found.reveal() if asked.show_content else None
    if asked.plot is not None and found.symbol is None:
        print("qrlab audit: nothing is drawn, as no symbol was found", file=sys.stderr)
    elif asked.plot is not None:
        found.plot(show_content=asked.show_content).figure.savefig(asked.plot)
    shown = {} if content is None else {"content": content.decode(errors="backslashreplace")}
    if asked.json:
        more = {} if printing is None else {"printing": printing.to_dict()}
        return json.dumps(found.to_dict() | more | shown, indent=2)
    parts = [
        _left(found.table),
        "\n".join(f"{code}: {said}" for code, said in found.findings) or "No findings.",
    ]
    parts += [printing.reason] if printing else []
    parts += [f"content: {json.dumps(said, ensure_ascii=False)}" for said in shown.values()]
    return "\n\n".join(parts + ([graph.NO_VERIFICATION] if found.symbol else []))


def _bytes_of(file: str) -> bytes:
    from qrlab.graph.resource import MOST_CHARACTERS

    try:
        with sys.stdin.buffer if file == "-" else open(file, "rb") as opened:
            data = opened.read(MOST_CHARACTERS + 1)
    except OSError as problem:
        raise ValueError(
            f"file must be one that can be read, and {file} is not: {problem.strerror}"
        ) from None
    if len(data) > MOST_CHARACTERS:
        raise ValueError(f"file must have at most {MOST_CHARACTERS:,} bytes, and {file} has more")
    return data


def _printing(asked: argparse.Namespace, found):
    """Advice on printing, if there is a readable symbol and it is asked for."""
    values = {"print_dpi": asked.dpi, "camera_distance_mm": asked.distance_mm}
    if found.reveal() is None or (asked.scenario, *values.values()) == (None,) * 3:
        return None
    with _options_named():
        return found.smallest_width(_scenario(asked.scenario or "sign-in-badge", values), trials=asked.trials)


def _left(table: pd.DataFrame) -> str:
    """A table of text, its columns aligned on the left."""
    columns = [[name, *table[name]] for name in table]
    widths = [max(map(len, column)) for column in columns]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in zip(*columns))


def _report(asked: argparse.Namespace) -> str:
    return f"the report is in {report(asked.notebooks, asked.out, asked.only, asked.parameters)}"


def _decoders(asked: argparse.Namespace) -> str:
    table = decoders()
    if asked.json:
        return table.to_json(orient="records", indent=2)
    states = table.version.where(table.available, "not available: " + table.why_not)
    return "\n".join(f"{n:14}{lib:22}{state}" for n, lib, state in zip(table.name, table.library, states))


if __name__ == "__main__":
    sys.exit(main())
