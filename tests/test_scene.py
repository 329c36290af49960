"""Designs of photographs: their columns and mistakes; pairing, and the same result however it is made."""

import itertools

import numpy as np
import pandas as pd
import pytest
from helpers import assert_same

import qrlab as qr
from qrlab.damage import MODELS
from qrlab.imaging import photograph
from qrlab.optics import OPTICS, Camera, Print, place
from qrlab.scene import condition, plan, random_content
from qrlab.standard import mode_of, smallest_version

PHOTOGRAPHED = {"content": "https://www.example.org", "print_width_mm": 25, "camera_px_per_mm": 8}
MIXED = [
    {},
    {"level": "H", "damage": "blot", "severity": 0.05, "px_per_module": 3},
    {"print_width_mm": 25, "camera_px_per_mm": 8},
    {"print_width_mm": 20, "camera_distance_mm": 120, "damage": "scratch", "severity": 0.02},
    {"print_width_mm": 25, "camera_px_per_mm": 8, "damage": "blot", "severity": 0.1, "reader": "model"},
    {"print_width_mm": 25, "camera_px_per_mm": 6, "camera_noise": 0.03, "damage": "defocus", "severity": 0.4},
    {"print_width_mm": 25, "print_dpi": 203, "camera_px_per_mm": 6, "damage": "tilt", "severity": 0.7},
]
RUN = {"trials": 12, "seed": 3}


def once(design, **options) -> pd.DataFrame:
    return qr.run(design, **{"trials": 1, "seed": 1, "jobs": 1} | options)


def frame(rows) -> pd.DataFrame:
    return pd.DataFrame([{"payload": 20} | row for row in rows])


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    result = qr.run(frame(MIXED), jobs=1, **RUN)
    assert 0 < result.unread.sum() < 12 * 7
    return result


# --- what a row means ---


def test_a_row_is_a_print_and_a_camera():
    row = PHOTOGRAPHED | {"print_dpi": 203, "print_paper": 0.9, "print_quiet_zone_included": False}
    row |= {"camera_tilt_deg": 10, "camera_jpeg_quality": 70.0, "camera_frame_width_px": np.int64(1000)}
    scene, severity, reader = condition(row)
    assert scene.print == Print(25, dpi=203, paper=0.9, quiet_zone_included=False)
    assert scene.camera == Camera(8, frame_width_px=1000, tilt_deg=10, jpeg_quality=70)
    assert (scene.px_per_module, scene.quiet_zone, severity, reader) == (None, None, 0, "zxing")


def test_a_distance_does_for_a_scale():
    row = {"content": "x", "print_width_mm": 25, "camera_distance_mm": 150, "camera_fov_deg": 60}
    scene, *_ = condition(row | {"camera_frame_width_px": 1280, "camera_noise": 0})
    assert scene.camera == Camera.at(150, 1280, 60, noise=0)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_values_are_the_defaults(missing):
    bare, *_ = condition(PHOTOGRAPHED)
    names = ["print_dpi", "print_surround", "print_paper", "print_quiet_zone", "camera_distance_mm"]
    names += ["camera_jpeg_quality", "camera_tilt_deg", "px_per_module", "quiet_zone", "damage"]
    assert condition(PHOTOGRAPHED | dict.fromkeys(names, missing))[0] == bare
    flawless = {"content": "x"} | dict.fromkeys(["print_width_mm", "camera_px_per_mm", "print_dpi"], missing)
    scene, *_ = condition(flawless)
    assert (scene.px_per_module, scene.quiet_zone, scene.print, scene.camera) == (4, 4, None, None)
    assert qr.shown(flawless, seed=0, trial=0).shape == (116, 116)


def test_a_payload_takes_its_smallest_version_onto_the_print():
    scene, *_ = condition({"payload": 200, "level": "H", "print_width_mm": 25, "camera_px_per_mm": 8})
    assert scene.version == smallest_version(200, "H")
    symbol = scene.symbol(1, 0)
    assert (symbol.version, len(symbol.content)) == (scene.version, 200)


# --- mistakes ---

ROW = r"^design, row 1: "
WRONG = {
    "an unknown setting of the print": (
        {"print_widht_mm": [None, 3]},
        ROW + r"settings of print must be one of width_mm, dpi, .*surround, not 'widht_mm'$",
    ),
    "an unknown setting of the camera": (
        {"camera_zoom": [None, 3]},
        ROW + r"settings of camera must be one of px_per_mm, .*jpeg_quality, distance_mm, not 'zoom'$",
    ),
    "no width": ({"print_width_mm": [25, None]}, ROW + r"print_width_mm must be given for a photograph, not"),
    "no scale": (
        {"camera_px_per_mm": [8, None]},
        ROW + r"camera_px_per_mm or camera_distance_mm must be given for a photograph, not neither$",
    ),
    "two scales": (
        {"camera_distance_mm": [None, 100]},
        ROW + r"camera_px_per_mm or camera_distance_mm must be given for a photograph, "
        r"not camera_px_per_mm and camera_distance_mm$",
    ),
    "pixels a module": (
        {"px_per_module": [None, 4]},
        ROW + r"px_per_module must not go with print and camera",
    ),
    "a quiet zone of its own": ({"quiet_zone": [None, 4]}, ROW + r"quiet_zone must not go with print and"),
    "too far": (
        {"camera_tilt_deg": [0, 90]},
        ROW + r"camera_tilt_deg must be a number from 0 to 89\.9, not 90$",
    ),
    "words": ({"camera_noise": [0, "much"]}, ROW + r"camera_noise must be a number from 0 to 1, not 'much'$"),
    "a list": ({"camera_noise": [0, [1]]}, ROW + r"camera_noise must be a number from 0 to 1, not \[1\]$"),
    "no frame": (
        {"camera_frame_width_px": [640, 0]},
        ROW + r"camera_frame_width_px must be an integer from 16",
    ),
    "half a pixel of frame": (
        {"camera_frame_height_px": [640, 480.5]},
        ROW + r"camera_frame_height_px must be an integer from 16 to 20000, not 480\.5$",
    ),
    "jpeg": (
        {"camera_jpeg_quality": [None, 0]},
        ROW + r"camera_jpeg_quality, unless None, must be an integer from 1 to 100, not 0$",
    ),
    "no width at all": (
        {"print_width_mm": [25, 0]},
        ROW + r"print_width_mm must be a number from 0\.1 to 10000",
    ),
    "contrast": (
        {"print_contrast": [0.8, 0.9]},
        ROW + r"print_contrast must be at most the paper's 0\.85, not 0\.9",
    ),
    "quiet": (
        {"print_quiet_zone": [4, -1]},
        ROW + r"print_quiet_zone must be an integer from 0 to 100, not -1$",
    ),
    "too few dots": (
        {"print_dpi": [None, 20]},
        ROW + r"print_width_mm must be at least 41\.9 for one dot a module \(33 modules at 20 dpi\), not 25$",
    ),
    "an unknown damage": (
        {"damage": ["tilt", "fog"]},
        ROW + r"damage must be one of none, .*jpeg, not 'fog'$",
    ),
    "a parameter of a setting": (
        {"damage": "tilt", "damage_x": [None, 1]},
        ROW + r"damage_x must go with a damage, not with tilt$",
    ),
    "a condition twice": (
        {"camera_noise": [None, 0.01]},
        r"design must have each condition once, not row 1 again",
    ),
}


@pytest.mark.parametrize("design, message", WRONG.values(), ids=WRONG)  # noqa: PT006
def test_a_mistake_in_a_photographs_design_is_named_by_its_column(design, message):
    with pytest.raises(ValueError, match=message):
        once(PHOTOGRAPHED | design)


@pytest.mark.parametrize("kind", OPTICS)
def test_an_optical_kind_needs_a_camera(kind):
    with pytest.raises(
        ValueError, match=rf"^design, row 0: damage must go with print and camera .* it is {kind}"
    ):
        once({"content": "x", "damage": kind, "severity": 0.1})


def test_a_print_without_a_camera_and_a_camera_without_a_print_are_refused():
    with pytest.raises(ValueError, match=r"row 0: camera_px_per_mm or camera_distance_mm must be given"):
        once({"content": "x", "print_width_mm": 25})
    with pytest.raises(
        ValueError, match=r"row 0: print_width_mm must be given for a photograph, not left out"
    ):
        once({"content": "x", "camera_px_per_mm": 5})


def test_a_print_behind_the_camera_is_refused_before_anything_is_read():
    near = {"content": "x", "print_width_mm": 25, "camera_distance_mm": 12}
    said = r"^design, row 0: camera_tilt_deg must keep the whole print in front of the camera, not "
    with pytest.raises(ValueError, match=said + "85 for a print of 25 mm at 12 mm$"):
        once(near | {"camera_tilt_deg": 85})
    with pytest.raises(ValueError, match=said + "85 for"):
        once(near | {"damage": "tilt", "severity": 1})
    assert once(near | {"damage": "tilt", "severity": 0.1}).trials.item() == 1


def test_what_gets_worse_than_a_setting_can_be_is_named_by_its_column_or_allowed():
    row = PHOTOGRAPHED | {"camera_rotation_deg": 300, "damage": "rotation", "severity": 1}
    assert qr.shown(row, seed=0, trial=0).size


def test_an_impossible_distance_is_named_by_its_column():
    with pytest.raises(ValueError, match=r"row 0: camera_distance_mm must "):
        once({"content": "x", "print_width_mm": 25, "camera_distance_mm": 0.1})


def test_a_truth_value_is_no_number_whatever_was_asked_before():
    number = PHOTOGRAPHED | {"print_quiet_zone": 1, "camera_exposure": 1}
    assert condition(number)[0].print.quiet_zone == 1
    for wrong in ({"print_quiet_zone": True}, {"camera_exposure": True}):
        with pytest.raises(ValueError, match=rf"^{next(iter(wrong))} must be .*, not True$"):
            condition(number | wrong)


# --- flawless and photographed rows together ---


def test_a_mixed_design_has_nan_where_a_setting_does_not_apply(mixed):
    flat = mixed.print_width_mm.isna()
    assert flat.tolist() == [True, True, *[False] * 5]
    assert mixed.px_per_module[flat].tolist() == [4, 3]
    assert mixed.quiet_zone[flat].tolist() == [4, 4]
    assert mixed.loc[~flat, ["px_per_module", "quiet_zone"]].isna().all(axis=None)
    assert mixed.loc[flat, [n for n in mixed if n.startswith(("print_", "camera_"))]].isna().all(axis=None)
    assert mixed.camera_noise.isna().tolist() == [True] * 5 + [False, True]
    assert mixed.print_dpi.isna().tolist() == [True] * 6 + [False]
    assert mixed.damage.tolist() == ["none", "blot", "none", "scratch", "blot", "defocus", "tilt"]
    assert (mixed[["ok", "misread", "unread", "error", "crash", "timeout"]].sum(axis=1) == 12).all()
    assert mixed.ok[[0, 2]].tolist() == [12, 12]


def test_a_design_of_photographs_alone_has_no_columns_of_flawless_pictures():
    result = once(PHOTOGRAPHED | {"camera_noise": [0, 0.02]})
    assert not {"px_per_module", "quiet_zone"} & set(result)
    columns = ["content", "level", "version", "damage", "print_width_mm", "camera_px_per_mm", "camera_noise"]
    assert list(result.columns[:9]) == [*columns, "severity", "reader"]
    assert not {"px_per_module", "quiet_zone"} - set(once({"content": "x"}))


def test_all_combinations_of_settings_are_taken():
    design = PHOTOGRAPHED | {"print_width_mm": [20, 30], "camera_noise": [0, 0.02, 0.05]}
    table, scenes = plan(design)
    pairs = list(zip(table.print_width_mm, table.camera_noise))
    assert pairs == list(itertools.product([20, 30], [0, 0.02, 0.05]))
    assert [(scene.print.width_mm, scene.camera.noise) for scene in scenes] == pairs


def test_jobs_do_not_change_photographs(mixed):
    assert_same(qr.run(frame(MIXED), jobs=2, **RUN), mixed)


def test_the_order_of_rows_does_not_change_photographs(mixed):
    turned = qr.run(frame(MIXED).iloc[::-1], jobs=2, **RUN)
    assert turned.ok.tolist()[::-1] == mixed.ok.tolist()
    assert turned.unread.tolist()[::-1] == mixed.unread.tolist()


def test_cached_photographs_are_the_same_and_not_read_again(mixed, asked, tmp_path):
    fresh = qr.run(frame(MIXED), jobs=2, cache=tmp_path, **RUN)
    assert_same(fresh, mixed)
    assert len(asked) == 12 * 7
    asked.clear()
    assert_same(qr.run(frame(MIXED), jobs=1, cache=tmp_path, **RUN), mixed)
    assert asked == []


CHANGES = {"print_width_mm": 30, "camera_px_per_mm": 2.4, "camera_rotation_deg": 30, "camera_noise": 0.3}
CHANGES |= {
    "print_ink_spread_mm": 0.1,
    "print_contrast": 0.02,
    "camera_defocus_mm": 2,
    "camera_exposure": 0.01,
}
CHANGES |= {"print_surround": 0.2, "print_dpi": 203, "camera_frame_width_px": 200, "camera_jpeg_quality": 3}


@pytest.mark.parametrize("name", CHANGES)
def test_changed_settings_are_not_taken_from_the_cache(name, asked, tmp_path):
    design, options = PHOTOGRAPHED, {"trials": 3, "seed": 2, "jobs": 1}
    qr.run(design, cache=tmp_path, **options)
    assert len(asked) == 3
    changed = design | {name: CHANGES[name]}
    from_cache = qr.run(changed, cache=tmp_path, **options)
    assert len(asked) == 6, "read afresh"
    assert_same(from_cache, qr.run(changed, **options))
    qr.run(design, cache=tmp_path, **options)
    assert len(asked) == 9, "only the run without a cache read more"


def test_a_flawless_picture_and_a_photograph_are_kept_apart(asked, tmp_path):
    for design in ({"content": PHOTOGRAPHED["content"]}, PHOTOGRAPHED):
        qr.run(design, trials=2, seed=1, jobs=1, cache=tmp_path)
    assert len(asked) == 4


# --- what is shown ---


def the_pictures_own(seed: int, trial: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2, trial)))


@pytest.mark.parametrize("damage", ["none", "scratch", "codewords", "shadow", "jpeg", "contrast"])
def test_what_is_shown_is_the_photograph_of_the_scene(damage):
    row = PHOTOGRAPHED | {"level": "Q", "print_dpi": 300, "camera_tilt_deg": 20, "camera_noise": 0.02}
    row |= {"damage": damage, "severity": 0.3}
    symbol = qr.make(PHOTOGRAPHED["content"], "Q")
    print, camera = Print(25, dpi=300), Camera(8, tilt_deg=20, noise=0.02)
    for seed, trial in [(1, 0), (1, 5), (7, 5)]:
        worse = damage if damage in OPTICS else None
        if damage in MODELS:
            worse = MODELS[damage](np.random.default_rng([seed, trial]))
        expected = photograph(symbol, print, camera, the_pictures_own(seed, trial), worse, 0.3)
        assert np.array_equal(qr.shown(row, seed=seed, trial=trial), expected)


def test_a_row_of_a_mixed_result_shows_itself(mixed):
    for k, given in enumerate(MIXED):
        expected = qr.shown({"payload": 20} | given, seed=3, trial=4)
        assert np.array_equal(qr.shown(mixed.iloc[k], seed=3, trial=4), expected)
        assert np.array_equal(qr.shown(mixed.iloc[k].to_dict(), seed=3, trial=4), expected)


def test_an_outcome_is_that_of_decoding_the_photograph():
    design = PHOTOGRAPHED | {"level": ["L", "H"], "damage": ["scratch", "defocus"], "severity": [0.05, 0.4]}
    sample = qr.readings(design | {"reader": ["zxing", "zbar"]}, trials=3, seed=8, jobs=2)
    assert sample.outcome.nunique() > 1
    for row in sample.to_dict("records"):
        picture = qr.shown(row, seed=8, trial=row["trial"])
        assert qr.decode(picture, row["reader"], PHOTOGRAPHED["content"]).outcome == row["outcome"]


def test_the_model_judges_the_damage_to_modules_and_no_optics():
    design = {"content": "x", "level": "H", "print_width_mm": 25, "camera_px_per_mm": 8, "reader": "model"}
    damage = {"damage": "codewords", "severity": [0.05, 0.9], "reader": "model"}
    assert once(design | damage).ok.tolist() == [1, 0]
    assert once({"content": "x", "level": "H"} | damage).ok.tolist() == [1, 0], "as without a camera"
    assert once(design | {"damage": list(OPTICS), "severity": 1}).ok.tolist() == [1] * len(OPTICS)


# --- the same for all ---


@pytest.mark.parametrize("damage", ["scratch", "blot", "stain", "tear"])
def test_a_trial_shows_the_same_damage_at_every_level(damage):
    """What flips on an L and on an H print, at the same shares of their widths."""
    masks = []
    for level, version in [("L", 2), ("H", 2), ("H", 5)]:
        row = {"content": "pairing", "level": level, "version": version, "print_width_mm": 25}
        row |= {"print_quiet_zone": 0, "camera_px_per_mm": 16, "camera_noise": 0, "damage": damage}
        size = 17 + 4 * version
        scene, *_ = condition(row | {"damage_paint": "flip"})
        pictures = [
            qr.shown(row | {"damage_paint": "flip", "severity": severity}, seed=6, trial=2) / 255.0
            for severity in (0, 0.15)
        ]
        changed = np.abs(pictures[0] ** 2 - pictures[1] ** 2) > 0.4
        matrix, _ = place(size, scene.print, scene.camera, the_pictures_own(6, 2))
        points = (np.indices((200, 200)).reshape(2, -1)[::-1].T + 0.5) / 200 * size
        x, y = np.floor(qr.optics.project(matrix, points)).astype(int).T
        masks.append(changed[y, x].reshape(200, 200))
    low, high, larger = masks
    for other in (high, larger):
        assert np.sum(low & other) / np.sum(low | other) > 0.7, "but for the blurred edges of modules"
    shifted = np.roll(low, 40, axis=1)
    assert np.sum(shifted & high) / np.sum(shifted | high) < 0.6, "this can fail"
    assert np.mean(low) == pytest.approx(0.15, abs=0.05)


def test_a_trial_is_seen_alike_at_every_level_and_under_every_damage():
    """Without ink the pictures of a trial are one picture: place, sway, shadow, glare and noise."""
    row = PHOTOGRAPHED | {"print_contrast": 0, "camera_shadow": 0.4, "camera_glare": 0.2, "version": 4}
    pictures = [
        qr.shown(row | {"level": level, "damage": damage, "severity": 0.1}, seed=2, trial=3)
        for level in "LH"
        for damage in ("none", "blot", "scratch", "contrast")
    ]
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)
    assert not np.array_equal(qr.shown(row, seed=2, trial=4), pictures[0])
    assert not np.array_equal(qr.shown(row, seed=3, trial=3), pictures[0])


def test_one_more_severity_or_reader_changes_nothing():
    design = PHOTOGRAPHED | {"damage": "defocus", "severity": [0.2, 0.35, 0.5]}
    three = once(design, trials=8)
    one = once(design | {"severity": 0.35, "reader": ["zbar", "zxing"]}, trials=8)
    assert 0 < three.ok.sum() < 24
    assert one.ok[one.reader == "zxing"].item() == three.ok[1]


# --- mixes of damage, contents of other modes ---

BADGE = {"payload": 30, "print_width_mm": 25, "camera_distance_mm": 150}


def test_a_trial_of_a_mix_shows_the_damage_that_it_draws():
    mix = qr.Mix((qr.Wear("stain", 0.5, 0.05), qr.Wear("tilt", 0.3, 0.4)))
    seen = set()
    for trial in range(12):
        kind, severity = mix.drawn(9, trial)
        plain = BADGE | {"damage": kind, "severity": severity}
        expected = qr.shown(plain, seed=9, trial=trial)
        assert np.array_equal(qr.shown(BADGE | {"damage": mix}, seed=9, trial=trial), expected)
        seen.add(kind)
    assert seen == {"stain", "tilt", "none"}


def test_the_severity_of_a_mix_is_a_factor():
    mix = qr.Mix((qr.Wear("stain", 1, 0.1, 1),))
    for factor, severity in {0: 0, 0.5: 0.05, 1: 0.1}.items():
        shown = qr.shown(BADGE | {"damage": mix, "severity": factor}, seed=1, trial=2)
        plain = qr.shown(BADGE | {"damage": "stain", "severity": severity}, seed=1, trial=2)
        assert np.array_equal(shown, plain)


def test_a_mix_runs_in_a_mapping_and_in_a_data_frame_and_stays_in_the_result(tmp_path):
    mix = qr.Mix((qr.Wear("scratch", 0.5, 0.03),))
    design = BADGE | {"damage": [mix, "none"], "reader": ["zxing", "model"]}
    result = qr.run(design, trials=20, seed=1, cache=tmp_path)
    assert [*result.damage] == [mix, mix, "none", "none"]
    assert [*result.severity] == [1, 1, 0, 0]
    again = qr.run(result[["payload", "damage", "reader", "print_width_mm", "camera_distance_mm"]],
                   trials=20, seed=1, cache=tmp_path)  # fmt: skip
    assert [*again.ok] == [*result.ok]
    assert result.ok[1] <= result.ok[3] == 20


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (
            {"payload": 9, "damage": qr.Mix((qr.Wear("tilt", 1),))},
            "damage must go with print and camera .* tilt",
        ),
        (
            BADGE | {"damage": qr.Mix(()), "damage_count": 3},
            "damage_count must go with a damage, not with a Mix",
        ),
        (BADGE | {"mode": "kanji"}, "mode must be one of numeric, alphanumeric, byte, not 'kanji'"),
        ({"content": "A", "mode": "byte"}, "mode must go with payload, not with content"),
        ({"payload": 4297, "mode": "alphanumeric"}, "payload must be an integer from 1 to 4296, not 4297"),
    ],
)
def test_a_mistake_with_a_mix_or_a_mode_is_named(design, message):
    with pytest.raises(ValueError, match=message):
        qr.run(design, trials=1, seed=1)


@pytest.mark.parametrize("mode", ["numeric", "alphanumeric", "byte"])
def test_a_payload_of_a_mode_fills_the_symbol_that_content_of_that_mode_needs(mode):
    result = qr.run({"payload": 200, "mode": mode, "level": "Q"}, trials=10, seed=2)
    assert result.version[0] == smallest_version(200, "Q", mode)
    assert result.ok[0] == 10
    contents = {random_content(2, 200, k, mode) for k in range(5)}
    assert len(contents) == 5
    assert {mode_of(content) for content in contents} == {mode}
