"""Findings: what is wrong with a resource, or with what a picture shows, each with a stable code."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from qrlab.graph.resource import LEVELS, NAMES, TYPE, QrCodeImageDetails, shown
from qrlab.photos.measured import Measured, text_or_bytes
from qrlab.readers import character_set
from qrlab.symbols import ALPHABETS, MODES, UNITS, Level, bits_in, capacity, count_bits, mode_of

FINDINGS: tuple[str, ...] = ("missing-value", "odata-type-mismatch", "unknown-level", "capacity-exceeded")
FINDINGS += ("not-an-image", "image-unreadable", "version-mismatch", "level-mismatch", "content-mismatch")
FINDINGS += ("quiet-zone-too-small", "higher-level-free")
_LONGEST = 4 * 7089  # bytes of text that any symbol holds: each of 40-L's 7,089 characters takes up to four
_SIXTHS = {"byte": 48, "kanji": 39, "alphanumeric": 33, "numeric": 20}  # of a bit, a byte or a character


class Finding(NamedTuple):
    """Something that an audit found; code: stable, one of FINDINGS; message: in words, without content."""

    code: str
    message: str


def find(
    details: QrCodeImageDetails | None, symbol: Measured | None, outcomes: dict[str, str], refused: str | None
) -> tuple[Finding, ...]:
    """What is wrong, in the order of FINDINGS.  details: None for a picture alone; symbol: what was measured,
    None without one; outcomes: reader -> what it made of the picture; refused: why the picture is none.
    """
    found = [] if details is None else [*_of_declared(details)]
    if refused is not None:
        found.append(("not-an-image", refused))
    if outcomes and "ok" not in outcomes.values():
        lost = "" if symbol is None else f"; {symbol.lost} of {len(symbol.blocks)} blocks are lost"
        found.append(("image-unreadable", f"none of {', '.join(outcomes)} reads the picture{lost}"))
    elif outcomes and symbol is None:
        found.append(("image-unreadable", "no symbol of version 1 to 40 was found to be measured"))
    if symbol is not None:
        found += _of_symbol(symbol, details or QrCodeImageDetails())
    elif wrong := [reader for reader, outcome in outcomes.items() if outcome == "misread"]:
        found.append(("content-mismatch", f"{', '.join(wrong)} reads another content than is declared"))
    return tuple(Finding(*pair) for pair in sorted(found, key=lambda pair: FINDINGS.index(pair[0])))


def _of_declared(details: QrCodeImageDetails) -> Iterator[tuple[str, str]]:
    """What is wrong with a resource by itself."""
    for own, name in NAMES.items():
        if getattr(details, own) is None:
            yield "missing-value", f"{name} is null or missing"
    said = details.unknown.get("@odata.type", TYPE)
    if said != TYPE:
        named = isinstance(said, str) and re.fullmatch(r"#?microsoft\.graph\.\w{1,40}", said)
        yield "odata-type-mismatch", f"@odata.type must be {TYPE}, not {said if named else 'what came'}"
    level, version, content = details.error_correction_level, details.version, details.raw_content
    if level is not None and level not in LEVELS:
        yield "unknown-level", f"errorCorrectionLevel must be one of l, m, q, h, not {shown(level)}"
    if version is not None and not 1 <= version <= 40:
        yield "version-mismatch", f"version must be from 1 to 40, not {version}"
    elif version is not None and level in LEVELS and content:
        most = bits_in(version, LEVELS[level])
        if len(content) > _LONGEST or least_bits(content, version) > most:
            mode = mode_of(text_or_bytes(content))
            holds = f"version {version}-{LEVELS[level]} holds {capacity(version, LEVELS[level], mode):,}"
            yield "capacity-exceeded", f"{len(content):,} bytes of content, and {holds} {UNITS[mode]}"


def least_bits(content: bytes, version: int) -> int:
    """The fewest bits that any mix of modes needs for a content, its text in whichever character set: by
    dynamic programming over its characters, in sixths of a bit, as three digits take ten bits.
    """
    heads = {mode: 6 * (4 + count_bits(number, version)) for mode, number in MODES.items()}
    try:
        text, beyond_ascii = content.decode(), ["byte"]  # one byte, as in many a set
    except UnicodeDecodeError:
        text, beyond_ascii = content.decode("latin-1"), ["byte", "kanji"]  # a byte of two
    best, fewest = dict.fromkeys(MODES, 10**9), 0
    for character in text:
        modes = beyond_ascii if not character.isascii() else ["byte"]
        modes = modes + [mode for mode in ("alphanumeric", "numeric") if character in ALPHABETS[mode]]
        best = {m: _SIXTHS[m] + min(best.get(m, 10**9), fewest + heads[m]) for m in modes}
        fewest = min(-(-sixths // 6) * 6 for sixths in best.values())  # a segment ends with a whole bit
    return fewest // 6


def _of_symbol(symbol: Measured, details: QrCodeImageDetails) -> Iterator[tuple[str, str]]:
    """What is wrong with a symbol, and where it differs from what is declared, if anything is."""
    version, level, content = details.version, details.error_correction_level, details.raw_content
    if symbol.quiet_zone < 4:
        yield "quiet-zone-too-small", f"quiet zone must be 4 modules wide, not {symbol.quiet_zone}"
    if symbol.bits is not None:
        most = [level for level in Level if bits_in(symbol.version, level) >= symbol.bits][-1]
        if most != symbol.level:
            yield "higher-level-free", f"level {most} would fit the same version {symbol.version}, at no cost"
    if version is not None and 1 <= version <= 40 and version != symbol.version:
        yield "version-mismatch", f"version is declared {version}, and the picture's is {symbol.version}"
    if level in LEVELS and LEVELS[level] != symbol.level:
        yield "level-mismatch", f"level is declared {level}, and the picture's is {symbol.level.lower()}"
    if content is not None and symbol.content is not None:
        text = (symbol.text or "").encode(errors="surrogatepass")  # maybe of another character set
        other = character_set(symbol.content, content) or character_set(content, symbol.content)
        if content not in (text, symbol.content) and not other:
            sizes = f"{len(content):,} bytes are declared, and the picture's are {len(symbol.content):,}"
            yield "content-mismatch", f"content differs: {sizes}"
