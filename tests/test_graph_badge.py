"""Badges: other encoders' symbols at true size, read again, nothing of the content, nothing left behind."""

import argparse
import io
import json
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
import qrcode
import qrcode.image.svg
import segno
from PIL import Image
from planted import DETAILS, SECRET, SYMBOL, leaks
from witness import LIB, picture

import qrlab as qr
from qrlab.commands.badge import add_badge
from qrlab.commands.badge import badge as command
from qrlab.graph import QrCodeImageDetails, badges
from qrlab.graph.badges import badge
from qrlab.pictures.asked import asked_readers
from qrlab.pictures.pixels import rasterized

ENDINGS = ("pdf", "png", "svg")
NOW = datetime.now(UTC)
PLAIN = replace(DETAILS, binary_value=SYMBOL.picture("png", scale=4))  # which is sooner read than an SVG


def made(number: int) -> tuple[QrCodeImageDetails, np.ndarray]:
    """One of twenty resources by two other encoders, as SVG or PNG, and its modules."""
    level, content = "LMQH"[number % 4], SECRET[: 12 + 9 * (number // 2)]
    out, svg = io.BytesIO(), number % 3 == 0
    if number % 2:
        code = segno.make_qr(content, error=level, boost_error=False)
        code.save(out, kind="svg" if svg else "png", scale=4, light="white")
        modules, version = np.array(code.matrix, bool), code.version
    else:
        code = qrcode.QRCode(
            error_correction=LIB["L"] if level == "L" else getattr(qrcode, f"ERROR_CORRECT_{level}")
        )
        code.add_data(content)
        code.make_image(**({"image_factory": qrcode.image.svg.SvgPathImage} if svg else {})).save(out)
        modules, version = np.array(code.modules, bool), code.version
    return QrCodeImageDetails(out.getvalue(), level.lower(), content, version), modules


def beside_the_picture(data: bytes, kind: str) -> str:
    """All that a file says but for its picture, with what is compressed unpacked."""
    if kind == "svg":
        return re.sub(r' d="[MHVz\d ]*"', "", data.decode())
    if kind == "pdf":
        text = b""
        for part in re.split(rb"(?<=endstream)", data):
            head, _, stream = part.partition(b"stream")
            its = b"" if b"/Subtype /Image" in head.rpartition(b"obj")[2] else stream
            text += head + (zlib.decompress(its) if b"/FlateDecode" in head else its)
        return text.decode("latin-1")
    at, text = 8, ""
    while at < len(data):
        size, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        assert name in (b"IHDR", b"pHYs", b"IDAT", b"IEND"), "no text, no time"
        text += "" if name == b"IDAT" else data[at + 8 : at + 8 + size].decode("latin-1")
        at += 12 + size
    return text


def printed(number: int, kind: str, folder: Path, readers: Iterable[str]) -> str:
    """Print one of the twenty, look at all of it, and read it again; what was said of it."""
    details, modules = made(number)
    own = bytes(details.raw_content)
    done = badge(details, folder / f"badge.{kind}", width_mm=30)
    assert (done.version, done.level) == (details.version, details.error_correction_level.upper())
    assert {code for code, _ in done.warnings} <= {"some-readers-fail"}
    assert {"zxing", "zbar"} <= {name for name, outcome in done.readers.items() if outcome == "ok"}
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o600
    assert os.listdir(folder) == [done.path.name]
    data = done.path.read_bytes()
    image, _ = rasterized(data)
    found = {name: qr.decode(image, name, own).outcome for name in readers}
    assert set(found.values()) <= {"ok", "unread"}
    assert found["zxing"] == "ok"
    side = int(30 * 300 / 25.4)
    ink = np.array(Image.open(done.path)) == 0 if kind == "png" else image < 128
    whole = modules.repeat(done.module_dots, axis=0).repeat(done.module_dots, axis=1)
    blank = (side - len(whole)) // 2
    assert blank >= 4 * done.module_dots
    if kind == "png":
        assert ink.shape == (side, side)
        assert (ink[blank:, blank:][: len(whole), : len(whole)] == whole).all()
        assert ink.sum() == whole.sum()
    else:
        assert ink.mean() == pytest.approx(whole.sum() / side**2, abs=0.01)
    done.path.unlink()
    return beside_the_picture(data, kind) + repr(done)


@pytest.mark.parametrize("number", range(20))
def test_symbols_of_other_encoders_are_printed_as_they_are_and_read(number, tmp_path, capfd):
    said = printed(number, ENDINGS[number % 3], tmp_path, ["zxing"])
    assert leaks(said + "".join(capfd.readouterr()), picture=None) == []


@pytest.mark.proof
@pytest.mark.parametrize("kind", ENDINGS)
@pytest.mark.parametrize("number", range(20))
def test_symbols_of_other_encoders_are_read_by_every_reader_in_every_format(number, kind, tmp_path, capfd):
    readers = [name for turn in asked_readers(None) for name in turn]
    said = printed(number, kind, tmp_path, readers)
    assert leaks(said + "".join(capfd.readouterr()), picture=None) == []


@pytest.fixture
def not_read(monkeypatch):
    """Spares reading a badge again, where that is not in question."""
    monkeypatch.setattr(badges, "_outcomes", lambda *_: {"zxing": "ok"})


def test_what_reads_it_is_every_reader(tmp_path):
    done = badge(PLAIN, tmp_path / "a.png")
    quick = [name for turn in asked_readers(None) for name in turn]
    assert list(done.readers) == quick
    assert set(done.readers.values()) == {"ok"}


@pytest.mark.parametrize(("width", "dpi"), [(50.8, 300), (25, 203), (20.1, 600)])
@pytest.mark.usefixtures("not_read")
def test_a_file_has_its_true_size(tmp_path, width, dpi):
    for kind in ENDINGS:
        done = badge(PLAIN, tmp_path / f"a.{kind}", width_mm=width, dpi=dpi, caption="Bay 7")
        assert width - 25.4 / dpi < done.width_mm <= width
        assert done.module_mm == pytest.approx(done.module_dots * 25.4 / dpi, abs=1e-4)
        assert done.module_dots == qr.Print(width, dpi).dots_per_module(SYMBOL.size)
        if kind == "pdf":
            page = pypdfium2.PdfDocument(done.path)[0]
            sizes = [x / 72 * 25.4 for x in page.get_size()]
        elif kind == "png":
            with Image.open(done.path) as image:
                sizes = [pixels / per_inch * 25.4 for pixels, per_inch in zip(image.size, image.info["dpi"])]
        else:
            sizes = [float(mm) for mm in re.findall(r'(?:width|height)="([\d.]+)mm"', done.path.read_text())]
        assert sizes == pytest.approx([done.width_mm, done.width_mm + 3.5], abs=25.4 / dpi)


def test_the_audit_of_a_badge_measures_what_was_written(tmp_path):
    done = badge(PLAIN, tmp_path / "a.png", width_mm=40, caption="Amélie Łódź – bay 7")
    meant = done.module_mm * (SYMBOL.size + 8)  # without what makes no whole dot
    found = qr.graph.audit(done.path.read_bytes(), meant_mm=meant, readers=["zxing"])
    assert found.findings == ()
    assert found.measured["width_mm"] == pytest.approx(meant, abs=0.02)
    assert found.reveal() == SECRET


@pytest.mark.usefixtures("not_read")
def test_worn_mirrored_and_inverted_pictures_become_right_symbols(tmp_path):
    damage = qr.damage.MODELS["logo"](np.random.default_rng(1))
    worn = qr.photograph(SYMBOL, qr.Print(50.8, 300), qr.Camera.at(180), 1, damage, 0.1)
    clean = picture(SYMBOL.modules, 4)
    expected = np.array(Image.open(badge(PLAIN, tmp_path / "right.png").path))
    for image in (worn, clean[:, ::-1], 255 - clean, np.rot90(clean)):
        done = badge(np.ascontiguousarray(image), tmp_path / "a.png", force=True)
        assert (np.array(Image.open(done.path)) == expected).all()
        assert done.warnings == ()


def test_lost_blocks_are_put_right_where_the_content_is_declared(tmp_path):
    damage = qr.damage.MODELS["logo"](np.random.default_rng(1))
    image = qr.photograph(SYMBOL, qr.Print(50.8, 300), qr.Camera.at(180), 1, damage, 0.3)
    with pytest.raises(ValueError, match=r"what must show a whole QR code: .*blocks have more wrong"):
        badge(image, tmp_path / "a.png")
    photo = cv2.imencode(".png", image)[1].tobytes()
    assert badge(replace(DETAILS, binary_value=photo), tmp_path / "a.png").readers["zxing"] == "ok"


def test_a_sheet_has_as_many_as_it_says_and_each_is_read(tmp_path):
    small = QrCodeImageDetails.from_symbol(qr.make(b"a planted badge", "M"))
    for kind in ENDINGS:
        done = badge(small, tmp_path / f"a.{kind}", width_mm=30, sheet=(2, 3), caption="bay 7", dpi=203)
        data = done.path.read_bytes()
        image, _ = rasterized(data)
        assert image.shape[0] / image.shape[1] == pytest.approx(297 / 210, abs=0.002)
        codes = qr.graph.audits.find_codes(image)
        assert [code.content for code in codes] == [b"a planted badge"] * 6
        middles = np.array([code.corners.mean(axis=0) for code in codes]) / image.shape[::-1] * (2, 3)
        assert (np.abs(middles % 1 - 0.5).max(axis=0) < (0.01, 0.06)).all()
        assert {done.readers[name] for name in ("zxing", "zbar")} == {"ok"}


@pytest.mark.usefixtures("not_read")
def test_warnings_are_those_that_an_audit_would_give(tmp_path):
    def warned(details: QrCodeImageDetails, **options) -> dict[str, str]:
        return dict(badge(details, tmp_path / "a.png", force=True, **options).warnings)

    day = timedelta(days=1)
    for code, start, end in [
        ("expired", -99, -9),
        ("not-yet-valid", 9, 99),
        ("expires-soon", -99, 3),
        ("lifetime-too-long", -1, 400),
    ]:
        assert [*warned(replace(PLAIN, valid_from=NOW + start * day, valid_until=NOW + end * day))] == [code]
    other = QrCodeImageDetails.from_symbol(qr.make(b"x" * len(SECRET), "L"))
    assert {"content-mismatch", "level-mismatch", "version-mismatch"} == set(
        warned(replace(DETAILS, binary_value=other.binary_value))
    )
    few = warned(PLAIN, width_mm=16)["too-few-dots"]
    least = float(
        re.fullmatch(
            r"a module must have 3 of the printer's dots or more, not 2: print it (.*) mm wide", few
        )[1]
    )
    assert "too-few-dots" not in warned(PLAIN, width_mm=least)
    assert "too-few-dots" in warned(PLAIN, width_mm=least - 0.1)


@pytest.mark.usefixtures("not_read")
def test_the_same_content_is_made_anew_on_request_only(tmp_path):
    done = badge(PLAIN, tmp_path / "a.png", reissue="m")
    now = qr.make(SECRET, "M")
    assert (done.version, done.level) == (now.version, "M")
    assert done.warnings == (
        ("reissued", f"this is another symbol than was issued: {now.version}-M, not {SYMBOL.version}-H"),
    )
    assert qr.graph.audit(done.path.read_bytes(), readers=["zxing"]).reveal() == SECRET
    out = io.BytesIO()
    segno.make_qr("Привет" * 4, encoding="cp1251", eci=True).save(out, kind="png", scale=5)
    with pytest.raises(ValueError, match="reissue must be left out"):
        badge(out.getvalue(), tmp_path / "b.png", reissue="H")


def test_wear_that_defeats_the_level_is_warned_of(tmp_path, monkeypatch):
    monkeypatch.setattr("qrlab.choice.choose", partial(qr.choose, trials=20, jobs=1, advice=False))
    case = qr.SCENARIOS["small-badge"].change(readers="zxing")
    (found,) = badge(PLAIN, tmp_path / "a.png", scenario=case.change(target=1)).warnings
    assert found.code == "wear-defeats-level"
    rate, rest = found.message.split(" are read at ")
    assert re.fullmatch(r"[\d.]+% of scans \([\d.]+ to [\d.]+\)", rate)
    assert rest == "50.8 mm (small-badge); for 100% no level is sure"
    assert badge(PLAIN, tmp_path / "b.png", scenario=case.change(target=0)).warnings == ()


ONE = json.loads(DETAILS.to_json())
NO_IMAGE = {"@odata.type": "#microsoft.graph.qrCode", "image": None}
PAIR = np.hstack([picture(qr.make(content, "H").modules, 4) for content in (SECRET, SECRET[::-1])])
BLANK = np.full((90, 90), 255, np.uint8)
WHOLE = "what must show a whole QR code: "
FULL = "sheet must have 50.8 × 50.8 mm for each, and 3x7 on A4 have 70.0 × 42.4"
BAD = {
    "an ending": ({"out": "a.gif"}, "out's ending must be one of .pdf, .png, .svg, not '.gif'"),
    "no ending": ({"out": "a"}, "out's ending must be"),
    "no folder": ({"out": "b/a.png"}, "out must be in a folder that is there, not "),
    "a width": ({"width_mm": 0}, "width_mm must be a number from 1 to 1000, not 0"),
    "too narrow a width": ({"width_mm": 4}, "width_mm must be at least 5.6 for one dot a module"),
    "a resolution": ({"dpi": 0}, "dpi must be a number from 50 to "),
    "too fine a resolution": ({"dpi": 4000}, "dpi must be a number from 50 to 3535, not 4000"),
    "no resolution": ({"dpi": None}, "dpi must be a number"),
    "a level": ({"reissue": "X"}, "reissue must be one of L, M, Q, H, not 'X'"),
    "a scenario": ({"scenario": "moon"}, "scenario must be one of sign-in-badge"),
    "no sheet": ({"sheet": "3x7"}, "sheet must be how many across and down, as (3, 5), not '3x7'"),
    "an empty sheet": ({"sheet": (0, 7)}, "sheet, across, must be an integer from 1 to 50, not 0"),
    "a full sheet": ({"sheet": (3, 7)}, FULL),
    "no caption": ({"caption": " "}, "caption must be a line of Latin text"),
    "two lines": ({"caption": "a\nb"}, "caption must be a line of Latin text, and is none"),
    "another script": ({"caption": "徽章"}, "caption must be a line of Latin text"),
    "a caption of another type": ({"caption": 7}, "caption must be a str, not int"),
    "a long caption": ({"caption": "a badge " * 9}, "caption must fit into 50.8 mm, about "),
    "a force": ({"force": 2}, "force must be one of True, False"),
    "a code": ({"code": "other", "what": ONE}, "code must be one of standard, temporary"),
    "no picture": ({"what": replace(DETAILS, binary_value=None)}, f"{WHOLE}binaryValue is null"),
    "no image": ({"what": NO_IMAGE}, f"{WHOLE}there is no image"),
    "two of them": ({"what": [ONE, ONE]}, "document must have one qrCodeImageDetails, and has 2"),
    "two codes": ({"what": PAIR}, "what must show one QR code, and shows 2"),
    "a blank": ({"what": BLANK}, f"{WHOLE}none of zxing reads the picture"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_error_and_leaves_nothing(tmp_path, case):
    options, said = BAD[case]
    options = {"what": PLAIN, "out": "a.png"} | options
    with pytest.raises(ValueError, match=re.escape(said)) as raised:
        badge(options.pop("what"), tmp_path / options.pop("out"), **options)
    assert leaks(str(raised.value)) == []
    assert os.listdir(tmp_path) == []


def test_nothing_is_overwritten_unless_forced_and_then_it_is_private(tmp_path):
    path, gone = tmp_path / "a.png", tmp_path / "link.png"
    path.write_bytes(b"another's")
    path.chmod(0o644)
    gone.symlink_to(tmp_path / "nowhere")
    for there in (path, gone):
        with pytest.raises(FileExistsError, match="is there already: name another file, or force it"):
            badge(PLAIN, there)
    assert path.read_bytes() == b"another's"
    badge(PLAIN, path, force=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"\x89PNG")
    assert sorted(os.listdir(tmp_path)) == ["a.png", "link.png"]


def test_what_comes_into_being_meanwhile_is_not_overwritten(tmp_path, monkeypatch):
    def slow(*asked):
        (tmp_path / "a.png").write_bytes(b"another's")
        return {"zxing": "ok"}, SECRET

    monkeypatch.setattr(badges, "read_by", slow)
    with pytest.raises(FileExistsError):
        badge(PLAIN, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"another's"
    assert os.listdir(tmp_path) == ["a.png"]


MISREAD, UNREAD = {"zxing": "ok", "zbar": "misread"}, {"zxing": "unread", "zbar": "error"}


@pytest.mark.parametrize(("kind", "outcomes"), [*zip(ENDINGS, (MISREAD, UNREAD, KeyboardInterrupt))])
def test_a_file_that_is_not_read_back_is_not_written(tmp_path, monkeypatch, kind, outcomes):
    def ask(*asked):
        if outcomes is KeyboardInterrupt:
            raise outcomes
        return outcomes, SECRET

    monkeypatch.setattr(badges, "read_by", ask)
    with pytest.raises((ValueError, KeyboardInterrupt)) as raised:
        badge(PLAIN, tmp_path / f"a.{kind}")
    assert leaks(str(raised.value)) == []
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("not_read")
@pytest.mark.parametrize(("where", "fails"), [(os, "replace"), (badges, "open")])
@pytest.mark.parametrize("forced", [True, False])
def test_nothing_is_left_of_a_file_that_cant_be_written(tmp_path, monkeypatch, where, fails, forced):
    def failing(*asked):
        raise KeyboardInterrupt

    if forced:
        (tmp_path / "a.svg").write_bytes(b"of before")
    monkeypatch.setattr(where, fails, failing, raising=False)
    with pytest.raises(KeyboardInterrupt):
        badge(PLAIN, tmp_path / "a.svg", force=forced)
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["a.svg"] * forced
    assert not forced or (tmp_path / "a.svg").read_bytes() == b"of before"


def test_a_pdf_that_cant_be_read_back_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    done = badge(PLAIN, tmp_path / "a.pdf")
    assert done.readers == {}
    assert done.warnings == (("not-checked", "a PDF is read again only with: pip install pypdfium2"),)


@pytest.mark.usefixtures("not_read")
def test_a_file_says_nothing_of_its_resource_or_of_the_time(tmp_path):
    for kind in ENDINGS:
        first, again = (
            badge(PLAIN, tmp_path / f"{name}.{kind}").path.read_bytes() for name in ("planted", "other")
        )
        assert first == again
        assert "planted" not in beside_the_picture(first, kind)


# --- the command ---


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_badge(parser.add_argument)
    return parser.parse_args(words)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "badge.json"
    path.write_text(DETAILS.to_json())
    return path


def test_the_command_writes_and_says_what_it_wrote(file, capfd):
    out = file.with_name("a.pdf")
    status, data, said = command(asked(str(file), str(out)))
    assert status == 0
    assert (
        said.splitlines()[0] == f"wrote {out}: 50.8 mm wide, {SYMBOL.version}-H, 9 dots a module (0.762 mm)"
    )
    assert "read from it by zxing, zbar" in said
    assert "delete it" in said
    assert json.loads(json.dumps(data))["readers"]["zxing"] == "ok"
    assert leaks(json.dumps(data) + said + "".join(capfd.readouterr()), picture=None) == []
    with pytest.raises(FileExistsError):
        command(asked(str(file), str(out)))


def test_the_command_ends_with_1_where_it_warns(file):
    options = ["--width-mm=30", "--dpi=203", "--caption=Bay", "--sheet=3x5", "--reissue=L", "--force"]
    status, data, said = command(asked(str(file), str(file.with_name("a.png")), *options))
    assert status == 1
    assert [each["code"] for each in data["warnings"]] == ["reissued"]
    assert f"reissued: this is another symbol than was issued: {data['version']}-L, not" in said


def test_the_command_names_its_options_in_errors(file):
    out = str(file.with_name("a.svg"))
    for words, said in [
        (["--width-mm", "0"], "--width-mm must be"),
        (["--reissue", "X"], "--reissue must be"),
        (["--sheet", "9x9"], "--sheet must have"),
    ]:
        with pytest.raises(ValueError, match=said):
            command(asked(str(file), out, *words))
    with pytest.raises(argparse.ArgumentError, match="3x5"):
        asked(str(file), out, "--sheet", "3")
    file.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(ValueError, match="picture must be a PNG") as raised:
        command(asked(str(file), out))
    assert type(raised.value) is ValueError
