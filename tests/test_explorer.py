"""The explorer: its model without a widget, and the widget without a browser."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import qrlab as qr
from qrlab.explorer import QUIET_ZONE, SHADES, Explorer, View
from qrlab.files import STILL

WIDGET = "application/vnd.jupyter.widget-view+json"
CONTENT = "https://www.example.org/menu/table-12"


@pytest.mark.parametrize("level", list(qr.Level))
@pytest.mark.parametrize("damage", list(qr.damage.MODELS))
def test_blocks_are_lost_from_the_breaking_point_and_not_before(damage, level):
    view = View(CONTENT, level, damage=damage, version=8, severity=1)
    point = view.breaking_point
    if np.isinf(point):
        assert not view.judged.lost.any()
        return
    below = View(CONTENT, level, damage=damage, version=8, severity=np.nextafter(point, 0))
    at = View(CONTENT, level, damage=damage, version=8, severity=point)
    assert not below.judged.lost.any()
    assert at.judged.lost.any()
    if "codewords" in damage:  # which leaves finding and format information alone
        assert qr.decode(below.damaged, "zxing-pure", CONTENT).outcome == "ok"
    assert qr.decode(at.damaged, "zxing-pure", CONTENT).outcome != "ok"


def test_what_is_marked_is_what_the_package_says():
    view = View(CONTENT, "Q", severity=0.3, damage="stain", seed=4)
    damage = qr.damage.MODELS["stain"](4)
    assert np.array_equal(view.damaged, damage.apply(view.symbol.modules, 0.3))
    assert np.array_equal(view.wrong, view.damaged != view.symbol.modules)
    assert np.array_equal(view.shades() == SHADES.index("#8b0016"), view.wrong)
    here = qr.layout(view.symbol.version, "Q")
    spoilt = np.unique(here.codeword[view.wrong & (here.codeword >= 0)])
    assert view.judged.counts.sum() == len(spoilt)
    in_lost = (here.codeword >= 0) & view.judged.lost[here.block[here.codeword]]
    assert set(view.shades()[in_lost & ~view.wrong]) <= {4, 5}
    assert set(view.shades()[~in_lost & ~view.wrong]) <= {0, 1, 2, 3}
    assert view.judged.lost.any()
    assert view.breaking_point == qr.break_point(view.symbol, damage.order(view.symbol.size), damage.paint)


def test_the_picture_shows_the_damaged_symbol_and_its_marks_side_by_side():
    view = View(CONTENT, "M", severity=0.2)
    picture = np.array(Image.open(io.BytesIO(view.picture())).convert("RGB"))
    side = view.symbol.size + 2 * QUIET_ZONE
    px = len(picture) // side
    assert picture.shape == (side * px, 2 * side * px, 3)
    seen, marked = (half[::px, ::px] for half in np.split(picture, 2, axis=1))
    inner = slice(QUIET_ZONE, -QUIET_ZONE)
    assert np.array_equal(seen[inner, inner, 0] == 0, view.symbol.modules ^ view.wrong)
    assert {f"#{bytes(color).hex()}" for color in marked.reshape(-1, 3)} <= set(SHADES)


def test_sentences_say_size_breaking_point_and_what_is_lost():
    point, found, size = View(CONTENT, "M", print_width_mm=37, severity=0).sentences()
    assert point.startswith("Error correction gives out at ")
    assert found.endswith(" wrong: the fullest block has 0 of the 13 it corrects.")
    assert size == "37 bytes, version 3-M: 29 × 29 modules of 1.00 mm, 37 mm wide with the quiet zone."
    view = View(CONTENT, "M", severity=1)
    assert view.sentences()[1].endswith("1 of 1 blocks lost.")
    view.breaking_point = np.inf
    assert view.sentences()[0] == "Error correction survives all of this damage."


@pytest.mark.parametrize(
    ("bad", "allowed", "given"),
    [
        ({"level": "X"}, "L, M, Q, H", "'X'"),
        ({"version": 41}, "1 to 40", "41"),
        ({"damage": "fire"}, "blot", "'fire'"),
        ({"severity": 2}, "0 to 1", "2"),
        ({"seed": -1}, "0", "-1"),
        ({"print_width_mm": 0}, "1", "0"),
        ({"content": 7}, "str", "int"),
    ],
)
def test_what_is_not_possible_is_a_value_error(bad, allowed, given):
    (name,) = bad
    with pytest.raises(ValueError, match=rf"^{name} must be .*{allowed}.*, not {given}"):
        qr.explore(**bad)


@pytest.fixture
def explorer() -> Explorer:
    return qr.explore(CONTENT, "h", damage="edge_wear", severity=0.05)


def test_a_move_changes_the_picture_and_the_readers_follow(explorer):
    before = explorer.shown.value
    assert set(explorer.reading) == set(explorer.readers) >= {"zxing", "zxing-pure"}
    explorer.controls["severity"].value = 0.9
    assert explorer.shown.value != before
    assert set(explorer.reading.values()) == {"unread"}
    assert "<b>zxing</b> unread" in explorer.shown.value
    explorer.controls["severity"].value = 0
    assert explorer.reading["zxing"] == "ok"
    assert "<b>zxing</b> ok" in explorer.shown.value


def test_every_control_shows_in_the_view(explorer):
    changes = {"content": "HELLO", "level": "Q", "version": 9, "print_width_mm": 30.0, "damage": "tear"}
    changes["seed"] = 3
    for name, value in changes.items():
        explorer.controls[name].value = value
        assert getattr(explorer.view, name) == value
    assert explorer.view.symbol == qr.make("HELLO", "Q", version=9)
    labels = [label for label, _ in explorer.controls["damage"].options]
    assert labels == [kind.replace("_", " ") for kind in qr.damage.MODELS]


def test_the_button_goes_to_the_breaking_point(explorer):
    point = explorer.view.breaking_point
    assert explorer.mark.value == point
    explorer.go.click()
    assert 0 <= explorer.controls["severity"].value - point < 0.001
    assert explorer.view.judged.lost.any()


@pytest.mark.parametrize(
    ("content", "version", "said"),
    [
        ("", None, "not empty"),
        ("x" * 3000, None, "1,273 bytes"),
        (CONTENT, 1, "7 bytes"),
        ("\ud800", None, "UTF-8"),
    ],
)
def test_bad_content_is_one_line_and_nothing_breaks(explorer, content, version, said):
    explorer.controls["version"].value = version
    explorer.controls["content"].value = content
    assert explorer.shown.value.startswith('<p role="alert">content ')
    assert said in explorer.shown.value
    assert len(explorer.shown.value.splitlines()) == 1
    assert explorer.view is None
    assert explorer.go.disabled
    explorer.controls["severity"].value = 0.2
    assert explorer.reading == {}
    explorer.controls["version"].value = None
    explorer.controls["content"].value = "good again"
    assert explorer.view.symbol.content == b"good again"
    assert explorer.reading.keys() == set(explorer.readers)


def test_it_opens_with_bad_content_too():
    assert qr.explore("").view is None


def test_it_shows_a_widget_with_a_picture_for_where_none_lives(explorer, monkeypatch):
    monkeypatch.delenv(STILL, raising=False)
    assert set(explorer._repr_mimebundle_()) == {WIDGET, "image/png", "text/plain"}
    monkeypatch.setenv(STILL, "1")
    assert set(explorer._repr_mimebundle_()) == {"image/png", "text/plain"}


def test_the_package_works_without_ipywidgets():
    code = """
import sys
sys.modules["ipywidgets"] = None  # as where it is not installed
from qrlab import *
import inspect, qrlab, qrlab.explorer
inspect.getmembers(qrlab)
try:
    explore()
except ImportError as problem:
    print("no", problem.name)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "no ipywidgets\n"
