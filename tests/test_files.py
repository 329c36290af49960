"""The data files as data frames, from a checkout and from what a wheel installs; files written whole."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qrlab as qr
from qrlab.files import records, write_whole

ROOT = Path(__file__).parent.parent
NAMES = sorted(path.stem for path in (ROOT / "data").glob("*.csv"))


@pytest.mark.parametrize("name", NAMES)
def test_a_data_file_is_loaded_as_it_stands(name):
    pd.testing.assert_frame_equal(qr.load(name), pd.read_csv(ROOT / "data" / f"{name}.csv"))


WRONG = ["nonsense", "README", "scenarios.csv", "../data/scenarios", "", None, 3, []]


@pytest.mark.parametrize("name", WRONG)
def test_an_unknown_name_is_refused_with_what_is_allowed(name):
    with pytest.raises(ValueError, match=r"^name .*documented_levels, .*scenarios.*, not ") as said:
        qr.load(name)
    assert str(said.value).endswith(f"not {name!r}")


def test_changing_what_was_loaded_changes_nothing_for_the_next():
    mine = qr.load("documented_levels")
    mine["level"] = "X"
    assert qr.load("documented_levels").level.tolist() == list("LMQH")


def test_data_files_are_found_where_a_wheel_puts_them(tmp_path):
    shutil.copytree(ROOT / "qrlab", tmp_path / "qrlab", ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copytree(ROOT / "data", tmp_path / "qrlab" / "data")
    code = "from qrlab import files; print(files.__file__, len(files.load('scenarios')))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, text=True, check=True,
                         capture_output=True)  # fmt: skip
    assert run.stdout == f"{tmp_path / 'qrlab' / 'files.py'} {len(qr.load('scenarios'))}\n"


def test_what_wilson_counted_adds_up_to_what_he_published():
    published = qr.load("published_figures").query("quantity == 'successful scans of 3200'")
    scans = qr.load("wilson_2021_scans_by_damage").groupby("level").successful_scans.sum()
    assert scans.to_dict() == published.set_index("level").value.to_dict()


def test_wilsons_fields_of_view_are_one_for_each_of_the_160_symbols():
    table = qr.load("wilson_2021_field_of_view")
    assert set(zip(table.version, table.level)) == {(v, x) for v in range(1, 41) for x in "LMQH"}
    assert len(table) == 160


def test_documented_recovery_is_the_same_in_both_files_that_have_it():
    figures = qr.load("published_figures").query("quantity == 'documented recovery'")
    levels = qr.load("documented_levels").set_index("level").documented_recovery_pct
    assert figures.set_index("level").value.to_dict() == levels.to_dict()


def test_records_are_plain_rows_without_what_is_missing():
    level = pd.Categorical(["L", "H"], list("LMQH"), ordered=True)
    table = pd.DataFrame({"level": level, "rate": [1 / 3, np.nan], "trials": [5, 6], "sure": [True, False]})
    rows = records(table, 4)
    assert rows == [
        {"level": "L", "rate": 0.3333, "trials": 5, "sure": True},
        {"level": "H", "rate": None, "trials": 6, "sure": False},
    ]
    assert json.loads(json.dumps(rows)) == rows
    assert records(table)[0]["rate"] == round(1 / 3, 10)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "page.html"
    write_whole(file, "café")
    assert file.read_bytes() == "café".encode()
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "a lone surrogate: \ud800")
    assert file.read_text(encoding="utf-8") == "café"
    write_whole(file, "another")
    assert [(path.name, path.read_text()) for path in tmp_path.glob("*.html")] == [("page.html", "another")]
