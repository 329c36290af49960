"""The full-size study: data/ against samples of it made again, what is kept of readings, and resuming."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qrlab as qr
from qrlab import plots, runner, study
from qrlab.readers import OUTCOMES

DATA = Path(__file__).parent.parent / "data"
NAMES = list(study.DESIGNS)
AVAILABLE = set(qr.decoders().query("available").name)


@pytest.mark.parametrize(
    ("versions", "kinds"), [([1, 8], tuple(study.MODELS)), ([24], ("blot", "codewords"))]
)
def test_rows_of_the_exact_model_are_made_again(versions, kinds):
    again = study.exact_model(versions, kinds, **study.EXACT, jobs=1)
    rows = qr.load("exact_model").query("version in @versions and damage in @kinds")
    rows = rows.sort_values("version", kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(again, rows)


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_readings_are_made_again(name):
    """A sample, trial by trial; pictures and readers may round otherwise on another processor."""
    _, trials = study.DESIGNS[name]
    table = qr.load(name)
    mine = table[table.reader.isin(AVAILABLE) & (table.version < 30)]
    rows = mine.sample(12, random_state=np.random.default_rng(5))
    given = rows.drop(columns=["trials", "ok", "misread", "outcomes"])
    again = study.packed(runner.readings(given, trials=trials, seed=study.SEED))
    assert again[given.columns].astype(str).values.tolist() == given.astype(str).values.tolist()
    here, there = ("".join(outcomes) for outcomes in (again.outcomes, rows.outcomes))
    assert len(here) == len(there) == 12 * trials
    assert sum(a != b for a, b in zip(here, there)) <= 0.01 * len(here)
    model = (rows.reader == "model").to_numpy()
    assert again.outcomes[model].tolist() == rows.outcomes[model].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_every_condition_of_the_design_is_there_and_counts_are_those_of_the_letters(name):
    design, trials = study.DESIGNS[name]
    table, wanted = qr.load(name), design()
    assert table.trials.eq(trials).all()
    assert table.outcomes.str.fullmatch(f"[{study.LETTERS}]{{{trials}}}").all()
    assert table.ok.tolist() == table.outcomes.str.count("o").tolist()
    assert table.misread.tolist() == table.outcomes.str.count("x").tolist()
    conditions = wanted.columns.difference(["reader"]).tolist()
    for reader, rows in table.groupby("reader"):
        mine = wanted[wanted.reader == wanted.reader.iloc[0]][conditions].sort_values(conditions)
        rows = rows[conditions].sort_values(conditions, ignore_index=True)
        pd.testing.assert_frame_equal(rows, mine.reset_index(drop=True), check_dtype=False, obj=reader)
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
        rate = study.tolerable_rate(row.version, row.level)
        assert row.median_pct / 100 == pytest.approx(1 - (1 - rate) ** 8, rel=0.12), (row.version, row.level)


def readings(outcomes: list[str]) -> pd.DataFrame:
    table = pd.DataFrame({"level": study.ordered(["L", "H"]), "severity": 0.1, "outcomes": outcomes})
    return study.unpacked(table.assign(trials=[len(text) for text in outcomes], ok=0, misread=0))


def test_each_outcome_has_a_letter_and_trials_stay_in_order():
    table = readings(["oxuect", "tceuxo"])
    assert table.outcome.tolist() == [*OUTCOMES, *OUTCOMES[::-1]]
    assert table.trial.tolist() == [*range(6), *range(6)]
    assert table.level.tolist() == ["L"] * 6 + ["H"] * 6
    packed = study.packed(table.assign(seconds=0, detail="", read=None))
    assert packed.outcomes.tolist() == ["oxuect", "tceuxo"]
    assert packed[["trials", "ok", "misread"]].to_numpy().tolist() == [[6, 1, 1]] * 2


def test_what_is_kept_is_what_was_read():
    design = study.readers_by_damage().query("severity == 0.06 and reader in ['zxing', 'model']")
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
    assert (table.outcome == "ok").sum() == file.ok.sum()


def test_quick_readings_are_made_now():
    quick = study.readings("readers_undamaged", False, trials=1, seed=3)
    assert len(quick) == len(study.readers_undamaged())
    assert "seconds" in quick


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("nonsense", {}, "name must be one of progressive_damage, .*, not 'nonsense'"),
        (
            "readers_by_damage",
            {"payload": 61},
            "payload must be 60, as in data/, not 61; or set full = False",
        ),
        (
            "readers_by_damage",
            {"width": 2},
            "a parameter of readers_by_damage must be one of payload, seed, not 'width'",
        ),
        ("readers_by_damage", {"seed": 2}, "seed must be 1, as in data/, not 2; or set full = False"),
        (
            "print_and_scan",
            {"payloads": (1, 2)},
            r"payloads must be \(20, 60, 141\), as in data/, not \(1, 2\); or set full = False",
        ),
    ],
)
def test_other_parameters_than_those_of_the_file_are_refused(name, given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        study.readings(name, True, trials=1, **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seed": 2, "full": True}, "seed must be 1, as in data/, not 2; or set full = False"),
        ({"kinds": ["blott"]}, "kinds must be one of speckle, .*, not 'blott'"),
        ({"versions": [41]}, "versions must be an integer from 1 to 40, not 41"),
        ({"trials": 5}, "trials must be an integer from 6 to 1000000, not 5"),
        ({"contents": 0}, "contents must be an integer from 6 to 1000, not 0"),
    ],
)
def test_bad_input_to_the_exact_model_is_named(given, message):
    usual = {"full": False, "kinds": ["blot"], "versions": [1], "trials": 6, "contents": 6}
    with pytest.raises(ValueError, match=f"^{message}$"):
        study.exact(**usual | given)


def test_the_study_is_not_begun_without_all_readers(tmp_path, monkeypatch):
    table = qr.decoders().assign(available=lambda t: t.name != "zbar", why_not="no library")
    monkeypatch.setattr(study, "decoders", lambda: table)
    with pytest.raises(
        ValueError, match=r"^the study needs all readers; not available: zbar \(no library\)$"
    ):
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


def test_the_picture_is_the_one_that_the_data_gives(tmp_path):
    study.picture(DATA, tmp_path / "again.svg")
    made, kept = ((p / n).read_text() for p, n in ((tmp_path, "again.svg"), (DATA, study.PICTURE)))
    number = r"-?\d+\.?\d*"
    assert re.sub(number, "", made) == re.sub(number, "", kept)
    numbers = [np.array(re.findall(number, text), float) for text in (made, kept)]
    np.testing.assert_allclose(*numbers, rtol=0, atol=0.01)  # points


@pytest.fixture
def small(tmp_path, monkeypatch):
    """The study in miniature, and a copy of the data that it may write to."""

    def blot():
        return study.progressive_damage(20, ["zxing", "model"]).query("damage == 'blot' and severity < 0.06")

    monkeypatch.setattr(study, "DESIGNS", {"progressive_damage": (blot, 4), "readers_by_damage": (blot, 12)})
    monkeypatch.setattr(study, "EXACT", {"versions": [1, 2], "trials": 6, "contents": 6})
    everything = qr.decoders().assign(available=True)
    monkeypatch.setattr(study, "decoders", lambda: everything)
    monkeypatch.setattr(study, "picture", lambda data, path: path.write_text("<svg/>"))
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
    assert qr.load("readers_by_damage").equals(pd.read_csv(data / "readers_by_damage.csv")), (
        "not half written"
    )
    kept = {path: path.stat().st_mtime_ns for path in cache.rglob("output.pkl")}
    assert len(kept) == 2
    asked.clear()
    study.main(data, cache)
    assert {trial for *_, trial in asked} == {10, 11}
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("output.pkl")} == kept
    for name, rows in (("exact_model", 208), ("progressive_damage", 80), ("readers_by_damage", 80)):
        assert len(pd.read_csv(data / f"{name}.csv")) == rows
        section = re.split(rf"^## {name}.csv\n", (data / "README.md").read_text(), flags=re.MULTILINE)[1]
        assert re.search(r"^- Rows: (.*)", section, re.MULTILINE)[1] == str(rows)
        versions = re.search(r"^- Versions: (.*)", section, re.MULTILINE)[1]
        assert f"numpy {np.__version__}" in versions
        assert (f"zxing {qr.version_of('zxing')}" in versions) == (name != "exact_model")
    assert (data / study.PICTURE).read_text() == "<svg/>"
    assert not list(data.glob("*.part"))
    before, after = ((folder / "README.md").read_text().splitlines() for folder in (DATA, data))
    changed = [line for line, old in zip(after, before, strict=True) if line != old]
    assert all(line.startswith(("- Rows: ", "- Versions: ")) for line in changed)


def test_a_panel_for_each_level_with_seven_rows():
    plots.style()
    figure = study.draw_shares(study.shares(qr.load("exact_model")))
    assert [ax.get_title("left") for ax in figure.axes] == [
        f"{level}: documented {level.documented:.0%}" for level in qr.Level
    ]
    assert [len(ax.get_yticks()) for ax in figure.axes] == [7] * 4
