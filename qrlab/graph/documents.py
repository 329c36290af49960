"""Documents with Microsoft Graph's qrCodeImageDetails: Graph's answers, and what its SDKs make of them.

Names come in any style of case and become Graph's own: BinaryValue, binary_value; standard_q_r_code.
A document is a credential: no error, nor what one was raised from, has a part of it.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
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
WINDOW = {"valid_from": "startDateTime", "valid_until": "expireDateTime"}  # of the qrCode around it
MEMBERS = ("l", "m", "q", "h", "unknownFutureValue")  # errorCorrectionLevel's, in Graph's order
_WITHIN = ("value", "responses", "body", "additionalData", "additionalProperties")  # lists, $batch, SDKs
_KNOWN = [*NAMES.values(), *CODES.values(), *_WITHIN, *WINDOW.values(), "image", "pin"]
_KNOWN += ["@odata.type", "@odata.context", "code", "error"]
_PLAIN = {re.sub(r"\W", "", name).lower(): name for name in _KNOWN}
_DEEPEST = 12  # of lists, $batch and codes within one another


class Place(NamedTuple):
    """Where a resource stands: holder[key]; or nowhere, holder None, in a code that is null.
    resource: None where it is null or missing; temporary: is it a temporary code's, None if unknown; around:
    the qrCode; pin: has the method a PIN's code too?"""

    holder: Any
    key: Any
    resource: dict | None
    temporary: bool | None = None
    around: Mapping = {}
    pin: bool = False


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
    if code is not None and {place.temporary for place in there} != {code == "temporary"}:
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
        image = typed("image", opened(node.get("image")), dict)
        yield Place(node, "image", image, named and named[1] == "temporary", node)
    elif node.get("@odata.type") == TYPE or not node.keys().isdisjoint({*NAMES.values()} - {"version"}):
        yield Place(holder, key, node)
    elif (error := opened(node.get("error"))) is not None:
        said = error.get("code") if isinstance(error, dict) else error
        plain = isinstance(said, str) and re.fullmatch(r"[A-Za-z0-9_.]{1,60}", said)
        yield f"an error response{f': {said}' if plain else ''}"
    else:
        inside = [name for name in _WITHIN if name in node]
    for inner in inside if deep < _DEEPEST else ():
        yield from _places(node, inner, code, deep + 1)


def _of_method(method: dict, code: str | None) -> Iterator[Place]:
    """The code that is asked for; or those with an image, in which an SDK may have written nothing but null;
    or, as in a GET's answer, one of those without."""
    method |= {key: opened(method[key]) for key in CODES.values() if key in method}
    held = {name: typed(key, method[key], dict) for name, key in CODES.items() if key in method}
    images = {name: opened(its.get("image")) for name, its in held.items() if its is not None}
    dicts = {name: image for name, image in images.items() if isinstance(image, dict)}
    full = [name for name, image in dicts.items() if any(image.get(x) is not None for x in NAMES.values())]
    asked = [code] if code is not None else full or [*images][:1] or (list(held) if len(held) == 1 else [])
    pin = opened(method.get("pin"))
    secret = (pin.get("code") if isinstance(pin, dict) else pin) not in (None, "")
    for name in asked:
        around, image = held.get(name), typed("image", images.get(name), dict)
        key = CODES[name] if around is None else "image"
        yield Place(around, key, image, name == "temporary", around or {}, secret)


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
        names = [name for name in (*dir(value), "additional_data") if _own(name) in _KNOWN]
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
    return _PLAIN.get(re.sub(r"[\W_]", "", str(name)).lower(), name)


def typed(name: str, value: Any, kind: type) -> Any:
    """The value of that name, which may be None; ValueError for one of another type."""
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        allowed = "an object" if kind is dict else kind.__name__
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
    with suppress(ValueError):
        if len(words) > 1 and (max(map(len, words)) <= 3 or re.fullmatch(r"[-+0-9\s,]+", text)):
            return bytes(int(word) if word.isdecimal() else -1 for word in words)  # -1 is none
        plain = "".join(text.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    return None


def values_of(place: Place) -> dict[str, Any]:
    """The fields of a QrCodeImageDetails: its values, None for what is null or missing; what is around it."""
    resource, around = place.resource or {}, place.around
    level, version = resource.get("errorCorrectionLevel"), resource.get("version")
    level = level.value if isinstance(level, Enum) else level
    level = MEMBERS[level] if type(level) is int and 0 <= level < len(MEMBERS) else level
    level = level.lower() if isinstance(level, str) and level.lower() in MEMBERS else level
    as_text = isinstance(version, str) and re.fullmatch(r"\s*[0-9]{1,3}\s*", version)
    if as_text or (isinstance(version, float) and version.is_integer() and abs(version) < 2**31):
        version = int(version or 0)
    values: dict[str, Any] = {own: _bytes_of(resource, NAMES[own]) for own in ("binary_value", "raw_content")}
    values["error_correction_level"] = typed("errorCorrectionLevel", level, str)
    values["version"] = typed("version", version, int)
    values["unknown"] = {name: value for name, value in resource.items() if name not in NAMES.values()}
    window = {own: moment_of(around.get(name)) for own, name in WINDOW.items()}
    unread = [name for own, name in WINDOW.items() if not window[own] and around.get(name) is not None]
    remarks = [("missing-value", f"{name} is no date and time that can be read") for name in unread]
    if as_text:
        remarks.insert(0, ("version-not-a-number", f'version must be a number, not text, "{version}"'))
    about = {"temporary": place.temporary, "with_pin": place.pin, "remarks": tuple(remarks)}
    about["code_id"] = around["id"] if isinstance(around.get("id"), str) else None
    return values | window | about


def _bytes_of(resource: Mapping, name: str) -> bytes | None:
    """Bytes as they are, from a list of numbers, or from text."""
    value = resource.get(name)
    if isinstance(value, list | tuple | bytes | bytearray):
        if all(type(item) is int and 0 <= item <= 255 for item in value):
            return bytes(value)
        raise ValueError(f"{name} must be base64 or a list of numbers from 0 to 255, and some are others")
    text = typed(name, value, str)
    data = None if text is None else _decoded(text)
    if text is None or data is not None:
        return data
    joined = re.search(r"[0-9][\s,]|\[\]", text)
    keep = "; in PowerShell keep its array, ConvertTo-Json -Depth 9" if joined else ""
    raise ValueError(f"{name} must be base64, and its {len(text):,} characters are not{keep}")


def moment_of(value: object) -> datetime | None:
    """A date and time, None for what is none: ISO 8601, or /Date(…)/ of PowerShell 5, in milliseconds since
    1970; without an offset taken for UTC, which Graph gives."""
    text = str(value).strip()[:60]
    since = re.fullmatch(r"/Date\((-?[0-9]+)(?:[-+][0-9]{4})?\)/", text)
    with suppress(ValueError, OverflowError, OSError):
        read = datetime.fromtimestamp(int(since[1]) / 1000, UTC) if since else datetime.fromisoformat(text)
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    return None
