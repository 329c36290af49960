"""A sheet to print, photographs of it, and whether the simulation was right.

The modules stand in __init__.pyi; each is loaded when it is first asked for.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
