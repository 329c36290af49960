"""The full-size study: data/ against samples of it made again, what is kept of readings, and resuming."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qrlab as qr
from qrlab import breaking, runner, study
from qrlab.readers import OUTCOMES

DATA = Path(__file__).parent.parent / "data"
NAMES = list(study.DESIGNS)
PARTS = [(name, part) for name, parts in study.DESIGNS.items() for part in range(len(parts))]
AVAILABLE = set(qr.decoders().query("available").name)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("versions", "kinds"), [([1, 8], tuple(study.MODELS)), ([24], ("blot", "codewords"))]
)
def test_rows_of_the_exact_model_are_made_again(versions, kinds):
    again = study.exact_model(versions, kinds, **study.EXACT, jobs=1)
    rows = qr.load("exact_model").query("version in @versions and damage in @kinds")
    rows = rows.sort_values("version", kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(again, rows)


@pytest.mark.proof
@pytest.mark.parametrize("name", NAMES)
def test_rows_of_readings_are_made_again(name):
    """A sample, trial by trial, and of what was misread as much again."""
    table = qr.load(name)
    mine = table[table.reader.isin(AVAILABLE) & (table.version < 30)]
    drawn = [mine, mine[mine.outcomes.str.contains("x")]]
    rows = pd.concat([x.sample(min(12, len(x)), random_state=np.random.default_rng(5)) for x in drawn])
    for trials, some in rows.drop_duplicates().groupby("trials"):
        given = some.drop(columns=["trials", "outcomes"])
        again = study.packed(runner.readings(given, trials=trials, seed=study.SEED))
        assert again[given.columns].astype(str).values.tolist() == given.astype(str).values.tolist()
        assert again.outcomes.tolist() == some.outcomes.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_every_condition_of_the_design_is_there_in_order(name, monkeypatch):
    monkeypatch.setattr(study.readers, "unavailable", lambda _: "")
    table = qr.load(name)
    parts = [study.design(name, part) for part in range(len(study.DESIGNS[name]))]
    wanted = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(table[wanted.columns], wanted, check_dtype=False)
    trials = [trials for (trials, _), part in zip(study.DESIGNS[name], parts) for _ in range(len(part))]
    assert table.trials.tolist() == trials
    letters = "".join(study.LETTERS)
    assert all(re.fullmatch(f"[{letters}]{{{row.trials}}}", row.outcomes) for row in table.itertuples())


def test_contents_vary_with_the_trial_wherever_damage_does_not():
    for name, part in PARTS:
        trials, columns = study.DESIGNS[name][part]
        assert "alike" not in study.design(name, part)
        assert "logo" not in np.atleast_1d(columns.get("damage", "none")) or trials >= 100, name
    assert study.EXACT["contents"] >= 100


def test_all_files_together_are_small():
    assert sum(file.stat().st_size for file in DATA.glob("*.csv")) <= 6_000_000


def test_the_exact_model_has_all_160_symbols_under_every_kind_of_damage():
    table = qr.load("exact_model")
    by = ["damage", "version", "level", "counted"]
    assert not table.duplicated(by).any()
    assert len(table) == len(study.MODELS) * 160 * 2
    assert table[by].nunique().tolist() == [len(study.MODELS), 40, 4, 2]
    assert (table.p5_pct <= table.low_pct).all()
    assert (table.low_pct <= table.median_pct).all()
    assert (table.median_pct <= table.high_pct).all()
    few = table.damage == "logo"
    assert (table.high_pct <= table.p95_pct)[~few].all()
    assert table.trials.where(few, study.EXACT["trials"]).eq(study.EXACT["trials"])[~few].all()
    assert table.trials[few].eq(study.EXACT["contents"]).all()


def test_what_was_simulated_agrees_with_the_closed_form():
    """The share of wrong codewords at which half are lost, against the binomial tails' own."""
    half = qr.load("exact_model").query("damage == 'codewords' and counted == 'codewords'")
    half = half.merge(qr.capability().astype({"level": str})[["version", "level", "codewords"]])
    for row in half[half.version >= 10].itertuples():
        rate = qr.model.tolerable_rate(row.version, row.level)
        assert row.median_pct / 100 == pytest.approx(1 - (1 - rate) ** 8, rel=0.12), (row.version, row.level)


def test_each_outcome_has_a_letter_and_trials_stay_in_order():
    kept = pd.DataFrame({"level": ["L", "H"], "severity": 0.1, "trials": 6, "outcomes": ["oxuect", "tceuxo"]})
    table = study.unpacked(kept)
    assert table.outcome.tolist() == [*OUTCOMES, *OUTCOMES[::-1]]
    assert table.trial.tolist() == [*range(6), *range(6)]
    assert table.level.tolist() == ["L"] * 6 + ["H"] * 6
    packed = study.packed(table.assign(seconds=0, detail="", read=None))
    pd.testing.assert_frame_equal(packed.astype({"level": "str"}), kept, check_dtype=False)


def test_what_is_kept_is_what_was_read():
    design = study.design("readers_by_damage", severity=0.06, reader=["zxing", "model"])
    made = runner.readings(design, trials=3, seed=1)
    again = study.unpacked(study.packed(made))
    pd.testing.assert_frame_equal(again, made.drop(columns=["seconds", "detail", "read", "alike"]))
    by = ["reader", "level"]
    pd.testing.assert_frame_equal(
        qr.stats.rates(again, by), qr.stats.rates(made, by).drop(columns="seconds")
    )  # fmt: skip


HELD = {"payload": (141,), "damage": "blot", "severity": [0.01, 0.1], "reader": ["zxing", "model"]}


def test_readings_that_data_holds_are_loaded():
    table = study.readings("progressive_damage", damage_spare_finders=False, **HELD)
    (trials, _), *_ = study.DESIGNS["progressive_damage"]
    assert table.attrs["made"] == f"n = {trials} for each condition, from data/progressive_damage.csv"
    rows = qr.load("progressive_damage").query("damage == 'blot' and severity in [0.01, 0.1]")
    rows = rows.query("reader in ['zxing', 'model'] and payload == 141 and not damage_spare_finders")
    assert len(table) == len(rows) * trials > 0
    assert (table.outcome == "ok").sum() == rows.outcomes.str.count("o").sum()
    assert "seconds" not in table


@pytest.mark.parametrize(
    "change",
    [{"payload": 61}, {"severity": [0.01, 0.11]}, {"px_per_module": 3}, {"print_width_mm": 20}, {"seed": 2}],
)
def test_readings_that_data_does_not_hold_are_made_now(change):
    asked = HELD | {"damage_spare_finders": False, "level": "L"} | change
    if "print_width_mm" in change:
        asked["camera_distance_mm"] = 100
    made = study.readings("progressive_damage", **asked)
    assert made.attrs["made"] == f"n = {study.QUICK} for each condition, computed here"
    assert made.trial.nunique() == study.QUICK
    assert "seconds" in made


def test_all_is_computed_where_that_is_asked_for(monkeypatch):
    monkeypatch.setenv("QRLAB_FRESH", "1")
    made = study.readings("progressive_damage", level="L", damage_spare_finders=False, **HELD)
    assert "computed here" in made.attrs["made"]
    exact = study.exact(["blot"], versions=[1, 2])
    assert exact.attrs["made"] == "n = 20 a symbol, computed here"


def test_those_made_now_begin_like_those_of_data():
    held = study.readings("progressive_damage", level="L", damage_spare_finders=False, **HELD)
    made = study.readings("progressive_damage", trials=5, level="L", damage_spare_finders=False, **HELD)
    pd.testing.assert_series_equal(
        made.outcome, held[held.trial < 5].outcome.reset_index(drop=True), check_index=False
    )


def test_readings_of_a_missing_reader_are_loaded_all_the_same(monkeypatch):
    monkeypatch.setattr(study.readers, "unavailable", lambda name: "no library" if name == "zbar" else "")
    table = study.readings("readers_by_damage", damage="blot", reader=["zbar", "zxing"])
    assert set(table.reader) == {"zbar", "zxing"}


def test_the_exact_model_of_data_is_loaded_unless_other_conditions_are_asked_for():
    table = study.exact(["blot", "logo"])
    assert table.attrs["made"] == "n = 100 to 300 a symbol, from data/exact_model.csv"
    assert len(table) == 2 * 160 * 2
    made = study.exact(["blot"], versions=[1], trials=6, contents=6)
    assert made.attrs["made"] == "n = 6 a symbol, computed here"


def test_a_design_of_another_name_is_refused():
    with pytest.raises(ValueError, match=r"name must be one of progressive_damage, .*, not 'nonsense'"):
        study.readings("nonsense")


def test_the_scenarios_rates_are_those_of_choose():
    table = qr.load("scenario_rates")
    assert table[["scenario", "panel"]].drop_duplicates().values.tolist() == [
        [name, panel] for name in qr.SCENARIOS for panel in study.PRINTS
    ]
    assert (table.trials <= table.panel.map(study.PRINTS)).all()
    free = table[table.scenario != "swiss-qr-bill"]  # whose level is prescribed
    assert not free[~free.left].recommended.any()
    assert set(table[table.scenario == "swiss-qr-bill"].query("recommended").level) == {"M"}
    if set(qr.SCENARIOS["screen"].readers) <= AVAILABLE:
        mine = table.query("scenario == 'screen' and panel == 'default'")
        most = study.PRINTS["default"]
        choice = qr.choose(None, "screen", trials=most, seed=study.SEED, advice=False)
        assert mine.rate.tolist() == choice.table.rate.round(4).tolist()
        assert mine.level[mine.recommended].tolist() == [choice.level]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"kinds": ["blott"]}, ("kinds", "speckle", "'blott'")),
        ({"versions": [41]}, ("versions", "1 to 40", "41")),
        ({"trials": 5}, ("trials", "6 to 1000000", "5")),
        ({"contents": 0}, ("contents", "6 to 1000", "0")),
    ],
)
def test_bad_input_to_the_exact_model_is_named(given, named):
    usual = {"kinds": ["blot"], "versions": [1], "trials": 6, "contents": 6, "seed": 1}
    with pytest.raises(ValueError, match="must be") as refused:
        study.exact(**usual | given)
    assert [part for part in named if part not in str(refused.value)] == []


def test_the_study_is_not_begun_without_all_readers(tmp_path, monkeypatch):
    monkeypatch.setattr(study.readers, "unavailable", lambda name: "no library" if name == "zbar" else "")
    with pytest.raises(SystemExit, match=r"^make data: .* not available: zbar \(no library\)$"):
        study.main(tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The study in miniature, and a copy of the data that it may write to."""

    columns = {"payload": 20, "damage": "blot", "damage_spare_finders": [False, True], "level": study.LEVELS}
    columns |= {"severity": study.SEVERITIES[:5], "reader": ["zxing", "model"]}
    few = {"progressive_damage": [(4, columns)], "readers_by_damage": [(22, columns), (2, columns)]}
    monkeypatch.setattr(study, "DESIGNS", few)
    monkeypatch.setattr(study, "EXACT", {"versions": [1, 2], "trials": 6, "contents": 6, "jobs": 1})
    monkeypatch.setattr(study, "READERS", ("zxing", "model"))
    monkeypatch.setattr(study, "SLOW", "zxing")
    monkeypatch.setattr(study, "scenario_rates", lambda *_: qr.load("scenario_rates"))
    return shutil.copytree(DATA, tmp_path / "data"), tmp_path / "cache"


def test_the_study_writes_files_and_their_dictionary_and_goes_on_where_it_ended(small, asked, monkeypatch):
    data, cache = small
    run = runner.readings

    def interrupted(design, *, trials, **options):
        if trials == 22:
            run(design, trials=20, **options)
            raise KeyboardInterrupt
        return run(design, trials=trials, **options)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "readings", interrupted)
        with pytest.raises(KeyboardInterrupt):
            study.main(data, cache)
    half_written = pd.read_csv(data / "readers_by_damage.csv")
    pd.testing.assert_frame_equal(half_written, qr.load("readers_by_damage"))
    asked.clear()
    monkeypatch.setattr(breaking, "_exact", None)  # it was computed, and is not again
    study.main(data, cache)
    assert {trial for *_, trial in asked} == {20, 21}
    for name, rows in (("exact_model", 208), ("progressive_damage", 80), ("readers_by_damage", 160)):
        assert len(pd.read_csv(data / f"{name}.csv")) == rows
        section = re.split(rf"^## {name}.csv\n", (data / "README.md").read_text(), flags=re.MULTILINE)[1]
        assert re.search(r"^- Rows: (.*)", section, re.MULTILINE)[1] == str(rows)
        versions = re.search(r"^- Versions: (.*)", section, re.MULTILINE)[1]
        assert f"numpy {np.__version__}" in versions
        assert f"zxing-cpp {qr.readers.version_of('zxing')}" in versions
    assert not list(data.glob("*.part"))
    before, after = ((folder / "README.md").read_text().splitlines() for folder in (DATA, data))
    changed = [line for line, old in zip(after, before, strict=True) if line != old]
    assert all(line.startswith(("- Rows: ", "- Versions: ")) for line in changed)


def test_rates_of_scenarios_are_those_of_data_unless_all_is_made_anew(monkeypatch):
    kept, asked = qr.load("scenario_rates"), []
    pd.testing.assert_frame_equal(study.scenarios(), kept)
    assert study.scenarios().attrs["made"] == "from data/scenario_rates.csv"
    monkeypatch.setattr(study, "scenario_rates", lambda prints: asked.append(prints) or kept)
    monkeypatch.setattr(
        study.readers, "unavailable", lambda name: "" if name in ("zxing", "jsqr") else "gone"
    )
    monkeypatch.setenv(study.FRESH, "1")
    pd.testing.assert_frame_equal(study.scenarios(), kept)
    assert study.scenarios().attrs["made"] == "computed here"
    assert asked[0] == {"default": 10, "web": 10, "all": 10}
