"""Audits: does a qrCodeImageDetails tell the truth, and what margin has a code left, new or worn?

An audit shows no content and no picture, only the content's length, kinds of characters and a digest with a
key.  Who wants more asks: Audit.reveal, Audit.plot(show_content=True).
"""

import hashlib
import html
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import ListedColormap

from qrlab.checks import integer, one_of
from qrlab.files import records
from qrlab.graph.advice import Advice, smallest_width
from qrlab.graph.findings import Finding, find
from qrlab.graph.resource import QrCodeImageDetails, shown
from qrlab.model import judge
from qrlab.optics import project
from qrlab.photos.measured import Measured, measure, survivors, text_or_bytes, to_picture
from qrlab.photos.pictures import PictureError, kind_of, rasterized
from qrlab.readers import PANELS, decode, panel, unavailable
from qrlab.scenario import Scenario, named_scenario
from qrlab.symbols import layout

NO_VERIFICATION = "Measured on a picture, not with calibrated optics and light: no verification by ISO/IEC "
NO_VERIFICATION += "15415, whose measure of unused error correction and grade letters it borrows."
# Of modules: light and dark in function patterns, right, of a wrong codeword, of a lost block, wrong.
SHADES = ("#ffffff", "#8a8f98", "#f0f1f3", "#ffd9a0", "#a9c6e8", "#8b0016")
_KEY = secrets.token_bytes(16)  # of digests, unless one is given: they can be compared within a session
_CLASSES = {"A-Z": rb"[A-Z]", "a-z": rb"[a-z]", "0-9": rb"[0-9]"}
_CLASSES |= {"punctuation": rb"[!-/:-@\[-`{-~]", "spaces": rb"\s", "other": rb"[^!-~\s]"}
Given = QrCodeImageDetails | str | bytes | Mapping | np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """What a resource declares, what its picture shows, and where they differ; or a picture alone.

    declared, measured: dicts ready for JSON, without content, empty where there is nothing; findings: in the
    order of FINDINGS; symbol: what was measured, None where no symbol was found; image: the picture, uint8
    height×width or None.  symbol and image are the credential itself; they are shown nowhere.
    """

    declared: dict
    measured: dict
    findings: tuple[Finding, ...]
    symbol: Measured | None
    image: np.ndarray | None

    def __repr__(self) -> str:
        return f"Audit({len(self.findings)} findings: {', '.join(f.code for f in self.findings) or 'none'})"

    def _repr_html_(self) -> str:
        from qrlab.plots import table  # slow to load

        found = "".join(f"<li><code>{code}</code>: {html.escape(said)}</li>" for code, said in self.findings)
        rows = table(self.table, left=list(self.table)).format(escape="html").to_html()
        return rows + (f"<ul>{found}</ul>" if found else "<p>No findings.</p>")

    def reveal(self) -> bytes | None:
        """The content that the picture holds: the credential itself; None where it can't be read."""
        return None if self.symbol is None else self.symbol.content

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
        the picture: then it is the credential itself.
        """
        one_of("show_content", show_content, (True, False))
        blocks, symbol, ax = self.blocks, self.symbol, ax or plt.gca()
        assert symbol is not None, "or it has no blocks"
        ax.set_axis_off()
        if show_content:
            ax.imshow(np.asarray(self.image), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            corners = np.argwhere(symbol.wrong)[:, None, ::-1] + [(0, 0), (1, 0), (1, 1), (0, 1)]
            matrix = to_picture(symbol.corners, len(symbol.modules))
            squares = list(project(matrix, corners.reshape(-1, 2)).reshape(-1, 4, 2))
            ax.add_collection(PolyCollection(squares, edgecolors="#d0021b", facecolors="none", lw=0.8))
            return ax
        here = layout(symbol.version, symbol.level)
        lost = np.isin(here.block, blocks.block[blocks.wrong.isna()])
        shade = np.where(lost, 4, np.where(judge(here, symbol.wrong).codewords, 3, 2))[here.codeword]
        shade = np.where(here.codeword < 0, symbol.modules ^ symbol.wrong, shade)
        shade[symbol.wrong] = 5
        ax.imshow(shade, cmap=ListedColormap(SHADES), vmin=0, vmax=5, interpolation="nearest")
        return ax

    def smallest_width(
        self, scenario: Scenario | str = "sign-in-badge", *, trials: int = 300, seed: int = 0, jobs: int = -1
    ) -> Advice:
        """The smallest width at which this symbol, printed anew, is sure to reach the scenario's target (with
        the lower end of the rate's interval), or else the smallest that reads within a point of the best.
        Of the scenario all but width and content hold, and it needs a dpi.  Raises ValueError for bad input.
        """
        trials = integer("trials", trials, 10, 10**6)
        return smallest_width(self.symbol, named_scenario(scenario), trials, seed, jobs)


def audit(
    what: Given, *, code: str | None = None, readers: Sequence[str] | None = None, key: bytes | None = None
) -> Audit:
    """Compare what is declared with what the picture shows, or look at a picture, such as a badge's.

    what: a resource or a document with one (see QrCodeImageDetails.from_json, and code there); or a picture:
    bytes of an SVG, PNG or JPEG, or uint8 height×width; readers: names of readers and panels, None: all that
    are here; key: of the digests, 1 to 64 bytes, None: one of this session.
    Raises ValueError for what is none of these, PictureError for a picture by itself that can't be used.
    """
    key = _KEY if key is None else key
    if not isinstance(key, bytes) or not 1 <= len(key) <= 64:
        raise ValueError("key must be 1 to 64 bytes, not what came")  # which may be a secret
    if readers is None:
        readers = [name for name in PANELS["all"] if not unavailable(name)]
    for reader in (readers := panel(readers) if readers else ()):
        if why_not := unavailable(reader, "readers"):
            raise ValueError(f"readers must be available, not {reader}: {why_not}")
    details, picture = _given(what, code)
    image, zoom, refused = None, 1.0, None
    try:
        image, zoom = rasterized(picture) if isinstance(picture, bytes) else (picture, 1.0)
    except PictureError as problem:
        if details is None:
            raise
        refused = str(problem)
    known = None if details is None else details.raw_content
    symbol = None if image is None else measure(image, known)
    expected = known if symbol is None or symbol.content is None else symbol.content
    outcomes = {} if image is None else {name: decode(image, name, expected).outcome for name in readers}
    measured = {} if image is None else {"found": symbol is not None, "readers": outcomes}
    measured |= {} if symbol is None else _measured(symbol, zoom, key, known)
    findings = find(details, symbol, outcomes, refused)
    return Audit({} if details is None else _declared(details, key), measured, findings, symbol, image)


def _given(what: Given, code: str | None) -> tuple[QrCodeImageDetails | None, bytes | np.ndarray | None]:
    """The resource, if there is one, and the picture: a file's bytes or an image."""
    if isinstance(what, np.ndarray):
        if what.dtype != np.uint8 or what.ndim != 2 or not what.size:
            came = f"{what.dtype} {what.shape}"
            raise ValueError(f"what must be uint8 height×width if it is an array, not {came}")
        return None, what
    if isinstance(what, bytes) and kind_of(what) != "json":
        if kind_of(what) is None:
            raise ValueError("what must be a JSON object, an SVG, a PNG or a JPEG, and is none of them")
        return None, what
    details = what if isinstance(what, QrCodeImageDetails) else QrCodeImageDetails.from_json(what, code)
    return details, details.binary_value


def _declared(details: QrCodeImageDetails, key: bytes) -> dict:
    picture, content = details.binary_value, _described(details.raw_content, key)
    said = {"version": details.version, "error_correction_level": shown(details.error_correction_level)}
    file = None if picture is None else {"kind": kind_of(picture), "bytes": len(picture)}
    return said | {"content": content, "picture": file}


def _described(content: bytes | None, key: bytes) -> dict | None:
    """A content's length, its kinds of characters, and a digest that can't be guessed without the key."""
    if content is None:
        return None
    kinds = [name for name, pattern in _CLASSES.items() if re.search(pattern, content)]
    digest = hashlib.blake2b(content, digest_size=4, key=key).hexdigest()
    return {"bytes": len(content), "characters": kinds, "digest": digest}


def _measured(symbol: Measured, zoom: float, key: bytes, known: bytes | None) -> dict:
    """What Audit.measured says of a symbol; zoom: pixels of the image for one of the file's."""
    said: dict = {"version": symbol.version, "error_correction_level": symbol.level.lower()}
    said |= {"mask": symbol.mask, "modules": len(symbol.modules)}
    said |= {"module_px": round(symbol.module_px / zoom, 3), "quiet_zone": symbol.quiet_zone}
    said |= {"content": _described(symbol.content, key), "unused_error_correction": round(symbol.unused, 4)}
    said |= {"grade": symbol.grade, "blocks": records(symbol.blocks, 4), "lost_blocks": symbol.lost}
    said |= {"certain": symbol.certain, "wrong_modules": int(symbol.wrong.sum()), "codes": symbol.codes}
    content = symbol.content or known
    if symbol.wrong.any() and symbol.certain and content is not None:
        said["levels"] = records(survivors(symbol.wrong, text_or_bytes(content)), 4)
    return said | {"note": NO_VERIFICATION}


def _in_words(of: dict) -> dict[str, str]:
    """Audit.declared or Audit.measured as Audit.table has it: what, and words."""
    content, picture = of.get("content"), of.get("picture")
    version, level = of.get("version"), of.get("error_correction_level")
    words = {"version": "–" if version is None else str(version), "level": "–" if level is None else level}
    words["content"] = f"{content['bytes']:,} bytes" if content else "–"
    words["of characters"] = ", ".join(content["characters"]) if content else "–"
    words["digest"] = content["digest"] if content else "–"
    words["picture"] = "–"
    if picture:
        words["picture"] = f"{(picture['kind'] or 'no picture').upper()}, {picture['bytes']:,} bytes"
    if "found" in of:
        words["picture"] = "a symbol" if of["found"] else "no symbol found"
    if of.get("found"):
        words["size"] = f"{of['modules']}×{of['modules']} modules of {of['module_px']:.3g} px"
        words["mask"] = str(of["mask"])
        words["quiet zone"] = f"{of['quiet_zone']} modules" + (" or more" if of["quiet_zone"] == 4 else "")
        words["wrong modules"] = f"{'' if of['certain'] else 'at least '}{of['wrong_modules']:,}"
        worst = sorted(of["blocks"], key=lambda block: block["unused"])[:3]
        wrong = ", ".join("lost" if block["wrong"] is None else str(block["wrong"]) for block in worst)
        more = f"worst of {len(of['blocks'])} blocks; " if len(of["blocks"]) > len(worst) else ""
        words["wrong codewords"] = f"{wrong} ({more}each corrects {worst[0]['correctable']})"
        words["unused error correction"] = f"{of['unused_error_correction']:.0%} (grade {of['grade']})"
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
    return words
