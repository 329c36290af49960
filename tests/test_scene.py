"""Scenes: the same content and damage at every level; what a picture shows; damage as a mix draws it."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from helpers import draw
from scipy import stats
from scipy.stats import quantile_test

import qrlab as qr
from qrlab.damage import MODELS
from qrlab.imaging import photograph
from qrlab.optics import Camera, Print, place, project
from qrlab.scene import Mix, Scene, Wear, random_content
from qrlab.symbols import mode_of, smallest_version

SITE = "https://www.example.org"
PHOTOGRAPHED = Scene(SITE, printed=Print(25), camera=Camera(8))


def the_pictures_own(seed: int, trial: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2, trial)))


# --- symbols ---


def test_the_version_is_the_smallest_that_fits():
    for payload in (7, 8, 2953):
        assert Scene(payload=payload, level="L").version == smallest_version(payload, "L")
    assert Scene("12345" * 5, level="h").version == qr.make("12345" * 5, "H").version
    assert Scene(SITE, version=9).trial(1, 0).symbol.version == 9


def test_contents_of_a_payload_are_each_for_as_many_trials_and_the_same_at_every_level():
    def contents(level, seed=4, **more):
        scene = Scene(payload=12, alike=2, level=level, **more)
        return [scene.trial(seed, trial).symbol.content for trial in range(6)]

    first = contents("L")
    assert first[::2] == first[1::2]
    assert len(set(first)) == 3
    assert {len(content) for content in first} == {12}
    assert first == contents("H", version=9, mask=0)
    assert not set(first) & set(contents("L", seed=5))


@pytest.mark.parametrize("mode", ["numeric", "alphanumeric", "byte"])
def test_a_payload_of_a_mode_fills_the_symbol_that_content_of_that_mode_needs(mode):
    scene = Scene(payload=200, mode=mode, level="Q")
    assert scene.version == smallest_version(200, "Q", mode)
    contents = {random_content(2, 200, k, mode) for k in range(5)}
    assert len(contents) == 5
    assert {mode_of(content) for content in contents} == {mode}
    for k in range(5):
        trial = scene.trial(2, k)
        assert qr.decode(trial.picture(0), expected=trial.symbol).outcome == "ok"


@pytest.mark.parametrize("mask", [0, 5])
def test_the_mask_is_the_one_asked_for(mask):
    picture = Scene(SITE, mask=mask).trial(1, 0).picture(0)
    assert np.array_equal(picture, qr.render(qr.make(SITE, mask=mask).modules))


def test_a_scene_prints_without_its_content():
    assert "example" not in repr(PHOTOGRAPHED)


# --- damage ---


@pytest.mark.parametrize("shape", ["round", "square"])
def test_damage_parameters_reach_the_damage(shape):
    parameters = (("paint", "light"), ("shape", shape))
    scene = Scene(SITE, damage="logo", parameters=parameters, px_per_module=3, quiet_zone=1)
    damage = MODELS["logo"](np.random.default_rng([3, 4]), shape=shape, paint="light")
    expected = qr.render(damage.apply(qr.make(SITE).modules, 0.1), 3, 1)
    assert np.array_equal(scene.trial(3, 4).picture(0.1), expected)


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_every_level_version_and_mask_bears_the_same_damage(kind):
    parameters = (("paint", "flip"), *([("level", "Q")] if kind == "worst_codewords" else []))
    for version, level, mask in [(3, "L", 0), (3, "H", 6), (7, "M", 1)]:
        symbol = qr.make(b"pairing", level, version=version, mask=mask)
        trial = Scene(b"pairing", level=level, version=version, mask=mask, damage=kind,
                      parameters=parameters).trial(6, 11)  # fmt: skip
        reached = draw(kind, [6, 11]).order(symbol.size) <= 0.3
        assert reached.any()
        assert np.array_equal(trial.modules(0.3), symbol.modules ^ reached)
        assert np.array_equal(trial.picture(0.3), qr.render(symbol.modules ^ reached))


@pytest.mark.parametrize("scene", [Scene(SITE), PHOTOGRAPHED], ids=["flawless", "photographed"])
def test_another_trial_or_seed_shows_other_damage(scene):
    scene = replace(scene, damage="speckle")
    pictures = {scene.trial(seed, trial).picture(0.1).tobytes() for seed in (1, 2) for trial in range(3)}
    assert len(pictures) == 6


# --- photographs ---


@pytest.mark.parametrize("damage", ["none", "scratch", "codewords"])
def test_the_picture_is_the_photograph_of_the_print_with_its_damage(damage):
    printed, camera = Print(25, dpi=300), Camera(8, tilt_deg=20, noise=0.02)
    scene = Scene(SITE, level="Q", damage=damage, printed=printed, camera=camera)
    for seed, trial in [(1, 0), (1, 5), (7, 5)]:
        worn = None if damage == "none" else draw(damage, [seed, trial])
        rng = the_pictures_own(seed, trial)
        expected = photograph(qr.make(SITE, "Q"), printed, camera, rng, worn, 0.3)
        assert np.array_equal(scene.trial(seed, trial).picture(0.3), expected)


@pytest.mark.parametrize("damage", ["scratch", "blot", "stain", "tear"])
def test_a_photographed_trial_shows_the_same_damage_at_every_level(damage):
    """What flips on an L and on an H print, at the same shares of their widths."""
    printed, camera, masks = Print(25, quiet_zone=0), Camera(16, noise=0), []
    for level, version in [("L", 2), ("H", 2), ("H", 5)]:
        scene = Scene("pairing", level=level, version=version, damage=damage, parameters=(("paint", "flip"),),
                      printed=printed, camera=camera)  # fmt: skip
        trial, size = scene.trial(6, 2), 17 + 4 * version
        clean, worn = (trial.picture(severity) / 255.0 for severity in (0, 0.15))
        matrix, _ = place(size, printed, camera, the_pictures_own(6, 2))
        points = (np.indices((200, 200)).reshape(2, -1)[::-1].T + 0.5) / 200 * size
        x, y = np.floor(project(matrix, points)).astype(int).T
        masks.append((np.abs(clean**2 - worn**2) > 0.4)[y, x].reshape(200, 200))
    low, high, larger = masks
    for other in (high, larger):
        assert np.sum(low & other) / np.sum(low | other) > 0.7, "but for the blurred edges of modules"
    shifted = np.roll(low, 40, axis=1)
    assert np.sum(shifted & high) / np.sum(shifted | high) < 0.6, "this can fail"
    assert np.mean(low) == pytest.approx(0.15, abs=0.05)


def test_a_trial_is_seen_alike_at_every_level_and_under_every_damage():
    """Without ink the pictures of a trial are one picture: place, sway, shadow, glare and noise."""
    bare = Scene(SITE, version=4, printed=Print(25, contrast=0), camera=Camera(8, shadow=0.4, glare=0.2))
    pictures = [
        replace(bare, level=level, damage=damage).trial(2, 3).picture(0.1)
        for level in "LH"
        for damage in ("none", "blot", "scratch")
    ]
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)
    assert not np.array_equal(bare.trial(2, 4).picture(0), pictures[0])
    assert not np.array_equal(bare.trial(3, 3).picture(0), pictures[0])


# --- the mix of wear ---

SCRATCHED = Mix((Wear("scratch", 0.3, 0.01, 3), Wear("blot", 0.2, 0.05, 1)))


def test_a_mix_is_drawn_by_its_shares_and_distributions():
    drawn = [SCRATCHED.drawn(5, trial) for trial in range(4000)]
    counts = Counter(kind for kind, _ in drawn)
    for kind, share in {"scratch": 0.3, "blot": 0.2, "none": 0.5}.items():
        low, high = qr.stats.rate_interval(counts[kind], 4000, 0.999)
        assert low < share < high
    scratches = np.array([severity for kind, severity in drawn if kind == "scratch"])
    for share, severity in {0.5: 0.01, 0.95: 0.03}.items():
        low, high = quantile_test(scratches, p=share).confidence_interval(0.999)
        assert low < severity < high
    assert {severity for kind, severity in drawn if kind == "blot"} == {0.05}
    assert {severity for kind, severity in drawn if kind == "none"} == {0}


def test_what_a_print_bears_depends_on_seed_and_trial_alone():
    assert [SCRATCHED.drawn(1, k) for k in (7, 3)] == [SCRATCHED.drawn(1, k) for k in (7, 3)]
    assert [SCRATCHED.drawn(1, k) for k in range(20)] != [SCRATCHED.drawn(2, k) for k in range(20)]


def test_more_severe_wear_is_the_same_wear_on_the_same_prints():
    mild, severe = Mix((Wear("stain", 0.5, 0.01),)), Mix((Wear("stain", 0.5, 0.02),))
    for trial in range(50):
        (kind, a), (same, b) = mild.drawn(3, trial), severe.drawn(3, trial)
        assert kind == same
        assert b == pytest.approx(2 * a)


def test_a_severity_is_never_above_1():
    mix = Mix((Wear("stain", 1, 0.9, 50),))
    assert max(mix.drawn(1, trial)[1] for trial in range(100)) == 1


def test_a_trial_of_a_mix_shows_the_damage_that_it_draws():
    mix = Mix((Wear("stain", 0.4, 0.05), Wear("blot", 0.4, 0.1)))
    kinds = set()
    for trial in range(12):
        kind, severity = mix.drawn(9, trial)
        for factor in (0, 0.5, 1):
            expected = replace(PHOTOGRAPHED, damage=kind).trial(9, trial).picture(factor * severity)
            shown = replace(PHOTOGRAPHED, damage=mix).trial(9, trial).picture(factor)
            assert np.array_equal(shown, expected)
        kinds.add(kind)
    assert kinds == {"stain", "blot", "none"}


# --- mistakes; those in the columns of a design are tested there ---


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Wear("fog"), r"kind .*speckle, .*'fog'"),
        (lambda: Wear("blot", share=2), r"share .* 0 to 1, not 2"),
        (lambda: Mix(["blot"]), r"wear .*Wear.*str"),
        (lambda: Mix((Wear("blot", 0.1), Wear("blot", 0.2))), r"wear .*once.*blot, blot"),
        (lambda: Mix((Wear("blot", 0.6), Wear("tear", 0.5))), r"share .*at most 1 .*not 1\.1"),
        (lambda: Scene(), r"content or payload .*not"),
        (lambda: Scene("x", level="X"), r"level .*L, M, Q, H.*'X'"),
        (lambda: Scene("x", damage=SCRATCHED, parameters=(("x", 0.5),)), r"damage_x .*damage"),
    ],
)
def test_what_cannot_be_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# --- strata ---

STRATA = Mix((Wear("scratch", 0.3), Wear("crease", 0.1, spread=1)), bands=(0.5, 0.9))


def test_strata_are_kinds_of_wear_and_bands_of_their_severities_and_good_prints():
    strata, shares, turn = STRATA.strata
    assert shares.tolist() == pytest.approx([0.15, 0.12, 0.03, 0.1, 0.6])
    assert strata[:, 0].tolist() == pytest.approx([0, 0, 0, 0.3, 0.4])
    assert 95 <= len(turn) <= 110
    assert set(turn) == set(range(5))
    often = np.bincount(turn)
    assert often / len(turn) == pytest.approx(shares**0.75 / (shares**0.75).sum(), abs=0.02)


def test_a_print_is_of_the_stratum_whose_turn_it_is():
    turn, middle = STRATA.strata[2], STRATA.wear[0].typical
    for trial in range(2 * len(turn)):
        kind, severity = STRATA.drawn(1, trial)
        stratum = turn[trial % len(turn)]
        assert kind == ["scratch", "scratch", "scratch", "crease", "none"][stratum]
        if kind == "scratch":
            assert (severity > middle) == (stratum > 0)
            assert (severity > middle * 3 ** (stats.norm.ppf(0.9) / stats.norm.ppf(0.95))) == (stratum == 2)
        if kind == "crease":
            assert severity == 0.02


def test_prints_by_stratum_and_their_shares_are_distributed_as_prints_are():
    plain, (_, shares, turn) = Mix(STRATA.wear), STRATA.strata
    weight = (shares / np.bincount(turn))[turn]
    at, n = [0.005, 0.02, 0.06], 10 * len(turn)
    drawn = np.array([STRATA.drawn(2, trial)[1] for trial in range(n)])
    expected = np.array([plain.drawn(3, trial)[1] for trial in range(4000)])
    for severity in at:
        share = np.average(drawn > severity, weights=np.tile(weight, 10))
        assert share == pytest.approx(np.mean(expected > severity), abs=0.025)


def test_a_mix_without_bands_is_one_stratum():
    strata, shares, turn = Mix(STRATA.wear).strata
    assert (strata.tolist(), shares.tolist(), turn.tolist()) == ([[0, 1, 0, 1]], [1], [0])


def test_each_trial_has_a_content_of_its_own_unless_some_are_alike():
    scene = Scene(payload=12)
    assert len({scene.trial(1, k).symbol.content for k in range(300)}) == 300
    assert len({replace(scene, alike=7).trial(1, k).symbol.content for k in range(300)}) == 43
