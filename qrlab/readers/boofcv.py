"""BoofCV, in the release that pyboof brings, asked for its default QR code detector.

That default is its thorough setting.
"""

from functools import partial

import numpy as np

from qrlab.readers import java
from qrlab.readers.reading import NOTHING, REASONS, Decoder, Found, Read, installed

_jar = partial(java.library, "pyboof", "pyboof/PyBoof-all.jar")


def _version() -> str:
    _jar()
    return installed("pyboof")


def _load() -> Read:
    jpype = java.machine(_jar())
    jpype.JClass("boofcv.concurrency.BoofConcurrency").USE_CONCURRENT = False  # one thread a process
    gray = jpype.JClass("boofcv.struct.image.GrayU8")
    detector = jpype.JClass("boofcv.factory.fiducial.FactoryFiducial").qrcode(None, gray.class_)

    def read(image: np.ndarray) -> Found:
        picture = gray(image.shape[1], image.shape[0])
        picture.data = java.pixels(jpype, image)
        detector.process(picture)
        for found in detector.getDetections():
            return str(found.message), ""
        causes = [str(failure.failureCause) for failure in detector.getFailures()] or [NOTHING]
        cause = causes[0].lower().replace("_", " ")
        return None, REASONS.get(cause, cause)

    return read


_ABOUT = "BoofCV, by pyboof", "Apache-2.0", "Java and Android apps, robots"
DECODERS = {"boofcv": Decoder(*_ABOUT, _version, _load, java.GET)}
