"""The command line: one line and exit status 2 for bad input, tables for people, JSON for programs."""

import io
import json
import os
import pty
import re
import subprocess
import sys
import termios
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from planted import DETAILS, leaks

import qrlab as qr
from qrlab.__main__ import main

SECRET = "https://id.example.org/?token=planted.secret"
FEW = ["--trials", "20", "--seed", "2"]
SMALL = ["--bytes", "40", "--scenario", "small-badge", *FEW]


def answered(capsys, *arguments) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    try:
        status = main(arguments)
    except SystemExit as end:  # argparse
        status = end.code
    return status, *capsys.readouterr()


def test_choose_answers_with_a_table_and_a_sentence(capsys):
    status, said, errors = answered(capsys, "choose", *SMALL, "--damage", "none")
    assert status == 0
    assert errors == ""
    heading, _, heads, *rows, _, reason = said.splitlines()
    assert heading == ("small-badge: 40 bytes, 25 mm at 300 dpi, read at 150 mm by zxing and zbar; 20 prints")
    assert heads.split()[:3] == ["level", "symbol", "module"]
    assert [row.strip().removeprefix("> ")[0] for row in rows] == list("LMQH")
    (marked,) = (row for row in rows if ">" in row)
    assert reason.startswith("M, Q and H are left, as it can't be told which is the smallest within 1 point")
    assert "; it reads 100% of scans" in reason
    assert f"; {marked.strip()[2]} guarantees most; " in reason
    assert max(map(len, [heading, heads, *rows])) <= 100


def test_choose_as_json_is_what_the_package_says(capsys):
    options = "--print-mm 30 --dpi 600 --distance-mm 120 --damage scratch:3%:80% --target 90% --json"
    status, said, _ = answered(capsys, "choose", *SMALL, *options.split())
    assert status == 0
    answer = json.loads(said)
    scenario = qr.SCENARIOS["small-badge"].change(
        print_width_mm=30,
        print_dpi=600,
        camera_distance_mm=120,
        target=0.9,
        wear=[qr.Wear("scratch", 0.8, 0.03)],
    )
    choice = qr.choose(40, scenario, trials=20, seed=2)
    assert answer == json.loads(json.dumps(choice.to_dict()))
    assert [row["level"] for row in answer["table"]] == list("LMQH")
    assert {row["parameter"]: row["value"] for row in answer["parameters"]}["camera_distance_mm"] == 120


def test_choose_takes_a_content_and_does_not_show_it(capsys):
    status, said, errors = answered(capsys, "choose", SECRET, "--json", *FEW)
    assert status == 0
    assert "planted" not in said + errors
    values = {row["parameter"]: row["value"] for row in json.loads(said)["parameters"]}
    assert values["payload"] == len(SECRET)


def test_choose_says_what_a_prescribed_level_costs(capsys):
    status, said, _ = answered(capsys, "choose", *SMALL, "--level", "h")
    assert status == 0
    assert re.search(r"\bH is prescribed\b.* it reads \d", said)


def test_kinds_of_damage_share_the_prints_unless_told_otherwise(capsys):
    _, said, _ = answered(
        capsys, "choose", *SMALL, "--target", "0", "--json", "--damage", "blot", "--damage", "tear:0.05"
    )
    values = {row["parameter"]: row["value"] for row in json.loads(said)["parameters"]}
    assert "crease_share" not in values
    scenario = qr.SCENARIOS["small-badge"].change(
        wear=[qr.Wear("blot", 0.5, 0.02), qr.Wear("tear", 0.5, 0.05)]
    )
    choice = qr.choose(40, scenario, trials=20, seed=2)
    assert json.loads(said)["table"] == choice.to_dict()["table"]


# What the line names: the parameter, what is allowed and what was given.
BAD = {
    "no command": ((), "command"),
    "an unknown command": (("chose",), "command", "choose", "'chose'"),
    "an unknown option": (("choose", "--width", "3"), "--width"),
    "bytes that are none": (("choose", "--bytes", "many"), "--bytes", "int", "'many'"),
    "content twice": (("choose", "x", "--bytes", "3"), "content", "--bytes", "not allowed with"),
    "empty content": (("choose", ""), "content", "length", "1 to", "not 0"),
    "too much content": (("choose", "--bytes", "4000"), "--bytes", "1 to 2953", "4000"),
    "an unknown scenario": (("choose", "--scenario", "moon"), "--scenario", "sign-in-badge", "'moon'"),
    "no width": (("choose", "--print-mm", "0"), "--print-mm", "0.1 to 10000", "0.0"),
    "no distance": (("choose", "--distance-mm", "0"), "--distance-mm", "a number from 0.", "0.0"),
    "no resolution": (("choose", "--dpi", "0"), "--dpi", "1 to 100000", "0.0"),
    "a target in the hundreds": (("choose", "--target", "95"), "--target", "0 to 1", "95.0"),
    "a target that is none": (("choose", "--target", "all"), "--target", "2% or 0.02", "'all'"),
    "an unknown level": (("choose", "--level", "X"), "--level", "L, M, Q, H", "'X'"),
    "an unknown damage": (("choose", "--damage", "fog"), "--damage", "KIND[:AREA[:SHARE]]", "blot", "fog"),
    "an impossible damage": (("choose", "--damage", "blot:300%"), "--damage", "0 to 1", "blot:300%"),
    "an area that is none": (("choose", "--damage", "blot:big"), "--damage", "2% or 0.02", "'big'"),
    "too few trials": (("choose", "--trials", "1"), "trials", "from 10 to", "1"),
    "no file": (("audit", "nothing.json"), "file", "can't be read", "nothing.json", "No such"),
    "a folder": (("audit", "."), "file", "can't be read", "Is a directory"),
    "a file of another kind": (("audit", __file__), "what", "a JSON object, an SVG, a PNG or a JPEG"),
    "an unknown notebook": (("report", "--only", "99"), "only", "00, 01, ", "99"),
    "an unknown parameter": (("report", "--only", "06", "-p", "x=1"), "parameter", "NAME=VALUE", "x=1"),
    "a parameter of a wrong type": (
        ("report", "--only", "06", "-p", "content_bytes=many"), "content_bytes", "int", "many",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "named"), [(case[0], case[1:]) for case in BAD.values()], ids=BAD)
def test_bad_input_is_one_line_and_status_2(capsys, tmp_path, arguments, named):
    more = ("--out", str(tmp_path / "out")) if arguments[:1] == ("report",) else ()
    status, said, errors = answered(capsys, *arguments, *more)
    assert (status, said) == (2, "")
    assert [part for part in named if part not in errors] == []
    assert errors.startswith("qrlab")
    assert len(errors.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.fixture
def badge(tmp_path):
    """A file with a resource, whose content is planted."""
    file = tmp_path / "badge.json"
    file.write_text(DETAILS.to_json())
    return file


def test_an_audit_is_for_people_and_for_programs(capsys, badge):
    status, said, errors = answered(capsys, "audit", str(badge))
    assert (status, errors) == (0, "")
    assert re.search(r"^version +8 +8$".replace("8", str(DETAILS.version)), said, re.MULTILINE)
    assert "No findings." in said
    assert said.rstrip().endswith(qr.graph.NO_VERIFICATION)
    assert max(map(len, said.split("\n\n")[0].splitlines())) <= 100
    status, coded, errors = answered(capsys, "audit", str(badge), "--json")
    answer = json.loads(coded)
    assert (status, errors, answer["findings"]) == (0, "", [])
    assert [*answer] == ["declared", "measured", "findings"]
    assert leaks(said + coded) == []


def test_findings_make_status_1(capsys, badge):
    badge.write_text(replace(DETAILS, version=39, raw_content=None).to_json())
    status, said, errors = answered(capsys, "audit", str(badge))
    assert (status, errors) == (1, "")
    found = re.findall(r"^([a-z-]+): (.+)$", said, re.MULTILINE)
    assert [code for code, _ in found] == ["missing-value", "version-mismatch"]
    status, coded, _ = answered(capsys, "audit", str(badge), "--json")
    assert status == 1
    assert [tuple(finding.values()) for finding in json.loads(coded)["findings"]] == found


def test_a_picture_is_audited_by_its_content_not_its_name(capsys, tmp_path):
    file = tmp_path / "picture.json"
    file.write_bytes(DETAILS.binary_value)
    status, said, _ = answered(capsys, "audit", str(file))
    assert status == 0
    assert "declared" not in said
    assert leaks(said) == []


def test_the_content_is_shown_only_when_asked_for(capsys, badge):
    for more in ([], ["--json"]):
        _, said, _ = answered(capsys, "audit", str(badge), "--show-content", *more)
        assert json.dumps(DETAILS.raw_content.decode()) in said


def test_an_audit_advises_on_printing(capsys, badge, tmp_path):
    plot = tmp_path / "wrong.png"
    options = ["--dpi", "300", "--distance-mm", "120", "--trials", "20", "--plot", str(plot)]
    status, said, _ = answered(capsys, "audit", str(badge), *options)
    assert status == 0
    assert re.search(r"^Print it at least \d+\.\d mm wide \(300 dpi, read at 120 mm\): ", said, re.MULTILINE)
    assert qr.decode(cv2.imread(str(plot), 0)).outcome == "unread"


def test_a_picture_without_a_symbol_is_a_finding_and_draws_nothing(capsys, tmp_path):
    file, plot = tmp_path / "blank.png", tmp_path / "wrong.png"
    cv2.imwrite(str(file), np.full((200, 200), 255, np.uint8))
    status, said, errors = answered(capsys, "audit", str(file), "--plot", str(plot), "--dpi", "300")
    assert (status, errors) == (1, "")
    assert re.search(r"^[a-z-]+: ", said, re.MULTILINE)
    assert not plot.exists()


def test_a_photograph_is_audited_with_its_resource(capsys, badge, tmp_path):
    photo = tmp_path / "photo.png"
    photo.write_bytes(qr.make(DETAILS.raw_content, "L").picture("png", scale=4))
    status, said, errors = answered(capsys, "audit", str(photo), "--resource", str(badge))
    assert (status, errors) == (1, "")
    assert "version-mismatch: " in said
    assert "level-mismatch: level is declared h, and the picture's is l" in said
    assert leaks(said) == []


def test_an_audit_reads_standard_input(capsys, badge, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(badge.read_bytes())))
    status, said, _ = answered(capsys, "audit", "-")
    assert status == 0
    assert "No findings." in said


def test_an_audit_takes_no_endless_file(capsys, badge, monkeypatch):
    monkeypatch.setattr(qr.graph.resource, "MOST_CHARACTERS", 1000)
    assert answered(capsys, "audit", "/dev/zero")[:2] == (2, "")
    status, _, errors = answered(capsys, "audit", str(badge))
    assert status == 2
    assert re.search("at most 1,000 .* not 1,001$", errors.strip())


def test_digests_of_one_key_can_be_compared(capsys, badge):
    answers = [json.loads(answered(capsys, "audit", str(badge), "--json", "--key", key)[1]) for key in "aab"]
    one, same, other = (answer["declared"]["content"]["digest"] for answer in answers)
    assert one == same != other


def test_an_interrupt_is_one_line_too(capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(qr, "choose", interrupted)
    assert answered(capsys, "choose", *SMALL) == (130, "", "qrlab choose: interrupted\n")


def test_help_names_the_commands_and_the_scenarios(capsys):
    status, said, _ = answered(capsys, "--help")
    assert status == 0
    assert all(f"\n    {command} " in said for command in ("choose", "audit", "report", "decoders"))
    _, said, _ = answered(capsys, "choose", "--help")
    assert all(name in said for name in qr.SCENARIOS)


def test_what_cant_be_printed_has_dashes_for_numbers(capsys):
    few = ["--bytes", "400", "--print-mm", "12", "--dpi", "203", "--target", "0", *FEW]
    status, said, _ = answered(capsys, "choose", *few)
    assert status == 0
    (row,) = re.findall(r"^ +H +.*", said, re.MULTILINE)
    assert row.split()[2:4] == ["–", "–"]
    assert "nan" not in said


def test_decoders_are_listed_for_people_and_for_programs(capsys):
    status, said, _ = answered(capsys, "decoders")
    assert status == 0
    assert re.search(r"^zxing +zxing-cpp +\d", said, re.MULTILINE)
    _, said, _ = answered(capsys, "decoders", "--json")
    assert {row["name"] for row in json.loads(said)} == set(qr.decoders().name)


# --- what only a process of its own shows ---

COMMAND = [sys.executable, "-m", "qrlab", "choose", *SMALL, "--damage", "none"]


@pytest.fixture
def not_silenced(monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE")


@pytest.mark.usefixtures("not_silenced")
def test_there_is_no_bar_in_a_pipe():
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith("small-badge: ")


@pytest.mark.usefixtures("not_silenced")
def test_there_is_a_bar_on_a_terminal():
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            piece = os.read(ours, 1000)
        except OSError:  # the other end was closed
            break
        shown += piece
    assert process.wait() == 0
    assert b"reading" in shown
    assert b"%|" in shown


def test_a_closed_pipe_is_no_error():
    command = [sys.executable, "-m", "qrlab", "decoders"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141  # as a shell calls the end by that signal
