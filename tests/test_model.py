"""The exact model against a real reader, another library's tables, mathematics and brute force."""

import numpy as np
import pytest
from helpers import ALL, full_symbol, in_data_region
from hypothesis import given, settings
from hypothesis import strategies as st
from qrcode import base
from scipy import stats
from witness import LIB, picture, read_pure

import qrlab as qr
from qrlab.damage import MODELS
from qrlab.model import PROTECTION, judge, sizes, tolerable_rate, wrong_codewords
from qrlab.symbols import capacity


def flipped(symbol: qr.Symbol, reached: np.ndarray) -> np.ndarray:
    return symbol.modules ^ reached


def agreement(draw, trials: int, symbols) -> tuple[int, int]:
    """Readings just below and at the breaking point, and how many contradict the model."""
    readings = disagreements = 0
    for symbol in symbols:
        orders = np.array([in_data_region(symbol, draw(symbol, trial)) for trial in range(trials)])
        for order, point in zip(orders, qr.break_point(symbol, orders)):
            below = read_pure(picture(flipped(symbol, order < point)))
            at = read_pure(picture(flipped(symbol, order <= point)))
            readings += 2
            disagreements += (below != symbol.content) + (at == symbol.content)
    return readings, disagreements


def full_symbols(step: int) -> list[qr.Symbol]:
    return [full_symbol(version, level) for version, level in ALL[::step]]


@pytest.mark.parametrize(("trials", "step"), [(2, 9), pytest.param(20, 1, marks=pytest.mark.proof)])
def test_a_real_reader_agrees_at_every_breaking_point_of_random_flips(trials, step):
    def draw(symbol, trial):
        key = [trial, symbol.version, ord(symbol.level)]
        return np.random.default_rng(key).permutation(symbol.modules.size).reshape(symbol.modules.shape)

    symbols = full_symbols(step)
    assert agreement(draw, trials, symbols) == (2 * trials * len(symbols), 0)


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.proof)])
@pytest.mark.parametrize(("kind", "trials"), [("blot", 5), ("scratch", 5), ("logo", 2)])
def test_a_real_reader_agrees_at_every_breaking_point_of_clustered_damage(kind, trials, step):
    def draw(symbol, trial):
        parameters = {"shape": ("square", "round")[trial]} if kind == "logo" else {}
        return MODELS[kind](np.random.default_rng([trial, 1]), **parameters).order(symbol.size)

    symbols = full_symbols(step)
    assert agreement(draw, trials, symbols) == (2 * trials * len(symbols), 0)


def test_a_real_reader_agrees_when_modules_are_painted():
    """Painting reaches modules that have the colour already, which must not count as wrong."""
    for symbol in full_symbols(7):
        for trial, paint in enumerate(("dark", "light")):
            damage = MODELS["blot"](np.random.default_rng(trial), paint=paint)
            order = in_data_region(symbol, damage.order(symbol.size))
            point = qr.break_point(symbol, order, paint)
            reach = lambda share: np.where(share, paint == "dark", symbol.modules)  # noqa: E731, B023
            assert read_pure(picture(reach(order < point))) == symbol.content
            assert read_pure(picture(reach(order <= point))) != symbol.content


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.proof)])
def test_t_wrong_codewords_in_one_block_recover_and_one_more_does_not(step):
    for symbol in full_symbols(step):
        here, rng = qr.layout(symbol.version, symbol.level), np.random.default_rng(symbol.version)
        block = rng.integers(len(here.correctable))
        t, members = here.correctable[block], rng.permutation(np.flatnonzero(here.block == block))
        for wrong, recovers in ((t, True), (t + 1, False)):
            reached = np.isin(here.codeword, members[:wrong])
            order = np.where(reached, 0.5, np.inf)
            assert np.isinf(qr.break_point(symbol, order)) == recovers
            assert (read_pure(picture(flipped(symbol, reached))) == symbol.content) == recovers


def test_the_worst_case_breaks_at_the_guaranteed_share():
    table = qr.capability().set_index(["version", "level"])
    for version, level in ALL[::3]:
        symbol = qr.make("x", level, version=version, mask=0)
        order = MODELS["worst_codewords"](0, level=level).order(symbol.size)
        share = wrong_codewords(symbol, order, qr.break_point(symbol, order))
        row = table.loc[version, level]
        assert share * row.codewords == pytest.approx(row.guaranteed_pct / 100 * row.codewords + 1)


def slow_break_point(symbol: qr.Symbol, order: np.ndarray) -> float:
    """Step through the modules one by one and count wrong codewords, block by block."""
    here = qr.layout(symbol.version, symbol.level)
    wrong: set[int] = set()
    for place in np.argsort(order, axis=None):
        codeword = here.codeword.flat[place]
        if codeword >= 0 and np.isfinite(order.flat[place]):
            wrong.add(codeword)
            counts = np.bincount(here.block[list(wrong)], minlength=len(here.correctable))
            if np.any(counts > here.correctable):
                return order.flat[place]
    return np.inf


@given(st.sampled_from(ALL[:60]), st.integers(0, 2**32), st.floats(0, 0.9))
@settings(max_examples=40, deadline=None)
def test_the_breaking_point_is_that_of_stepping_through_the_modules(which, seed, never):
    symbol = qr.make("x", which[1], version=which[0], mask=0)
    rng = np.random.default_rng(seed)
    order = rng.random((symbol.size, symbol.size))
    order[rng.random(order.shape) < never] = np.inf
    assert qr.break_point(symbol, order) == slow_break_point(symbol, order)


@given(st.sampled_from(ALL), st.integers(1, 9), st.sampled_from(["flip", "dark", "light"]))
@settings(max_examples=40, deadline=None)
def test_a_batch_gives_what_single_orders_give(which, trials, paint):
    symbol = qr.make("x", which[1], version=which[0], mask=0)
    orders = np.random.default_rng(trials).random((trials, symbol.size, symbol.size))
    kept = orders.copy()
    batch = qr.break_point(symbol, orders, paint)
    assert batch.shape == (trials,)
    assert list(batch) == [qr.break_point(symbol, order, paint) for order in orders]
    assert np.array_equal(orders, kept), "the caller's orders are not touched"


def test_batches_longer_than_a_chunk_and_other_number_types():
    symbol = qr.make("x", "Q", version=5, mask=0)  # its blocks differ in length
    orders = np.random.default_rng(0).integers(1, 1000, (300, 37, 37))
    batch = qr.break_point(symbol, orders, "dark")
    assert list(batch) == [qr.break_point(symbol, order.astype(float), "dark") for order in orders]
    assert np.array_equal(batch, qr.break_point(symbol, orders.astype(np.float32), "dark"))
    assert qr.break_point(symbol, orders[:0]).shape == (0,)


def test_what_cannot_break_a_symbol_never_does():
    symbol = qr.make("x", "L", version=3)
    assert qr.break_point(symbol, np.full((29, 29), np.inf)) == np.inf
    function = np.where(qr.layout(3, "L").codeword < 0, 0.0, np.inf)
    assert qr.break_point(symbol, function) == np.inf
    already = np.where(symbol.modules, 0.0, np.inf)
    assert qr.break_point(symbol, already, "dark") == np.inf > qr.break_point(symbol, already, "light")


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (np.zeros((21, 25)), r"^order .* 21×21 .* trials×21×21, not float64 \(21, 25\)"),
        (np.zeros(441), r"^order .* 21×21 .* not float64 \(441,\)"),
        (np.zeros((1, 1, 21, 21)), "^order .* 21×21 .* not float64"),
        (np.zeros((21, 21), bool), "^order .* not bool"),
        (np.full((21, 21), "a"), "^order .* numbers .* not <U1"),
        (np.full((21, 21), np.nan), "^order .* not nan"),
        ("blot", "^order .* numbers .* not <U4"),
    ],
)
def test_orders_of_the_wrong_shape_or_kind_are_refused(order, message):
    with pytest.raises(ValueError, match=message):
        qr.break_point(qr.make("x", "H"), order)


def test_one_nan_among_many_trials_is_refused():
    symbol, orders = qr.make("x", "H", version=2), np.random.default_rng(0).random((50, 25, 25))
    orders[33][qr.layout(2, "H").codeword == 7] = np.nan
    with pytest.raises(ValueError, match=r"not nan"):
        qr.break_point(symbol, orders)


def test_paint_is_checked():
    with pytest.raises(ValueError, match=r"^paint .* flip, dark, light, not 'blue'"):
        qr.break_point(qr.make("x", "H"), np.zeros((21, 21)), "blue")


# --- tables ---


def test_capability_against_python_qrcode():
    table = qr.capability()
    assert len(table) == 160
    assert list(table.level.cat.categories) == ["L", "M", "Q", "H"]
    for row in table.itertuples():
        blocks = base.rs_blocks(row.version, LIB[row.level])
        assert row.modules == 17 + 4 * row.version
        assert row.codewords == sum(b.total_count for b in blocks)
        assert row.data_codewords == sum(b.data_count for b in blocks)
        assert row.blocks == len(blocks)
        assert row.correctable == sum((b.total_count - b.data_count) // 2 for b in blocks)
        assert row.capability_pct == pytest.approx(100 * row.correctable / row.codewords)
        assert row.bytes == capacity(row.version, row.level)
        for mode in ("numeric", "alphanumeric", "kanji"):
            assert getattr(row, mode) == capacity(row.version, row.level, mode)
        assert row.capability_iso_pct == pytest.approx(100 * row.correctable_iso / row.codewords)
        assert row.documented_pct == {"L": 7, "M": 15, "Q": 25, "H": 30}[row.level]


def test_the_standards_six_exceptions():
    """ISO/IEC 18004, table 9: r where misdecode protection applies; everywhere else floor(ec/2)."""
    r = {(1, "L"): 2, (1, "M"): 4, (1, "Q"): 6, (1, "H"): 8, (2, "L"): 4, (3, "L"): 7}
    assert set(PROTECTION) == set(r)
    for row in qr.capability().itertuples():
        assert row.correctable_iso == r.get((row.version, row.level), row.correctable)


def test_what_is_guaranteed():
    table = qr.capability().set_index(["version", "level"])
    assert table.loc[(40, "L"), "guaranteed_pct"] == pytest.approx(100 * 15 / 3706)
    one_block = table[table.blocks == 1]
    assert np.allclose(one_block.guaranteed_pct, one_block.capability_pct)
    assert (table.guaranteed_pct <= table.capability_pct + 1e-9).all()


def test_callers_cannot_change_each_others_table():
    table = qr.capability()
    table["codewords"] = 0
    assert qr.capability().codewords.min() == 26


# --- mathematics ---


def test_survival_by_hand():
    """1-L has one block of 26 that corrects 3."""
    wrong = 1 - 0.99**8
    by_hand = sum(stats.binom.pmf(k, 26, wrong) for k in range(4))
    assert qr.survival(1, "L", 0.01) == pytest.approx(by_hand)
    assert qr.survival(40, "H", 0) == 1
    assert qr.survival(40, "H", 1) == 0
    many = qr.survival(7, "q", np.linspace(0, 0.2, 6).reshape(2, 3))
    assert many.shape == (2, 3)
    assert np.all(np.diff(many.ravel()) < 0)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), [0.1, 2], "a", None, [[0.1], [0.2, 0.3]]])
def test_survival_refuses_rates_that_are_no_shares(rate):
    with pytest.raises(ValueError, match=r"^module_error_rate .* 0 to 1"):
        qr.survival(1, "L", rate)


SAMPLED = [(v, x) for v in (1, 2, 3, 5, 8, 11, 15, 20, 27, 33, 40) for x in qr.Level]
FALSE_ALARMS = 1e-4  # of the whole family, when the model is right


@pytest.mark.proof
@pytest.mark.parametrize(("version", "level"), SAMPLED)
def test_simulated_breaking_points_follow_survival(version, level):
    """Modules hit at independent uniform times: P(breaking point > p) is survival(p), exactly.

    Kolmogorov-Smirnov with 1,000 trials a symbol; each of the 44 rejects a true model with 1e-4/44.
    """
    symbol = qr.make("x", level, version=version, mask=0)
    rng = np.random.default_rng([version, ord(level)])
    points = [qr.break_point(symbol, rng.random((symbol.size, symbol.size))) for _ in range(1000)]
    result = stats.kstest(points, lambda p: 1 - qr.survival(version, level, p))
    assert result.pvalue > FALSE_ALARMS / len(SAMPLED)


def test_that_fit_would_notice_one_codeword_too_many():
    """The same test against a survival that corrects t+1 rejects: it can fail."""
    rng, symbol = np.random.default_rng(1), qr.make("x", "L", version=5, mask=0)
    points = [qr.break_point(symbol, rng.random((37, 37))) for _ in range(1000)]
    generous = lambda p: stats.binom.sf(14, 134, 1 - (1 - p) ** 8)  # noqa: E731
    assert qr.layout(5, "L").correctable[0] == 13
    assert stats.kstest(points, generous).pvalue < FALSE_ALARMS / len(SAMPLED)


# --- wrong codewords ---


@given(st.sampled_from(ALL[::7]), st.integers(0, 2**32), st.floats(0, 0.3))
@settings(max_examples=30)
def test_wrong_modules_are_judged_as_counting_them_one_by_one_does(which, seed, rate):
    here, rng = qr.layout(*which), np.random.default_rng(seed)
    wrong = rng.random(here.codeword.shape) < rate
    codewords = sorted(set(here.codeword[wrong].tolist()) - {-1})
    counts = [sum(here.block[k] == block for k in codewords) for block in range(len(here.correctable))]
    judged = judge(here, wrong)
    assert np.flatnonzero(judged.codewords).tolist() == codewords
    assert judged.counts.tolist() == counts
    assert judged.lost.tolist() == [count > t for count, t in zip(counts, here.correctable)]


@pytest.mark.parametrize("wrong", [np.zeros((21, 25), bool), np.zeros((21, 21)), np.zeros(441, bool)])
def test_wrong_modules_of_another_shape_or_kind_are_refused(wrong):
    with pytest.raises(ValueError, match=r"^wrong .* bool \(21, 21\), not "):
        judge(qr.make("x", version=1), wrong)


@pytest.mark.parametrize("paint", ["flip", "dark", "light"])
def test_wrong_codewords_are_those_with_a_changed_module(paint):
    symbol = qr.make("count", "M", version=5)
    damage = MODELS["blots"](3, paint=paint)
    changed = damage.apply(symbol.modules, 0.2) != symbol.modules
    codeword = qr.layout(5, "M").codeword
    expected = len(set(codeword[changed & (codeword >= 0)].tolist())) / 134
    assert wrong_codewords(symbol, damage.order(37), 0.2, paint) == expected
    assert wrong_codewords(symbol, np.full((37, 37), np.inf), np.inf, paint) == 0


def test_wrong_codewords_at_the_breaking_point():
    """At its breaking point a one-block symbol has t+1 wrong codewords, whatever the damage."""
    symbol = qr.make("x", "Q", version=1)
    for name in ("speckle", "blot", "tear", "codewords"):
        damage = MODELS[name](1)
        order = damage.order(21)
        point = qr.break_point(symbol, order, damage.paint)
        assert wrong_codewords(symbol, order, point, damage.paint) == pytest.approx(7 / 26, abs=2 / 26)
        assert wrong_codewords(symbol, order, 0, damage.paint) == 0


@pytest.mark.parametrize("chance", [0.99, 0.5, 0.01])
def test_the_tolerable_rate_is_where_survival_falls_to_the_chance(chance):
    for version, level in ALL[::9]:
        assert qr.survival(version, level, tolerable_rate(version, level, chance)) == pytest.approx(chance)


def test_sizes_are_those_of_the_symbols_that_are_made():
    table = sizes([1, 17, 18, 100, 271, 272, 1273, 1274, 2953, 2954]).set_index(["length", "level"])
    for (length, level), row in table.iterrows():
        symbol = qr.make(b"a" * length, level, mask=0)
        assert (symbol.version, symbol.size) == (row.version, row.modules)
        assert row.free == qr.make(b"a" * length, level, mask=0, boost=True).level
    assert list(table.loc[1274].index) == ["L", "M", "Q"]
    assert 2954 not in table.index.get_level_values("length")
    with pytest.raises(ValueError, match=r"^lengths .* 1 to .* not 0"):
        sizes([5, 0])
