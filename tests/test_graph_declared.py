"""What is wrong with a resource by itself: what is missing, when it is valid, and what stands beside it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

import qrlab as qr
from qrlab.graph import FINDINGS, QrCodeImageDetails
from qrlab.graph.findings import of_declared

DETAILS = QrCodeImageDetails.from_symbol(qr.make(b"planted secret", "M"))
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def found(details: QrCodeImageDetails, now: datetime | None = NOW) -> dict[str, str]:
    """Code -> message."""
    pairs = list(of_declared(details, now))
    assert {code for code, _ in pairs} <= set(FINDINGS)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_nothing_is_wrong_with_a_resource_by_itself():
    assert found(DETAILS) == {}


CODE = {"@odata.type": "#microsoft.graph.qrCode", "image": None}
GETS = {
    "a code": CODE,
    "a method": {"standardQRCode": CODE, "temporaryQRCode": CODE},
    "a method with one code": {"standardQRCode": CODE, "temporaryQRCode": None},
    "an SDK's": {
        "StandardQrCode": {"Image": {"BinaryValue": None, "Version": None}},
        "TemporaryQrCode": None,
    },
}


@pytest.mark.parametrize("document", GETS.values(), ids=GETS)
def test_what_a_get_returns_has_no_image_which_is_said_once(document):
    said = found(QrCodeImageDetails.from_json(json.dumps(document)))
    assert list(said) == ["no-image"]
    assert (
        "Microsoft Graph returns the image only when the code is created; a GET never does"
        in said["no-image"]
    )


@pytest.mark.parametrize("name", ["binary_value", "error_correction_level", "raw_content", "version"])
def test_a_value_that_is_missing_is_told_by_its_name(name):
    said = found(replace(DETAILS, **{name: None}))
    assert list(said) == ["missing-value"]
    assert said["missing-value"].startswith(name.split("_")[0])


def test_what_reading_it_found_is_told():
    remarks = (("version-not-a-number", "x"), ("missing-value", "y"))
    assert found(replace(DETAILS, remarks=remarks)) == dict(remarks)


def test_a_pin_beside_it_is_told():
    assert list(found(replace(DETAILS, with_pin=True))) == ["contains-pin"]


@pytest.mark.parametrize("said", ["#microsoft.graph.qrCode", "planted secret", 5])
def test_another_type_is_told_without_content(said):
    told = found(replace(DETAILS, unknown={"@odata.type": said}))
    assert list(told) == ["odata-type-mismatch"]
    assert "planted" not in told["odata-type-mismatch"]


def valid(temporary: bool | None, start: timedelta | None, end: timedelta | None) -> QrCodeImageDetails:
    """From and until so long after now."""
    moments = [None if at is None else NOW + at for at in (start, end)]
    return replace(DETAILS, temporary=temporary, valid_from=moments[0], valid_until=moments[1])


WINDOWS = {
    "no window": (None, None, None, []),
    "a year": (False, -DAY, 364 * DAY, []),
    "the longest": (False, -DAY, 394 * DAY, []),
    "too long": (False, -DAY, 394 * DAY + MINUTE, ["lifetime-too-long"]),
    "too long, whichever it is": (None, -DAY, 400 * DAY, ["lifetime-too-long"]),
    "two weeks are left": (False, -DAY, 14 * DAY, ["expires-soon"]),
    "more than two weeks are left": (False, -DAY, 14 * DAY + MINUTE, []),
    "a minute is left": (False, None, MINUTE, ["expires-soon"]),
    "none is left": (False, -DAY, 0 * DAY, ["expired"]),
    "long ago": (False, -9 * DAY, -3 * DAY, ["expired"]),
    "from now": (False, 0 * DAY, 300 * DAY, []),
    "from the next minute": (False, MINUTE, 300 * DAY, ["not-yet-valid"]),
    "begins after its end": (False, 9 * DAY, -9 * DAY, ["expired", "not-yet-valid"]),
    "temporary": (True, -HOUR, 11 * HOUR, []),
    "temporary, too long": (True, -HOUR, 11 * HOUR + MINUTE, ["lifetime-too-long"]),
    "temporary, an hour is left": (True, -HOUR, HOUR, ["expires-soon"]),
    "temporary, more than an hour is left": (True, -HOUR, HOUR + MINUTE, []),
    "as short as a temporary one": (None, -HOUR, 11 * HOUR, []),
    "as short as a temporary one, which it is not": (False, -HOUR, 11 * HOUR, ["expires-soon"]),
}


@pytest.mark.parametrize(("temporary", "start", "end", "codes"), WINDOWS.values(), ids=WINDOWS)
def test_the_time_that_a_code_is_valid_is_compared_with_now_and_with_graphs_limits(
    temporary, start, end, codes
):
    assert list(found(valid(temporary, start, end))) == codes


def test_times_are_told():
    assert found(valid(False, None, -3 * DAY)) == {
        "expired": "the code expired 3 days ago, at 2026-11-24 12:00 UTC"
    }
    said = found(valid(True, -2 * DAY, 90 * MINUTE))["lifetime-too-long"]
    assert said == "a temporary code lasts 12 h 0 min at most, and this one 2 days"
    said = found(valid(False, None, 90 * MINUTE))["expires-soon"]
    assert said == "the code expires in 1 h 30 min, at 2026-11-27 13:30 UTC"
    assert found(valid(None, 2 * DAY, None))["not-yet-valid"].startswith(
        "the code is valid in 2 days, from 2026-11-29"
    )


def test_offsets_count():
    for hours in (-11, 14):
        elsewhere = timezone(timedelta(hours=hours))
        assert list(found(replace(DETAILS, valid_until=NOW.astimezone(elsewhere)))) == ["expired"]
        assert list(found(replace(DETAILS, valid_until=(NOW + MINUTE).astimezone(elsewhere)))) == [
            "expires-soon"
        ]


def test_now_is_the_clocks_unless_it_is_given():
    past, future = datetime.now(UTC) - HOUR, datetime.now(UTC) + 100 * DAY
    assert list(found(replace(DETAILS, valid_until=past), None)) == ["expired"]
    assert list(found(replace(DETAILS, valid_from=future), None)) == ["not-yet-valid"]
