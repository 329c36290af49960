"""Microsoft Graph's qrCodeImageDetails: the resource, and its audit.  A real one is a credential."""

from qrlab.graph.advice import Advice
from qrlab.graph.audits import NO_VERIFICATION, Audit, audit
from qrlab.graph.findings import FINDINGS, Finding
from qrlab.graph.resource import QrCodeImageDetails
from qrlab.photos.measured import GRADES, Measured, measure
from qrlab.photos.pictures import PictureError

__all__ = ["FINDINGS", "GRADES", "NO_VERIFICATION", "Advice", "Audit", "Finding", "Measured", "PictureError"]
__all__ += ["QrCodeImageDetails", "audit", "measure"]
