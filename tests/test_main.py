"""The command line: one line and exit status 2 for bad input, tables for people, JSON for programs."""

import base64
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import until
from planted import DETAILS, leaks

import qrlab as qr
from qrlab.__main__ import main

SECRET = "https://id.example.org/?token=planted.secret"
FEW = ["--trials", "20", "--seed", "2"]
LICENSE = str(Path(__file__).parents[1] / "LICENSE")
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
    "an endless file": (("audit", "/dev/zero"), "file", "can't be read", "no regular file"),
    "a name of two lines": (("audit", "a\nb\x1b[1m"), "file", r"a\nb\x1b[1m", "No such"),
    "an argument of two lines": (("audit", __file__, "--a\nb"), r"--a\nb"),
    "an unknown command of two lines": (("a\nb",), r"a\nb", "choose"),
    "a plot of another kind": (("audit", __file__, "--plot", "x.xyz"), "--plot", ".png, .svg", "x.xyz"),
    "a plot in no folder": (("audit", __file__, "--plot", "no/x"), "--plot", "folder that is there", "no/x"),
    "a plot that is a version": (("audit", __file__, "--plot", "v1.2"), "--plot", ".png", "v1.2"),
    "a file of another kind": (("audit", LICENSE), "what", "JSON, an SVG, PNG, JPEG, PDF or another picture"),
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


def test_a_picture_without_a_symbol_is_status_3_and_draws_nothing(capsys, tmp_path):
    file, plot = tmp_path / "blank.png", tmp_path / "wrong.png"
    cv2.imwrite(str(file), np.full((200, 200), 255, np.uint8))
    status, said, errors = answered(capsys, "audit", str(file), "--plot", str(plot), "--dpi", "300")
    assert (status, errors) == (3, "")
    assert re.search(r"^image-unreadable: ", said, re.MULTILINE)
    assert f"did not write {plot}: " in said
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
    monkeypatch.setattr(qr.graph.documents, "MOST_CHARACTERS", 1000)
    status, _, errors = answered(capsys, "audit", str(badge))
    assert status == 2
    assert re.search("at most 1,000 .* not 1,001$", errors.strip())


def test_digests_of_one_key_can_be_compared(capsys, badge):
    answers = [json.loads(answered(capsys, "audit", str(badge), "--json", "--key", key)[1]) for key in "aab"]
    one, same, other = (answer["declared"]["content"]["digest"] for answer in answers)
    assert one == same != other


SEVERAL = [json.loads(DETAILS.to_json()), {"standardQRCode": {"image": None}}, {"id": "of another method"}]


def test_each_of_several_resources_is_audited(capsys, tmp_path):
    file = tmp_path / "several.json"
    file.write_text(json.dumps({"value": SEVERAL}))
    plot = tmp_path / "wrong"
    status, said, errors = answered(capsys, "audit", str(file), "--plot", str(plot), "--readers", "zxing")
    assert (status, errors) == (1, "")
    heads = [line for line in said.splitlines() if re.fullmatch(r"\d of \d", line)]
    assert heads == ["1 of 2", "2 of 2"]
    first, second = said.split("2 of 2")
    assert ("No findings." in first, "no-image: " in second) == (True, True)
    assert f"wrote {plot}-1.png" in first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["several.json", "wrong-1.png"]
    status, coded, _ = answered(capsys, "audit", str(file), "--json", "--readers", "zxing")
    assert status == 1
    assert [[found["code"] for found in one["findings"]] for one in json.loads(coded)] == [[], ["no-image"]]
    file.write_text("\n".join(json.dumps(SEVERAL[0]) for _ in range(3)))
    status, said, _ = answered(capsys, "audit", str(file), "--readers", "zxing")
    assert (status, said.count("No findings.")) == (0, 3)


def test_both_codes_of_a_method_are_audited_unless_one_is_asked_for(capsys, tmp_path):
    file = tmp_path / "method.json"
    other = replace(DETAILS, version=39)
    codes = {
        "standardQRCode": {"image": SEVERAL[0]},
        "temporaryQRCode": {"image": json.loads(other.to_json())},
    }
    file.write_text(json.dumps(codes))
    assert "2 of 2" in answered(capsys, "audit", str(file))[1]
    for code, status in (("standard", 0), ("temporary", 1)):
        assert answered(capsys, "audit", str(file), "--code", code)[0] == status


def test_a_list_of_one_is_an_object_still(capsys, tmp_path):
    file = tmp_path / "one.json"
    file.write_text(json.dumps([SEVERAL[0]]))
    assert [*json.loads(answered(capsys, "audit", str(file), "--json")[1])][:2] == ["declared", "measured"]


def test_a_picture_in_base64_is_a_picture_alone(capsys, tmp_path):
    file = tmp_path / "picture.txt"
    for data in (DETAILS.binary_value, qr.make(DETAILS.raw_content, "H").picture("png", scale=4)):
        file.write_bytes(base64.b64encode(data))
        status, said, _ = answered(capsys, "audit", str(file))
        assert status == 0
        assert "declared" not in said


def test_a_picture_that_cant_be_used_is_status_3(capsys, tmp_path):
    file = tmp_path / "picture.png"
    file.write_bytes(qr.make(b"x").picture("png")[:60])
    status, said, errors = answered(capsys, "audit", str(file))
    assert (status, said) == (3, "")
    assert re.fullmatch("qrlab audit: picture must be .+\n", errors)
    file.write_text(replace(DETAILS, binary_value=file.read_bytes()).to_json())
    assert answered(capsys, "audit", str(file))[0] == 1


def test_exit_statuses_are_documented(capsys):
    _, said, _ = answered(capsys, "audit", "--help")
    for status in (
        "0 nothing found",
        "1 findings",
        "2 the input",
        "3 a picture by itself",
        "130 interrupted",
    ):
        assert status in " ".join(said.split())


def test_a_key_comes_from_one_of_three_places(capsys, badge, monkeypatch, tmp_path):
    def digest(*more: str) -> str:
        return json.loads(answered(capsys, "audit", str(badge), "--json", "--readers", "zxing", *more)[1])[
            "declared"
        ]["content"]["digest"]

    file = tmp_path / "key"
    file.write_bytes(b"a secret key\r\n")
    by_option, by_file = digest("--key", "a secret key"), digest("--key-file", str(file))
    monkeypatch.setenv("QRLAB_KEY", "a secret key")
    assert by_option == by_file == digest()
    monkeypatch.setenv("QRLAB_KEY", "another")
    assert digest() != by_option
    for more in (["--key", "x"], ["--key-file", str(file)], ["--key", "x", "--key-file", str(file)]):
        status, said, errors = answered(capsys, "audit", str(badge), *more)
        assert (status, said) == (2, "")
        assert re.fullmatch(r"qrlab audit: --key must come once, .* comes [23] times\n", errors)
        assert "another" not in errors
    monkeypatch.setenv("QRLAB_KEY", "")
    status, _, errors = answered(capsys, "audit", str(badge))
    assert status == 2
    assert "key must be 1 to 64 bytes" in errors
    assert "QRLAB_KEY" in answered(capsys, "audit", "--help")[1]


@pytest.mark.parametrize(
    ("name", "written"), [("x", "x.png"), ("x.", "x.png"), ("x.svg", "x.svg"), ("X.PNG",) * 2]
)
def test_a_plot_is_written_where_it_says(capsys, badge, tmp_path, monkeypatch, name, written):
    monkeypatch.chdir(tmp_path)
    status, said, errors = answered(capsys, "audit", str(badge), "--plot", name, "--readers", "zxing")
    assert (status, errors) == (0, "")
    assert re.search(f"^wrote {written}$", said, re.MULTILINE)
    start = (tmp_path / written).read_bytes()[:300]
    assert (b"PNG" if written.lower().endswith("png") else b"<?xml") in start
    _, coded, _ = answered(capsys, "audit", str(badge), "--plot", name, "--readers", "zxing", "--json")
    assert json.loads(coded)["plot"] == written
    assert {path.name for path in tmp_path.iterdir()} == {"badge.json", written}


def test_the_name_of_a_plot_is_told_in_a_line(capsys, badge, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, said, _ = answered(capsys, "audit", str(badge), "--plot", "a\nb\x1b", "--readers", "zxing")
    assert r"wrote a\nb\x1b.png" in said


def test_a_fifo_is_refused_at_once(capsys, tmp_path, badge):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for more in ([str(fifo)], [str(badge), "--resource", str(fifo)], [str(badge), "--key-file", str(fifo)]):
        status, said, errors = answered(capsys, "audit", *more)
        assert (status, said) == (2, "")
        assert errors.endswith("can't be read: it is no regular file; - reads standard input\n")


def test_a_closed_standard_input_is_told(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    status, _, errors = answered(capsys, "audit", "-")
    assert (status, errors) == (2, "qrlab audit: argument file: - can't be read: it is closed\n")


def test_readers_are_chosen(capsys, badge):
    for asked, names in {
        "zxing": ["zxing"],
        "zbar,zxing": ["zbar", "zxing"],
        "default": ["zxing", "zbar"],
    }.items():
        _, coded, _ = answered(capsys, "audit", str(badge), "--json", "--readers", asked)
        assert [*json.loads(coded)["measured"]["readers"]] == names
    status, _, errors = answered(capsys, "audit", str(badge), "--readers", "zebra")
    assert status == 2
    assert all(part in errors for part in ("readers", "zxing", "all", "'zebra'"))


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


# --- interrupts ---

AUDIT = [sys.executable, "-m", "qrlab", "audit"]
SCRIPT = [sys.executable, str(Path(sys.executable).with_name("qrlab")), "audit"]


@pytest.fixture
def started():
    """Begins a command in a process group of its own, where interrupts are not ignored."""
    processes = []

    def start(*command: str) -> subprocess.Popen:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        ready = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
        processes.append(subprocess.Popen(command, start_new_session=True, preexec_fn=ready, **pipes))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def loaded(process: subprocess.Popen, library: str) -> bool:
    """Has it begun to load a library, or is it past its end?"""
    maps = Path(f"/proc/{process.pid}/maps")
    return process.poll() is not None or library in maps.read_text()


def children(process: subprocess.Popen) -> list[str]:
    """Processes that any of its threads began."""
    assert process.poll() is None, process.communicate()
    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [pid for task in tasks for pid in task.read_text().split()]


def interrupted(
    process: subprocess.Popen, *, group: bool = False, times: int = 1
) -> tuple[int, bytes, bytes]:
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT) if group else process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=30)
    return process.returncode, said, errors


ENDED = (130, b"", b"qrlab audit: interrupted\n")
needs_proc = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")


@needs_proc
@pytest.mark.parametrize("command", [AUDIT, SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize("library", ["_json", "numpy", "pandas", "cv2"])
def test_an_interrupt_while_it_loads_is_one_line(started, badge, command, library):
    process = started(*command, str(badge))
    until(lambda: loaded(process, library))
    assert interrupted(process, times=2) == ENDED


@needs_proc
@pytest.mark.parametrize("group", [True, False])
def test_an_interrupt_while_it_waits_for_standard_input_is_one_line(started, group):
    process = started(*AUDIT, "-")
    until(lambda: loaded(process, "_json"))
    time.sleep(0.3)
    assert interrupted(process, group=group, times=2) == ENDED


@needs_proc
@pytest.mark.parametrize("command", [AUDIT, SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize("later", [0, 0.5, 2.5])  # as workers begin, and as they work
def test_an_interrupt_while_workers_run_is_one_line(started, badge, command, later):
    process = started(*command, str(badge), "--dpi", "300", "--trials", "5000", "--readers", "zxing")
    until(lambda: len(children(process)) >= 2)
    time.sleep(later)
    workers = children(process)
    assert interrupted(process, group=True, times=2) == ENDED
    until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers))


@needs_proc
def test_an_ignored_interrupt_stays_ignored(started, badge):
    command = f"trap '' INT; exec {' '.join(AUDIT)} {badge} --readers zxing"
    process = started("/bin/sh", "-c", command)
    until(lambda: loaded(process, "numpy"))
    status, said, errors = interrupted(process)
    assert (status, errors) == (0, b"")
    assert b"No findings." in said


def test_the_package_alone_leaves_interrupts_as_they_are():
    code = "from signal import *; import qrlab.__main__; print(getsignal(SIGINT) is default_int_handler)"
    for words in ([], ["qrlab"], ["audit"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
        )
        assert done.stdout == "True\n"
