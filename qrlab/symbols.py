"""QR code symbols: content to modules.  Nothing here damages or reads."""

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import segno
from segno import consts, encoder, writers

from qrlab.checks import integer, one_of
from qrlab.placement import masks, roles
from qrlab.standard import Level, capacity, mode_of, smallest_version, too_long


@dataclass(frozen=True, eq=False)
class Symbol:
    """A QR code symbol; the same arguments to `make` give an equal one.

    content: bytes; level; version: 1 to 40; mask: 0 to 7;
    modules: read-only bool n×n, True = dark, without the quiet zone.
    It prints without its content, which may be a secret, and shows itself as an SVG in Jupyter.
    """

    content: bytes
    level: Level
    version: int
    mask: int
    modules: np.ndarray

    def __post_init__(self) -> None:
        self.modules.flags.writeable = False

    def __reduce__(self) -> tuple:
        return Symbol, (self.content, self.level, self.version, self.mask, self.modules)

    @property
    def size(self) -> int:
        """Modules along one side, n, without the quiet zone."""
        return len(self.modules)

    def _key(self) -> tuple:
        return self.content, self.level, self.version, self.mask, self.modules.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Symbol) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Symbol({self.version}-{self.level}, mask {self.mask}, {self.size}×{self.size} modules)"

    def picture(self, kind: str = "svg", *, quiet_zone: int = 4, **options: object) -> bytes:
        """The symbol as a file of `kind` ("svg" or "png"), `quiet_zone` modules wide all round.

        options: of segno's writer, for instance scale (SVG units or PNG pixels a module, 1).
        """
        one_of("kind", kind, ("svg", "png"))
        out, border = io.BytesIO(), integer("quiet_zone", quiet_zone, 0, 1000)
        matrix, shape = [bytearray(row) for row in self.modules.tolist()], self.modules.shape
        writers.save(matrix, shape, out, kind=kind, border=border, **options)  # type: ignore[attr-defined]
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

    content: str (numeric or alphanumeric mode where every character allows it, else UTF-8 in byte
    mode, without ECI) or bytes (byte mode); not empty.  mask: None chooses by the standard's
    penalties.  boost: raise the level as far as it costs no larger version.
    Raises ValueError for bad input; content that doesn't fit says how much would, at which level.
    Symbols are cached, so that asking again costs nothing, unless keep is False, as for a secret.
    """
    if not isinstance(content, str | bytes) or not content:
        got = "an empty one" if content in ("", b"") else type(content).__name__
        raise ValueError(f"content must be a str or bytes that is not empty, not {got}")
    if mask is not None:
        mask = integer("mask", mask, 0, 7)
    if version is not None:
        version = integer("version", version, 1, 40)
    for name, value in (("boost", boost), ("keep", keep)):
        one_of(name, value, (True, False))
    level, mode = Level.parse(level), mode_of(content)
    try:
        data = content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError as lone:
        raise ValueError(f"content must be text that UTF-8 can encode, not {lone.reason}") from None
    if version is None:
        version = smallest_version(len(data), level, mode)
    if version is None or capacity(version, level, mode) < len(data):
        raise ValueError(too_long(len(data), mode, level, version))
    if boost:
        level = [x for x in Level if x is level or capacity(version, x, mode) >= len(data)][-1]
    return (_make if keep else _make.__wrapped__)(data, mode, level, version, mask)


@lru_cache(maxsize=1024)
def _make(data: bytes, mode: str, level: Level, version: int, mask: int | None) -> Symbol:
    content = data if mode == "byte" else data.decode()
    # segno raises the level by default, and takes most of its time to choose a mask.
    code = segno.make(content, level.value, version, mode, mask or 0, micro=False, boost_error=False)
    first = np.array([list(row) for row in code.matrix], bool)
    if mask is not None:
        return Symbol(data, level, version, mask, first)
    free = np.isin(roles(version), ("data", "remainder"))
    masked = first ^ free & (masks(len(first))[0] ^ masks(len(first)))
    reserved = np.isin(roles(version), ("format", "version", "dark"))  # light while masks are judged
    best = int(np.argmin(_penalties(masked & ~reserved)))
    modules = masked[best].copy()
    encoder.add_format_info(modules, version, consts.ERROR_MAPPING[level.value], best)
    return Symbol(data, level, version, best, modules)


def _penalties(masked: np.ndarray) -> np.ndarray:
    """The penalty of each of several symbols, k×n×n (ISO/IEC 18004, 7.8.3.1)."""
    lines = np.concatenate([masked, masked.transpose(0, 2, 1)], axis=1)
    alike = lines[..., 1:] == lines[..., :-1]
    five = alike[..., 3:] & alike[..., 2:-1] & alike[..., 1:-2] & alike[..., :-3]
    runs = five[..., 0].sum(axis=1) + (five[..., 1:] & ~five[..., :-1]).sum(axis=(1, 2))
    pairs = alike[:, : masked.shape[1]]
    squares = pairs[:, 1:] & pairs[:, :-1] & (masked[:, 1:, 1:] == masked[:, :-1, 1:])
    finders = np.array([sum(map(_finders_in, map(bytes, rows))) for rows in lines.astype(np.uint8)])
    dark = np.array([int(abs(100 * share - 50) / 5) for share in masked.mean(axis=(1, 2))])
    return five.sum(axis=(1, 2)) + 2 * runs + 3 * squares.sum(axis=(1, 2)) + 40 * finders + 10 * dark


def _finders_in(line: bytes) -> int:
    """How often a line has a finder's 1:1:3:1:1 with four light modules, or the edge, on a side of it."""
    finder = b"\1\0\1\1\1\0\1"
    count, start = 0, line.find(finder)
    while start >= 0:
        end = start + len(finder)
        alone = not any(line[max(start - 4, 0) : start]) or not any(line[end : end + 4])
        count += alone
        start = line.find(finder, end if alone else start + 4)
    return count
