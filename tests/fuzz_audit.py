"""Audits so many mutated inputs, 5,000 unless another number is given: no traceback, no status but 0 to 3.

python tests/fuzz_audit.py [number] [seed]
"""

import contextlib
import io
import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import qrlab as qr
from qrlab.__main__ import main
from qrlab.graph import QrCodeImageDetails


def seeds() -> list[bytes]:
    """Pictures of every kind, and a resource in the forms in which people have it."""
    symbol = qr.make("https://www.example.org/fuzz?id=0123456789", "Q")
    details = QrCodeImageDetails.from_symbol(symbol)
    plain = json.loads(details.to_json())
    grey = Image.fromarray(qr.render(symbol.modules, 4))
    photo = qr.photograph(symbol, qr.Print(40, 600), qr.Camera.at(200, tilt_deg=20), 1)
    found = [
        bytes(details.binary_value),
        symbol.picture("svg", scale=3),
        cv2.imencode(".jpg", photo)[1].tobytes(),
    ]
    for kind in ("png", "jpeg", "webp", "gif", "bmp", "tiff", "pdf"):
        grey.save(out := io.BytesIO(), kind)
        found.append(out.getvalue())
    code = {
        "@odata.type": "#microsoft.graph.qrCode",
        "expireDateTime": "2027-11-27T12:00:00Z",
        "image": plain,
    }
    method = {"standardQRCode": code, "temporaryQRCode": None, "pin": {"code": "12345678"}}
    arrays = plain | {"binaryValue": list(details.binary_value), "errorCorrectionLevel": 2}
    batch = {
        "responses": [{"id": "1", "status": 201, "body": method}, {"id": "2", "status": 403, "body": {}}]
    }
    found += [
        json.dumps(form).encode()
        for form in (plain, code, method, arrays, batch, {"value": [method]}, [code])
    ]
    found += [
        json.dumps(code).encode() + b"\n" + json.dumps(method).encode(),
        json.dumps(plain).encode("utf-16"),
    ]
    return found


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """With some bytes changed, pieces left out, doubled or moved, or the end cut off."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 8))):
        start, length = int(rng.integers(len(changed))), int(rng.integers(1, 40))
        piece = bytes(changed[start : start + length])
        way = rng.integers(6)
        if way == 0:
            changed[start] = rng.integers(256)
        elif way == 1:
            changed[start : start + length] = b""
        elif way == 2:
            changed[start:start] = piece * int(rng.integers(1, 20))
        elif way == 3:
            changed[start : start + length] = rng.bytes(length)
        elif way == 4:
            at = int(rng.integers(len(changed)))
            changed[at:at] = piece
        elif rng.random() < 0.2:
            del changed[start:]
        changed = changed or bytearray(b"x")
    return bytes(changed)


def audited(numbers: range, seed: int) -> list[tuple[int, int | str, float, int]]:
    """Of each input: its number, exit status or exception, seconds, and the process's most MB so far."""
    rows, every = [], seeds()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "input"
        for number in numbers:
            rng = np.random.default_rng([seed, number])
            file.write_bytes(mutated(every[number % len(every)], rng))
            began, said = time.perf_counter(), io.StringIO()
            try:
                with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                    status: int | str = main(["audit", str(file)])
            except SystemExit as ended:
                status = int(ended.code or 0)
            except BaseException as problem:
                status = f"{type(problem).__name__}: {problem}"[:200]
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            rows.append((number, status, time.perf_counter() - began, most))
    return rows


if __name__ == "__main__":
    count, seed = (int(given) for given in [*sys.argv[1:], *["5000", "1"][len(sys.argv) - 1 :]])
    chunks = [range(k, min(k + 50, count)) for k in range(0, count, 50)]
    with ProcessPoolExecutor(2) as pool:
        rows = [row for part in pool.map(audited, chunks, [seed] * len(chunks)) for row in part]
    statuses = {
        status: sum(row[1] == status for row in rows) for status in dict.fromkeys(row[1] for row in rows)
    }
    slowest = max(rows, key=lambda row: row[2])
    print(f"{len(rows):,} inputs, statuses {statuses}")
    print(f"slowest {slowest[2]:.1f} s (input {slowest[0]}), most memory {max(row[3] for row in rows)} MB")
    sys.exit(any(status not in (0, 1, 2, 3) for status in statuses))
