"""What pictures of people show: faint, coloured, in shadow, askew, a finder pattern gone, several codes."""

import numpy as np
import pytest
import reedsolo
import segno
from witness import picture

import qrlab as qr
from qrlab.graph.audits import as_text
from qrlab.optics import place, project
from qrlab.pictures.codes import find_codes
from qrlab.pictures.corners import blank, refined
from qrlab.pictures.measured import _with_codewords, measure

SYMBOL = qr.make(b"https://www.example.org/items/0123456789", "M")
CLEAN = picture(SYMBOL.modules, 6)
LIGHT = CLEAN > 0


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (0, 40), (215, 225), (0, 15), (120, 128)])
def test_a_faint_picture_is_measured_and_its_contrast_told(ink, paper):
    seen = measure(np.where(LIGHT, paper, ink).astype(np.uint8))
    assert not seen.wrong.any()
    assert seen.content == SYMBOL.content
    assert seen.contrast == pytest.approx((paper - ink) / 255, abs=0.003)
    assert seen.contrast_grade == ("A" if paper - ink > 200 else "F")


def test_modules_of_many_greys_are_no_damage():
    """As in a coloured symbol, whose dark modules are of several colours."""
    rng = np.random.default_rng(3)
    greys = np.where(SYMBOL.modules, rng.integers(0, 110, SYMBOL.modules.shape), 0)
    greys = np.where(SYMBOL.modules, greys, rng.integers(170, 256, SYMBOL.modules.shape)).astype(np.uint8)
    image = np.pad(greys, 4, constant_values=255).repeat(6, axis=0).repeat(6, axis=1)
    seen = measure(image)
    assert not seen.wrong.any()
    assert seen.grade == "A"


@pytest.mark.parametrize("slope", ["an edge", "a gradient"])
def test_a_shadow_is_no_ink(slope):
    across = np.linspace(0, 1, CLEAN.shape[1])
    light = np.where(across < 0.4, 0.45, 1.0) if slope == "an edge" else 0.3 + 0.7 * across
    seen = measure((CLEAN * light).astype(np.uint8))
    assert (seen.quiet_zone, int(seen.wrong.sum())) == (4, 0)
    spoilt = CLEAN.copy()
    spoilt[:, :12] = 0
    assert measure((spoilt * light).astype(np.uint8)).quiet_zone == 2


@pytest.mark.parametrize("tilt", [0, 15, 30])
@pytest.mark.parametrize("version", [3, 10])
def test_corners_are_found_to_a_fraction_of_a_module(tilt, version):
    symbol, printed = qr.make(b"corners", "M", version=version), qr.Print(40, 600)
    camera = qr.Camera.at(200, tilt_deg=tilt, rotation_deg=20)
    n, errors = symbol.size, []
    for k in range(6):
        matrix, _ = place(n, printed, camera, k)
        seen = measure(qr.photograph(symbol, printed, camera, k))
        truth = project(matrix, [(0, 0), (n, 0), (n, n), (0, n)])
        errors.append(np.abs(seen.corners - truth).max() / seen.module_px)
    assert max(errors) < 0.15


def test_corners_that_are_off_come_back_to_the_symbol():
    truth = 6.0 * np.array([(4, 4), (4 + 29, 4), (4 + 29, 4 + 29), (4, 4 + 29)])
    off = truth + np.array([(4, -3), (-2, 4), (3, 3), (-4, 1)])
    assert np.abs(refined(CLEAN, off, SYMBOL.modules) - truth).max() < 0.6


@pytest.mark.parametrize("corner", ["top left", "top right", "bottom left"])
@pytest.mark.parametrize("paint", [0, 1])
def test_a_lost_finder_pattern_does_not_end_the_diagnosis(corner, paint):
    symbol = qr.make(b"a lost finder", "Q")
    modules = symbol.modules.copy()
    down, right = "bottom" in corner, "right" in corner
    rows, columns = slice(-7, None) if down else slice(7), slice(-7, None) if right else slice(7)
    modules[rows, columns] = bool(paint)
    seen = measure(picture(modules, 6))
    assert (seen.version, seen.level, seen.mask) == (symbol.version, symbol.level, symbol.mask)
    assert seen.content == symbol.content
    assert np.array_equal(seen.wrong, modules != symbol.modules)


def test_wrong_function_modules_do_not_end_the_diagnosis():
    modules, rng = SYMBOL.modules.copy(), np.random.default_rng(5)
    fixed = np.argwhere(qr.layout(SYMBOL.version, "M").codeword < 0)
    modules[tuple(fixed[rng.choice(len(fixed), 9, replace=False)].T)] ^= True
    assert np.array_equal(measure(picture(modules, 6)).wrong, modules != SYMBOL.modules)


def test_of_noise_nothing_is_measured():
    rng = np.random.default_rng(2)
    for image in (rng.integers(0, 256, (300, 300), np.uint8), picture(rng.random((29, 29)) < 0.5, 6)):
        assert measure(image) is None


def test_several_codes_are_told_apart_and_each_is_counted_once():
    other = qr.make(b"another", "L")
    both = np.hstack([CLEAN, np.pad(picture(other.modules, 6), ((0, 48), (0, 0)), constant_values=255)])
    assert {code.content for code in find_codes(both)} == {SYMBOL.content, other.content}
    assert measure(both).codes == 2
    assert measure(both, other.content).content == other.content
    lost = SYMBOL.modules.copy()
    lost[10:20, 10:28] ^= True
    assert measure(picture(lost, 6)).codes == 1


def test_structured_append_is_named():
    parts = segno.make_sequence("A longer text in three parts. " * 3, symbol_count=3, error="m")
    for k, part in enumerate(parts, 1):
        modules = np.array([list(row) for row in part.matrix], bool)
        assert measure(picture(modules, 5)).kind == f"structured append, part {k} of 3"


def test_gs1_is_named():
    digits = "0109501101530003"
    groups = [digits[k : k + 3] for k in range(0, 16, 3)]
    bits = "0101" + "0001" + f"{16:010b}" + "".join(f"{int(x):0{3 * len(x) + 1}b}" for x in groups)
    data = int((bits + "0" * 8).ljust(80, "0")[:80], 2).to_bytes(10, "big") + bytes([0xEC, 0x11] * 5)[:9]
    codewords = reedsolo.RSCodec(7, fcr=0, prim=0x11D, generator=2).encode(data)
    modules = _with_codewords(blank(1), np.frombuffer(bytes(codewords), np.uint8), 1, 0)
    seen = measure(picture(modules, 6))
    assert (seen.kind, seen.content) == ("GS1", digits.encode())


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"plain", "ASCII"),
        ("Grüße".encode(), "UTF-8"),
        ("Grüße aus Köln".encode("latin-1"), "ISO-8859-1"),
        ("漢字テスト".encode("shift_jis"), "Shift JIS"),
        (b"\xc3\xbd\xc4", "Shift JIS"),
        (b"\x00\x01\xff\xfe", None),
    ],
)
def test_a_content_is_text_in_its_character_set_or_bytes(content, name):
    text, found = as_text(content)
    assert found == name
    assert (text is None) == (name is None)
    if text is not None:
        assert text.encode({"Shift JIS": "shift_jis"}.get(name, name)) == content


def test_what_was_read_decides_between_character_sets():
    latin, read = "Ãý".encode("latin-1"), "Ãý"
    assert as_text(latin, read)[0] == read


def test_function_patterns_are_those_of_any_symbol():
    fixed = qr.layout(SYMBOL.version, "M").codeword < 0
    assert np.array_equal(blank(SYMBOL.version, SYMBOL.level, SYMBOL.mask)[fixed], SYMBOL.modules[fixed])
