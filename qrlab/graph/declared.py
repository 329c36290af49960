"""What is wrong with a resource by itself, before anyone looks at its picture."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from qrlab.graph.resource import LEVELS, NAMES, TYPE, QrCodeImageDetails, shown
from qrlab.pictures.measured import text_or_bytes
from qrlab.symbols import ALPHABETS, MODES, UNITS, bits_in, capacity, count_bits, mode_of

_LONGEST = 4 * 7089  # bytes of text that any symbol holds: each of 40-L's 7,089 characters takes up to four
_SIXTHS = {"byte": 48, "kanji": 39, "alphanumeric": 33, "numeric": 20}  # of a bit, a byte or a character
# The longest lives that Microsoft Graph documents for a qrCode, and how long before its end one is told.
_STANDARD = timedelta(days=395), timedelta(days=14)
_TEMPORARY = timedelta(hours=12), timedelta(hours=1)
_NO_IMAGE = (
    "there is no image: Microsoft Graph returns the image only when the code is created; a GET never does"
)


def of_declared(details: QrCodeImageDetails, now: datetime | None = None) -> Iterator[tuple[str, str]]:
    """What is wrong with a resource by itself, and with what was around it; now: None for the present."""
    missing = [name for own, name in NAMES.items() if getattr(details, own) is None]
    if len(missing) == len(NAMES):
        yield "no-image", _NO_IMAGE
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
        yield "expired", f"the code expired {_in_words(now - end)} ago, at {end:%Y-%m-%d %H:%M %Z}"
    elif end is not None and end - now <= soon:
        yield "expires-soon", f"the code expires in {_in_words(end - now)}, at {end:%Y-%m-%d %H:%M %Z}"
    if start is not None and now < start:
        yield (
            "not-yet-valid",
            f"the code is valid in {_in_words(start - now)}, from {start:%Y-%m-%d %H:%M %Z}",
        )
    if lasts is not None and lasts > longest:
        kind = {True: "a temporary code", False: "a standard code", None: "any code"}[details.temporary]
        yield (
            "lifetime-too-long",
            f"{kind} lasts {_in_words(longest)} at most, and this one {_in_words(lasts)}",
        )


def _in_words(time: timedelta) -> str:
    """A time in whole days, or in hours and minutes below two days."""
    minutes = int(time.total_seconds() // 60)
    return f"{time.days:,} days" if time.days >= 2 else f"{minutes // 60} h {minutes % 60} min"


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
