"""Findings: what is wrong with a resource, or with what a picture shows, each with a stable code."""

from collections.abc import Iterator
from typing import NamedTuple

from qrlab.graph.measured import Measured
from qrlab.graph.resource import LEVELS, NAMES, TYPE, QrCodeImageDetails
from qrlab.symbols import ALPHABETS, UNITS, Level, blocks_of, capacity, mode_of

FINDINGS = (
    "missing-value",
    "odata-type-mismatch",
    "unknown-level",
    "capacity-exceeded",
    "not-an-image",
    "image-unreadable",
    "version-mismatch",
    "level-mismatch",
    "content-mismatch",
    "quiet-zone-too-small",
    "higher-level-free",
)


class Finding(NamedTuple):
    """Something that an audit found; code: stable, one of FINDINGS; message: in words, without content."""

    code: str
    message: str


def find(
    details: QrCodeImageDetails | None, symbol: Measured | None, outcomes: dict[str, str], refused: str | None
) -> tuple[Finding, ...]:
    """What is wrong, in the order of FINDINGS.

    details: None for a picture alone; symbol: what was measured, None without one; outcomes: reader -> what
    it made of the picture; refused: why the picture is none.
    """
    found = [Finding(code, said) for code, said in _found(details, symbol, outcomes, refused)]
    return tuple(sorted(found, key=lambda finding: FINDINGS.index(finding.code)))


def _found(details, symbol, outcomes, refused) -> Iterator[tuple[str, str]]:
    if details is not None:
        yield from _of_declared(details)
    if refused is not None:
        yield "not-an-image", refused
    if outcomes and "ok" not in outcomes.values():
        lost = "" if symbol is None else f"; {symbol.lost} of {len(symbol.blocks)} blocks are lost"
        yield "image-unreadable", f"none of {', '.join(outcomes)} reads the picture{lost}"
    if symbol is not None:
        yield from _of_measured(symbol)
        if details is not None:
            yield from _differences(details, symbol)


def _of_declared(details: QrCodeImageDetails) -> Iterator[tuple[str, str]]:
    for own, name in NAMES.items():
        if getattr(details, own) is None:
            yield "missing-value", f"{name} is null or missing"
    said = details.unknown.get("@odata.type", TYPE)
    if said != TYPE:
        yield "odata-type-mismatch", f"@odata.type must be {TYPE}, not {str(said)[:80]!r}"
    level, version, content = details.error_correction_level, details.version, details.raw_content
    if level is not None and level not in LEVELS:
        yield "unknown-level", f"errorCorrectionLevel must be one of l, m, q, h, not {level[:40]!r}"
    if version is not None and not 1 <= version <= 40:
        yield "version-mismatch", f"version must be from 1 to 40, not {version}"
    elif version is not None and level in LEVELS and content:
        held = 8 * sum(data for _, data in blocks_of(version, LEVELS[level]))
        if _least_bits(content) > held:
            mode, symbol = mode_in(content), f"{version}-{LEVELS[level]}"
            holds = f"{capacity(version, LEVELS[level], mode):,} {UNITS[mode]}"
            yield (
                "capacity-exceeded",
                f"{len(content):,} bytes of content, and version {symbol} holds {holds}",
            )


def mode_in(content: bytes) -> str:
    return mode_of(content.decode()) if content.isascii() else "byte"


def _least_bits(content: bytes) -> float:
    """Fewer bits than any mix of modes needs: each character in the tightest mode that has it."""
    digits = sum(chr(c) in ALPHABETS["numeric"] for c in content)
    letters = sum(chr(c) in ALPHABETS["alphanumeric"] for c in content) - digits
    other = (len(content) - digits - letters) * (8 if content.isascii() else 13 / 2)  # kanji: two in 13 bits
    first = {"numeric": 14, "alphanumeric": 13}.get(mode_in(content), 12)  # mode and, at least, length
    return first + digits * 10 / 3 + letters * 11 / 2 + other


def _of_measured(symbol: Measured) -> Iterator[tuple[str, str]]:
    if symbol.quiet_zone < 4:
        yield "quiet-zone-too-small", f"quiet zone must be 4 modules wide, not {symbol.quiet_zone}"
    if symbol.content:
        mode, ranks = mode_in(symbol.content), list(Level)
        free = [x for x in ranks if capacity(symbol.version, x, mode) >= len(symbol.content)]
        if free and ranks.index(free[-1]) > ranks.index(symbol.level):
            yield (
                "higher-level-free",
                f"level {free[-1]} would fit the same version {symbol.version}, at no cost",
            )


def _differences(details: QrCodeImageDetails, symbol: Measured) -> Iterator[tuple[str, str]]:
    version, level, content = details.version, details.error_correction_level, details.raw_content
    if version is not None and 1 <= version <= 40 and version != symbol.version:
        yield "version-mismatch", f"version is declared {version}, and the picture's is {symbol.version}"
    if level in LEVELS and LEVELS[level] != symbol.level:
        yield "level-mismatch", f"level is declared {level}, and the picture's is {symbol.level.lower()}"
    if content is not None and symbol.content is not None and content != symbol.content:
        sizes = f"{len(content):,} bytes are declared, and the picture's are {len(symbol.content):,}"
        yield "content-mismatch", f"content differs: {sizes}"
