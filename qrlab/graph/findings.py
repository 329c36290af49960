"""Findings: what is wrong with a resource, or with what a picture shows, each with a stable code."""

from collections.abc import Iterator
from typing import NamedTuple

from qrlab.graph.declared import of_declared
from qrlab.graph.resource import LEVELS, QrCodeImageDetails
from qrlab.photos.measured import Measured
from qrlab.readers import character_set
from qrlab.symbols import Level, bits_in

FINDINGS: tuple[str, ...] = ("no-image", "missing-value", "odata-type-mismatch", "unknown-level")
FINDINGS += ("version-not-a-number", "capacity-exceeded", "expired", "not-yet-valid", "expires-soon")
FINDINGS += ("lifetime-too-long", "contains-pin", "not-an-image", "image-unreadable", "some-readers-fail")
FINDINGS += ("other-symbology", "lost-blocks", "data-not-decodable", "version-mismatch", "level-mismatch")
FINDINGS += ("content-mismatch", "quiet-zone-too-small", "light-on-dark", "mirrored", "low-contrast")
FINDINGS += ("too-few-pixels", "higher-level-free")


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
    found = [] if details is None else [*of_declared(details)]
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
