"""Microsoft Graph's qrCodeImageDetails, read and written.

A real one is a credential: content and picture stand in no repr and no message made here, but in raw_content,
binary_value and to_json.
"""

import base64
import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from qrlab.checks import integer, one_of
from qrlab.photos.pictures import MOST_BYTES
from qrlab.symbols import Level, Symbol

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
    def from_json(cls, document: str | bytes | Mapping, code: str | None = None) -> Self:
        """The resource in a document (text, bytes or a dict): itself, or within a qrCode or a
        qrCodePinAuthenticationMethod; code: "standard" or "temporary", where a method has both.
        Raises ValueError, without a word of its content, for what is no such document.
        """
        holder, key = _slot({"": _document(document)}, code)
        resource = _of_type(holder or {}, key, Mapping) or {}
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
        values = {name: getattr(self, own) for own, name in NAMES.items()}
        coded = {k: base64.b64encode(v).decode() for k, v in values.items() if isinstance(v, bytes)}
        resource = dict(self.unknown) | values | coded
        if into is None:
            return json.dumps(resource, indent=2)
        written = {"": copy.deepcopy(dict(_document(into)))}
        holder, key = _slot(written, code)
        before = None if holder is None else holder.get(key)
        if isinstance(before, Mapping):  # what was left out, and is null, is left out again
            absent = {name for name, value in values.items() if value is None} - set(before)
            resource = {name: value for name, value in resource.items() if name not in absent}
        if before is not None or self != QrCodeImageDetails():
            if holder is None:
                raise ValueError(f"{key} must be an object for an image to be written into, not null")
            holder[key] = resource
        return json.dumps(written[""], indent=2)

    @classmethod
    def from_symbol(cls, symbol: Symbol, *, px_per_module: int = 3, quiet_zone: int = 4) -> Self:
        """The resource of a symbol.  Its SVG is as Graph's: a white rect, a black one for each dark run."""
        px = integer("px_per_module", px_per_module, 1, 100)
        quiet = integer("quiet_zone", quiet_zone, 0, 100)
        across = (symbol.size + 2 * quiet) * px
        parts = ['<svg version="1.1" baseProfile="full" shape-rendering="crispEdges"']
        parts += [f' width="{across}" height="{across}" xmlns="http://www.w3.org/2000/svg">']
        parts += [f'<rect x="0" y="0" width="{across}" height="{across}" fill="#FFFFFF" />']
        for y, row in enumerate(symbol.modules):
            ends = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
            for start, end in ends.tolist():
                corner = f'x="{(start + quiet) * px}" y="{(y + quiet) * px}"'
                parts += [f'<rect {corner} width="{(end - start) * px}" height="{px}" fill="#000000" />']
        picture = "".join([*parts, "</svg>"]).encode()
        return cls(picture, symbol.level.lower(), symbol.content, symbol.version, {"@odata.type": TYPE})


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
        holder = _of_type(document, chosen, Mapping)
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
        allowed = "an object" if kind is Mapping else kind.__name__
        raise ValueError(f"{name} must be {allowed} or null, not {type(value).__name__}")
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
