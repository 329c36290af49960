"""Sheets: what is on them and where, in true millimetres, and the plan that keeps it."""

import cv2
import numpy as np
import pandas as pd
import pypdfium2
import pytest
from PIL import Image

import qrlab as qr
from qrlab.optics import MM_PER_INCH
from qrlab.sheets.plan import MOST_MARKS, damage_of, is_plan, read_plan, symbol_of
from qrlab.sheets.sheet import MARKS, dots

TEXT = "https://www.example.org/menu/"


def symbols(plan: pd.DataFrame) -> pd.DataFrame:
    return plan[plan.what == "symbol"].set_index("number")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A sheet of two pages, its plan and its folder."""
    folder = tmp_path_factory.mktemp("sheet")
    plan = qr.sheet(folder / "a.pdf", TEXT, mm=[15, 30], damage={"scratch": [0, 0.03]}, seed=3)
    return folder, plan


def test_every_condition_is_there_once_in_each_copy(made):
    counts = symbols(made[1]).groupby(["level", "print_width_mm", "damage", "severity", "copy"]).size()
    assert len(counts) == 4 * 2 * 2 * 3
    assert (counts == 1).all()


def test_contents_are_of_one_length_and_tell_each_symbol_apart(made):
    its = symbols(made[1])
    assert its.content.is_unique
    assert set(its.content.str.len()) == {len(TEXT) + 6}
    assert its.content.str.startswith(TEXT).all()
    assert (its.groupby("level").version.nunique() == 1).all()


def test_places_are_random_and_keep_apart(made):
    its = symbols(made[1])
    assert its.level.head(12).nunique() > 1
    outer = its.assign(quiet=4 * its.side_mm / (17 + 4 * its.version))
    for _, page in outer.groupby("page"):
        for number, a in page.iterrows():
            for _, b in page.loc[page.index > number].iterrows():
                gaps = [abs(a[k] + a.side_mm / 2 - b[k] - b.side_mm / 2) for k in ("x_mm", "y_mm")]
                apart = max(gaps) - (a.side_mm + b.side_mm) / 2
                assert apart >= a.quiet + b.quiet - 1e-3
    assert (outer.x_mm - outer.quiet > 8 + 8).all()
    assert (outer.y_mm + outer.side_mm + outer.quiet < 297 - 14).all()


def test_the_page_is_of_true_size_and_shows_each_symbol_at_its_place(made):
    folder, plan = made
    pdf = pypdfium2.PdfDocument(folder / "a.pdf")
    assert len(pdf) == plan.page.max()
    assert [side / 72 * MM_PER_INCH for side in pdf[0].get_size()] == pytest.approx([210, 297], abs=0.05)
    page = pdf[0].render(scale=600 / 72, grayscale=True).to_numpy().squeeze()
    per_mm = 600 / MM_PER_INCH
    for _, row in symbols(plan[plan.page == 1]).iterrows():
        x, y, side = (round(mm * per_mm) for mm in (row.x_mm, row.y_mm, row.side_mm))
        seen = page[y : y + side, x : x + side] < 128
        moved = [np.roll(seen, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        assert max(np.mean(each == dots(row)) for each in moved) > 0.98  # pdfium may move all by a dot
        ring = page[y - 10 : y + side + 10, x - 10 : x + side + 10]
        assert (ring[:9] > 128).all()
        if row.damage == "none":
            alone = np.pad(page[y : y + side, x : x + side], 60, constant_values=255)
            assert qr.decode(alone, "zxing", row.content).outcome == "ok"


def test_marks_are_found_where_the_plan_has_them(made):
    folder, plan = made
    page = (
        pypdfium2.PdfDocument(folder / "a.pdf")[0].render(scale=300 / 72, grayscale=True).to_numpy().squeeze()
    )
    corners, numbers, _ = cv2.aruco.ArucoDetector(MARKS).detectMarkers(page)
    rows = plan[(plan.what == "mark") & (plan.page == 1)].set_index("number")
    assert set(numbers.ravel()) == set(rows.index)
    for number, at in zip(numbers.ravel(), corners):
        mm = (at.reshape(4, 2) + 0.5) / (300 / MM_PER_INCH)
        assert mm[0] == pytest.approx([rows.x_mm[number], rows.y_mm[number]], abs=0.15)
        assert np.ptp(mm, axis=0) == pytest.approx([rows.side_mm[number]] * 2, abs=0.2)


def test_damage_is_the_same_at_all_levels_of_a_copy_and_nested(made):
    its = symbols(made[1])
    worn = its[(its.damage == "scratch") & (its["copy"] == 0)]
    fields = [damage_of(row).order(41) for _, row in worn.iterrows()]
    assert all((fields[0] == other).all() for other in fields)
    row = worn.iloc[0]
    symbol = symbol_of(row)
    changed = dots(row) ^ dots(row.replace({"scratch": "none"}))
    assert 0 < changed.mean() <= 0.03
    assert symbol.content == row.content.encode()


def test_with_a_dpi_modules_are_whole_dots(tmp_path):
    plan = qr.sheet(tmp_path / "a.png", TEXT, mm=[20], dpi=203, copies=1)
    with Image.open(tmp_path / "a.png") as opened:
        image = np.array(opened.convert("L"))
        assert opened.info["dpi"] == pytest.approx((203, 203), abs=0.1)
    for _, row in symbols(plan).iterrows():
        symbol = symbol_of(row)
        whole = row.side_mm / MM_PER_INCH * 203 / symbol.size
        assert whole == pytest.approx(round(whole), abs=1e-3)
        x, y, px = (round(mm * 203 / MM_PER_INCH) for mm in (row.x_mm, row.y_mm, row.side_mm / symbol.size))
        modules = image[y : y + px * symbol.size : px, x : x + px * symbol.size : px] == 0
        assert (modules == symbol.modules).all()


def test_labels_are_one_a_page_and_png_pages_are_numbered(tmp_path):
    plan = qr.sheet(
        tmp_path / "l.png", payload=40, mm=[20], levels="LH", copies=2, paper=(62, 40), labels=True
    )
    assert plan[plan.what == "symbol"].page.tolist() == [1, 2, 3, 4]
    for k in range(1, 5):
        with Image.open(tmp_path / f"l-{k}.png") as page:
            assert page.size == (1465, 945)
    assert set(symbols(plan).content.str.len()) == {40}
    assert not list(tmp_path.glob("*.part"))


def test_a_plan_is_read_back_as_it_was(made):
    folder, plan = made
    assert is_plan(folder / "a.csv")
    pd.testing.assert_frame_equal(read_plan(folder / "a.csv"), plan, check_dtype=False)


def test_numbers_stay_text(tmp_path):
    plan = qr.sheet(tmp_path / "a.pdf", "000123", mm=[20], copies=1, levels="L")
    assert read_plan(tmp_path / "a.csv").content[0] == plan.content[0]
    assert symbol_of(plan.iloc[0]).mode == "numeric"


def test_another_sheets_plan_is_not_lost(tmp_path):
    qr.sheet(tmp_path / "a.pdf", TEXT, mm=[20], copies=1)
    before = (tmp_path / "a.csv").read_text()
    qr.sheet(tmp_path / "a.pdf", TEXT, mm=[20], copies=1)
    with pytest.raises(FileExistsError, match="is not of this sheet: name another file, or force it"):
        qr.sheet(tmp_path / "a.pdf", TEXT, mm=[25], copies=1)
    assert (tmp_path / "a.csv").read_text() == before
    qr.sheet(tmp_path / "a.pdf", TEXT, mm=[25], copies=1, force=True)
    assert (tmp_path / "a.csv").read_text() != before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"payload": 60}, "either content or payload"),
        ({"content": ""}, "content must have"),
        ({"content": b"x"}, "content must be a str"),
        ({"content": None, "payload": 6}, "payload must be an integer from 7"),
        ({"mm": []}, "mm must have one or more"),
        ({"mm": [20, 20]}, "mm must have one or more, each once"),
        ({"levels": "LX"}, "level must be one of"),
        ({"damage": {"mud": [0.1]}}, "damage must be one of"),
        ({"damage": {"blot": [2]}}, "severity of blot must be"),
        ({"copies": 0}, "copies must be an integer"),
        ({"copies": 100}, "999 symbols at most"),
        ({"dpi": 20}, "dpi must be a number from 50"),
        ({"paper": "a5"}, "paper, unless WIDTHxHEIGHT in mm, must be one of a4, letter"),
        ({"paper": (30, 40)}, "paper must be at least"),
        ({"mm": [3], "dpi": 100}, "mm: width_mm must be at least"),
        ({"mm": [float("nan")]}, "mm must be a number"),
        ({"mm": "20"}, "mm must be a number"),
        ({"damage": ["scratch"]}, "damage must be kinds with their severities"),
        ({"paper": (1, 2, 3)}, "paper must be a name or"),
        ({"paper": (2000, 2000), "dpi": 2400}, "paper must have at most 200,000,000 dots"),
        ({"content": "a\rb"}, "content must have no carriage return"),
        ({"content": "x" * 3000}, "content must be at most"),
        ({"seed": -1}, "seed must be an integer"),
    ],
)
def test_what_can_not_be_is_said_and_nothing_is_written(tmp_path, changes, said):
    with pytest.raises(ValueError, match=said):
        qr.sheet(tmp_path / "a.pdf", **{"content": TEXT} | changes)
    assert not list(tmp_path.iterdir())


def test_marks_are_limited(tmp_path):
    assert len(MARKS.bytesList) == MOST_MARKS
    with pytest.raises(ValueError, match="587 marks at most"):
        qr.sheet(tmp_path / "a.pdf", TEXT, mm=[100], copies=100)


def test_only_pdf_and_png_are_written(tmp_path):
    with pytest.raises(ValueError, match=r"out's ending must be one of \.pdf, \.png"):
        qr.sheet(tmp_path / "a.svg", TEXT)


def test_what_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "notes.pdf").write_text("something else")
    with pytest.raises(FileExistsError, match=r"notes\.pdf is not of this sheet"):
        qr.sheet(tmp_path / "notes.pdf", TEXT, mm=20, copies=1)
    assert (tmp_path / "notes.pdf").read_text() == "something else"
    with pytest.raises(ValueError, match="out must be a file in a folder that is there"):
        qr.sheet(tmp_path / "nowhere" / "a.pdf", TEXT)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("x_mm", "abc", "could not convert"),
        ("content", "", "each symbol must have a number and content of its own"),
        ("number", "1", "each symbol must have a number"),
        ("damage", "mud", "damage must be one of"),
        ("side_mm", "0", "side_mm must be a number from 1"),
        ("level", "X", "level must be one of"),
        ("print_width_mm", "", "each symbol must have"),
    ],
)
def test_an_edited_plan_is_refused_in_a_line(tmp_path, column, value, said):
    plan = qr.sheet(tmp_path / "a.pdf", TEXT, mm=[20], copies=1, levels="LH").astype(object)
    plan.loc[0, column] = value
    plan.to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(ValueError, match=f"plan must be as qrlab sheet wrote it: .*{said}"):
        read_plan(tmp_path / "b.csv")
