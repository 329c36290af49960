"""Figures: what is drawn is what the data say; colours stay apart, for the colour-blind and in grey print."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb

from qrlab import plots
from qrlab.plots import LEVEL_COLOR, READER_STYLE

# Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", severity 1.0: from linear RGB to what the colour-blind see of it, in linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]
WHITE = [0.95047, 1, 1.08883]  # D65
READERS = {name: color for name, (color, _) in READER_STYLE.items() if name != "model"}  # a line, no marker


def lab(color: str, sight: str) -> np.ndarray:
    """CIELAB of a colour as seen with that sight; a distance of 2.3 is just noticeable side by side."""
    srgb = np.array(to_rgb(color))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(SIGHT[sight] @ linear, 0, 1) / WHITE
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(("colors", "least"), [(LEVEL_COLOR, 15), (READERS, 10)], ids=["levels", "readers"])
def test_colours_stay_apart_for_the_colour_blind(colors, least, sight):
    for one, other in combinations(colors, 2):
        assert np.linalg.norm(lab(colors[one], sight) - lab(colors[other], sight)) >= least, (one, other)


@pytest.mark.parametrize("sight", SIGHT)
def test_levels_keep_their_order_in_grey_print(sight):
    lightness = [lab(LEVEL_COLOR[level], sight)[0] for level in "LMQH"]
    assert np.all(np.diff(lightness) <= -7)


def test_every_reader_has_a_marker_of_its_own():
    markers = [READER_STYLE[name][1] for name in READERS]
    assert "" not in markers
    assert len(set(markers)) == len(markers)


@pytest.fixture
def ax():
    with plt.rc_context():
        plots.style()
        yield plt.figure().subplots()
    plt.close("all")


def drawn(ax, color: str) -> np.ndarray:
    """x and y of the lines of a colour that have a label."""
    lines = [x for x in ax.get_lines() if x.get_color() == color and not x.get_label().startswith("_")]
    assert len(lines) == 1
    return lines[0].get_xydata()


def bands(ax) -> dict[str, np.ndarray]:
    """The corners of each filled band, by its colour."""
    return {to_hex(c.get_facecolor()[0]): c.get_paths()[0].vertices for c in ax.collections}


def curves(names: str, by: str) -> pd.DataFrame:
    """Four points a name, shuffled, each with an interval."""
    rows = [(name, k / 10, 0.9 - k / 5 - i / 50) for i, name in enumerate(names) for k in (2, 0, 3, 1)]
    table = pd.DataFrame(rows, columns=[by, "severity", "rate"])
    return table.assign(low=table.rate - 0.01, high=table.rate + 0.02, version=1 + (100 * table.severity))


@pytest.mark.parametrize("by", ["level", "reader"])
def test_recovery_draws_each_rate_in_percent_with_its_interval(ax, by):
    colors = LEVEL_COLOR if by == "level" else {name: color for name, (color, _) in READER_STYLE.items()}
    names = ["H", "L"] if by == "level" else ["zbar", "zxing"]
    data = curves(names, by)
    plots.recovery(data, by=by, ax=ax)
    for name in names:
        mine = data[data[by] == name].sort_values("severity")
        assert np.allclose(drawn(ax, colors[name]), 100 * mine[["severity", "rate"]])
        band = bands(ax)[colors[name]]
        assert np.isclose(band[:, 1].min(), 100 * mine.low.min())
        assert np.isclose(band[:, 1].max(), 100 * mine.high.max())
    assert ax.get_xlim() == (0, 30)


def test_recovery_marks_the_documented_percentages_and_its_dots_have_no_band(ax):
    plots.recovery(curves("LMQH", "level"), ax=ax, dotted=True, documented=True)
    assert not ax.collections
    assert {line.get_linestyle() for line in ax.get_lines() if line.get_label() in "LMQH"} == {":"}
    dashed = [line for line in ax.get_lines() if line.get_linestyle() == "--"]
    assert np.allclose([line.get_xdata() for line in dashed], [(at, at) for at in (7, 15, 25, 30)])
    assert [text.get_text() for text in ax.texts] == ["7%", "15%", "25%", "30%"]


def test_the_documented_percentages_have_their_numbers_in_the_first_row_of_a_figure():
    figure, (top, bottom) = plt.subplots(2, 1)
    for ax in (top, bottom):
        plots.recovery(curves("LMQH", "level"), ax=ax, documented=True)
    assert [len(ax.texts) for ax in (top, bottom)] == [4, 0]
    plt.close(figure)


def test_recovery_takes_x_in_a_unit_of_its_own(ax):
    data = curves("L", "level").rename(columns={"severity": "camera_distance_mm"})
    plots.recovery(data, "camera_distance_mm", ax=ax)
    assert drawn(ax, LEVEL_COLOR["L"])[:, 0].tolist() == [0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize("by", ["level", "reader"])
def test_rows_have_a_marker_for_each_name_and_its_interval(ax, by):
    names = ["L", "H"] if by == "level" else ["zxing", "zbar"]
    rows = [(row, name, 10 * k + i) for k, row in enumerate("ab") for i, name in enumerate(names)]
    data = pd.DataFrame(rows, columns=["row", by, "mm"])
    data = data.assign(low=data.mm - 1, high=data.mm + 2)
    plots.rows(data, "mm", "row", by=by, band=("low", "high"), ax=ax)
    points = [line for line in ax.get_lines() if line.get_linestyle() == "None"]
    assert [line.get_xdata().tolist() for line in points] == [[0, 10], [1, 11]]
    assert [np.round(line.get_ydata()).tolist() for line in points] == [[0, 1], [0, 1]]
    spans = [part for lines in ax.collections for part in np.array(lines.get_segments())[:, :, 0].tolist()]
    assert spans == [[-1, 2], [9, 12], [0, 3], [10, 13]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]
    assert ax.yaxis_inverted()


def test_a_picture_has_the_marker_of_each_reader_that_reads_it(ax):
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    plots.picture(image, {"zbar": True, "zxing": False, "mine:read": True}, ax=ax)
    assert np.array_equal(ax.images[0].get_array(), image)
    assert [line.get_marker() for line in ax.get_lines()] == ["^", ".", "X"]


def test_a_choice_shows_the_rates_the_target_and_the_chosen_level(ax):
    table = pd.DataFrame({"level": list("LMQH"), "rate": [0.9, 0.95, 0.97, np.nan]})
    table = table.assign(low=table.rate - 0.02, high=table.rate + 0.01, worst_rate=table.rate - 0.1)
    plots.choice(table.assign(module_mm=[0.5, 0.4, 0.4, np.nan]), 0.94, "Q", ax=ax)
    dots = [line.get_xydata()[0].tolist() for line in ax.get_lines() if line.get_marker() == "o"]
    assert np.allclose(dots, [(90, 0), (95, 1), (97, 2)])
    worst = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "|"]
    assert np.allclose(worst, [80, 85, 87])
    spans = [lines.get_segments()[0][:, 0] for lines in ax.collections]
    assert np.allclose(spans, [(88, 91), (93, 96), (95, 98)])
    assert [round(line.get_xdata()[0], 6) for line in ax.get_lines()].count(94) == 1
    (shaded,) = ax.patches
    assert to_hex(shaded.get_facecolor()) == LEVEL_COLOR["Q"]
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == ["L   0.50 mm", "M   0.40 mm", "Q   0.40 mm", "H"]


def test_a_legend_says_readers_or_levels_and_signs():
    figure = plt.figure()
    plots.legend(figure, readers=["zbar", "mine:read"])
    plots.legend(figure, solid="the reader", dashed="documented")
    readers, signs = figure.legends
    assert [text.get_text() for text in readers.texts] == ["zbar", "mine:read"]
    assert [line.get_marker() for line in readers.legend_handles] == ["^", "X"]
    assert [text.get_text() for text in signs.texts] == [*"LMQH", "the reader", "documented"]
    assert [line.get_color() for line in signs.legend_handles[:4]] == list(LEVEL_COLOR.values())
    plt.close(figure)


def test_a_table_is_the_same_at_every_run_and_has_a_dash_for_what_is_missing():
    data = pd.DataFrame({"level": ["L", "H"], "mm": [0.5, np.nan]})
    one, other = (plots.table(data, {"mm": "{:.2f}"}, "sizes", left=["level"]).to_html() for _ in range(2))
    assert one == other
    assert ">0.50<" in one
    assert ">–<" in one
    assert "<caption>sizes" in one


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none", "no wear"),
        ("edge_wear", "edge wear"),
        ("print_width_mm", "width"),
        ("camera_tilt_deg", "tilt"),
    ],
)
def test_words(name, said):
    assert plots.words(name) == said


def test_what_is_saved_can_be_read_again(tmp_path, monkeypatch):
    monkeypatch.setenv("QRLAB_FIGURES", str(tmp_path / "new"))
    data, figure = pd.DataFrame({"a": [1, 2]}), plt.figure()
    plots.save(data, "table")
    plots.save(figure, "figure")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "new" / "table.csv"), data)
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"table.csv", "figure.svg", "figure.png"}
    plt.close(figure)
