"""Photographs of a sheet by another camera, read back: places, rates, camera and prediction."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from other_camera import Shot, effective, photographed, saved, truth
from PIL import Image

import qrlab as qr
from qrlab import sheets
from qrlab.optics import place, project
from qrlab.sheets.camera import fitted, tilt_of
from qrlab.sheets.contact import contact_sheet
from qrlab.sheets.photos import Photos, twice_clustered
from qrlab.sheets.places import locate, square
from qrlab.sheets.prediction import beside, predicted, scores

PAPER = (150.0, 110.0)
CAMERA = {"width_px": 1600, "height_px": 1200, "distortion": 0.015, "sharpen": 0.3}
SHOT = Shot(1, 180, (75, 55), 8, 30, 5, 0.8, 0, 0.8, 0.1, 0.01, 92, 1)
SHOTS = [
    SHOT,
    replace(SHOT, distance_mm=240, orientation=6, tilt_deg=15),
    replace(SHOT, distance_mm=210, turn_deg=170),
]


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """A folder with a sheet's plan and three photographs; one symbol is overprinted: none can read it."""
    folder = tmp_path_factory.mktemp("photos")
    made = tmp_path_factory.mktemp("sheet") / "s.png"
    asked = {"mm": [24], "levels": "LH", "damage": {"scratch": [0, 0.04]}, "copies": 2, "paper": PAPER}
    plan = qr.sheet(made, "https://www.example.org/", **asked)
    with Image.open(made) as opened:
        page = np.array(opened.convert("L"))
    row = plan[(plan.what == "symbol") & (plan.damage == "none") & (plan.level == "L")].iloc[0]
    x, y, side = (round(mm * 600 / 25.4) for mm in (row.x_mm, row.y_mm, row.side_mm))
    page[y + side // 8 : y + side - side // 8, x + side // 8 : x + side - side // 8] = 0
    for k, shot in enumerate(SHOTS):
        saved(photographed(page, PAPER, shot, seed=k, **CAMERA), folder / f"{k}.jpg", shot)
    shutil.copy(made.with_suffix(".csv"), folder)
    return folder, plan, int(row.number)


@pytest.fixture(scope="module")
def found(taken) -> Photos:
    return qr.photos(taken[0], jobs=1)


def cover(image: np.ndarray, quads, grey: int) -> None:
    """Paint over what these corners frame."""
    for at in quads:
        low, high = np.maximum(at.min(axis=0), 0).astype(int), np.ceil(at.max(axis=0)).astype(int)
        image[low[1] : high[1], low[0] : high[0]] = grey


def test_every_symbol_is_found_where_it_is_also_what_can_not_be_read(taken, found):
    _, plan, lost = taken
    symbols = plan[plan.what == "symbol"].set_index("number")
    assert len(found.symbols) == len(SHOTS) * len(symbols) == 24
    for row in found.symbols.itertuples():
        right = truth(SHOTS[int(row.photograph[0])], square(symbols.loc[row.symbol]), **CAMERA) + 0.5
        assert np.abs(right - np.array(row.corners)).max() < 0.25 * row.px_per_module + 1
    outcomes = found.readings[found.readings.symbol == lost].outcome
    assert len(outcomes) == 6
    assert set(outcomes) == {"unread"}


def test_rates_are_those_that_were_planted(found):
    table = found.rates(["level", "damage"]).set_index(["level", "damage"])
    assert table.rate["L", "none"] == 0.5
    assert table.rate["H", "none"] == 1
    assert (table.photographs == 3).all()
    assert (table.symbols == 2).all()
    assert ((table.low < table.rate) & (table.rate <= table.high)).all()


def test_camera_and_print_are_as_planted(found):
    for shot, told in zip(SHOTS, found.told.itertuples()):
        its = effective(shot, **CAMERA)
        assert told.tilt_deg == pytest.approx(shot.tilt_deg, abs=0.7)
        assert told.distance_mm == pytest.approx(shot.distance_mm, rel=0.03)
        assert np.hypot(told.lens_blur_px, 12**-0.5) == pytest.approx(its["sigma_px"], rel=0.12)
        noise = np.hypot(its["paper_noise"], its["ink_noise"]) / 2**0.5
        assert told.noise == pytest.approx(noise, rel=0.35)
        assert told.contrast / 0.85 == pytest.approx(1 - 0.06 / 0.86, abs=0.04)
    camera = found.found.camera
    assert camera.px_per_mm == pytest.approx(
        CAMERA["width_px"] / 2 / np.tan(np.radians(32.5)) / 210, rel=0.03
    )
    assert found.found.table.set_index("parameter").loc["tilt_deg", "photographs"] == 3
    assert qr.SCENARIOS["office-page"].change(camera=camera).camera.lens_blur_px == camera.lens_blur_px


@pytest.mark.parametrize(
    ("px_per_module", "blur", "tilt", "spread", "noise"),
    [
        (12, 1.0, 0, 0, 0.01),
        (5, 0.8, 20, 0.03, 0.02),
        (3, 0.7, 10, -0.02, 0.01),
        (8, 2.5, 30, 0, 0.01),
    ],
)
def test_what_is_simulated_is_found_again(px_per_module, blur, tilt, spread, noise):
    symbol = qr.make("https://www.example.org/menu/175000", "M")
    printed = qr.Print(25, ink_spread_mm=spread)
    mm, n = printed.module_mm(symbol.size), symbol.size
    camera = qr.Camera(px_per_module / mm, 4000, 3000, lens_blur_px=blur, tilt_deg=tilt, tilt_axis_deg=40,
                       rotation_deg=15, sway_deg=0, noise=noise, exposure=0.8)  # fmt: skip
    corners = project(
        place(n, printed, camera, np.random.default_rng(3))[0], [(0, 0), (n, 0), (n, n), (0, n)]
    )
    start = corners + np.random.default_rng(0).normal(0, 0.2 * px_per_module, (4, 2))
    fit = fitted(qr.photograph(symbol, printed, camera, 3), start, symbol.modules)
    assert np.abs(fit.corners - corners).max() < 0.1
    assert fit.px_per_module == pytest.approx(px_per_module, rel=0.002)
    assert fit.blur_px == pytest.approx(blur, rel=0.05)
    assert fit.tilt_deg == pytest.approx(tilt, abs=0.8)
    assert fit.rotation_deg == pytest.approx(15, abs=0.3)
    assert fit.spread * mm == pytest.approx(spread, abs=0.004)
    assert fit.noise == pytest.approx(noise, rel=0.2)
    assert fit.paper == pytest.approx(0.8 * 0.85, rel=0.02)
    assert fit.ink == pytest.approx(0.8 * 0.05, abs=0.01)


def test_a_tilt_is_told_from_a_projection():
    for tilt in (0, 10, 40):
        turned = qr.Camera(10, tilt_deg=tilt, sway_deg=0)
        matrix, shape = place(25, qr.Print(20), turned, 0)
        assert tilt_of(matrix, turned.focal_px, shape) == pytest.approx(tilt, abs=0.5)


def test_nothing_of_a_photograph_of_another_sheet_counts(taken, tmp_path):
    folder, _, _ = taken
    asked = {"mm": [24], "levels": "LH", "copies": 2, "paper": PAPER, "seed": 5}
    other = qr.sheet(tmp_path / "o.pdf", "https://www.example.org/", **asked)
    with pytest.raises(ValueError, match="plan must be of the sheet that was photographed"):
        qr.photos(folder, other, jobs=1)


def test_marks_alone_tell_the_place(taken):
    folder, plan, _ = taken
    with Image.open(folder / "0.jpg") as opened:
        image = np.array(opened.convert("L"))
    clear = locate(image, plan)
    cover(image, (clear.corners[number] for number in clear.read), 120)
    blind = locate(image, plan)
    assert not blind.read
    assert blind.corners.keys() == clear.corners.keys()
    for number, at in blind.corners.items():
        assert np.abs(at - clear.corners[number]).max() < 4


def test_differences_are_paired(found):
    table = found.differences("level").iloc[0]
    assert (table.a, table.b) == ("L", "H")
    frame = found.readings.assign(ok=found.readings.outcome == "ok")
    keys = ["photograph", "reader", "damage", "copy"]
    wide = frame.pivot_table(index=keys, columns="level", values="ok", observed=True)
    assert table.difference == pytest.approx((wide["H"].astype(float) - wide["L"].astype(float)).mean())
    assert table.low < table.difference < table.high
    assert table.pairs == len(wide)


def test_what_was_simulated_stands_beside(found):
    readings = predicted(found, 3, jobs=1)
    assert len(readings) == len(found.readings)
    assert readings.predicted.between(0, 1).all()
    good = readings[(readings.damage == "none") & (readings.level == "H")]
    assert good.predicted.mean() > 0.9
    table = beside(readings, ["level"])
    assert set(table.verdict) <= {"agrees", "too few", "too hopeful", "too gloomy"}
    np.testing.assert_allclose(table.difference, table.rate - table.predicted)
    told = scores(readings, ["level"])
    assert told["readings"] == len(readings)
    assert -0.05 < told["brier"] < 1


def test_the_brier_score_of_a_perfect_forecast_is_0_however_few_are_simulated():
    rng = np.random.default_rng(0)
    chance = rng.random(40_000)
    table = pd.DataFrame({"outcome": np.where(rng.random(40_000) < chance, "ok", "unread"), "simulated": 4})
    table["predicted"] = rng.binomial(4, chance) / 4
    table[["photograph", "symbol", "level"]] = 0
    assert scores(table, ["level"])["brier"] == pytest.approx(np.mean(chance * (1 - chance)), abs=0.005)


def test_an_interval_knows_what_hangs_together():
    rng, wide, narrow = np.random.default_rng(0), 0, 0
    for _ in range(300):
        photo, symbol = np.repeat(np.arange(12), 10), np.tile(np.arange(10), 12)
        values = rng.normal(0, 0.1, 12)[photo] + rng.normal(0, 0.1, 10)[symbol] + rng.normal(0, 0.1, 120)
        _, low, high = twice_clustered(values, pd.Series(photo), pd.Series(symbol))
        wide += low <= 0 <= high
        _, low, high = twice_clustered(values, pd.Series(range(120)), pd.Series(range(120)))
        narrow += low <= 0 <= high
    assert wide > 0.9 * 300 > narrow


def test_a_run_goes_on_where_it_was(taken, tmp_path, monkeypatch):
    folder, _, _ = taken
    first = qr.photos(folder, jobs=1, cache=tmp_path)
    monkeypatch.setattr(sheets.reading, "_looked_at", None)
    again = qr.photos(folder, jobs=1, cache=tmp_path)
    pd.testing.assert_frame_equal(first.readings, again.readings)


def test_a_photograph_counts_once_and_a_bad_file_costs_one_row(taken, tmp_path):
    folder, plan, _ = taken
    shutil.copy(folder / "0.jpg", tmp_path / "a.jpg")
    shutil.copy(folder / "0.jpg", tmp_path / "b.jpg")
    (tmp_path / "c.jpg").write_bytes(b"no picture")
    Image.new("L", (300, 300), 200).save(tmp_path / "d.png")
    found = qr.photos(tmp_path, plan, jobs=1)
    assert found.again == {"b.jpg": "a.jpg"}
    why = found.photographs.set_index("photograph").why_not
    assert list(why.index) == ["a.jpg", "c.jpg", "d.png"]
    assert why["a.jpg"] == ""
    assert "is none of them" in why["c.jpg"]
    assert why["d.png"] == "no whole symbol of the sheet is found"
    assert set(found.readings.photograph) == {"a.jpg"}


@pytest.mark.parametrize("readers", ["nobody", ["zxing", "nobody"]])
def test_readers_that_are_not_there(taken, readers):
    with pytest.raises(ValueError, match="readers"):
        qr.photos(taken[0], readers=readers)


def test_a_folder_without_photographs_or_with_two_plans(taken, tmp_path):
    with pytest.raises(ValueError, match="folder must have photographs"):
        qr.photos(tmp_path)
    for name in ("a.csv", "b.csv"):
        shutil.copy(taken[0] / "s.csv", tmp_path / name)
    shutil.copy(taken[0] / "0.jpg", tmp_path)
    with pytest.raises(ValueError, match="plan must be given"):
        qr.photos(tmp_path)
    with pytest.raises(ValueError, match="plan must be a CSV that qrlab sheet wrote"):
        qr.photos(tmp_path, tmp_path / "none.csv")


def test_what_counts_in_no_rate_is_said(taken, tmp_path):
    shutil.copy(taken[0] / "0.jpg", tmp_path / "a.jpg")
    Image.new("L", (300, 300), 200).save(tmp_path / "b.png")
    assert "1 of 2 photographs" in qr.photos(tmp_path, taken[1], jobs=1).unseen()
    assert qr.photos(taken[0], jobs=1).unseen() == ""


def test_the_sheet_itself_is_no_photograph(taken, tmp_path):
    shutil.copy(taken[0] / "0.jpg", tmp_path / "a.jpg")
    asked = {"mm": [24], "levels": "LH", "damage": {"scratch": [0, 0.04]}, "copies": 2, "paper": PAPER}
    plan = qr.sheet(tmp_path / "s.png", "https://www.example.org/", **asked)
    found = qr.photos(tmp_path, plan, jobs=1)
    assert set(found.readings.photograph) == {"a.jpg"}
    assert found.photographs.why_not.tolist() == ["", "it is the sheet itself, and no photograph"]


def test_another_code_in_view_does_not_hide_the_failures(taken, tmp_path):
    with Image.open(taken[0] / "0.jpg") as opened:
        image = np.array(opened.convert("L"))
    clear = locate(image, taken[1])
    cover(image, clear.corners.values(), 120)
    poster = qr.render(qr.make("https://www.example.org/poster", "L").modules, 4)
    image[: len(poster), : len(poster)] = poster
    found = locate(image, taken[1])
    assert found.others == 1
    assert found.corners.keys() == clear.corners.keys()


def test_from_a_single_mark_only_what_is_near_is_told(taken):
    with Image.open(taken[0] / "0.jpg") as opened:
        image = np.array(opened.convert("L"))
    clear = locate(image, taken[1])
    cover(image, clear.corners.values(), 160)
    rows = taken[1][taken[1].what == "mark"].iloc[1:]  # all marks but the first
    cover(image, (truth(SHOT, square(row, 1), **CAMERA) for _, row in rows.iterrows()), 160)
    found = locate(image, taken[1])
    assert found.marks == 1
    assert len(found.corners) < len(clear.corners)
    assert found.unsure > 0


def test_without_a_plan_a_text_says_what_is_right(tmp_path):
    camera = qr.Camera(12, 1600, 1200)
    for k, level in enumerate("LH"):
        picture = qr.photograph(qr.make(f"text {k}", level), qr.Print(25), camera, k)
        Image.fromarray(picture).save(tmp_path / f"{k}.png")
    (tmp_path / "0.txt").write_text("text 0")
    (tmp_path / "1.txt").write_text("another")
    found = qr.photos(tmp_path, jobs=1)
    assert set(found.readings.outcome[found.readings.photograph == "0.png"]) == {"ok"}
    assert set(found.readings.outcome[found.readings.photograph == "1.png"]) == {"misread"}
    assert found.symbols.level.tolist() == ["L", "H"]
    assert (found.symbols.unused == 1).all()
    assert found.codes.read_by.tolist() == ["zxing zbar", "–"]
    Image.new("L", (300, 300), 200).save(tmp_path / "2.png")
    more = qr.photos(tmp_path, jobs=1)
    assert more.unseen() == ""  # it counts, as unread
    assert set(more.readings.outcome[more.readings.photograph == "2.png"]) == {"unread"}
    assert found.symbols.blur_px.tolist() == pytest.approx([0.5, 0.5], abs=0.1)
    with pytest.raises(ValueError, match="plan must be given for a camera"):
        _ = found.found


def test_the_contact_sheet_shows_what_was_read(found, tmp_path):
    contact_sheet(found, tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as opened:
        colours = {colour for _, colour in opened.convert("RGB").getcolors(1 << 24)}
    assert {(0x1F, 0x7A, 0x4D), (0xC0, 0x39, 0x2B)} <= colours
    with pytest.raises(ValueError, match="outside of"):
        contact_sheet(found, found.folder / "c.png")


def test_the_camera_that_was_found_is_kept_as_json(found, tmp_path):
    found.found.save(tmp_path / "found.json")
    said = json.loads((tmp_path / "found.json").read_text())
    assert qr.Camera(**said["camera"]) == found.found.camera
    assert qr.Print(**said["print"]) == found.found.print
