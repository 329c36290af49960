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
    """A sample, trial by trial.  What zxing misread, noise taken for Micro QR, is unread now."""
    trials, _ = study.DESIGNS[name]
    table = qr.load(name)
    mine = table[table.reader.isin(AVAILABLE) & (table.version < 30)]
    sample = mine.sample(12, random_state=np.random.default_rng(5))
    rows = pd.concat([sample, mine[mine.outcomes.str.contains("x")]]).drop_duplicates()
    given = rows.drop(columns=["trials", "outcomes"])
    again = study.packed(runner.readings(given, trials=trials, seed=study.SEED))
    assert again[given.columns].astype(str).values.tolist() == given.astype(str).values.tolist()
    mended = rows.outcomes.where(rows.reader != "zxing", rows.outcomes.str.replace("x", "u"))
    assert again.outcomes.tolist() == mended.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_every_condition_of_the_design_is_there_in_order(name):
    trials, _ = study.DESIGNS[name]
    table, wanted = qr.load(name), study.design(name)
    assert table.trials.eq(trials).all()
    assert table.outcomes.str.fullmatch(f"[{''.join(study.LETTERS)}]{{{trials}}}").all()
    conditions = wanted.columns.difference(["reader"]).tolist()
    for reader, rows in table.groupby("reader"):
        mine = wanted[wanted.reader == wanted.reader.iloc[0]][conditions].reset_index(drop=True)
        rows = rows[conditions].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, mine, check_dtype=False, obj=reader)
    assert {"zxing"} | set(wanted.reader) & {"model", "zbar"} <= set(table.reader)


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
    pd.testing.assert_frame_equal(again, made.drop(columns=["seconds", "detail", "read"]))
    by = ["reader", "level"]
    pd.testing.assert_frame_equal(
        qr.stats.rates(again, by), qr.stats.rates(made, by).drop(columns="seconds")
    )  # fmt: skip


def test_full_size_readings_are_those_of_the_file():
    table = study.readings("readers_by_damage", True, trials=3, payload=60)
    file = qr.load("readers_by_damage")
    assert len(table) == file.trials.sum()
    assert (table.outcome == "ok").sum() == file.outcomes.str.count("o").sum()


def test_quick_readings_are_made_now():
    quick = study.readings("readers_undamaged", False, trials=1, seed=3)
    assert len(quick) == len(study.design("readers_undamaged"))
    assert "seconds" in quick


@pytest.mark.parametrize(
    ("name", "given", "named"),
    [
        ("nonsense", {}, ("name", "progressive_damage", "'nonsense'")),
        ("readers_by_damage", {"payload": 61}, ("payload", "60", "61", "full = False")),
        ("readers_by_damage", {"width": 2}, ("readers_by_damage", "payload", "seed", "'width'")),
        ("readers_by_damage", {"seed": 2}, ("seed", "1", "2", "full = False")),
        ("print_and_scan", {"payload": (1, 2)}, ("payload", "[20, 60, 141]", "(1, 2)", "full = False")),
    ],
)
def test_other_parameters_than_those_of_the_file_are_refused(name, given, named):
    with pytest.raises(ValueError, match="must be") as refused:
        study.readings(name, True, trials=1, **given)
    assert [part for part in named if part not in str(refused.value)] == []


def test_the_values_of_the_file_may_be_given_in_any_form():
    like_a_notebook = {"payload": (20, 60, 141), "print_width_mm": 25.0}
    table = study.readings("print_and_scan", True, trials=1, **like_a_notebook)
    assert table.payload.unique().tolist() == [20, 60, 141]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"seed": 2, "full": True}, ("seed", "1", "2", "full = False")),
        ({"kinds": ["blott"]}, ("kinds", "speckle", "'blott'")),
        ({"versions": [41]}, ("versions", "1 to 40", "41")),
        ({"trials": 5}, ("trials", "6 to 1000000", "5")),
        ({"contents": 0}, ("contents", "6 to 1000", "0")),
    ],
)
def test_bad_input_to_the_exact_model_is_named(given, named):
    usual = {"full": False, "kinds": ["blot"], "versions": [1], "trials": 6, "contents": 6, "seed": 1}
    with pytest.raises(ValueError, match="must be") as refused:
        study.exact(**usual | given)
    assert [part for part in named if part not in str(refused.value)] == []


def test_the_study_is_not_begun_without_all_readers(tmp_path, monkeypatch):
    monkeypatch.setattr(study.readers, "unavailable", lambda name: "no library" if name == "zbar" else "")
    with pytest.raises(SystemExit, match=r"^make data: .* not available: zbar \(no library\)$"):
        study.main(tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())


def test_it_says_what_a_page_shows():
    assert study.stand("exact_model", True, 7) == (
        "Full-size results: 300 trials of each condition (20 of a logo), from `data/exact_model.csv`."
    )
    assert study.stand("print_and_scan", False, 7) == (
        "Quick results: 7 trials of each condition, computed here; "
        "`data/print_and_scan.csv` has 40 trials of each condition."
    )


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The study in miniature, and a copy of the data that it may write to."""

    columns = {"payload": 20, "damage": "blot", "damage_spare_finders": [False, True], "level": study.LEVELS}
    columns |= {"severity": study.SEVERITIES[:5], "reader": ["zxing", "model"]}
    few = {"progressive_damage": (4, columns), "readers_by_damage": (12, columns)}
    monkeypatch.setattr(study, "DESIGNS", few)
    monkeypatch.setattr(study, "EXACT", {"versions": [1, 2], "trials": 6, "contents": 6, "jobs": 1})
    monkeypatch.setattr(study, "READERS", ("zxing", "model"))
    return shutil.copytree(DATA, tmp_path / "data"), tmp_path / "cache"


def test_the_study_writes_files_and_their_dictionary_and_goes_on_where_it_ended(small, asked, monkeypatch):
    data, cache = small
    run = runner.readings

    def interrupted(design, *, trials, **options):
        if trials == 12:
            run(design, trials=10, **options)
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
    assert {trial for *_, trial in asked} == {10, 11}
    for name, rows in (("exact_model", 208), ("progressive_damage", 80), ("readers_by_damage", 80)):
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
