"""jsQR, which web pages ask by `jsQR(data, width, height)`: dark on light, and then light on dark.

That default is its thorough setting.  jsqr-quick has its inversionAttempts at dontInvert, as video is read.
Habits: a call's options become the next call's defaults, so each is asked in full; it hands over the very
bytes; it gives no reason for what it doesn't read.
"""

from functools import partial

from qrlab.readers import node
from qrlab.readers.reading import Decoder

_ABOUT = "jsQR", "Apache-2.0", "web pages, four million downloads a week", partial(node.version, "jsqr")
DECODERS = {name: Decoder(*_ABOUT, partial(node.load, name), node.GET) for name in ("jsqr", "jsqr-quick")}
