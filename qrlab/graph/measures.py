"""The public names of qrlab.pictures, which qrlab.graph has too."""

from qrlab.pictures.measured import GRADES as GRADES
from qrlab.pictures.measured import Measured as Measured
from qrlab.pictures.measured import measure as measure
from qrlab.pictures.pixels import PictureError as PictureError
