"""Many resources at once, whose they are, and how wide a scan shows them."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image
from planted import DETAILS, SECRET, leaks

import qrlab as qr
from qrlab.__main__ import main
from qrlab.graph import many
from qrlab.graph.resource import QrCodeImageDetails

ID = "5b1f0c2e-7d1c-4c56-a3f1-0d9d0a1f9b2c"
CONTENT = f"ms-qrpin:v1|amelie.dupont@example.onmicrosoft.com|{ID}|planted.secret".encode()
SOON = datetime.now(UTC) + timedelta(days=100, hours=1)


def document(level: str = "M", code_id: str = ID, end: datetime = SOON, content: bytes = CONTENT) -> dict:
    """A qrCode as Graph gives it."""
    image = json.loads(QrCodeImageDetails.from_symbol(qr.make(content, level)).to_json())
    return {"id": code_id, "expireDateTime": end.isoformat(), "image": image}


@pytest.fixture
def folder(tmp_path):
    """Five files: two resources in one, a picture, an expired one, a broken one; and one of another kind."""
    there = tmp_path / "codes"
    there.mkdir()
    (there / "a.json").write_text(json.dumps(document()))
    (there / "b.ndjson").write_text("\n".join(json.dumps(document(level)) for level in "LH"))
    (there / "c.json").write_text(json.dumps(document(end=datetime.now(UTC) - timedelta(days=3))))
    (there / "d.png").write_bytes(scan(600))
    (there / "e.json").write_text("{nothing")
    (there / "notes.md").write_text("of another kind")
    return there


def scan(dpi: int, said: int | None = None, px: int = 8) -> bytes:
    """A scan of a code, with so many pixels a module."""
    with io.BytesIO() as file:
        picture = qr.render(qr.make(b"a badge", "H").modules, px)
        Image.fromarray(picture).save(file, "PNG", **({"dpi": (dpi, dpi)} if said is None else {}))
        return file.getvalue()


def test_a_row_for_each_resource_and_picture(folder):
    table = many.audit_all(folder, jobs=1).set_index("name")
    names = ["a.json", "b.ndjson", "b.ndjson#2", "c.json", "d.png", "e.json"]
    assert list(table.index) == [str(folder / name) for name in names]
    table.index = names
    assert table.status.tolist() == [0, 0, 0, 1, 0, 2]
    assert table.level.tolist()[:4] == ["m", "l", "h", "m"]
    assert (table.level == table.declared_level)[:4].all()
    assert (table.version == table.declared_version)[:4].all()
    assert table.findings["c.json"] == "expired"
    assert table.days_left.tolist()[:4] == [100, 100, 100, -4]
    assert table.unused["a.json"] == 1
    read, asked = table.readers["a.json"].split(" of ")
    assert read == asked
    assert table.why_not["e.json"].startswith("document must be JSON")
    assert "user" not in table


def test_a_summary_is_last_and_one_bad_file_costs_one_row(folder, capsys, tmp_path):
    status = main(["audit", str(folder), "--csv", str(tmp_path / "o.csv"), "--cache", str(tmp_path / "kept")])
    said, errors = capsys.readouterr()
    assert status == 2
    assert errors == ""
    *rows, _, first, expired, worst = said.splitlines()
    assert [row.split(": ")[0].rpartition("/")[2] for row in rows] == ["c.json", "e.json"]
    assert first == "6 codes: 4 without findings, 1 with some, 0 that no reader reads, 1 that can't be used"
    assert expired == "1 × expired"
    assert worst.startswith("least unused error correction: 100%")
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 7


def test_no_content_is_in_rows_tables_caches_or_what_is_said(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(DETAILS.to_json())
    out, kept = tmp_path / "o.csv", tmp_path / "kept"
    main(["audit", str(tmp_path / "in"), "--csv", str(out), "--cache", str(kept), "--json"])
    written = [file.read_text() for file in (out, *kept.iterdir())]
    for text in (*written, *capsys.readouterr()):
        assert not leaks(text)
        assert SECRET.decode() not in text


def test_who_is_told_on_request_alone(folder, capsys, tmp_path):
    table = many.audit_all([folder / "a.json", folder / "d.png"], who=True, jobs=1, cache=tmp_path / "kept")
    assert table.user.tolist()[0] == "amelie.dupont@example.onmicrosoft.com"
    assert table.id_matches.tolist()[0] is True
    assert table.user.isna().tolist() == [False, True]
    assert not (tmp_path / "kept").exists()
    assert main(["audit", str(folder / "a.json"), "--who"]) == 0
    said = capsys.readouterr().out
    assert "user: amelie.dupont@example.onmicrosoft.com; the document's id is in the content" in said
    assert "planted.secret" not in said
    assert ID not in said
    main(["audit", str(folder / "a.json")])
    assert "amelie" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code_id", "matches"), [(ID, True), (ID.upper(), True), (ID[:-1] + "d", False), (None, None)]
)
def test_whether_the_id_is_the_one_in_the_content(code_id, matches):
    found = qr.graph.audit(document(code_id=code_id), readers=["zxing"])
    assert many.whose(found)["id_matches"] is matches
    assert ID not in repr(found)
    assert ID not in repr(vars(found))


def test_whose_a_code_is_that_is_not_graphs():
    assert many.whose(qr.graph.audit(document(content=b"https://www.example.org"), readers=["zxing"])) is None
    assert many.whose(qr.graph.audit(document(content=b"ms-qrpin:v1|no user"), readers=["zxing"])) is None


def test_of_a_sound_code_it_is_said_once_that_print_is_not_the_reason(folder, capsys):
    for file, times in (("a.json", 1), ("c.json", 0), ("d.png", 0)):
        main(["audit", str(folder / file)])
        assert capsys.readouterr().out.count("print is not the reason") == times


def test_an_interrupted_batch_goes_on(folder, tmp_path, monkeypatch):
    first = many.audit_all(folder, jobs=1, cache=tmp_path / "kept")
    monkeypatch.setattr(many, "_rows", None)
    again = many.audit_all(folder, jobs=1, cache=tmp_path / "kept")
    assert again.equals(first)


@pytest.mark.proof
def test_a_killed_batch_resumes(tmp_path):
    """Forty resources, the process killed once the first are kept; what was kept is not done again."""
    there, kept = tmp_path / "in", tmp_path / "kept" / "kept.txt"
    there.mkdir()
    for k in range(40):
        (there / f"{k:02}.json").write_text(json.dumps(document("LMQH"[k % 4], content=CONTENT + b"%d" % k)))
    command = [sys.executable, "-m", "qrlab", "audit", str(there), "--cache", str(kept.parent), "--json"]
    running = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not (kept.exists() and len(kept.read_text().splitlines()) > 3) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    before = kept.read_text().splitlines()
    assert 3 < len(before) < 40
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert len(json.loads(done.stdout)["rows"]) == 40
    assert done.returncode in (0, 1)  # some may have a higher level for nothing
    assert len({line[41:81] for line in kept.read_text().splitlines()}) == 40
    assert kept.read_text().splitlines()[: len(before)] == before


def test_a_scan_tells_the_printed_width(tmp_path, capsys):
    across = (21 + 8) * 8 / 600 * 25.4
    assert qr.graph.audit(scan(600), readers=["zxing"]).measured["width_mm"] == pytest.approx(
        across, abs=0.05
    )
    assert qr.graph.audit(scan(300, px=4), readers=["zxing"]).measured["width_mm"] == pytest.approx(
        across, abs=0.1
    )
    assert "width_mm" not in qr.graph.audit(scan(72), readers=["zxing"]).measured
    assert "width_mm" not in qr.graph.audit(DETAILS, readers=["zxing"]).measured
    given = qr.graph.audit(scan(600, 0), readers=["zxing"], scan_dpi=1200)
    assert given.measured["width_mm"] == pytest.approx(across / 2, abs=0.05)
    (tmp_path / "s.png").write_bytes(scan(600))
    assert main(["audit", str(tmp_path / "s.png"), "--meant-mm", "9.82"]) == 0
    assert "mm with its quiet zone, at 600 dpi" in capsys.readouterr().out
    assert main(["audit", str(tmp_path / "s.png"), "--meant-mm", "10.5"]) == 1
    assert "wrong-width: its printed width must be 10.5 mm, within 3%, not 9.8" in capsys.readouterr().out


@pytest.mark.parametrize(("setting", "value"), [("scan_dpi", 0.5), ("scan_dpi", "many"), ("meant_mm", 0)])
def test_bad_widths(setting, value):
    with pytest.raises(ValueError, match=f"{setting} must be a number from"):
        qr.graph.audit(np.zeros((9, 9), np.uint8), **{setting: value})


def test_what_can_not_be_audited_many_at_a_time(folder, tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    for words, said in (
        ([str(empty)], "files must be some, or folders of some"),
        ([str(folder), "--plot", "a.png"], "--plot must go with one file"),
        ([str(folder), "--show-content"], "--show-content must go with one file"),
        ([str(folder), "--meant-mm", "50"], "--meant-mm must go with one file"),
        ([str(folder), "--key", "k"], "--key must go with one file"),
        ([str(folder), "--csv", str(tmp_path / "nowhere" / "o.csv")], "--csv must be a file in a folder"),
        ([str(folder), "--readers", "nobody"], "readers, unless module:function, must be one of"),
    ):
        assert main(["audit", *words, "--cache", str(tmp_path / "kept")]) == 2
        assert said in capsys.readouterr().err.replace("--readers", "readers")


def test_files_that_can_not_be_read_have_their_row(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    table = many.audit_all([tmp_path / "nothing.json", tmp_path / "pipe"], jobs=1)
    assert table.status.tolist() == [2, 2]
    assert table.why_not.tolist() == ["it can't be read: No such file or directory",
                                      "it can't be read: it is no regular file"]  # fmt: skip
