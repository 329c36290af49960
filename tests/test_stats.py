"""Intervals cover as often as they claim."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from qrlab.readers import OUTCOMES
from qrlab.stats import (
    Strata,
    differences,
    rate_interval,
    rates,
    summarize,
    thresholds,
)


@pytest.mark.proof
def test_coverage():
    """2,000 samples of 60: the true median lies inside at least as often as claimed, and not always.

    Order statistics are discrete, so coverage is at least 95 % and somewhat more; the bounds allow
    four standard errors of 2,000 draws.
    """
    drawn = np.random.default_rng(5).exponential(size=2000 * 60)
    table = pd.DataFrame({"sample": np.arange(2000).repeat(60), "severity": drawn})
    rows = summarize(table, ["sample"], "severity")
    assert ((rows.low <= rows["median"]) & (rows["median"] <= rows.high)).all()
    inside = _holds(rows.low, rows.high, np.log(2)).mean()
    assert 0.95 - 4 * np.sqrt(0.05 * 0.95 / 2000) <= inside <= 0.995


def test_small_samples_have_open_ends_and_never_is_allowed():
    table = pd.DataFrame(
        {"level": ["L"] * 3 + ["H"] * 100, "severity": [1, 2, 3] + [0.1] * 5 + [np.inf] * 95}
    )
    rows = summarize(table, ["level"], "severity")
    assert rows[["median", "low", "high"]].values.tolist() == [[2, -np.inf, np.inf], [np.inf] * 3]


def test_nan_is_refused():
    table = pd.DataFrame({"level": ["L", "H", "H"], "severity": [1, 1, np.nan]})
    with pytest.raises(ValueError, match=r"severity must be numbers, not nan, as at \('H',\)"):
        summarize(table, ["level"], "severity")


def test_summaries_have_a_row_for_each_group():
    table = pd.DataFrame({"level": ["L"] * 50 + ["H"] * 50, "severity": np.r_[0:50, 100:150] / 1000})
    rows = summarize(table, ["level"], "severity").set_index("level")
    assert rows.loc["L", "trials"] == 50
    assert rows.loc["L", "median"] == 0.024
    assert rows.loc["H", "p5"] == 0.102
    assert rows.loc["H", "low"] < rows.loc["H", "median"] < rows.loc["H", "high"]


# --- rates ---


def wilson(k: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The formula of Wilson (1927), written out."""
    p = k / n
    centre, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # these four: Newcombe (1998), Statistics in Medicine 17, 857, table I
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (13, 16, 0.5699, 0.9341),  # Fagerland, Lydersen and Laake (2017), chapter 2
    ],
)
def test_intervals_of_rates_are_those_published(successes, trials, low, high):
    assert rate_interval(successes, trials) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_intervals_of_rates_follow_the_formula_and_mirror(trials, share):
    k = round(share * trials)
    low, high = rate_interval(k, trials)
    assert (low, high) == pytest.approx(wilson(k, trials), abs=1e-12)
    assert 0 <= low <= k / trials <= high <= 1
    assert rate_interval(trials - k, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)
    narrow = rate_interval(k, trials, 0.5)
    assert low <= narrow[0] <= narrow[1] <= high, "less confidence, less width"


def test_without_trials_a_rate_can_be_anything():
    assert rate_interval(0, 0) == (0, 1)


@pytest.mark.parametrize(("successes", "trials"), [(4, 3), (-1, 3), (0, -1), (np.nan, 3), ([1, 4], [3, 3])])
def test_counts_that_are_none_are_refused(successes, trials):
    with pytest.raises(ValueError, match=r"successes must be from 0 to trials"):
        rate_interval(successes, trials)


@pytest.mark.parametrize("bad", [95, -0.1, "high"])
def test_confidence_is_checked(bad):
    with pytest.raises(ValueError, match=f"confidence must .* from 0 to .*not {bad!r}"):
        rate_interval(1, 3, bad)


def test_intervals_of_arrays_are_those_of_their_elements():
    successes, trials = np.array([[0, 3, 7.5], [20, 1, 0]]), np.array([[5, 5, 9], [20, 3, 0]])
    low, high = rate_interval(successes, trials, 0.9)
    assert low.shape == high.shape == (2, 3)
    each = [rate_interval(k, n, 0.9) for k, n in zip(successes.ravel(), trials.ravel())]
    assert list(zip(low.ravel(), high.ravel())) == each


@pytest.mark.parametrize("agree", [0, 0.5, 1])
@pytest.mark.parametrize("rate", [0.5, 0.9, 0.98])
def test_the_interval_of_a_mean_of_readers_covers_however_much_they_agree(rate, agree):
    rng, trials, repeats = np.random.default_rng(5), 200, 4000
    both = rng.random((repeats, trials, 1)), rng.random((repeats, trials, 2))
    ok = np.where(rng.random((repeats, trials, 1)) < agree, *both) < rate
    low, high = rate_interval(ok.mean(axis=2).sum(axis=1), trials)
    inside = np.sum((low <= rate) & (rate <= high))
    assert inside >= stats.binom.ppf(0.001, repeats, 0.93)


def test_intervals_of_rates_cover_on_average_as_claimed():
    """Summed over all counts that can come, not drawn: 95 % on average, and nowhere below 90 %."""
    covered, halved = {}, {}
    for n in (10, 20, 50, 100, 300, 1000):
        ends = np.array([rate_interval(k, n) for k in range(n + 1)])
        middle = np.arange(n + 1)[:, None] / n
        for p in (0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.95, 0.99):
            chance = stats.binom.pmf(np.arange(n + 1), n, p)
            covered[n, p] = chance[_holds(*ends.T, p)].sum()
            halved[n, p] = chance[_holds(*((ends + middle) / 2).T, p)].sum()
    assert np.mean(list(covered.values())) == pytest.approx(0.95, abs=0.01)
    assert min(covered.values()) > 0.90, min(covered, key=covered.get)
    assert np.mean(list(halved.values())) < 0.80, "half as wide an interval would be noticed"


def _holds(low, high, truth) -> np.ndarray:
    return (np.asarray(low) <= truth) & (truth <= np.asarray(high))


# --- rates of a result ---


def result_of(*rows: tuple) -> pd.DataFrame:
    """As qr.run gives it: (level, reader, trials, ok, misread)."""
    table = pd.DataFrame(rows, columns=["level", "reader", "trials", "ok", "misread"])
    table["level"] = pd.Categorical(table.level, list("LMQH"), ordered=True)
    table["unread"] = table.trials - table.ok - table.misread
    return table.assign(error=0, crash=0, timeout=0, seconds=0.5)


RUN = result_of(("L", "a", 20, 10, 1), ("L", "b", 20, 15, 0), ("H", "a", 20, 20, 0), ("H", "b", 0, 0, 0))


def test_rates_stand_beside_the_counts():
    rows = rates(RUN[:3])
    pd.testing.assert_frame_equal(rows[RUN.columns], RUN[:3])
    assert list(rows.columns) == [*RUN.columns, "rate", "low", "high"]
    assert list(rows.rate) == [0.5, 0.75, 1]
    assert [(row.low, row.high) for row in rows.itertuples()] == [rate_interval(k, 20) for k in (10, 15, 20)]


def test_rates_pool_what_agrees_and_count_trials_not_readings():
    rows = rates(RUN, "level")
    assert list(rows.columns) == ["level", "trials", *OUTCOMES, "seconds", "rate", "low", "high"]
    assert list(rows.level) == ["L", "H"], "in the order of the levels, and only those that were asked for"
    assert rows[["trials", "ok", "misread", "unread", "seconds"]].to_numpy().tolist() == [
        [20, 25, 1, 14, 1.0],
        [20, 20, 0, 0, 1.0],
    ]
    assert list(rows.rate) == [25 / 40, 1]
    assert (rows.low[0], rows.high[0]) == rate_interval(12.5, 20)
    pd.testing.assert_frame_equal(rates(RUN, ["level"]), rows)
    assert len(rates(RUN[:3], ["level", "reader"])) == 3


def test_readings_are_pooled_as_a_runs_counts_are():
    frame = pairs(5, 3, 2, 1).drop(columns="seconds")
    frame.loc[0, "outcome"] = "misread"
    rows = rates(frame, "level")
    assert rows[["trials", *OUTCOMES]].to_numpy().tolist() == [[11, 7, 1, 3, 0, 0, 0], [11, 7, 0, 4, 0, 0, 0]]
    assert list(rows.rate) == [7 / 11, 7 / 11]


def test_rates_can_be_of_another_outcome():
    rows = rates(RUN, "reader", "misread")
    assert rows.set_index("reader").rate.to_dict() == {"a": 1 / 40, "b": 0}
    assert (rows.low[0], rows.high[0]) == rate_interval(0.5, 20)
    with pytest.raises(ValueError, match=r"outcome must be one of ok, misread, .*, not 'good'"):
        rates(RUN, outcome="good")


def pooled_readings(ok: np.ndarray) -> pd.DataFrame:
    """Readings of ok (bool repeats×trials×readers)."""
    repeat, trial, reader = np.indices(ok.shape).reshape(3, -1)
    outcome = np.where(ok.ravel(), "ok", "unread")
    return pd.DataFrame({"repeat": repeat, "trial": trial, "reader": reader, "outcome": outcome})


def test_readers_that_disagree_are_no_binomial():
    """One reads all of 120 trials, one 20 of them, three none."""
    ok = np.zeros((1, 120, 5), bool)
    ok[..., 0], ok[0, :20, 1] = True, True
    (row,) = rates(pooled_readings(ok), "repeat").itertuples()
    assert (row.rate, row.trials, row.ok) == (140 / 600, 120, 140)
    low, high = (0.2 + end / 5 for end in rate_interval(20, 120))
    assert (row.low, row.high) == (pytest.approx(low, abs=0.005), pytest.approx(high, abs=0.005))
    counts = result_of(*(("L", reader, 120, k, 0) for reader, k in zip("abcde", (120, 20, 0, 0, 0))))
    (run,) = rates(counts, "level").itertuples()
    assert (run.rate, run.trials, run.ok) == (row.rate, 120, 140)
    assert (run.low, run.high) == rate_interval(28, 120), "how they go together is not known"


def test_readers_that_agree_tell_no_more_than_one():
    ok = np.repeat(np.arange(100)[None, :, None] < 80, 7, axis=2)
    (row,) = rates(pooled_readings(ok), "repeat").itertuples()
    assert (row.trials, row.low, row.high) == (100, *map(pytest.approx, rate_interval(80, 100)))
    (never,) = rates(pooled_readings(ok), "repeat", "misread").itertuples()
    assert (never.low, never.high) == (0, pytest.approx(rate_interval(0, 100)[1])), "of 700 readings"


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=2, max_size=40))
@settings(max_examples=50)
def test_intervals_of_pooled_readings_are_those_of_one_stratum(outcomes):
    ok = np.array(outcomes)[None]
    n = ok.shape[1]
    (row,) = rates(pooled_readings(ok), "repeat").itertuples()
    sample = Strata(values=ok[0].mean(axis=1)[:, None], stratum=np.zeros(n, int), shares=np.ones(1))
    assert (row.rate, row.low, row.high) == pytest.approx(tuple(x.item() for x in sample.rates(0.95)))
    single = rates(pooled_readings(ok), ["reader"])
    ends = rate_interval(ok[0].sum(axis=0), n)
    assert list(single.trials) == [n] * 3
    assert single.low.tolist() == pytest.approx(list(ends[0]), abs=1e-12)
    assert single.high.tolist() == pytest.approx(list(ends[1]), abs=1e-12)


AGREEING = [((0.8, 0.8, 0.8, 0.8), 1), ((0.95, 0.9, 0.7), 1), ((0.95, 0.9, 0.7), 0.5), ((0.5, 0.5), 0)]
ALL_OR_NONE = [((1, 0), 0), ((1, 0.17, 0, 0, 0), 0), ((1, 0.17, 0.1, 0, 0), 1), ((1, 0.9, 0.5, 0.1, 0), 1)]


@pytest.mark.proof
@pytest.mark.parametrize("trials", [40, 100, 300])
def test_intervals_of_pooled_rates_cover(trials):
    """2,000 repeats of each: readers that agree, trial by trial, and such as read all or none.  As Wilson's,
    which they are where all agree, they cover 95 % on average, and nowhere less than 91 %."""
    rng, repeats, covered = np.random.default_rng([4, trials]), 2000, []
    for chances, agree in AGREEING + ALL_OR_NONE:
        both = rng.random((repeats, trials, 1)), rng.random((repeats, trials, len(chances)))
        ok = np.where(rng.random((repeats, trials, 1)) < agree, *both) < chances
        rows, truth = rates(pooled_readings(ok), "repeat"), np.mean(chances)
        covered += [np.mean(_holds(rows.low - 1e-9, rows.high + 1e-9, truth))]
        each = pd.DataFrame({"repeat": np.repeat(range(repeats), len(chances)), "trials": trials})
        wide = rates(each.assign(ok=ok.sum(axis=1).ravel()), "repeat")
        assert np.mean(_holds(wide.low, wide.high, truth)) >= min(covered[-1], 0.95) - 0.005
        if (chances, agree) in AGREEING[:2]:
            binomial = rate_interval(ok.sum(axis=(1, 2)), trials * len(chances))
            assert np.mean(_holds(*binomial, truth)) < 0.9, "what it was"
            assert np.mean(_holds(*((x + rows.rate) / 2 for x in (rows.low, rows.high)), truth)) < 0.8, "half"
    assert min(covered) >= 0.91, covered
    assert np.mean(covered) >= 0.945, covered


# --- thresholds ---


def readings_of(ok, at, curve=0, **more) -> pd.DataFrame:
    """As qr.readings gives them, of ok (bool trials×severities) at each severity."""
    trial, place = np.indices(np.shape(ok)).reshape(2, -1)
    outcome = pd.Categorical.from_codes(np.where(np.ravel(ok), 0, 2), OUTCOMES)
    return pd.DataFrame(
        {"curve": curve, "trial": trial, "severity": np.take(at, place), "outcome": outcome}
    ).assign(**more)


def counted(counts, trials: int = 100) -> np.ndarray:
    """ok (bool trials×severities) of which `counts` trials are read at each severity."""
    return np.arange(trials)[:, None] < np.asarray(counts)


STEP = np.array([0.0, 0.1, 0.2, 0.3])


def threshold(counts, share: float, at=STEP, **options) -> pd.Series:
    return thresholds(readings_of(counted(counts), at), "curve", (share,), **options).iloc[0]


def test_a_step_is_crossed_on_the_line_between_its_ends():
    for share, at in ((0.99, 0.101), (0.9, 0.11), (0.5, 0.15), (0.25, 0.175)):
        assert threshold([100, 100, 0, 0], share).severity == pytest.approx(at)
    assert threshold([100, 100, 0, 0], 0.5, at=[0, 1, 5, 6]).severity == pytest.approx(3)


def test_thresholds_have_a_row_for_each_curve_and_share():
    rows = thresholds(readings_of(counted([100, 95, 40, 0]), STEP), "curve")
    assert list(rows.columns)[:5] == ["curve", "share", "severity", "low", "high"]
    assert list(rows.columns)[5:] == ["above", "below", "again", "trials"]
    assert list(rows.share) == [0.99, 0.9, 0.5]
    assert list(rows.trials) == [100] * 3
    assert list(rows.severity) == pytest.approx([0.02, 0.1 + 0.1 * 5 / 55, 0.1 + 0.1 * 45 / 55])


def test_a_curve_that_never_falls_so_low_has_no_threshold():
    row = threshold([100, 98, 92, 91], 0.9)
    assert (row.severity, row.high) == (np.inf, np.inf)
    assert row.low < np.inf, "but by chance it might"
    assert threshold([100, 100, 100, 100], 0.5).low == np.inf


def test_a_curve_that_begins_below_has_the_smallest_severity():
    assert threshold([40, 10, 0, 0], 0.5).severity == 0
    row = threshold([10, 10, 0, 0], 0.9, at=[0.05, 0.1, 0.2, 0.3])
    assert (row.severity, row.low, row.high) == (0.05, 0.05, 0.05)
    assert threshold([100, 50, 50, 50], 0.5).severity == 0.1, "at the share counts as fallen to it"


def test_the_first_fall_counts_however_the_curve_recovers():
    assert threshold([100, 40, 90, 0], 0.5).severity == pytest.approx(0.1 * 50 / 60)
    assert threshold([100, 60, 90, 0], 0.5).severity == pytest.approx(0.2 + 0.1 * 10 / 60)


@pytest.mark.parametrize(
    ("counts", "between", "again"),
    [
        ([100, 100, 0, 0], (0.1, 0.2), False),
        ([100, 40, 90, 0], (0.0, 0.1), True),
        ([100, 40, 52, 0], (0.0, 0.1), False),  # perhaps by chance
        ([40, 10, 0, 0], (-np.inf, 0.0), False),
        ([40, 10, 90, 0], (-np.inf, 0.0), True),
        ([100, 98, 92, 91], (0.3, np.inf), False),
    ],
)
def test_a_threshold_says_between_which_severities_it_lies_and_who_reads_again(counts, between, again):
    row = threshold(counts, 0.5)
    assert ((row.above, row.below), row.again) == (between, again)


def test_the_order_of_readings_does_not_matter():
    frame = readings_of(counted([97, 80, 33, 2]), STEP)
    rows = thresholds(frame, "curve")
    pd.testing.assert_frame_equal(thresholds(frame.sample(frac=1, random_state=1), "curve"), rows)


def test_curves_are_told_apart_by_several_columns():
    one, other = counted([100, 100, 0, 0]), counted([100, 0, 0, 0])
    frame = pd.concat(
        [
            readings_of(one, STEP, level="L", reader="a"),
            readings_of(other, STEP, level="L", reader="b"),
            readings_of(other, STEP, level="H", reader="a"),
        ]
    )
    frame["level"] = pd.Categorical(frame.level, list("LMQH"), ordered=True)
    rows = thresholds(frame, ["level", "reader"], (0.5,))
    assert list(rows.columns)[:4] == ["level", "reader", "share", "severity"]
    assert list(zip(rows.level, rows.reader, rows.severity.round(9))) == [
        ("L", "a", 0.15),
        ("L", "b", 0.05),
        ("H", "a", 0.05),
    ]


def test_another_column_can_take_the_place_of_severity():
    frame = readings_of(counted([100, 100, 0, 0]), STEP)
    frame["width_mm"] = 1000 * frame.severity
    assert thresholds(frame, "curve", (0.5,), x="width_mm").severity.item() == pytest.approx(150)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(0, 2**32))
@settings(max_examples=50)
def test_thresholds_lie_within_their_intervals_and_come_later_for_lower_shares(counts, seed):
    at = np.arange(len(counts)) / 7
    ok = np.random.default_rng(seed).permuted(counted(counts, 30), axis=0)
    rows = thresholds(readings_of(ok, at), "curve")
    assert (rows.low <= rows.severity).all()
    assert (rows.severity <= rows.high).all()
    assert list(rows.severity) == sorted(rows.severity)
    rate = np.minimum.accumulate(np.array(counts) / 30)
    for share, severity in zip(rows.share, rows.severity):
        if np.isfinite(severity) and severity > at[0]:
            assert np.interp(severity, at, rate) == pytest.approx(share), "the curve is there at the share"


@pytest.mark.proof
@pytest.mark.parametrize(("trials", "curves"), [(50, 800), (100, 600), (300, 300)])
def test_intervals_of_thresholds_cover(trials, curves):
    """Hundreds of curves, each of trials whose breaking points are lognormal, read at 15 severities.

    The truth is where the true curve, taken as linear between these severities, falls to the share.
    """
    at, points = np.linspace(0, 0.14, 15), stats.lognorm(0.35, scale=0.05)
    drawn = points.rvs((curves, trials), random_state=np.random.default_rng([1, trials]))
    frame = pd.concat([readings_of(p[:, None] > at, at, curve=k) for k, p in enumerate(drawn)])
    rows = thresholds(frame, "curve")
    for share, row in rows.groupby("share"):
        truth = np.interp(-share, -points.sf(at), at)
        assert np.mean(_holds(row.low, row.high, truth)) >= 0.93, share
        halved = _holds((row.low + row.severity) / 2, (row.severity + row.high) / 2, truth)
        assert np.mean(halved) < 0.93, "half as wide an interval would be noticed"


# --- differences ---


def paired(a, b, severity=0.1, **more) -> pd.DataFrame:
    """As qr.readings gives them, of two levels, L and H, for the same trials (bool each)."""
    sides = [readings_of(np.transpose([ok]), [severity], level=x) for x, ok in (("L", a), ("H", b))]
    table = pd.concat(sides, ignore_index=True).drop(columns="curve")
    table["level"] = pd.Categorical(table.level, list("LMQH"), ordered=True)
    return table.assign(seconds=np.linspace(0, 1, len(table)), detail="", read=None, **more)


def pairs(both: int, only_a: int, only_b: int, neither: int) -> pd.DataFrame:
    a = np.repeat([True, True, False, False], [both, only_a, only_b, neither])
    b = np.repeat([True, False, True, False], [both, only_a, only_b, neither])
    return paired(a, b)


def test_the_interval_of_a_difference_is_that_published():
    """Cavo and others (2012) in Fagerland, Lydersen and Laake (2017), chapter 8: 59, 6, 16 and 80."""
    row = differences(pairs(59, 6, 16, 80), "level").iloc[0]
    assert list(row[["a", "b", "only_a", "only_b", "pairs", "trials"]]) == ["L", "H", 6, 16, 161, 161]
    assert row.difference == pytest.approx(0.0621, abs=5e-5)
    assert (row.low, row.high) == (pytest.approx(0.0032, abs=5e-5), pytest.approx(0.1195, abs=5e-5))


def test_differences_have_a_row_for_each_two_values():
    frame = paired([True, False], [True, True])
    third = frame[frame.level == "L"].assign(level="Q", outcome="unread")
    frame = pd.concat([frame, third]).astype({"level": frame.level.dtype})
    rows = differences(frame.sort_values("level"), "level")
    columns = ["a", "b", "difference", "low", "high", "only_a", "only_b", "pairs", "trials"]
    assert list(rows.columns) == columns
    assert list(zip(rows.a, rows.b)) == [("L", "Q"), ("L", "H"), ("Q", "H")], "in the order of the levels"
    assert list(rows.difference) == [-0.5, 0.5, 1]
    assert list(zip(rows.only_a, rows.only_b)) == [(1, 0), (0, 1), (0, 2)]


def test_pairs_are_matched_by_trial_whatever_the_order():
    first = np.arange(50) < 25
    frame = paired(first, first)
    turned = frame.groupby("level", observed=True).sample(frac=1, random_state=3)
    row = differences(turned, "level").iloc[0]
    assert (row.a, row.b, row.only_a, row.only_b, row.pairs) == ("L", "H", 0, 0, 50)
    mixed = frame.assign(trial=np.where(frame.level == "L", frame.trial, 49 - frame.trial))
    other = differences(mixed, "level").iloc[0]
    assert (other.only_a, other.only_b, other.difference) == (25, 25, 0)
    assert other.high > row.high, "as many right, and yet less sure"


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=30)
def test_swapping_the_sides_turns_the_difference_round(outcomes):
    a, b = np.transpose(outcomes)
    one = differences(paired(a, b), "level").iloc[0]
    other = differences(paired(b, a), "level").iloc[0]
    assert one.difference == pytest.approx(b.mean() - a.mean())
    assert one.difference == -other.difference
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert (one.only_a, one.only_b) == (other.only_b, other.only_a) == (np.sum(a & ~b), np.sum(b & ~a))
    assert -1 <= one.low <= one.high <= 1


def test_whatever_is_not_ok_is_not_read():
    frame = paired([True] * 4, [True] * 4)
    frame.loc[frame.level == "H", "outcome"] = ["misread", "error", "crash", "timeout"]
    assert differences(frame, "level").difference.item() == -1


def test_missing_pairs_are_dropped():
    frame = paired([True] * 10, [True, False] * 5)
    rows = differences(frame[(frame.level == "L") | (frame.trial > 3)], "level")
    assert (rows.pairs.item(), rows.only_a.item(), rows.difference.item()) == (6, 3, -0.5)


def test_conditions_are_kept_apart_or_pooled_trial_by_trial():
    rng = np.random.default_rng(4)
    easy, hard = rng.random((2, 2, 60)) < [[[0.9]], [[0.5]]]
    easy[1] |= rng.random(60) < 0.5
    frame = pd.concat([paired(*easy, severity=0.1), paired(*hard, severity=0.2)])
    apart = differences(frame, "level", "severity")
    assert list(apart.severity) == [0.1, 0.2]
    assert list(apart.pairs) == list(apart.trials) == [60, 60]
    alone = differences(paired(*hard, severity=0.2), "level")
    pd.testing.assert_frame_equal(apart[1:].drop(columns="severity").reset_index(drop=True), alone)

    pooled = differences(frame, "level").iloc[0]
    assert (pooled.pairs, pooled.trials) == (120, 60)
    assert (pooled.only_a, pooled.only_b) == (apart.only_a.sum(), apart.only_b.sum())
    gains = (easy[1].astype(int) - easy[0] + hard[1] - hard[0]) / 2
    student = stats.ttest_1samp(gains, 0).confidence_interval()
    assert pooled.difference == pytest.approx(gains.mean())
    assert (pooled.low, pooled.high) == pytest.approx(tuple(student))


def test_one_trial_of_several_conditions_says_nothing():
    frame = pd.concat([paired([True], [False], severity=s) for s in (0.1, 0.2)])
    row = differences(frame, "level").iloc[0]
    assert (row.difference, row.low, row.high, row.pairs, row.trials) == (-1, -1, 1, 2, 1)


def repeated(ok: np.ndarray, severity=0.1) -> pd.DataFrame:
    """Readings of ok (bool repeats×trials×2 levels), repeats told apart by a column."""
    repeat, trial, level = np.indices(ok.shape).reshape(3, -1)
    outcome = np.where(ok.ravel(), "ok", "unread")
    level = np.take(["L", "H"], level)
    return pd.DataFrame(
        {"repeat": repeat, "trial": trial, "level": level, "severity": severity, "outcome": outcome}
    )


def covers(rows: pd.DataFrame, truth: float) -> tuple[float, float]:
    """The share of intervals that hold the truth, L less H, and of those made half as wide."""
    assert set(zip(rows.a, rows.b)) == {("H", "L")}, "in alphabetical order"
    low, high, middle = rows.low, rows.high, rows.difference
    halved = _holds((low + middle) / 2, (middle + high) / 2, truth)
    return np.mean(_holds(low, high, truth)), np.mean(halved)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("trials", "only_l", "only_h"), [(50, 0.1, 0.1), (100, 0.02, 0.2), (300, 0.005, 0.02), (100, 0.0, 0.05)]
)
def test_intervals_of_differences_cover(trials, only_l, only_h):
    """300 repeats of pairs that mostly agree, as those of the same damaged symbols do."""
    rng = np.random.default_rng([2, trials])
    kind = rng.choice(4, (300, trials), p=[only_l, only_h, 0.3, 0.7 - only_l - only_h])
    ok = np.stack([(kind == 0) | (kind == 2), (kind == 1) | (kind == 2)], axis=-1)
    rows = differences(repeated(ok), "level", "repeat")
    covered, halved = covers(rows, only_l - only_h)
    assert covered >= 0.93
    assert halved < 0.90, "half as wide an interval would be noticed"


@pytest.mark.proof
@pytest.mark.parametrize("trials", [20, 100])
def test_intervals_of_pooled_differences_cover(trials):
    """300 repeats at five severities: a trial's breaking points go together, so its readings do too."""
    rng, at = np.random.default_rng([3, trials]), np.array([0.02, 0.03, 0.04, 0.05, 0.06])
    shared, own = rng.normal(0, 0.012, (300, trials, 1)), rng.normal(0, 0.016, (300, trials, 2))
    points = np.array([0.035, 0.045]) + shared + own
    frame = pd.concat([repeated(points > severity, severity) for severity in at])
    rows = differences(frame, "level", "repeat")
    assert list(rows.pairs.unique()) == [5 * trials]
    truth = np.mean(stats.norm.sf(at, 0.035, 0.02) - stats.norm.sf(at, 0.045, 0.02))  # L less H
    covered, halved = covers(rows, truth)
    assert 0.93 <= covered <= 0.98
    assert halved < 0.80, "half as wide an interval would be noticed"


def test_pooled_differences_keep_a_width_without_discordant_pairs():
    frame = pd.concat([paired([True] * 20, [True] * 20, severity=s) for s in (0.1, 0.2)])
    row = differences(frame, "level").iloc[0]
    assert row.low < 0 == row.difference < row.high < 0.1


def test_a_version_that_is_a_condition_is_kept_apart():
    frame = pd.concat(
        [paired([True, True], [True, False], severity=0.1).assign(version=version) for version in (3, 5)]
    )
    row = differences(frame, "level").iloc[0]
    assert (row.pairs, row.trials) == (4, 2)


def test_rows_with_a_missing_value_are_kept():
    frame = paired([True, True], [True, False], severity=0.1).assign(mask=[None, None, 3, 3])
    assert len(rates(frame, "mask")) == 2


def test_what_thresholds_cannot_use_is_named():
    frame = pd.concat([paired([True] * 2, [False] * 2, severity=s) for s in (0.1, 0.2)])
    with pytest.raises(ValueError, match=r"by must .* severity"):
        thresholds(frame, "severity")
    with pytest.raises(ValueError, match=r"readings must .* severity for every trial"):
        thresholds(frame[1:], "level")
    with pytest.raises(ValueError, match=r"readings must .* severity for every trial"):
        thresholds(frame[frame.level == "H"].iloc[[0, 1, 3]], "level")
    with pytest.raises(ValueError, match=r"shares must .* 0 to 1, not 50"):
        thresholds(frame, "level", shares=(50,))
    with pytest.raises(ValueError, match=r"columns to group by must be one of .*, not 'colour'"):
        thresholds(frame, "colour")


def test_differences_take_a_confidence():
    frame = pairs(70, 20, 5, 5)
    wide, narrow = (differences(frame, "level", confidence=c).iloc[0] for c in (0.99, 0.9))
    assert wide.low < narrow.low < narrow.difference < narrow.high < wide.high


# --- strata ---

SAMPLED = {  # shares, rates of two columns, trials of each stratum
    "one stratum": ([1], [[0.95, 0.94]], [300]),
    "near 1": ([1], [[0.99, 0.98]], [200]),
    "a large one where all is read": ([0.6, 0.2, 0.2], [[1, 1], [0.9, 0.8], [0.4, 0.6]], [60, 60, 60]),
    "rare losses": (
        [0.6, 0.2, 0.1, 0.1],
        [[0.995, 0.99], [0.98, 0.95], [0.9, 0.9], [0.5, 0.6]],
        [80, 40, 40, 40],
    ),
}


@pytest.mark.proof
@pytest.mark.parametrize("name", SAMPLED)
def test_intervals_of_strata_cover(name):
    """2,000 samples: rates to 95 %, each end of a gap to 95 %; half of the prints are read alike."""
    shares, chances, counts = map(np.array, SAMPLED[name])
    stratum, rng, hits = np.repeat(np.arange(len(shares)), counts), np.random.default_rng(5), []
    truth = shares @ chances
    for _ in range(2000):
        draws = rng.random((len(stratum), 2))
        draws = np.where(rng.random((len(stratum), 1)) < 0.5, draws[:, :1], draws)
        sample = Strata((draws < chances[stratum]).astype(float), stratum, shares)
        _, low, high = sample.rates(0.95)
        _, least, most = sample.gaps(0.95)
        gap = truth[1] - truth[0]
        hits.append([*((low <= truth) & (truth <= high)), least[0, 1] <= gap, gap <= most[0, 1]])
    assert np.all(np.mean(hits, axis=0) >= 0.925)  # Wilson's own dips to 0.93


def test_one_stratum_is_plain_sampling():
    values = (np.arange(50) % 10 < [[9], [7]]).T.astype(float)
    sample = Strata(values, np.zeros(50, int), np.ones(1))
    rate, low, high = sample.rates(0.95)
    assert rate.tolist() == pytest.approx([0.9, 0.7])
    for mine, expected in zip((low, high), rate_interval(values.sum(axis=0), 50)):
        assert mine.tolist() == pytest.approx(expected.tolist(), abs=1e-9)
    points, _, most = sample.gaps(0.975)
    pairs = paired(values[:, 0] > 0, values[:, 1] > 0)
    row = differences(pairs, "level").iloc[0]
    assert abs(points[0, 1]) == pytest.approx(abs(row.difference))
    assert np.all(np.diag(most) == 0)


def test_resamples_keep_the_trials_of_each_stratum():
    rng, stratum = np.random.default_rng(0), np.repeat([0, 1], [30, 10])
    sample = Strata(rng.random((40, 2)), stratum, np.array([0.5, 0.5]))
    again = sample.resampled(rng)
    assert np.bincount(again.stratum).tolist() == [30, 10]
    for k in (0, 1):
        assert set(again.values[again.stratum == k, 0]) < set(sample.values[stratum == k, 0])
