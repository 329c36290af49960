"""QR code symbols: content to modules.  Nothing here damages or reads."""

import io
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import segno

from qrlab.checks import integer, named, one_of
from qrlab.standard import Level, capacity, mode_of, smallest_version, too_long


@dataclass(frozen=True)
class Symbol:
    """A QR code symbol.  It prints without its content, and shows itself as an SVG in Jupyter.

    content: bytes, maybe a secret; mode: "numeric", "alphanumeric" or "byte"; version: 1 to 40; mask: 0 to 7;
    modules: read-only bool n×n, True = dark, without the quiet zone.
    """

    content: bytes
    mode: str
    level: Level
    version: int
    mask: int
    modules: np.ndarray = field(compare=False)  # it follows from the others

    def __post_init__(self) -> None:
        self.modules.flags.writeable = False

    @property
    def size(self) -> int:
        """Modules along one side, n, without the quiet zone."""
        return len(self.modules)

    def __repr__(self) -> str:
        return f"Symbol({self.version}-{self.level}, mask {self.mask}, {self.size}×{self.size} modules)"

    def picture(self, kind: str = "svg", *, quiet_zone: int = 4, **options: object) -> bytes:
        """The symbol as a file of `kind`, "svg" or "png", with `quiet_zone` modules round it (0 to 1000);
        options: of segno's writer, for instance scale (SVG units or PNG pixels a module, 1).
        """
        one_of("kind", kind, ("svg", "png"))
        options["border"] = integer("quiet_zone", quiet_zone, 0, 1000)
        matrix = [bytearray(row) for row in self.modules]
        out = io.BytesIO()
        segno.writers.save(matrix, self.modules.shape, out, kind=kind, **options)  # type: ignore[attr-defined]
        return out.getvalue()

    def _repr_svg_(self) -> str:
        return self.picture("svg", scale=4, light="white", xmldecl=False).decode()


def make(
    content: str | bytes,
    level: Level | str = "M",
    *,
    version: int | None = None,
    mask: int | None = None,
    boost: bool = False,
    keep: bool = True,
) -> Symbol:
    """The symbol for `content`: one segment, in the smallest version that fits unless one is given.

    content: str (numeric or alphanumeric mode where every character allows it, else UTF-8 in byte mode,
    without ECI) or bytes (byte mode); not empty.  mask: None chooses by the standard's penalties.
    boost: raise the level as far as it costs no larger version.  keep: cache the symbol, so that asking
    again costs nothing; False for a secret.
    Raises ValueError for bad input; content that doesn't fit says how much would, at which level.
    """
    if not isinstance(content, str | bytes) or not content:
        got = "an empty one" if content in ("", b"") else type(content).__name__
        raise ValueError(f"content must be a str or bytes that is not empty, not {got}")
    mask = None if mask is None else integer("mask", mask, 0, 7)
    one_of("boost", boost, (True, False))
    level, mode = Level.parse(level), mode_of(content)
    data = content if isinstance(content, bytes) else named("content must be UTF-8 text: ", content.encode)
    length = len(data)
    version = smallest_version(length, level, mode) if version is None else integer("version", version, 1, 40)
    if version is None or capacity(version, level, mode) < length:
        raise ValueError(too_long(length, mode, level, version))
    if boost:
        level = [x for x in Level if x is level or capacity(version, x, mode) >= length][-1]
    return (_make if keep else _make.__wrapped__)(data, mode, level, version, mask)


@lru_cache(maxsize=1024)
def _make(data: bytes, mode: str, level: Level, version: int, mask: int | None) -> Symbol:
    content = data if mode == "byte" else data.decode()
    code = segno.make(content, level.value, version, mode, mask, micro=False, boost_error=False)
    modules = np.array([list(row) for row in code.matrix], bool)
    return Symbol(data, mode, level, version, code.mask, modules)
