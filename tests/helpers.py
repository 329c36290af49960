"""What several test modules call: runs and their comparison, damage, symbols that are full, waiting."""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import qrlab as qr
from qrlab import workers
from qrlab.damage import MODELS, Damage
from qrlab.symbols import VERSIONS, capacity

ALL = [(version, level) for version in VERSIONS for level in qr.Level]
quiet_joblib = pytest.mark.filterwarnings("ignore:.*tasks which were still being processed:UserWarning")


def once(design, **options) -> pd.DataFrame:
    """A run of one trial, unless told otherwise."""
    return qr.run(design, **({"trials": 1, "seed": 1, "jobs": 1} | options))


def assert_same_counts(result: pd.DataFrame, expected: pd.DataFrame) -> None:
    """All but the seconds, exactly, whatever the index of `expected`."""
    expected = expected.drop(columns="seconds").reset_index(drop=True)
    pd.testing.assert_frame_equal(result.drop(columns="seconds"), expected, check_exact=True)


def assert_same(result: pd.DataFrame, expected: pd.DataFrame) -> None:
    """The same counts and the same notes on them."""
    assert_same_counts(result, expected)
    assert result.attrs == expected.attrs


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition; fail where it never comes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def draw(name: str, seed: int = 0, **parameters) -> Damage:
    """Damage of a kind, drawn from a seed."""
    extra = {"level": "Q"} if name == "worst_codewords" else {}
    return MODELS[name](np.random.default_rng(seed), **extra | parameters)


def full_symbol(version: int, level: str) -> qr.Symbol:
    """Random letters that fill the symbol, so that every data codeword matters."""
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
    data = np.random.default_rng([version, ord(level)]).choice(letters, capacity(version, level))
    return qr.make(data.tobytes(), level, version=version, mask=version % 8)


def in_data_region(symbol: qr.Symbol, order: np.ndarray) -> np.ndarray:
    """An order that reaches no module but those of codewords."""
    return np.where(qr.layout(symbol.version, symbol.level).codeword >= 0, order, np.inf)


def pids() -> list[int]:
    """The processes of this process's workers."""
    return [pid for worker in (*workers._idle, *workers._busy) for pid in (worker.pool._processes or {})]
