"""Closes the loop, for notebook 08: make reality.

A sheet is photographed by another camera (other_camera.py: other code and other physics than the package's),
read back blind, and held against what was planted; zxing-cpp's 107 photographs are read by every reader.
Writes data/sheet_photographs.csv, data/sheet_readings.csv and data/photograph_readings.csv.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import cv2
import joblib
import numpy as np
import pandas as pd
from other_camera import Shot, effective, photographed, saved, truth
from PIL import Image
from test_reader_photos import PHOTOS

import qrlab as qr
from qrlab.files import data_file, write_whole
from qrlab.readers import PANELS, unavailable
from qrlab.sheets.places import square
from qrlab.sheets.prediction import predicted

A4, DPI, SEED = (210.0, 297.0), 600, 8
CAMERA = {"fov_deg": 70.0, "distortion": 0.015, "ink_spread_mm": 0.01}
FILM_MM = 25  # 70 degrees across the longer side, in whole millimetres as files have it
DISTANCES_MM, EACH = (100, 200, 400, 600), 8
DESTROYED = {"L": 4, "M": 3, "Q": 2, "H": 1}  # of the undamaged prints of a level, that nobody can read
SHEET = {"mm": (15, 20, 30), "damage": {"scratch": (0, 0.02, 0.05)}, "copies": 2, "seed": SEED}


def shots(pages: int) -> Iterator[Shot]:
    """What is planted: poses, blur, light and noise drawn at random."""
    rng = np.random.default_rng(SEED)
    for distance in DISTANCES_MM:
        for k in range(EACH):
            near = distance <= 200
            aim = (rng.uniform(50, 160), rng.uniform(40, 200)) if near else (105.0, 130.0)
            pose = {"tilt_deg": rng.uniform(0, 25), "tilt_axis_deg": rng.uniform(0, 180)}
            lens = {"lens_sigma_px": rng.uniform(0.6, 1.4), "defocus_px": 3.0 if distance == 100 else 0.0}
            light = {"light": rng.uniform(0.5, 0.95), "gradient": rng.uniform(0, 0.3)}
            file = {"jpeg_quality": int(rng.integers(85, 96)), "orientation": int(rng.choice([1, 3, 6, 8]))}
            more = pose | lens | light | file | {"noise": rng.uniform(0.003, 0.02)}
            yield Shot(1 + k % pages, float(distance), aim, turn_deg=rng.uniform(-20, 20), **more)


def destroyed(plan: pd.DataFrame) -> list[int]:
    """Symbols that are overprinted, so that it is known, without any reader, that none can be read."""
    rng, found = np.random.default_rng(SEED + 1), []
    good = plan[(plan.what == "symbol") & (plan.damage == "none")]
    for level, number in DESTROYED.items():
        found += rng.choice(good.number[good.level == level], number, replace=False).tolist()
    return found


def pages(file: Path, plan: pd.DataFrame, overprinted: list[int]) -> list[np.ndarray]:
    """The sheet as printed, with a black disc on each symbol that is destroyed."""
    images = []
    for page in range(1, plan.page.max() + 1):
        name = file.with_stem(f"{file.stem}-{page}") if plan.page.max() > 1 else file
        image = np.array(Image.open(name).convert("L"))
        for row in plan[
            (plan.page == page) & (plan.what == "symbol") & plan.number.isin(overprinted)
        ].itertuples():
            middle = [round((at + row.side_mm / 2) * DPI / 25.4) for at in (row.x_mm, row.y_mm)]
            cv2.circle(image, middle, round(0.4 * row.side_mm * DPI / 25.4), 0, -1)
        images.append(image)
    return images


def shoot(page: np.ndarray, shot: Shot, file: Path, seed: int) -> dict[str, float]:
    """One photograph, written; what an edge and flat fields in it show."""
    cv2.setNumThreads(1)
    saved(photographed(page, A4, shot, seed=seed, **CAMERA), file, shot, FILM_MM)
    return effective(shot, seed=seed, **CAMERA)


def of_sheet(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Planted and found, a row a photograph; and every reading, with its prediction."""
    plan = qr.sheet(folder / "sheet.png", "https://www.example.org/asset/", **SHEET)
    overprinted = destroyed(plan)
    printed = pages(folder / "sheet.png", plan, overprinted)
    taken, there = list(shots(len(printed))), folder / "photos"
    there.mkdir()
    names = [f"{k:02}.jpg" for k in range(len(taken))]
    edges = joblib.Parallel(n_jobs=-1)(
        joblib.delayed(shoot)(printed[shot.page - 1], shot, there / name, k)
        for k, (shot, name) in enumerate(zip(taken, names))
    )
    found = qr.photos(there, plan)
    rows = []
    symbols = plan[plan.what == "symbol"].set_index("number")
    for shot, name, edge in zip(taken, names, edges):
        mine, its = found.symbols[found.symbols.photograph == name], found.told.loc[name]
        astray = [
            np.abs(truth(shot, square(symbols.loc[row.symbol]), **CAMERA) + 0.5 - np.array(row.corners)).max()
            for row in mine.itertuples()
        ]
        of_plan = symbols[symbols.page == shot.page]
        whole = sum(_whole(shot, row) for _, row in of_plan.iterrows())
        row = {"photograph": name, "page": shot.page, "planted_distance_mm": shot.distance_mm}
        row |= {
            "found_distance_mm": its.distance_mm,
            "planted_tilt_deg": shot.tilt_deg,
            "found_tilt_deg": its.tilt_deg,
        }
        row |= {
            "planted_blur_px": edge["sigma_px"],
            "found_blur_px": float(np.hypot(its.lens_blur_px, 12**-0.5)),
        }
        row |= {
            "planted_noise": float(np.hypot(edge["paper_noise"], edge["ink_noise"]) / 2**0.5),
            "found_noise": its.noise,
        }
        row |= {"symbols_whole": whole, "symbols_found": len(mine), "astray_px": max(astray, default=np.nan)}
        rows.append(row)
    readings = predicted(found, 8)
    kept = ["photograph", "symbol", "reader", "outcome", "predicted", "simulated", "level", "print_width_mm"]
    kept += ["damage", "severity", "copy", "px_per_module"]
    planted = {name: shot.distance_mm / 10 for name, shot in zip(names, taken)}
    readings = readings[kept].assign(destroyed=readings.symbol.isin(overprinted))
    return pd.DataFrame(rows), readings.assign(distance_cm=readings.photograph.map(planted))


def _whole(shot: Shot, row: pd.Series) -> bool:
    """Is the symbol with its quiet zone whole in the picture?  As far as 1 px."""
    outer = truth(shot, square(row, 4 * row.side_mm / (17 + 4 * row.version)), **CAMERA)
    size = (4000, 3000) if shot.orientation in (1, 3) else (3000, 4000)
    return bool((outer >= 1).all() and (outer <= np.array(size) - 1).all())


def of_photographs() -> pd.DataFrame:
    """A row for each of the real photographs and each reader."""
    names = [name for name in PANELS["all"] if not unavailable(name)]
    found = qr.photos(PHOTOS, readers=names)
    columns = [
        "photograph",
        "reader",
        "outcome",
        "level",
        "version",
        "unused",
        "lost",
        "px_per_module",
        "blur_px",
    ]
    table = found.readings[[*columns, "contrast", "noise"]]
    return table.assign(text=found.readings.text).sort_values(["photograph", "reader"], kind="stable")


def written(name: str, table: pd.DataFrame) -> None:
    """The table, and what the dictionary says of its rows and versions."""
    dictionary = data_file("README.md")
    made_by = ", ".join(f"{library} {version}" for library, version in qr.versions().items())
    said = rf"(?s)(## {name}\.csv\n.*?- Rows: )[\d,]+(\n.*?- Versions: )[^\n]+"
    now = rf"\g<1>{len(table):,}\g<2>{made_by}; {date.today().isoformat()}"
    text = re.sub(said, now, dictionary.read_text(encoding="utf-8"), count=1)
    write_whole(dictionary, text)
    write_whole(data_file(f"{name}.csv"), table.round(4).to_csv(index=False, lineterminator="\n"))


def main() -> None:
    """All three tables; the third where the photographs are."""
    with tempfile.TemporaryDirectory() as folder:
        photographs, readings = of_sheet(Path(folder))
    written("sheet_photographs", photographs)
    written("sheet_readings", readings)
    print(photographs.round(2).to_string(), file=sys.stderr)
    if PHOTOS.is_dir():
        written("photograph_readings", of_photographs())
    else:
        print(f"make reality: there are no photographs in {PHOTOS}", file=sys.stderr)


if __name__ == "__main__":
    main()
