"""What a picture of a QR code shows: its modules, and how near it is to being lost.

zxing-cpp finds and samples the symbol, or OpenCV finds it, reedsolo corrects its codewords, and what it then
says is what zxing-cpp reads of the corrected symbol.  Unused error correction is ISO/IEC 15415's, but on a
picture of unknown optics and light: it is no verification by that standard.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import cv2
import numpy as np
import pandas as pd
import reedsolo
from segno import encoder

from qrlab.imaging import render
from qrlab.model import PROTECTION, judge, sizes
from qrlab.pictures.codes import Code, find_codes, pure
from qrlab.pictures.corners import blank, in_view, located, refined, view, way
from qrlab.symbols import MODES, Level, bits_of, blocks_of, count_bits, layout, make, mode_of

GRADES = {"A": 0.62, "B": 0.50, "C": 0.37, "D": 0.25}  # least unused error correction; ISO/IEC 15415
CONTRASTS = {"A": 0.70, "B": 0.55, "C": 0.40, "D": 0.20}  # least symbol contrast; ISO/IEC 15415
_DARK = 0.4  # of the way from ink to the paper beside it: no quiet zone is darker; a shadow is lighter
_SPECKS = 0.03  # share of a ring of the quiet zone that may be dark
_ASKEW = 0.1  # of the outermost modules are not where they should be: the picture is bent, or its lens bends
_HEADERS = {3: 20, 5: 4, 9: 12}  # bits of structured append, and of FNC1 in both positions
_SAME = 0.7  # of the data modules agree with those of the symbol that it may be; of another, about half


@dataclass(frozen=True, eq=False)
class Measured:
    """A symbol as a picture shows it.

    version, level, mask; content: bytes, and text: as the reader understands them, None if a block is lost or
    the data mean nothing; kind: structured append or GS1, "" for plain; bits: how many the content takes with
    all that is around it, None if unknown; modules: bool n×n, as sampled; wrong: bool n×n, those that differ
    from the symbol that was printed; certain: are they all, or are those of lost blocks left out as unknown;
    blocks: codewords, correctable (wrong ones: floor(ec/2)), wrong (NA: lost), unused (0 to 1); corners: 4×2,
    x and y in px of the symbol's corners, as its modules go: top left, top right, bottom right, bottom left;
    module_px: the side of a module; quiet_zone: light modules all round, 0 to 4, None where the picture ends
    before it can be told; contrast: ISO/IEC 15415's symbol contrast, of grey values, 0 to 1; light_on_dark,
    mirrored; codes: how many symbols the picture shows.  It prints without content and modules."""

    version: int
    level: Level
    mask: int
    content: bytes | None = field(repr=False)
    text: str | None = field(repr=False)
    kind: str
    bits: int | None
    modules: np.ndarray = field(repr=False)
    wrong: np.ndarray = field(repr=False)
    certain: bool
    blocks: pd.DataFrame = field(repr=False)
    corners: np.ndarray = field(repr=False)
    module_px: float
    quiet_zone: int | None
    contrast: float
    light_on_dark: bool
    mirrored: bool
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
    def grade(self) -> str | None:
        """ISO/IEC 15415's letter for unused error correction, A to D or F; None if the data mean nothing."""
        return None if self.content is None and not self.lost else _letter(self.unused, GRADES)

    @property
    def contrast_grade(self) -> str:
        """ISO/IEC 15415's letter for the symbol contrast."""
        return _letter(self.contrast, CONTRASTS)


def _letter(value: float, least: dict[str, float]) -> str:
    return next((letter for letter, bound in least.items() if value >= bound), "F")


def measure(
    image: np.ndarray, known: bytes | None = None, codes: list[Code] | None = None
) -> Measured | None:
    """What a picture (uint8 height×width) shows of a QR code, Model 2; None where none can be sampled.
    known: the content that was printed, if known: of several symbols that one is taken, and lost blocks are
    known, too; codes: what `find_codes` found in it, if that has been asked."""
    codes = find_codes(image) if codes is None else codes
    mine = [code for code in codes if code.kind == "QR Code"]
    mine.sort(key=lambda code: (known is not None and code.content != known, not code.valid))
    for sampled, corners in _ways(image, mine[:1]) if mine or not codes else ():
        if (found := _measured(image, sampled, corners, known, len(mine))) is not None:
            return found
    return None


def _ways(image: np.ndarray, codes: list[Code]) -> Iterator[tuple[np.ndarray | None, np.ndarray]]:
    """What may be a symbol: its modules as sampled, if they were, and its corners in the picture."""
    for code in codes:
        yield code.modules, code.corners
    if not any(code.valid for code in codes):
        yield from ((None, corners) for corners in located(image))


def _measured(
    image: np.ndarray, sampled: np.ndarray | None, corners: np.ndarray, known: bytes | None, codes: int
) -> Measured | None:
    """The measurement from these modules or corners; None where there is no symbol."""
    if (found := way(image, sampled, corners)) is None:
        return None
    seen, corners, mirrored, level, mask = found
    version = (len(seen) - 17) // 4
    corners = refined(image, corners, seen)
    greys = in_view(image, corners, len(seen))
    light = bool(np.median(greys[seen]) > np.median(greys[~seen]))
    modules, codewords, blocks = _best(seen, greys, light, version, level, mask)
    if len(blocks) > 1 and blocks.wrong.isna().all() and sampled is None:
        return None
    printed = _with_codewords(blank(version, level, mask), codewords, version, mask)
    lost = bool(blocks.wrong.isna().any())
    original = _as_known(printed, known, version, level, mask) if lost and known else None
    wrong, certain = modules != (printed if original is None else original), not lost or original is not None
    code = None if lost else pure(render(printed, 4))
    content, text = (None, None) if code is None else (code.content, code.text)
    bits, kind = (None, "") if code is None else _segments(codewords, version, level)
    low, high = np.percentile(greys, [2, 98]) / 255
    side = float(np.sqrt(cv2.contourArea(corners.astype(np.float32))) / len(seen))
    told: tuple = version, level, mask, content, text, kind, bits, modules, wrong, certain, blocks, corners
    told += side, _quiet_zone(image, corners, modules), float(high - low), light, mirrored, max(codes, 1)
    return Measured(*told)


def _best(
    seen: np.ndarray, greys: np.ndarray, light: bool, version: int, level: Level, mask: int
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Modules, codewords and blocks at the threshold that leaves least wrong: as sampled, or as readers have
    it, one for all (Otsu's) or one for each neighbourhood of modules."""
    best = seen, *_corrected(seen, version, level, mask)
    for_all, _ = cv2.threshold(greys.astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    for threshold in (for_all, cv2.blur(greys.astype(np.float32), (9, 9), borderType=cv2.BORDER_REFLECT)):
        modules = (greys > threshold) == light
        printed = _with_codewords(blank(version, level, mask), best[1], version, mask)
        if best[2].wrong.isna().any() or np.sum(modules != printed) < np.sum(best[0] != printed):
            other = modules, *_corrected(modules, version, level, mask)
            best = min(best, other, key=lambda way: (way[2].wrong.isna().sum(), way[2].wrong.sum()))
    return best


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


def _segments(codewords: np.ndarray, version: int, level: Level) -> tuple[int | None, str]:
    """The bits that the segments take (ISO/IEC 18004, 7.4), without a terminator, None if that is unknown;
    and what their headers say: structured append (part of how many) or GS1."""
    here, counts = layout(version, level), [data for _, data in blocks_of(version, level)]
    data = np.concatenate([codewords[here.block == k][:count] for k, count in enumerate(counts)])
    end, at, kind = 8 * len(data), 0, ""
    bits = "".join(f"{byte:08b}" for byte in data) + "0" * 32  # a header may be cut off
    while end - at >= 4 and (mode := int(bits[at : at + 4], 2)):
        if mode == 3:
            kind = f"structured append, part {int(bits[at + 4 : at + 8], 2) + 1} of "
            kind += str(int(bits[at + 8 : at + 12], 2) + 1)
        kind = "GS1" if mode == 5 else kind
        if mode in _HEADERS:
            at += _HEADERS[mode]
        elif mode == 7:  # the designator of an ECI has one byte, two or three: one more than leading ones
            at += 4 + 8 * (1 + (bits[at + 4 : at + 6] + "0").index("0"))
        elif mode in MODES.values():
            digits = count_bits(mode, version)
            count = int(bits[at + 4 : at + 4 + digits], 2)
            at += 4 + digits + bits_of(count, mode)
        else:
            return None, kind
    return (at if at <= end else None), kind


def _quiet_zone(image: np.ndarray, corners: np.ndarray, modules: np.ndarray) -> int | None:
    """How many rings of modules round the symbol are light, 0 to 4; None where the picture's edge cuts one
    before a dark one.  Light is measured against the paper near by, so that a shadow is no ink."""
    n = len(modules)
    seen = view(image, corners, n, 4, 2)  # two samples a module, nan outside of the picture
    inner = seen[8:-8:2, 8:-8:2]
    bright = seen if np.nanmedian(inner[~modules]) > np.nanmedian(inner[modules]) else 255 - seen
    paper = cv2.dilate(np.nan_to_num(bright).astype(np.float32), np.ones((15, 15)))
    share = bright / np.maximum(paper, 1)
    ink = np.median(share[8:-8:2, 8:-8:2][modules])
    dark = share < ink + _DARK * (1 - ink)
    middles = share[8:-8, 8:-8].reshape(n, 2, n, 2).mean(axis=(1, 3)) < (1 + ink) / 2
    rims = [np.concatenate([of[0], of[-1], of[:, 0], of[:, -1]]) for of in (middles, modules)]
    if np.mean(rims[0] != rims[1]) > _ASKEW:
        return None
    for ring in range(4):
        first = 2 * (3 - ring) + (ring > 0)  # its near half; of the first, by the symbol, the far one
        end = len(seen) - first
        cut, spoilt = (np.concatenate([x[0], x[-1], x[:, 0], x[:, -1]]) for x in
                       (np.isnan(seen[first:end, first:end]), dark[first:end, first:end]))  # fmt: skip
        if spoilt.mean() > _SPECKS:
            return ring
        if cut.mean() > _SPECKS:
            return None
    return 4


def survivors(wrong: np.ndarray, content: str | bytes) -> pd.DataFrame:
    """Which levels would have survived the same damage on the same width.  wrong: bool n×n, the modules that
    it spoilt; content: bytes, or ASCII text.  A row for each level that it fits: level, version (n's, or the
    smallest if larger), survives and unused (error correction of the worst block).  An estimate: of damage no
    more is known, and finding the symbol is not asked of."""
    table, unused = sizes([max(1, len(content))], mode_of(content))[["level", "version"]], []
    table["version"] = table.version.clip((len(wrong) - 17) // 4)  # 17 + 4 · version modules
    for row in table.itertuples():
        here = layout(row.version, row.level)
        n = len(here.codeword)
        places = ((np.arange(n) + 0.5) / n * len(wrong)).astype(int)
        unused.append((1 - judge(here, wrong[np.ix_(places, places)]).counts / here.correctable).min())
    return table.assign(survives=np.array(unused) >= 0, unused=np.maximum(unused, 0))
