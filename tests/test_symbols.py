"""Symbols and layouts, against other libraries' tables and matrices."""

import io
import pickle
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import qrcode
import segno
from helpers import ALL
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from qrcode import base, util
from segno import consts
from witness import LIB, picture, read_pure

import qrlab as qr
from qrlab.symbols import MODES, VERSIONS, bits_in, bits_of, blocks_of, capacity, mode_of, smallest_version

LIB_MODE = {
    "kanji": util.MODE_KANJI,
    "numeric": util.MODE_NUMBER,
    "alphanumeric": util.MODE_ALPHA_NUM,
    "byte": util.MODE_8BIT_BYTE,
}


@pytest.mark.parametrize("name", ["h", "H", qr.Level.H])
def test_level_parses_in_any_case(name):
    assert qr.Level.parse(name) is qr.Level.H


@pytest.mark.parametrize("bad", ["X", "", None, 3, "LM", b"L"])
def test_unknown_level_says_what_is_allowed(bad):
    with pytest.raises(ValueError, match=rf"^level .* L, M, Q, H, not {bad!r}"):
        qr.Level.parse(bad)
    with pytest.raises(ValueError, match=r"^level "):
        qr.make("x", bad)


def test_blocks_and_codewords_of_all_160_symbols_against_python_qrcode():
    for version, level in ALL:
        theirs = [(b.total_count, b.data_count) for b in base.rs_blocks(version, LIB[level])]
        assert blocks_of(version, level) == theirs, (version, level)
        here = qr.layout(version, level)
        assert sorted(np.bincount(here.block)) == sorted(total for total, _ in theirs)
        assert list(here.correctable) == [(total - data) // 2 for total, data in theirs]


def test_capacities_of_all_160_symbols_against_python_qrcode():
    """The longest content that python-qrcode's bit counts allow, mode by mode."""
    for version, level in ALL:
        bits = util.BIT_LIMIT_TABLE[LIB[level]][version]
        for mode, theirs in LIB_MODE.items():
            room = bits - 4 - util.length_in_bits(theirs, version)
            held = capacity(version, level, mode)
            assert _bits(held, mode) <= room < _bits(held + 1, mode), (version, level, mode)
        assert bits_in(version, level) == bits


def _bits(length: int, mode: str) -> int:
    if mode in ("byte", "kanji"):
        return {"byte": 8, "kanji": 13}[mode] * length
    if mode == "numeric":
        return 10 * (length // 3) + (0, 4, 7)[length % 3]
    return 11 * (length // 2) + 6 * (length % 2)


@pytest.mark.parametrize("mode", MODES)
def test_the_bits_of_a_segment_are_those_of_its_mode(mode):
    assert [bits_of(length, MODES[mode]) for length in range(50)] == [_bits(n, mode) for n in range(50)]


@pytest.mark.parametrize("mode", ["numeric", "alphanumeric", "byte"])
def test_a_full_symbol_is_made_and_one_more_is_refused(mode):
    unit = {"numeric": "7", "alphanumeric": "A", "byte": "a"}[mode]
    for version, level in [(1, "L"), (9, "M"), (10, "Q"), (26, "H"), (27, "L"), (40, "H")]:
        held = capacity(version, level, mode)
        assert qr.make(unit * held, level, version=version).version == version
        with pytest.raises(ValueError, match=f"^content .* {held:,} .* not {held + 1:,}"):
            qr.make(unit * (held + 1), level, version=version)


def test_published_capacities():
    """ISO/IEC 18004, table 7: the first and the last symbol, all modes."""
    modes = ("numeric", "alphanumeric", "byte", "kanji")
    assert [capacity(1, "L", m) for m in modes] == [41, 25, 17, 10]
    assert [capacity(40, "H", m) for m in modes] == [3057, 1852, 1273, 784]


def _python_qrcode(data: bytes, version: int, level: str, mask: int) -> np.ndarray:
    other = qrcode.QRCode(version=version, error_correction=LIB[level], mask_pattern=mask, border=0)
    other.add_data(util.QRData(data, mode=util.MODE_8BIT_BYTE))
    other.make(fit=False)
    return np.array(other.get_matrix(), bool)


@pytest.mark.parametrize(("version", "level"), [(1, "H"), (2, "L"), (7, "M"), (14, "Q"), (40, "H")])
@pytest.mark.parametrize("mask", range(8))
def test_modules_against_python_qrcode(version, level, mask):
    """Another library's matrix for the same bytes, version, level and mask, bit for bit."""
    data = np.random.default_rng(version).bytes(capacity(version, level))
    ours = qr.make(data, level, version=version, mask=mask)
    assert np.array_equal(ours.modules, _python_qrcode(data, version, level, mask))


def test_padding_differs_from_python_qrcode_in_codewords_only():
    """segno 1.6.6 puts a zero codeword before the pad codewords, which no reader looks at."""
    ours, role = qr.make(b"x", "Q", version=1, mask=0), qr.layout(1, "Q").role
    theirs = _python_qrcode(b"x", 1, "Q", 0)
    assert set(role[ours.modules != theirs]) <= {"data"}
    assert read_pure(picture(ours.modules)) == read_pure(picture(theirs)) == b"x"


def test_layout_covers_every_codeword_with_eight_modules():
    for version, level in ALL:
        here = qr.layout(version, level)
        used = here.codeword[here.codeword >= 0]
        assert np.array_equal(np.bincount(used), np.full(len(here.block), 8))
        assert np.array_equal(here.role == "data", here.codeword >= 0)
        assert np.sum(here.role == "remainder") < 8
        assert len(here.block) == sum(total for total, _ in blocks_of(version, level))


SEGNO_ROLES = {
    consts.TYPE_FINDER_PATTERN_DARK: "finder",
    consts.TYPE_FINDER_PATTERN_LIGHT: "finder",
    consts.TYPE_SEPARATOR: "separator",
    consts.TYPE_TIMING_DARK: "timing",
    consts.TYPE_TIMING_LIGHT: "timing",
    consts.TYPE_ALIGNMENT_PATTERN_DARK: "alignment",
    consts.TYPE_ALIGNMENT_PATTERN_LIGHT: "alignment",
    consts.TYPE_FORMAT_DARK: "format",
    consts.TYPE_FORMAT_LIGHT: "format",
    consts.TYPE_VERSION_DARK: "version",
    consts.TYPE_VERSION_LIGHT: "version",
    consts.TYPE_DARKMODULE: "dark",
    consts.TYPE_DATA_DARK: "data",
    consts.TYPE_DATA_LIGHT: "data",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_roles_differ_from_segno_in_the_one_module_that_segno_has_wrong(version):
    code = segno.make("x", version=version, mask=0, micro=False, boost_error=False)
    theirs = np.array([[SEGNO_ROLES[v] for v in row] for row in code.matrix_iter(verbose=True, border=0)])
    role = np.where(qr.layout(version, "L").role == "remainder", "data", qr.layout(version, "L").role)
    n = len(role)
    assert [tuple(map(int, place)) for place in np.argwhere(role != theirs)] == [(8, n - 9)]
    assert role[8, n - 9] == "data"


def test_a_changed_byte_changes_only_modules_of_its_block():
    """The zigzag and the interleaving, seen from outside: flip one data codeword, look where it lands."""
    for version, level in [(5, "Q"), (7, "H"), (14, "M"), (32, "L")]:
        here, size = qr.layout(version, level), capacity(version, level)
        one, two = bytes(size), bytes(size - 1) + b"\xff"
        make = lambda data: qr.make(data, level, version=version, mask=0).modules  # noqa: E731, B023
        touched = np.unique(here.codeword[make(one) != make(two)])
        assert touched.min() >= 0
        assert set(here.block[touched]) == {len(here.correctable) - 1}, "the last byte is in the last block"


@given(st.binary(min_size=1, max_size=300), st.sampled_from(list(qr.Level)))
@settings(max_examples=40, deadline=None)
def test_a_reader_reads_back_any_bytes(content, level):
    symbol = qr.make(content, level)
    assert read_pure(picture(symbol.modules)) == content == symbol.content
    assert symbol.version == smallest_version(len(content), level)


@pytest.mark.parametrize("content", ["0123456789", "HTTPS://EXAMPLE.ORG/A-1", "https://example.org/ä/漢"])
def test_a_reader_reads_back_text_in_each_mode(content):
    symbol = qr.make(content, "Q")
    assert read_pure(picture(symbol.modules)) == content.encode() == symbol.content


def test_the_mask_that_was_chosen_is_told():
    for content in ("one", "two", "three", "four"):
        symbol = qr.make(content, "M")
        assert np.array_equal(qr.make(content, "M", mask=symbol.mask).modules, symbol.modules)
        others = [qr.make(content, "M", mask=k).modules for k in range(8) if k != symbol.mask]
        assert not any(np.array_equal(other, symbol.modules) for other in others)


def test_modes_are_chosen_by_the_characters():
    assert [mode_of(c) for c in ("12", "A1 $", "a", b"12", "é")] == [
        "numeric",
        "alphanumeric",
        "byte",
        "byte",
        "byte",
    ]


def test_the_level_is_raised_only_when_asked_to_and_only_for_free():
    plain, boosted = qr.make("hello", "L"), qr.make("hello", "L", boost=True)
    assert (plain.level, boosted.level) == (qr.Level.L, qr.Level.H)
    assert plain.version == boosted.version == 1
    assert qr.make("x" * 17, "L", boost=True).level is qr.Level.L
    assert qr.make("x" * 11, "L", boost=True).level is qr.Level.Q
    assert qr.make("x", "H", boost=True).level is qr.Level.H


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"version": 0}, "^version .* 1 to 40, not 0"),
        ({"version": 41}, "^version .* 1 to 40, not 41"),
        ({"version": 2.0}, "^version .* 1 to 40, not 2.0"),
        ({"version": True}, "^version .* 1 to 40, not True"),
        ({"mask": 8}, "^mask .* 0 to 7, not 8"),
        ({"mask": -1}, "^mask .* 0 to 7, not -1"),
        ({"boost": "yes"}, "^boost .* True, False, not 'yes'"),
        ({"content": ""}, "^content .* not empty, not an empty one"),
        ({"content": 7}, "^content .* str or bytes .* not int"),
        ({"content": "\ud800"}, "^content .* UTF-8"),
        ({"content": b"x" * 18, "level": "L", "version": 1}, "^content .* 17 bytes .* version 1 .* L .* 18"),
        ({"content": "1" * 7090, "level": "L"}, "^content .* 7,089 digits .* 40, .* L .* not 7,090"),
    ],
)
def test_bad_input_names_the_parameter_what_is_allowed_and_what_came(arguments, message):
    with pytest.raises(ValueError, match=message):
        qr.make(**{"content": "x"} | arguments)


def test_an_error_about_content_does_not_show_it():
    with pytest.raises(ValueError, match=r"^content ") as caught:
        qr.make("secret" * 600)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("version", [0, 41, "1", None])
def test_layout_refuses_bad_versions(version):
    with pytest.raises(ValueError, match=r"^version .* 1 to 40, not "):
        qr.layout(version, "L")


def test_symbols_are_cached_equal_and_immutable():
    one = qr.make("again", "M")
    assert qr.make("again", "m") is one
    assert pickle.loads(pickle.dumps(one)) == one
    assert qr.make("again", "Q") != one
    assert qr.make("12") != qr.make(b"12"), "one content in two modes"
    assert qr.make("again", "M", keep=False) == one
    assert len({one, qr.make("again", "M")}) == 1
    with pytest.raises(ValueError, match=r"read-only"):
        one.modules[0, 0] = False


def test_a_symbol_prints_without_its_content():
    symbol = qr.make("a secret", "Q", mask=2)
    assert repr(symbol) == "Symbol(1-Q, mask 2, 21×21 modules)"


def test_pictures_show_the_modules_with_their_quiet_zone():
    symbol = qr.make("picture", "M")
    png = np.array(Image.open(io.BytesIO(symbol.picture("png", scale=3))).convert("L"))
    assert np.array_equal(png, picture(symbol.modules, px_per_module=3, quiet_zone=4))
    root = ET.fromstring(symbol._repr_svg_())
    assert root.attrib["width"] == str(4 * (symbol.size + 8))
    with pytest.raises(ValueError, match=r"^kind .* svg, png, not 'bmp'"):
        symbol.picture("bmp")
    with pytest.raises(ValueError, match=r"^quiet_zone .* 0 .* not -1"):
        symbol.picture(quiet_zone=-1)
