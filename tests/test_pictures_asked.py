"""Readers in turns, within a time, on the part of a picture that is audited."""

import numpy as np
import pytest
from witness import picture

import qrlab as qr
from qrlab.pictures import asked
from qrlab.pictures.codes import find_codes
from qrlab.pictures.measured import measure

ONE, OTHER = qr.make(b"one of them", "M"), qr.make(b"the other one", "M")
BOTH = np.hstack([picture(ONE.modules, 5), picture(OTHER.modules, 5)])


def reads_the_other(_):
    return OTHER.content


def reads_none(_):
    return None


def reads_wrong(_):
    return b"wrong"


HERE = f"{__name__}:"


def test_a_reader_that_reads_another_code_of_the_picture_does_not_misread():
    turns = ((f"{HERE}reads_the_other", f"{HERE}reads_wrong", f"{HERE}reads_none"),)
    outcomes, content = asked.read_by(BOTH, turns, ONE.content, find_codes(BOTH))
    assert list(outcomes.values()) == ["another code", "misread", "unread"]
    assert content == ONE.content


def test_what_most_readers_say_stands_where_nothing_is_known():
    turns = (("zxing", f"{HERE}reads_wrong", "zbar"),)
    outcomes, content = asked.read_by(picture(ONE.modules, 5), turns, None, [])
    assert content == ONE.content
    assert list(outcomes.values()) == ["ok", "misread", "ok"]


def test_slow_readers_are_asked_only_where_no_other_reads():
    clean = picture(ONE.modules, 5)
    assert set(asked.read_by(clean, (("zxing",), ("zbar",)), None, [])[0]) == {"zxing"}
    first = (f"{HERE}reads_none",)
    assert list(asked.read_by(clean, (first, ("zbar",)), None, [])[0].values()) == ["unread", "ok"]
    quick, later = asked.asked_readers(None)
    assert set(quick) <= set(asked.QUICK)
    assert not {"boofcv", "zxing-java"} & set(quick)
    assert not set(quick) & set(later)


def test_no_reader_is_asked_once_the_time_is_over(monkeypatch):
    monkeypatch.setattr(asked, "_SECONDS", -1)
    outcomes, content = asked.read_by(BOTH, (("zxing", "zbar"),), None, [])
    assert (outcomes, content) == ({"zxing": "not asked", "zbar": "not asked"}, None)
    monkeypatch.undo()
    monkeypatch.setattr(asked, "_SECONDS", 0.0)
    found = qr.graph.audit(picture(ONE.modules, 5), readers=["zxing"])
    assert found.measured["readers"] == {"zxing": "not asked"}
    assert [code for code, _ in found.findings] == ["higher-level-free"]


@pytest.mark.parametrize("known", [None, ONE.content, OTHER.content])
def test_the_code_that_is_meant_is_cut_out(known):
    codes = find_codes(BOTH)
    image, left, zoom = asked.framed(BOTH, codes, known)
    assert zoom == 1
    assert image.size < BOTH.size
    assert {code.content for code in left} >= {known or codes[0].content}
    assert measure(image, known).content == (known or codes[0].content)


def test_a_large_picture_is_made_smaller():
    large = np.pad(picture(ONE.modules, 40), 500, constant_values=255)
    image, codes, zoom = asked.framed(large, find_codes(large), None)
    assert image.size <= 1_510_000
    assert zoom < 1
    assert codes[0].content == ONE.content
    noise = np.random.default_rng(1).integers(0, 256, (2000, 3000), np.uint8)
    image, codes, _ = asked.framed(noise, [], None)
    assert image.size <= 1_510_000
    assert codes == []
    found = qr.graph.audit(large, readers=["zxing"])
    assert found.measured["module_px"] == pytest.approx(40, rel=0.01)


def test_a_picture_of_four_hundred_symbols_is_audited_in_seconds():
    many = np.tile(picture(qr.make("a", "L").modules, 3), (20, 20))
    found = qr.graph.audit(many)
    assert found.measured["codes"] > 200
    assert found.measured["readers"]["opencv-aruco"] == "ok"


def test_a_neighbour_that_is_cut_out_with_the_code_is_not_taken_for_it():
    """Its symbol is near and small, and zxing-cpp names it first."""
    large, small = picture(ONE.modules, 10, 1), picture(OTHER.modules, 2, 2)
    small = np.pad(small, ((0, len(large) - len(small)), (0, 0)), constant_values=255)
    image = np.hstack([small, large])
    codes = sorted(find_codes(image), key=lambda code: code.content != ONE.content)
    _, left, _ = asked.framed(image, codes, None)
    assert {code.content for code in left} == {ONE.content, OTHER.content}, "or it proves nothing"
    assert left[0].content == ONE.content
