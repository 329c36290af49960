"""Commands of `qrlab` with many options: what is read, what is said.  What loads slowly is loaded late."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qrlab.checks import one_of

if TYPE_CHECKING:
    from qrlab.scenario import Scenario

Answer = tuple[int, object, str]  # the exit status, what --json prints, and what is printed otherwise
OPTIONS = {  # that set a parameter of a scenario, by its name, which errors begin with
    "print_width_mm": "--print-mm", "print_dpi": "--dpi", "camera_distance_mm": "--distance-mm",
    "target": "--target", "prescribed": "--level", "payload": "--bytes", "readers": "--readers",
}  # fmt: skip


def scenario(asked: argparse.Namespace, **changes: object) -> "Scenario":
    """The named scenario, with what the options change."""
    from qrlab.scenario import SCENARIOS

    named = one_of("--scenario", asked.scenario or "sign-in-badge", SCENARIOS)
    changes |= {name: value for name, value in vars(asked).items() if name in OPTIONS}
    return SCENARIOS[named].change(**{k: v for k, v in changes.items() if v is not None})


def in_a_line(text: str) -> str:
    """A text with what is no printable character escaped."""
    return "".join(x if x.isprintable() else repr(x)[1:-1] for x in text)


def columns(rows: Sequence[Sequence[str]], align: Callable[[str, int], str], gap: str) -> str:
    """Rows of cells as lines, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(gap.join(map(align, row, widths)).rstrip() for row in rows)
