"""Findings: what is wrong with a resource, or with what a picture shows, each with a stable code."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qrlab.graph.declared import of_declared
from qrlab.graph.resource import LEVELS, QrCodeImageDetails
from qrlab.pictures.codes import Code
from qrlab.pictures.measured import CONTRASTS, Measured
from qrlab.readers import character_set
from qrlab.symbols import Level, bits_in

FINDINGS: tuple[str, ...] = ("no-image", "missing-value", "odata-type-mismatch", "unknown-level")
FINDINGS += ("version-not-a-number", "capacity-exceeded", "expired", "not-yet-valid", "expires-soon")
FINDINGS += ("lifetime-too-long", "contains-pin", "not-an-image", "image-unreadable", "some-readers-fail")
FINDINGS += ("other-symbology", "lost-blocks", "data-not-decodable", "version-mismatch", "level-mismatch")
FINDINGS += ("content-mismatch", "quiet-zone-too-small", "light-on-dark", "mirrored", "low-contrast")
FINDINGS += ("too-few-pixels", "higher-level-free")
LEAST_PX = 2  # pixels a module: with fewer readers guess


class Finding(NamedTuple):
    """Something that an audit found; code: stable, one of FINDINGS; message: in words, without content."""

    code: str
    message: str


def find(
    details: QrCodeImageDetails | None,
    symbol: Measured | None,
    outcomes: dict[str, str],
    refused: str | None,
    codes: Sequence[Code] = (),
    module_px: float | None = None,
) -> tuple[Finding, ...]:
    """What is wrong, in the order of FINDINGS.  details: None for a picture alone; symbol: what was measured,
    None without one; outcomes: reader -> what it made of the picture; refused: why the picture is none;
    codes: those in it; module_px: the file's pixels a module, None if it has none, as an SVG.
    """
    found = [] if details is None else [*of_declared(details)]
    if refused is not None:
        found.append(("not-an-image", refused))
    found += _of_readers(outcomes)
    if symbol is None:
        kinds = dict.fromkeys(code.kind for code in codes if code.kind != "QR Code")
        found += [("other-symbology", f"its kind is {kind}, which is not measured") for kind in kinds]
        if outcomes and not kinds and "ok" in outcomes.values():
            found.append(("image-unreadable", "no symbol of version 1 to 40 was found to be measured"))
        if wrong := [reader for reader, outcome in outcomes.items() if outcome == "misread"]:
            found.append(("content-mismatch", f"{', '.join(wrong)} reads another content than is declared"))
    else:
        found += [*_of_print(symbol, module_px), *_of_symbol(symbol, details or QrCodeImageDetails())]
    return tuple(Finding(*pair) for pair in sorted(found, key=lambda pair: FINDINGS.index(pair[0])))


def _of_readers(outcomes: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Who reads it, if not all do."""
    asked = {reader: outcome for reader, outcome in outcomes.items() if outcome != "not asked"}
    reading = [reader for reader, outcome in asked.items() if outcome == "ok"]
    if asked and not reading:
        yield "image-unreadable", f"none of {', '.join(asked)} reads the picture"
    elif failing := [reader for reader in asked if reader not in reading]:
        only = f"read by {reading[0]} only; " if len(reading) == 1 else ""
        yield "some-readers-fail", f"{only}not read by {', '.join(failing)}"


def _of_print(symbol: Measured, module_px: float | None) -> Iterator[tuple[str, str]]:
    """What is wrong with how a symbol looks."""
    if symbol.lost:
        lost = f"{symbol.lost} of {len(symbol.blocks)} blocks"
        yield "lost-blocks", f"{lost} have more wrong than error correction restores"
    elif symbol.content is None:
        yield "data-not-decodable", "every block is right or corrected, and yet the data mean nothing"
    if symbol.quiet_zone is not None and symbol.quiet_zone < 4:
        yield "quiet-zone-too-small", f"quiet zone must be 4 modules wide, not {symbol.quiet_zone}"
    if symbol.light_on_dark:
        yield "light-on-dark", "its modules are light on dark, which some readers do not read"
    if symbol.mirrored:
        yield "mirrored", "it is seen in a mirror, which some readers do not read"
    if symbol.contrast_grade in "DF":
        contrast = f"symbol contrast must be {CONTRASTS['C']:.0%} or more"
        yield "low-contrast", f"{contrast}, not {symbol.contrast:.0%} (grade {symbol.contrast_grade})"
    if module_px is not None and module_px < LEAST_PX:
        yield "too-few-pixels", f"a module must have {LEAST_PX} pixels or more, not {module_px:.1f}"


def _of_symbol(symbol: Measured, details: QrCodeImageDetails) -> Iterator[tuple[str, str]]:
    """Where a symbol differs from what is declared, if anything is, and what it could have for nothing."""
    version, level, content = details.version, details.error_correction_level, details.raw_content
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
