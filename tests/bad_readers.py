"""Readers that really crash, hang and raise, now and then; else they read as zxing does.

What they do depends on the picture alone, so that a run can be repeated.
"""

import ctypes
import importlib
import os
import signal
import tempfile
from pathlib import Path

import numpy as np

from qrlab.readers import load, node


def turn(image: np.ndarray, every: int = 5) -> bool:
    """Whether this picture makes a bad reader misbehave: one in so many."""
    return int(np.count_nonzero(image)) // 16 % every == 0


def reads(image):
    return load("zxing")(image)[0]


def crashes(image):
    if turn(image):
        os.kill(os.getpid(), signal.SIGSEGV)
    return reads(image)


def exits(image):
    if turn(image, 40):
        os._exit(1)
    return reads(image)


def hangs(image):
    if turn(image, 40):
        ctypes.PyDLL(None).sleep(600)  # never lets Python run again
    return reads(image)


def stalls(image):
    Path(tempfile.gettempdir(), "stalls").touch()
    ctypes.PyDLL(None).sleep(600)


LOOP = "--import=data:text/javascript,globalThis.Uint8ClampedArray=function(){for(;;);}"  # what jsQR makes


def hangs_in_node(image):
    if turn(image, 40):
        node._end()  # another one is begun, in which jsQR never comes to an end
        os.environ["NODE_OPTIONS"] = LOOP
        Path(tempfile.gettempdir(), "hangs").touch()
    return load("jsqr")(image)[0]


def hangs_in_java(image):
    read = load("zxing-java")
    if turn(image, 40):
        importlib.import_module("jpype").java.lang.Thread.sleep(600_000)
    return read(image)[0]


def raises(image):
    if turn(image):
        raise OverflowError("too much\nto read")
    return reads(image)


def quits(image):
    if turn(image):
        raise SystemExit(3)
    return reads(image)


def babbles(image):
    print("what a library prints must not get among the answers")
    os.write(1, b"nor this")
    return reads(image)


def gives_a_number(image):
    return 42


def misreads(image):
    return b"another content" if turn(image) else reads(image)


def tells_who_asked(image):
    return str(os.getppid()).encode()


def spoils(image):
    """Answers, and leaves behind what ends the process when the next picture is made."""
    if turn(image):
        from qrlab.scene import Scene

        Scene.trial = lambda *_: os._exit(1)
    return reads(image)
