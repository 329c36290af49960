"""Findings: what is wrong with a resource, or with what a picture shows, each with a stable code."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from segno import consts

from qrlab.graph.measured import Measured, text_or_bytes
from qrlab.graph.resource import LEVELS, NAMES, TYPE, QrCodeImageDetails, shown
from qrlab.readers import same_text
from qrlab.standard import ALPHABETS, MODES, UNITS, Level, bits_in, capacity, mode_of, span_of

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

_LONGEST = (
    4 * 7089
)  # bytes of text that any symbol holds: a character, of which 40-L has 7,089, takes up to four


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
    elif outcomes and symbol is None:
        yield "image-unreadable", "no symbol of version 1 to 40 was found to be measured"
    if symbol is None and "misread" in outcomes.values():
        wrong = [reader for reader, outcome in outcomes.items() if outcome == "misread"]
        yield "content-mismatch", f"{', '.join(wrong)} reads another content than is declared"
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
        yield "odata-type-mismatch", f"@odata.type must be {TYPE}, not {_of_type(said)}"
    level, version, content = details.error_correction_level, details.version, details.raw_content
    if level is not None and level not in LEVELS:
        yield "unknown-level", f"errorCorrectionLevel must be one of l, m, q, h, not {shown(level)}"
    if version is not None and not 1 <= version <= 40:
        yield "version-mismatch", f"version must be from 1 to 40, not {version}"
    elif version is not None and level in LEVELS and content:
        symbol, mode = f"{version}-{LEVELS[level]}", mode_of(text_or_bytes(content))
        if len(content) > _LONGEST or least_bits(content, version) > bits_in(version, LEVELS[level]):
            holds = f"{capacity(version, LEVELS[level], mode):,} {UNITS[mode]}"
            yield (
                "capacity-exceeded",
                f"{len(content):,} bytes of content, and version {symbol} holds {holds}",
            )


def _of_type(said: object) -> str:
    """What stands for a type, if it is a name such as one of Graph's."""
    plain = isinstance(said, str) and re.fullmatch(r"#?microsoft\.graph\.\w{1,40}", said)
    return said if plain else "what came"


def least_bits(content: bytes, version: int) -> int:
    """The fewest bits that any mix of modes needs for a content, its text in whichever character set.

    By dynamic programming over its characters, in sixths of a bit, as three digits take ten bits.
    """
    heads, best = consts.CHAR_COUNT_INDICATOR_LENGTH, {None: 0}
    for sixths in _sixths(content):
        costs, fewest = {}, min(map(_whole, best.values()))
        for mode, cost in sixths.items():
            new = fewest + 6 * (4 + heads[MODES[mode]][span_of(version)])
            costs[mode] = cost + min(best.get(mode, new), new)
        best = costs
    return min(map(_whole, best.values())) // 6


def _whole(sixths: int) -> int:
    """Sixths of a bit, rounded up to a whole one: where a segment ends."""
    return -(-sixths // 6) * 6


def _sixths(content: bytes) -> Iterator[dict[str, int]]:
    """Sixths of a bit that each character takes, by mode; outside of ASCII one byte, as in many a set."""
    try:
        text, kanji = content.decode(), {}
    except UnicodeDecodeError:
        text, kanji = content.decode("latin-1"), {"kanji": 39}  # a byte of two
    for character in text:
        costs = {"byte": 48} | (kanji if not character.isascii() else {})
        costs |= {"alphanumeric": 33} if character in ALPHABETS["alphanumeric"] else {}
        yield costs | ({"numeric": 20} if character in ALPHABETS["numeric"] else {})


def _of_measured(symbol: Measured) -> Iterator[tuple[str, str]]:
    if symbol.quiet_zone < 4:
        yield "quiet-zone-too-small", f"quiet zone must be 4 modules wide, not {symbol.quiet_zone}"
    if symbol.bits is not None:
        free = [level for level in Level if bits_in(symbol.version, level) >= symbol.bits]
        if free and free[-1] != symbol.level:
            said = f"level {free[-1]} would fit the same version {symbol.version}, at no cost"
            yield "higher-level-free", said


def _differences(details: QrCodeImageDetails, symbol: Measured) -> Iterator[tuple[str, str]]:
    version, level, content = details.version, details.error_correction_level, details.raw_content
    if version is not None and 1 <= version <= 40 and version != symbol.version:
        yield "version-mismatch", f"version is declared {version}, and the picture's is {symbol.version}"
    if level in LEVELS and LEVELS[level] != symbol.level:
        yield "level-mismatch", f"level is declared {level}, and the picture's is {symbol.level.lower()}"
    if content is not None and symbol.content is not None and not _alike(symbol, content):
        sizes = f"{len(content):,} bytes are declared, and the picture's are {len(symbol.content):,}"
        yield "content-mismatch", f"content differs: {sizes}"


def _alike(symbol: Measured, content: bytes) -> bool:
    """The same content, or the same text in another character set."""
    return same_text(symbol.content, content) or symbol.text.encode(errors="surrogatepass") == content
