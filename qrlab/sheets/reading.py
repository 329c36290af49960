"""Photographs read: who reads which symbol, how large and how blurred it is, with a plan or without."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from math import radians, tan
from pathlib import Path
from typing import Any

import cv2
import joblib
import numpy as np
import pandas as pd
from PIL import Image

from qrlab.cache import Cache, code_digest
from qrlab.optics import project
from qrlab.pictures.asked import framed
from qrlab.pictures.codes import find_codes
from qrlab.pictures.corners import to_picture
from qrlab.pictures.measured import measure
from qrlab.pictures.pixels import PictureError, rasterized
from qrlab.progress import progress
from qrlab.readers import PANELS, decode, panel, unavailable, version_of
from qrlab.sheets.camera import fitted, pose, tilt_of
from qrlab.sheets.photos import Photos
from qrlab.sheets.places import locate
from qrlab.sheets.plan import is_plan, page_px, read_plan, symbol_of
from qrlab.symbols import size_of

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".tif", ".tiff", ".bmp", ".gif")
FOV_DEG = 65.0  # of a picture's longer side, where the file doesn't say; of most phones' main camera
_FITTED = 4  # symbols of a photograph from which lens and light are told
_CHARACTER_SETS = ("utf-8", "cp932", "gbk")  # in which the text beside a photograph may be printed
_MOST_PIXELS = 1_500_000  # that a reader is shown
_EXIF, _FILM_MM = 0x8769, 0xA405  # where EXIF has the focal length for film of 36 by 24 mm


def photos(
    folder: str | Path,
    plan: pd.DataFrame | str | Path | None = None,
    *,
    readers: str | Sequence[str] = PANELS["default"],
    jobs: int = -1,
    cache: str | Path | None = None,
) -> Photos:
    """Read a folder of photographs (JPEG, PNG, WebP and others; HEIC where pillow-heif is), each once.

    plan: what `sheet` returned or wrote; None: one that is in the folder.  Then every symbol of it that is
    whole in a photograph is shown to each reader alone, with its quiet zone; if it can't be read, its place
    follows from the marks.  Without a plan readers see the photograph, or its first code where it has several
    or more than 1.5 megapixels; a text file of its name beside it says what is right.
    readers: names and panels; jobs: processes, -1: one per core; cache: a folder for what was read, so that
    who is interrupted goes on.  ValueError for bad input and for photographs of another sheet; a file that
    can't be used costs a row of `photographs`, and no more.
    """
    folder, names = Path(str(folder)), panel(readers)
    if not folder.is_dir():
        raise ValueError(f"folder must be a folder with photographs, not {folder}")
    for name in names:
        if why_not := unavailable(name, "readers"):
            raise ValueError(f"readers must be available, not {name}: {why_not}")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not files:
        raise ValueError(f"folder must have photographs ({', '.join(ENDINGS)}), and {folder} has none")
    table = _plan(folder, plan)
    rows, again = _rows(files, table, names, jobs, cache)
    shown = {file: str(file.relative_to(folder)) for file in files}
    seen = pd.DataFrame([{"photograph": shown[file]} | rows[file]["photograph"] for file in rows])
    symbols = [{"photograph": shown[file]} | symbol for file in rows for symbol in rows[file]["symbols"]]
    if table is None and not symbols:
        raise ValueError(f"folder must have photographs that can be used: {seen.why_not[0]}")
    if table is not None and not symbols:
        came = f"{len(files)} photographs show no whole symbol of it, and {seen.others.sum()} other codes"
        raise ValueError(f"plan must be of the sheet that was photographed: {came}")
    return Photos.of(
        seen, pd.DataFrame(symbols), table, {shown[a]: shown[b] for a, b in again.items()}, folder
    )


def _plan(folder: Path, plan: pd.DataFrame | str | Path | None) -> pd.DataFrame | None:
    there = [file for file in sorted(folder.glob("*.csv")) if is_plan(file)] if plan is None else [plan]
    if len(there) > 1:
        raise ValueError(f"plan must be given, as {folder} holds {len(there)}")
    return read_plan(there[0]) if there else None


def _rows(
    files: list[Path], plan: pd.DataFrame | None, names: Sequence[str], jobs: int, cache: str | Path | None
) -> tuple[dict[Path, dict], dict[Path, Path]]:
    """What each photograph shows, as JSON has it, from the cache or fresh; files that are others again."""
    depends = {"plan": None if plan is None else plan.to_csv(), "code": code_digest("sheets")}
    common = json.dumps(depends | {name: version_of(name) for name in names})
    keys = {
        file: _digest(file) + (_digest(file.with_suffix(".txt")) if plan is None else "") for file in files
    }
    first = {key: file for file, key in reversed(keys.items())}
    with Cache(cache) as store, progress(len(first), "photographs", "photograph") as bar:
        found = {file: store.get(f"{key} {common}") for key, file in first.items()}
        missing = [file for file, row in found.items() if row is None]
        bar.update(len(found) - len(missing))
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
        for file, row in parallel(joblib.delayed(_looked_at)(file, plan, names) for file in missing):
            found[file] = row
            store.put({f"{keys[file]} {common}": row})
            bar.update()
    again = {file: first[key] for file, key in keys.items() if first[key] != file}
    return {file: found[file] for file in files if file in found}, again


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""


def _looked_at(file: Path, plan: pd.DataFrame | None, names: Sequence[str]) -> tuple[Path, dict]:
    """A photograph and its symbols, each with what readers say."""
    cv2.setNumThreads(1)  # other processes work beside this one
    said: dict = {"width_px": None, "height_px": None, "focal_px": None, "marks": 0, "others": 0}
    said |= {"unsure": 0, "tilt_deg": None, "why_not": ""}
    try:
        image, zoom = rasterized(file.read_bytes())
        said |= {"width_px": image.shape[1], "height_px": image.shape[0], "focal_px": _focal_px(file, image)}
        if plan is not None and image.shape == page_px(plan, zoom):
            raise PictureError("it is the sheet itself, and no photograph")
        looked = _of_any(image, zoom, file, names) if plan is None else _of_sheet(image, plan, names, said)
    except (PictureError, OSError, cv2.error, np.linalg.LinAlgError) as problem:  # one costs one row
        return file, {"photograph": said | {"why_not": str(problem)}, "symbols": []}
    return file, {"photograph": said | looked[1], "symbols": looked[0]}


def _focal_px(file: Path, image: np.ndarray) -> float:
    """The focal length in px, by what the file says of it for film, or by FOV_DEG."""
    with suppress(Exception), Image.open(file) as opened:  # a decoder may raise anything
        film_mm = float(opened.getexif().get_ifd(_EXIF)[_FILM_MM])
        return film_mm * float(np.hypot(*image.shape) / np.hypot(36, 24))
    return max(image.shape) / 2 / tan(radians(FOV_DEG) / 2)


def _of_sheet(
    image: np.ndarray, plan: pd.DataFrame, names: Sequence[str], about: dict
) -> tuple[list[dict], dict]:
    """A row for each symbol of the plan that is whole in the photograph, and what is told of that."""
    there, rows = locate(image, plan), []
    mine = plan[plan.what == "symbol"].set_index("number")
    undamaged = [k for k in sorted(there.corners) if mine.damage[k] == "none"]
    good = [k for k in undamaged if k in there.read] or undamaged  # what is not read may be covered
    for k, corners in sorted(there.corners.items()):
        row, n = mine.loc[k], size_of(int(mine.version[k]))
        said: dict[str, Any] = {"symbol": k, "corners": corners.round(2).tolist(), "decoded": k in there.read}
        said["px_per_module"] = pose(corners, n)[0]
        if k in good[:: max(1, len(good) // _FITTED)]:
            said |= _fit(image, corners, symbol_of(row).modules)
        picture = _alone(image, corners, n)
        said["readers"] = {name: _read(picture, name, [row.content.encode()]) for name in names}
        rows.append(said)
    tilt = None if there.matrix is None else tilt_of(there.matrix, about["focal_px"], image.shape)
    why_not = "" if rows else "no whole symbol of the sheet is found"
    told = {"marks": there.marks, "others": there.others, "unsure": there.unsure, "tilt_deg": tilt}
    return rows, told | {"why_not": why_not}


def _fit(image: np.ndarray, corners: np.ndarray, modules: np.ndarray) -> dict:
    fit = fitted(image, corners, modules)._asdict()
    return fit | {"corners": fit["corners"].round(2).tolist()}


def _alone(image: np.ndarray, corners: np.ndarray, n: int) -> np.ndarray:
    """The symbol and its quiet zone, cut out; what else is in the rectangle is painted as its paper is."""
    outer = project(to_picture(corners, n), [(-4, -4), (n + 4, -4), (n + 4, n + 4), (-4, n + 4)])
    low = np.maximum(np.floor(outer.min(axis=0)), 0).astype(int)
    high = np.ceil(outer.max(axis=0)).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    inside = cv2.fillConvexPoly(np.zeros_like(part), np.round(outer - low).astype(np.int32), 1) > 0
    part = np.where(inside, part, np.uint8(np.percentile(part[inside], 75)))
    less = min(1.0, (_MOST_PIXELS / part.size) ** 0.5)
    return part if less == 1 else cv2.resize(part, None, fx=less, fy=less, interpolation=cv2.INTER_AREA)


def _read(picture: np.ndarray, name: str, right: list[bytes]) -> str:
    """A reader's outcome: ok for any of the contents, or for whatever is read where none is given."""
    reading = decode(picture, name)
    if reading.content is None or not right or reading.content in right:
        return reading.outcome
    return "ok" if any(decode(picture, name, content).outcome == "ok" for content in right) else "misread"


def _of_any(image: np.ndarray, zoom: float, file: Path, names: Sequence[str]) -> tuple[list[dict], dict]:
    """A row for the code that a photograph shows, whatever it is."""
    text, right = file.with_suffix(".txt"), []
    for character_set in _CHARACTER_SETS if text.exists() else ():
        with suppress(UnicodeError):
            right.append(text.read_bytes().decode().encode(character_set))
    codes = find_codes(image)
    part, its, less = framed(image, codes, None)
    found, said = measure(part, codes=its), dict[str, Any](symbol=0, text=bool(right))
    if found is not None:
        said |= _fit(part, found.corners, found.modules ^ found.wrong)
        said |= {"level": found.level.value, "version": found.version, "unused": found.unused}
        said |= {"lost": found.lost, "contrast": found.contrast, "quiet_zone": found.quiet_zone}
        said |= {name: said[name] / less / zoom for name in ("px_per_module", "blur_px")}
        said["corners"] = (np.array(said["corners"]) / less).tolist()
    said["readers"] = {name: _read(part, name, right) for name in names}
    return [said], {"others": len(codes), "why_not": "" if codes or found is not None else "no code is found"}
