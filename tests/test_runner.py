"""The runner: what is counted; the same result however it is made, and from what was kept; a cluster."""

import os
from collections import Counter

import joblib
import numpy as np
import pandas as pd
import pytest
from helpers import assert_same, assert_same_counts, once

import qrlab as qr
from qrlab import runner, workers
from qrlab.readers import OUTCOMES

SITE = "https://www.example.org"
SEEN = {"print_width_mm": 25, "camera_px_per_mm": 8}


def mixed_design() -> pd.DataFrame:
    """Flawless pictures and photographs, read, misread and unread."""
    levels = pd.DataFrame({"level": ["L", "H"], "payload": [10, 30]})
    damage = pd.DataFrame({"damage": ["codewords", "blots", "codewords"], "severity": [0.05, 0.2, 0.2]})
    readers = pd.DataFrame({"reader": ["zxing", "model", "bad_readers:misreads"]})
    seen = [
        {"payload": 10, "level": "H", "damage": "blot", "severity": 0.05, "px_per_module": 3},
        {"payload": 10, "damage": "blot", "severity": 0.1, "reader": "model"} | SEEN,
        {
            "payload": 20,
            "damage": "scratch",
            "severity": 0.02,
            "camera_distance_mm": 120,
            "print_width_mm": 20,
        },
        {"payload": 20, "print_dpi": 203, "camera_noise": 0.03, "camera_defocus_mm": 0.7} | SEEN,
        {"payload": 20, "damage": qr.Mix((qr.Wear("stain", 0.5, 0.2),))} | SEEN,
    ]
    flawless = levels.merge(damage, "cross").merge(readers, "cross")
    return pd.concat([flawless, pd.DataFrame(seen)], ignore_index=True)


MIXED = mixed_design()
RUN = {"trials": 25, "seed": 5}


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    result = qr.run(MIXED, jobs=1, **RUN)
    for outcome in ("ok", "misread", "unread"):
        assert 0 < result[outcome].sum() < 25 * len(result), "the design tells them apart"
    return result


# --- options ---


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("trials", 0, "1 to 1000000000"),
        ("trials", 2.5, "1 to 1000000000"),
        ("seed", -1, "0 to 9223372036854775807"),
        ("seed", None, "0 to 9223372036854775807"),
        ("jobs", 0, "1 to 4096"),
        ("jobs", -2, "1 to 4096"),
        ("timeout", 0.1, "1 to 3600"),
        ("timeout", "10", "1 to 3600"),
    ],
)
@pytest.mark.parametrize("ask", [qr.run, qr.readings])
def test_a_mistake_in_an_option_is_named(ask, name, value, allowed, tmp_path):
    options = {"trials": 1, "seed": 1, "cache": tmp_path / "cache"} | {name: value}
    with pytest.raises(ValueError, match=rf"{name}.* {allowed}, not {value!r}"):
        ask({"payload": 10}, **options)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(("first", "trials"), [(-1, 5), (5, 5), (6, 5), (0.5, 5)])
def test_the_first_trial_is_one_of_them(first, trials):
    with pytest.raises(ValueError, match=r"(first|trials) .*integer from"):
        qr.readings({"payload": 10}, trials=trials, first=first, seed=1)


@pytest.mark.parametrize("ask", [qr.run, qr.readings])
def test_a_mistake_in_a_design_is_named(ask):
    with pytest.raises(ValueError, match=r"^design, row 1: level .*L, M, Q, H, not 'X'"):
        ask({"payload": 10, "level": ["L", "X"]}, trials=1, seed=1)


# --- what is counted ---


def test_a_result_has_its_conditions_and_counts_that_add_up_to_the_trials(mixed):
    table, _ = qr.design.read_design(MIXED)
    assert list(mixed.columns) == [*table.columns, "trials", *OUTCOMES, "seconds"]
    pd.testing.assert_frame_equal(mixed[table.columns], table)
    assert (mixed[list(OUTCOMES)].sum(axis=1) == mixed.trials).all()
    assert (mixed.trials == 25).all()
    assert (mixed.seconds > 0).all()


def test_the_counts_are_those_of_the_readings(mixed):
    long = qr.readings(MIXED, jobs=2, **RUN)
    conditions = list(mixed.columns[: mixed.columns.get_loc("trials")])
    assert list(long.columns) == [*conditions, "trial", "outcome", "seconds", "detail", "read"]
    assert list(long.trial) == list(range(25)) * len(mixed)
    assert long[conditions].equals(mixed.loc[mixed.index.repeat(25), conditions].reset_index(drop=True))
    counts = pd.crosstab(long.index // 25, long.outcome).reindex(columns=OUTCOMES, fill_value=0)
    assert np.array_equal(counts, mixed[list(OUTCOMES)])
    assert (long.read.notna() == (long.outcome == "misread")).all()
    said = set(long.detail[(long.outcome == "unread") & (long.reader == "zxing")])
    assert {"uncorrectable", "nothing found"} <= said
    assert said <= {"uncorrectable", "nothing found", "format unreadable"}


def test_a_real_reader_agrees_with_the_model_on_every_damage_of_codewords():
    """is_pure only samples the picture, so nothing but error correction decides."""
    design = {
        "payload": 60,
        "level": list("LMQH"),
        "damage": "codewords",
        "severity": [0.03, 0.06, 0.1, 0.13],
    }
    long = qr.readings(design | {"reader": ["zxing-pure", "model"]}, trials=20, seed=2, jobs=2)
    wide = long.pivot(index=["level", "severity", "trial"], columns="reader", values="outcome")
    assert (wide["model"] == wide["zxing-pure"]).all()
    assert Counter(wide["model"]).keys() == {"ok", "unread"}


@pytest.mark.parametrize("seen", [{}, SEEN], ids=["flawless", "photographed"])
@pytest.mark.parametrize("damage", ["codewords", "blots"])
def test_an_outcome_is_that_of_decoding_what_was_shown(damage, seen):
    design = {"content": SITE, "level": ["L", "H"], "damage": damage, "severity": [0.04, 0.12]} | seen
    design["reader"] = ["zxing", "zbar", "opencv", "bad_readers:misreads"]
    sample = qr.readings(design, trials=4, seed=8, jobs=2)
    assert sample.outcome.nunique() > 1
    for row in sample.to_dict("records"):
        reading = qr.decode(qr.shown(row, seed=8, trial=row["trial"]), row["reader"], SITE)
        assert (reading.outcome, reading.detail) == (row["outcome"], row["detail"])
        if row["outcome"] == "misread":
            assert reading.content == row["read"]


def test_the_model_judges_the_damage_to_modules_and_nothing_that_a_camera_adds():
    design = {"content": SITE, "level": ["L", "H"], "damage": "codewords", "severity": [0.05, 0.1, 0.9]}
    design |= {"reader": "model"}
    flawless = once(design, trials=10)
    assert 0 < flawless.ok.sum() < 60
    assert once(design | SEEN | {"camera_defocus_mm": 5}, trials=10).ok.equals(flawless.ok)
    long = qr.readings(design, trials=10, seed=1, jobs=1)
    for row in long.to_dict("records"):
        modules = qr.shown(row, seed=1, trial=row["trial"])[18::4, 18::4][:-4, :-4] == 0
        assert qr.decode(modules, "model", qr.make(SITE, row["level"])).outcome == row["outcome"]


def test_a_row_of_a_result_shows_itself(mixed):
    for k in (0, 20, *range(18, 23)):
        for row in (mixed.iloc[k], mixed.iloc[k].to_dict()):
            expected = qr.shown(MIXED.iloc[k], seed=5, trial=3)
            assert np.array_equal(qr.shown(row, seed=5, trial=3), expected)
    with pytest.raises(ValueError, match=r"trial .* 0 to .*not -1"):
        qr.shown(mixed.iloc[0], seed=5, trial=-1)


# --- the same result however it is made ---


@pytest.mark.parametrize("jobs", [2, 4, -1])
def test_jobs_do_not_change_a_result(mixed, jobs):
    assert_same(qr.run(MIXED, jobs=jobs, **RUN), mixed)


def test_the_order_of_the_rows_does_not_change_a_result(mixed):
    order = np.random.default_rng(0).permutation(len(mixed))
    shuffled = qr.run(MIXED.loc[order], jobs=2, **RUN)
    assert_same_counts(shuffled[mixed.columns], mixed.loc[order])


def test_fewer_conditions_give_their_part_of_the_result(mixed):
    some = (MIXED.level == "H") & (MIXED.severity == 0.2) & (MIXED.reader == "model")
    part = qr.run(MIXED[some], jobs=1, **RUN)
    columns = ["payload", "damage", "version", *OUTCOMES]
    assert part[columns].to_numpy().tolist() == mixed.loc[some, columns].to_numpy().tolist()


def test_later_trials_go_on_from_the_first():
    design = {"payload": 20, "damage": "speckle", "severity": [0.02, 0.06], "reader": ["zxing", "model"]}
    for numbers in ([7, 20, 33], [10, 20, 30]):
        stages = [
            qr.readings(design, trials=trials, first=first, seed=4, jobs=1)
            for first, trials in zip([0, *numbers], numbers)
        ]
        whole = qr.readings(design, trials=numbers[-1], seed=4, jobs=1).drop(columns="seconds")
        parts = pd.concat(stages).drop(columns="seconds").astype({"detail": str})
        by = ["severity", "reader", "trial"]
        pd.testing.assert_frame_equal(
            parts.sort_values(by, ignore_index=True),
            whole.astype({"detail": str}).sort_values(by, ignore_index=True),
        )
    assert not workers._busy


# --- what was kept ---


def test_a_cached_result_is_the_same_and_nothing_is_read_for_it(mixed, asked, tmp_path):
    fresh = qr.run(MIXED, jobs=2, cache=tmp_path, **RUN)
    assert_same(fresh, mixed)
    assert len(asked) == 25 * len(mixed)
    again = qr.run(MIXED, jobs=1, cache=tmp_path, **RUN)
    assert_same(again, mixed)
    assert again.seconds.equals(fresh.seconds)
    long = qr.readings(MIXED, jobs=1, cache=tmp_path, **RUN)
    assert np.allclose(long.groupby(long.index // 25).seconds.sum(), fresh.seconds)
    assert len(asked) == 25 * len(mixed)


def test_more_and_fewer_trials_are_taken_from_those_there_are(mixed, asked, tmp_path):
    qr.run(MIXED, jobs=2, cache=tmp_path, **RUN)
    asked.clear()
    more = qr.run(MIXED, jobs=2, cache=tmp_path, **RUN | {"trials": 47})
    assert sorted({trial for *_, trial in asked}) == list(range(20, 47)), "chunks of ten"
    assert_same(more, qr.run(MIXED, jobs=1, **RUN | {"trials": 47}))
    asked.clear()
    assert_same(qr.run(MIXED, jobs=1, cache=tmp_path, **RUN), mixed)
    assert asked == []


@pytest.mark.parametrize("column", ["reader", "severity", "payload"])
def test_more_conditions_go_on_from_those_there_are(mixed, asked, tmp_path, column):
    some = MIXED[column] == {"reader": "model", "severity": 0.2, "payload": 30}[column]
    qr.run(MIXED[some], jobs=1, cache=tmp_path, **RUN)
    first = set(asked)
    asked.clear()
    assert_same(qr.run(MIXED, jobs=2, cache=tmp_path, **RUN), mixed)
    assert not first & set(asked)
    assert len(first) + len(asked) == 25 * len(mixed)


CHANGES = {"print_width_mm": 30, "print_ink_spread_mm": 0.1, "print_contrast": 0.02, "print_dpi": 203}
CHANGES |= {"camera_px_per_mm": 2.4, "camera_rotation_deg": 30, "camera_noise": 0.3, "camera_exposure": 0.01}
CHANGES |= {"camera_defocus_mm": 2, "camera_frame_width_px": 200, "camera_jpeg_quality": 3}


def test_changed_settings_are_not_taken_from_the_cache(asked, tmp_path):
    seen, options = {"content": SITE} | SEEN, {"trials": 3, "seed": 2, "jobs": 1}
    designs = [seen, {"content": SITE}, *(seen | {name: value} for name, value in CHANGES.items())]
    for design in designs:
        asked.clear()
        from_cache = qr.run(design, cache=tmp_path, **options)
        assert len(asked) == 3, design
        assert_same(from_cache, qr.run(design, **options))
    asked.clear()
    for design in designs:
        qr.run(design, cache=tmp_path, **options)
    assert asked == []


def test_an_interrupted_run_goes_on_where_it_was(mixed, asked, tmp_path, monkeypatch):
    kept, put = [], runner.Cache.put

    def interrupted(self, values):
        if len(kept) >= 7:
            raise KeyboardInterrupt
        put(self, values)
        kept.extend(values.values())

    monkeypatch.setattr(runner.Cache, "put", interrupted)
    with pytest.raises(KeyboardInterrupt):
        qr.run(MIXED, jobs=1, cache=tmp_path, **RUN)
    monkeypatch.setattr(runner.Cache, "put", put)
    asked.clear()
    assert_same(qr.run(MIXED, jobs=2, cache=tmp_path, **RUN), mixed)
    assert len(asked) == 25 * len(mixed) - sum(map(len, kept)) > 0


# --- a cluster ---


@pytest.mark.proof
def test_a_cluster_gives_the_same_result(mixed, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        assert_same(qr.run(MIXED, cache=tmp_path, **RUN), mixed)
        readings = qr.readings({"payload": 10, "reader": "bad_readers:tells_who_asked"}, trials=200, seed=5)
        processes = set(client.run(os.getpid).values())
    assert set(readings.read.map(int)) == processes
    assert len(processes) == 2
    assert_same(qr.run(MIXED, jobs=1, cache=tmp_path, **RUN), mixed)


def test_numpys_numbers_are_as_good_as_pythons():
    design = pd.DataFrame({"payload": np.array([10]), "version": np.array([2]), "mask": np.array([3])})
    result = qr.run(design, trials=np.int64(2), seed=np.int64(1), jobs=1, timeout=np.float64(10))
    assert_same(result, qr.run({"payload": 10, "version": 2, "mask": 3}, trials=2, seed=1, jobs=1))
    assert once({"scene": [qr.Scene(payload=np.int64(10))], "level": "M"}).ok.item() == 1


def test_a_column_beside_a_scene_can_not_say_otherwise():
    with pytest.raises(ValueError, match=r"payload .*scene"):
        once({"scene": [qr.Scene(payload=10)], "payload": 9})
