"""Audits: does a qrCodeImageDetails tell the truth, and what margin has a code left, new or worn?

An audit shows no content and no picture, only the content's length, kinds of characters and a digest with a
key.  Who wants more asks: Audit.reveal, Audit.plot(show_content=True).
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from qrlab.capture import MM_PER_INCH
from qrlab.decoders import DECODERS, decode, unavailable
from qrlab.experiment import readings
from qrlab.graph.measured import Measured, likely_damage, measure, survivors
from qrlab.graph.pictures import PictureError, kind_of, rasterized
from qrlab.graph.resource import LEVELS, NAMES, TYPE, QrCodeImageDetails
from qrlab.scenario import Scenario, named_scenario
from qrlab.stats import mean_interval
from qrlab.symbols import ALPHABETS, UNITS, Level, blocks_of, capacity, integer, mode_of, one_of

NO_VERIFICATION = (
    "Measured on a picture, not with calibrated optics and light: no verification by ISO/IEC 15415, "
    "whose measure of unused error correction and grade letters it borrows."
)
FINDINGS = (
    "missing-value",
    "odata-type-mismatch",
    "unknown-level",
    "capacity-exceeded",
    "not-an-image",
    "image-unreadable",
    "version-mismatch",
    "level-mismatch",
    "content-mismatch",
    "quiet-zone-too-small",
    "higher-level-free",
)
_KEY = secrets.token_bytes(16)  # of digests, unless one is given: they can be compared within a session
_ALIKE = 0.01  # rates so near to the best are as good
_RESOLVED = 8  # camera pixels a module, beyond which a wider print helps no more
_CLASSES = {
    "A-Z": rb"[A-Z]",
    "a-z": rb"[a-z]",
    "0-9": rb"[0-9]",
    "punctuation": rb"[!-/:-@\[-`{-~]",
    "spaces": rb"\s",
    "other": rb"[^!-~\s]",
}


class Finding(NamedTuple):
    """Something that an audit found; code: stable, one of FINDINGS; message: in words, without content."""

    code: str
    message: str


@dataclass(frozen=True)
class Advice:
    """The smallest width to print a code at; width_mm: None where none is read; reason: a sentence;
    tried: dots (the printer's, a module), width_mm, module_mm, rate, low, high (the share of scans read, with
    a 95 % interval), narrowest first.
    """

    width_mm: float | None
    reason: str
    tried: pd.DataFrame = field(repr=False)

    def to_dict(self) -> dict:
        """width_mm, reason and the rows of tried, ready for JSON."""
        return {"width_mm": self.width_mm, "reason": self.reason, "tried": _records(self.tried)}


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

        found = "".join(f"<li><code>{code}</code>: {_escaped(said)}</li>" for code, said in self.findings)
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
        return _smallest_width(self.symbol, scenario, integer("trials", trials, 10, 10**6), seed, jobs)


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
    symbol = None if image is None else measure(image)
    outcomes = {} if image is None else _outcomes(image, details, symbol, readers)
    findings = [Finding(code, said) for code, said in _findings(details, symbol, outcomes, refused)]
    findings.sort(key=lambda finding: FINDINGS.index(finding.code))
    measured = {} if image is None else {"found": symbol is not None, "readers": outcomes}
    if symbol is not None:
        measured |= _measurements(symbol, zoom, key) | {"note": NO_VERIFICATION}
    declared = {} if details is None else _declared(details, key)
    return Audit(declared, measured, tuple(findings), symbol, image)


def _outcomes(image, details: QrCodeImageDetails | None, symbol: Measured | None, readers) -> dict[str, str]:
    """What each reader makes of the picture: ok, misread, unread or error."""
    shown = symbol and symbol.content
    expected = shown if shown is not None else details and details.raw_content
    return {reader: decode(image, reader, expected).outcome for reader in readers}


def _declared(details: QrCodeImageDetails, key: bytes) -> dict:
    picture = details.binary_value
    return {
        "version": details.version,
        "error_correction_level": details.error_correction_level,
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


def _measurements(symbol: Measured, zoom: float, key: bytes) -> dict:
    wrong = int(symbol.wrong.sum())
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
        "blocks": _records(symbol.blocks),
        "wrong_modules": wrong,
    }
    if wrong:
        measured["likely_damage"] = _records(likely_damage(symbol.wrong, symbol.modules))
        if symbol.content is not None:
            measured["levels"] = _records(survivors(symbol.wrong, _text_or_bytes(symbol.content)))
    return measured


def _records(table: pd.DataFrame) -> list[dict]:
    return json.loads(table.round(4).to_json(orient="records"))


def _text_or_bytes(content: bytes) -> str | bytes:
    """Content as `make` takes it: as text where that is packed tighter."""
    return content.decode() if content.isascii() and mode_of(content.decode()) != "byte" else content


# --- what is found ---


def _findings(details, symbol, outcomes: dict[str, str], refused: str | None) -> Iterator[tuple[str, str]]:
    """What is wrong, as code and message; details: None for a picture alone."""
    if details is not None:
        yield from _of_declared(details)
    if refused is not None:
        yield "not-an-image", refused
    if outcomes and "ok" not in outcomes.values():
        lost = "" if symbol is None else f"; {symbol.lost} of {len(symbol.blocks)} blocks are lost"
        yield "image-unreadable", f"none of {', '.join(outcomes)} reads the picture{lost}"
    if symbol is not None:
        yield from _of_measured(symbol)
        if details is not None:
            yield from _differences(details, symbol)


def _of_declared(details: QrCodeImageDetails) -> Iterator[tuple[str, str]]:
    for own, name in NAMES.items():
        if getattr(details, own) is None:
            yield "missing-value", f"{name} is null or missing"
    said = details.unknown.get("@odata.type", TYPE)
    if said != TYPE:
        yield "odata-type-mismatch", f"@odata.type must be {TYPE}, not {str(said)[:80]!r}"
    level, version, content = details.error_correction_level, details.version, details.raw_content
    if level is not None and level not in LEVELS:
        yield "unknown-level", f"errorCorrectionLevel must be one of l, m, q, h, not {level[:40]!r}"
    if version is not None and not 1 <= version <= 40:
        yield "version-mismatch", f"version must be from 1 to 40, not {version}"
    elif version is not None and level in LEVELS and content:
        held = 8 * sum(data for _, data in blocks_of(version, LEVELS[level]))
        if _least_bits(content) > held:
            mode, symbol = _mode_of(content), f"{version}-{LEVELS[level]}"
            holds = f"{capacity(version, LEVELS[level], mode):,} {UNITS[mode]}"
            yield (
                "capacity-exceeded",
                f"{len(content):,} bytes of content, and version {symbol} holds {holds}",
            )


def _mode_of(content: bytes) -> str:
    return mode_of(content.decode()) if content.isascii() else "byte"


def _least_bits(content: bytes) -> float:
    """Fewer bits than any mix of modes needs: each character in the tightest mode that has it."""
    digits = sum(chr(c) in ALPHABETS["numeric"] for c in content)
    letters = sum(chr(c) in ALPHABETS["alphanumeric"] for c in content) - digits
    other = (len(content) - digits - letters) * (8 if content.isascii() else 13 / 2)  # kanji: two in 13 bits
    first = {"numeric": 14, "alphanumeric": 13}.get(_mode_of(content), 12)  # mode and, at least, length
    return first + digits * 10 / 3 + letters * 11 / 2 + other


def _of_measured(symbol: Measured) -> Iterator[tuple[str, str]]:
    if symbol.quiet_zone < 4:
        yield "quiet-zone-too-small", f"quiet zone must be 4 modules wide, not {symbol.quiet_zone}"
    if symbol.content:
        mode, ranks = _mode_of(symbol.content), list(Level)
        free = [x for x in ranks if capacity(symbol.version, x, mode) >= len(symbol.content)]
        if free and ranks.index(free[-1]) > ranks.index(symbol.level):
            yield (
                "higher-level-free",
                f"level {free[-1]} would fit the same version {symbol.version}, at no cost",
            )


def _differences(details: QrCodeImageDetails, symbol: Measured) -> Iterator[tuple[str, str]]:
    version, level, content = details.version, details.error_correction_level, details.raw_content
    if version is not None and 1 <= version <= 40 and version != symbol.version:
        yield "version-mismatch", f"version is declared {version}, and the picture's is {symbol.version}"
    if level in LEVELS and LEVELS[level] != symbol.level:
        yield "level-mismatch", f"level is declared {level}, and the picture's is {symbol.level.lower()}"
    if content is not None and symbol.content is not None and content != symbol.content:
        sizes = f"{len(content):,} bytes are declared, and the picture's are {len(symbol.content):,}"
        yield "content-mismatch", f"content differs: {sizes}"


# --- in words ---


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
        yield "wrong modules", f"{seen['wrong_modules']:,}"
        lost = sum(block["wrong"] is None for block in seen["blocks"])
        lost = f", {lost} of {len(seen['blocks'])} blocks lost" if lost else ""
        margin = f"{100 * seen['unused_error_correction']:.0f}% (grade {seen['grade']}){lost}"
        yield "unused error correction", margin
    for outcome in dict.fromkeys(seen.get("readers", {}).values()):
        names = [reader for reader, came in seen["readers"].items() if came == outcome]
        yield {"ok": "read by", "unread": "not read by"}.get(outcome, f"{outcome} by"), ", ".join(names)
    if seen.get("likely_damage"):
        kinds = (f"{row['kind'].replace('_', ' ')} ({row['share']:.0%})" for row in seen["likely_damage"][:3])
        yield "damage looks like", ", ".join(kinds)
    if "levels" in seen:
        survives = (f"{row['level']}: {'yes' if row['survives'] else 'no'}" for row in seen["levels"])
        yield "level would survive", ", ".join(survives)


def _said(value: object) -> str:
    """A declared or measured value; who made the file may have meant it to reach a terminal's controls."""
    text = "–" if value is None else str(value)
    return text if text.isprintable() and len(text) <= 40 else f"{text[:40]!a}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


# --- advice ---


def _smallest_width(symbol: Measured, scenario: Scenario, trials: int, seed: int, jobs: int) -> Advice:
    """All widths at once, on the same trials: of whole printer dots a module, up to what is resolved."""
    size, printed, camera = len(symbol.modules), scenario.print, scenario.camera
    dot_mm = MM_PER_INCH / printed.dpi
    across = size + 2 * printed.quiet_zone * printed.quiet_zone_included
    frame = 0.8 * camera.frame_height_px / (size + 2 * printed.quiet_zone)
    most = max(1, ceil(min(_RESOLVED, frame) / (camera.px_per_mm * dot_mm)))
    dots = sorted({min(ceil(1.15**k), most) for k in range(60)})
    mode = _mode_of(symbol.content)
    payload = min(len(symbol.content), capacity(symbol.version, symbol.level, mode))
    widths = [
        scenario.change(print_width_mm=k * across * dot_mm * (1 + 1e-9), payload=payload, mode=mode)
        for k in dots
    ]
    designs = [there.design([symbol.level]).assign(version=symbol.version) for there in widths]
    read = readings(pd.concat(designs, ignore_index=True), trials=trials, seed=seed, jobs=jobs)
    rates = (read.outcome == "ok").to_numpy().reshape(len(dots), -1).mean(axis=1)
    table = pd.DataFrame({"dots": dots, "rate": rates})
    table.insert(1, "width_mm", table.dots * across * dot_mm)
    table.insert(2, "module_mm", table.dots * dot_mm)
    table["low"], table["high"] = zip(*(mean_interval(rate, trials) for rate in rates))
    return _advice(table, scenario)


def _advice(table: pd.DataFrame, scenario: Scenario) -> Advice:
    sure, near = table[table.low >= scenario.target], table[table.rate >= table.rate.max() - _ALIKE]
    given = f"{scenario.print.dpi:g} dpi, read at {scenario.camera.distance_mm:.4g} mm"
    if not table.rate.max():
        return Advice(None, f"No print up to {table.width_mm.max():.0f} mm wide is read ({given}).", table)
    best = (sure if len(sure) else near).iloc[0]
    wide = f"Print it at least {ceil(10 * best.width_mm - 1e-6) / 10:.1f} mm wide ({given})"
    reads = f"{100 * best.rate:.1f}% of scans ({100 * best.low:.1f} to {100 * best.high:.1f}) are read there"
    target = "" if len(sure) else f"; a wider print gains at most {100 * _ALIKE:.0f} point"
    target += "" if len(sure) else f", so that none is sure to reach {100 * scenario.target:.4g}%"
    return Advice(float(best.width_mm), f"{wide}: {reads}{target}.", table)
