"""QR code symbols: content to modules, and where their codewords lie.  Nothing here damages or reads."""

import io
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

import numpy as np
import segno
from segno import consts, encoder

from qrlab.checks import integer, named, one_of
from qrlab.standard import Level, blocks_of, capacity, mode_of, size_of, smallest_version, too_long


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
    return Symbol(data, mode, level, version, code.mask, np.array([list(row) for row in code.matrix], bool))


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the codewords of every symbol of one version and level lie; all arrays read-only.

    codeword: int n×n, the index in interleaved order of the codeword a module belongs to, else -1;
    block: int per codeword; correctable: int per block, wrong codewords it can correct (floor(ec/2));
    role: str n×n: finder, separator, timing, alignment, format, version, dark, data, remainder;
    places: int codewords×8, flat indices of each codeword's modules.
    """

    version: int
    level: Level
    codeword: np.ndarray
    block: np.ndarray
    correctable: np.ndarray
    role: np.ndarray
    places: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.codeword, self.block, self.correctable, self.role, self.places):
            array.flags.writeable = False


def layout(version: int, level: Level | str) -> Layout:
    """The map of codewords, blocks and roles for one of the 160 symbols; cached."""
    return _layout(integer("version", version, 1, 40), Level.parse(level))


@lru_cache(maxsize=160)
def _layout(version: int, level: Level) -> Layout:
    blocks = blocks_of(version, level)
    codeword, role, places = _modules(version)
    rounds = range(max(data for _, data in blocks))  # ISO/IEC 18004, 7.6: data in turns, then correction
    block = [b for k in rounds for b, (_, data) in enumerate(blocks) if k < data]
    block += list(range(len(blocks))) * (blocks[0][0] - blocks[0][1])  # as many in every block
    correctable = np.array([(total - data) // 2 for total, data in blocks])
    return Layout(version, level, codeword, np.array(block), correctable, role, places)


@lru_cache(maxsize=40)
def _modules(version: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Layout's codeword, role and places, which all levels share (ISO/IEC 18004, 6.3, 7.7.3, 7.9, 7.10)."""
    n = size_of(version)
    role = np.full((n, n), "data", dtype="<U9")  # not segno's, which calls (8, n - 9) format information
    role[8, :9] = role[:9, 8] = role[8, n - 8 :] = role[n - 8 :, 8] = "format"
    role[6, :] = role[:, 6] = "timing"
    centres = consts.ALIGNMENT_POS[version - 2] if version > 1 else ()
    for row, column in set(product(centres, centres)) - {(6, 6), (6, n - 7), (n - 7, 6)}:
        role[row - 2 : row + 3, column - 2 : column + 3] = "alignment"
    if version >= 7:
        role[:6, n - 11 : n - 8] = role[n - 11 : n - 8, :6] = "version"
    role[n - 8, 8] = "dark"
    role[:8, :8] = role[:8, n - 8 :] = role[n - 8 :, :8] = "separator"
    role[:7, :7] = role[:7, n - 7 :] = role[n - 7 :, :7] = "finder"
    index = np.arange(n * n).reshape(n, n)
    right = [c if c > 6 else c - 1 for c in range(n - 1, 0, -2)]  # of two columns; column 6 is timing
    path = np.concatenate([index[:: 1 if k % 2 else -1, [c, c - 1]].ravel() for k, c in enumerate(right)])
    path = path[role.ravel()[path] == "data"]
    places = path[: len(path) // 8 * 8].reshape(-1, 8)
    role.ravel()[path[places.size :]] = "remainder"
    codeword = np.full((n, n), -1)
    codeword.ravel()[places] = np.arange(len(places))[:, None]
    return codeword, role, places


def codewords_of(modules: np.ndarray, version: int, mask: int) -> np.ndarray:
    """The codewords that modules (bool n×n) hold: uint8, one for each of Layout.block, in that order."""
    places = layout(version, Level.L).places
    inverted = encoder.get_data_mask_functions(is_micro=False)[mask](*np.divmod(places, len(modules)))
    return np.packbits(modules.ravel()[places] ^ inverted, axis=1).ravel()


def with_codewords(modules: np.ndarray, codewords: np.ndarray, version: int, mask: int) -> np.ndarray:
    """A copy of modules (bool n×n) that holds these codewords (uint8, as `codewords_of` gives them)."""
    changed = modules.copy()
    bits = np.unpackbits(codewords ^ codewords_of(modules, version, mask)).reshape(-1, 8)
    changed.ravel()[layout(version, Level.L).places] ^= bits.astype(bool)
    return changed
