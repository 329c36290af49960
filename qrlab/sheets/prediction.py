"""Prediction beside measurement: the same symbols, simulated with the camera that the photographs show."""

from typing import Any

import joblib
import numpy as np
import pandas as pd

from qrlab.checks import integer
from qrlab.imaging import photograph
from qrlab.optics import Camera, Print
from qrlab.progress import progress
from qrlab.readers import decode
from qrlab.sheets.camera import pose
from qrlab.sheets.photos import Photos, twice_clustered
from qrlab.sheets.plan import damage_of, symbol_of
from qrlab.symbols import size_of

_TELLING = 0.1  # half an interval: a wider one agrees with nearly anything


def predicted(photos: Photos, trials: int = 8, seed: int = 0, jobs: int = -1) -> pd.DataFrame:
    """The readings with a column predicted: the share of so many simulated photographs that the reader reads,
    each of the same symbol with its damage, as large, as tilted and turned, and with blur, noise, light and
    ink as the photograph has them, or where it tells none of these, as most have.  trials: 2 or more."""
    trials, plan = integer("trials", trials, 2, 10_000), photos.plan
    told = photos.told.fillna(photos.told.median())
    assert plan is not None, "or nothing is told"
    mine, tasks = plan[plan.what == "symbol"].set_index("number"), []
    readers = list(photos.readings.reader.unique())
    for row in photos.symbols.itertuples():
        its, n = told.loc[row.photograph], size_of(int(row.version))
        scale, tilt, axis, turn = pose(np.array(row.corners), n)
        seen = {"px_per_mm": scale * n / row.side_mm, "tilt_deg": tilt, "tilt_axis_deg": axis}
        camera = photos.camera(its, **seen, rotation_deg=turn, sway_deg=0.0)
        tasks.append((mine.loc[row.symbol], camera, photos.print(its, row.symbol), readers, trials, seed))
    with progress(len(tasks), "simulating", "symbol") as bar:
        shares = []
        for share in joblib.Parallel(n_jobs=jobs, return_as="generator")(
            joblib.delayed(_share)(*x) for x in tasks
        ):
            shares.append(share)
            bar.update()
    table = photos.symbols[["photograph", "symbol"]].join(pd.DataFrame(shares, index=photos.symbols.index))
    long = table.melt(["photograph", "symbol"], var_name="reader", value_name="predicted")
    return photos.readings.merge(long, on=["photograph", "symbol", "reader"]).assign(simulated=trials)


def _share(
    row: pd.Series, camera: Camera, printed: Print, readers: list[str], trials: int, seed: int
) -> dict[str, float]:
    """Of each reader the share of simulated photographs that it reads."""
    symbol, damage, read = symbol_of(row), damage_of(row), dict.fromkeys(readers, 0)
    for trial in range(trials):
        rng = np.random.default_rng([seed, int(row.name), trial])
        picture = photograph(symbol, printed, camera, rng, damage, float(row.severity))
        for reader in readers:
            read[reader] += decode(picture, reader, symbol).outcome == "ok"
    return {reader: count / trials for reader, count in read.items()}


def beside(readings: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Rates beside their prediction, by columns: by, readings, rate, predicted, difference (rate less
    predicted) with low and high, clustered by photograph and symbol; verdict: of the simulation."""
    rows = []
    for key, group in readings.groupby(by, observed=True):
        ok = (group.outcome == "ok").to_numpy(float)
        gap, low, high = twice_clustered(ok - group.predicted.to_numpy(), group.photograph, group.symbol)
        verdict = "agrees" if low <= 0 <= high else "too hopeful" if high < 0 else "too gloomy"
        verdict = "too few" if high - low > 2 * _TELLING and verdict == "agrees" else verdict
        rows.append((*key, len(group), ok.mean(), group.predicted.mean(), gap, low, high, verdict))
    columns = ["readings", "rate", "predicted", "difference", "low", "high", "verdict"]
    return pd.DataFrame(rows, columns=[*by, *columns])


def scores(readings: pd.DataFrame, by: list[str]) -> dict[str, Any]:
    """Numbers for the whole.  brier: the mean square of what a reading (0 or 1) differs from its
    less what the chance of few simulated photographs adds (0: all foreseen; who guesses the overall rate has
    brier_of_the_mean); calibration_error: the mean gap between rate and prediction over the conditions `by`,
    0 to 1, by their readings."""
    ok, told = (readings.outcome == "ok").to_numpy(float), readings.predicted.to_numpy()
    chance = told * (1 - told) / (readings.simulated.to_numpy() - 1)
    table = beside(readings, by)
    error = np.average(table.difference.abs(), weights=table.readings)
    said = {"readings": len(ok), "brier": np.mean((told - ok) ** 2 - chance), "brier_of_the_mean": ok.var()}
    return said | {"calibration_error": error}
