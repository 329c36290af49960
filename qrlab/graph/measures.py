"""The public names of qrlab.photos, which qrlab.graph has too."""

from qrlab.photos.measured import GRADES as GRADES
from qrlab.photos.measured import Measured as Measured
from qrlab.photos.measured import measure as measure
from qrlab.photos.pictures import PictureError as PictureError
