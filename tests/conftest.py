"""What all tests share: how Hypothesis and progress bars behave, one job a run, what a run reads."""

import itertools
import os

import pytest
from hypothesis import settings

settings.register_profile("qrlab", deadline=None, print_blob=True)
settings.load_profile("qrlab")
os.environ["TQDM_DISABLE"] = "1"
if "PYTEST_XDIST_WORKER" in os.environ:  # each of pytest's processes has a core: a run takes no other one
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"  # what joblib counts, and so what jobs=-1 means


@pytest.fixture
def asked(monkeypatch) -> list[tuple]:
    """What is read rather than found in the cache: (payload, level, damage, severity, reader, trial)."""
    from qrlab import runner

    readings, carry_out = [], runner.carry_out

    def listening(task):
        scene = task.scene.payload, task.scene.level, task.scene.damage
        readings.extend((*scene, *cell, trial) for cell, trial in itertools.product(task.cells, task.trials))
        return carry_out(task)

    monkeypatch.setattr(runner, "carry_out", listening)
    return readings
