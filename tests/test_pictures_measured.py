"""What is measured on a picture, against what was drawn on it and against the reader's own figures."""

import numpy as np
import pytest
import segno
import zxingcpp
from helpers import ALL
from hypothesis import given
from hypothesis import strategies as st
from segno import consts, encoder
from witness import picture

import qrlab as qr
from qrlab.graph import GRADES, measure
from qrlab.model import PROTECTION
from qrlab.pictures.measured import _codewords_of, _segments, _with_codewords, survivors
from qrlab.scene import random_content
from qrlab.symbols import MODES, _make, bits_in

PRINT, NEAR = qr.Print(50.8, 300), qr.Camera.at(180)


def content(k: int, length: int = 60) -> bytes:
    return random_content(7, length, k)


def spoilt(symbol: qr.Symbol, codewords) -> np.ndarray:
    """The modules of a symbol with one module of each of these codewords flipped."""
    where, modules = qr.layout(symbol.version, symbol.level).codeword, symbol.modules.copy()
    for codeword in codewords:
        modules[tuple(np.argwhere(where == codeword)[3])] ^= True
    return modules


@pytest.mark.parametrize(("version", "level"), [(v, x) for v, x in ALL if v in (1, 2, 6, 7, 14, 27, 40)])
def test_an_undamaged_symbol_is_measured_as_it_was_made(version, level):
    symbol = qr.make(content(version, 5), level, version=version)
    seen = measure(picture(symbol.modules, 3))
    assert (seen.version, seen.level, seen.mask, seen.content) == (
        version,
        level,
        symbol.mask,
        symbol.content,
    )
    assert np.array_equal(seen.modules, symbol.modules)
    assert not seen.wrong.any()
    assert (seen.unused, seen.grade, seen.lost, seen.quiet_zone) == (1, "A", 0, 4)
    assert seen.module_px == pytest.approx(3, abs=0.05)
    assert list(seen.blocks.correctable) == list(qr.layout(version, level).correctable)


@pytest.mark.parametrize(("version", "level"), [(2, "M"), (5, "Q"), (7, "L"), (10, "H"), (20, "M")])
def test_t_wrong_codewords_are_corrected_and_one_more_loses_the_block(version, level):
    symbol, here = qr.make(content(1, 10), level, version=version), qr.layout(version, level)
    block = len(here.correctable) - 1
    t, mine = here.correctable[block], np.flatnonzero(here.block == block)
    modules = spoilt(symbol, mine[:t])
    seen = measure(picture(modules, 3))
    assert seen.content == symbol.content
    assert np.array_equal(seen.wrong, modules != symbol.modules)
    assert np.array_equal(seen.modules ^ seen.wrong, symbol.modules)
    assert list(seen.blocks.wrong) == [0] * block + [t]
    assert seen.unused < 0.1
    over = measure(picture(spoilt(symbol, mine[: t + 1]), 3))
    assert over.content is None
    assert over.lost == 1
    assert over.blocks.wrong.isna().tolist() == [False] * block + [True]
    assert (over.unused, over.grade) == (0, "F")
    assert not over.wrong.any(), "what is wrong in a lost block isn't known"


# Codewords for error correction of each block: ISO/IEC 18004, table 9.
EC = {(1, "L"): 7, (1, "H"): 17, (3, "L"): 15, (4, "M"): 18, (8, "Q"): 22, (15, "H"): 24}


@pytest.mark.parametrize(("version", "level"), EC)
def test_unused_error_correction_is_that_of_the_standard_and_of_zxing(version, level):
    """Where no codeword is kept for misdecode protection zxing-cpp says the same, of the worst block."""
    symbol, here = qr.make(content(2, 7), level, version=version), qr.layout(version, level)
    kept, wrong = PROTECTION.get((version, level), 0), 2
    image = picture(spoilt(symbol, np.flatnonzero(here.block == 0)[:wrong]), 3)
    seen, theirs = measure(image), zxingcpp.read_barcode(image, formats=zxingcpp.BarcodeFormat.QRCode)
    assert seen.unused == pytest.approx(max(0, 1 - 2 * wrong / (EC[version, level] - kept)))
    if not kept:
        assert seen.unused == pytest.approx(theirs.extra["UEC"], abs=0.01)


def test_random_flips_are_found_one_by_one():
    for k in range(20):
        symbol = qr.make(content(k), "H")
        flips = np.random.default_rng(k).random(symbol.modules.shape) < 0.01
        modules = symbol.modules ^ flips & (qr.layout(symbol.version, "H").codeword >= 0)
        seen = measure(picture(modules, 4))
        assert np.array_equal(seen.wrong, modules != symbol.modules)


@pytest.mark.parametrize("width", range(7))
def test_the_quiet_zone_is_counted_to_the_nearest_dark_thing(width):
    symbol = qr.make(content(3))
    image = picture(symbol.modules, 5, 10)
    below = 5 * (10 + symbol.size + width)
    image[below : below + 10, 150:200] = 0
    assert measure(image).quiet_zone == min(width, 4)


def test_a_quiet_zone_that_the_pictures_edge_cuts_is_unknown():
    """What lies beyond it is unknown, unless a ring within is dark."""
    cut = [picture(qr.make(content(3)).modules, 5, width) for width in (2, 3, 4)]
    assert [measure(image).quiet_zone for image in cut] == [None, None, 4]
    cut[1][:5] = 0
    assert measure(cut[1]).quiet_zone == 2


def test_a_few_specks_do_not_spoil_a_quiet_zone():
    image = picture(qr.make(content(3)).modules, 5)
    image[8:13, 40:45] = 0
    assert measure(image).quiet_zone == 4


@pytest.mark.parametrize("way", ["turned", "upside down", "mirrored", "light on dark"])
def test_a_symbol_is_measured_whichever_way_it_is_seen(way):
    symbol = qr.make(content(4), "Q")
    modules = spoilt(symbol, range(3))
    image = picture(modules, 5)
    image = {"turned": np.rot90(image), "upside down": image[::-1, ::-1], "mirrored": image[:, ::-1],
             "light on dark": 255 - image}[way]  # fmt: skip
    seen = measure(np.ascontiguousarray(image))
    assert seen.content == symbol.content
    assert np.array_equal(seen.wrong, modules != symbol.modules)


def test_photographs_are_measured_and_what_is_read_has_no_lost_block():
    """Damaged on one side too, where a symbol looks much like its mirror image."""
    compared = 0
    for kind in ("scratch", "blot", "tear", "edge_wear"):
        for k in range(12):
            symbol = qr.make(content(k, 141), "LM"[k % 2])
            camera = qr.Camera.at(220, tilt_deg=15, rotation_deg=30 * k)
            worn = qr.damage.MODELS[kind](np.random.default_rng(k))
            seen = measure(qr.photograph(symbol, PRINT, camera, k, worn, 0.03))
            if seen is not None:
                assert (seen.content == symbol.content) == (seen.lost == 0)
                assert (seen.version, seen.level) == (symbol.version, symbol.level)
                if seen.content:
                    compared += 1
                    assert np.array_equal(seen.modules ^ seen.wrong, symbol.modules)
    assert compared > 20


def test_what_is_wrong_in_lost_blocks_is_known_with_the_content():
    symbol = qr.make(content(6, 100), "L")
    modules = symbol.modules.copy()
    modules[15:25, 15:27] ^= True
    image = picture(modules, 5)
    alone, told = measure(image), measure(image, symbol.content)
    assert (alone.lost, alone.certain, alone.content) == (told.lost, False, None)
    assert (told.certain, told.content) == (True, None)
    assert np.array_equal(told.wrong, modules != symbol.modules)
    assert alone.wrong.sum() < told.wrong.sum()
    for other in (content(7, 100), b"too short", content(8, 2000)):
        assert not measure(image, other).certain


def test_of_several_symbols_the_known_one_is_measured():
    symbols = [qr.make(content(k, 30), "M") for k in (1, 2, 3)]
    image = np.hstack([picture(symbol.modules, 5) for symbol in symbols])
    for symbol in symbols:
        seen = measure(image, symbol.content)
        assert (seen.content, seen.codes) == (symbol.content, 3)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("0123456789", {}),
        ("ABC 123", {}),
        ("plain bytes", {}),
        ("漢字", {"mode": "kanji"}),
        ("é", {"encoding": "utf-8", "eci": True}),
        ("é" * 40, {"encoding": "latin-1", "version": 12}),
        ("9" * 300, {"version": 30}),
    ],
)
def test_bits_are_those_that_segno_writes(text, options):
    made = segno.make_qr(text, error="l", boost_error=False, **options)
    seen = measure(picture(np.array([list(row) for row in made.matrix], bool), 4))
    (segment,) = encoder.prepare_data(text, MODES.get(options.get("mode")), options.get("encoding"))
    span = 1 if made.version < 10 else 2 if made.version < 27 else 3
    head = 4 + consts.CHAR_COUNT_INDICATOR_LENGTH[segment.mode][span]
    assert seen.bits == head + len(segment.bits) + 12 * options.get("eci", False)


@given(st.binary(min_size=26, max_size=26), st.sampled_from(list(qr.Level)))
def test_bits_of_any_codewords_are_a_number_or_unknown(data, level):
    """A picture may hold anything: headers cut off, modes that there are none of."""
    bits, _ = _segments(np.frombuffer(data, np.uint8), 1, level)
    assert bits is None or 0 <= bits <= bits_in(1, level)


def test_a_secret_is_not_kept_among_the_symbols():
    image = picture(np.where(np.arange(37) < 12, False, qr.make(b"B" * 100, "L").modules), 5)
    sizes = []
    for secret in (b"B" * 100, b"C" * 100, b"D" * 100):
        measure(image, secret)
        survivors(np.eye(37, dtype=bool), secret)
        sizes.append(_make.cache_info().currsize)
    assert len(set(sizes)) == 1


def test_a_level_is_tried_in_the_printed_version_where_it_fits():
    table = survivors(np.zeros((57, 57), bool), content(1, 100)).set_index("level")
    assert table.version.to_dict() == {"L": 10, "M": 10, "Q": 10, "H": 10}
    assert survivors(np.zeros((57, 57), bool), content(1, 200)).version.tolist() == [
        10,
        10,
        12,
        15,
    ]  # ISO/IEC 18004, table 7


@pytest.mark.parametrize("mask", range(8))
def test_codewords_come_out_as_they_go_in(mask):
    """An undamaged symbol's begin with its mode, its length and its content; any others can stand there."""
    symbol = qr.make(b"\xab" * 10, "L", version=1, mask=mask)
    held = _codewords_of(symbol.modules, 1, symbol.mask)
    assert held[:3].tolist() == [0x40, 0xAA, 0xBA]
    other = _with_codewords(symbol.modules, held[::-1], 1, symbol.mask)
    assert np.array_equal(_codewords_of(other, 1, symbol.mask), held[::-1])
    changed = other != symbol.modules
    assert set(qr.layout(1, "L").role[changed]) == {"data"}


def test_bits_of_what_is_lost_are_unknown():
    symbol = qr.make(content(6, 100), "L")
    modules = symbol.modules.copy()
    modules[15:25, 15:27] ^= True
    assert measure(picture(modules, 5)).bits is None


def test_nothing_is_measured_where_nothing_is_seen():
    assert measure(np.full((100, 100), 255, np.uint8)) is None
    assert measure(np.zeros((1, 1), np.uint8)) is None
    micro = np.array([list(row) for row in segno.make("12345", micro=True).matrix], bool)
    assert measure(picture(micro, 5)) is None
    noise = np.random.default_rng(1).integers(0, 256, (200, 200), np.uint8)
    assert measure(noise) is None


def test_grades_are_those_of_the_standard():
    assert GRADES == {"A": 0.62, "B": 0.5, "C": 0.37, "D": 0.25}  # ISO/IEC 15415
    symbol, here = qr.make(content(6, 20), "H", version=10), qr.layout(10, "H")
    mine, letters = np.flatnonzero(here.block == 0), []
    for wrong in range(here.correctable[0] + 2):
        letters.append(measure(picture(spoilt(symbol, mine[:wrong]), 3)).grade)
    t = here.correctable[0]
    expected = [
        next((g for g, least in GRADES.items() if 1 - w / t >= least - 1e-9), "F") for w in range(t + 2)
    ]
    assert letters == expected
    assert {*letters} == {"A", "B", "C", "D", "F"}


def test_it_prints_without_content_and_modules():
    symbol = qr.make(b"planted.secret", "H")
    said = repr(measure(picture(symbol.modules, 4)))
    assert "planted" not in said
    assert "array" not in said
    assert "module_px" in said


def test_a_level_survives_what_its_blocks_correct():
    """A square in the middle, which L can't correct and H can; the same square, read from either."""
    data = content(7, 120)
    for level in qr.Level:
        symbol = qr.make(data, level)
        order = qr.damage.MODELS["logo"](np.random.default_rng(0)).order(symbol.size)
        wrong = (order <= 0.1) & ~symbol.modules
        table = survivors(wrong, data).set_index("level")
        assert list(table.index) == list(qr.Level)
        assert not table.survives["L"]
        assert table.survives["H"]
        assert (table.unused.between(0, 1)).all()
        assert table.version[level] == symbol.version


def test_survival_at_its_own_level_is_what_the_reader_says():
    agreed = []
    for k in range(30):
        symbol = qr.make(content(k, 100), "LMQH"[k % 4])
        damage = qr.damage.MODELS["blot"](np.random.default_rng(k))
        modules = damage.apply(symbol.modules, 0.06 + 0.004 * k)
        wrong = modules != symbol.modules
        mine = survivors(wrong, symbol.content).set_index("level").survives[symbol.level]
        agreed.append(mine == (qr.decode(modules, "model", symbol).outcome == "ok"))
    assert all(agreed)


def test_content_that_a_level_cannot_hold_has_no_row():
    wrong = np.zeros((177, 177), bool)
    assert list(survivors(wrong, content(8, 2000)).level) == ["L", "M"]
