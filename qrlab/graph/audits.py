"""Audits: does a qrCodeImageDetails tell the truth, and what margin has a code left, new or worn?

An audit shows no content and no picture, only the content's length, kinds of characters and a digest with a
key.  Who wants more asks: Audit.reveal, Audit.plot(show_content=True).
"""

from __future__ import annotations

import hashlib
import html
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from qrlab.checks import integer, number, one_of
from qrlab.files import records
from qrlab.graph.documents import picture_in
from qrlab.graph.findings import (
    Finding,
    in_order,
    of_declared,
    of_no_symbol,
    of_print,
    of_readers,
    of_symbol,
    of_width,
)
from qrlab.graph.resource import QrCodeImageDetails, Secret, shown
from qrlab.model import judge
from qrlab.optics import MM_PER_INCH, project
from qrlab.pictures.asked import asked_readers, framed, read_by
from qrlab.pictures.codes import find_codes
from qrlab.pictures.corners import to_picture
from qrlab.pictures.measured import GRADES as GRADES
from qrlab.pictures.measured import Measured, measure, survivors, text_or_bytes
from qrlab.pictures.pixels import PictureError, dpi_of, kind_of, rasterized
from qrlab.symbols import layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from qrlab.graph.advice import Advice
    from qrlab.scenario import Scenario

NO_VERIFICATION = "Measured on a picture, not with calibrated optics and light: no verification by ISO/IEC "
NO_VERIFICATION += "15415, whose measure of unused error correction and grade letters it borrows."
# Of modules: light and dark in function patterns, right, of a wrong codeword, of a lost block, wrong.
SHADES = ("#ffffff", "#8a8f98", "#f0f1f3", "#ffd9a0", "#a9c6e8", "#8b0016")
_SETS = ("ASCII", "UTF-8", "Shift JIS", "ISO-8859-1")  # of characters, as they are tried
_KEY = secrets.token_bytes(16)  # of digests, unless one is given: they can be compared within a session
_CLASSES = {"A-Z": "[A-Z]", "a-z": "[a-z]", "0-9": "[0-9]", "punctuation": r"[!-/:-@\[-`{-~]"}
_CLASSES |= {"spaces": r"\s", "kana and kanji": "[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]"}
_CLASSES |= {"other": "[^!-~\\s\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]"}


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """What a resource declares, what its picture shows, and where they differ; or a picture alone.
    declared, measured: dicts ready for JSON, without content, empty where there is nothing; findings: in the
    order of FINDINGS.  The credential itself, shown nowhere: symbol: what was measured; image: what was
    looked at of the picture, uint8 height×width; content: what it holds; code_id: that of the qrCode;
    each None where there is none."""

    declared: dict
    measured: dict
    findings: tuple[Finding, ...]
    symbol: Measured | None
    image: np.ndarray | None
    content: bytes | None
    code_id: str | None = None

    def __repr__(self) -> str:
        return f"Audit({len(self.findings)} findings: {', '.join(f.code for f in self.findings) or 'none'})"

    def _repr_html_(self) -> str:
        from qrlab.plots import table  # slow to load

        found = "".join(f"<li><code>{code}</code>: {html.escape(said)}</li>" for code, said in self.findings)
        rows = table(self.table, left=list(self.table)).format(escape="html").to_html()
        return rows + (f"<ul>{found}</ul>" if found else "<p>No findings.</p>")

    def reveal(self) -> bytes | None:
        """The content that the picture holds: the credential itself; None where no reader reads it."""
        return None if self.content is None else bytes(self.content)

    @property
    def text(self) -> str | None:
        """The content as text, in its own character set: the credential; None for bytes that are none."""
        read = self.symbol.text if self.symbol else None
        return None if self.content is None else as_text(self.content, read)[0]

    @property
    def table(self) -> pd.DataFrame:
        """In words: what, declared (for a resource) and measured, side by side."""
        mine, its = _in_words(self.declared), _in_words(self.measured)
        rows = [(what, mine.get(what, "–"), words) for what, words in its.items()]
        table = pd.DataFrame(rows, columns=["what", "declared", "measured"])
        return table if self.declared else table[table.measured != "–"].drop(columns="declared")

    @property
    def blocks(self) -> pd.DataFrame:
        """A row for each block: block, codewords, correctable, wrong (NA: lost), unused (0 to 1)."""
        if self.symbol is None:
            raise ValueError("picture must show a symbol that can be sampled, and shows none")
        return self.symbol.blocks

    def to_dict(self) -> dict:
        """declared, measured and findings (each code, message), ready for JSON; not the content."""
        found = [finding._asdict() for finding in self.findings]
        return {"declared": self.declared, "measured": self.measured, "findings": found}

    def plot(self, *, show_content: bool = False, ax: Axes | None = None) -> Axes:
        """Wrong modules and lost blocks on the symbol's function patterns, or, with its content, outlined on
        the picture: then it is the credential itself."""
        import matplotlib.pyplot as plt  # slow to load, as below
        from matplotlib.collections import PolyCollection
        from matplotlib.colors import ListedColormap

        one_of("show_content", show_content, (True, False))
        blocks, symbol, ax = self.blocks, self.symbol, ax or plt.gca()
        assert symbol is not None, "or it has no blocks"
        ax.set_axis_off()
        if show_content:
            ax.imshow(np.asarray(self.image), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            corners = np.argwhere(symbol.wrong)[:, None, ::-1] + [(0, 0), (1, 0), (1, 1), (0, 1)]
            matrix = to_picture(symbol.corners, len(symbol.modules))
            squares = project(matrix, corners.reshape(-1, 2)).reshape(-1, 4, 2)
            ax.add_collection(PolyCollection(list(squares), edgecolors="#d0021b", facecolors="none", lw=0.8))
            return ax
        here = layout(symbol.version, symbol.level)
        lost = blocks.wrong.isna().to_numpy()[here.block][here.codeword]
        spoilt = judge(here, symbol.wrong).codewords[here.codeword]
        cases = [symbol.wrong, here.codeword < 0, lost, spoilt]
        shade = np.select(cases, [5, symbol.modules, 4, 3], 2)
        ax.imshow(shade, cmap=ListedColormap(SHADES), vmin=0, vmax=5, interpolation="nearest")
        return ax

    def smallest_width(
        self, scenario: Scenario | str = "sign-in-badge", *, trials: int = 300, seed: int = 0, jobs: int = -1
    ) -> Advice:
        """The smallest width at which this symbol, printed anew, is sure to reach the scenario's target (with
        the lower end of the rate's interval), or else the smallest that reads within a point of the best.
        Of the scenario, which needs a dpi, all but width and content hold.  ValueError for bad input."""
        from qrlab.graph.advice import smallest_width
        from qrlab.scenario import named_scenario

        trials = integer("trials", trials, 10, 10**6)
        return smallest_width(self.symbol, named_scenario(scenario), trials, seed, jobs)


def audit(
    what: Any,
    *,
    code: str | None = None,
    readers: Sequence[str] | None = None,
    key: bytes | None = None,
    scan_dpi: float | None = None,
    meant_mm: float | None = None,
) -> Audit:
    """Compare what is declared with what the picture shows, or look at a picture, such as a badge's.
    what: a resource or what holds one (see QrCodeImageDetails.from_json, and code there); or a picture:
    bytes of an SVG, PDF, PNG, JPEG or other (see pictures.pixels), or uint8 height×width; readers: names of
    readers and panels, None: the quick ones that are here, and the others where none of these reads; key: of
    the digests, 1 to 64 bytes, None: one of this session; scan_dpi: dots per inch of a scan, for the printed
    width, None: what its file says; meant_mm: the width that was meant, quiet zone included.  It takes ten
    seconds at most.
    Raises ValueError for what is none of these, PictureError for a picture by itself that can't be used."""
    key, turns = _checked(key, scan_dpi=scan_dpi, meant_mm=meant_mm), asked_readers(readers)
    details, picture = _given(what, code)
    declared, found = ({}, []) if details is None else (_declared(details, key), [*of_declared(details)])
    own, image = details or QrCodeImageDetails(), None
    try:
        image, zoom = rasterized(picture) if isinstance(picture, bytes) else (picture, 1.0)
    except PictureError as problem:
        if details is None:
            raise
        found.append(("not-an-image", str(problem)))
    if image is None:
        return Audit(declared, {}, in_order(found), None, None, None)
    every = find_codes(image)
    image, codes, less = framed(image, every, own.raw_content)
    symbol = measure(image, own.raw_content, codes)
    seen = next((code.content for code in codes if code.valid), None) if symbol is None else symbol.content
    outcomes, content = read_by(image, turns, seen or own.raw_content, every)
    held = Secret(content) if content is not None and (seen or "ok" in outcomes.values()) else None
    measured: dict = {"found": symbol is not None, "readers": outcomes, "note": NO_VERIFICATION}
    found += of_readers(outcomes)
    if symbol is None:
        found += of_no_symbol(outcomes, codes)
    else:
        drawn = isinstance(picture, bytes) and kind_of(picture) in ("svg", "pdf")
        dpi, module_px = None if drawn else scan_dpi or dpi_of(picture), symbol.module_px / zoom / less
        measured |= _measured(symbol, held or own.raw_content, module_px, dpi) | {"codes": max(len(every), 1)}
        found += of_width(measured.get("width_mm"), meant_mm)
        found += of_print(symbol, None if drawn else module_px)
        found += of_symbol(symbol, own)
    measured["content"] = _described(held, key, None if symbol is None else symbol.text)
    return Audit(declared, measured, in_order(found), symbol, image, held, own.code_id)


def _checked(key: bytes | None, **sizes: float | None) -> bytes:
    """The key, or this session's; ValueError for what is none, and for sizes that are no numbers."""
    if key is not None and (not isinstance(key, bytes) or not 1 <= len(key) <= 64):
        raise ValueError("key must be 1 to 64 bytes, not what came")  # which may be a secret
    for name, value in sizes.items():
        value is None or number(name, value, 1, 100_000)
    return _KEY if key is None else key


def _given(what: Any, code: str | None) -> tuple[QrCodeImageDetails | None, bytes | np.ndarray | None]:
    """The resource, if there is one, and the picture: a file's bytes or an image."""
    if isinstance(what, np.ndarray):
        if what.dtype != np.uint8 or what.ndim != 2 or not what.size:
            allowed = "uint8 height×width if it is an array"
            raise ValueError(f"what must be {allowed}, not {what.dtype} {what.shape}")
        return None, what
    if isinstance(what, bytes):
        if (picture := picture_in(what)) is not None:
            return None, picture
        if kind_of(what) is None:
            allowed = "JSON, an SVG, PNG, JPEG, PDF or another picture"
            raise ValueError(f"what must be {allowed}, and is none of them")
    details = what if isinstance(what, QrCodeImageDetails) else QrCodeImageDetails.from_json(what, code)
    return details, details.binary_value


def _declared(details: QrCodeImageDetails, key: bytes) -> dict:
    picture, content = details.binary_value, _described(details.raw_content, key)
    said = {"version": details.version, "error_correction_level": shown(details.error_correction_level)}
    file = None if picture is None else {"kind": kind_of(picture), "bytes": len(picture)}
    return said | {"content": content, "picture": file}


def _described(content: bytes | None, key: bytes, read: str | None = None) -> dict | None:
    """A content's length, its character set and kinds of characters, None for bytes that are no text, and a
    digest that can't be guessed without the key."""
    if content is None:
        return None
    text, name = as_text(content, read)
    kinds = None if text is None else [kind for kind, its in _CLASSES.items() if re.search(its, text)]
    digest = hashlib.blake2b(content, digest_size=4, key=key).hexdigest()
    return {"bytes": len(content), "character_set": name, "characters": kinds, "digest": digest}


def _measured(symbol: Measured, content: bytes | None, module_px: float, dpi: float | None) -> dict:
    """What Audit.measured says of a symbol; dpi: of a scan, None for no scan."""
    said: dict = {"version": symbol.version, "error_correction_level": symbol.level.lower()}
    said |= {"mask": symbol.mask, "modules": len(symbol.modules), "quiet_zone": symbol.quiet_zone}
    said |= {"kind": symbol.kind, "contrast": round(symbol.contrast, 3)}
    said |= {"contrast_grade": symbol.contrast_grade, "unused_error_correction": round(symbol.unused, 4)}
    said |= {"grade": symbol.grade, "blocks": records(symbol.blocks, 4), "lost_blocks": symbol.lost}
    said |= {"certain": symbol.certain, "wrong_modules": int(symbol.wrong.sum())}
    if symbol.wrong.any() and symbol.certain and content is not None:
        said["levels"] = records(survivors(symbol.wrong, text_or_bytes(content)), 4)
    if dpi is not None:
        across_px = (len(symbol.modules) + 8) * module_px
        said |= {"width_mm": round(across_px / dpi * MM_PER_INCH, 2), "scan_dpi": dpi}
    return said | {"module_px": round(module_px, 3)}


def _in_words(of: dict) -> dict[str, str]:
    """Audit.declared or Audit.measured as Audit.table has it: what, and words, – for what is missing."""
    content, picture = of.get("content"), of.get("picture")
    words = {"version": of.get("version"), "level": of.get("error_correction_level")}
    words |= dict.fromkeys(["content", "of characters", "digest", "picture"])
    if content:
        kinds, name = content["characters"], content["character_set"]
        beyond = "" if name == "ASCII" else f" ({name})"
        words |= {"content": f"{content['bytes']:,} bytes", "digest": content["digest"]}
        words["of characters"] = "bytes that are no text" if kinds is None else ", ".join(kinds) + beyond
    if picture:
        words["picture"] = f"{(picture['kind'] or 'no picture').upper()}, {picture['bytes']:,} bytes"
    if "found" in of:
        words["picture"] = "a symbol" if of["found"] else "no symbol found"
    if of.get("found"):
        quiet, blocks, unused = of["quiet_zone"], of["blocks"], of["unused_error_correction"]
        words["size"] = f"{of['modules']}×{of['modules']} modules of {of['module_px']:.3g} px"
        if "width_mm" in of:
            words["printed width"] = f"{of['width_mm']:g} mm with its quiet zone, at {of['scan_dpi']:.4g} dpi"
        words["mask"] = of["mask"]
        cut, wide = "unknown: the edge of the picture cuts it", " or more" * (quiet == 4)
        words["quiet zone"] = cut if quiet is None else f"{quiet} modules{wide}"
        words |= {"kind": of["kind"]} if of["kind"] else {}
        words["symbol contrast"] = f"{of['contrast']:.0%} (grade {of['contrast_grade']})"
        words["wrong modules"] = f"{'' if of['certain'] else 'at least '}{of['wrong_modules']:,}"
        worst = sorted(blocks, key=lambda block: block["unused"])[:3]
        wrong = ", ".join("lost" if block["wrong"] is None else str(block["wrong"]) for block in worst)
        more = f"worst of {len(blocks)} blocks; " if len(blocks) > len(worst) else ""
        words["wrong codewords"] = f"{wrong} ({more}each corrects {worst[0]['correctable']})"
        words["unused error correction"] = f"{unused:.0%} (grade {of['grade'] or 'none'})"
    for reader, outcome in of.get("readers", {}).items():
        what = {"ok": "read by", "unread": "not read by"}.get(outcome, f"{outcome} by")
        words[what] = f"{words[what]}, {reader}" if what in words else reader
    if of.get("codes", 1) > 1:
        words["symbols in the picture"] = f"{of['codes']}, of which this is one"
    if "levels" in of:
        survives = (f"{row['level']}: {'yes' if row['survives'] else 'no'}" for row in of["levels"])
        words["level would survive"] = ", ".join(survives)
    elif of.get("lost_blocks"):
        words["level would survive"] = "unknown, as it can't be told how much is wrong in lost blocks"
    return {what: "–" if said is None else str(said) for what, said in words.items()}


def as_text(content: bytes, read: str | None = None) -> tuple[str | None, str | None]:
    """A content as text, and its character set: the one in which it is what was read, if that is known; None
    for bytes that are no text."""
    found = []
    for name in _SETS:
        with suppress(UnicodeDecodeError):
            text = content.decode(name)
            if not re.search(r"[\x00-\x08\x0e-\x1c\x7f-\x9f]", text):
                found.append((text, name))
    return next((pair for pair in found if pair[0] == read), found[0] if found else (None, None))
