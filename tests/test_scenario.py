"""Scenarios: every named one is complete and says where it is from; copies change what they are told to."""

import numpy as np
import pandas as pd
import pytest

import qrlab as qr
from qrlab.files import data_file
from qrlab.scenario import SCENARIOS, Scenario, named_scenario
from qrlab.scene import Mix, Scene, Wear

PLAIN = Scenario("plain", qr.Print(25), qr.Camera.at(200))
WORN = PLAIN.change(wear=(Wear("scratch", 0.3, 0.01), Wear("crease", 0.2, 0.02)))


def test_the_named_scenarios_are_those_that_are_asked_for():
    asked = "sign-in-badge small-badge thermal-asset-label office-page swiss-qr-bill certificate poster"
    assert set(asked.split()) | {"menu-sticker", "screen"} <= set(SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_parameter_of_a_named_scenario_has_its_source_or_is_marked_an_assumption(name):
    table = SCENARIOS[name].parameters.set_index("parameter")
    assert table.source.str.len().min() > 4
    assert {"payload", "print_width_mm", "print_dpi", "camera_distance_mm", "target"} <= set(table.index)
    for wear in SCENARIOS[name].wear:
        assert {f"{wear.kind}_{part}" for part in ("share", "typical", "spread")} <= set(table.index)
    ranged = table.dropna(subset="low")
    assert len(ranged) >= 8
    assert (ranged.low <= ranged.value.astype(float)).all()
    assert (ranged.value.astype(float) <= ranged.high).all()
    assert (ranged.low < ranged.high).all()


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_ends_of_every_range_can_be_printed_and_photographed(name):
    scenario = SCENARIOS[name]
    for row in scenario.parameters.dropna(subset="low").itertuples():
        for value in (row.low, row.high):
            value = round(value) if isinstance(row.value, int) else value
            there = scenario.change(**{row.parameter: value})
            assert there.value(row.parameter) == pytest.approx(value)
            symbol = qr.make(b"x" * 10, "L")
            assert np.ptp(qr.photograph(symbol, there.print, there.camera, 1)) > 60


def test_a_named_scenario_is_what_its_file_says():
    table = pd.read_csv(data_file("scenarios.csv"), dtype=str).set_index(["scenario", "parameter"]).value
    bill = SCENARIOS["swiss-qr-bill"]
    assert bill.prescribed == table["swiss-qr-bill", "prescribed"] == "M"
    assert bill.print == qr.Print(46, 600, quiet_zone_included=False)
    assert bill.wear == (Wear("logo", 1, 0.023, 1),)
    assert bill.camera.distance_mm == pytest.approx(float(table["swiss-qr-bill", "camera_distance_mm"]))
    assert SCENARIOS["certificate"].mode == "alphanumeric"


def test_a_change_leaves_the_original_alone_and_is_marked_as_given():
    badge = SCENARIOS["small-badge"]
    mine = badge.change(print_width_mm=30, crease_share=0.5, target=0.9)
    assert (badge.print.width_mm, mine.print.width_mm) == (25, 30)
    assert (mine.print.dpi, mine.target, mine.wear[0].share) == (300, 0.9, 0.5)
    said = mine.parameters.set_index("parameter")
    assert said.source[["print_width_mm", "crease_share", "target"]].tolist() == ["given"] * 3
    assert said.unit["print_width_mm"] == "mm"
    assert np.isnan(said.low["crease_share"])
    assert said.source["camera_distance_mm"] == "assumption"


def test_the_camera_keeps_its_distance_unless_that_is_changed():
    finer = PLAIN.change(camera_frame_width_px=3840)
    assert finer.camera.distance_mm == pytest.approx(200)
    assert finer.camera.px_per_mm == pytest.approx(2 * PLAIN.camera.px_per_mm)
    assert PLAIN.change(camera_distance_mm=100).camera.px_per_mm == pytest.approx(2 * PLAIN.camera.px_per_mm)
    assert PLAIN.change(camera_px_per_mm=3).camera.px_per_mm == 3


def test_wear_can_be_added_changed_and_taken_away():
    assert PLAIN.change(stain_typical=0.1, stain_share=0.5).wear == (Wear("stain", 0.5, 0.1),)
    assert WORN.change(scratch_spread=1).wear[0] == Wear("scratch", 0.3, 0.01, 1)
    clean = SCENARIOS["small-badge"].change(wear=())
    assert clean.wear == ()
    assert not [name for name in clean.parameters.parameter if name.startswith(("crease", "scratch"))]


def test_scenarios_are_alike_whatever_is_known_of_them():
    badge = SCENARIOS["small-badge"]
    assert badge.change(print_width_mm=25) == badge
    assert hash(badge.change(print_width_mm=25)) == hash(badge)


# --- what its trials show ---


def test_a_scenario_at_a_level_is_a_scene():
    scene = WORN.scene("q")
    assert scene == Scene(
        payload=100, alike=20, level="Q", damage=Mix(WORN.wear), printed=WORN.print, camera=WORN.camera
    )
    assert WORN.scene(qr.Level.Q, 12).version == 12
    assert PLAIN.change(payload=30, mode="numeric").scene("L").mode == "numeric"
    with pytest.raises(ValueError, match=r"payload.*at most .* version 3 .*not 100"):
        WORN.scene("L", 3)
    with pytest.raises(ValueError, match=r"print_width_mm .*not 5$"):
        PLAIN.change(print_width_mm=5, print_dpi=72).scene("H")


def test_a_scenarios_design_runs_with_columns_of_ones_own():
    design = WORN.design(["L", "H"])
    assert list(design.columns) == ["scene", "level", "reader"]
    assert list(zip(design.level, design.reader)) == [(x, reader) for x in "LH" for reader in WORN.readers]
    assert [*design.scene] == [WORN.scene(level) for level in "LH" for _ in WORN.readers]
    assert len(WORN.design()) == 4 * len(WORN.readers)
    assert {scene.version for scene in WORN.design(version=20).scene} == {20}
    both = pd.concat([design.assign(worn=True), PLAIN.design(["L", "H"]).assign(worn=False)])
    result = qr.run(both, trials=3, seed=1, jobs=1)
    assert result.worn.tolist() == [True] * 4 + [False] * 4
    assert (result.ok[~result.worn] == 3).all()


def test_a_scenario_is_found_by_its_name():
    assert named_scenario("small-badge") is SCENARIOS["small-badge"]
    assert named_scenario(WORN) is WORN
    for wrong in ("badge", None):
        with pytest.raises(ValueError, match=rf"scenario must be .*not {wrong!r}"):
            named_scenario(wrong)


# --- mistakes ---

WRONG = {
    "an unknown parameter": ({"colour": 1}, r"parameters .*print, camera, .*'colour'"),
    "a setting of no print": ({"print_colour": 1}, r"parameters .*'print_colour'"),
    "a bad width": ({"print_width_mm": 0}, r"print_width_mm .* 0.1 to 10000, not 0"),
    "a bad distance": ({"camera_distance_mm": -5}, r"camera_distance_mm .* 0\.1"),
    "a bad share": ({"scratch_share": 2}, r"scratch_share .* 0 to 1, not 2"),
    "a bad severity": ({"scratch_typical": "much"}, r"scratch_typical .* 0 to 1, not 'much'"),
    "a spread below 1": ({"scratch_spread": 0.5}, r"scratch_spread .* 1 to 100, not 0\.5"),
    "too many prints": ({"scratch_share": 0.9}, r"share .* at most 1 .*not 1\.1"),
    "a target in percent": ({"target": 95}, r"target .* 0 to 1, not 95"),
    "an unknown level": ({"prescribed": "X"}, r"prescribed .*L, M, Q, H, not 'X'"),
    "an unknown mode": ({"mode": "kanji"}, r"mode .*numeric, alphanumeric, byte, not 'kanji'"),
    "an unknown reader": ({"readers": ("zxing", "zebra")}, r"readers.*zxing, .*'zebra'"),
    "no reader": ({"readers": ()}, r"readers.*zxing, .*not None"),
    "an empty payload": ({"payload": 0}, r"payload .* 1 to 2953, not 0"),
    "wear that is none": ({"wear": ["scratch"]}, r"wear .*Wear, not str"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_bad_changes_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        WORN.change(**changes)
