"""Documents with Microsoft Graph's qrCodeImageDetails: Graph's answers, and what its SDKs make of them.

Names come in any style of case and become Graph's own: BinaryValue, binary_value; standard_q_r_code.
A document is a credential: no error, nor what one was raised from, has a part of it.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from qrlab.checks import one_of
from qrlab.pictures.pixels import MOST_BYTES, kind_of

MOST_CHARACTERS = 2 * MOST_BYTES  # of a document; base64 takes four for three bytes
TYPE = "#microsoft.graph.qrCodeImageDetails"
CODES = {"standard": "standardQRCode", "temporary": "temporaryQRCode"}
NAMES = {"binary_value": "binaryValue", "error_correction_level": "errorCorrectionLevel"}
NAMES |= {"raw_content": "rawContent", "version": "version"}
MEMBERS = ("l", "m", "q", "h", "unknownFutureValue")  # errorCorrectionLevel's, in Graph's order
_WITHIN = (
    "value",
    "responses",
    "body",
    "additionalData",
    "additionalProperties",
)  # of lists, $batch and SDKs
_OTHERS = (
    "@odata.type",
    "@odata.context",
    "image",
    "startDateTime",
    "expireDateTime",
    "pin",
    "code",
    "error",
)
_KNOWN = {
    re.sub(r"\W", "", name).lower(): name for name in (*NAMES.values(), *CODES.values(), *_WITHIN, *_OTHERS)
}
_DEEPEST = 12  # of lists, $batch and codes within one another


class Place(NamedTuple):
    """Where a resource stands: holder[key]; or nowhere, holder None, in a code that is null.
    code: standard or temporary, None if unknown; around: the qrCode; pin: has the method a PIN's code too?"""

    holder: Any
    key: Any
    code: str | None = None
    around: Mapping = {}
    pin: bool = False

    @property
    def resource(self) -> dict | None:
        """The resource; None where it is null or missing."""
        value = self.holder[self.key] if isinstance(self.holder, list) else (self.holder or {}).get(self.key)
        return of_type({self.key: opened(value)}, self.key, Mapping)


def places(document: object, code: str | None) -> tuple[dict, list[Place]]:
    """A document, in a dict of its own at "", and where in it resources are, at least one; what else a list
    has is left out.  ValueError for a document without a resource."""
    if code is not None:
        one_of("code", code, CODES)
    read = _read(document) if isinstance(document, str | bytes) else opened(document)
    if not isinstance(read, dict | list):
        allowed = "text, bytes or a dict, or else a list or an SDK's object"
        raise ValueError(f"document must be {allowed}, not {type(read).__name__}")
    within: dict = {"": read}
    found = list(_places(within, "", code))
    there = [place for place in found if isinstance(place, Place)]
    if found and not there:
        raise ValueError(f"document must have a qrCodeImageDetails, and is {found[0]}")
    if code is not None and (not there or any(place.code != code for place in there)):
        raise ValueError(f"code must be left out for a document without {' and '.join(CODES.values())}")
    if not there:
        allowed = "a qrCodeImageDetails, a qrCode or a qrCodePinAuthenticationMethod"
        raise ValueError(f"document must be {allowed} whose code is standard or temporary, and is none")
    return within, there


def _places(holder: Any, key: Any, code: str | None, deep: int = 0) -> Iterator[Place | str]:
    """Where within holder[key] resources are, and what error responses say."""
    node = holder[key] = opened(holder[key])
    inside: Any = range(len(node)) if isinstance(node, list) else ()
    if not isinstance(node, dict):
        pass
    elif not node.keys().isdisjoint(CODES.values()):
        yield from _of_method(node, code)
    elif "image" in node or node.get("@odata.type") == "#microsoft.graph.qrCode":
        named = re.search("(standard|temporary)QRCode", str(node.get("@odata.context")))
        yield Place(node, "image", named and named[1], node)
    elif node.get("@odata.type") == TYPE or not node.keys().isdisjoint({*NAMES.values()} - {"version"}):
        yield Place(holder, key)
    elif (error := opened(node.get("error"))) is not None:
        said = error.get("code") if isinstance(error, dict) else error
        plain = isinstance(said, str) and re.fullmatch(r"[A-Za-z0-9_.]{1,60}", said)
        yield f"an error response{f': {said}' if plain else ''}"
    else:
        inside = [name for name in _WITHIN if name in node]
    for inner in inside if deep < _DEEPEST else ():
        yield from _places(node, inner, code, deep + 1)


def _of_method(method: dict, code: str | None) -> Iterator[Place]:
    """The code that is asked for; or those with an image; or, as in a GET's answer, one of those without."""
    method |= {key: opened(method[key]) for key in CODES.values() if key in method}
    held = {name: of_type(method, key, Mapping) for name, key in CODES.items() if key in method}
    there = [name for name, qr_code in held.items() if qr_code is not None]
    full = [name for name in there if _full(opened(held[name].get("image")))]
    asked = [code] if code is not None else full or there[:1] or (list(held) if len(held) == 1 else [])
    pin = opened(method.get("pin"))
    secret = (pin.get("code") if isinstance(pin, dict) else pin) not in (None, "")
    for name in asked:
        around = held.get(name)
        yield Place(around, CODES[name] if around is None else "image", name, around or {}, secret)


def _full(image: object) -> bool:
    """Is anything in an image?  What an SDK writes may be there, and null throughout."""
    return isinstance(image, dict) and any(image.get(name) is not None for name in NAMES.values())


def opened(value: Any) -> Any:
    """A part of a document, as a dict with Graph's names or a list, of its own; an SDK's object by what it
    has of these names, text by what is read from it, or as it came."""
    if isinstance(value, str | bytes):
        with suppress(ValueError):
            return _read(value)
    if isinstance(value, list | tuple):
        return list(value)
    if value is None or isinstance(value, str | bytes | int | float | Enum):
        return value
    if not isinstance(value, Mapping):
        names = [name for name in (*dir(value), "additional_data") if _own(name) in _KNOWN.values()]
        held = {name: getattr(value, name) for name in names if hasattr(value, name)}
        if not held:
            return value
        value = {k: v for k, v in held.items() if v or not k.startswith(("odata", "additional"))}
        picture = value.get("binary_value")
        if isinstance(picture, bytes) and picture_in(picture) not in (None, picture):  # Kiota's are in base64
            value |= {k: v.decode("latin-1") for k, v in value.items() if isinstance(v, bytes)}
    return {name if (own := _own(name)) in value else own: item for name, item in value.items()}


def _own(name: object) -> object:
    """Graph's own name for one of any style of case; any other as it is."""
    return _KNOWN.get(re.sub(r"[\W_]", "", str(name)).lower(), name)


def of_type(node: Mapping, name: str, kind: type) -> Any:
    """The value of that name, None if it is missing; ValueError for one of another type."""
    value = node.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        allowed = "an object" if kind is Mapping else kind.__name__
        raise ValueError(f"{name} must be {allowed} or null, not {type(value).__name__}")
    return value


# --- text and values; what a parser or a decoder raises holds its input, and no error is raised from it ---


def picture_in(data: str | bytes) -> bytes | None:
    """The picture that a file is, or that it has in base64 or as a data URI and nothing else; or None."""
    if isinstance(data, bytes) and kind_of(data) not in (None, "json"):
        return data
    with suppress(ValueError):
        found = _decoded(_text(data).strip().strip('"'))
        return found if found is not None and kind_of(found) not in (None, "json") else None
    return None


def _read(document: str | bytes) -> dict | list:
    """What JSON says, a list of what stands one after another, as in NDJSON; of base64 or a data URI the
    resource of its picture, or what JSON within says."""
    if len(document) > MOST_CHARACTERS:
        raise ValueError(f"document must have at most {MOST_CHARACTERS:,} characters, not {len(document):,}")
    text, end, wrong = _text(document).strip(), 0, "no object or list"
    values: list = []
    try:
        while end < len(text) or not values:
            value, end = json.JSONDecoder().raw_decode(text, end)
            values.append(value)
            end = next((k for k in range(end, len(text)) if not text[k].isspace()), len(text))
    except (RecursionError, ValueError) as problem:  # whose words have nothing of the text
        wrong, values = str(problem), []
    read = values[0] if len(values) == 1 else values
    if read and isinstance(read, dict | list):
        return read
    text = read if isinstance(read, str) else text
    if picture := picture_in(text):
        return {"binaryValue": picture}
    if (inner := _decoded(text) or b"").lstrip()[:1] in (b"{", b"["):
        return _read(inner)
    raise ValueError(f"document must be JSON: {wrong}")


def _text(document: str | bytes) -> str:
    """Text as it is, or from UTF-8 or UTF-16, with a byte order mark or without."""
    if isinstance(document, str):
        return document.removeprefix("\ufeff")
    with suppress(UnicodeDecodeError):
        return document.decode(json.detect_encoding(document))
    raise ValueError("document must be JSON, and is no text in UTF-8 or UTF-16")


def _decoded(text: str) -> bytes | None:
    """Bytes from base64 in either alphabet, padded or not; from a data URI; or from numbers with spaces or
    commas between, as PowerShell joins an array that is too deep for it; None for anything else."""
    if re.match("data:[^,]{0,200},", text.lstrip(), re.IGNORECASE):
        head, _, body = text.partition(",")
        data = unquote_to_bytes(body.strip())
        if not head.rstrip().lower().endswith(";base64"):
            return data
        text = data.decode("latin-1")
    words = text.replace(",", " ").split()
    if len(words) > 1 and (max(map(len, words)) <= 3 or all(re.fullmatch("[-+]?[0-9]+", x) for x in words)):
        fit = all(re.fullmatch("[0-9]{1,3}", word) and int(word) <= 255 for word in words)
        return bytes(map(int, words)) if fit else None
    plain = "".join(text.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    with suppress(ValueError):
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    return None


def values_of(resource: Mapping) -> dict[str, Any]:
    """The values of a resource by their names in Python, None for what is null or missing."""
    binary = {name: _bytes_of(resource, NAMES[name]) for name in ("binary_value", "raw_content")}
    level, version = (resource.get(name) for name in ("errorCorrectionLevel", "version"))
    level = level.value if isinstance(level, Enum) else level
    level = MEMBERS[level] if type(level) is int and 0 <= level < len(MEMBERS) else level
    level = of_type({"errorCorrectionLevel": level}, "errorCorrectionLevel", str)
    level = level.lower() if level is not None and level.lower() in MEMBERS else level
    as_text = isinstance(version, str) and re.fullmatch(r"\s*[0-9]{1,3}\s*", version)
    if as_text or (isinstance(version, float) and version.is_integer() and abs(version) < 2**31):
        version = int(version or 0)
    return binary | {
        "error_correction_level": level,
        "version": of_type({"version": version}, "version", int),
    }


def _bytes_of(resource: Mapping, name: str) -> bytes | None:
    """Bytes as they are, from a list of numbers, or from text."""
    value = resource.get(name)
    if isinstance(value, list | tuple | bytes | bytearray):
        if all(type(item) is int and 0 <= item <= 255 for item in value):
            return bytes(value)
        raise ValueError(f"{name} must be base64 or a list of numbers from 0 to 255, and some are others")
    text = of_type(resource, name, str)
    data = None if text is None else _decoded(text)
    if text is not None and data is None:
        joined = re.search(r"[0-9][\s,]|\[\]", text)
        keep = "; in PowerShell keep its array, ConvertTo-Json -Depth 9" if joined else ""
        raise ValueError(f"{name} must be base64, and its {len(text):,} characters are not{keep}")
    return data


def moment_of(value: object) -> datetime | None:
    """A date and time, None for what is none: ISO 8601, or /Date(…)/ of PowerShell 5, in milliseconds since
    1970; without an offset taken for UTC, which Graph gives."""
    text, read = str(value).strip()[:60], None
    with suppress(ValueError, OverflowError):
        if since := re.fullmatch(r"/Date\((-?[0-9]+)(?:[-+][0-9]{4})?\)/", text):
            read = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(since[1]))
        else:
            read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read and not read.tzinfo else read
