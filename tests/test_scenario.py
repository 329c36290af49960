"""Scenarios: every named one is complete and says where it is from; copies change what they are told to."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

import qrlab as qr
from qrlab.files import data_file
from qrlab.scenario import SCENARIOS, Mix, Scenario, Wear

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


WRONG = {
    "an unknown parameter": (
        {"colour": 1},
        "parameters of a scenario must be one of print, camera, .*'colour'",
    ),
    "a setting of no print": (
        {"print_colour": 1},
        "parameters of a scenario must be one of .*'print_colour'",
    ),
    "a bad width": ({"print_width_mm": 0}, "print_width_mm must be a number from 0.1 to 10000, not 0"),
    "a bad distance": ({"camera_distance_mm": -5}, "camera_distance_mm must be a number from 0.1"),
    "a bad share": ({"scratch_share": 2}, "scratch_share must be a number from 0 to 1, not 2"),
    "a bad severity": (
        {"scratch_typical": "much"},
        "scratch_typical must be a number from 0 to 1, not 'much'",
    ),
    "a spread below 1": ({"scratch_spread": 0.5}, "scratch_spread must be a number from 1 to 100, not 0.5"),
    "too many prints": ({"scratch_share": 0.9}, "share must add up to at most 1 over all wear, not 1.1"),
    "a target in percent": ({"target": 95}, "target must be a number from 0 to 1, not 95"),
    "an unknown level": ({"prescribed": "X"}, "prescribed level must be one of L, M, Q, H, not 'X'"),
    "an unknown mode": ({"mode": "kanji"}, "mode must be one of numeric, alphanumeric, byte, not 'kanji'"),
    "an unknown reader": (
        {"readers": ("zxing", "zebra")},
        "readers, unless module:function, must be .*'zebra'",
    ),
    "no reader": ({"readers": ()}, "readers, unless module:function, must be one of .*not None"),
    "an empty payload": ({"payload": 0}, "payload must be an integer from 1 to 7089, not 0"),
    "wear that is none": ({"wear": ["scratch"]}, "wear must be Wear, not 'scratch'"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_bad_changes_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        WORN.change(**changes)


def test_an_unknown_kind_of_wear_and_the_same_twice_are_named():
    with pytest.raises(ValueError, match=r"kind must be one of speckle, .*not 'fog'"):
        Wear("fog")
    with pytest.raises(ValueError, match="wear must have each kind once, not blot, blot"):
        Mix((Wear("blot", 0.1), Wear("blot", 0.2)))


# --- the mix of wear ---


def test_a_mix_is_drawn_by_its_shares_and_distributions():
    mix = Mix((Wear("scratch", 0.3, 0.01, 3), Wear("blot", 0.2, 0.05, 1)))
    drawn = [mix.drawn(5, trial) for trial in range(4000)]
    counts = Counter(kind for kind, _ in drawn)
    for kind, share in {"scratch": 0.3, "blot": 0.2, "none": 0.5}.items():
        low, high = qr.stats.rate_interval(counts[kind], 4000, 0.999)
        assert low < share < high
    scratches = np.array([severity for kind, severity in drawn if kind == "scratch"])
    _, low, high = qr.stats.quantile_interval(scratches, 0.5, 0.999)
    assert low < 0.01 < high
    _, low, high = qr.stats.quantile_interval(scratches, 0.95, 0.999)
    assert low < 0.03 < high
    assert {severity for kind, severity in drawn if kind == "blot"} == {0.05}
    assert {severity for kind, severity in drawn if kind == "none"} == {0}


def test_what_a_print_bears_depends_on_seed_and_trial_alone():
    mix = Mix(WORN.wear)
    assert [mix.drawn(1, k) for k in (7, 3)] == [mix.drawn(1, k) for k in (7, 3)]
    assert [mix.drawn(1, k) for k in range(20)] != [mix.drawn(2, k) for k in range(20)]


def test_more_severe_wear_is_the_same_wear_on_the_same_prints():
    mild, severe = Mix((Wear("stain", 0.5, 0.01),)), Mix((Wear("stain", 0.5, 0.02),))
    for trial in range(50):
        (kind, a), (same, b) = mild.drawn(3, trial), severe.drawn(3, trial)
        assert kind == same
        assert b == pytest.approx(2 * a)


def test_a_severity_is_never_above_1():
    mix = Mix((Wear("stain", 1, 0.9, 50),))
    assert max(mix.drawn(1, trial)[1] for trial in range(100)) == 1
