"""A contact sheet: all photographs, small, with what was read of each symbol."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from qrlab.pictures.pixels import PictureError, rasterized
from qrlab.sheets.photos import Photos

_WIDE, _HIGH, _ACROSS, _MOST = 360, 300, 4, 200  # px of a picture, pictures in a row, pictures in all
_COLOURS = ("#c0392b", "#e08e0b", "#1f7a4d")  # read by none, by some, by all


def contact_sheet(photos: Photos, file: str | Path) -> None:
    """Draw the first 200 photographs with their symbols outlined: green: all readers read it, orange: some,
    red: none.  It shows the codes themselves.  file: a PNG; ValueError for one in the folder of the
    photographs, where it would be taken for one."""
    if Path(file).resolve().is_relative_to(photos.folder.resolve()):
        raise ValueError(
            f"contact sheet must be outside of {photos.folder}, where it would be read, not {file}"
        )
    if Path(file).suffix.lower() != ".png":
        raise ValueError(f"contact sheet must be a PNG, not {file}")
    names = photos.photographs.photograph.head(_MOST)
    rows = -(-len(names) // _ACROSS)
    sheet = Image.new("RGB", (_WIDE * _ACROSS, _HIGH * rows), "white")
    read = (
        photos.readings.assign(ok=photos.readings.outcome == "ok").groupby(["photograph", "symbol"]).ok.mean()
    )
    for k, name in enumerate(names):
        left, top = k % _ACROSS * _WIDE, k // _ACROSS * _HIGH
        mine = photos.symbols[photos.symbols.photograph == name]
        colours = [_COLOURS[int(np.sign(share) + (share == 1))] for share in read.get(name, [])]
        outlined = list(zip(mine.get("corners", []), colours))
        sheet.paste(_picture(photos.folder / name, outlined), (left + 4, top + 20))
        ImageDraw.Draw(sheet).text((left + 4, top + 3), name, "black", ImageFont.load_default(12))
    sheet.save(file, "PNG")


def _picture(file: Path, outlined: list) -> Image.Image:
    try:
        image, _ = rasterized(file.read_bytes())
    except (PictureError, OSError):
        return Image.new("RGB", (_WIDE - 8, _HIGH - 24), "#dddddd")
    less = min((_WIDE - 8) / image.shape[1], (_HIGH - 24) / image.shape[0])
    small = Image.fromarray(image).convert("RGB").resize([max(1, round(x * less)) for x in image.shape[::-1]])
    for corners, colour in outlined:
        if isinstance(corners, list):  # a code without a place has none
            points = [(x * less, y * less) for x, y in [*corners, corners[0]]]
            ImageDraw.Draw(small).line(points, colour, 3)
    return small
