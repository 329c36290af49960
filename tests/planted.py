"""A credential planted in tests, and what a grep looks for to see that none of it is shown."""

import base64
import re
from urllib.parse import quote

import qrlab as qr
from qrlab.graph import QrCodeImageDetails
from qrlab.pictures.pixels import rasterized

SECRET = (
    b"ms-qrpin:v1|planted.user@planted-tenant.example.net|44f2f040-ea9d|pLanted/S3cret+with=signs%and~more"
)
SYMBOL = qr.make(SECRET, "H")
DETAILS = QrCodeImageDetails.from_symbol(SYMBOL)


def forms(secret: bytes = SECRET) -> list[str]:
    """What a grep looks for: plain, percent, hexadecimal, base64 at each alignment; and parts of these."""
    parts = [secret, *(secret[k : k + 24] for k in range(0, len(secret) - 24, 8))]
    texts = []
    for part in parts:
        texts += [part.decode(), quote(part.decode()), quote(part.decode(), safe=""), part.hex()]
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + part).decode()
            texts += [coded[4:-4], coded[4:-4].replace("+", "-").replace("/", "_")]
    return [text for text in texts if len(text) > 12]


def leaks(text: str, secret: bytes = SECRET, picture: bytes | None = DETAILS.binary_value) -> list[str]:
    """What of a secret or of its picture stands in a text."""
    shown = [form for form in forms(secret) if form in text]
    if picture is not None:
        rects = picture.decode().split("><")
        shown += [rects[k] for k in (2, len(rects) // 2) if rects[k] in text]
        coded = base64.b64encode(picture).decode()
        shown += [coded[k : k + 60] for k in range(200, len(coded) - 60, 400) if coded[k : k + 60] in text]
    pictures = re.findall(r"data:image/[\w+]+;base64,([\w+/=\s]+)", text)
    return shown + ["a picture that reads" for data in pictures if _reads(base64.b64decode(data), secret)]


def _reads(data: bytes, secret: bytes) -> bool:
    try:
        image, _ = rasterized(data)
    except ValueError:
        return False
    return qr.decode(image).content == secret
