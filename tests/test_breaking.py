"""Breaking points of many symbols under much damage: paired, in step with the model, checked."""

import numpy as np
import pandas as pd
import pytest

import qrlab as qr
from qrlab.damage import MODELS
from qrlab.model import tolerable_rate, wrong_codewords


def test_break_points_pair_levels_and_depend_on_nothing_else():
    symbols = [qr.make("pair", level, version=3, mask=0) for level in qr.Level]
    table = qr.break_points(symbols, "stain", trials=12, seed=3)
    assert list(table.columns) == ["symbol", "version", "level", "trial", "severity", "wrong_codewords"]
    assert len(table) == 48
    alone = qr.break_points(symbols[2:3], "stain", trials=12, seed=3).reset_index(drop=True)
    pd.testing.assert_frame_equal(
        table[table.symbol == 2].reset_index(drop=True).assign(symbol=0), alone, check_dtype=False
    )
    longer = qr.break_points(symbols[2:3], "stain", trials=20, seed=3)
    pd.testing.assert_frame_equal(longer[longer.trial < 12], alone)
    damage = MODELS["stain"](np.random.default_rng([3, 7]))
    point = qr.break_point(symbols[0], damage.order(29), damage.paint)
    assert table.query("level == 'L' and trial == 7").severity.item() == point
    fine = qr.break_points(symbols[0], "stain", trials=1, seed=3, scale=0.02, paint="light")
    damage = MODELS["stain"](np.random.default_rng([3, 0]), scale=0.02, paint="light")
    point = qr.break_point(symbols[0], damage.order(29), "light")
    assert fine.severity.item() == point
    share = wrong_codewords(symbols[0], damage.order(29), point, "light")
    assert fine.wrong_codewords.item() == share < wrong_codewords(symbols[0], damage.order(29), point)


def test_break_points_check_their_input():
    symbols = [qr.make("x")]
    with pytest.raises(ValueError, match=r"^model .* speckle, .*, not 'meteor'"):
        qr.break_points(symbols, "meteor", trials=1)
    with pytest.raises(ValueError, match=r"^model .* not \['blot'\]"):
        qr.break_points(symbols, ["blot"], trials=1)
    with pytest.raises(ValueError, match=r"^trials .* 1 to .* not 0"):
        qr.break_points(symbols, "blot", trials=0)
    with pytest.raises(ValueError, match=r"^symbol .* Symbol.* not str"):
        qr.break_points("x", "blot", trials=1)
    with pytest.raises(ValueError, match=r"^symbol .* Symbol.* not str"):
        qr.break_point("x", np.zeros((21, 21)))
    one = qr.break_points(symbols[0], "blot", trials=2)
    pd.testing.assert_frame_equal(one, qr.break_points(symbols, "blot", trials=2))


def test_typical_random_codewords_agree_with_the_closed_form():
    """Median share of random wrong codewords at the breaking point, against survival solved for a half.

    The closed form takes each codeword independently, the simulation shuffles them: they agree to
    about 1/sqrt(codewords·trials), so 3 percent of the median is more than enough.
    """
    for version, level in [(10, "L"), (25, "H")]:
        symbol = qr.make("x", level, version=version, mask=0)
        simulated = qr.break_points([symbol], "codewords", trials=200).wrong_codewords.median()
        assert simulated == pytest.approx(1 - (1 - tolerable_rate(version, level)) ** 8, rel=0.03)
