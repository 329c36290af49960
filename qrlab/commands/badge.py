"""`qrlab badge`: its options, and what is said.  What loads slowly is loaded when it is needed."""

import argparse
import re
from collections.abc import Callable
from dataclasses import asdict

from qrlab.commands import Answer, in_a_line
from qrlab.commands.audit import read

_SAID = ("width_mm", "dpi", "caption", "sheet", "reissue", "scenario", "code")  # parameters with an option


def add_badge(add: Callable) -> None:
    """The options of `qrlab badge`."""
    # fmt: off
    add("resource", type=read, metavar="RESOURCE", help="JSON with the resource, or its picture; -: standard "
        "input")
    add("out", metavar="OUT", help="a PDF, PNG or SVG, which only you can read; it is the credential")
    add("--code", help="which of an authentication method's: standard, temporary")
    add("--width-mm", type=float, default=50.8, metavar="MM", help="with its quiet zone (50.8: 2 inches)")
    add("--dpi", type=float, default=300, help="the printer's: modules of whole dots (300)")
    add("--caption", metavar="TEXT", help="a line below it")
    add("--sheet", type=_sheet, metavar="ACROSSxDOWN", help="so many of it on A4: 3x5")
    add("--reissue", metavar="LEVEL", help="make the same content anew at that level: another symbol")
    add("--scenario", metavar="NAME", help="warn if wear will defeat its level: sign-in-badge")
    add("--force", action="store_true", help="replace a file")
    # fmt: on


def _sheet(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,4}x\d{1,4}", text):
        raise argparse.ArgumentTypeError(f"must be numbers across and down, as 3x5, not {text!r}")
    return tuple(map(int, text.split("x")))


def badge(asked: argparse.Namespace) -> Answer:
    """Write the badge; status 1 if there is something to warn of."""
    from qrlab.graph import badges

    options = {name: getattr(asked, name) for name in (*_SAID, "force")}
    try:
        made = badges.badge(asked.resource, asked.out, **options)
    except ValueError as problem:  # of any kind: no file is written, status 2
        name, _, said = str(problem).partition(" ")
        option = f"--{name.replace('_', '-')}" if name in _SAID else name
        raise ValueError(f"{option} {said}") from None
    symbol = f"{made.version}-{made.level}, {made.module_dots} dots a module ({made.module_mm:.3g} mm)"
    lines = [f"wrote {in_a_line(str(made.path))}: {made.width_mm:g} mm wide, {symbol}"]
    reading = [name for name, outcome in made.readers.items() if outcome == "ok"]
    lines += [f"read from it by {', '.join(reading)}"] if reading else []
    lines += [f"{code}: {message}" for code, message in made.warnings]
    lines += ["Print it at 100 %, not fitted to the page.  It is the credential: delete it afterwards."]
    data = asdict(made) | {"path": str(made.path), "warnings": [each._asdict() for each in made.warnings]}
    return int(bool(made.warnings)), data, "\n".join(lines)
