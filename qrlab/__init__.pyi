# ruff: noqa: I001  # in the order in which they are met
from .symbols import make as make
from .symbols import layout as layout
from .model import capability as capability
from .model import break_point as break_point
from .model import survival as survival
from .imaging import render as render
from .imaging import photograph as photograph
from .readers import decode as decode
from .readers import decoders as decoders
from .runner import run as run
from .runner import readings as readings
from .runner import shown as shown
from .choice import choose as choose
from .sheets.sheet import sheet as sheet
from .sheets.reading import photos as photos
from .explorer import explore as explore
from .readers import versions as versions

from .optics import Camera as Camera
from .choice import Choice as Choice
from .damage import Damage as Damage
from .symbols import Layout as Layout
from .symbols import Level as Level
from .scene import Mix as Mix
from .optics import Print as Print
from .readers import Reading as Reading
from .scenario import Scenario as Scenario
from .scene import Scene as Scene
from .symbols import Symbol as Symbol
from .scene import Wear as Wear

from .files import load as load
from .scenario import SCENARIOS as SCENARIOS

from . import breaking as breaking
from . import checks as checks
from . import damage as damage
from . import graph as graph
from . import model as model
from . import plots as plots
from . import readers as readers
from . import scene as scene
from . import sheets as sheets
from . import stats as stats
from . import study as study
from . import symbols as symbols

__version__: str
