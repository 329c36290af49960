"""Damage: nested, reproducible, the same at every size, and what its parameters say."""

import inspect
from itertools import pairwise

import numpy as np
import pytest
from helpers import draw
from hypothesis import given, settings
from hypothesis import strategies as st

import qrlab as qr
from qrlab.damage import CORNERS, MODELS, Damage, generator, painted

SIZES = [21, 25, 45, 57, 125, 177]
FIELDS = sorted(set(MODELS) - {"codewords", "worst_codewords"})


@pytest.mark.parametrize("name", MODELS)
@given(n=st.sampled_from(SIZES), seed=st.integers(0, 2**32), spared=st.booleans())
@settings(max_examples=15, deadline=None)
def test_severity_is_the_share_of_the_area_reached(name, n, seed, spared):
    order = draw(name, seed, spare_finders=spared).order(n)
    assert order.shape == (n, n)
    assert not np.isnan(order).any()
    for severity in np.unique(order[np.isfinite(order)])[::50]:
        assert np.mean(order <= severity) == pytest.approx(severity, abs=1e-12)
    assert order.min() > 0, "nothing is reached at severity 0"
    if name in FIELDS and not spared:
        assert order.max() == 1, "everything is reached at severity 1"


@pytest.mark.parametrize("name", MODELS)
def test_damage_is_nested_in_severity(name):
    symbol, damage = qr.make("nested", "H", version=4), draw(name, 5)
    hits = [damage.apply(symbol.modules, s) != symbol.modules for s in np.linspace(0, 1, 21)]
    assert not hits[0].any()
    for less, more in pairwise(hits):
        assert np.all(more[less])
    assert hits[-1].any()


@pytest.mark.parametrize("name", MODELS)
def test_one_seed_lays_one_damage(name):
    one, again, other = (draw(name, seed).order(57) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert name == "logo" or not np.array_equal(one, other)
    assert np.array_equal(draw(name, 1).order(57), MODELS[name](1, **_level(name)).order(57)), "int seed"


def _level(name):
    return {"level": "Q"} if name == "worst_codewords" else {}


def test_one_damage_can_be_asked_again_in_any_order():
    damage = draw("stain", 3)
    first = damage.order(45)
    damage.order(177)
    assert np.array_equal(damage.order(45), first)


@pytest.mark.parametrize("name", FIELDS)
def test_the_same_damage_lies_on_symbols_of_different_sizes(name):
    """The centre of each module of a 25 is the centre of each fifth module of a 125."""
    small, large = draw(name, 7).order(25), draw(name, 7).order(125)[2::5, 2::5]
    rank = lambda order: np.unique(order.round(12), return_inverse=True)[1].ravel()  # noqa: E731
    agree = np.corrcoef(rank(small), rank(large))[0, 1]
    assert agree > 1 - 1e-6, agree


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"speckle", "dead_lines"}))
def test_the_same_area_is_reached_on_symbols_of_different_sizes(name):
    small, large = (draw(name, 8).order(n) <= 0.2 for n in (45, 177))
    nearest = ((np.arange(177) + 0.5) / 177 * 45).astype(int)
    spread = small[np.ix_(nearest, nearest)]
    assert np.sum(spread & large) / np.sum(spread | large) > 0.6


@pytest.mark.parametrize("name", MODELS)
def test_finder_patterns_are_spared_when_asked(name):
    symbol = qr.make("spare", "Q", version=8)
    finder = np.isin(qr.layout(8, "Q").role, ("finder", "separator"))
    spared = draw(name, 2, spare_finders=True)
    assert np.all(np.isinf(spared.order(49)[finder]))
    if name in FIELDS:
        assert np.isfinite(spared.order(49)[~finder]).all(), "nothing else is spared"
    assert np.array_equal(spared.apply(symbol.modules, 1)[finder], symbol.modules[finder])
    if name in FIELDS:
        assert np.isfinite(draw(name, 2).order(49)[finder]).all()


@pytest.mark.parametrize("paint", ["flip", "dark", "light"])
def test_paint_decides_what_a_reached_module_becomes(paint):
    modules = qr.make("paint", "M").modules
    damage = draw("blot", 4, paint=paint)
    reached, after = damage.order(21) <= 0.4, damage.apply(modules, 0.4)
    expected = {"flip": ~modules, "dark": np.full_like(modules, True), "light": np.full_like(modules, False)}
    assert np.array_equal(after[reached], expected[paint][reached])
    assert np.array_equal(after[~reached], modules[~reached])


def test_ink_and_paper_are_painted_as_modules_are():
    """Ink of grey 30 on paper of grey 240; a shade between them is turned over about their middle."""
    greys, reached = np.array([30.0, 240.0, 100.0, 30.0]), np.array([True, True, True, False])
    assert painted(greys, reached, "flip", 30, 240).tolist() == [240, 30, 170, 30]
    assert painted(greys, reached, "dark", 30, 240).tolist() == [30, 30, 30, 30]
    assert painted(greys, reached, "light", 30, 240).tolist() == [240, 240, 240, 30]
    with pytest.raises(ValueError, match=r"^paint .* flip, dark, light, not 'blue'"):
        painted(greys, reached, "blue")


def _points(order: np.ndarray, severity: float) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.nonzero(order <= severity)
    return (x + 0.5) / len(order), (y + 0.5) / len(order)


def test_a_blot_grows_round_its_centre():
    x, y = _points(draw("blot", x=0.4, y=0.5).order(177), 0.1)
    assert (x.mean(), y.mean()) == (pytest.approx(0.4, abs=0.01), pytest.approx(0.5, abs=0.01))
    assert np.hypot(x - 0.4, y - 0.5).max() == pytest.approx(np.sqrt(0.1 / np.pi), abs=0.01)


def test_several_blots_have_as_many_centres_as_asked_for():
    from scipy import ndimage

    counts = [ndimage.label(draw("blots", s, count=4).order(177) <= 0.01)[1] for s in range(30)]
    assert max(counts) == 4
    assert np.mean(counts) > 2.5


def test_a_scratch_has_its_angle_and_length():
    x, y = _points(draw("scratch", 3, angle=0, length=0.3).order(177), 0.005)
    assert np.ptp(y) < 0.05
    assert np.ptp(x) < 0.35
    x, y = _points(draw("scratch", 3, angle=90, length=2).order(177), 0.02)
    assert np.ptp(x) < 0.05 < 0.9 < np.ptp(y)


def test_scratches_may_be_several():
    from scipy import ndimage

    found = [ndimage.label(draw("scratch", s, count=3, length=0.1).order(177) <= 0.01)[1] for s in range(20)]
    assert max(found) == 3


def test_a_crease_runs_right_across_and_flakes():
    clean, flaked = (draw("crease", 1, angle=0, flaking=f).order(177) <= 0.05 for f in (0, 0.1))
    assert clean.any(axis=0).all()
    assert np.ptp(np.nonzero(flaked)[0]) > np.ptp(np.nonzero(clean)[0])


@pytest.mark.parametrize("corner", CORNERS)
def test_a_tear_starts_at_its_corner(corner):
    x, y = _points(draw("tear", corner=corner, aspect=2).order(57), 0.05)
    cx, cy = CORNERS[corner]
    assert np.abs(x - cx).max() == pytest.approx(2 * np.abs(y - cy).max(), abs=0.03)
    assert np.hypot((x - cx) / 2, y - cy).max() < 0.19
    assert {draw("tear", s).order(21).argmin() for s in range(40)} == {0, 20, 420, 440}


def test_edge_wear_leaves_the_middle_to_the_last():
    order = draw("edge_wear", 1).order(57)
    assert order[20:37, 20:37].min() > order[0].max()
    rings = draw("edge_wear", roughness=0).order(57)
    assert np.all(rings[0] == rings[0, 0])


@pytest.mark.parametrize(("shape", "share"), [("square", 1.0), ("round", np.pi / 4)])
def test_a_logo_is_centred_and_has_its_shape(shape, share):
    reached = draw("logo", shape=shape).order(177) <= 0.09
    assert np.array_equal(reached, reached[::-1, ::-1])
    rows, columns = np.nonzero(reached)
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert reached.sum() / box == pytest.approx(share, abs=0.03)


def test_a_logo_with_a_quiet_margin_stands_on_a_light_plate():
    assert draw("logo").paint == "dark"
    assert draw("logo", quiet_margin=True).paint == "light"
    assert draw("logo", quiet_margin=True, paint="dark").paint == "dark"


def test_a_stain_has_its_scale():
    from scipy import ndimage

    patches = [
        np.mean([ndimage.label(draw("stain", s, scale=k).order(177) <= 0.2)[1] for s in range(8)])
        for k in (0.03, 0.1, 0.3)
    ]
    assert patches[0] > 3 * patches[1] > 9 * patches[2]


def test_a_stain_is_stationary_and_isotropic_with_its_correlation_length():
    """Correlation exp(-1/2) at one correlation length in either direction, anywhere, over 3,000 seeds."""
    points = np.array([0.1, 0.2, 0.7, 0.8])
    draws = [draw("stain", seed, scale=0.1).field(points[None], points[:, None]) for seed in range(3000)]
    flat = np.array(draws).reshape(3000, 4, 4)
    correlate = lambda a, b: np.mean(a * b)  # noqa: E731
    for k in (0, 2):
        assert correlate(flat[:, 1, k], flat[:, 1, k + 1]) == pytest.approx(np.exp(-0.5), abs=0.08)
        assert correlate(flat[:, k, 1], flat[:, k + 1, 1]) == pytest.approx(np.exp(-0.5), abs=0.08)
    assert correlate(flat[:, 0, 0], flat[:, 3, 3]) == pytest.approx(0, abs=0.08)
    assert np.var(flat, axis=0) == pytest.approx(np.ones((4, 4)), abs=0.12)


def test_a_fade_goes_in_its_direction():
    order = draw("fade", angle=0, patchiness=0).order(57)
    assert np.all(np.diff(order[5]) > 0)
    assert np.array_equal(order[0], order[-1])
    patchy = draw("fade", angle=0, patchiness=0.1).order(57)
    assert 0.1 < np.mean(np.diff(patchy[5]) < 0) < 0.5
    first = [draw("fade", seed, patchiness=0).order(21).argmin() for seed in range(60)]
    assert len(set(first) & {0, 20, 420, 440}) == 4, "from every side"
    assert draw("fade", angle=90).order(57)[:5].max() < draw("fade", angle=90).order(57)[-5:].min()


@pytest.mark.parametrize("direction", ["vertical", "horizontal"])
def test_dead_lines_die_whole(direction):
    reached = draw("dead_lines", 3, direction=direction).order(57) <= 0.3
    lines = reached.T if direction == "vertical" else reached
    assert set(lines.sum(axis=1)) == {0, 57}
    assert reached.mean() == pytest.approx(0.3, abs=1 / 57)
    assert len(np.unique(draw("dead_lines", 3, direction=direction, dots=30).order(57))) == 30


def test_dead_lines_run_either_way_unless_told():
    ways = {np.ptp(draw("dead_lines", seed).order(21)[0]) == 0 for seed in range(20)}
    assert ways == {True, False}


PAINT = {"dark": ["blot", "blots", "logo", "stain"], "flip": ["speckle", "codewords", "worst_codewords"]}
PAINT["light"] = ["scratch", "crease", "tear", "edge_wear", "fade", "dead_lines"]


def test_each_kind_has_its_paint():
    assert {name: draw(name).paint for name in MODELS} == {n: p for p, names in PAINT.items() for n in names}


def test_apply_changes_exactly_what_the_order_has_reached():
    modules, damage = qr.make("apply", "H").modules, draw("speckle", 3)
    order = damage.order(21)
    for severity in np.unique(order)[:40]:
        assert np.array_equal(damage.apply(modules, severity) != modules, order <= severity)


def test_scratches_and_creases_lie_at_any_angle_and_blots_differ_in_width():
    for name in ("scratch", "crease"):
        tall = [np.ptp(_points(draw(name, s).order(57), 0.03)[1]) > 0.6 for s in range(30)]
        assert 3 < sum(tall) < 27
    x = np.linspace(0, 1, 401)
    for seed in range(20):
        field = draw("blots", seed, count=1).field(x[None], x[:, None])
        slope = np.hypot(*np.gradient(field, x[1])).max()  # one over the width
        assert 1 / 1.5 - 0.01 <= slope <= 1 / 0.5 + 0.01


def test_custom_fields_that_give_nan_are_refused():
    with pytest.raises(ValueError, match=r"^field .* nan"):
        Damage("mine", lambda x, y: x * y * np.nan).order(21)


def test_speckle_is_white_and_grain_makes_it_coarse():
    order = draw("speckle", 1).order(177)
    assert abs(np.corrcoef(order[:, 1:].ravel(), order[:, :-1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(order.ravel(), draw("speckle", 2).order(177).ravel())[0, 1]) < 0.02
    coarse = draw("speckle", 1, grain=0.1).order(177)
    assert len(np.unique(coarse)) == 100
    assert np.corrcoef(coarse[:, 1:].ravel(), coarse[:, :-1].ravel())[0, 1] > 0.9


def test_speckle_reaches_each_module_equally_often():
    """Counts of 400 seeds in a 21×21 at severity 0.1, against the binomial: chi-squared, 1 in 10,000."""
    from scipy import stats

    hits = sum((draw("speckle", seed).order(21) <= 0.1) for seed in range(400))
    expected = 400 * 44 / 441
    statistic = np.sum((hits - expected) ** 2) / (expected * (1 - 44 / 441))
    assert stats.chi2.sf(statistic, 440) > 1e-4
    assert stats.chi2.cdf(statistic, 440) > 1e-4


@pytest.mark.parametrize("name", ["codewords", "worst_codewords"])
def test_codewords_are_taken_whole(name):
    here, order = qr.layout(7, "Q"), draw(name, 4).order(45)
    assert np.all(np.isinf(order[here.codeword < 0]))
    for k in range(len(here.block)):
        assert len(set(order[here.codeword == k])) == 1
    assert len(np.unique(order[here.codeword >= 0])) == len(here.block)


def test_the_worst_case_takes_one_block_after_the_other():
    here, order = qr.layout(7, "H"), MODELS["worst_codewords"](0, level="H").order(45)
    when = [order[here.codeword == k][0] for k in range(len(here.block))]
    assert np.array_equal(np.sort(here.block), here.block[np.argsort(when)])


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("blot", {"x": 1.2}, "^x .* 0 to 1, not 1.2"),
        ("blots", {"count": 0}, "^count .* 1 to 1000, not 0"),
        ("scratch", {"length": -1}, "^length .* 0 or more, not -1"),
        ("scratch", {"angle": "up"}, "^angle .* -360 to 360, not 'up'"),
        ("tear", {"corner": "middle"}, "^corner .* top left, .*, not 'middle'"),
        ("tear", {"aspect": 0}, "^aspect .* 0.01 to 100, not 0"),
        ("logo", {"shape": "star"}, "^shape .* square, round, not 'star'"),
        ("logo", {"quiet_margin": "wide"}, "^quiet_margin .* True, False, not 'wide'"),
        ("stain", {"scale": 0}, "^scale .* 0.005 to 10, not 0"),
        ("stain", {"scale": float("nan")}, "^scale .* 0.005 to 10, not nan"),
        ("dead_lines", {"direction": "up"}, "^direction .* vertical, horizontal, not 'up'"),
        ("blot", {"paint": "red"}, "^paint .* flip, dark, light, not 'red'"),
        ("blot", {"spare_finders": 3}, "^spare_finders .* True, False, not 3"),
        ("worst_codewords", {"level": "X"}, "^level .* L, M, Q, H, not 'X'"),
        ("worst_codewords", {}, "^level .* L, M, Q, H, not None"),
        ("blot", {"radius": 0.2}, "^parameters of blot .* x, y, .*, not 'radius'"),
    ],
)
def test_bad_parameters_are_named(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        MODELS[name](np.random.default_rng(0), **parameters)


@pytest.mark.parametrize("rng", [None, "seed", -1, 1.5])
def test_randomness_comes_from_a_generator_or_a_seed(rng):
    for call in (MODELS["blot"], generator):
        with pytest.raises(ValueError, match=r"^rng.* 0 to .* not "):
            call(rng)
    given = np.random.default_rng(5)
    assert generator(given) is given
    assert generator(5).random() == np.random.default_rng(5).random()


@pytest.mark.parametrize("severity", [-0.1, 1.01, float("nan"), None, "1", True])
def test_severity_outside_0_to_1_is_refused(severity):
    with pytest.raises(ValueError, match=r"^severity .* 0 to 1, not"):
        draw("blot").apply(qr.make("x").modules, severity)


@pytest.mark.parametrize("n", [20, 22, 181, 21.0])
def test_sizes_that_no_symbol_has_are_refused(n):
    with pytest.raises(ValueError, match=r"^n .* not "):
        draw("blot").order(n)


@pytest.mark.parametrize("modules", [np.zeros((21, 25), bool), np.zeros((21, 21)), np.zeros(441, bool)])
def test_modules_of_the_wrong_kind_are_refused(modules):
    with pytest.raises(ValueError, match=r"^modules .* bool n×n .* not "):
        draw("blot").apply(modules, 0.1)


def test_every_model_says_what_it_takes():
    for name, model in MODELS.items():
        assert {"rng", "paint", "spare_finders"} <= set(inspect.signature(model).parameters), name
        own = set(inspect.signature(model).parameters) - {"rng", "paint", "spare_finders"}
        assert all(parameter in model.__doc__ or parameter == "level" for parameter in own), name


# --- on a print ---

SMOOTH = ["blot", "blots", "scratch", "tear", "stain", "edge_wear", "crease", "fade"]
BY_MODULE = ["codewords", "worst_codewords", "speckle"]


@pytest.mark.parametrize("name", MODELS)
def test_the_share_of_a_print_reached_is_at_most_the_severity(name):
    smooth, damage = name in SMOOTH, draw(name, 3)
    for severity in (0, 0.001, 0.03, 0.2, 0.5, 0.77, 1):
        share = damage.reached(45, severity, 8).mean()
        assert share <= severity
        if smooth:
            assert share >= severity - 0.001
        elif severity < 0.9:  # equal values are reached together: a line of dots, a codeword, a ring
            assert share >= severity - 0.015
    assert damage.reached(45, 0, 8).sum() == 0
    assert (damage.reached(45, 1, 8).all()) == (name in FIELDS)


@pytest.mark.parametrize("name", MODELS)
def test_damage_on_a_print_is_nested_in_severity(name):
    damage = draw(name, 5)
    masks = [damage.reached(45, severity, 5) for severity in np.linspace(0, 1, 15)]
    assert all(mask.dtype == bool and mask.shape == (225, 225) for mask in masks)
    for less, more in pairwise(masks):
        assert np.all(more[less])
        assert less.sum() < more.sum() or name not in FIELDS
    again = draw(name, 5).reached(45, 0.5, 5)
    assert np.array_equal(again, masks[7])


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"speckle"}))
@pytest.mark.parametrize("severity", [0.02, 0.15, 0.6])
def test_a_print_is_reached_where_its_modules_are(name, severity):
    """At the modules' centres both are a threshold on one field: one set holds the other, and little more."""
    damage = draw(name, 4)
    middles = damage.reached(45, severity, 7)[3::7, 3::7]
    modules = damage.order(45) <= severity
    more, less = (middles, modules) if middles.sum() > modules.sum() else (modules, middles)
    assert np.all(more[less])
    assert more.mean() - less.mean() < (0.1 if name == "logo" else 0.03), "rings of modules, whole"


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"speckle"}))
@pytest.mark.parametrize("severity", [0.02, 0.2])
def test_prints_of_different_versions_are_reached_at_the_same_place(name, severity):
    """420 pixels across both: 21 modules of 20 and 105 of 4."""
    coarse, fine = draw(name, 6).reached(21, severity, 20), draw(name, 6).reached(105, severity, 4)
    assert np.sum(coarse & fine) / np.sum(coarse | fine) > 0.999


@pytest.mark.parametrize("seed", range(4))
def test_a_scratch_lies_at_the_same_place_on_an_l_and_on_an_h_print(seed):
    """45 and 65 modules, 405 and 390 pixels, brought to a common 1,000: the same but for its outline."""
    common = (np.arange(1000) + 0.5) / 1000
    masks = [draw("scratch", seed).reached(n, 0.1, px) for n, px in ((45, 9), (65, 6))]
    low, high = (m[np.ix_(*[(common * len(m)).astype(int)] * 2)] for m in masks)
    assert np.sum(low & high) / np.sum(low | high) > 0.95


@pytest.mark.parametrize("name", BY_MODULE)
@pytest.mark.parametrize("spared", [False, True])
def test_whole_modules_are_reached_by_what_has_their_grain(name, spared):
    """And the same as by `order`, which for equal shares is the same rule."""
    damage = draw(name, 2, spare_finders=spared)
    for n, severity in [(45, 0.1), (45, 0.5), (177, 0.02)]:
        modules = damage.order(n) <= severity
        assert np.array_equal(damage.reached(n, severity, 4), np.kron(modules, np.ones((4, 4), bool)))
    assert damage.by_module


def test_only_these_have_the_grain_of_modules():
    assert {name for name in MODELS if draw(name).by_module} == set(BY_MODULE)
    assert not draw("speckle", grain=0.01).by_module
    specks = draw("speckle", grain=0.01).reached(21, 0.3, 20)
    assert not np.array_equal(specks, np.kron(specks[10::20, 10::20], np.ones((20, 20), bool)))


def test_a_scratch_thinner_than_a_module_is_thin():
    """A third of a module: order takes whole modules or none, a print shows a third of each."""
    damage = draw("scratch", 5, length=5, angle=90)
    mask = damage.reached(45, 1 / 3 / 45, 30)
    assert set(mask.sum(axis=1)) == {10}
    columns = np.flatnonzero(mask.any(axis=0))
    assert np.ptp(columns) == 9
    assert (damage.order(45) <= 1 / 3 / 45).sum() in (0, 45)


def test_one_dead_dot_is_one_dot_wide_on_a_print():
    mask = draw("dead_lines", 1, dots=210, direction="vertical").reached(21, 1 / 210, 20)
    assert set(mask.sum(axis=1)) == {2}, "420 pixels for 210 dots"
    assert set(mask.sum(axis=0)) == {0, 420}


@pytest.mark.parametrize("name", MODELS)
def test_finder_patterns_are_spared_on_a_print_too(name):
    damage, free = draw(name, 2, spare_finders=True), draw(name, 2)
    finder = np.isin(qr.layout(8, "Q").role, ("finder", "separator"))
    finder = np.kron(finder, np.ones((6, 6), bool))
    for severity in (0.05, 0.4, 1):
        reached = damage.reached(49, severity, 6)
        assert not reached[finder].any()
        assert reached.mean() <= severity
    if name in FIELDS:
        assert reached[~finder].all(), "nothing else is spared"
        assert free.reached(49, 1, 6)[finder].all(), "and asking one does not change the other"


def test_what_is_reached_is_the_askers_own():
    damage = draw("blot", 1)
    first = damage.reached(21, 0.2, 4)
    first[:] = True
    assert damage.reached(21, 0.2, 4).mean() < 0.2


@pytest.mark.parametrize("n", [20, 22, 181, 21.0])
def test_prints_of_sizes_that_no_symbol_has_are_refused(n):
    with pytest.raises(ValueError, match=r"^n .* not "):
        draw("blot").reached(n, 0.1, 4)


def test_fields_that_give_nan_are_refused_on_a_print_too():
    with pytest.raises(ValueError, match=r"^field .* nan .*mine"):
        Damage("mine", lambda x, y: x * y * np.nan).reached(21, 0.1, 4)
