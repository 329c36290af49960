"""Picture files to pixels: SVG by resvg, PNG and JPEG by Pillow; within limits, with no network, no files."""

import codecs
import io
import re
import subprocess
import sys
import warnings
from typing import NoReturn
from xml.parsers import expat

import numpy as np
from PIL import Image, ImageOps

MOST_BYTES = 20_000_000  # of a picture
_MOST_PIXELS = 60_000_000
_MOST_ELEMENTS = 30_000  # of an SVG; a version 40 symbol with a rect for each dark module has some 16,000
_MOST_PATH = 250_000  # characters in all; a version 40 symbol as one path has some 200,000
_DEEPEST = 32
_SECONDS = 10  # for drawing
_SHAPES = {"svg", "g", "defs", "title", "desc", "metadata", "rect", "path", "polygon", "polyline", "line"}
_SHAPES |= {"circle", "ellipse"}
_LOOKS = {"x", "y", "width", "height", "x1", "y1", "x2", "y2", "r", "rx", "ry", "cx", "cy", "d", "points"}
_LOOKS |= {"fill", "fill-rule", "stroke", "stroke-width", "transform", "viewBox", "preserveAspectRatio"}
_LOOKS |= {"shape-rendering", "version", "baseProfile", "id", "class", "role", "xmlns"}
# In a process of its own, which can be ended: how long drawing takes can't be told from an SVG.
_DRAW = """
import sys, resvg_py
width, height = map(int, sys.argv[1:])
options = {"width": width, "height": height, "background": "white", "skip_system_fonts": True}
sys.stdout.buffer.write(bytes(resvg_py.svg_to_bytes(svg_string=sys.stdin.buffer.read().decode(), **options)))
"""


class PictureError(ValueError):
    """Bytes that are no SVG, PNG or JPEG, or one that is refused: too large, or reaching beyond itself."""


def kind_of(data: bytes) -> str | None:
    """The kind of a file by its first bytes: svg, png, jpeg or json; None for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    start = data.removeprefix(codecs.BOM_UTF8).lstrip()[:1000]
    if start.startswith(b"{") or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "json"
    return "svg" if start.startswith(b"<") and b"svg" in start else None


def rasterized(data: bytes) -> tuple[np.ndarray, float]:
    """A picture as uint8 height×width on white, and its pixels for one of the file's or a unit of an SVG.
    That is drawn 1,600 wide or high, others of at most 400 are enlarged.  PictureError for what is refused.
    """
    if len(data) > MOST_BYTES:
        raise PictureError(f"picture must have at most {MOST_BYTES:,} bytes, not {len(data):,}")
    kind = kind_of(data)
    if kind == "svg":
        return _drawn(data)
    if kind not in ("png", "jpeg"):
        raise PictureError("picture must be an SVG, a PNG or a JPEG, and is none of them")
    image = _on_white(data, kind)
    larger = max(1, 800 // max(image.shape))
    return image.repeat(larger, axis=0).repeat(larger, axis=1), float(larger)


def _on_white(data: bytes, kind: str) -> np.ndarray:
    """A PNG or JPEG as gray on white, turned as it was held."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=[kind]) as opened:
            came = f"{opened.width:,} × {opened.height:,}"
            if opened.width * opened.height <= _MOST_PIXELS:
                deep = opened.mode.startswith("I")  # 16 bits
                eight = Image.fromarray((np.asarray(opened) / 257).astype(np.uint8)) if deep else opened
                picture = ImageOps.exif_transpose(eight)
                if picture.has_transparency_data:
                    white = Image.new("RGBA", picture.size, "white")
                    picture = Image.alpha_composite(white, picture.convert("RGBA"))
                return np.array(picture.convert("L"))
    except Image.DecompressionBombError:
        came = "many more"
    except Exception as problem:  # whatever a decoder raises on a broken file
        why = type(problem).__name__
        raise PictureError(f"picture must be a {kind.upper()} that can be read: {why}") from None
    raise PictureError(f"picture must have at most {_MOST_PIXELS:,} pixels, not {came}")


def _drawn(data: bytes) -> tuple[np.ndarray, float]:
    """An SVG by resvg, which loads what that refers to and allocates what it asks for, so look first."""
    width, height = _Check(data).size
    zoom = 1600 / max(width, height)
    size = [str(max(1, round(side * zoom))) for side in (width, height)]
    command, text = [sys.executable, "-I", "-c", _DRAW, *size], data.removeprefix(codecs.BOM_UTF8)
    try:
        drawn = subprocess.run(command, input=text, capture_output=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise PictureError(f"picture must be an SVG that can be drawn in {_SECONDS} seconds") from None
    if drawn.returncode:
        raise PictureError("picture must be an SVG that can be drawn, and resvg can't")
    return _on_white(drawn.stdout, "png"), zoom


class _Check:
    """An SVG of plain shapes, and its size; PictureError for anything that could reach beyond it."""

    def __init__(self, data: bytes) -> None:
        self.size = (0.0, 0.0)
        self._open: list[str] = []
        self._elements = self._path = 0
        parser = expat.ParserCreate("utf-8")  # as it is drawn, whatever it declares
        parser.StartElementHandler, parser.EndElementHandler = self._start, lambda _: self._open.pop()
        parser.StartDoctypeDeclHandler = lambda *_: self._refuse("a document type")
        parser.ProcessingInstructionHandler = lambda *_: self._refuse("a processing instruction")
        try:
            parser.Parse(data, True)
        except expat.ExpatError as problem:
            said = expat.ErrorString(problem.code)
            raise PictureError(f"picture must be well-formed XML: {said}") from None

    def _refuse(self, what: str) -> NoReturn:
        raise PictureError(f"picture must be an SVG of plain shapes: {what} is refused")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name)
        self._elements += 1
        self._path += len(attributes.get("d", "")) + len(attributes.get("points", ""))
        limits = {
            "one so deep": len(self._open) > _DEEPEST,
            f"more than {_MOST_ELEMENTS:,} elements": self._elements > _MOST_ELEMENTS,
            f"more than {_MOST_PATH:,} characters of path": self._path > _MOST_PATH,
            "one with so many attributes": len(attributes) > len(_LOOKS),
            f"an element {name[:20]!r}": name.rpartition(":")[2] not in _SHAPES,
        }
        for what, beyond in limits.items():
            if beyond:
                self._refuse(what)
        for key, value in attributes.items():
            if "url(" in value.lower():
                self._refuse("a reference")
            if key not in _LOOKS and not key.startswith("xmlns:"):
                self._refuse(f"an attribute {key[:20]!r}")
        if self._elements == 1:
            self.size = _size(attributes)


def _size(attributes: dict[str, str]) -> tuple[float, float]:
    """Width and height of an SVG, in its units."""
    box = re.findall(r"[-+.\d]+(?:e[-+]?\d+)?", attributes.get("viewBox", ""))
    given = [attributes.get("width", ""), attributes.get("height", "")]
    sizes = [re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(px|mm|cm|in|pt|pc)?\s*", text) for text in given]
    try:
        width, height = map(float, [size[1] for size in sizes if size] if all(sizes) else box[2:4])
    except ValueError:
        raise PictureError("picture must be an SVG with a width and a height, or a viewBox") from None
    if not (0 < width < 1e6 and 0 < height < 1e6 and 0.1 < width / height < 10):
        raise PictureError(f"picture must be an SVG of ordinary size, not {width:g} × {height:g}")
    return width, height
