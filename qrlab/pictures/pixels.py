"""Picture files to pixels: SVG by resvg, PDF by pdfium, others by Pillow; with no network and no files."""

import codecs
import importlib
import io
import re
import subprocess
import sys
import warnings
from contextlib import suppress
from math import ceil, sqrt
from typing import Any, NoReturn
from xml.parsers import expat

import numpy as np
from PIL import Image, ImageOps

MOST_BYTES = 20_000_000  # of a picture
_MOST_PIXELS, _ENOUGH_PIXELS = 60_000_000, 12_000_000  # in a file; beyond the second it is made smaller
_SCREEN_DPI = 100  # cameras and screens say 72 or 96 of all their pictures
_SECONDS = 8  # for drawing
_STARTS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"BM": "bmp"}
_STARTS |= {b"%PDF-": "pdf", b"II*\0": "tiff", b"MM\0*": "tiff"}
_REFUSED = {"image": "an image", "feImage": "an image", "script": "a script", "foreignObject": "HTML"}
_ELSEWHERE = re.compile(r"url\(\s*['\"]?\s*(?!['\"#\s])|@import", re.IGNORECASE)
_UNITS = {"": 1, "px": 1, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96, "pt": 4 / 3, "pc": 16}  # CSS's, in px
# In a process of its own, that may open no file and no connection, and can be ended: how long drawing takes,
# and how much memory, can't be told from a file.
_DRAW = """
import sys
from contextlib import suppress
kind, *numbers = sys.argv[1:]
data = sys.stdin.buffer.read()
if kind == "svg":
    import resvg_py
else:
    import numpy, pypdfium2
with suppress(Exception):  # where there are no such limits
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
if kind == "svg":
    size = dict(zip(("width", "height"), map(int, numbers)))
    options = {"background": "white", "skip_system_fonts": True, "dpi": 96}
    drawn = bytes(resvg_py.svg_to_bytes(svg_string=data.decode(), **size, **options))
else:
    page = pypdfium2.PdfDocument(data)[0]
    scale = min(300 / 72, (float(numbers[0]) / max(page.get_width() * page.get_height(), 1)) ** 0.5)
    grey = page.render(scale=scale, grayscale=True).to_numpy().squeeze()
    drawn = b"P5 %d %d 255\\n" % grey.shape[::-1] + grey.tobytes()
sys.stdout.buffer.write(drawn)
"""


class PictureError(ValueError):
    """Bytes that are no picture, or one that is refused: too large, or reaching beyond itself."""


def kind_of(data: bytes) -> str | None:
    """The kind of a file by its first bytes: svg, png, jpeg, webp, gif, bmp, tiff, pdf, heic, or json, as
    what holds a resource is, base64 by itself, too; None for anything else."""
    if found := [kind for start, kind in _STARTS.items() if data.startswith(start)]:
        return found[0]
    if data[8:12] == b"WEBP" or data[4:8] == b"ftyp":
        return "webp" if data[8:12] == b"WEBP" else "heic"
    text = _text(data[:4000]).strip("\ufeff \t\r\n")
    if text.startswith("<"):
        return "svg" if "svg" in text else None
    return "json" if re.match(r"[{\[\"]|data:|[\w+/=\s-]{8,}$", text) else None


def _text(data: bytes) -> str:
    """XML as text, in the character set that it begins with or declares, else UTF-8."""
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    declared = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*['\"]([\w.-]{1,20})", data)
    name = next((its for mark, its in marks.items() if data.startswith(mark)), None)
    name = name or (declared[1].decode() if declared else "utf-8")
    with suppress(LookupError):  # no such character set
        return data.decode("utf-8" if name.lower().startswith("utf-16") and declared else name, "replace")
    return data.decode("utf-8", "replace")


def rasterized(data: bytes) -> tuple[np.ndarray, float]:
    """A picture as uint8 height×width on white, and its pixels for one of the file's or a unit of an SVG.
    That is drawn 800 to 1,600 wide; others of 400 at most are enlarged, beyond 12 million pixels reduced.
    PictureError for what is refused."""
    if len(data) > MOST_BYTES:
        raise PictureError(f"picture must have at most {MOST_BYTES:,} bytes, not {len(data):,}")
    kind = kind_of(data)
    if kind == "svg":
        text = _text(data).lstrip("\ufeff")
        (width, height), unit = _checked(text)
        least = 800 * unit / max(width, height)
        zoom = (ceil(least) if least > 0.5 else 2 * least) / unit  # so that a module's edges are a pixel's
        sides = [str(max(1, round(side * zoom))) for side in (width, height)]
        return _on_white(_drawn("svg", text.encode(), *sides), "png")[0], zoom
    if kind == "pdf":
        _needed("pypdfium2", "a PDF")
        data, kind = _drawn("pdf", data, str(_ENOUGH_PIXELS)), "ppm"
    if kind == "heic":
        _needed("pillow_heif", "an HEIC").register_heif_opener()
        kind = "heif"
    if kind in (None, "json"):
        allowed = "an SVG, PNG, JPEG, WebP, GIF, BMP, TIFF, PDF or HEIC"
        raise PictureError(f"picture must be {allowed}, and is none of them")
    image, zoom = _on_white(data, str(kind))
    larger = max(1, 800 // max(image.shape))
    return image.repeat(larger, axis=0).repeat(larger, axis=1), larger * zoom


def dpi_of(data: Any) -> float | None:
    """The dots per inch that a file of pixels says of itself; None for none, a screen's, and no file."""
    with suppress(Exception), Image.open(io.BytesIO(data)) as opened:  # a decoder may raise anything
        dpi = float(opened.info["dpi"][0])
        return dpi if dpi > _SCREEN_DPI else None
    return None


def _needed(module: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        first = f"which needs a library; first: pip install {module}, or save it as PNG"
        raise PictureError(f"picture is {what}, {first}") from None


def _on_white(data: bytes, kind: str) -> tuple[np.ndarray, float]:
    """A picture of pixels as grey on white, turned as it was held; and its pixels for one of the file's."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=[kind]) as opened:
            pixels, came = opened.width * opened.height, f"{opened.width:,} × {opened.height:,}"
            if pixels <= _MOST_PIXELS:
                less = ceil(sqrt(pixels / _ENOUGH_PIXELS))
                return np.array(_grey(opened, less)), 1 / less
    except Image.DecompressionBombError:
        came = "many more"
    except Exception as problem:  # whatever a decoder raises on a broken file
        came = type(problem).__name__
        raise PictureError(f"picture must be a {kind.upper()} that can be read: {came}") from None
    raise PictureError(f"picture must have at most {_MOST_PIXELS:,} pixels, not {came}")


def _grey(opened: Image.Image, less: int) -> Image.Image:
    if opened.mode.startswith(("I", "F")):  # 16 bits or more; of fewer they may hold what a camera gave
        deep = np.asarray(opened)[::less, ::less] / (257 if opened.mode.startswith("I") else 1)
        return Image.fromarray(deep.clip(0, 255).astype(np.uint8))
    wide = opened.width
    opened.draft("L", (wide // less, opened.height // less))  # of a JPEG, which spares memory
    less = max(1, less * opened.width // wide)
    clear = opened.has_transparency_data
    picture = opened.convert("RGBA") if clear and "A" not in opened.mode else opened
    parts = [picture.convert("L"), *([picture.getchannel("A")] if clear else [])]  # of less memory than both
    grey, *opaque = (ImageOps.exif_transpose(x.reduce(less) if less > 1 else x) for x in parts)
    white = Image.new("L", grey.size, 255)
    return Image.composite(grey, white, *opaque or [white])


def _drawn(kind: str, data: bytes, *numbers: str) -> bytes:
    """A PNG of it, or a PGM; see _DRAW."""
    command, must = [sys.executable, "-I", "-c", _DRAW, kind, *numbers], f"picture must be a {kind.upper()}"
    try:
        drawn = subprocess.run(command, input=data, capture_output=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise PictureError(f"{must} that can be drawn in {_SECONDS} seconds") from None
    if drawn.returncode:
        raise PictureError(f"{must} that can be drawn, and can't be")
    return drawn.stdout


def _refuse(what: str) -> NoReturn:
    raise PictureError(f"picture must be an SVG that needs nothing from elsewhere: {what} is refused")


def _checked(text: str) -> tuple[tuple[float, float], float]:
    """Width and height of a well-formed SVG and the unit of what it draws, in px; PictureError for one that
    reaches beyond itself."""
    sizes: list[tuple[tuple[float, float], float]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local in _REFUSED:
            _refuse(_REFUSED[local])
        for key, value in attributes.items():
            if key.rpartition(":")[2] in ("href", "src") and local != "a" and not value.startswith("#"):
                _refuse("a link to elsewhere")
            if key.lower().startswith("on"):
                _refuse("a script")
            if _ELSEWHERE.search(value):
                _refuse("a reference to elsewhere")
        if not sizes:
            sizes.append(_size(attributes))

    parser = expat.ParserCreate("utf-8")  # as it is drawn, whatever it declares
    parser.buffer_text, parser.StartElementHandler = True, start
    parser.ProcessingInstructionHandler = lambda *_: _refuse("a style sheet of another file")
    parser.EntityDeclHandler = lambda *_: _refuse("an entity")
    parser.CharacterDataHandler = lambda said: _ELSEWHERE.search(said) and _refuse("a reference to elsewhere")
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as problem:
        raise PictureError(f"picture must be well-formed XML: {expat.ErrorString(problem.code)}") from None
    return sizes[0]


def _size(attributes: dict[str, str]) -> tuple[tuple[float, float], float]:
    """Width and height of an SVG, and a unit of its viewBox or else of its width, in px."""
    box = re.findall(r"[-+.\d]+(?:e[-+]?\d+)?", attributes.get("viewBox", ""))
    given = [attributes.get("width", ""), attributes.get("height", "")]
    sizes = [re.fullmatch(r"\s*(\d*\.?\d+(?:e[-+]?\d+)?)\s*(px|mm|cm|in|pt|pc)?\s*", text) for text in given]
    try:
        units = [_UNITS[size[2] or ""] for size in sizes if size]
        whole = [float(size[1]) * unit for size, unit in zip(filter(None, sizes), units)]
        width, height = whole if len(whole) == 2 else map(float, box[2:4])
        unit = width / float(box[2]) if len(box) == 4 else units[0]
    except (ValueError, ZeroDivisionError, IndexError):
        raise PictureError("picture must be an SVG with a width and a height, or a viewBox") from None
    if not (0 < width < 1e6 and 0 < height < 1e6 and 0.1 < width / height < 10 and 0 < unit < 1e6):
        raise PictureError(f"picture must be an SVG of ordinary size, not {width:g} × {height:g}")
    return (width, height), unit
