"""A reading: the signature that all adapters have, one timed call of it, and its answer judged."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

OUTCOMES = ("ok", "misread", "unread", "error", "crash", "timeout")
# What readers take bytes for when no character set is declared: ISO/IEC 18004 says ISO 8859-1 (JIS8 in
# its first edition), the world writes UTF-8, and ZBar tries Big5 too.  The variants differ in \ and ~.
_JAPANESE = ("shift_jis", "shift_jis_2004", "cp932")
CHARACTER_SETS = ("utf-8", "iso-8859-1", "cp1252", *_JAPANESE, "big5", "cp950", "big5hkscs", "utf-8-sig")
# What an adapter finds: content or None, and why not (or a call that asks the reader why, off the clock).
Found = tuple[bytes | str | None, str | Callable[[], str]]
Read = Callable[..., Found]
NOTHING, NO_REASON = "nothing found", "not read; it gives no reason"
_CAUSES = {"notfound": NOTHING, "finder": NOTHING, "format": "format unreadable"}  # as readers name them
_CAUSES |= dict.fromkeys(("checksum", "error correction"), "uncorrectable")
installed = lru_cache(version)  # of a package, which takes half a millisecond to find out


class Decoder(NamedTuple):
    """A reader, as its adapter offers it.
    library, licence, found_in (apps and libraries that read with it); version: of that library, quickly, or
    an error that says what is missing; load: gives the function from a picture (uint8 height×width) to what
    was found; get: how to get what may be missing.
    """

    library: str
    licence: str
    found_in: str
    version: Callable[[], str]
    load: Callable[[], Read]
    get: str = "install qrlab again"


@dataclass(frozen=True)
class Reading:
    """A reader's answer to one picture; it prints without the content.
    outcome: ok, misread (other content), unread, error (it raised), crash (it ended its process) and in a run
    timeout; content: what was read, or None; seconds: the reader's own time; detail: why not, or a remark.
    """

    outcome: str
    content: bytes | None = field(repr=False)
    seconds: float
    detail: str


def read_picture(read: Read, picture: np.ndarray, expected: bytes | None) -> Reading:
    """One timed call of an adapter, its answer judged; whatever it raises is an outcome, error."""
    start = time.perf_counter()
    try:
        content, reason = read(picture)
        seconds = time.perf_counter() - start
        reason = reason() if callable(reason) else reason
        if not isinstance(content, bytes | str | None):
            raise TypeError(f"it gave neither bytes, str nor None, but {type(content).__name__}")
    except (Exception, SystemExit) as problem:
        if isinstance(problem, ChildProcessError):  # a process of its own, which ended
            return Reading("crash", None, time.perf_counter() - start, str(problem))
        said = re.sub(r"\s+", " ", f"{type(problem).__name__}: {problem}")[:200]
        return Reading("error", None, time.perf_counter() - start, said)
    if content is None:
        cause = reason.lower().replace("_", " ")
        return Reading("unread", None, seconds, _CAUSES.get(cause.removesuffix("exception"), cause))
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
    if expected is None or data == expected:
        return Reading("ok", data, seconds, "")
    one, other = (re.sub("\ufffd+", "\ufffd", each.decode(errors="replace")) for each in (data, expected))
    marked = one == other and data.decode(errors="ignore").encode() == data  # how many marks, differs
    if taken_for := character_set(data, expected) or ("damaged utf-8" if marked else None):
        return Reading("ok", expected, seconds, f"as {taken_for}")
    return Reading("misread", data, seconds, "")


def character_set(data: bytes, expected: bytes) -> str | None:
    """The one in which the expected bytes are the text whose UTF-8 is `data`, if any."""
    texts = {name: expected.decode(name, "surrogateescape") for name in CHARACTER_SETS}
    return next((name for name, text in texts.items() if text.encode(errors="surrogatepass") == data), None)
