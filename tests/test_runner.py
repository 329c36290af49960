"""The runner: designs and their mistakes, pairing, reproducibility, readers that are missing, a cluster."""

import itertools
import os
from collections import Counter
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest

import qrlab as qr
from qrlab import runner, workers
from qrlab.damage import MODELS
from qrlab.readers import DECODERS, OUTCOMES
from qrlab.standard import smallest_version
from qrlab.workers import carry_out

SITE = "https://www.example.org"
MIXED = {
    "payload": [10, 30],
    "level": ["L", "H"],
    "damage": ["codewords", "blots"],
    "severity": [0.05, 0.2],
    "reader": ["zxing", "model", "bad_readers:misreads"],
}
quiet_joblib = pytest.mark.filterwarnings("ignore:.*tasks which were still being processed:UserWarning")


def once(design, **options) -> pd.DataFrame:
    return qr.run(design, **({"trials": 1, "seed": 1, "jobs": 1} | options))


def assert_same_counts(result: pd.DataFrame, expected: pd.DataFrame) -> None:
    """All but the seconds, exactly, whatever the index of `expected`."""
    expected = expected.drop(columns="seconds").reset_index(drop=True)
    pd.testing.assert_frame_equal(result.drop(columns="seconds"), expected, check_exact=True)


def assert_same(result: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert_same_counts(result, expected)
    assert result.attrs == expected.attrs


@pytest.fixture
def asked(monkeypatch) -> list[tuple]:
    """What is read rather than found in the cache: (payload, level, damage, severity, reader, trial)."""
    readings = []

    def listening(task):
        scene = task.scene.payload, task.scene.level, task.scene.damage
        readings.extend((*scene, *cell, trial) for cell, trial in itertools.product(task.cells, task.trials))
        return carry_out(task)

    monkeypatch.setattr(runner, "carry_out", listening)
    return readings


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    result = qr.run(MIXED, trials=25, seed=5, jobs=1)
    for outcome in ("ok", "misread", "unread"):
        assert 0 < result[outcome].sum() < 25 * len(result), "the design tells them apart"
    return result


# --- designs ---


def test_a_mapping_stands_for_all_combinations_of_its_values():
    result = once({"payload": [5, 50], "level": "Q", "severity": np.linspace(0, 0.1, 3), "damage": "blot"})
    assert list(zip(result.payload, result.severity)) == list(itertools.product([5, 50], [0, 0.05, 0.1]))
    assert list(result.level) == ["Q"] * 6


def test_missing_values_mean_the_default():
    frame = pd.DataFrame(
        {
            "payload": [10, 20],
            "contents": [None, 3],
            "level": [None, "h"],
            "version": [np.nan, 9],
            "mask": [pd.NA, 3],
            "damage": [None, "logo"],
            "damage_shape": [None, "round"],
            "severity": [np.nan, 0.1],
            "px_per_module": [np.nan, 3],
            "quiet_zone": [None, 2],
            "reader": [None, "model"],
        },
        index=[7, 7],
    )
    bare, full = once(frame).to_dict("records")
    assert bare | {"mask": None, "damage_shape": None} == once({"payload": 10}).iloc[0].to_dict() | {
        "seconds": bare["seconds"],
        "mask": None,
        "damage_shape": None,
    }
    assert (full["contents"], full["level"], full["version"], full["mask"]) == (3, "H", 9, 3)
    assert (full["damage_shape"], full["px_per_module"], full["quiet_zone"]) == ("round", 3, 2)
    assert bare["mask"] is None or np.isnan(bare["mask"])


def test_the_result_has_complete_conditions_and_counts():
    result = once({"content": [SITE, b"\x00\xff"], "damage": "blot", "damage_x": 0.5, "mask": [None, 2]})
    conditions = ["content", "level", "version", "mask", "damage", "damage_x"]
    conditions += ["severity", "px_per_module", "quiet_zone", "reader"]
    assert list(result.columns) == [*conditions, "trials", *OUTCOMES, "seconds"]
    first = result.iloc[0][[*conditions, "trials"]].to_dict()
    assert first | {"mask": None} == {
        "content": SITE,
        "level": "M",
        "version": 2,
        "mask": None,
        "damage": "blot",
        "damage_x": 0.5,
        "severity": 0,
        "px_per_module": 4,
        "quiet_zone": 4,
        "reader": "zxing",
        "trials": 1,
    }
    assert list(once({"payload": 10}).columns[:3]) == ["payload", "contents", "level"]


def test_levels_are_an_ordered_category():
    result = once({"payload": 10, "level": ["H", "l", qr.Level.Q], "reader": "model"})
    assert list(result.level) == ["H", "L", "Q"]
    assert result.level.cat.ordered
    assert list(result.sort_values("level").level) == ["L", "Q", "H"]


def test_the_version_is_the_smallest_that_fits():
    result = once({"payload": [7, 8, 2953], "level": ["L", "H"]} | {"level": "L", "px_per_module": 1})
    assert list(result.version) == [smallest_version(n, "L") for n in (7, 8, 2953)]
    assert once({"content": "12345" * 5, "level": "H"}).version.item() == qr.make("12345" * 5, "H").version


def test_contents_of_a_payload_take_turns_and_are_the_same_at_every_level():
    def content(level, trial, **more):
        condition = {"payload": 12, "contents": 3, "level": level} | more
        return qr.decode(qr.shown(condition, seed=4, trial=trial)).content

    first = [content("L", trial) for trial in range(6)]
    assert first[:3] == first[3:]
    assert len(set(first)) == 3
    assert {len(data) for data in first} == {12}
    assert first == [content("H", trial, version=9, mask=0) for trial in range(6)]
    assert content("L", 0) != qr.decode(qr.shown({"payload": 12}, seed=5, trial=0)).content


@pytest.mark.parametrize("mask", [0, 5])
def test_the_mask_is_the_one_asked_for(mask):
    picture = qr.shown({"content": SITE, "mask": mask}, seed=1, trial=0)
    assert np.array_equal(picture, qr.render(qr.make(SITE, mask=mask).modules))


def test_damage_parameters_reach_the_damage():
    for shape in ("round", "square"):
        damage = MODELS["logo"](np.random.default_rng([3, 4]), shape=shape, paint="light")
        expected = qr.render(damage.apply(qr.make(SITE).modules, 0.1), 3, 1)
        condition = {"content": SITE, "damage": "logo", "damage_shape": shape, "damage_paint": "light"}
        condition |= {"severity": 0.1, "px_per_module": 3, "quiet_zone": 1}
        assert np.array_equal(qr.shown(condition, seed=3, trial=4), expected)


def test_numpy_and_pandas_values_do_as_well_as_pythons():
    given = {"payload": np.arange(10, 12), "level": pd.Series(["L", "H"]), "severity": np.array([0, 0.5])}
    plain = {"payload": [10, 11], "level": ["L", "H"], "severity": [0.0, 0.5]}
    assert_same(once(given | {"damage": "blot"}), once(plain | {"damage": "blot"}))


def test_a_single_value_of_numpy_does_as_well_as_pythons():
    assert_same(once({"payload": np.int64(10)}), once({"payload": 10}))


ROW_1 = r"^design, row 1: "
WRONG = {
    "an unknown column": ({"sevrity": 0}, r"columns of design.* must be one of content, .* not 'sevrity'"),
    "content and payload": ({"content": "x"}, "either content or payload, not payload, content"),
    "reader": ({"reader": ["model", "eye"]}, ROW_1 + r"reader.* must be one of zxing, .*, not 'eye'"),
    "damage": ({"damage": ["blot", "meteor"]}, ROW_1 + "damage must be one of none, .*, not 'meteor'"),
    "level": ({"level": ["L", "X"]}, ROW_1 + "level must be one of L, M, Q, H, not 'X'"),
    "severity": ({"severity": [0, 2]}, ROW_1 + "severity must be a number from 0 to 1, not 2"),
    "a severity in words": ({"severity": [0, "0.1"]}, ROW_1 + "severity must be .* not '0.1'"),
    "payload": ({"payload": [10, 0]}, ROW_1 + "payload must be an integer from 1 to 2953, not 0"),
    "a payload that never fits": (
        {"payload": [10, 1274], "level": "H"},
        ROW_1 + "payload must be at most 1,273 bytes for version 40, the largest, at level H, not 1274",
    ),
    "a payload that does not fit": (
        {"payload": [10, 15], "version": 1},
        ROW_1 + "payload must be at most 14 bytes for version 1 at level M, not 15",
    ),
    "contents": ({"contents": [1, 0]}, ROW_1 + "contents must be an integer from 1 to .*, not 0"),
    "version": ({"version": [1, 41]}, ROW_1 + "version must be an integer from 1 to 40, not 41"),
    "mask": ({"mask": [1, 8]}, ROW_1 + "mask must be an integer from 0 to 7, not 8"),
    "pixels": ({"px_per_module": [1, 0]}, ROW_1 + "px_per_module must be an integer from 1 to 100, not 0"),
    "half a pixel": ({"px_per_module": [1, 1.5]}, ROW_1 + "px_per_module must be an integer .*, not 1.5"),
    "quiet zone": ({"quiet_zone": [4, -1]}, ROW_1 + "quiet_zone must be an integer from 0 to 100, not -1"),
    "a parameter that the damage lacks": (
        {"damage": "blot", "damage_scale": [None, 1]},
        ROW_1 + "(damage_|parameters).* of blot must be one of .*x, y, .*, not 'scale'",
    ),
    "a parameter's value": (
        {"damage": "blot", "damage_x": [0, 2]},
        ROW_1 + "damage_x must be a number from 0 to 1, not 2",
    ),
    "a parameter without a damage": (
        {"damage": ["blot", "none"], "damage_x": 0.5},
        ROW_1 + "damage_x must go with a damage, not with none|damage_.* of none must be .*not 'x'",
    ),
    "a condition twice": ({"level": ["L", "l"]}, "design must have each condition once, not row 1 again"),
    "no condition": ({"level": []}, "design must have a condition"),
}


@pytest.mark.parametrize("design, message", WRONG.values(), ids=WRONG)  # noqa: PT006
@pytest.mark.parametrize("ask", [qr.run, qr.readings])
def test_a_mistake_in_a_design_is_named(ask, design, message):
    with pytest.raises(ValueError, match=message):
        ask({"payload": 10} | design, trials=1, seed=1)


def test_a_design_has_content_that_fits_or_payload():
    with pytest.raises(ValueError, match="design must have either content or payload, not level"):
        once({"level": "L"})
    with pytest.raises(ValueError, match="design must be a data frame or a mapping, not list"):
        once([{"payload": 10}])
    with pytest.raises(ValueError, match=r"row 1: content must be at most 14 bytes .* not 15"):
        once({"content": ["fits", "does not fit in"], "version": 1})


OPTIONS = [
    ("trials", 0, "an integer from 1 to 1000000000"),
    ("seed", -1, "an integer from 0 to 9223372036854775807"),
    ("seed", None, "an integer from 0"),
    ("jobs", 0, "an integer from 1 to 4096"),
    ("jobs", -2, "an integer from 1 to 4096"),
    ("timeout", 0.1, "a number from 1 to 3600"),
    ("timeout", "10", "a number from 1 to 3600"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), OPTIONS)
@pytest.mark.parametrize("ask", [qr.run, qr.readings])
def test_a_mistake_in_an_option_is_named(ask, name, value, allowed, tmp_path):
    options = {"trials": 1, "seed": 1, "cache": tmp_path / "cache"} | {name: value}
    with pytest.raises(ValueError, match=rf"{name}.* must be {allowed}.*, not {value!r}"):
        ask({"payload": 10}, **options)
    assert not (tmp_path / "cache").exists()


def test_half_a_trial_is_refused():
    with pytest.raises(ValueError, match=r"trials must be an integer from 1 to 1000000000, not 2\.5"):
        qr.readings({"payload": 10}, trials=2.5, seed=1)


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({"payload": [10, [20]]}, r"row 1: payload must be an integer .*, not \[20\]"),
        ({"payload": 10, "level": ["L", ["M", "H"]]}, r"row 1: level must be one of L, M, Q, H, not \['M'"),
        ({"payload": 10, "damage": "blot", "damage_rng": 3}, "row 0: .*not 'rng'"),
        ({"payload": 10, "damage": "worst_codewords"}, "row 0: damage_level must be"),
        ({"content": ["x", None]}, "row 1: content must be"),
        ({"content": "x", "contents": 3}, "contents must go with payload"),
        (pd.DataFrame([[10, "L", "M"]], columns=["payload", "level", "level"]), "columns .*once.*level"),
    ],
    ids=[
        "a list",
        "a list of levels",
        "rng",
        "a damage's own level",
        "no content",
        "contents",
        "column twice",
    ],
)
def test_a_subtle_mistake_in_a_design_is_named_too(design, message):
    with pytest.raises(ValueError, match=message):
        once(design)


# --- what is counted ---


def test_counts_add_up_to_the_trials(mixed):
    assert (mixed[list(OUTCOMES)].sum(axis=1) == mixed.trials).all()
    assert (mixed.trials == 25).all()
    assert (mixed.seconds > 0).all()


def test_the_counts_are_those_of_the_readings(mixed):
    long = qr.readings(MIXED, trials=25, seed=5, jobs=2)
    conditions = list(mixed.columns[: mixed.columns.get_loc("trials")])
    assert list(long.columns) == [*conditions, "trial", "outcome", "seconds", "detail", "read"]
    assert list(long.trial) == list(range(25)) * len(mixed)
    assert long[conditions].equals(mixed.loc[mixed.index.repeat(25), conditions].reset_index(drop=True))
    counts = pd.crosstab(long.index // 25, long.outcome).reindex(columns=OUTCOMES, fill_value=0)
    assert np.array_equal(counts, mixed[list(OUTCOMES)])
    assert (long.read.notna() == (long.outcome == "misread")).all()
    said = long.detail[(long.outcome == "unread") & (long.reader == "zxing")]
    assert (
        {"uncorrectable", "nothing found"}
        <= set(said)
        <= {"uncorrectable", "nothing found", "format unreadable"}
    )


def test_a_real_reader_agrees_with_the_model_on_every_damage_of_codewords():
    """is_pure only samples the picture, so nothing but error correction decides."""
    long = qr.readings(
        {
            "payload": 60,
            "level": list("LMQH"),
            "damage": "codewords",
            "severity": [0.03, 0.06, 0.1, 0.13],
            "reader": ["zxing-pure", "model"],
        },
        trials=20,
        seed=2,
        jobs=2,
    )
    wide = long.pivot(index=["level", "severity", "trial"], columns="reader", values="outcome")
    assert (wide["model"] == wide["zxing-pure"]).all()
    assert Counter(wide["model"]).keys() == {"ok", "unread"}


@pytest.mark.parametrize("damage", ["codewords", "blots"])
def test_an_outcome_is_that_of_decoding_what_was_shown(damage):
    design = {"content": SITE, "level": ["L", "H"], "damage": damage, "severity": [0.04, 0.12]}
    design["reader"] = ["zxing", "zxing-pure", "model", "opencv", "bad_readers:misreads"]
    sample = qr.readings(design, trials=4, seed=8, jobs=2)
    assert sample.outcome.nunique() > 1
    for row in sample.to_dict("records"):
        image, expected = qr.shown(row, seed=8, trial=row["trial"]), SITE
        if row["reader"] == "model":
            image, expected = image[18::4, 18::4][:-4, :-4] == 0, qr.make(SITE, row["level"])
        reading = qr.decode(image, row["reader"], expected)
        assert (reading.outcome, reading.detail) == (row["outcome"], row["detail"])
        if row["outcome"] == "misread":
            assert reading.content == row["read"]


# --- the same damage for all ---


@pytest.mark.parametrize("damage", sorted(MODELS))
def test_every_level_version_and_reader_sees_the_same_damage(damage):
    own = {"level": "Q"} if damage == "worst_codewords" else {}
    for version, level, mask, reader in [(3, "L", 0, "zxing"), (3, "H", 6, "model"), (7, "M", 1, "zxing")]:
        symbol = qr.make(b"pairing", level, version=version, mask=mask)
        condition = {"content": b"pairing", "level": level, "version": version, "mask": mask}
        condition |= {"damage": damage, "damage_paint": "flip", "severity": 0.3, "reader": reader}
        condition |= {f"damage_{name}": value for name, value in own.items()}
        order = MODELS[damage](np.random.default_rng([6, 11]), **own).order(symbol.size)
        picture = qr.shown(condition, seed=6, trial=11)
        assert np.array_equal(picture, qr.render(symbol.modules ^ (order <= 0.3)))
        assert (order <= 0.3).any()


def test_another_trial_or_seed_shows_other_damage():
    condition = {"content": SITE, "damage": "speckle", "severity": 0.1}
    places = itertools.product([1, 2], [0, 1, 2])
    pictures = {qr.shown(condition, seed=seed, trial=trial).tobytes() for seed, trial in places}
    assert len(pictures) == 6


def test_a_row_of_a_result_shows_itself(mixed):
    row = mixed.iloc[-1]
    condition = {name: row[name] for name in ("payload", "level", "damage", "severity", "version")}
    assert np.array_equal(qr.shown(row, seed=5, trial=3), qr.shown(condition, seed=5, trial=3))
    with pytest.raises(ValueError, match="trial must be an integer from 0"):
        qr.shown(row, seed=5, trial=-1)


# --- the same result however it is made ---


@pytest.mark.parametrize("jobs", [2, 8, -1])
def test_jobs_do_not_change_a_result(mixed, jobs):
    assert_same(qr.run(MIXED, trials=25, seed=5, jobs=jobs), mixed)


def test_the_order_of_the_rows_does_not_change_a_result(mixed):
    order = np.random.default_rng(0).permutation(len(mixed))
    shuffled = qr.run(mixed.loc[order, list(MIXED)], trials=25, seed=5, jobs=2)
    assert_same_counts(shuffled, mixed.loc[order])
    evidence = [sorted(map(repr, result.attrs["misreads"])) for result in (shuffled, mixed)]
    assert evidence[0] == evidence[1]


def test_fewer_conditions_give_their_part_of_the_result(mixed):
    part = qr.run(MIXED | {"level": "H", "severity": 0.2, "reader": "model"}, trials=25, seed=5, jobs=1)
    assert_same_counts(part, mixed.query("level == 'H' and severity == 0.2 and reader == 'model'"))


def test_a_cached_result_is_the_same_and_nothing_is_read_for_it(mixed, asked, tmp_path):
    fresh = qr.run(MIXED, trials=25, seed=5, jobs=2, cache=tmp_path)
    assert_same(fresh, mixed)
    assert len(asked) == 25 * len(mixed)
    again = qr.run(MIXED, trials=25, seed=5, jobs=1, cache=tmp_path)
    assert_same(again, mixed)
    assert again.seconds.equals(fresh.seconds)
    long = qr.readings(MIXED, trials=25, seed=5, jobs=1, cache=tmp_path)
    assert np.allclose(long.groupby(long.index // 25).seconds.sum(), fresh.seconds)
    assert len(asked) == 25 * len(mixed)


def test_more_trials_go_on_from_those_there_are(asked, tmp_path):
    qr.run(MIXED, trials=25, seed=5, jobs=2, cache=tmp_path)
    asked.clear()
    more = qr.run(MIXED, trials=47, seed=5, jobs=2, cache=tmp_path)
    assert sorted({trial for *_, trial in asked}) == list(range(20, 47)), "chunks of ten"
    assert_same(more, qr.run(MIXED, trials=47, seed=5, jobs=1))


def test_fewer_trials_are_taken_from_those_there_are(mixed, asked, tmp_path):
    qr.run(MIXED, trials=47, seed=5, jobs=2, cache=tmp_path)
    asked.clear()
    assert_same(qr.run(MIXED, trials=25, seed=5, jobs=1, cache=tmp_path), mixed)
    qr.run(MIXED, trials=47, seed=5, jobs=2, cache=tmp_path)
    assert asked == []


@pytest.mark.parametrize(
    ("column", "before"),
    [("reader", ["model"]), ("severity", [0.2]), ("payload", [30])],
)
def test_more_conditions_go_on_from_those_there_are(mixed, asked, tmp_path, column, before):
    qr.run(MIXED | {column: before}, trials=25, seed=5, jobs=1, cache=tmp_path)
    first = set(asked)
    asked.clear()
    assert_same(qr.run(MIXED, trials=25, seed=5, jobs=2, cache=tmp_path), mixed)
    assert not first & set(asked)
    assert len(first) + len(asked) == 25 * len(mixed)


def test_an_interrupted_run_goes_on_where_it_was(mixed, asked, tmp_path, monkeypatch):
    saved, save = [], runner.Cache.save

    def interrupted(self, *what):
        if len(saved) == 7:
            raise KeyboardInterrupt
        save(self, *what)
        saved.append(what)

    monkeypatch.setattr(runner.Cache, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        qr.run(MIXED, trials=25, seed=5, jobs=1, cache=tmp_path)
    monkeypatch.setattr(runner.Cache, "save", save)
    finished = sum(len(rows) for _, answers in saved for rows in answers.values())
    asked.clear()
    assert_same(qr.run(MIXED, trials=25, seed=5, jobs=2, cache=tmp_path), mixed)
    assert len(asked) == 25 * len(mixed) - finished > 0


# --- misreadings, kept as evidence ---


def test_a_misreading_is_kept_with_what_shows_it_again(mixed):
    evidence = mixed.attrs["misreads"]
    assert len(evidence) == mixed.misread.sum()
    for case in evidence[:: len(evidence) // 10]:
        picture = qr.shown(case, seed=case["seed"], trial=case["trial"])
        assert qr.decode(picture, case["reader"]).content == case["read"]


def test_no_more_evidence_is_kept_than_is_promised(mixed, monkeypatch):
    monkeypatch.setattr(runner, "EVIDENCE", 5)
    for jobs in (1, 2):
        few = qr.run(MIXED, trials=25, seed=5, jobs=jobs)
        assert few.attrs["misreads"] == mixed.attrs["misreads"][:5]


# --- readers that are not available ---


def test_a_missing_reader_is_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="reader nowhere:read is left out: .*No module named 'nowhere'"):
        result = once({"payload": 10, "reader": ["model", "nowhere:read", "zxing"], "level": ["L", "H"]})
    assert list(result.reader) == ["model", "model", "zxing", "zxing"]
    assert result.attrs["left_out"] == {"nowhere:read": "ModuleNotFoundError: No module named 'nowhere'"}


def test_a_missing_library_is_left_out_with_how_to_get_it(monkeypatch):
    def missing():
        raise ImportError("Unable to find zbar shared library")

    monkeypatch.setitem(DECODERS, "zbar", replace(DECODERS["zbar"], version=missing))
    with pytest.warns(
        UserWarning, match="reader zbar is left out: .*Unable .*; apt install libzbar0"
    ) as warned:
        result = qr.readings({"payload": 10, "reader": ["zbar", "model"]}, trials=2, seed=1, jobs=1)
    assert list(result.reader) == ["model"] * 2
    assert len(warned) == 1


def test_the_warning_points_at_the_call():
    with pytest.warns(UserWarning, match="is left out") as warned:
        qr.run({"payload": 10, "reader": ["model", "nowhere:read"]}, trials=1, seed=1, jobs=1)
    assert warned[0].filename == __file__


def test_without_any_reader_there_is_no_result():
    with (
        pytest.warns(UserWarning, match="is left out"),
        pytest.raises(ValueError, match=r"an available reader, not {'bad_readers:nothing': .*no attribute"),
    ):
        once({"payload": 10, "reader": "bad_readers:nothing"})


# --- a cluster ---


def test_a_cluster_gives_the_same_result(mixed, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        assert_same(qr.run(MIXED, trials=25, seed=5, cache=tmp_path), mixed)
        readings = qr.readings({"payload": 10, "reader": "bad_readers:tells_who_asked"}, trials=200, seed=5)
        processes = set(client.run(os.getpid).values())
    assert set(readings.read.map(int)) == processes
    assert len(processes) == 2
    assert_same(qr.run(MIXED, trials=25, seed=5, jobs=1, cache=tmp_path), mixed)


# --- growing ---


def test_a_growing_run_gives_at_each_stage_what_a_run_of_that_length_gives():
    design = {"payload": 20, "damage": "speckle", "severity": [0.02, 0.06], "reader": ["zxing", "model"]}
    stages = list(qr.growing(design, trials=[7, 20, 33], seed=4))
    for count, table in zip([7, 20, 33], stages):
        expected = qr.readings(design, trials=count, seed=4)
        pd.testing.assert_frame_equal(table.drop(columns="seconds"), expected.drop(columns="seconds"))


def test_who_stops_asking_has_nothing_more_read_and_leaves_no_worker_busy(tmp_path):
    design = {"payload": 20, "damage": "speckle", "severity": 0.02}
    stages = qr.growing(design, trials=[10, 100_000], seed=4, cache=tmp_path)
    assert len(next(stages)) == 10
    stages.close()
    assert len(qr.readings(design, trials=10, seed=4, cache=tmp_path)) == 10
    assert not workers._busy


@pytest.mark.parametrize("counts", [[], [10, 10], [20, 10], [0, 10]])
def test_stages_must_increase(counts):
    with pytest.raises(ValueError, match="trials must be "):
        next(qr.growing({"payload": 20}, trials=counts, seed=1))
