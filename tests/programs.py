"""Runs in processes of their own, to be killed, interrupted, and kept from writing."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from helpers import assert_same

import qrlab as qr
from qrlab.runner import CHUNK

ENDLESS = {"payload": 10, "damage": "codewords", "severity": [0.1, 0.2], "reader": ["zxing", "model"]}
PROGRAM = """
import json, os, resource, signal, sys, time
from pathlib import Path
import qrlab as qr
from qrlab.cache import Cache

signal.signal(signal.SIGINT, signal.default_int_handler)
design, options, writes, limit, meet = json.loads(sys.argv[1])
put, place = Cache.put, Path(os.environ["TMPDIR"])

def torn(self, values):
    global writes
    writes -= bool(values)
    if writes == -1:
        with self.file.open("a") as file:
            file.write("half a reco")
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, values)

if writes:
    Cache.put = torn
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
if meet:
    (place / f"here-{os.getpid()}").touch()
    while len(list(place.glob("here-*"))) < meet:
        time.sleep(0.01)
result = qr.run(design, **options)
(place / f"result-{os.getpid()}").write_text(result.drop(columns="seconds").to_csv())
"""


class Program:
    """A run in a process and a session of its own, its temporary files in a folder of their own.

    After so many writes to the cache it is killed in the midst of one (writes); it may not write files of
    more than so many bytes (limit), and waits till so many have begun (meet).
    """

    def __init__(self, folder: Path, design: dict, writes=0, limit=0, meet=0, **options) -> None:
        self.cache, self.temporary = folder / "cache", folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        options = {"trials": 20_000, "seed": 1, "jobs": 2, "cache": str(self.cache)} | options
        given = json.dumps([design, options, writes, limit, meet])
        environment = {"TMPDIR": str(self.temporary), "TQDM_DISABLE": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)  # where our bad readers are
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, given],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
            start_new_session=True,
        )

    def finished(self) -> int:
        """How many chunks of conditions the cache holds: its whole lines."""
        file = self.cache / "kept.txt"
        return file.read_text().count("\n") if file.exists() else 0

    def workers(self) -> list[int]:
        """Processes that it started and that still run: those of its session."""
        found = []
        for file in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, _, _, session = file.read_text().rpartition(")")[2].split()[:4]
                pid = int(file.parent.name)
                if int(session) == self.process.pid != pid and state != "Z":
                    found.append(pid)
        return found

    def send(self, sent: int) -> None:
        """An interrupt reaches its workers too, as one from a terminal does."""
        (os.killpg if sent == signal.SIGINT else os.kill)(self.process.pid, sent)

    def end(self) -> str:
        """Wait for its end: what it said on its standard error."""
        self.said = self.process.communicate(timeout=60)[1]
        return self.said

    def result(self) -> str:
        return (self.temporary / f"result-{self.process.pid}").read_text()


def assert_goes_on(cache: Path, chunks: int, asked: list[tuple]) -> None:
    """A run of ENDLESS reads only what is not among what the cache holds, so many chunks of conditions; its
    result is that of a run that nothing befell.
    """
    options = {"trials": CHUNK * (chunks // 4 + 3), "seed": 1, "jobs": 1}
    asked.clear()
    result = qr.run(ENDLESS, cache=cache, **options)
    assert len(asked) == len(set(asked)) == 4 * options["trials"] - CHUNK * chunks
    assert_same(result, qr.run(ENDLESS, **options))
