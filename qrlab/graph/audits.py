"""Audits: does a qrCodeImageDetails tell the truth, and what margin has a code left, new or worn?

An audit shows no content and no picture, only the content's length, kinds of characters and a digest with a
key.  Who wants more asks: Audit.reveal, Audit.plot(show_content=True).
"""

import hashlib
import html
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qrlab.checks import integer, one_of
from qrlab.files import records
from qrlab.graph.advice import Advice, smallest_width
from qrlab.graph.findings import Finding, find
from qrlab.graph.measured import Measured, likely_damage, measure, survivors, text_or_bytes
from qrlab.graph.pictures import PictureError, kind_of, rasterized
from qrlab.graph.resource import QrCodeImageDetails, shown
from qrlab.readers import DECODERS, decode, unavailable
from qrlab.scenario import Scenario, named_scenario

NO_VERIFICATION = (
    "Measured on a picture, not with calibrated optics and light: no verification by ISO/IEC 15415, "
    "whose measure of unused error correction and grade letters it borrows."
)
_KEY = secrets.token_bytes(16)  # of digests, unless one is given: they can be compared within a session
_CLASSES = {
    "A-Z": rb"[A-Z]",
    "a-z": rb"[a-z]",
    "0-9": rb"[0-9]",
    "punctuation": rb"[!-/:-@\[-`{-~]",
    "spaces": rb"\s",
    "other": rb"[^!-~\s]",
}


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
        shown = table(self.table, left=list(self.table)).format(escape="html").to_html()
        return shown + (f"<ul>{found}</ul>" if found else "<p>No findings.</p>")

    def reveal(self) -> bytes | None:
        """The content that the picture holds: the credential itself; None where it can't be read."""
        return self.symbol and self.symbol.content

    @property
    def table(self) -> pd.DataFrame:
        """In words: what, declared (for a resource) and measured, side by side."""
        rows = list(_rows(self.declared, self.measured))
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
        """Wrong modules and lost blocks on the symbol's function patterns, or, with its content, on the
        picture: then it is the credential itself.
        """
        from qrlab.plots import plot_audit  # as above

        one_of("show_content", show_content, (True, False))
        if self.symbol is None:
            raise ValueError("picture must show a symbol that can be sampled, and shows none")
        return plot_audit(self.symbol, self.image if show_content else None, ax=ax)

    def smallest_width(
        self,
        scenario: Scenario | str = "sign-in-badge",
        *,
        trials: int = 300,
        seed: int = 0,
        jobs: int = -1,
    ) -> Advice:
        """The smallest width at which this symbol, printed anew, is sure to reach the scenario's target.

        scenario: its printer (with a dpi), camera, wear, readers and target hold, not its width nor its
        content; sure: the lower end of the rate's interval.  Where no width is, the smallest that reads
        within a point of the best.  Contents of the same length are simulated, printed with whole printer
        dots a module.  Raises ValueError for bad input.  Shows progress.
        """
        scenario = named_scenario(scenario)
        if self.symbol is None or self.symbol.content is None:
            raise ValueError("picture must be readable for advice on printing it, and is not")
        if scenario.print.dpi is None:
            raise ValueError("print_dpi must be given for the width to print, not None")
        return smallest_width(self.symbol, scenario, integer("trials", trials, 10, 10**6), seed, jobs)


def audit(
    what: QrCodeImageDetails | str | bytes | Mapping | np.ndarray,
    *,
    code: str | None = None,
    readers: Sequence[str] | None = None,
    key: bytes | None = None,
) -> Audit:
    """Compare what is declared with what the picture shows, or look at a picture, such as a badge's.

    what: a resource or a document with one (see QrCodeImageDetails.from_json, and code there); or a picture:
    bytes of an SVG, PNG or JPEG, or uint8 height×width; readers: names from decoders(), None: all that are
    here; key: of the digests, 1 to 64 bytes, None: one of this session.
    Raises ValueError for what is none of these, PictureError for a picture by itself that can't be used.
    """
    key = _KEY if key is None else key
    if not isinstance(key, bytes) or not 1 <= len(key) <= 64:
        raise ValueError("key must be 1 to 64 bytes, not what came")  # which may be a secret
    if readers is None:
        readers = [name for name in DECODERS if name not in ("model", "zxing-pure") and not unavailable(name)]
    for reader in readers:
        if why_not := unavailable(reader, "readers"):
            raise ValueError(f"readers must be available, not {reader}: {why_not}")
    if isinstance(what, np.ndarray):
        if what.dtype != np.uint8 or what.ndim != 2 or not what.size:
            raise ValueError(
                f"what must be uint8 height×width if it is an array, not {what.dtype} {what.shape}"
            )
        return _audited(None, what, 1.0, readers, key)
    if isinstance(what, bytes) and kind_of(what) in ("svg", "png", "jpeg"):
        return _audited(None, *rasterized(what), readers, key)
    if isinstance(what, bytes) and kind_of(what) is None:
        raise ValueError("what must be a JSON object, an SVG, a PNG or a JPEG, and is none of them")
    details = what if isinstance(what, QrCodeImageDetails) else QrCodeImageDetails.from_json(what, code)
    image, zoom, refused = None, 1.0, None
    if details.binary_value is not None:
        try:
            image, zoom = rasterized(details.binary_value)
        except PictureError as problem:
            refused = str(problem)
    return _audited(details, image, zoom, readers, key, refused)


def _audited(details, image, zoom: float, readers, key: bytes, refused: str | None = None) -> Audit:
    known = details and details.raw_content
    symbol = None if image is None else measure(image, known)
    outcomes = {} if image is None else _outcomes(image, details, symbol, readers)
    measured = {} if image is None else {"found": symbol is not None, "readers": outcomes}
    if symbol is not None:
        measured |= _measurements(symbol, zoom, key, known) | {"note": NO_VERIFICATION}
    declared = {} if details is None else _declared(details, key)
    return Audit(declared, measured, find(details, symbol, outcomes, refused), symbol, image)


def _outcomes(image, details: QrCodeImageDetails | None, symbol: Measured | None, readers) -> dict[str, str]:
    """What each reader makes of the picture: ok, misread, unread or error."""
    shown = symbol and symbol.content
    expected = shown if shown is not None else details and details.raw_content
    return {reader: decode(image, reader, expected).outcome for reader in readers}


def _declared(details: QrCodeImageDetails, key: bytes) -> dict:
    picture = details.binary_value
    return {
        "version": details.version,
        "error_correction_level": shown(details.error_correction_level),
        "content": _described(details.raw_content, key),
        "picture": None if picture is None else {"kind": kind_of(picture), "bytes": len(picture)},
    }


def _described(content: bytes | None, key: bytes) -> dict | None:
    """A content's length, its kinds of characters, and a digest that can't be guessed without the key."""
    if content is None:
        return None
    kinds = [name for name, pattern in _CLASSES.items() if re.search(pattern, content)]
    digest = hashlib.blake2b(content, digest_size=4, key=key).hexdigest()
    return {"bytes": len(content), "characters": kinds, "digest": digest}


def _measurements(symbol: Measured, zoom: float, key: bytes, known: bytes | None) -> dict:
    wrong, content = int(symbol.wrong.sum()), symbol.content or known
    measured = {
        "version": symbol.version,
        "error_correction_level": symbol.level.lower(),
        "mask": symbol.mask,
        "modules": len(symbol.modules),
        "module_px": round(symbol.module_px / zoom, 3),
        "quiet_zone": symbol.quiet_zone,
        "content": _described(symbol.content, key),
        "unused_error_correction": round(symbol.unused, 4),
        "grade": symbol.grade,
        "blocks": records(symbol.blocks, 4),
        "lost_blocks": symbol.lost,
        "certain": symbol.certain,
        "wrong_modules": wrong,
        "codes": symbol.codes,
    }
    if wrong:
        measured["likely_damage"] = records(likely_damage(symbol.wrong, symbol.modules), 4)
        if content is not None and symbol.certain:
            measured["levels"] = records(survivors(symbol.wrong, text_or_bytes(content)), 4)
    return measured


def _rows(declared: dict, seen: dict) -> Iterator[tuple[str, str, str]]:
    """The rows of Audit.table: what both have, then what only the picture has."""
    for name, key in (("version", "version"), ("level", "error_correction_level")):
        yield name, _said(declared.get(key)), _said(seen.get(key))
    contents = [of.get("content") or {} for of in (declared, seen)]
    yield "content", *(f"{c['bytes']:,} bytes" if c else "–" for c in contents)
    yield "of characters", *(", ".join(c["characters"]) if c else "–" for c in contents)
    yield "digest", *(c.get("digest", "–") for c in contents)
    picture = declared.get("picture")
    kind = f"{(picture['kind'] or 'no picture').upper()}, {picture['bytes']:,} bytes" if picture else "–"
    yield "picture", kind, "–" if not seen else "a symbol" if seen["found"] else "no symbol found"
    for name, words in _seen_alone(seen):
        yield name, "–", words


def _seen_alone(seen: dict) -> Iterator[tuple[str, str]]:
    if seen.get("found"):
        yield "size", f"{seen['modules']}×{seen['modules']} modules of {seen['module_px']:.3g} px"
        yield "mask", str(seen["mask"])
        yield "quiet zone", f"{seen['quiet_zone']} modules" + " or more" * (seen["quiet_zone"] == 4)
        yield "wrong modules", f"{'' if seen['certain'] else 'at least '}{seen['wrong_modules']:,}"
        yield "wrong codewords", _by_block(seen["blocks"])
        yield "unused error correction", f"{seen['unused_error_correction']:.0%} (grade {seen['grade']})"
    for outcome in dict.fromkeys(seen.get("readers", {}).values()):
        names = [reader for reader, came in seen["readers"].items() if came == outcome]
        yield {"ok": "read by", "unread": "not read by"}.get(outcome, f"{outcome} by"), ", ".join(names)
    if seen.get("likely_damage"):
        kinds = (f"{row['kind'].replace('_', ' ')} ({row['share']:.0%})" for row in seen["likely_damage"][:3])
        yield "damage looks like", ", ".join(kinds)
    if seen.get("codes", 1) > 1:
        yield "symbols in the picture", f"{seen['codes']}, of which this is one"
    if "levels" in seen:
        survives = (f"{row['level']}: {'yes' if row['survives'] else 'no'}" for row in seen["levels"])
        yield "level would survive", ", ".join(survives)
    elif seen.get("lost_blocks"):
        yield "level would survive", "unknown, as it can't be told how much is wrong in lost blocks"


def _by_block(blocks: list[dict]) -> str:
    """How many codewords are wrong in each block; of many blocks, in the worst ones."""
    worst = sorted(blocks, key=lambda block: block["unused"])[:3]
    words = ", ".join("lost" if block["wrong"] is None else str(block["wrong"]) for block in worst)
    more = f"worst of {len(blocks)} blocks; " if len(blocks) > len(worst) else ""
    return f"{words} ({more}each corrects {blocks[0]['correctable']})"


def _said(value: object) -> str:
    """A declared or measured value; who made the file may have meant it to reach a terminal's controls."""
    text = "–" if value is None else str(value)
    return text if text.isprintable() and len(text) <= 40 else f"{text[:40]!a}"
