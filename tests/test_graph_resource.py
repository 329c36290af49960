"""The resource qrCodeImageDetails: read, written, carried through unharmed, and never shown."""

import base64
import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qrlab as qr
from qrlab.graph import QrCodeImageDetails
from qrlab.graph.resource import NAMES, TYPE
from qrlab.photos.pictures import rasterized

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
    "no object": ("[1]", "document .*object.*list"),
    "no UTF-8": (b"{\xff}", "document .*JSON"),
    "too deep": ("[" * 100_000, "document .*JSON"),
    "a level of a wrong type": ({"errorCorrectionLevel": 1}, "errorCorrectionLevel .*str or null.*int"),
    "a version of a wrong type": ({"version": "7"}, "version .*int or null.*str"),
    "a version that is yes": ({"version": True}, "version .*int or null.*bool"),
    "a picture of a wrong type": ({"binaryValue": [1]}, "binaryValue .*str or null.*list"),
    "no base64": (
        {"rawContent": "S3cretS3cret!"},
        "rawContent .*base64.*13 characters",
    ),
    "a letter too many": ({"rawContent": "AAAAA"}, "rawContent .*base64"),
    "an image that is none": ({"image": "S3cretS3cret"}, "image .*object or null.*str"),
    "half a version": ({"version": 1.5}, "version .*int or null.*float"),
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
    assert "S3cret" not in str(problem.value)


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


def test_sizes_of_a_picture_are_checked():
    for name in ("px_per_module", "quiet_zone"):
        with pytest.raises(ValueError, match=f"{name} .*1.5"):
            QrCodeImageDetails.from_symbol(qr.make("x"), **{name: 1.5})
