"""Designs: what their columns mean, what comes back of them, and their mistakes, named by row and column."""

import itertools

import numpy as np
import pandas as pd
import pytest
from helpers import once

import qrlab as qr
from qrlab.design import Condition, read_design, read_row
from qrlab.optics import Camera, Print
from qrlab.readers import DECODERS, OUTCOMES
from qrlab.scene import Mix, Scene, Wear
from qrlab.symbols import smallest_version

SITE = "https://www.example.org"
PHOTOGRAPHED = {"content": SITE, "print_width_mm": 25, "camera_px_per_mm": 8}
STAINED = Mix((Wear("stain", 0.5, 0.05),))


def condition(row: dict) -> Condition:
    return read_row(row, {})


# --- what a row means ---


def test_a_row_is_a_scene_a_severity_and_a_reader():
    row = {"payload": 30, "alike": 3, "mode": "numeric", "level": "h", "version": 9, "mask": 3}
    row |= {"damage": "logo", "damage_shape": "round", "damage_paint": "light", "severity": 0.1}
    row |= {"px_per_module": 3, "quiet_zone": 2, "reader": "model"}
    symbol = {"payload": 30, "alike": 3, "mode": "numeric", "level": "H", "version": 9, "mask": 3}
    parameters = (("paint", "light"), ("shape", "round"))
    scene = Scene(**symbol, damage="logo", parameters=parameters, px_per_module=3, quiet_zone=2)
    assert condition(row) == Condition(scene, 0.1, "model")
    assert condition({"content": SITE}) == Condition(Scene(SITE), 0, "zxing")
    assert condition({"payload": 9, "damage": STAINED}) == Condition(
        Scene(payload=9, damage=STAINED), 1, "zxing"
    )


def test_a_row_is_a_print_and_a_camera():
    row = PHOTOGRAPHED | {"print_dpi": 203, "print_paper": 0.9, "print_quiet_zone_included": False}
    row |= {"camera_tilt_deg": 10, "camera_jpeg_quality": 70.0, "camera_frame_width_px": np.int64(1000)}
    printed = Print(25, dpi=203, paper=0.9, quiet_zone_included=False)
    camera = Camera(8, frame_width_px=1000, tilt_deg=10, jpeg_quality=70)
    assert condition(row) == Condition(Scene(SITE, printed=printed, camera=camera), 0, "zxing")


def test_a_distance_does_for_a_scale():
    row = {"content": "x", "print_width_mm": 25, "camera_distance_mm": 150, "camera_fov_deg": 60}
    camera = condition(row | {"camera_frame_width_px": 1280, "camera_noise": 0}).scene.camera
    assert camera == Camera.at(150, 1280, 60, noise=0)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_values_are_the_defaults(missing):
    names = ["alike", "level", "version", "mask", "damage", "damage_x", "severity", "px_per_module"]
    names += ["quiet_zone", "reader", "print_dpi", "print_paper", "print_quiet_zone", "camera_distance_mm"]
    names += ["camera_jpeg_quality", "camera_tilt_deg"]
    assert condition(dict.fromkeys(names, missing) | PHOTOGRAPHED) == condition(PHOTOGRAPHED)
    names += ["print_width_mm", "camera_px_per_mm"]
    assert condition(dict.fromkeys(names, missing) | {"content": "x"}) == condition({"content": "x"})


def test_a_data_frame_may_have_missing_values_and_any_index():
    columns = {"payload": [10, 20], "version": [np.nan, 9], "level": [None, "h"], "severity": [np.nan, 0.1]}
    frame = pd.DataFrame(columns | {"damage": [None, "logo"], "damage_shape": [None, "round"]}, index=[7, 7])
    table, (bare, full) = read_design(frame)
    assert bare == condition({"payload": 10})
    assert full == condition({name: values[1] for name, values in frame.to_dict("list").items()})
    assert list(table.index) == [0, 1]
    assert list(table.version) == [1, 9]


def test_numpy_and_pandas_values_do_as_well_as_pythons():
    given = {"payload": np.arange(10, 12), "level": pd.Series(["L", "H"]), "severity": np.array([0, 0.5])}
    same = {"payload": [10, 11], "level": ["L", "H"], "severity": [0.0, 0.5]}
    for one, other in ((given, same), ({"payload": np.int64(10)}, {"payload": 10})):
        table, conditions = read_design(one | {"damage": "blot"})
        expected, those = read_design(other | {"damage": "blot"})
        pd.testing.assert_frame_equal(table, expected)
        assert conditions == those


# --- what comes back of a design ---


def test_a_mapping_stands_for_all_combinations_of_its_values():
    design = {"payload": [5, 50], "level": "Q", "severity": np.linspace(0, 0.1, 3), "damage": "blot"}
    table, _ = read_design(design)
    assert list(zip(table.payload, table.severity)) == list(itertools.product([5, 50], [0, 0.05, 0.1]))
    assert list(table.level) == ["Q"] * 6
    table, conditions = read_design(PHOTOGRAPHED | {"print_width_mm": [20, 30], "camera_noise": [0, 0.02]})
    pairs = list(itertools.product([20, 30], [0, 0.02]))
    assert list(zip(table.print_width_mm, table.camera_noise)) == pairs
    assert [(each.scene.printed.width_mm, each.scene.camera.noise) for each in conditions] == pairs


def test_the_table_has_complete_conditions():
    table, _ = read_design({"content": SITE, "damage": "blot", "damage_x": 0.5, "mask": [None, 2]})
    first = {"content": SITE, "level": "M", "version": 2, "mask": None, "damage": "blot", "damage_x": 0.5}
    first |= {"severity": 0, "px_per_module": 4, "quiet_zone": 4, "reader": "zxing"}
    assert list(table.columns) == list(first)
    assert table.iloc[0].to_dict() | {"mask": None} == first
    table, _ = read_design({"payload": 200, "level": "H"})
    assert list(table.columns[:4]) == ["payload", "alike", "level", "version"]
    assert table.version.item() == smallest_version(200, "H")


def test_levels_are_an_ordered_category():
    table, _ = read_design({"payload": 10, "level": ["H", "l", qr.Level.Q]})
    assert list(table.level) == ["H", "L", "Q"]
    assert table.level.cat.ordered
    assert list(table.sort_values("level").level) == ["L", "Q", "H"]


def test_flawless_and_photographed_rows_stand_together():
    frame = pd.DataFrame([{"content": SITE, "px_per_module": 3}, PHOTOGRAPHED | {"camera_noise": 0.03}])
    table, (flat, seen) = read_design(frame)
    assert flat.scene == Scene(SITE, px_per_module=3)
    assert seen.scene == Scene(SITE, printed=Print(25), camera=Camera(8, noise=0.03))
    assert table[["px_per_module", "quiet_zone"]].isna().all(axis=1).tolist() == [False, True]
    settings = ["print_width_mm", "camera_px_per_mm", "camera_noise"]
    assert table[settings].isna().all(axis=1).tolist() == [True, False]
    alone, _ = read_design(PHOTOGRAPHED | {"camera_noise": [0, 0.02]})
    assert list(alone.columns) == ["content", "level", "version", "damage", *settings, "severity", "reader"]


# --- designs of scenes ---

SCENES = [Scene(SITE, level="L", damage="blot"), Scene(payload=30, printed=Print(25), camera=Camera(8))]


def test_a_design_may_have_scenes_as_they_are_and_columns_of_ones_own():
    design = pd.DataFrame({"scene": SCENES, "severity": [0.3, 0], "reader": ["model", "zxing"]})
    design = design.assign(paper=["matt", None], width=[1.5, 2.0], level="whatever")
    table, conditions = read_design(design)
    assert conditions == [Condition(SCENES[0], 0.3, "model"), Condition(SCENES[1], 0, "zxing")]
    assert set(table.columns) == {"paper", "width", "level", "version", "severity", "reader"}
    assert list(table.level) == ["L", "M"], "as the scene has it"
    assert list(table.version) == [scene.version for scene in SCENES]
    assert table.paper[0] == "matt"
    assert list(table.width) == [1.5, 2.0]
    result = once(design)
    assert list(result.columns) == [*table.columns, "trials", *OUTCOMES, "seconds"]
    long = qr.readings(design, trials=2, seed=1, jobs=1)
    assert list(long.width) == [1.5, 1.5, 2, 2]


def test_a_mapping_may_have_scenes():
    table, conditions = read_design({"scene": SCENES, "severity": [0, 0.1], "reader": ["zxing", "model"]})
    pairs = [(each.scene, each.severity, each.reader) for each in conditions]
    assert pairs == list(itertools.product(SCENES, [0, 0.1], ["zxing", "model"]))
    assert list(table.reader) == ["zxing", "model"] * 4
    assert condition({"scene": Scene("x", damage=STAINED)}).severity == 1


def test_scenes_may_stand_twice_and_read_as_their_columns_do():
    columns = {"payload": 30, "level": ["L", "H"], "damage": "blots", "severity": 0.1, "reader": "model"}
    expected = once(columns, trials=30)
    scenes = [Scene(payload=30, level=level, damage="blots") for level in "LHL"]
    result = once({"scene": scenes, "severity": 0.1, "reader": "model"}, trials=30)
    assert list(result.ok) == [*expected.ok, expected.ok[0]]
    assert 0 < result.ok[0] < 30


def test_a_row_of_scenes_is_shown():
    row = {"scene": SCENES[1], "level": "M", "severity": 0, "reader": "zxing", "note": "mine"}
    assert np.array_equal(qr.shown(row, seed=2, trial=1), SCENES[1].trial(2, 1).picture(0))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"scene": [SCENES[0], 3]}, r"^design, row 1: scene .*Scene.*int$"),
        ({"scene": [SCENES[0], None], "note": [1, 2]}, r"^design, row 1: scene .*Scene.*None$"),
        ({"scene": SCENES, "severity": [0, 2]}, r"^design, row 1: severity .* 0 to 1, not 2$"),
        ({"scene": SCENES, "reader": ["zxing", "eye"]}, r"^design, row 1: reader.*zxing, .*not 'eye'$"),
    ],
)
def test_a_mistake_in_a_design_of_scenes_is_named(columns, message):
    with pytest.raises(ValueError, match=message):
        read_design(pd.DataFrame(columns))


# --- mistakes ---

ROW_1 = {
    "reader": ({"reader": ["model", "eye"]}, r"reader.*zxing, .*'eye'"),
    "damage": ({"damage": ["blot", "meteor"]}, r"damage .*none, .*'meteor'"),
    "level": ({"level": ["L", "X"]}, r"level .*L, M, Q, H, .*'X'"),
    "a list of levels": ({"level": ["L", ["M", "H"]]}, r"level .*L, M, Q, H, .*\['M', 'H'\]"),
    "severity": ({"severity": [0, 2]}, r"severity .* 0 to 1, not 2"),
    "a severity in words": ({"severity": [0, "0.1"]}, r"severity .* 0 to 1, not '0\.1'"),
    "payload": ({"payload": [10, 0]}, r"payload .* 1 to 2953, not 0"),
    "a list": ({"payload": [10, [20]]}, r"payload .* 1 to 2953, not \[20\]"),
    "of a mode": ({"payload": [10, 4297], "mode": "alphanumeric"}, r"payload .* 1 to 4296, not 4297"),
    "mode": ({"mode": ["byte", "kanji"]}, r"mode .*numeric, alphanumeric, byte, .*'kanji'"),
    "what never fits": ({"payload": [10, 1274], "level": "H"}, r"payload.*1,273 .*40, .*H .*not 1,274"),
    "what does not fit": ({"payload": [10, 15], "version": 1}, r"payload.*14 bytes .*version 1 .*M .*not 15"),
    "alike": ({"alike": [1, 0]}, r"alike .* 1 to .*, not 0"),
    "version": ({"version": [1, 41]}, r"version .* 1 to 40, not 41"),
    "mask": ({"mask": [1, 8]}, r"mask .* 0 to 7, not 8"),
    "pixels": ({"px_per_module": [1, 0]}, r"px_per_module .* 1 to 100, not 0"),
    "half a pixel": ({"px_per_module": [1, 1.5]}, r"px_per_module .*integer .* 1 to 100, not 1\.5"),
    "quiet zone": ({"quiet_zone": [4, -1]}, r"quiet_zone .* 0 to 100, not -1"),
    "a parameter that the damage lacks": (
        {"damage": "blot", "damage_scale": [None, 1]}, r"parameters of blot .*x, y, .*'scale'"
    ),
    "the random generator": ({"damage": "blot", "damage_rng": [None, 3]}, r"parameters of blot .*x, .*'rng'"),
    "a parameter's value": ({"damage": "blot", "damage_x": [0, 2]}, r"damage_x .* 0 to 1, not 2"),
    "no level of its own": ({"damage": ["blot", "worst_codewords"]}, r"damage_level .*"),
    "a parameter without a damage": (
        {"damage": ["blot", "none"], "damage_x": 0.5}, r"damage_x .*damage.*none"
    ),
    "a parameter of a mix": ({"damage": ["blot", STAINED], "damage_x": 0.5}, r"damage_x .*damage.*Mix"),
}  # fmt: skip
PHOTOGRAPHED_ROW_1 = {
    "a setting of no print": ({"print_widht_mm": [None, 3]}, r"settings of print .*dpi, .*'widht_mm'"),
    "a setting of no camera": ({"camera_zoom": [None, 3]}, r"settings of camera .*'zoom'"),
    "no width": ({"print_width_mm": [25, None]}, r"print_width_mm .*given"),
    "no scale": ({"camera_px_per_mm": [8, None]}, r"camera_px_per_mm or camera_distance_mm .*neither"),
    "two scales": (
        {"camera_distance_mm": [None, 100]},
        r"camera_px_per_mm or camera_distance_mm .*camera_px_per_mm and camera_distance_mm",
    ),
    "pixels a module": ({"px_per_module": [None, 4]}, r"px_per_module .*print and camera"),
    "a quiet zone of its own": ({"quiet_zone": [None, 4]}, r"quiet_zone .*print and camera"),
    "an impossible distance": (
        {"camera_px_per_mm": None, "camera_distance_mm": [90, 0.01]}, r"camera_distance_mm .*0\.01"
    ),
    "too far": ({"camera_tilt_deg": [0, 90]}, r"camera_tilt_deg .* 0 to 89\.9, not 90"),
    "words": ({"camera_noise": [0, "much"]}, r"camera_noise .* 0 to 1, not 'much'"),
    "a list": ({"camera_noise": [0, [1]]}, r"camera_noise .* 0 to 1, not \[1\]"),
    "no frame": ({"camera_frame_width_px": [640, 0]}, r"camera_frame_width_px .* 16 to 20000, not 0"),
    "half a pixel of frame": (
        {"camera_frame_height_px": [640, 480.5]}, r"camera_frame_height_px .*integer .*not 480\.5"
    ),
    "jpeg": ({"camera_jpeg_quality": [None, 0]}, r"camera_jpeg_quality.* 1 to 100, not 0"),
    "no width at all": ({"print_width_mm": [25, 0]}, r"print_width_mm .* 0\.1 to 10000, not 0"),
    "contrast": ({"print_contrast": [0.8, 0.9]}, r"print_contrast .* 0\.85, not 0\.9"),
    "quiet": ({"print_quiet_zone": [4, -1]}, r"print_quiet_zone .* 0 to 100, not -1"),
    "too few dots": ({"print_dpi": [None, 20]}, r"print_width_mm .* 42\.0 .*33 modules at 20 dpi.*not 25"),
    "behind the camera": (
        {"camera_px_per_mm": None, "camera_distance_mm": 12, "camera_tilt_deg": [0, 85]},
        r"camera_tilt_deg .*in front .*85 for a print of 25 mm at 12 mm",
    ),
}  # fmt: skip
MISTAKES = [({"payload": 10} | wrong, said) for wrong, said in ROW_1.values()]
MISTAKES += [(PHOTOGRAPHED | wrong, said) for wrong, said in PHOTOGRAPHED_ROW_1.values()]


@pytest.mark.parametrize(("design", "message"), MISTAKES, ids=[*ROW_1, *PHOTOGRAPHED_ROW_1])
def test_a_mistake_in_a_row_is_named_with_its_row_and_column(design, message):
    with pytest.raises(ValueError, match=rf"^design, row 1: {message}"):
        read_design(design)


TWO = pd.DataFrame([[10, "L", "M"]], columns=["payload", "level", "level"])


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({"payload": 10, "sevrity": 0}, r"columns .*content, .*'sevrity'"),
        ({"payload": 10, "content": "x"}, r"either content or payload, not payload, content"),
        ({"level": "L"}, r"either content or payload, not level"),
        ([{"payload": 10}], r"design .*data frame or .*mapping, not list"),
        ({"payload": 10, "level": ["L", "l"]}, r"design .*each condition once, not row 1"),
        (PHOTOGRAPHED | {"camera_noise": [None, 0.01]}, r"design .*each condition once, not row 1"),
        ({"payload": 10, "level": []}, r"design .*condition"),
        (TWO, r"columns .*once.*level"),
        ({"content": ["x", None]}, r"row 1: .*content .*given"),
        ({"content": ["fits", "does not fit in"], "version": 1}, r"row 1: content .*14 bytes .*not 15"),
        ({"content": "x", "alike": 3}, r"row 0: alike .*content"),
        ({"content": "x", "mode": "byte"}, r"row 0: mode .*content"),
        ({"content": "x", "print_width_mm": 25}, r"row 0: camera_px_per_mm or camera_distance_mm"),
        ({"content": "x", "camera_px_per_mm": 5}, r"row 0: print_width_mm"),
    ],
)
def test_a_mistake_in_a_design_is_named(design, message):
    with pytest.raises(ValueError, match=message):
        read_design(design)


def test_a_truth_value_is_no_number_whatever_was_asked_before():
    ones = PHOTOGRAPHED | {"print_quiet_zone": 1, "camera_exposure": 1}
    assert condition(ones).scene.printed.quiet_zone == 1
    for name in ("print_quiet_zone", "camera_exposure"):
        with pytest.raises(ValueError, match=rf"{name} .*not True$"):
            read_design(pd.DataFrame([ones, ones | {name: True}]))


# --- readers that are not available ---


def test_a_missing_reader_is_left_out_with_a_warning_that_points_at_the_call():
    with pytest.warns(UserWarning, match=r"reader nowhere:read is left out: .*'nowhere'") as warned:
        result = qr.run({"payload": 10, "reader": ["model", "nowhere:read", "zxing"], "level": ["L", "H"]},
                        trials=1, seed=1, jobs=1)  # fmt: skip
    assert [warning.filename for warning in warned] == [__file__]
    assert list(result.reader) == ["model", "model", "zxing", "zxing"]
    assert result.attrs["left_out"] == {"nowhere:read": "ModuleNotFoundError: No module named 'nowhere'"}


def test_a_missing_library_is_left_out_with_how_to_get_it(monkeypatch):
    def missing():
        raise ImportError("Unable to find zbar shared library")

    monkeypatch.setitem(DECODERS, "zbar", DECODERS["zbar"]._replace(version=missing))
    with pytest.warns(UserWarning, match=r"zbar is left out: .*Unable .*; apt install libzbar0") as warned:
        table, _ = read_design({"payload": 10, "reader": ["zbar", "model"], "level": ["L", "H"]})
    assert list(table.reader) == ["model"] * 2
    assert len(warned) == 1


def test_without_any_reader_there_is_no_result():
    with (
        pytest.warns(UserWarning, match="is left out"),
        pytest.raises(ValueError, match=r"available reader, not {'bad_readers:nothing': .*no attribute"),
    ):
        read_design({"payload": 10, "reader": "bad_readers:nothing"})
