"""The resource qrCodeImageDetails: read, written, carried through unharmed, and never shown."""

import base64
import codecs
import copy
import dataclasses
import enum
import json
import pickle
import pprint
import traceback
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from urllib.parse import quote

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import leaks

import qrlab as qr
from qrlab.graph import QrCodeImageDetails, Secret
from qrlab.graph.documents import picture_in
from qrlab.graph.resource import NAMES, TYPE
from qrlab.pictures.pixels import rasterized

SECRET = b"ms-qrpin:v1|planted.secret@example.onmicrosoft.com|44f2f040|S3cretS3cret"
SAMPLES = qr.load("graph_samples").set_index("sample").document
DETAILS = QrCodeImageDetails.from_symbol(qr.make(SECRET, "Q"))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DATA = st.none() | st.binary(max_size=60)
UNKNOWN = st.dictionaries(st.text().filter(lambda k: k not in NAMES.values()), JSON, max_size=3)
RESOURCES = st.builds(
    QrCodeImageDetails,
    DATA,
    st.none() | st.sampled_from("lmqh") | st.just("unknownFutureValue"),
    DATA,
    st.none() | st.integers(-(2**31), 2**31 - 1),
    UNKNOWN,
)


def within(kind: str, resource) -> dict:
    """A document of the kinds that Graph sends, with a resource in it."""
    code = {"@odata.type": "#microsoft.graph.qrCode", "id": "44f2f040", "image": resource}
    if kind == "qrCode":
        return code
    other = "temporaryQRCode" if kind == "standardQRCode" else "standardQRCode"
    return {"@odata.type": "#microsoft.graph.qrCodePinAuthenticationMethod", kind: code, other: None}


KINDS = ["qrCode", "standardQRCode", "temporaryQRCode"]


def test_the_documented_response_is_read():
    details = QrCodeImageDetails.from_json(SAMPLES["create response"])
    assert details.binary_value == b"HelloWorld!"
    assert details.error_correction_level == "l"
    assert len(details.raw_content) == 24
    assert details.version == 1
    assert details.unknown == {"@odata.type": TYPE}


@given(RESOURCES)
def test_a_round_trip_alone(details):
    assert QrCodeImageDetails.from_json(details.to_json()) == details


@pytest.mark.parametrize("kind", KINDS)
@given(details=RESOURCES, before=RESOURCES)
def test_a_round_trip_within_a_document(kind, details, before):
    document = within(kind, json.loads(before.to_json()))
    kept = json.dumps(document)
    written = json.loads(details.to_json(into=document))
    assert QrCodeImageDetails.from_json(written) == details
    assert json.dumps(document) == kept, "the document that came is left as it was"
    there = written if kind == "qrCode" else written[kind]
    assert {k: v for k, v in there.items() if k != "image"} == {
        k: v for k, v in within("qrCode", None).items() if k != "image"
    }


@given(RESOURCES)
def test_reading_and_writing_again_changes_nothing(details):
    for document in (details.to_json(), json.dumps(within("qrCode", json.loads(details.to_json())))):
        assert json.loads(QrCodeImageDetails.from_json(document).to_json(into=document)) == json.loads(
            document
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sent", [None, {}, {"binaryValue": None, "rawContent": None}])
def test_what_a_later_get_returns_survives(kind, sent):
    document = within(kind, sent)
    details = QrCodeImageDetails.from_json(document)
    assert details == QrCodeImageDetails()
    assert json.loads(details.to_json(into=document)) == document


def test_forms_of_a_document():
    text = DETAILS.to_json()
    forms = [text, text.encode(), json.loads(text), "\ufeff" + text, codecs.BOM_UTF8 + text.encode()]
    forms += [text.encode("utf-16"), text.encode("utf-16-le"), within("qrCode", json.loads(text))]
    assert all(QrCodeImageDetails.from_json(form) == DETAILS for form in forms)
    plain = {k: v for k, v in json.loads(text).items() if k != "@odata.type"}
    assert QrCodeImageDetails.from_json(plain).unknown == {}


def test_base64_may_be_of_either_alphabet_unpadded_and_in_lines():
    data = bytes(range(248, 256)) * 2
    plain = base64.b64encode(data)
    for text in (plain, base64.urlsafe_b64encode(data), plain.rstrip(b"="), plain[:9] + b"\r\n" + plain[9:]):
        assert QrCodeImageDetails.from_json({"rawContent": text.decode()}).raw_content == data


@pytest.mark.parametrize(
    ("came", "read", "written"),
    [("H", "h", "h"), ("l", "l", "l"), ("xh", "xh", "xh"), ("unknownFutureValue",) * 3, ("", "", "")],
)
def test_levels_are_read_in_any_case_and_unknown_ones_carried_through(came, read, written):
    details = QrCodeImageDetails.from_json({"errorCorrectionLevel": came})
    assert details.error_correction_level == read
    assert json.loads(details.to_json())["errorCorrectionLevel"] == written


def test_a_method_with_two_codes_needs_a_choice():
    standard, temporary = (QrCodeImageDetails(version=v) for v in (3, 4))
    document = within("standardQRCode", json.loads(standard.to_json()))
    document["temporaryQRCode"] = within("qrCode", json.loads(temporary.to_json()))
    assert QrCodeImageDetails.from_json(document, "standard").version == 3
    assert QrCodeImageDetails.from_json(document, "temporary").version == 4
    changed = json.loads(QrCodeImageDetails(version=9).to_json(into=document, code="temporary"))
    assert QrCodeImageDetails.from_json(changed, "standard").version == 3
    assert QrCodeImageDetails.from_json(changed, "temporary").version == 9
    with pytest.raises(ValueError, match=r"code .*standard or temporary"):
        QrCodeImageDetails.from_json(document)


def test_a_method_without_codes_has_no_image():
    document = {"temporaryQRCode": None, "standardQRCode": None}
    with pytest.raises(ValueError, match=r"code .*standard or temporary"):
        QrCodeImageDetails.from_json(document)
    for document in ({"temporaryQRCode": None}, {"standardQRCode": {"image": None}, "temporaryQRCode": None}):
        assert QrCodeImageDetails.from_json(document) == QrCodeImageDetails()
        assert json.loads(QrCodeImageDetails().to_json(into=document)) == document
    with pytest.raises(ValueError, match=r"temporaryQRCode .*object.*null"):
        DETAILS.to_json(into={"temporaryQRCode": None})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"version": "7"}, "version .*int.*str"),
        ({"version": True}, "version .*int.*bool"),
        ({"raw_content": "S3cretS3cret"}, "raw_content .*bytes.*str"),
        ({"binary_value": [1]}, "binary_value .*bytes.*list"),
        ({"error_correction_level": qr.Level}, "error_correction_level .*str.*EnumType"),
        ({"unknown": None}, "unknown .*mapping.*NoneType"),
    ],
)
def test_values_of_a_wrong_type_are_refused(values, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        QrCodeImageDetails(**values)


BAD = {
    "no text": (3, "document .*text, bytes or a dict.*int"),
    "no JSON": ("{", "document .*JSON: Expecting property name"),
    "a list of nothing": ("[1]", "document .*qrCodeImageDetails"),
    "a number": ("3", "document .*JSON: no object or list"),
    "text": ('"S3cretS3cret"', "document .*JSON: no object or list"),
    "no UTF-8": (b"{\xff}", "document .*JSON"),
    "too deep": ("[" * 100_000, "document .*JSON"),
    "a level of a wrong type": ({"errorCorrectionLevel": 1.0}, "errorCorrectionLevel .*str or null.*float"),
    "a level that is no member": ({"errorCorrectionLevel": 5}, "errorCorrectionLevel .*str or null.*int"),
    "a level that is yes": ({"errorCorrectionLevel": True}, "errorCorrectionLevel .*str or null.*bool"),
    "a version in words": ({"rawContent": None, "version": "seven"}, "version .*int or null.*str"),
    "a version that is yes": ({"rawContent": None, "version": True}, "version .*int or null.*bool"),
    "an endless version": ({"rawContent": None, "version": float("inf")}, "version .*int or null.*float"),
    "a picture of a wrong type": ({"binaryValue": 1}, "binaryValue .*str or null.*int"),
    "a picture of no bytes": ({"binaryValue": [60, 256]}, "binaryValue .*numbers from 0 to 255"),
    "a picture of yes and no": ({"binaryValue": [True]}, "binaryValue .*numbers from 0 to 255"),
    "joined numbers that are no bytes": (
        {"binaryValue": "60 256 1"},
        "binaryValue .*ConvertTo-Json -Depth 9",
    ),
    "joined large numbers": ({"binaryValue": "6000 7000"}, "binaryValue .*PowerShell"),
    "joined negative numbers": ({"binaryValue": "-600 -700"}, "binaryValue .*base64"),
    "joined hexadecimals": ({"binaryValue": "3C 73 76"}, "binaryValue .*base64"),
    "what PowerShell says of an array": ({"rawContent": "System.Byte[]"}, "rawContent .*PowerShell"),
    "what PowerShell says of an object": ({"Image": "System.Hashtable"}, "image .*object or null.*str"),
    "an error": (
        {"error": {"code": "Forbidden", "message": "S3cret"}},
        "document .*error response: Forbidden$",
    ),
    "an error in words": ({"error": "invalid_grant"}, "document .*an error response: invalid_grant$"),
    "an error that says more": ({"error": {"code": "S3cret, says S3cret"}}, "document .*an error response$"),
    "an SDK's error": (
        SimpleNamespace(error=SimpleNamespace(code="Gone")),
        "document .*error response: Gone",
    ),
    "errors of a batch": (
        {"responses": [{"id": "1", "status": 404, "body": {"error": {"code": "NotFound"}}}]},
        "document .*an error response: NotFound$",
    ),
    "a package": ({"name": "S3cret", "version": "1.0.0"}, "document .*qrCodeImageDetails"),
    "a version alone": ({"version": 6}, "document .*qrCodeImageDetails"),
    "no base64": (
        {"rawContent": "S3cretS3cret!"},
        "rawContent .*base64.*13 characters",
    ),
    "a letter too many": ({"rawContent": "AAAAA"}, "rawContent .*base64"),
    "an image that is none": ({"image": "S3cretS3cret"}, "image .*object or null.*str"),
    "half a version": ({"rawContent": None, "version": 1.5}, "version .*int or null.*float"),
    "a code that is none": ({"standardQRCode": 5}, "standardQRCode .*object or null.*int"),
    "another object": ({"value": []}, "document .*qrCodeImageDetails, a qrCode or a qrCodePinAuth"),
    "an empty object": (
        {},
        "document .*qrCodeImageDetails",
    ),
}


@pytest.mark.parametrize(("document", "message"), BAD.values(), ids=BAD)
def test_bad_documents_say_what_is_wrong_and_not_what_they_hold(document, message):
    with pytest.raises(ValueError, match="^" + message) as problem:
        QrCodeImageDetails.from_json(document)
    assert "S3cret" not in told(problem.value)


def told(problem: BaseException) -> str:
    """All that an exception and those that it was raised from have: in words, in arguments, in attributes."""
    said = "".join(traceback.format_exception(problem))
    lines = [line for line in said.splitlines() if not line.startswith("    ")]  # but for the code itself
    while problem is not None:
        lines += [str(problem), repr(problem.args), repr(vars(problem))]
        lines += [repr(getattr(problem, name, "")) for name in ("doc", "object", "filename")]
        problem = problem.__context__ or problem.__cause__
    return "\n".join(lines)


@pytest.mark.parametrize("code", ["other", 3])
def test_an_unknown_code_is_refused(code):
    with pytest.raises(ValueError, match=r"code .*standard, temporary"):
        QrCodeImageDetails.from_json(within("standardQRCode", {}), code)
    with pytest.raises(ValueError, match=r"code .*left out"):
        QrCodeImageDetails.from_json({}, "standard")


def survives(document) -> None:
    """Reading either works or is a ValueError."""
    try:
        details = QrCodeImageDetails.from_json(document)
    except ValueError:
        return
    assert isinstance(details, QrCodeImageDetails)


@given(st.binary() | st.text() | JSON)
def test_fuzzed_documents_end_in_a_value_error_at_worst(document):
    survives(document)
    survives(json.dumps(document) if not isinstance(document, bytes) else document.hex())


@given(
    st.dictionaries(
        st.sampled_from([*NAMES.values(), "image", "standardQRCode", "temporaryQRCode", "@odata.type"]),
        st.recursive(
            JSON,
            lambda inner: st.dictionaries(st.sampled_from([*NAMES.values(), "image"]), inner),
            max_leaves=4,
        ),
    )
)
def test_fuzzed_values_of_known_properties_end_in_a_value_error_at_worst(document):
    survives(document)
    survives(json.dumps(document).encode())


@given(st.data())
def test_broken_documents_end_in_a_value_error_at_worst(data):
    text = bytearray(DETAILS.to_json().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(text[: data.draw(st.integers(0, len(text)))]))


@pytest.mark.parametrize("level", list(qr.Level))
def test_from_symbol_gives_what_graph_would(level):
    symbol = qr.make(SECRET, level)
    details = QrCodeImageDetails.from_symbol(symbol)
    assert details.raw_content == SECRET
    assert (details.version, details.error_correction_level) == (symbol.version, level.lower())
    assert qr.decode(rasterized(details.binary_value)[0], expected=symbol).outcome == "ok"


def test_an_svg_begins_as_in_the_documented_sample():
    sample = QrCodeImageDetails.from_json(SAMPLES["with an SVG"]).binary_value
    ours = QrCodeImageDetails.from_symbol(qr.make(SECRET, "M", version=10)).binary_value
    assert ours.startswith(sample)
    assert b'width="195"' in sample


def test_it_prints_without_content_and_picture():
    said = repr(DETAILS) + str(DETAILS) + f"{[DETAILS]}"
    assert "version" in said
    assert "planted" not in said
    assert base64.b64encode(SECRET).decode()[:20] not in said
    assert "svg" not in said
    misplaced = QrCodeImageDetails(error_correction_level=base64.b64encode(SECRET).decode())
    assert repr(misplaced) == "QrCodeImageDetails(version None, level of 96 characters)"
    assert "bXMt" not in repr(vars(misplaced))


def test_sizes_of_a_picture_are_checked():
    for name in ("px_per_module", "quiet_zone"):
        with pytest.raises(ValueError, match=f"{name} .*1.5"):
            QrCodeImageDetails.from_symbol(qr.make("x"), **{name: 1.5})


# --- what SDKs make of it ---

IMAGE = json.loads(DETAILS.to_json())
METHOD = within("standardQRCode", IMAGE)


def in_case(style, value):
    """A document with its names in another style of case."""
    if isinstance(value, list):
        return [in_case(style, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name if name.startswith("@") else style(name): in_case(style, item) for name, item in value.items()
    }


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


STYLES = {
    "as in PowerShell": lambda name: (name[0].upper() + name[1:]).replace("QR", "Qr"),
    "as in .NET": lambda name: name[0].upper() + name[1:],
    "as in Python": snake,
    "as one says it": lambda name: snake(name.replace("QR", "Qr")),
    "lower": str.lower,
    "upper": str.upper,
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize(
    "document", [IMAGE, within("qrCode", IMAGE), METHOD], ids=["alone", "code", "method"]
)
def test_names_may_be_of_any_style_of_case(style, document):
    assert in_case(style, document) != document
    assert QrCodeImageDetails.from_json(in_case(style, document)) == DETAILS


def test_snake_case_is_kiotas():
    assert snake("standardQRCode") == "standard_q_r_code"


class Numbered(enum.Enum):
    M = 1


class Named(str, enum.Enum):  # as Kiota's  # noqa: UP042
    H = "h"


@pytest.mark.parametrize(
    ("came", "level"),
    [(0, "l"), (1, "m"), (2, "q"), (3, "h"), (4, "unknownFutureValue"), (Numbered.M, "m"), (Named.H, "h")],
)
def test_levels_may_be_members_of_an_enumeration(came, level):
    read = QrCodeImageDetails.from_json({"errorCorrectionLevel": came}).error_correction_level
    assert (read, type(read)) == (level, str)


SVG = bytes(DETAILS.binary_value)
CODED = base64.b64encode(SVG).decode()
PICTURES = {
    "a list of numbers": list(SVG),
    "numbers with spaces": " ".join(map(str, SVG)),
    "numbers with commas": ", ".join(map(str, SVG)),
    "bytes": SVG,
    "a data URI": f"data:image/svg+xml;base64,{CODED}",
    "a data URI with a charset": f"DATA:image/svg+xml;charset=utf-8;base64,{CODED}",
    "a data URI, base64 in percents": f"data:image/svg+xml;base64,{quote(CODED, safe='')}",
    "a data URI in percents": f"data:image/svg+xml,{quote(SVG)}",
    "base64": CODED,
}


@pytest.mark.parametrize("came", PICTURES.values(), ids=PICTURES)
def test_pictures_may_be_in_many_forms(came):
    assert QrCodeImageDetails.from_json({"binaryValue": came}).binary_value == SVG


@pytest.mark.parametrize(
    ("came", "version", "found"), [(6.0, 6, []), ("6", 6, ["version-not-a-number"]), (6, 6, [])]
)
def test_a_version_is_a_number_or_is_told(came, version, found):
    details = QrCodeImageDetails.from_json(IMAGE | {"version": came})
    assert (details.version, type(details.version)) == (version, int)
    assert [code for code, _ in details.remarks] == found
    assert json.loads(details.to_json())["version"] == 6


def sdk_image(in_base64: bool, **more) -> SimpleNamespace:
    """An object as the SDK for Python has it; Kiota's JSON leaves bytes in base64."""
    coded = base64.b64encode if in_base64 else bytes
    data = {"binary_value": coded(SVG), "raw_content": coded(SECRET), "version": DETAILS.version}
    common = {"odata_type": None, "additional_data": {}}
    return SimpleNamespace(error_correction_level=Named.H, **data, **common, **more)


@pytest.mark.parametrize("in_base64", [True, False])
def test_objects_of_the_sdk_for_python_are_read(in_base64):
    image = sdk_image(in_base64)
    moments = {"start_date_time": datetime(2026, 1, 1, tzinfo=UTC), "expire_date_time": None}
    code = SimpleNamespace(id="1", image=image, **moments, additional_data={})
    null = SimpleNamespace(id=None, image=None, start_date_time=None, expire_date_time=None)
    pin = SimpleNamespace(code="0123")
    method = SimpleNamespace(standard_q_r_code=code, temporary_q_r_code=null, pin=pin)
    for document in (image, code, method, [method], SimpleNamespace(value=[method])):
        details = QrCodeImageDetails.from_json(document)
        assert (details.binary_value, details.raw_content) == (SVG, SECRET)
        assert (details.error_correction_level, details.version) == ("h", DETAILS.version)
        assert details.unknown == {}
    assert details.valid_from == moments["start_date_time"]
    assert (details.temporary, details.with_pin) == (False, True)


def test_what_an_sdk_does_not_know_is_in_its_additional_data():
    method = SimpleNamespace(id="1", additional_data={"standardQRCode": {"image": IMAGE}})
    assert QrCodeImageDetails.from_json(method) == DETAILS
    assert QrCodeImageDetails.from_json({"Id": "1", "AdditionalProperties": METHOD}) == DETAILS
    typed = SimpleNamespace(raw_content=b"x", odata_type="#microsoft.graph.other", additional_data={"a": 1})
    assert QrCodeImageDetails.from_json(typed).unknown["@odata.type"] == "#microsoft.graph.other"


# --- documents with more than one, and with none ---

OTHER = QrCodeImageDetails.from_symbol(qr.make(b"another", "L"))
BOTH = METHOD | {"temporaryQRCode": {"image": json.loads(OTHER.to_json())}}
ERROR = {"id": "3", "status": 403, "body": {"error": {"code": "Forbidden"}}}
CODED_BODY = base64.b64encode(OTHER.to_json().encode()).decode()
SEVERAL = {
    "a list": [METHOD, OTHER.to_json()],
    "a collection": {
        "@odata.context": "c",
        "value": [METHOD, {"id": "password"}, json.loads(OTHER.to_json())],
    },
    "a batch": {
        "responses": [{"id": "1", "status": 201, "body": METHOD}, ERROR, {"id": "2", "body": CODED_BODY}]
    },
    "NDJSON": f"{json.dumps(METHOD)}\n\n{json.dumps(json.loads(OTHER.to_json()))}\r\n",
    "one after another": DETAILS.to_json() + OTHER.to_json(),
    "a method": BOTH,
}


@pytest.mark.parametrize("document", SEVERAL.values(), ids=SEVERAL)
def test_all_of_several_are_read_and_one_is_asked_for(document):
    for form in (document, document if isinstance(document, str) else json.dumps(document).encode()):
        assert QrCodeImageDetails.all_from_json(form) == [DETAILS, OTHER]
        with pytest.raises(
            ValueError, match=r"document must have one .*has 2: all_from_json .*standard or temp"
        ):
            QrCodeImageDetails.from_json(form)


def test_one_of_a_list_is_one():
    for document in ([METHOD], {"value": [METHOD]}, {"responses": [ERROR, {"body": METHOD}]}, METHOD):
        assert QrCodeImageDetails.all_from_json(document) == [DETAILS]
        assert QrCodeImageDetails.from_json(document) == DETAILS
        written = json.loads(OTHER.to_json(into=document))
        assert QrCodeImageDetails.from_json(written) == OTHER
    assert json.loads(OTHER.to_json(into=[IMAGE])) == [json.loads(OTHER.to_json())]


def test_a_code_can_be_chosen_of_each_method():
    assert QrCodeImageDetails.all_from_json([BOTH, BOTH], "temporary") == [OTHER, OTHER]
    with pytest.raises(ValueError, match="code must be left out"):
        QrCodeImageDetails.all_from_json([BOTH, IMAGE], "temporary")


def test_a_document_may_be_deep_and_refer_to_itself():
    document: dict = {"responses": []}
    document["value"] = document
    with pytest.raises(ValueError, match="document must be a qrCodeImageDetails"):
        QrCodeImageDetails.from_json(document)
    deep = "[" * 400 + "]" * 400
    with pytest.raises(ValueError, match="document must be a qrCodeImageDetails"):
        QrCodeImageDetails.from_json(deep)


NULLS = dict.fromkeys(NAMES.values())


@pytest.mark.parametrize("null", [None, NULLS, in_case(STYLES["as in .NET"], NULLS)])
def test_of_two_codes_the_one_with_an_image_is_taken(null):
    for kind, temporary in (("standardQRCode", False), ("temporaryQRCode", True)):
        document = {key: {"image": null} for key in ("standardQRCode", "temporaryQRCode")}
        document[kind] = {"image": IMAGE}
        for read in (QrCodeImageDetails.from_json(document), *QrCodeImageDetails.all_from_json(document)):
            assert (read, read.temporary) == (DETAILS, temporary)


def test_two_codes_without_an_image_count_as_one():
    code = {"image": None, "expireDateTime": "2027-01-01T00:00:00Z"}
    (details,) = QrCodeImageDetails.all_from_json({"standardQRCode": code, "temporaryQRCode": code})
    assert details == QrCodeImageDetails()
    assert details.valid_until == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_document_may_be_nothing_but_a_picture_in_base64(encoding):
    png = qr.make(b"x").picture("png")
    for picture in (SVG, png):
        coded = base64.encodebytes(picture).decode()
        for text in (coded, f"data:image/x;base64,{coded}", json.dumps(coded.replace("\n", ""))):
            document = text.encode(encoding)
            assert QrCodeImageDetails.from_json(document).binary_value == picture
            assert QrCodeImageDetails.from_json(text).binary_value == picture
            assert picture_in(document) == picture_in(text) == picture
        assert picture_in(picture) == picture
    assert picture_in(DETAILS.to_json()) is None
    assert picture_in(base64.b64encode(b"no picture")) is None
    assert picture_in(b"\xff\xff") is None


# --- around it ---


def dated(kind: str, start: object, end: object) -> dict:
    return {kind: {"image": IMAGE, "startDateTime": start, "expireDateTime": end}}


@pytest.mark.parametrize(
    ("came", "moment"),
    [
        ("2026-11-27T12:00:00Z", datetime(2026, 11, 27, 12, tzinfo=UTC)),
        ("2026-11-27T12:00:00.1234567Z", datetime(2026, 11, 27, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-27T12:00:00+02:00", datetime(2026, 11, 27, 12, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-11-27T12:00:00", datetime(2026, 11, 27, 12, tzinfo=UTC)),
        ("/Date(1795780800000)/", datetime(2026, 11, 27, 12, tzinfo=UTC)),
        (datetime(2026, 11, 27, 12), datetime(2026, 11, 27, 12, tzinfo=UTC)),
        (None, None),
    ],
)
def test_the_window_is_read_in_any_style_of_case(came, moment):
    document = dated("temporaryQRCode", came, came)
    for style in (lambda name: name, *STYLES.values()):
        details = QrCodeImageDetails.from_json(in_case(style, document))
        assert (details.valid_from, details.valid_until, details.temporary) == (moment, moment, True)
        assert details.remarks == ()
    if moment is not None:
        assert "valid until 2026-11-27 12:00 UTC" in repr(details)
        assert details.valid_from.tzinfo is not None


@pytest.mark.parametrize("came", ["S3cret", 5, "2026-13-01", "/Date(99999999999999999)/", [], {}, ""])
def test_a_date_that_cant_be_read_is_told_by_its_name(came):
    details = QrCodeImageDetails.from_json(dated("standardQRCode", "2026-11-27T12:00:00Z", came))
    assert details.valid_until is None
    ((code, message),) = details.remarks
    assert (code, message) == ("missing-value", "expireDateTime is no date and time that can be read")


def test_which_code_it_is_may_be_in_the_context_and_else_is_unknown():
    for kind, temporary in (("standardQRCode", False), ("temporaryQRCode", True), ("", None)):
        document = {"@odata.context": f"https://graph/$metadata#x/{kind}/$entity", "image": IMAGE}
        assert QrCodeImageDetails.from_json(document).temporary is temporary
    assert QrCodeImageDetails.from_json(IMAGE).temporary is None


@pytest.mark.parametrize(
    ("pin", "held"),
    [(None, False), ({"code": None}, False), ({"Code": "0123"}, True), ({"code": ""}, False), ("0123", True)],
)
def test_a_pin_beside_it_is_noticed(pin, held):
    assert QrCodeImageDetails.from_json(METHOD | {"pin": pin}).with_pin is held
    assert QrCodeImageDetails.from_json(in_case(STYLES["as in .NET"], METHOD | {"pin": pin})).with_pin is held


def test_what_is_around_it_must_be_of_its_type_and_is_not_compared():
    with pytest.raises(ValueError, match=r"^valid_until must have an offset"):
        QrCodeImageDetails(valid_until=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match=r"^valid_from must be datetime or null, not str"):
        QrCodeImageDetails(valid_from="2026")
    assert (
        QrCodeImageDetails(valid_until=datetime.now(UTC), temporary=True, with_pin=True)
        == QrCodeImageDetails()
    )


# --- secrets ---

PLANTED = dataclasses.replace(DETAILS, unknown={"other": SECRET.decode(), SECRET.decode(): 1})


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda details: f"{details} {details!r} {details:}",
        lambda details: repr(vars(details)) + str(vars(details)),
        lambda details: repr(dataclasses.asdict(details)) + repr(dataclasses.astuple(details)),
        lambda details: pprint.pformat(vars(details)) + pprint.pformat(details) + pprint.pformat([details]),
        lambda details: repr(pd.DataFrame([details])) + pd.DataFrame([details]).to_string(),
        lambda details: pd.DataFrame([details]).to_html() + pd.DataFrame([vars(details)]).to_csv(),
        lambda details: str(pd.Series(vars(details))),
        lambda details: f"{details.raw_content} %s {details.raw_content!r} {details.raw_content:>40}",
        lambda details: "%s %r" % (details.binary_value, details.binary_value),  # noqa: UP031
        lambda details: f"{details.unknown}",
    ],
)
def test_no_way_of_showing_it_shows_content(show):
    with pd.option_context("display.max_colwidth", None, "display.width", None, "display.max_columns", None):
        said = show(PLANTED)
    assert "not shown" in said or f"content of {len(SECRET)} bytes" in said
    assert leaks(said, SECRET, SVG) == []


def test_secrets_are_bytes_to_who_asks():
    secret = DETAILS.raw_content
    assert isinstance(secret, Secret)
    assert repr(secret) == str(secret) == f"<{len(SECRET)} bytes, not shown>"
    assert (secret, hash(secret), secret.decode()) == (SECRET, hash(SECRET), SECRET.decode())
    assert base64.b64encode(secret) == base64.b64encode(SECRET)
    assert type(bytes(secret)) is bytes
    assert repr(bytes(secret)) == repr(SECRET)


@pytest.mark.parametrize("held", [DETAILS, DETAILS.raw_content, DETAILS.unknown, [DETAILS]])
def test_a_credential_is_not_pickled(held):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match=r"^\w+ can't be pickled: it is, or may be, a credential$"):
            pickle.dumps(held, protocol)
    assert copy.copy(held) == copy.deepcopy(held) == held


CONTENT = "planted|S3cretS3cretS3cret"
BROKEN = {
    "JSON": f'{{"rawContent": "{CONTENT}',
    "JSON in bytes": f'{{"rawContent": "{CONTENT}'.encode(),
    "NDJSON": f'{{"rawContent": null}}\n{{"rawContent": "{CONTENT}',
    "bytes": b'{"rawContent": "' + CONTENT.encode() + b'\xff"}',
    "UTF-16": codecs.BOM_UTF16_LE + CONTENT.encode("utf-16-le") + b"\x00",
    "base64": {"rawContent": CONTENT},
    "base64 of broken JSON": base64.b64encode(f'{{"rawContent": "{CONTENT}'.encode()),
    "a data URI": {"binaryValue": f"data:image/png;base64,{CONTENT}"},
    "numbers": {"rawContent": "1 2 " + CONTENT},
    "text": CONTENT,
    "a batch": {"responses": [{"body": {"rawContent": CONTENT}}]},
    "a number of many digits": "[" + "7" * 5000 + "]",
    "an error": {"error": {"code": CONTENT, "message": CONTENT}},
}


@pytest.mark.parametrize("document", BROKEN.values(), ids=BROKEN)
def test_no_exception_keeps_a_document(document):
    for read in (QrCodeImageDetails.from_json, QrCodeImageDetails.all_from_json):
        with pytest.raises(ValueError, match="must") as problem:
            read(document)
        said = told(problem.value)
        assert [part for part in ("planted", "S3cret", "77777777") if part in said] == []
        assert problem.value.__cause__ is None
        assert problem.value.__context__ is None
