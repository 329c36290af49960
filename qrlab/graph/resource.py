"""Microsoft Graph's qrCodeImageDetails, read and written.

A real one is a credential: content and picture stand in no repr and no message made here, but in raw_content,
binary_value, to_json and rasterize.
"""

import base64
import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qrlab.checks import integer, one_of
from qrlab.graph.pictures import MOST_BYTES, PictureError, rasterized
from qrlab.standard import Level
from qrlab.symbols import Symbol

MOST_CHARACTERS = 2 * MOST_BYTES  # of a document; base64 takes four for three bytes
TYPE = "#microsoft.graph.qrCodeImageDetails"
LEVELS = {"l": Level.L, "m": Level.M, "q": Level.Q, "h": Level.H}
NAMES = {"binary_value": "binaryValue", "error_correction_level": "errorCorrectionLevel"}
NAMES |= {"raw_content": "rawContent", "version": "version"}
_CODES = {"standard": "standardQRCode", "temporary": "temporaryQRCode"}


@dataclass(frozen=True)
class QrCodeImageDetails:
    """The resource microsoft.graph.qrCodeImageDetails; None for what is null or missing.

    binary_value: bytes of the picture, SVG, PNG or JPEG; error_correction_level: "l", "m", "q", "h", in lower
    case, or another member as it came; raw_content: bytes that the code holds; version: its number;
    unknown: other properties, kept as they came, "@odata.type" among them.
    """

    binary_value: bytes | None = None
    error_correction_level: str | None = None
    raw_content: bytes | None = None
    version: int | None = None
    unknown: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds = {"binary_value": bytes, "error_correction_level": str, "raw_content": bytes, "version": int}
        for name, kind in kinds.items():
            _of_type(vars(self), name, kind)
        if not isinstance(self.unknown, Mapping):
            raise ValueError(f"unknown must be a mapping, not {type(self.unknown).__name__}")

    def __repr__(self) -> str:
        parts = {"picture": self.binary_value, "content": self.raw_content}
        held = [f"{name} of {len(data):,} bytes" for name, data in parts.items() if data is not None]
        said = [f"version {self.version}", f"level {shown(self.error_correction_level)}"]
        return f"QrCodeImageDetails({', '.join(said + held)})"

    @classmethod
    def from_json(cls, document: str | bytes | Mapping, code: str | None = None) -> "QrCodeImageDetails":
        """The resource in a document: itself, or within a qrCode or a qrCodePinAuthenticationMethod.

        document: text, bytes or a dict; code: "standard" or "temporary", where a method has both.
        Raises ValueError, without a word of its content, for what is no such document.
        """
        holder, key = _slot({"": _document(document)}, code)
        resource = None if holder is None else holder.get(key)
        if resource is None:
            return cls()
        if not isinstance(resource, Mapping):
            raise ValueError(f"image must be an object or null, not {type(resource).__name__}")
        level = _of_type(resource, "errorCorrectionLevel", str)
        return cls(
            _from_base64(resource, "binaryValue"),
            level.lower() if level is not None and level.lower() in LEVELS else level,
            _from_base64(resource, "rawContent"),
            _of_type(resource, "version", int),
            {name: value for name, value in resource.items() if name not in NAMES.values()},
        )

    def to_json(self, into: str | bytes | Mapping | None = None, code: str | None = None) -> str:
        """The resource as JSON, alone or in its place in a document (a copy of it), as for `from_json`.

        This is the credential in full.
        """
        values = {own: getattr(self, own) for own in NAMES}
        for own in ("binary_value", "raw_content"):
            values[own] = None if values[own] is None else base64.b64encode(values[own]).decode()
        resource = dict(self.unknown) | {name: values[own] for own, name in NAMES.items()}
        if into is None:
            return json.dumps(resource, indent=2)
        written = {"": copy.deepcopy(dict(_document(into)))}
        holder, key = _slot(written, code)
        before = None if holder is None else holder.get(key)
        if isinstance(before, Mapping):  # what was left out, and is null, is left out again
            absent = {name for own, name in NAMES.items() if values[own] is None} - set(before)
            resource = {name: value for name, value in resource.items() if name not in absent}
        if before is not None or self != QrCodeImageDetails():
            if holder is None:
                raise ValueError(f"{key} must be an object for an image to be written into, not null")
            holder[key] = resource
        return json.dumps(written[""], indent=2)

    @classmethod
    def from_symbol(
        cls, symbol: Symbol, kind: str = "svg", *, px_per_module: int = 3, quiet_zone: int = 4
    ) -> "QrCodeImageDetails":
        """The resource of a symbol, in the form that Graph gives it; kind: "svg" or "png"."""
        one_of("kind", kind, ("svg", "png"))
        px_per_module = integer("px_per_module", px_per_module, 1, 100)
        quiet_zone = integer("quiet_zone", quiet_zone, 0, 100)
        picture = _svg(symbol, px_per_module, quiet_zone)
        if kind == "png":
            picture = symbol.picture("png", quiet_zone=quiet_zone, scale=px_per_module)
        return cls(picture, symbol.level.lower(), symbol.content, symbol.version, {"@odata.type": TYPE})

    def rasterize(self) -> np.ndarray:
        """The picture, uint8 height×width: the credential itself.  PictureError if there is none to show."""
        if self.binary_value is None:
            raise PictureError("binaryValue must be a picture, not null")
        return rasterized(self.binary_value)[0]


def shown(text: str | None) -> str | None:
    """A declared word, such as a level; of what is none, and may be anything, only its length."""
    return text if text is None or re.fullmatch(r"[A-Za-z]{1,20}", text) else f"of {len(text):,} characters"


def _document(document: str | bytes | Mapping) -> Mapping:
    """A document as a dict; errors say nothing of what is in it."""
    if isinstance(document, Mapping):
        return document
    if not isinstance(document, str | bytes):
        raise ValueError(f"document must be text, bytes or a dict, not {type(document).__name__}")
    if len(document) > MOST_CHARACTERS:
        raise ValueError(f"document must have at most {MOST_CHARACTERS:,} characters, not {len(document):,}")
    try:
        read = json.loads(document if isinstance(document, bytes) else document.removeprefix("\ufeff"))
    except json.JSONDecodeError as problem:
        raise ValueError(f"document must be JSON: {problem.msg} at character {problem.pos}") from None
    except (RecursionError, ValueError) as problem:
        raise ValueError(f"document must be JSON: {type(problem).__name__}") from None
    if not isinstance(read, Mapping):
        raise ValueError(f"document must be a JSON object, not {type(read).__name__}")
    return read


def _slot(within: dict[str, Any], code: str | None) -> tuple[Any, str]:
    """Where the resource of document within[""] is: a dict and its key, or None and the code that is null."""
    document = within[""]
    if code is not None:
        one_of("code", code, _CODES)
    held = [name for name, key in _CODES.items() if key in document]
    if held:
        there = [name for name in held if document[_CODES[name]] is not None] or held
        if code is None and len(there) > 1:
            raise ValueError("code must be standard or temporary for a document with both")
        chosen = _CODES[code or there[0]]
        holder = document.get(chosen)
        if not isinstance(holder, Mapping | None):
            raise ValueError(f"{chosen} must be an object or null, not {type(holder).__name__}")
        return (None, chosen) if holder is None else (holder, "image")
    if code is not None:
        raise ValueError(f"code must be left out for a document without {' and '.join(_CODES.values())}")
    said = document.get("@odata.type")
    if "image" in document or said == "#microsoft.graph.qrCode":
        return document, "image"
    if said == TYPE or not set(NAMES.values()).isdisjoint(document):
        return within, ""
    allowed = "a qrCodeImageDetails, a qrCode or a qrCodePinAuthenticationMethod"
    raise ValueError(f"document must be {allowed}, and has none of their properties")


def _of_type(resource: Mapping, name: str, kind: type) -> Any:
    """The value of that name, None if it is missing; ValueError for one of another type."""
    value = resource.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise ValueError(f"{name} must be {kind.__name__} or null, not {type(value).__name__}")
    return value


def _from_base64(resource: Mapping, name: str) -> bytes | None:
    """Bytes from base64 in either alphabet, padded or not."""
    text = _of_type(resource, name, str)
    if text is None:
        return None
    try:
        plain = "".join(text.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        raise ValueError(f"{name} must be base64, and its {len(text):,} characters are not") from None


def _svg(symbol: Symbol, px: int, quiet_zone: int) -> bytes:
    """An SVG as Graph's: a white rect, and a black one for each run of dark modules."""
    across = (symbol.size + 2 * quiet_zone) * px
    parts = ['<svg version="1.1" baseProfile="full" shape-rendering="crispEdges"']
    parts += [f' width="{across}" height="{across}" xmlns="http://www.w3.org/2000/svg">']
    parts += [f'<rect x="0" y="0" width="{across}" height="{across}" fill="#FFFFFF" />']
    for y, row in enumerate(symbol.modules):
        ends = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
        for start, end in ends.tolist():
            corner = f'x="{(start + quiet_zone) * px}" y="{(y + quiet_zone) * px}"'
            parts += [f'<rect {corner} width="{(end - start) * px}" height="{px}" fill="#000000" />']
    return "".join([*parts, "</svg>"]).encode()
