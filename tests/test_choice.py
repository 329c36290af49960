"""Choosing a level: the rule on made-up tables, choices whose answer is known, intervals that hold."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qrlab as qr
from qrlab import choice as module
from qrlab.choice import choose
from qrlab.scenario import Scenario, Wear

LEVELS = list("LMQH")
SECRET = "https://id.example.org/?token=Zx8-Qq31.planted~secret"


# --- the rule ---


def judged(rates, versions=(3, 4, 5, 6), target=0.5, half=0.004, spread=0.02, prescribed=None, margin=0.01):
    """The verdict on levels whose rates are known to within `spread`, their differences to within `half`."""
    rates = np.array(rates, dtype=float)
    level = pd.Categorical(LEVELS, LEVELS, ordered=True)
    table = pd.DataFrame({"level": level, "version": versions, "rate": rates})
    there = rates[~np.isnan(rates)]
    gaps = there[None, :] - there[:, None]
    half = half * ~np.eye(len(there), dtype=bool)  # of itself it is known
    sample = SimpleNamespace(gaps=lambda _: (gaps, gaps - half, gaps + half))
    case = NEAR.change(target=target, prescribed=prescribed)
    return module._judged(sample, table.assign(low=rates - spread, high=rates + spread), case, margin, 0.95)


RULE = {
    "the highest rate": (([0.7, 0.8, 0.9, 0.95],), "H"),
    "wherever it is": (([0.95, 0.9, 0.8, 0.7],), "L"),
    "the smallest symbol within the margin": (([0.90, 0.945, 0.95, 0.949],), "M"),
    "not one just outside": (([0.90, 0.945, 0.952, 0.949],), "MQ"),
    "of four equal ones the smallest": (([0.9, 0.9, 0.9, 0.9],), "L"),
    "a higher level of the same version is free": (([0.9, 0.9, 0.9, 0.9], (3, 3, 5, 6)), "M"),
    "so are two": (([0.9, 0.9, 0.9, 0.9], (3, 3, 3, 6)), "Q"),
    "what can't be printed is out": (([0.8, 0.9, np.nan, np.nan],), "M"),
    "all that can't be told, down to the smallest that can": (
        ([0.9, 0.9, 0.93, 0.9], (3, 4, 5, 6), 0.5, 0.03),
        "LMQ",
    ),
    "without those that are surely out": (([0.8, 0.9, 0.93, 0.9], (3, 4, 5, 6), 0.5, 0.03), "MQ"),
    "and without larger ones": (([0.92, 0.93, 0.93, 0.93], (3, 4, 5, 6), 0.5, 0.009), "LM"),
}


@pytest.mark.parametrize(("given", "left"), RULE.values(), ids=RULE)
def test_the_rule(given, left):
    said = judged(*given)
    assert "".join(said.left) == left
    assert said.chosen == max(left, key=lambda level: given[0][LEVELS.index(level)])


@pytest.mark.parametrize(("margin", "left"), [(0.005, "H"), (0.015, "MH"), (0.02, "M"), (0.06, "L")])
def test_the_margin_is_what_may_be_lost_for_a_smaller_symbol(margin, left):
    assert "".join(judged([0.9, 0.935, 0.90, 0.95], margin=margin).left) == left


def test_levels_within_the_margin_are_named():
    assert judged([0.945, 0.95, 0.90, 0.95]).within == ("L", "M", "H")
    assert judged([0.945, 0.95, 0.90, 0.95], half=0.006).within == ("M", "H")


@pytest.mark.parametrize(
    ("target", "reached", "level"),
    [(0.92, True, "H"), (0.929, True, "H"), (0.931, None, "H"), (0.969, None, "H"), (0.971, False, None)],
)
def test_none_is_recommended_where_every_level_is_sure_to_miss_the_target(target, reached, level):
    said = judged([0.7, 0.8, 0.9, 0.95], target=target)
    assert (said.reached, said.level, said.chosen) == (reached, level, "H")


@pytest.mark.parametrize("target", [0.5, 0.77, 0.99])
def test_a_prescribed_level_is_taken_whatever_the_others_do(target):
    said = judged([0.7, 0.8, 0.9, 0.95], target=target, prescribed=qr.Level.M)
    assert (said.level, said.chosen, said.best) == ("M", "H", "H")
    assert said.reached is {0.5: True, 0.77: True, 0.99: False}[target]
    assert said.behind.points["M"] == pytest.approx(0.15)


# --- choices whose answer is known ---

NEAR = Scenario("test", qr.Print(25), qr.Camera.at(80), readers="zxing")
STRONG = [Wear("codewords", 1, 0.15, 1)]  # a fifth of the codewords
FAST = {"trials": 40, "seed": 3, "advice": False}


def test_without_damage_and_with_few_pixels_the_smallest_symbol_wins():
    far = NEAR.change(camera_distance_mm=440)
    said = choose(60, far, **FAST)
    assert said.level == "M", "L and M share version 4"
    assert said.table.rate.tolist()[0] > 0.8
    assert said.table.rate.tolist()[3] < 0.1
    assert said.reason.startswith(
        "M is the smallest within 1 point of the best, and the highest level of its size; "
    )


def test_with_strong_damage_and_many_pixels_h_wins():
    said = choose(60, NEAR.change(wear=STRONG), **FAST)
    assert said.level == "H"
    assert said.verdict.within == ("H",)
    assert said.reason.startswith("H is the smallest within 1 point of the best; ")


def test_a_higher_level_of_the_same_version_is_free():
    said = choose(60, NEAR, **FAST, margin=0.1)
    assert said.table.version.tolist() == [4, 4, 5, 7]
    assert said.level == "M"
    within = "L, M, Q and H are within 10 points of the best, M is the smallest"
    assert said.reason.startswith(f"{within}, and the highest level of its size; ")
    left = choose(60, NEAR, **FAST)
    assert left.reason.startswith(
        "M, Q and H are left, as it can't be told which is the smallest within 1 point"
    )
    assert left.verdict.left == ("M", "Q", "H")
    assert said.table.relative_area.tolist() == pytest.approx([1, 1, (37 / 33) ** 2, (45 / 33) ** 2])


def test_levels_of_one_size_need_no_larger_symbol_than_the_others():
    said = choose(7, NEAR.change(camera_distance_mm=250), **FAST)  # nearer, zxing misses some of version 1
    assert said.table.version.tolist() == [1, 1, 1, 1]
    assert said.level == "H"
    assert said.reason.startswith("H needs no larger symbol than the others; ")


def test_a_logo_is_held_by_the_level_that_corrects_its_area():
    chosen = [
        choose(55, NEAR.change(wear=[Wear("logo", 1, area, 1)]), **FAST).verdict.chosen
        for area in (0.03, 0.06, 0.1, 0.15)
    ]
    assert chosen == ["M", "M", "Q", "H"]


def test_an_impossible_print_is_an_answer_with_a_width_that_would_do():
    narrow = NEAR.change(print_width_mm=4, print_dpi=203)
    said = choose(141, narrow, **FAST | {"advice": True})
    assert said.level is None
    assert said.trials == 0
    assert said.table.rate.isna().all()
    least = re.match(r"L can't be printed, as print_width_mm must be at least (\S+) .*, not 4;", said.reason)[
        1
    ]
    assert said.table.why_not[0] in said.reason
    assert choose(141, narrow.change(print_width_mm=float(least)), **FAST).table.module_dots[0] == 1
    assert "nan" not in said._repr_html_().lower()
    assert "–" in said._repr_html_(), "what there is not is a dash"
    (change,) = said.changes[said.changes.parameter == "print_width_mm"].itertuples()
    assert change.value > 6.6
    assert change.change == f"print it at least {change.value:g} mm wide"
    again = choose(141, narrow.change(print_width_mm=change.value), **FAST)
    assert again.table.rate.max() > 0.9


def test_where_no_level_reaches_the_target_the_smallest_change_that_does_is_named():
    far = NEAR.change(camera_distance_mm=800, payload=60)
    said = choose(None, far, **FAST | {"advice": True})
    assert said.level is None
    assert said.verdict.reached is False
    assert said.reason.startswith("No level will do, ")
    assert "; it misses the target, 95%; " in said.reason
    assert list(said.changes.factor) == sorted(said.changes.factor)
    assert {"print_width_mm", "camera_distance_mm"} <= set(said.changes.parameter)
    for change in said.changes.itertuples():
        there = choose(None, far.change(**{change.parameter: change.value}), **FAST)
        assert there.table.rate.max() > 0.9
        assert change.change in said.reason
        less = {"print_width_mm": 25, "camera_distance_mm": 800, "payload": 60}[change.parameter]
        for factor in [factor for factor in module._FACTORS if factor < change.factor][-1:]:
            value = less * factor if change.value > less else less / factor
            there = choose(None, far.change(**{change.parameter: round(value)}), **FAST)
            assert there.table.rate.max() < 0.95, change.parameter


def test_a_prescribed_level_is_respected_and_its_cost_shown():
    said = choose(60, NEAR.change(wear=STRONG, prescribed="m"), **FAST)
    assert said.level == "M"
    points = 100 * said.verdict.behind.points["M"]
    assert said.reason.startswith(f"M is prescribed, which costs {points:.1f} points; it reads ")


def test_a_level_that_does_not_fit_or_can_t_be_printed_is_out_and_says_why():
    said = choose(1300, NEAR.change(print_width_mm=60), **FAST)
    assert said.table.why_not.tolist()[:3] == ["", "", ""]
    assert said.table.why_not[3] == "no symbol holds 1,300 bytes at this level"
    assert "; H is out, as no symbol holds 1,300 bytes at this level" in said.reason
    narrow = choose(60, NEAR.change(print_width_mm=11, print_dpi=100), **FAST | {"trials": 10})
    assert narrow.table.why_not[3].startswith("print_width_mm must be at least 13.5 for one dot a module")
    assert narrow.table.rate.notna().tolist() == [True, True, False, False]


def test_the_reason_is_one_sentence():
    for scenario in (
        NEAR,
        NEAR.change(prescribed="H"),
        NEAR.change(camera_distance_mm=800),
        NEAR.change(target=1),
    ):
        reason = choose(60, scenario, **FAST).reason
        assert reason.endswith(".")
        assert ". " not in reason
        assert reason[0].isupper()


# --- what it depends on ---


def test_only_length_and_mode_of_the_content_matter():
    said = choose("HTTPS://EXAMPLE.ORG", NEAR, **FAST)
    assert (said.scenario.payload, said.scenario.mode) == (19, "alphanumeric")
    same = choose(19, NEAR.change(mode="alphanumeric"), **FAST)
    pd.testing.assert_frame_equal(said.table, same.table)
    assert choose("12345", NEAR, **FAST).scenario.mode == "numeric"
    assert choose("Zürich", NEAR, **FAST).scenario.payload == 7
    assert choose(b"12345", NEAR, **FAST).scenario.mode == "byte"


def test_the_content_is_nowhere():
    said = choose(SECRET, NEAR, **FAST)
    shown = [repr(said), said.reason, said._repr_html_(), json.dumps(said.to_dict()), repr(said.__dict__)]
    assert not [text for text in shown if "planted" in text or "token" in text]


def test_a_bound_is_not_rounded_past_itself():
    worn = NEAR.change(camera_distance_mm=420)
    for seed in range(3):
        said = choose(60, worn, **FAST | {"seed": seed})
        row = said.table.set_index("level").loc[said.level or said.verdict.best]
        least = float(re.search(r"at least (\S+)%", said.reason)[1]) / 100
        assert row.low - 0.001 <= least <= row.low


def test_a_choice_is_the_same_for_any_number_of_jobs_and_another_for_another_seed():
    worn = NEAR.change(camera_distance_mm=420)
    one, two = (choose(60, worn, **FAST, jobs=jobs) for jobs in (1, 3))
    pd.testing.assert_frame_equal(one.table, two.table)
    other = choose(60, worn, **FAST | {"seed": 4})
    assert other.table.rate.tolist() != one.table.rate.tolist()


def test_the_picture_of_a_trial_is_the_one_that_was_read():
    worn = NEAR.change(camera_distance_mm=420)
    said = choose(60, worn.change(scratch_share=0.3), **FAST | {"trials": 120})
    for row in said.readings[said.readings.level == "L"].head(10).itertuples():
        scene = replace(said.scenario.scene("L"), damage=said.mix)
        picture = scene.trial(said.seed, row.trial).picture(1)
        assert qr.decode(picture, "zxing").outcome == row.outcome


def test_there_are_prints_of_every_stratum_or_no_strata():
    worn = NEAR.change(wear=[Wear("scratch", 0.5), Wear("blot", 0.5)])
    for trials, strata in {20: 1, 120: 10}.items():
        said = choose(60, worn, **FAST | {"trials": trials})
        assert len(said.mix.strata[0]) == strata
        assert said.table.rate.between(0, 1).all()
        by_print = said.readings.drop_duplicates("trial").weight
        assert by_print.sum() == pytest.approx(1)


# --- bad input ---

WRONG = {
    "no content": (("", NEAR), "content, its length, must be an integer from 1 to .* not 0"),
    "content of another type": (
        (1.5, NEAR),
        "content, its length, must be an integer from 1 to 2953, not 1.5",
    ),
    "too much of it": ((3000, NEAR), "content, its length, .* 1 to 2953, not 3000"),
    "an unknown scenario": ((10, "moon"), "scenario must be one of sign-in-badge, .*, not 'moon'"),
    "no scenario": ((10, 5), "scenario must be a Scenario or the name of one, not 5"),
    "too few trials": ((10, NEAR, {"trials": 5}), "trials must be an integer from 10 to"),
    "a negative seed": ((10, NEAR, {"seed": -1}), "seed must be an integer"),
    "a margin of points": ((10, NEAR, {"margin": 5}), "margin must be a number from 0 to 1, not 5"),
    "too much for the prescribed level": (
        (2000, NEAR.change(prescribed="H")),
        "content must be at most 1,273 bytes .* at level H",
    ),
}


@pytest.mark.parametrize(("given", "message"), WRONG.values(), ids=WRONG)
def test_bad_input_is_named(given, message):
    content, scenario, *settings = given
    with pytest.raises(ValueError, match=message):
        choose(content, scenario, **(settings[0] if settings else {}))


def test_a_panels_name_stands_for_its_readers(monkeypatch):
    monkeypatch.setattr(module, "unavailable", lambda name: "" if name == "zbar" else "not installed")
    said = choose(60, NEAR, readers="web,zxing", **FAST)
    assert said.left_out == dict.fromkeys(["jsqr", "qr", "zxing"], "not installed")
    assert said.scenario.readers == ("zbar",)


def test_a_reader_that_is_not_there_is_left_out_by_name(monkeypatch):
    monkeypatch.setattr(module, "unavailable", lambda name: "" if name == "zxing" else "not installed")
    said = choose(60, NEAR.change(readers=("zxing", "boofcv")), **FAST)
    assert said.left_out == {"boofcv": "not installed"}
    assert set(said.readings.reader) == {"zxing"}
    assert said.reason.endswith(" Without boofcv, which can't be had here.")
    with pytest.raises(ValueError, match=r"readers must be available, not .*not installed"):
        choose(60, NEAR.change(readers="boofcv"), **FAST)


# --- what is claimed of the intervals ---


@pytest.mark.proof
def test_intervals_hold_against_an_independent_larger_simulation():
    """Eight choices of 100 prints each, and 1,000 prints of another seed that stand for the truth."""
    worn = NEAR.change(camera_distance_mm=380, scratch_share=0.5, scratch_typical=0.01)
    truth = qr.run(worn.change(payload=30).design(), trials=1000, seed=99).set_index("level")
    misses = 0
    for seed in range(8):
        said = choose(30, worn, trials=100, seed=seed, advice=False).table.set_index("level")
        for level, row in said.iterrows():
            low, high = qr.stats.rate_interval(int(truth.ok[level]), 1000)
            misses += not (row.low <= high and low <= row.high)
    assert misses <= stats.binom.ppf(0.999, 32, 0.05)


@pytest.mark.proof
def test_intervals_and_verdicts_hold_although_the_simulation_stops_when_it_is_clear(monkeypatch):
    """Made-up readings of known rates through all of `choose`; on half of the prints all conditions agree."""
    rates, rng = {"L": 0.80, "M": 0.93, "Q": 0.96, "H": 0.96}, np.random.default_rng(8)

    def made_up(design, *, trials, first, **_):
        more = trials - first
        both = rng.random((more, 1)), rng.random((more, len(design)))
        draws = np.where(rng.random((more, 1)) < 0.5, *both)
        table = design.loc[design.index.repeat(more), ["level", "reader"]].reset_index(drop=True)
        ok = draws.T.ravel() < table.level.map(rates)
        level = pd.Categorical(table.level, LEVELS, ordered=True)
        trial = np.tile(np.arange(first, trials), len(design))
        return table.assign(level=level, trial=trial, outcome=np.where(ok, "ok", "unread"))

    monkeypatch.setattr(module, "readings", made_up)
    scenario, repeats = NEAR.change(readers=("zxing", "zxing-pure"), target=0.9), 40
    inside, wrong, ends = 0, 0, set()
    for _ in range(repeats):
        said = choose(141, scenario, trials=800, margin=0.08, advice=False)
        ends.add(said.trials)
        inside += sum(row.low <= rates[row.level] <= row.high for row in said.table.itertuples())
        wrong += said.verdict.left in [("L",), ("Q",), ("H",)]  # M is the smallest within 8 points
    assert len(ends) > 1, "it stops at several looks"
    assert inside >= 0.95 * 4 * repeats
    assert wrong <= stats.binom.ppf(0.999, repeats, 0.05)


def test_a_change_that_can_not_be_is_passed_over_and_that_none_will_do_is_said():
    far = qr.SCENARIOS["poster"].change(print_width_mm=9000, camera_distance_mm=2e6)
    said = choose(20, far, trials=10, jobs=1)
    assert said.level is None
    assert said.reason.endswith("of what was tried this would do: nothing.")
    assert "tried" not in choose(20, far, trials=10, jobs=1, advice=False).reason
