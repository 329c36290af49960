"""Microsoft Graph's qrCodeImageDetails, read and written.

A real one is a credential: content and picture stand in no repr and no message made here.  Who wants them
asks for bytes(details.raw_content), bytes(details.binary_value) or to_json().
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn, Self

import numpy as np

from qrlab.checks import integer
from qrlab.graph.documents import NAMES, TYPE, WINDOW, Place, places, typed, values_of
from qrlab.symbols import Level, Symbol

LEVELS = {"l": Level.L, "m": Level.M, "q": Level.Q, "h": Level.H}


class _Hidden:
    """What shows only its length, wherever it is printed, and is not pickled."""

    unit = "bytes"

    def __repr__(self: Any) -> str:
        return f"<{len(self):,} {self.unit}, not shown>"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, form: str) -> str:
        return format(repr(self), form)

    def __deepcopy__(self, *_: object) -> Self:
        return self

    __copy__ = __deepcopy__

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__.strip('_')} can't be pickled: it is, or may be, a credential")


class Secret(_Hidden, bytes):
    """Bytes of a credential, which print as their length; bytes(secret) are plain ones."""


class _Kept(_Hidden, dict):
    unit = "properties"
    __next__ = None  # or pandas prints the items of a mapping


class _Text(_Hidden, str):
    unit = "characters"


@dataclass(frozen=True)
class QrCodeImageDetails(_Hidden):
    """The resource microsoft.graph.qrCodeImageDetails; None for what is null or missing.
    binary_value: bytes of the picture, SVG, PNG or JPEG; error_correction_level: "l", "m", "q", "h", in lower
    case, or another member as it came; raw_content: bytes that the code holds; version: its number; unknown:
    other properties, kept as they came, "@odata.type" among them.  Of what was around it, and isn't compared:
    valid_from, valid_until: dates and times with an offset; temporary: is it a temporary code's, None if that
    is unknown; with_pin: has the document a PIN's code too; code_id: the qrCode's; remarks: (code, message)
    of findings so far."""

    binary_value: bytes | None = None
    error_correction_level: str | None = None
    raw_content: bytes | None = None
    version: int | None = None
    unknown: Mapping[str, object] = field(default_factory=dict)
    valid_from: datetime | None = field(default=None, compare=False)
    valid_until: datetime | None = field(default=None, compare=False)
    temporary: bool | None = field(default=None, compare=False)
    with_pin: bool = field(default=False, compare=False)
    code_id: str | None = field(default=None, compare=False)
    remarks: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        kinds = {"binary_value": bytes, "error_correction_level": str, "raw_content": bytes, "version": int}
        for name, kind in (kinds | dict.fromkeys(WINDOW, datetime)).items():
            value = typed(name, getattr(self, name), kind)
            if isinstance(value, datetime) and value.tzinfo is None:
                raise ValueError(f"{name} must have an offset, as datetime.now(UTC) has, and has none")
            if isinstance(value, bytes):
                object.__setattr__(self, name, Secret(value))
        if not isinstance(self.unknown, Mapping):
            raise ValueError(f"unknown must be a mapping, not {type(self.unknown).__name__}")
        object.__setattr__(self, "unknown", _Kept(self.unknown))
        level = self.error_correction_level
        if shown(level) != level:
            object.__setattr__(self, "error_correction_level", _Text(level))
        if typed("code_id", self.code_id, str) is not None:
            object.__setattr__(self, "code_id", _Text(self.code_id))

    def __repr__(self) -> str:
        parts = {"picture": self.binary_value, "content": self.raw_content}
        held = [f"{name} of {len(data):,} bytes" for name, data in parts.items() if data is not None]
        held += [f"valid until {self.valid_until:%Y-%m-%d %H:%M %Z}"] if self.valid_until else []
        said = [f"version {self.version}", f"level {shown(self.error_correction_level)}"]
        return f"QrCodeImageDetails({', '.join(said + held)})"

    @classmethod
    def from_json(cls, document: object, code: str | None = None) -> Self:
        """The resource in a document: itself, or in a qrCode, a qrCodePinAuthenticationMethod, a list or what
        a $batch answers, as text, bytes or a dict, or as an object of Graph's SDK for Python; code: standard
        or temporary, where a method has both.  ValueError, without its content, for no such or several."""
        return cls(**values_of(_only(places(document, code)[1])))

    @classmethod
    def all_from_json(cls, document: object, code: str | None = None) -> list[Self]:
        """All resources in a document, as for `from_json`, in their order; at least one.  The codes of a
        method count as one where none has an image."""
        return [cls(**values_of(place)) for place in places(document, code)[1]]

    def to_json(self, into: object = None, code: str | None = None) -> str:
        """The resource as JSON, alone or in its place in a document (a copy of it), as for `from_json`.
        This is the credential in full."""
        values = {name: getattr(self, own) for own, name in NAMES.items()}
        coded = {k: base64.b64encode(v).decode() for k, v in values.items() if isinstance(v, bytes)}
        resource = dict(self.unknown) | values | coded
        if into is None:
            return json.dumps(resource, indent=2)
        written, there = places(into, code)
        place = _only(there)
        if place.resource is not None:  # what was left out, and is null, is left out again
            absent = {name for name, value in values.items() if value is None} - set(place.resource)
            resource = {name: value for name, value in resource.items() if name not in absent}
        if place.resource is not None or self != QrCodeImageDetails():
            if place.holder is None:
                raise ValueError(f"{place.key} must be an object for an image to be written into, not null")
            place.holder[place.key] = resource
        return json.dumps(written[""], indent=2)

    @classmethod
    def from_symbol(cls, symbol: Symbol, *, px_per_module: int = 3, quiet_zone: int = 4) -> Self:
        """The resource of a symbol.  Its SVG is as Graph's: a white rect, a black one for each dark run."""
        px = integer("px_per_module", px_per_module, 1, 100)
        quiet = integer("quiet_zone", quiet_zone, 0, 100)
        across = (symbol.size + 2 * quiet) * px
        sides = f'width="{across}" height="{across}"'
        svg = f'<svg version="1.1" baseProfile="full" shape-rendering="crispEdges" {sides}'
        svg += f' xmlns="http://www.w3.org/2000/svg"><rect x="0" y="0" {sides} fill="#FFFFFF" />'
        edges = np.diff(symbol.modules.astype(np.int8), prepend=0, append=0)
        for (y, start), (_, end) in zip(np.argwhere(edges > 0), np.argwhere(edges < 0)):
            corner = f'x="{(start + quiet) * px}" y="{(y + quiet) * px}"'
            svg += f'<rect {corner} width="{(end - start) * px}" height="{px}" fill="#000000" />'
        picture = f"{svg}</svg>".encode()
        return cls(picture, symbol.level.lower(), symbol.content, symbol.version, {"@odata.type": TYPE})


def shown(text: str | None) -> str | None:
    """A declared word, such as a level; of what is none, and may be anything, only its length."""
    return text if text is None or re.fullmatch(r"[A-Za-z]{1,20}", text) else f"of {len(text):,} characters"


def _only(there: list[Place]) -> Place:
    if len(there) == 1:
        return there[0]
    several = f"document must have one qrCodeImageDetails, and has {len(there)}: all_from_json reads them"
    raise ValueError(f"{several}; of a method's two one is read with code standard or temporary")
