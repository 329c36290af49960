"""What is wrong with a resource by itself, before anyone looks at its picture."""

import re
from collections.abc import Iterator

from qrlab.graph.resource import LEVELS, NAMES, TYPE, QrCodeImageDetails, shown
from qrlab.photos.measured import text_or_bytes
from qrlab.symbols import ALPHABETS, MODES, UNITS, bits_in, capacity, count_bits, mode_of

_LONGEST = 4 * 7089  # bytes of text that any symbol holds: each of 40-L's 7,089 characters takes up to four
_SIXTHS = {"byte": 48, "kanji": 39, "alphanumeric": 33, "numeric": 20}  # of a bit, a byte or a character


def of_declared(details: QrCodeImageDetails) -> Iterator[tuple[str, str]]:
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
