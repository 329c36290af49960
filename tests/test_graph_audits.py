"""Audits: each finding, what is measured of a worn badge, advice, and nothing of the content."""

import base64
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import quote

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pytest
import reedsolo
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from planted import DETAILS, SECRET, SYMBOL, leaks
from segno import consts
from witness import picture

import qrlab as qr
from qrlab.graph import FINDINGS, NO_VERIFICATION, QrCodeImageDetails
from qrlab.graph.audits import SHADES
from qrlab.graph.findings import least_bits
from qrlab.pictures.measured import _with_codewords
from qrlab.scene import random_content

FAST = {"readers": ["zxing"]}
NOW = datetime.now(UTC)


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def drawn(text: str, **options) -> bytes:
    """A symbol that segno makes, as a PNG."""
    out = io.BytesIO()
    segno.make(text, boost_error=False, **options).save(out, kind="png", scale=6)
    return out.getvalue()


def meaningless() -> np.ndarray:
    """A 1-L whose one block is right, and says that 255 bytes follow, of which there is no room for 18."""
    codewords = reedsolo.RSCodec(7, fcr=0, prim=0x11D, generator=2).encode(bytes([0x4F, 0xF0, *range(17)]))
    blank = qr.make(b"0", "L", version=1, mask=0).modules
    return _with_codewords(blank, np.frombuffer(bytes(codewords), np.uint8), 1, 0)


def test_the_grep_itself_finds_a_secret_in_every_form():
    png = base64.b64encode(SYMBOL.picture("png", scale=4)).decode()
    shown = f'<img src="data:image/png;base64,{png}">'
    coded = [f"a{base64.b64encode(SECRET).decode()}", quote(SECRET.decode()), SECRET[20:60].hex()]
    for text in (SECRET.decode(), *coded, DETAILS.to_json(), DETAILS.binary_value.decode(), shown):
        assert leaks(text), text[:80]
    assert not leaks("version 8, level h, 141 bytes")


def codes(what, **options) -> list[str]:
    return [code for code, _ in qr.graph.audit(what, **FAST | options).findings]


def test_a_true_resource_has_no_findings():
    for level in qr.Level:
        symbol = qr.make(SECRET, level, boost=True)
        details = QrCodeImageDetails.from_symbol(symbol)
        assert codes(details.to_json()) == []
        assert codes(replace(details, binary_value=symbol.picture("png", scale=3))) == []


OTHER = QrCodeImageDetails.from_symbol(qr.make(random_content(1, len(SECRET), 1), "H"))
SMALL = qr.make(b"12", "L")
BLOTTED = np.where(np.arange(SYMBOL.size) < SYMBOL.size // 2, SYMBOL.modules, False)  # half of it is gone
SPECK = np.pad(picture(SYMBOL.modules, 4), 50, constant_values=255)
SPECK[:4, :4] = 0
CLEAN = picture(SYMBOL.modules, 4)
FRAMED = np.pad(CLEAN[8:-8, 8:-8], 4)  # a black line two modules from the symbol
WORN = SYMBOL.modules.copy()
WORN[12:37, 10:40] ^= True
CASES = {
    "no-image": {"@odata.type": "#microsoft.graph.qrCode", "image": None},
    "version-not-a-number": json.loads(DETAILS.to_json()) | {"version": str(SYMBOL.version)},
    "expired": replace(DETAILS, valid_from=NOW - timedelta(99), valid_until=NOW - timedelta(9)),
    "not-yet-valid": replace(DETAILS, valid_from=NOW + timedelta(9), valid_until=NOW + timedelta(99)),
    "expires-soon": replace(DETAILS, valid_from=NOW - timedelta(99), valid_until=NOW + timedelta(3)),
    "lifetime-too-long": replace(DETAILS, valid_from=NOW, valid_until=NOW + timedelta(400)),
    "contains-pin": replace(DETAILS, with_pin=True),
    "some-readers-fail": replace(DETAILS, binary_value=png(SPECK)),
    "other-symbology": drawn("12345", micro=True),
    "lost-blocks": replace(DETAILS, binary_value=png(picture(WORN, 4))),
    "data-not-decodable": png(picture(meaningless(), 4)),
    "light-on-dark": replace(DETAILS, binary_value=png(255 - CLEAN)),
    "mirrored": replace(DETAILS, binary_value=png(CLEAN[:, ::-1])),
    "low-contrast": replace(DETAILS, binary_value=png(CLEAN // 4 + 128)),
    "too-few-pixels": replace(DETAILS, binary_value=png(picture(SYMBOL.modules, 1))),
    "not-an-image": replace(DETAILS, binary_value=b"HelloWorld!"),
    "image-unreadable": replace(DETAILS, binary_value=png(picture(BLOTTED, 4))),
    "version-mismatch": replace(DETAILS, version=SYMBOL.version + 1),
    "level-mismatch": replace(DETAILS, error_correction_level="q"),
    "content-mismatch": replace(DETAILS, binary_value=OTHER.binary_value),
    "capacity-exceeded": replace(DETAILS, version=5),
    "unknown-level": replace(DETAILS, error_correction_level="unknownFutureValue"),
    "missing-value": replace(DETAILS, raw_content=None),
    "quiet-zone-too-small": replace(DETAILS, binary_value=png(FRAMED)),
    "odata-type-mismatch": replace(DETAILS, unknown={"@odata.type": "#microsoft.graph.qrCode2"}),
    "higher-level-free": QrCodeImageDetails.from_symbol(SMALL),
}


ALSO = {"capacity-exceeded": ["version-mismatch"], "image-unreadable": ["lost-blocks"]}
ALSO |= {code: ["image-unreadable"] for code in ("lost-blocks", "data-not-decodable", "other-symbology")}


@pytest.mark.parametrize("code", [code for code in FINDINGS if code != "wrong-width"])  # in test_graph_many
def test_each_finding_has_its_case_and_stands_alone_or_nearly(code):
    more = {"readers": ["zxing", "zxing-pure"]} if code == "some-readers-fail" else {}
    found = codes(CASES[code], **more)
    assert code in found
    assert found == sorted(found, key=FINDINGS.index)
    assert set(found) <= {code, *ALSO.get(code, [])}


def test_all_that_is_missing_is_named():
    found = qr.graph.audit({"image": None, "@odata.type": "#microsoft.graph.qrCode"}, **FAST)
    assert [code for code, _ in found.findings] == ["no-image"]
    found = qr.graph.audit(QrCodeImageDetails(raw_content=SECRET), **FAST)
    assert [code for code, _ in found.findings] == ["missing-value"] * 3
    assert "binaryValue" in " ".join(said for _, said in found.findings)
    assert found.measured == {}


def test_a_documented_sample_contradicts_itself():
    sample = {"version": 1, "errorCorrectionLevel": "l", "binaryValue": "SGVsbG9Xb3JsZCE=",
              "rawContent": "SGVsbG9Xb3JsZCEyTXlSYXdDb250ZW50"}  # fmt: skip
    assert codes(sample) == ["capacity-exceeded", "not-an-image"]


@pytest.mark.parametrize(
    ("content", "fits"),
    [("1" * 41, 1), ("1" * 42, 0), ("A" * 25, 1), ("A" * 26, 0), ("a" * 17, 1), ("a" * 18, 0)],
)
def test_capacity_is_exceeded_by_one_too_many_in_the_tightest_mode(content, fits):
    """1-L holds 41 digits, 25 characters or 17 bytes: ISO/IEC 18004, table 7."""
    details = QrCodeImageDetails(None, "l", content.encode(), 1)
    assert ("capacity-exceeded" in codes(details)) == (not fits)


def test_bytes_that_are_no_text_are_compared_as_bytes():
    printed, declared = b"\xff\xfe\x01 a secret", b"\xfa\xfb\x01 a secret"
    details = QrCodeImageDetails.from_symbol(qr.make(printed, "H"))
    assert codes(details) == []
    assert codes(replace(details, raw_content=declared)) == ["content-mismatch"]


def test_very_much_content_is_exceeded_at_once():
    details = QrCodeImageDetails(None, "l", b"x" * 10_000_000, 40)
    assert codes(details) == ["missing-value", "capacity-exceeded"]


@pytest.mark.parametrize("version", [0, 41, -1])
def test_a_version_that_is_none_is_a_mismatch(version):
    assert codes(replace(DETAILS, version=version)) == ["version-mismatch"]


def test_declared_and_measured_are_told():
    found = qr.graph.audit(DETAILS, readers=["zxing", "zxing-pure"])
    assert found.declared["version"] == found.measured["version"] == SYMBOL.version
    assert found.declared["error_correction_level"] == found.measured["error_correction_level"] == "h"
    assert found.declared["content"] == found.measured["content"]
    assert found.declared["content"]["bytes"] == len(SECRET)
    assert found.declared["content"]["characters"] == ["A-Z", "a-z", "0-9", "punctuation"]
    assert found.declared["picture"] == {"kind": "svg", "bytes": len(DETAILS.binary_value)}
    assert found.measured["mask"] == SYMBOL.mask
    assert found.measured["module_px"] == pytest.approx(3, rel=0.01)
    assert found.measured["readers"] == {"zxing": "ok", "zxing-pure": "ok"}
    assert found.measured["note"] == NO_VERIFICATION
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert [*found.to_dict()] == ["declared", "measured", "findings"]


def test_a_worn_badge_is_measured():
    """Wear that level H survives and L would not, at the same place of the same width."""
    damage = qr.damage.MODELS["logo"](np.random.default_rng(1))
    image = qr.photograph(SYMBOL, qr.Print(50.8, 300), qr.Camera.at(180), 1, damage, 0.1)
    found = qr.graph.audit(image, **FAST)
    assert found.declared == {}
    assert found.reveal() == SECRET
    assert found.measured["found"]
    assert found.measured["wrong_modules"] > 50
    assert 0 < found.measured["unused_error_correction"] < 0.62
    assert found.measured["grade"] in "BCDF"
    assert (
        len(found.measured["blocks"]) == len(found.blocks) == len(qr.layout(SYMBOL.version, "H").correctable)
    )
    survives = {row["level"]: row["survives"] for row in found.measured["levels"]}
    assert survives["H"]
    assert not survives["L"]


def test_of_an_unreadable_badge_no_survival_is_claimed():
    damage = qr.damage.MODELS["logo"](np.random.default_rng(1))
    image = qr.photograph(SYMBOL, qr.Print(50.8, 300), qr.Camera.at(180), 1, damage, 0.3)
    found = qr.graph.audit(image, **FAST)
    assert found.reveal() is None
    assert found.measured["found"]
    assert found.measured["grade"] == "F"
    assert "levels" not in found.measured
    assert [code for code, _ in found.findings] == ["image-unreadable", "lost-blocks"]
    assert re.match(r"[1-9]\d* of \d+ blocks have more wrong", found.findings[1].message)
    with pytest.raises(ValueError, match="picture must be readable"):
        found.smallest_width()


def test_with_its_resource_an_unreadable_badge_tells_what_would_have_survived():
    damage = qr.damage.MODELS["logo"](np.random.default_rng(1))
    symbol = qr.make(SECRET, "L")
    image = qr.photograph(symbol, qr.Print(50.8, 300), qr.Camera.at(180), 1, damage, 0.1)
    photo = cv2.imencode(".png", image)[1].tobytes()
    found = qr.graph.audit(replace(QrCodeImageDetails.from_symbol(symbol), binary_value=photo), **FAST)
    assert [code for code, _ in found.findings] == ["image-unreadable", "lost-blocks"]
    assert found.measured["certain"]
    survives = {row["level"]: row["survives"] for row in found.measured["levels"]}
    assert not survives["L"]
    assert survives["H"]


def test_an_rmqr_code_is_named_and_not_measured():
    code = zxingcpp.create_barcode("12345", zxingcpp.BarcodeFormat.RMQRCode)
    image = np.pad(np.array(code.to_image(scale=6)), 30, constant_values=255)
    found = qr.graph.audit(image, **FAST)
    assert "rMQR Code" in dict(found.findings)["other-symbology"]
    assert found.symbol is None


def test_a_micro_qr_code_is_not_measured():
    micro = drawn("12345", micro=True)
    for what in (micro, QrCodeImageDetails(micro, "l", b"12345", 1)):
        found = qr.graph.audit(what, **FAST)
        assert [code for code, _ in found.findings] == ["image-unreadable", "other-symbology"]
        assert "Micro QR Code" in found.findings[1].message
        assert found.symbol is None


@pytest.mark.parametrize(
    ("text", "options", "free"),
    [
        ("é" * 7, {"encoding": "utf-8", "eci": True, "error": "l"}, False),
        ("é" * 10, {"encoding": "utf-8", "eci": True, "error": "l"}, True),
        ("漢" * 8, {"mode": "kanji", "error": "l"}, True),
        ("1" * 41, {"error": "l"}, False),
        ("1" * 34, {"error": "l"}, True),
    ],
)
def test_a_level_is_free_where_segno_makes_it_in_the_same_version(text, options, free):
    made = segno.make_qr(text, boost_error=False, **options)
    try:
        again = segno.make_qr(text, boost_error=False, version=made.version, **options | {"error": "m"})
    except segno.DataOverflowError:
        again = None
    assert (again is not None) == free
    assert codes(drawn(text, micro=False, **options)) == ["higher-level-free"] * free


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("日本語テスト漢字", {"error": "m", "version": 1}),
        ("éèàùçôîïüöäßñ", {"error": "m", "encoding": "latin-1"}),
        ("Привет, мир", {"error": "h", "encoding": "cp1251", "eci": True}),
        ("Grüße", {"error": "h", "encoding": "utf-8"}),
    ],
)
def test_the_same_text_in_another_character_set_is_no_mismatch(text, options):
    made = segno.make_qr(text, boost_error=False, **options)
    details = QrCodeImageDetails(
        drawn(text, micro=False, **options), made.error.lower(), text.encode(), made.version
    )
    assert set(codes(details)) <= {"higher-level-free"}


@pytest.mark.parametrize("version", [1, 9, 10, 27])
@given(content=st.text("0189AZ$:ab\u00e9", min_size=1, max_size=7))
def test_the_fewest_bits_are_those_of_the_best_segments(version, content):
    """Against trying all ways of cutting a short content into segments."""
    span, modes = 1 if version < 10 else 2 if version < 27 else 3, {1: "0189", 2: "0189AZ$:", 4: None}

    def fewest(text: str) -> float:
        if not text:
            return 0
        ways = []
        for end in range(1, len(text) + 1):
            for mode, allowed in modes.items():
                if allowed is None or set(text[:end]) <= set(allowed):
                    bits = {
                        1: end // 3 * 10 + (0, 4, 7)[end % 3],
                        2: end // 2 * 11 + end % 2 * 6,
                        4: 8 * end,
                    }[mode]
                    head = 4 + consts.CHAR_COUNT_INDICATOR_LENGTH[mode][span]
                    ways.append(head + bits + fewest(text[end:]))
        return min(ways)

    assert least_bits(content.encode(), version) == fewest(content)


def test_of_a_picture_without_a_code_nothing_is_measured():
    found = qr.graph.audit(np.full((50, 50), 255, np.uint8), **FAST)
    assert [code for code, _ in found.findings] == ["image-unreadable"]
    assert found.measured["readers"] == {"zxing": "unread"}
    assert not found.measured["found"]
    assert found.table.measured.tolist() == ["no symbol found", "zxing"]
    for ask in (found.plot, lambda: found.blocks):
        with pytest.raises(ValueError, match="picture must show a symbol"):
            ask()


def test_digests_compare_contents_with_a_key_only():
    one, same, other = (qr.graph.audit(DETAILS, key=key, **FAST) for key in (b"k", b"k", b"l"))
    digests = [found.measured["content"]["digest"] for found in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]
    session = qr.graph.audit(DETAILS, **FAST).declared["content"]["digest"]
    assert session == qr.graph.audit(DETAILS, **FAST).measured["content"]["digest"]
    assert session not in digests


BAD = {
    "a number": (3, {}, "document .*text, bytes or a dict.*int"),
    "another object": ({"foo": 1}, {}, "document .*qrCodeImageDetails.*qrCode.*qrCodePinAuth"),
    "bytes of neither": (b"HelloWorld!", {}, "what .*JSON.*SVG.*PNG.*JPEG"),
    "an array of floats": (np.zeros((3, 3)), {}, r"what .*uint8 height×width.*float64 \(3, 3\)"),
    "half a PNG": (SYMBOL.picture("png")[:60], {}, "picture .*PNG"),
    "an unknown reader": (DETAILS, {"readers": ["x"]}, "readers.* zxing.*'x'"),
    "no key": (DETAILS, {"key": b""}, "key .*1 to 64 bytes"),
    "a key of text": (DETAILS, {"key": "planted"}, "key .*1 to 64 bytes, not what came$"),
}


@pytest.mark.parametrize(("what", "options", "message"), BAD.values(), ids=BAD)
def test_bad_input_says_what_is_wrong(what, options, message):
    with pytest.raises(ValueError, match="^" + message):
        qr.graph.audit(what, **FAST | options)


@settings(max_examples=60)
@given(st.binary(max_size=300) | st.text(max_size=200) | st.dictionaries(st.text(), st.text()), st.data())
def test_fuzzed_input_ends_in_a_value_error_at_worst(what, data):
    if data.draw(st.booleans()):
        picture = data.draw(st.binary(max_size=100))
        what = {"binaryValue": base64.b64encode(picture).decode(), "version": data.draw(st.integers())}
        what["errorCorrectionLevel"] = data.draw(st.text() | st.sampled_from("LMQH"))
    try:
        found = qr.graph.audit(what, **FAST)
    except ValueError:
        return
    assert set(found.to_dict()) == {"declared", "measured", "findings"}


def test_the_smallest_width_is_narrower_for_a_smaller_symbol_and_a_nearer_camera():
    near = qr.SCENARIOS["sign-in-badge"].change(wear=[], camera_distance_mm=150, readers="zxing")
    far = near.change(camera_distance_mm=300)
    audits = [qr.graph.audit(QrCodeImageDetails.from_symbol(qr.make(SECRET, x)), **FAST) for x in "LH"]
    few = {"trials": 20, "seed": 1, "jobs": 2}
    small, large, afar = (a.smallest_width(s, **few) for a, s in zip((*audits, audits[0]), (near, near, far)))
    assert small.width_mm < large.width_mm
    assert small.width_mm < afar.width_mm
    for one in (small, large, afar):
        said_mm, dpi = map(float, re.search(r"at least ([\d.]+) mm wide \((\d+) dpi", one.reason).groups())
        assert one.width_mm - 1e-6 <= said_mm <= one.width_mm + 0.1, "never less than what is needed"
        assert dpi == 300
        row = one.tried[one.tried.width_mm == one.width_mm].iloc[0]
        assert row.rate > 0.9
        assert one.tried.rate.iloc[0] < 0.5
        assert one.tried.width_mm.is_monotonic_increasing
        assert one.to_dict()["tried"][0]["dots"] == 1
    n = qr.make(SECRET, "L").size + 8
    assert small.tried.width_mm.iloc[0] == pytest.approx(n * 25.4 / 300)


def test_wider_is_not_advised_where_wear_is_the_limit():
    torn = qr.SCENARIOS["sign-in-badge"].change(wear=[qr.Wear("edge_wear", 0.5, 0.2, 1)], readers="zxing")
    advice = qr.graph.audit(DETAILS, **FAST).smallest_width(torn, trials=40, jobs=2)
    assert re.search("40 prints each.* 95%", advice.reason)
    assert advice.width_mm < advice.tried.width_mm.max()


def test_bad_scenarios_are_refused():
    found = qr.graph.audit(DETAILS, **FAST)
    with pytest.raises(ValueError, match="scenario must be one of sign-in-badge, "):
        found.smallest_width("moon")
    with pytest.raises(ValueError, match=r"print_dpi .*None"):
        found.smallest_width(qr.SCENARIOS["sign-in-badge"].change(print_dpi=None))
    with pytest.raises(ValueError, match=r"scenario .*Scenario.*3"):
        found.smallest_width(3)


@pytest.mark.parametrize("show_content", [False, True])
def test_wrong_modules_are_drawn_without_the_content_unless_asked(show_content, tmp_path):
    found = qr.graph.audit(worn("blot", 0.03), **FAST)
    _, ax = plt.subplots(figsize=(6, 6))
    found.plot(show_content=show_content, ax=ax).figure.savefig(tmp_path / "a.png", dpi=150)
    plt.close()
    assert (qr.decode(cv2.imread(str(tmp_path / "a.png"), 0)).content == SECRET) == show_content


def worn(kind: str, severity: float) -> np.ndarray:
    damage = qr.damage.MODELS[kind](np.random.default_rng(3))
    return qr.photograph(SYMBOL, qr.Print(50.8, 300), qr.Camera.at(150, tilt_deg=15), 1, damage, severity)


@pytest.mark.parametrize(("kind", "severity"), [("blot", 0.03), ("logo", 0.3)])
def test_the_plot_shows_what_was_measured(kind, severity):
    """Each module once: wrong, of a lost block, of a wrong codeword, right, or a function pattern."""
    found = qr.graph.audit(worn(kind, severity), **FAST)
    symbol, here = found.symbol, qr.layout(found.symbol.version, found.symbol.level)
    _, ax = plt.subplots()
    drawn = np.asarray(found.plot(ax=ax).images[0].get_array())
    colors = ax.images[0].cmap(ax.images[0].norm(drawn))[..., :3]
    plt.close()
    lost = set(found.blocks.block[found.blocks.wrong.isna()])
    spoilt = {int(c) for c in here.codeword[symbol.wrong]}
    assert bool(lost) == (kind == "logo")
    assert symbol.wrong.any()
    for (y, x), codeword in np.ndenumerate(here.codeword):
        if symbol.wrong[y, x]:
            expected = "wrong"
        elif codeword < 0:
            expected = "dark" if symbol.modules[y, x] else "light"
        elif here.block[codeword] in lost:
            expected = "lost"
        else:
            expected = "spoilt" if codeword in spoilt else "right"
        shade = list(SHADES)[["light", "dark", "right", "spoilt", "lost", "wrong"].index(expected)]
        assert np.allclose(colors[y, x], to_rgb(shade)), (y, x, expected)


def outlined(image: np.ndarray) -> np.ndarray:
    """Where in a picture the plot outlines the wrong modules: k×4×2, x and y in px."""
    _, ax = plt.subplots()
    found = qr.graph.audit(image, readers=[])
    found.plot(show_content=True, ax=ax)
    assert np.array_equal(ax.images[0].get_array(), image)
    squares = np.array([path.vertices[:4] for path in ax.collections[0].get_paths()])
    plt.close()
    assert squares.shape == (found.symbol.wrong.sum(), 4, 2)
    return squares


def test_outlines_lie_on_the_wrong_modules_of_a_photograph():
    symbol = qr.make(random_content(7, 100, 5), "H")
    damage = qr.damage.MODELS["blot"](np.random.default_rng(5))
    camera = qr.Camera.at(150, tilt_deg=20, rotation_deg=25)
    printed = qr.Print(50.8, 300)
    clean, spoilt = (qr.photograph(symbol, printed, camera, 5, damage, severity) for severity in (0, 0.04))
    changed = np.abs(spoilt.astype(int) - clean) > 60
    x, y = outlined(spoilt).mean(axis=1).astype(int).T
    assert changed[y, x].mean() > 0.8
    assert changed.mean() < 0.1


@pytest.mark.parametrize("mirrored", [False, True])
def test_outlines_follow_a_mirrored_picture(mirrored):
    symbol, step = qr.make(random_content(7, 60, 4), "Q"), -1 if mirrored else 1
    modules = symbol.modules.copy()
    modules[[15, 17, 20], [12, 22, 16]] ^= True
    clean, spoilt = (np.ascontiguousarray(picture(m, 6)[:, ::step]) for m in (symbol.modules, modules))
    x, y = outlined(spoilt).mean(axis=1).round().astype(int).T
    assert (spoilt != clean)[y, x].all()


def test_nothing_shows_the_content(capsys, caplog, monkeypatch):
    """Objects, tables, messages: everything but what asks in so many words."""
    cached = cache(qr.graph.audits.rasterized)  # most cases have the same picture
    monkeypatch.setattr(qr.graph.audits, "rasterized", lambda data: cached(bytes(data)))
    shown = [repr(DETAILS), str(DETAILS)]
    for what in (DETAILS, DETAILS.to_json(), worn("crease", 0.02), *filter(None, CASES.values())):
        found = qr.graph.audit(what, **FAST)
        shown += [
            repr(found),
            str(found),
            found._repr_html_(),
            found.table.to_string(),
            json.dumps(found.to_dict()),
        ]
        shown += [str(found.findings), repr(found.symbol), found.table.to_html()]
    coded = base64.b64encode(SECRET).decode()
    for level in (coded, SECRET.decode(), SECRET.decode()[:20]):
        found = qr.graph.audit({"errorCorrectionLevel": level, "@odata.type": level}, **FAST)
        shown += [repr(found), json.dumps(found.to_dict()), found._repr_html_()]
    broken = [DETAILS.to_json()[:-40], {"rawContent": SECRET.decode()}, {"version": SECRET.decode()}]
    for document in (*broken, SECRET, SECRET.decode(), {"image": SECRET.decode()}):
        with pytest.raises(ValueError) as problem:  # noqa: PT011
            qr.graph.audit(document, **FAST)
        shown.append(str(problem.value))
    shown += [*capsys.readouterr(), caplog.text]
    assert [leaks(text) for text in shown] == [[]] * len(shown)
    assert qr.graph.audit(DETAILS, **FAST).reveal() == SECRET


def test_what_a_file_declares_cannot_reach_a_terminal_or_a_page():
    found = qr.graph.audit({"errorCorrectionLevel": "\x1b[2J<script>", "@odata.type": "\x1b<b>"}, **FAST)
    assert "\x1b" not in found.table.to_string() + str([f.message for f in found.findings])
    assert "<script>" not in found._repr_html_()
    assert "<b>" not in found._repr_html_()
