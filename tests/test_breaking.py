"""Breaking points of many symbols under much damage: paired, in step with the model, checked."""

import numpy as np
import pytest

import qrlab as qr
from qrlab import breaking
from qrlab.damage import MODELS
from qrlab.model import tolerable_rate, wrong_codewords


def points(symbols, kind, trials, seed=3, **parameters):
    found = breaking._points(symbols, kind, trials, 1, seed, parameters)
    return [(symbol.level, severity, share) for symbol, severity, share in found]


def test_breaking_points_pair_levels_and_depend_on_nothing_else():
    symbols = [qr.make("pair", level, version=3, mask=0) for level in qr.Level]
    found = points(symbols, "stain", 12)
    assert [level for level, *_ in found] == list(qr.Level) * 12
    assert points(symbols[2:3], "stain", 20)[:12] == found[2::4]
    damage = MODELS["stain"](np.random.default_rng([3, 7]))
    assert found[4 * 7][1] == qr.break_point(symbols[0], damage.order(29), damage.paint)
    ((_, point, share),) = points(symbols[:1], "stain", 1, scale=0.02, paint="light")
    damage = MODELS["stain"](np.random.default_rng([3, 0]), scale=0.02, paint="light")
    assert point == qr.break_point(symbols[0], damage.order(29), "light")
    assert share == wrong_codewords(symbols[0], damage.order(29), point, "light")
    assert share < wrong_codewords(symbols[0], damage.order(29), point)


def test_the_exact_model_checks_its_input():
    with pytest.raises(ValueError, match=r"^kinds .* speckle, .*, not 'meteor'"):
        breaking.exact_model(kinds=["meteor"], trials=6, contents=6)
    with pytest.raises(ValueError, match=r"^trials .* 6 to .* not 0"):
        breaking.exact_model(trials=0, contents=6)
    with pytest.raises(ValueError, match=r"^versions .* 1 to 40, not 41"):
        breaking.exact_model([41], trials=6, contents=6)
    with pytest.raises(ValueError, match=r"^symbol .* Symbol.* not str"):
        qr.break_point("x", np.zeros((21, 21)))


def test_typical_random_codewords_agree_with_the_closed_form():
    """Median share of random wrong codewords at the breaking point, against survival solved for a half.

    The closed form takes each codeword independently, the simulation shuffles them and counts whole
    ones: they agree to a codeword and about 1/sqrt(codewords·trials), so 3 percent more is enough.
    """
    for version, level in [(10, "L"), (25, "H")]:
        symbol = qr.make("x", level, version=version, mask=0)
        exact, one = 1 - (1 - tolerable_rate(version, level)) ** 8, 1 / len(qr.layout(version, level).block)
        simulated = np.median([share for *_, share in points([symbol], "codewords", 200)])
        assert simulated == pytest.approx(exact, abs=one + 0.03 * exact)
