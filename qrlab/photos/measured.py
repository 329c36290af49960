"""What a picture of a QR code shows: its modules, and how near it is to being lost.

zxing-cpp finds and samples the symbol, reedsolo corrects its codewords.  Unused error correction is
ISO/IEC 15415's, but on a picture of unknown optics and light: it is no verification by that standard.
"""

from contextlib import suppress
from dataclasses import dataclass, field

import cv2
import numpy as np
import pandas as pd
import reedsolo
import zxingcpp
from scipy.ndimage import map_coordinates
from segno import encoder

from qrlab.model import PROTECTION, judge, sizes
from qrlab.optics import project
from qrlab.symbols import MODES, Level, bits_of, blocks_of, count_bits, layout, make, mode_of

GRADES = {"A": 0.62, "B": 0.50, "C": 0.37, "D": 0.25}  # least unused error correction; ISO/IEC 15415
_DARK = 0.35  # of the way from ink to paper: what is darker is no quiet zone
_SPECKS = 0.03  # share of a ring of the quiet zone that may be dark
_SAID = {"Version", "ECLevel", "DataMask"}
_HEADERS = {3: 20, 5: 4, 9: 12}  # bits of structured append, and of FNC1 in both positions
_SAME = 0.7  # of the data modules agree with those of the symbol that it may be; of another, about half


@dataclass(frozen=True, eq=False)
class Measured:
    """A symbol as a picture shows it.

    version, level, mask: as the reader found them; content: bytes, and text: as the reader understands them,
    None if a block is lost; bits: how many the content takes with all that is around it, None if unknown;
    modules: bool n×n, as sampled; wrong: bool n×n, those that differ from the symbol that was printed;
    certain: are they all, or are those of lost blocks left out as unknown; blocks: codewords, correctable
    (wrong ones: floor(ec/2)), wrong (NA: lost), unused (0 to 1); corners: 4×2, x and y in px of the symbol's
    corners, as its modules go: top left, top right, bottom right, bottom left; module_px: the side of a
    module; quiet_zone: light modules all round, 0 to 4; codes: how many symbols the picture shows.
    It prints without content and modules, which may be a credential.
    """

    version: int
    level: Level
    mask: int
    content: bytes | None = field(repr=False)
    text: str | None = field(repr=False)
    bits: int | None
    modules: np.ndarray = field(repr=False)
    wrong: np.ndarray = field(repr=False)
    certain: bool
    blocks: pd.DataFrame = field(repr=False)
    corners: np.ndarray = field(repr=False)
    module_px: float
    quiet_zone: int
    codes: int

    @property
    def unused(self) -> float:
        """Unused error correction of the worst block, 0 to 1."""
        return float(self.blocks.unused.min())

    @property
    def lost(self) -> int:
        """How many blocks can't be corrected."""
        return int(self.blocks.wrong.isna().sum())

    @property
    def grade(self) -> str:
        """ISO/IEC 15415's letter for that: A to D, F."""
        return next((letter for letter, least in GRADES.items() if self.unused >= least), "F")


def measure(image: np.ndarray, known: bytes | None = None) -> Measured | None:
    """What a picture (uint8 height×width) shows of a QR code; None where zxing-cpp samples none.  known: the
    content that was printed, if known: of several symbols that one is taken, and lost blocks are known, too.
    """
    found = _sampled(image, known)
    if not found:
        return None
    best, said = found[0]
    version, level, mask = int(said["Version"]), Level.parse(said["ECLevel"]), int(said["DataMask"])
    blank = make(b"0", level, version=version, mask=mask).modules  # its function patterns are those of all
    sampled = np.array(best.to_image(scale=1, add_quiet_zones=False)) < 128
    if sampled.shape != blank.shape:
        return None
    fixed = layout(version, level).codeword < 0  # format information is what tells a mirrored one
    ways = [(sampled, False), (sampled.T, True), (~sampled, False), (~sampled.T, True)]
    modules, mirrored = max(ways, key=lambda way: np.mean(way[0][fixed] == blank[fixed]))
    at = best.position
    around = [at.top_left, at.top_right, at.bottom_right, at.bottom_left]
    corners = np.array([(p.x, p.y) for p in around], float)[[0, 3, 2, 1] if mirrored else [0, 1, 2, 3]]
    codewords, blocks = _corrected(modules, version, level, mask)
    printed, lost = _with_codewords(blank, codewords, version, mask), bool(blocks.wrong.isna().any())
    original = _as_known(printed, known, version, level, mask) if lost and known else None
    return Measured(
        version=version,
        level=level,
        mask=mask,
        content=None if lost else bytes(best.bytes),
        text=None if lost else best.text,
        bits=None if lost else _bits(codewords, version, level),
        modules=modules,
        wrong=modules != (printed if original is None else original),
        certain=not lost or original is not None,
        blocks=blocks,
        corners=corners,
        module_px=float(np.sqrt(cv2.contourArea(corners.astype(np.float32))) / len(modules)),
        quiet_zone=_quiet_zone(image, corners, modules),
        codes=len(found),
    )


def _sampled(image: np.ndarray, known: bytes | None) -> list[tuple[zxingcpp.Barcode, dict]]:
    """The symbols that zxing-cpp samples, and what it says of each; first the one of the known content."""
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    for with_errors in (False, True):
        codes = zxingcpp.read_barcodes(image, formats=formats, return_errors=with_errors)
        said = [(code, code.extra) for code in codes if isinstance(code.extra, dict)]
        said = [(code, of) for code, of in said if set(of) >= _SAID and str(of["Version"]).isdecimal()]
        if said:
            return sorted(said, key=lambda pair: known is not None and bytes(pair[0].bytes) != known)
    return []


def _corrected(modules: np.ndarray, version: int, level: Level, mask: int) -> tuple[np.ndarray, pd.DataFrame]:
    """The codewords that were printed, those of lost blocks as sampled; and what each block needed."""
    blocks = pd.DataFrame(blocks_of(version, level), columns=["codewords", "data"])
    codewords, wrong = _codewords_of(modules, version, mask), pd.Series(pd.NA, blocks.index, "Int64")
    ec = int(blocks.codewords[0] - blocks.data[0])  # the same for every block of a symbol
    codec = reedsolo.RSCodec(ec, fcr=0, prim=0x11D, generator=2)  # ISO/IEC 18004, annex A
    for block in blocks.index:
        mine = layout(version, level).block == block
        with suppress(reedsolo.ReedSolomonError):
            right = np.frombuffer(bytes(codec.decode(codewords[mine].tobytes())[1]), np.uint8)
            wrong[block] = int(np.sum(right != codewords[mine]))
            codewords[mine] = right
    unused = 1 - 2 * wrong.astype(float) / (ec - PROTECTION.get((version, level), 0))
    blocks = blocks.assign(correctable=ec // 2, wrong=wrong, unused=unused.fillna(0).clip(0))
    return codewords, blocks.drop(columns="data").rename_axis("block").reset_index()


def _as_known(printed: np.ndarray, known: bytes, version: int, level: Level, mask: int) -> np.ndarray | None:
    """The symbol of the known content, if the printed one, of which blocks are lost, may be it."""
    data = layout(version, level).codeword >= 0
    for content in {known, text_or_bytes(known)}:
        with suppress(ValueError):  # it doesn't fit
            symbol = make(content, level, version=version, mask=mask, keep=False)
            if np.mean(symbol.modules[data] == printed[data]) > _SAME:
                return symbol.modules
    return None


def text_or_bytes(content: bytes) -> str | bytes:
    """Content as `make` takes it: as text where that is packed tighter."""
    text = content.decode() if content.isascii() else ""
    return content if mode_of(text) == "byte" else text


def _codewords_of(modules: np.ndarray, version: int, mask: int) -> np.ndarray:
    """The codewords that modules (bool n×n) hold: uint8, one for each of Layout.block, in that order."""
    places = layout(version, Level.L).places
    inverted = encoder.get_data_mask_functions(is_micro=False)[mask](*np.divmod(places, len(modules)))
    return np.packbits(modules.ravel()[places] ^ inverted, axis=1).ravel()


def _with_codewords(modules: np.ndarray, codewords: np.ndarray, version: int, mask: int) -> np.ndarray:
    """A copy of modules (bool n×n) that holds these codewords (uint8, as `_codewords_of` gives them)."""
    changed = modules.copy()
    bits = np.unpackbits(codewords ^ _codewords_of(modules, version, mask)).reshape(-1, 8)
    changed.ravel()[layout(version, Level.L).places] ^= bits.astype(bool)
    return changed


def _bits(codewords: np.ndarray, version: int, level: Level) -> int | None:
    """The bits that the segments take (ISO/IEC 18004, 7.4), without a terminator; None if that is unknown."""
    here, counts = layout(version, level), [data for _, data in blocks_of(version, level)]
    data = np.concatenate([codewords[here.block == k][:count] for k, count in enumerate(counts)])
    end, at = 8 * len(data), 0
    bits = "".join(f"{byte:08b}" for byte in data) + "0" * 32  # a header may be cut off
    while end - at >= 4 and (mode := int(bits[at : at + 4], 2)):
        if mode in _HEADERS:
            at += _HEADERS[mode]
        elif mode == 7:  # the designator of an ECI has one byte, two or three: one more than leading ones
            at += 4 + 8 * (1 + (bits[at + 4 : at + 6] + "0").index("0"))
        elif mode in MODES.values():
            digits = count_bits(mode, version)
            count = int(bits[at + 4 : at + 4 + digits], 2)
            at += 4 + digits + bits_of(count, mode)
        else:
            return None
    return at if at <= end else None


def to_picture(corners: np.ndarray, n: int) -> np.ndarray:
    """3×3: modules, x right and y down from the symbol's top left corner, to px; see `optics.project`."""
    square = np.array([(0, 0), (n, 0), (n, n), (0, n)], np.float32)
    return cv2.getPerspectiveTransform(square, corners.astype(np.float32))


def _quiet_zone(image: np.ndarray, corners: np.ndarray, modules: np.ndarray) -> int:
    """How many rings of modules round the symbol are light, 0 to 4."""
    half = np.arange(-3.5, len(modules) + 3.6, 0.5)  # from the middle of the fourth ring, in modules
    points = np.stack(np.meshgrid(half, half), axis=-1).reshape(-1, 2)
    x, y = project(to_picture(corners, len(modules)), points).T - 0.5  # whole in the middle of a pixel
    seen = map_coordinates(image, (y, x), float, order=0, mode="grid-constant", cval=np.nan)
    seen = seen.reshape(len(half), -1)  # nan outside of the picture
    middles = seen[8:-8:2, 8:-8:2]
    ink, paper = np.nanmedian(middles[modules]), np.nanmedian(middles[~modules])
    dark = ink + _DARK * (paper - ink)
    spoilt = np.isnan(seen) | ((seen < dark) if paper > ink else (seen > dark))
    for ring in range(4):
        first, end = 2 * (3 - ring), len(half) - 2 * (3 - ring)
        square = spoilt[first:end, first:end]
        if np.mean([square[0], square[-1], square[:, 0], square[:, -1]]) > _SPECKS:
            return ring
    return 4


def survivors(wrong: np.ndarray, content: str | bytes) -> pd.DataFrame:
    """Which levels would have survived the same damage on the same width.  wrong: bool n×n, the modules that
    it spoilt; content: bytes, or ASCII text.  A row for each level that it fits: level, version (n's, or the
    smallest if larger), survives and unused (error correction of the worst block).  An estimate: of damage no
    more is known, and finding the symbol is not asked of.
    """
    table, unused = sizes([max(1, len(content))], mode_of(content))[["level", "version"]], []
    table["version"] = table.version.clip((len(wrong) - 17) // 4)  # 17 + 4 · version modules
    for row in table.itertuples():
        here = layout(row.version, row.level)
        n = len(here.codeword)
        places = ((np.arange(n) + 0.5) / n * len(wrong)).astype(int)
        unused.append((1 - judge(here, wrong[np.ix_(places, places)]).counts / here.correctable).min())
    return table.assign(survives=np.array(unused) >= 0, unused=np.maximum(unused, 0))
