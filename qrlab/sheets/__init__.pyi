from . import camera as camera
from . import contact as contact
from . import photos as photos
from . import places as places
from . import plan as plan
from . import prediction as prediction
from . import reading as reading
from . import sheet as sheet
