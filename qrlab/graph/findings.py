"""Findings: what is wrong with a resource, or with what a picture shows, each with a stable code."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from qrlab.graph.resource import LEVELS, NAMES, TYPE, QrCodeImageDetails, shown
from qrlab.pictures.codes import Code
from qrlab.pictures.measured import CONTRASTS, Measured, text_or_bytes
from qrlab.readers import character_set
from qrlab.symbols import ALPHABETS, MODES, UNITS, Level, bits_in, capacity, count_bits, mode_of

FINDINGS: tuple[str, ...] = ("no-image", "missing-value", "odata-type-mismatch", "unknown-level")
FINDINGS += ("version-not-a-number", "capacity-exceeded", "expired", "not-yet-valid", "expires-soon")
FINDINGS += ("lifetime-too-long", "contains-pin", "not-an-image", "image-unreadable", "some-readers-fail")
FINDINGS += ("other-symbology", "lost-blocks", "data-not-decodable", "version-mismatch", "level-mismatch")
FINDINGS += ("content-mismatch", "quiet-zone-too-small", "light-on-dark", "mirrored", "low-contrast")
FINDINGS += ("too-few-pixels", "wrong-width", "higher-level-free")
_WIDTH_OFF = 0.03  # of what was meant: a printer that fits a page to its margins is off by more
LEAST_PX = 2  # pixels a module: with fewer readers guess
_LONGEST = 4 * 7089  # bytes of text that any symbol holds: each of 40-L's 7,089 characters takes up to four
_SIXTHS = {"byte": 48, "kanji": 39, "alphanumeric": 33, "numeric": 20}  # of a bit, a byte or a character
# The longest lives that Microsoft Graph documents for a qrCode, and how long before its end one is told.
_STANDARD = timedelta(days=395), timedelta(days=14)
_TEMPORARY = timedelta(hours=12), timedelta(hours=1)
_MOMENT = "%Y-%m-%d %H:%M %Z"


class Finding(NamedTuple):
    """Something that an audit found; code: stable, one of FINDINGS; message: in words, without content."""

    code: str
    message: str


def in_order(found: Iterable[tuple[str, str]]) -> tuple[Finding, ...]:
    """What was found, each code and message, in the order of FINDINGS."""
    return tuple(Finding(*pair) for pair in sorted(found, key=lambda pair: FINDINGS.index(pair[0])))


def of_declared(details: QrCodeImageDetails, now: datetime | None = None) -> Iterator[tuple[str, str]]:
    """What is wrong with a resource by itself, and with what was around it; now: None for the present."""
    missing = [name for own, name in NAMES.items() if getattr(details, own) is None]
    if len(missing) == len(NAMES):
        why = "Microsoft Graph returns the image only when the code is created; a GET never does"
        yield "no-image", f"there is no image: {why}"
    else:
        yield from (("missing-value", f"{name} is null or missing") for name in missing)
    yield from details.remarks
    yield from _of_window(details, now or datetime.now(UTC))
    if details.with_pin:
        yield "contains-pin", "the document holds a PIN's code beside the QR code: together they sign in"
    said = details.unknown.get("@odata.type")
    if said not in (None, TYPE):
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


def _of_window(details: QrCodeImageDetails, now: datetime) -> Iterator[tuple[str, str]]:
    """What is wrong with the time that a code is valid."""
    start, end = details.valid_from, details.valid_until
    lasts = None if start is None or end is None else end - start
    unsaid = details.temporary is None and lasts is not None and lasts <= _TEMPORARY[0]
    longest, soon = _TEMPORARY if details.temporary or unsaid else _STANDARD
    if end is not None and end <= now:
        yield "expired", f"the code expired {_in_words(now - end)} ago, at {end:{_MOMENT}}"
    elif end is not None and end - now <= soon:
        yield "expires-soon", f"the code expires in {_in_words(end - now)}, at {end:{_MOMENT}}"
    if start is not None and now < start:
        yield "not-yet-valid", f"the code is valid in {_in_words(start - now)}, from {start:{_MOMENT}}"
    if lasts is not None and lasts > longest:
        kind = {True: "a temporary code", False: "a standard code", None: "any code"}[details.temporary]
        most = f"{kind} lasts {_in_words(longest)} at most"
        yield "lifetime-too-long", f"{most}, and this one {_in_words(lasts)}"


def _in_words(time: timedelta) -> str:
    """A time in whole days, or in hours and minutes below two days."""
    minutes = int(time.total_seconds() // 60)
    return f"{time.days:,} days" if time.days >= 2 else f"{minutes // 60} h {minutes % 60} min"


def least_bits(content: bytes, version: int) -> int:
    """The fewest bits that any mix of modes needs for a content, its text in whichever character set: by
    dynamic programming over its characters, in sixths of a bit, as three digits take ten bits."""
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


def of_readers(outcomes: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Who reads it, if not all do; outcomes: reader -> what it made of the picture."""
    asked = {reader: outcome for reader, outcome in outcomes.items() if outcome != "not asked"}
    reading = [reader for reader, outcome in asked.items() if outcome == "ok"]
    if asked and not reading:
        yield "image-unreadable", f"none of {', '.join(asked)} reads the picture"
    elif failing := [reader for reader in asked if reader not in reading]:
        only = f"read by {reading[0]} only; " if len(reading) == 1 else ""
        yield "some-readers-fail", f"{only}not read by {', '.join(failing)}"


def of_no_symbol(outcomes: dict[str, str], codes: Sequence[Code]) -> Iterator[tuple[str, str]]:
    """What is wrong with a picture without a symbol that can be measured; codes: those in it."""
    kinds = dict.fromkeys(code.kind for code in codes if code.kind != "QR Code")
    yield from (("other-symbology", f"its kind is {kind}, which is not measured") for kind in kinds)
    if outcomes and not kinds and "ok" in outcomes.values():
        yield "image-unreadable", "no symbol of version 1 to 40 was found to be measured"
    if wrong := [reader for reader, outcome in outcomes.items() if outcome == "misread"]:
        yield "content-mismatch", f"{', '.join(wrong)} reads another content than is declared"


def of_print(symbol: Measured, module_px: float | None) -> Iterator[tuple[str, str]]:
    """What is wrong with how a symbol looks; module_px: the file's pixels a module, None for an SVG."""
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


def of_width(width_mm: float | None, meant_mm: float | None) -> Iterator[tuple[str, str]]:
    """Is a print as wide as was meant, if that is known?"""
    if width_mm and meant_mm and abs(width_mm / meant_mm - 1) > _WIDTH_OFF:
        yield (
            "wrong-width",
            f"its printed width must be {meant_mm:g} mm, within {_WIDTH_OFF:.0%}, not {width_mm:g}",
        )


def of_symbol(symbol: Measured, details: QrCodeImageDetails) -> Iterator[tuple[str, str]]:
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
