"""Readers before real photographs, zxing-cpp's test samples: how many each reads, and what it misreads."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import qrlab as qr
from qrlab.readers import read_picture, unavailable

PHOTOS = Path(__file__).parents[2] / "shared" / "photos"
pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"there are no photographs in {PHOTOS}"),
]

READ = {  # of 107; two fewer are let pass
    "zxing": 93, "zxing-quick": 90, "zxing-pure": 30, "zbar": 76, "opencv": 45, "opencv-aruco": 45,
    "boofcv": 73, "zxing-java": 71, "zxing-java-thorough": 72, "jsqr": 73, "jsqr-quick": 72, "qr": 75,
    "qr-thorough": 75, "wechat": 88, "quirc": 54, "qrdec": 79,
}  # fmt: skip
AROUND = "[外側QRコード]\r\n \r\n*ﾀﾞﾌﾞﾙQR*\r\nhttp://d-qr.net/ex/"  # a second symbol, around the first
PARTS = {f"qrcode-7/01-0{k}.png" for k in range(1, 5)}  # of one text, as a structured append

# BoofCV guesses a character set for each segment of a text; 33.png is in Chinese (mode 13), which OpenCV
# refuses, quirc leaves out and WeChat's text mangles; jsQR doesn't know structured append, and takes its
# numbers for content; pyzbar and deqr have no name for what ZBar and quirc say of it.
MISREAD = {
    "boofcv": {"qrcode-2/16.webp", "qrcode-2/26.webp"},
    "wechat": {"qrcode-2/33.png"},
    "quirc": {"qrcode-2/33.png"},
    "jsqr": {"qrcode-7/01-01.png", "qrcode-7/01-03.png"},
    "jsqr-quick": {"qrcode-7/01-01.png", "qrcode-7/01-03.png"},
}
ERRORS = {"zbar": PARTS, "quirc": PARTS, "opencv": {"qrcode-2/33.png"}, "opencv-aruco": {"qrcode-2/33.png"}}


@lru_cache
def photographs() -> dict[str, tuple[np.ndarray, list[bytes]]]:
    """Of each photograph: the picture, and each content that would be right, by folder and name."""
    found = {}
    for file in sorted(PHOTOS.glob("*/*")):
        if file.suffix not in (".txt", ".md"):
            name = f"{file.parent.name}/{file.name}"
            grey = np.asarray(ImageOps.exif_transpose(Image.open(file)).convert("L"))
            found[name] = grey, [] if name in PARTS else contents(name, file.with_suffix(".txt").read_bytes())
    return found


def contents(name: str, utf_8: bytes) -> list[bytes]:
    """The text in character sets that the symbol, of which that is not said, may hold it in."""
    right = []
    for text in [utf_8.decode(), *([AROUND] if name == "qrcode-2/16.webp" else [])]:
        for character_set in ("utf-8", "cp932", "gbk"):
            with suppress(UnicodeEncodeError):
                right.append(text.encode(character_set))
    return right


def outcome(reader: str, name: str) -> str:
    picture, right = photographs()[name]
    reading = qr.decode(picture, reader)
    if reading.content is None:
        return reading.outcome
    if name in PARTS:
        whole = (PHOTOS / "qrcode-7" / "01.txt").read_bytes()
        return "ok" if len(reading.content) > 400 and reading.content in whole else "misread"
    judged = [read_picture(lambda _: (reading.content, ""), picture, each).outcome for each in right]
    return "ok" if "ok" in judged else "misread"


def test_there_is_a_share_for_each_reader_and_a_text_for_each_photograph():
    assert [*READ, "model"] == list(qr.decoders().name)
    assert len(photographs()) == 107


@pytest.mark.parametrize("reader", READ)
def test_so_many_photographs_are_read_and_none_misread_but_where_it_is_known(reader):
    if unavailable(reader):
        pytest.skip(unavailable(reader))
    outcomes = {name: outcome(reader, name) for name in photographs()}
    assert {name for name in outcomes if outcomes[name] == "misread"} <= MISREAD.get(reader, set())
    assert {name for name in outcomes if outcomes[name] == "error"} <= ERRORS.get(reader, set())
    assert set(outcomes.values()) <= {"ok", "misread", "unread", "error"}
    assert list(outcomes.values()).count("ok") >= READ[reader] - 2


def test_model_1_is_named_and_not_measured():
    for name in ("qr-model-1.png", "#940.png"):
        found = qr.graph.audit((PHOTOS / "qrcode-2" / name).read_bytes(), readers=["zxing"])
        assert found.symbol is None
        assert dict(found.findings)["other-symbology"].startswith("its kind is QR Code Model 1")


def test_the_table_of_the_audits_is_made_again():
    table = qr.load("photographs").set_index("photograph")
    assert list(table.index) == [*photographs()]
    assert table.equal.sum() == table.read.sum() >= 104
    assert table.seconds.max() < 10
    for name in [
        "qrcode-1/1.webp",
        "qrcode-2/14.png",
        "qrcode-4/31.webp",
        "qrcode-6/6.png",
        "qrcode-7/01-01.png",
    ]:
        found, row = qr.graph.audit((PHOTOS / name).read_bytes()), table.loc[name]
        assert (found.symbol.version, found.symbol.level, found.symbol.lost) == (
            row.version,
            row.level,
            row.lost,
        )
        assert found.symbol.unused == pytest.approx(row.unused, abs=0.001)
        assert (found.reveal() is not None) == row.read
