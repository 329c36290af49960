"""The node process in which readers written in JavaScript run: one a process, begun when one is first asked.

Frames go to js/worker.mjs and answers come back over its pipes.
"""

import atexit
import json
import os
import struct
import subprocess
import threading
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from qrlab.readers.reading import REASONS, CrashError, Found, Read

FOLDER = Path(__file__).with_name("js")
GET = f"install Node.js 20.19 or later, and: npm ci --prefix {FOLDER}"
_PIPE = 1 << 20  # bytes that a pipe holds, where that can be set: a frame travels in fewer pieces
_lock = threading.Lock()
_processes: dict[int, Any] = {}  # of the processes that began them: one that was forked begins its own


@lru_cache
def _there() -> None:
    try:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise ImportError("there is no node") from None
    if tuple(map(int, said.strip().lstrip("v").split(".")[:2])) < (20, 19):
        raise ImportError(f"node is too old, {said.strip()}")


@lru_cache
def version(package: str) -> str:
    """Of an installed package; ImportError where it, or node, is missing."""
    _there()
    try:
        about = (FOLDER / "node_modules" / package / "package.json").read_text(encoding="utf-8")
    except OSError:
        raise ImportError(f"there is no package {package}") from None
    return json.loads(about)["version"]


def load(name: str) -> Read:
    """A reader that worker.mjs knows by that name; its library is loaded there, too."""
    read = partial(_ask, name)
    read(np.zeros((0, 0), np.uint8))
    return read


def _ask(name: str, image: np.ndarray) -> Found:
    with _lock:
        process = _processes.get(os.getpid())
        if process is None or process.poll() is not None:
            _end()
            process = _processes[os.getpid()] = _begun()
        try:
            process.stdin.write(struct.pack("<16sII", name.ljust(16).encode(), *image.shape[::-1]))
            process.stdin.write(image.reshape(-1).data)
            process.stdin.flush()
            kind, length = struct.unpack("<cI", process.stdout.read(5))
            said = process.stdout.read(length)
        except (OSError, struct.error):
            status = process.wait()
            _end()
            raise CrashError(f"node ended with status {status}") from None
        except BaseException:  # an interrupt: half a frame, or an answer that nobody takes, is left behind
            _end()
            raise
    if kind == b"e":
        raise RuntimeError(said.decode(errors="replace"))
    why = said.decode(errors="replace")
    return (said, "") if kind == b"r" else (None, REASONS.get(why, why))


def _begun() -> Any:
    ends: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    ends["start_new_session"] = True  # an interrupt is for who asked
    process = subprocess.Popen(["node", FOLDER / "worker.mjs"], **ends)
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(process.stdin or 0, fcntl.F_SETPIPE_SZ, _PIPE)
    return process


@atexit.register
def _end() -> None:
    if process := _processes.pop(os.getpid(), None):
        process.kill()
        with process, suppress(OSError):  # which waits for it, and closes its pipes
            pass
