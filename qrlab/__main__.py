"""The command line: arguments to calls, answers to lines.  Nothing is computed here.

Exit status 0: done; 2: the input is unusable, with one line on standard error; others of an audit: --help.
Public names (qr.…) are loaded when a command asks for them, which keeps --help quick.
"""

import os
import signal
import sys


def _end_when_interrupted() -> None:
    """From now on an interrupt ends the process at once, with one line, even while it is loading."""

    def end(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            os.write(2, f"{' '.join(['qrlab', *sys.argv[1:2]])}: interrupted\n".encode())
            for task in os.listdir("/proc/self/task"):  # what it began would complain, once it is alone
                with open(f"/proc/self/task/{task}/children") as children:
                    for child in children.read().split():
                        os.kill(int(child), signal.SIGTERM)
        finally:
            os._exit(130)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a shell has it ignored
        signal.signal(signal.SIGINT, end)
        sys.warnoptions.append("ignore:resource_tracker")  # for loky's, which tidies up after the process


# In the command of that name, but for its report, whose notebooks have processes of their own to end.
_named = sys.orig_argv[1:3] == ["-m", "qrlab"] or "".join(sys.orig_argv[1:2]).endswith("/qrlab")
if _named and sys.argv[1:2] != ["report"]:
    _end_when_interrupted()

# ruff: noqa: E402
import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import qrlab as qr
from qrlab.commands import OPTIONS, Answer, columns, in_a_line, scenario
from qrlab.commands.audit import STATUSES, add_options, audit
from qrlab.commands.badge import add_badge, badge
from qrlab.commands.sheets import add_photos, add_sheet, photos, seen_by, sheet

_DAMAGE = "KIND[:AREA[:SHARE]]"
_EPILOG = """\nscenarios: {scenarios}

  qrlab choose "https://www.example.org/menu" --scenario menu-sticker
  qrlab choose --bytes 141 --scenario small-badge --print-mm 30 --damage scratch:1%:50%\n"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:  # one line, without argparse's usage above it
        self.exit(2, f"{self.prog}: {in_a_line(message)}\n")

    def format_help(self) -> str:
        more = _EPILOG.format(scenarios=", ".join(qr.SCENARIOS)) if "choose" in self.prog else ""
        return super().format_help() + (STATUSES if "audit" in self.prog else more)


def main(argv: Sequence[str] | None = None) -> int:
    """The `qrlab` command; returns the exit status."""
    words = sys.argv[1:] if argv is None else argv
    called = " ".join(["qrlab", *(word for word in words[:1] if word in COMMANDS)])
    try:
        asked = _parser().parse_args(argv)
        status, data, text = COMMANDS[asked.command](asked)
        print(json.dumps(data, indent=2) if asked.json else text, flush=True)
        return status
    except BrokenPipeError:  # who reads the pipe, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ImportError as missing:
        status, problem = 2, f"{missing}; first: pip install 'qrlab[notebooks]'"
    except (ValueError, OSError) as unusable:
        name, *said = str(unusable).split(" ", 1)
        status = 3 if type(unusable).__name__ == "PictureError" else 2
        problem = " ".join([OPTIONS.get(name, name), *said])
    except KeyboardInterrupt:
        status, problem = 130, "interrupted"
    print(f"{called}: {in_a_line(problem)}", file=sys.stderr)
    return status


# fmt: off
def _parser() -> _Parser:
    parser = _Parser(prog="qrlab", description="What QR code error correction really buys.")
    parser.add_argument("--version", action="version", version=f"qrlab {qr.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_choose(commands)
    said = "audit a qrCodeImageDetails, or a QR code's picture"
    add_options(commands.add_parser("audit", help=said, description=f"{said}.").add_argument)
    said = "print a resource's own symbol, of true size, and read it again"
    add_badge(commands.add_parser("badge", help=said, description=f"{said}.").add_argument)
    said = "write a sheet of symbols to print and photograph"
    add_sheet(commands.add_parser("sheet", help=said, description=f"{said}.").add_argument)
    said = "read photographs of such a sheet, or others"
    add_photos(commands.add_parser("photos", help=said, description=f"{said}.").add_argument)
    add = commands.add_parser("report", help="run the notebooks and write the report").add_argument
    add("--notebooks", type=Path, default=Path("notebooks"), help="their folder (notebooks)")
    add("--out", type=Path, default=Path("reports"), help="where to write (reports)")
    add("--only", action="append", default=[], metavar="NN", help="just this notebook, by number")
    add("-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE",
        help="a parameter, for every notebook that has it: -p trials=1000")
    add("--readers", metavar="NAME", help="readers or a panel, for every notebook that has some: phones")
    add("--fresh", action="store_true", help="compute everything anew, in place of what data/ holds")
    commands.add_parser("decoders", help="list the readers, how quick they are here, and why one is missing")
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _add_choose(commands: Any) -> None:
    choose = commands.add_parser("choose", help="recommend an error-correction level")
    add, either = choose.add_argument, choose.add_mutually_exclusive_group().add_argument
    either("content", nargs="?", help="what the code says; only its length and characters matter")
    either("--bytes", dest="payload", type=int, metavar="N", help="instead of the content: its length")
    add("--scenario", metavar="NAME", help="how it is printed, worn and read, see below (sign-in-badge)")
    add("--print-mm", dest="print_width_mm", type=float, metavar="MM", help="printed width")
    add("--dpi", dest="print_dpi", type=float, metavar="DPI", help="the printer's dots per inch")
    add("--distance-mm", dest="camera_distance_mm", type=float, metavar="MM", help="from lens to print")
    add("--camera", metavar="FILE", help="one's own, as qrlab photos --camera wrote it")
    add("--damage", action="append", metavar=_DAMAGE, help="wear, instead of the scenario's: kind, typical "
        "damaged area and share of the prints that bear it (scratch:1%%:50%%); may be repeated; or none")
    add("--readers", metavar="NAME", help="who reads it: readers or panels, commas between (default)")
    add("--target", type=_share, metavar="RATE", help="the read rate to reach: 95%% or 0.95")
    add("--level", dest="prescribed", metavar="LEVEL", help="a prescribed level: what does it cost?")
    add("--trials", type=int, default=280, metavar="N", help="simulated prints at most (280)")
    add("--seed", type=int, default=0, metavar="N", help="of all that is random (0)")

# fmt: on


def _choose(asked: argparse.Namespace) -> Answer:
    seen = {} if asked.camera is None else seen_by(asked.camera)
    printed = scenario(asked, wear=None if asked.damage is None else _wear(asked.damage), **seen)
    choice = qr.choose(asked.content, printed, trials=asked.trials, seed=asked.seed)
    case = choice.scenario
    dpi = "" if case.print.dpi is None else f" at {case.print.dpi:g} dpi"
    heading = (
        f"{case.name}: {case.payload:,} {qr.symbols.UNITS[case.mode]}, {case.print.width_mm:g} mm{dpi}, "
        f"read at {case.camera.distance_mm:.4g} mm by {' and '.join(case.readers)}; {choice.trials:,} prints"
    )
    heads = ["  level", "symbol", "module", "dots", "area", "read", "95% interval", "worst reader", "misread"]
    rows = [heads]
    for row in choice.table.itertuples():
        cells = [("> " if row.level == choice.level else "  ") + row.level, f"{row.version}-{row.level}"]
        cells += [f"{row.module_mm:.3g} mm", f"{row.module_dots}", f"{row.relative_area:.2f}"]
        cells += [f"{row.rate:.1%}", f"{100 * row.low:.1f}–{100 * row.high:.1f}"]
        cells += [f"{row.worst_reader} {100 * row.worst_rate:.1f}", f"{row.misreads}"]
        rows.append(["–" if any(no in cell for no in ("nan", "<NA>", "None")) else cell for cell in cells])
    return 0, choice.to_dict(), f"{heading}\n\n{columns(rows, str.rjust, ' ')}\n\n{choice.reason}"


def _share(text: str) -> float:
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a share such as 2% or 0.02, not {text!r}") from None


def _wear(kinds: list[str]) -> "list[qr.Wear]":
    """What --damage says: all prints bear one of the kinds, in equal parts unless it gives their shares."""
    wear = []
    for text in kinds if kinds != ["none"] else []:
        kind, area, share, *_ = [*text.split(":"), "", ""]
        try:
            shared = _share(share) if share else 1 / len(kinds)
            wear.append(qr.Wear(kind, shared, _share(area) if area else qr.Wear.typical))
        except (ValueError, argparse.ArgumentTypeError) as why:
            raise ValueError(f"--damage must be {_DAMAGE}, like scratch:1%:50%, not {text}: {why}") from None
    return wear


def _report(asked: argparse.Namespace) -> Answer:
    from qrlab.report import report

    readers = [] if asked.readers is None else [f"readers={','.join(qr.readers.panel(asked.readers))}"]
    index = report(asked.notebooks, asked.out, asked.only, [*asked.parameters, *readers], asked.fresh)
    return 0, {"report": str(index)}, f"the report is in {index}"


def _decoders(_: argparse.Namespace) -> Answer:
    table = qr.decoders(timed=True)
    rows = [("reader", "library", "version", "ms", "panels", "licence", "found in")]
    for x in table.itertuples():
        ms = f"{x.ms:.3g}" if x.available else "–"
        rows.append((x.name, x.library, x.version or "–", ms, x.panels, x.licence, x.found_in))
    missing = [f"{x.name} is left out: {x.why_not}" for x in table.itertuples() if not x.available]
    said = [columns(rows, str.ljust, "  "), "", *missing, "ms: for a clean version 5, here and now"]
    return 0, table.astype(object).where(table.notna(), None).to_dict("records"), "\n".join(said)


# fmt: off
COMMANDS: dict[str, Callable[..., Answer]] = {
    "choose": _choose, "audit": audit, "badge": badge, "sheet": sheet, "photos": photos,
    "report": _report, "decoders": _decoders,
}
# fmt: on

if __name__ == "__main__":
    sys.exit(main())
