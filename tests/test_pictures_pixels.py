"""Picture files: drawn as they are, and refused where they are too large, or reach beyond themselves."""

import importlib
import io
import struct
import sys
import zlib
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from witness import picture

import qrlab as qr
from qrlab.graph import PictureError, QrCodeImageDetails
from qrlab.pictures import pixels
from qrlab.pictures.pixels import MOST_BYTES, kind_of, rasterized

SYMBOL = qr.make(b"https://www.example.org/pictures", "M")
WIDE = (SYMBOL.size + 8) * 3
SIZE = b'width="%d" height="%d"' % (WIDE, WIDE)
SVG = QrCodeImageDetails.from_symbol(SYMBOL).binary_value
BOX = b' viewBox="0 0 %d %d"' % (WIDE, WIDE)
DTD = b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">'
XML = '<?xml version="1.0" encoding="%s"?>'
LINKS = b"<svg xmlns:xlink='http://www.w3.org/1999/xlink' xmlns='http://www.w3.org/2000/svg' "


def rasterize(data: bytes) -> np.ndarray:
    return rasterized(data)[0]


def saved(image: Image.Image, kind: str = "png", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def heic(image: Image.Image) -> bytes:
    pillow_heif = importlib.import_module("pillow_heif")
    pillow_heif.from_pillow(image.convert("RGB")).save(out := io.BytesIO(), quality=90)
    return out.getvalue()


GRAY = Image.fromarray(picture(SYMBOL.modules, 4))
CLEAR = Image.merge("RGBA", [Image.new("L", GRAY.size, 0)] * 3 + [GRAY.point(lambda v: 255 - v)])
HELD = Image.Exif()
HELD[0x0112] = 6  # turned by 90 degrees
GOOD = {
    "an SVG": SVG,
    "an SVG of the package": SYMBOL.picture("svg", scale=3),
    "an SVG with a byte order mark": b"\xef\xbb\xbf" + SVG,
    "an SVG with a viewBox alone": SVG.replace(SIZE, b'viewBox="0 0 %d %d"' % (WIDE, WIDE), 1),
    "gray": saved(GRAY),
    "black and white": saved(GRAY.convert("1")),
    "colour": saved(GRAY.convert("RGB")),
    "a palette": saved(GRAY.convert("P")),
    "16 bits": saved(Image.fromarray(np.asarray(GRAY).astype(np.uint16) * 257)),
    "black on nothing": saved(CLEAR),
    "a small PNG": saved(Image.fromarray(picture(SYMBOL.modules, 1))),
    "a JPEG": saved(GRAY, "jpeg", quality=60),
    "a JPEG in CMYK": saved(GRAY.convert("CMYK"), "jpeg"),
    **{f"a {kind.upper()}": saved(GRAY, kind) for kind in ("webp", "gif", "bmp", "tiff", "pdf")},
    **({"an HEIC": heic(GRAY)} if find_spec("pillow_heif") else {}),
    "millimetres": SVG.replace(SIZE, b'width="50mm" height="50mm"' + BOX, 1),
    "points": SVG.replace(SIZE, b'width="50pt" height="50pt"' + BOX, 1),
    "a document type": DTD + SVG,
    "ISO-8859-1": (XML % "ISO-8859-1" + "<!-- für -->").encode("latin-1") + SVG,
    "UTF-16, as PowerShell writes it": SVG.decode().encode("utf-16"),
    "UTF-16 that says it is UTF-8": (XML % "utf-8" + SVG.decode()).encode("utf-16"),
    "styles": SVG.replace(b' fill="#000000"', b' style="fill:#000000;fill-opacity:1"'),
    "a style sheet of its own": SVG.replace(b"</svg>", b"<style>rect { opacity: 1 }</style></svg>"),
    "a symbol that is used": LINKS
    + SIZE + b"><defs>" + SVG.replace(b"<svg", b'<svg id="a"', 1) + b"</defs><use xlink:href='#a'/></svg>",
}  # fmt: skip


if not find_spec("pypdfium2"):
    del GOOD["a PDF"]


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_a_picture_is_drawn_so_that_it_reads(data):
    image = rasterize(data)
    assert image.dtype == np.uint8
    assert image.ndim == 2
    assert min(image.shape) >= 400 or kind_of(data) != "svg"
    assert qr.decode(image, expected=SYMBOL).outcome == "ok"


def test_a_viewbox_stands_in_for_a_size():
    assert GOOD["an SVG with a viewBox alone"] != SVG
    assert np.array_equal(rasterize(GOOD["an SVG with a viewBox alone"]), rasterize(SVG))


def test_an_svg_is_drawn_to_the_module():
    image, zoom = rasterized(SVG)
    across = SYMBOL.size + 8
    assert zoom == np.ceil(800 / (3 * across))
    centres = ((np.arange(across) + 0.5) * len(image) / across).astype(int)
    assert np.array_equal(image[np.ix_(centres, centres)] < 128, np.pad(SYMBOL.modules, 4))


def test_a_jpeg_is_turned_as_it_was_held():
    wide = Image.new("L", (60, 20), 255)
    assert rasterize(saved(wide, "jpeg")).shape[0] < rasterize(saved(wide, "jpeg", exif=HELD)).shape[0]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, packed: bytes = b"") -> bytes:
    """A PNG that says it is so large; one bit a pixel."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


NAMESPACES = b'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
HEAD = b"<svg " + NAMESPACES + b' width="20" height="20">'
RECT = b'<rect width="9" height="9"/>'
BOMB = b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
USES = b"".join(b'<g id="a%d">%s</g>' % (k, b'<use href="#a%d"/>' % (k - 1) * 30) for k in range(1, 9))
BAD = {
    "nothing": (b"", "SVG.*PNG.*JPEG"),
    "no picture": (b"HelloWorld!", "SVG.*PNG.*JPEG"),
    "half a PNG": (saved(GRAY)[:200], "PNG"),
    "half a JPEG": (saved(GRAY, "jpeg")[:300], "JPEG"),
    "too many bytes": (SVG + b" " * MOST_BYTES, "20,000,000 bytes, not 20,"),
    "a large PNG": (png_of(8000, 8000), "60,000,000 pixels, not 8,000 × 8,000"),
    "a PNG that warns": (png_of(11_000, 9_000), "60,000,000 pixels, not 11,000 × 9,000"),
    "a PNG bomb": (png_of(100_000, 100_000, zlib.compress(bytes(10**6))), "60,000,000 pixels"),
    "a bomb of text": (
        png_of(8, 8, zlib.compress(bytes(16)))[:-12]
        + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8)))
        + chunk(b"IEND", b""),
        "PNG",
    ),
    "an SVG cut short": (SVG[:-20], "XML"),
    "entities": (BOMB + HEAD + b"&b;</svg>", "SVG.*an entity"),
    "an external entity": (
        b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + HEAD + b"&a;</svg>",
        "SVG.*an entity",
    ),
    "a style sheet elsewhere": (
        b'<?xml-stylesheet href="a.css"?>' + HEAD + RECT + b"</svg>",
        "a style sheet",
    ),
    "an image": (HEAD + b'<image href="file:///etc/hostname"/></svg>', "an image is"),
    "an image in a filter": (HEAD + b'<filter><feImage href="#a"/></filter></svg>', "an image is"),
    "a use of another file": (HEAD + b'<use xlink:href="a.svg#b"/></svg>', "a link to elsewhere"),
    "a script": (HEAD + b"<script>1</script></svg>", "a script"),
    "a script on an event": (HEAD + b'<g onload="1"/></svg>', "a script"),
    "HTML": (HEAD + b"<foreignObject/></svg>", "HTML"),
    "a style that imports": (HEAD + b"<style>@import 'a.css'</style></svg>", "a reference to elsewhere"),
    "a filter": (HEAD + b'<rect filter="URL(a.svg#f)"/></svg>', "a reference to elsewhere"),
    "a link": (HEAD + b'<g xlink:href="http://example.org/"/></svg>', "a link to elsewhere"),
    "a use of uses of uses": (HEAD + b'<rect id="a0"/>' + USES + b"</svg>", "SVG that can be drawn"),
    "depth": (HEAD + b"<g>" * 99_999 + b"</g>" * 99_999 + b"</svg>", "SVG that can be drawn"),
    "no size": (b'<svg xmlns="http://www.w3.org/2000/svg">' + RECT + b"</svg>", "SVG.*width.*height"),
    "a size in percent": (HEAD.replace(b'"20"', b'"100%"') + b"</svg>", "SVG.*width.*height"),
    "no width": (
        HEAD.replace(b'"20"', b'"0"') + b"</svg>",
        "SVG.*not 0 × 0",
    ),
    "a huge one": (HEAD.replace(b'"20"', b'"99999999"') + b"</svg>", "SVG.*not 1e\\+08"),
    "a ribbon": (HEAD.replace(b'"20"', b'"900"', 1) + b"</svg>", "SVG.*not 900 × 20"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_what_is_refused(data, message):
    with pytest.raises(PictureError, match=f"^picture .*{message}") as problem:
        rasterize(data)
    assert len(str(problem.value)) < 150


@pytest.mark.parametrize(("kind", "library"), [("a PDF", "pypdfium2"), ("an HEIC", "pillow_heif")])
def test_what_a_missing_library_would_read_is_named(kind, library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(PictureError, match=f"picture is {kind}, which needs .*pip install {library}"):
        rasterize(GOOD.get(kind, b"%PDF-" if "PDF" in kind else b"\0\0\0\x18ftypheic"))


def test_a_photograph_of_48_megapixels_is_made_smaller():
    large = Image.fromarray(np.full((6000, 8000), 255, np.uint8))
    large.paste(GRAY.resize((4000, 4000)), (2000, 1000))
    image, zoom = rasterized(saved(large, "jpeg"))
    assert image.size <= 12_000_000
    assert zoom == 1 / 2
    assert qr.decode(image, expected=SYMBOL).outcome == "ok"


def test_what_takes_long_to_draw_is_given_up(monkeypatch):
    monkeypatch.setattr(pixels, "_SECONDS", 0.01)
    with pytest.raises(PictureError, match=r"picture .*SVG.* 0\.01 seconds"):
        rasterize(SVG)


def test_what_ends_the_drawing_process_is_a_picture_error(monkeypatch):
    monkeypatch.setattr(pixels, "_DRAW", "import os; os.abort()")
    with pytest.raises(PictureError, match=r"picture .*SVG"):
        rasterize(SVG)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(SVG, "svg"), (b" \n<?xml?><svg", "svg"), (b"<html>", None), (b' {"a": 1}', "json"), (b"", None)],
)
def test_kinds_are_told_by_content(data, kind):
    assert kind_of(data) == kind


@settings(max_examples=100)
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_broken_pictures_end_in_a_picture_error_at_worst(name, data):
    broken = bytearray(GOOD[name])
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = rasterize(bytes(broken[: data.draw(st.integers(1, len(broken)))]))
    except PictureError:
        return
    assert image.dtype == np.uint8


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<svg "]))
def test_fuzzed_pictures_end_in_a_picture_error(data, start):
    with pytest.raises(PictureError):
        rasterize(start + data)
