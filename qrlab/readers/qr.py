"""The package qr, which web pages ask by `decodeQR`: one pass, as for a frame of video.

qr-thorough tries all that it can without a limit of time, as it says for photographs.
Habits: it reads nothing that is mirrored; bytes that are no UTF-8 are marked with U+FFFD; its reason is what
stopped the last of its attempts.
"""

from functools import partial

from qrlab.readers import node
from qrlab.readers.reading import Decoder

_ABOUT = "qr (npm)", "MIT or Apache-2.0", "web pages", partial(node.version, "qr")
DECODERS = {name: Decoder(*_ABOUT, partial(node.load, name), node.GET) for name in ("qr", "qr-thorough")}
