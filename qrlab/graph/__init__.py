"""Microsoft Graph's qrCodeImageDetails, a credential, and its audit; __init__.pyi has the public names."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
