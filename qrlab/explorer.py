"""An explorer for JupyterLab: turn the controls, and see what is left of a symbol.

`State` and `View`, the exact model's answer, know no widget.  Readers answer after it, in their own thread.
"""

import html
import io
import os
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import ipywidgets as widgets
import numpy as np
from PIL import Image

from qrlab.checks import integer, number, one_of
from qrlab.damage import MODELS
from qrlab.model import break_point
from qrlab.placement import layout
from qrlab.plots import words
from qrlab.readers import DECODERS, decode, unavailable
from qrlab.report import STILL
from qrlab.standard import VERSIONS, Level
from qrlab.symbols import Symbol, make

QUIET_ZONE = 4
# Light and dark, as printed; in a wrong codeword that is corrected; in a lost block; a wrong module; black.
SHADES = ("#ffffff", "#b8bcc2", "#ffe2b8", "#d99a2b", "#cfe0f5", "#5d8fc9", "#8b0016", "#000000")
_KEY = {"wrong modules": 6, "the rest of codewords that can be corrected": 3, "lost blocks": 5}
_WORKER = ThreadPoolExecutor(1, "qrlab-explorer")  # one reader at a time, beside the moves


@dataclass(frozen=True)
class State:
    """What the controls say; ValueError for what is not possible, the content apart, which `look` checks.

    version: 1 to 40, None: the smallest that fits; damage: a key of MODELS, drawn with seed; severity: share
    of the area, 0 to 1; print_width_mm: with the quiet zone."""

    content: str = "https://www.example.org/menu/table-12"
    level: Level | str = "M"
    version: int | None = None
    damage: str = "blot"
    severity: float = 0.1
    seed: int = 1
    print_width_mm: float = 25.0

    def __post_init__(self) -> None:
        if not isinstance(self.content, str):
            raise ValueError(f"content must be a str, not {type(self.content).__name__}")
        if self.version is not None:
            integer("version", self.version, 1, 40)
        object.__setattr__(self, "level", Level.parse(self.level))
        one_of("damage", self.damage, MODELS)
        number("severity", self.severity, 0, 1)
        integer("seed", self.seed, 0, 10**6)
        number("print_width_mm", self.print_width_mm, 1, 10_000)

    def look(self) -> "View":
        """What the model makes of it; ValueError, in one line, for content that is empty or doesn't fit."""
        if not self.content:
            raise ValueError("content must not be empty: type what the symbol is to say")
        symbol = make(self.content, self.level, version=self.version)
        paint, order = _order(self.damage, self.level, self.seed, symbol.size)
        reached, here = order <= self.severity, layout(symbol.version, symbol.level)
        wrong = reached if paint == "flip" else reached & (symbol.modules != (paint == "dark"))
        spoilt = np.isin(np.arange(len(here.block)), here.codeword[wrong])
        counts = np.bincount(here.block[spoilt], minlength=len(here.correctable))
        lost = counts > here.correctable
        shade = np.append(np.where(lost[here.block], 4, 2 * spoilt), 0)[here.codeword]  # -1: no codeword
        shades = np.where(wrong, 6, shade + symbol.modules)
        return View(self, symbol, wrong, counts, lost, shades, break_point(symbol, order, paint))


@lru_cache(maxsize=16)
def _order(kind: str, level: Level, seed: int, n: int) -> tuple[str, np.ndarray]:
    damage = MODELS[kind](seed, **({"level": level} if kind == "worst_codewords" else {}))
    return damage.paint, damage.order(n)


@dataclass(frozen=True, eq=False)
class View:
    """A damaged symbol.

    wrong: bool n×n, the wrong modules; counts: wrong codewords of each block; lost: bool per block; shades:
    int n×n, indices into SHADES; breaking_point: a severity, inf where it survives all of this damage."""

    state: State
    symbol: Symbol
    wrong: np.ndarray
    counts: np.ndarray
    lost: np.ndarray
    shades: np.ndarray
    breaking_point: float

    def read(self, reader: str) -> str:
        """A reader's answer, an outcome, to the damaged symbol drawn flawlessly."""
        return decode(self.symbol.modules ^ self.wrong, reader, self.symbol).outcome

    def picture(self, side_px: int = 400) -> bytes:
        """The symbol as a reader sees it, and beside it what is wrong, in SHADES: a PNG file."""
        seen = np.where(self.symbol.modules ^ self.wrong, len(SHADES) - 1, 0)
        image = np.hstack([np.pad(half, QUIET_ZONE) for half in (seen, self.shades)]).astype(np.uint8)
        px, out = max(1, side_px // len(image)), io.BytesIO()
        picture = Image.fromarray(image.repeat(px, axis=0).repeat(px, axis=1))
        picture.putpalette(bytes.fromhex("".join(SHADES).replace("#", "")))
        picture.save(out, "png", compress_level=1)
        return out.getvalue()

    def sentences(self) -> tuple[str, str, str]:
        """Its breaking point; what is wrong with it; its size."""
        symbol, width, n = self.symbol, self.state.print_width_mm, self.symbol.size
        here, fullest = layout(symbol.version, symbol.level), np.argmax(self.counts)
        at, lost = self.breaking_point, f"{self.lost.sum()} of {len(self.lost)} blocks lost"
        point = f"gives out at {at:.1%} of the area" if at < np.inf else "survives all of this damage"
        held = f"the fullest block has {self.counts[fullest]} of the {here.correctable[fullest]} it corrects"
        fate = lost if self.lost.any() else held
        found = f"At {self.state.severity:.1%}, {self.wrong.sum():,} modules and {self.counts.sum():,} of "
        size = f"{len(symbol.content):,} bytes, version {symbol.version}-{symbol.level}: {n} × {n} modules "
        size += f"of {width / (n + 2 * QUIET_ZONE):.2f} mm, {width:g} mm wide with the quiet zone."
        return f"Error correction {point}.", f"{found}{len(here.block):,} codewords are wrong: {fate}.", size

    def page(self) -> str:
        """The picture, its key and the sentences, as HTML."""
        point, found, size = self.sentences()
        spot = '<span style="background: {}; padding: 0 .7em; margin: 0 .4em 0 1em"></span>{}'
        key = "".join(spot.format(SHADES[k], text) for text, k in _KEY.items())
        alt = f"The damaged symbol as a reader sees it, and with what is wrong marked. {found}"
        image = f'<img alt="{alt}" src="data:image/png;base64,{b64encode(self.picture()).decode()}">'
        return f"{image}<div>{key}</div><p><b>{point}</b> {found}<br>{size}</p>"


class Explorer(widgets.VBox):
    """The widget; .view: what it shows, None for unusable content; .reading: the Future of the readers'
    answers to the last move.  Where QRLAB_STILL is set it shows itself as a picture."""

    def __init__(self, state: State) -> None:
        self._moves, self.view, left_out = 0, None, ("model", "boofcv")  # Java takes seconds to start
        self.readers = [name for name in DECODERS if name not in left_out and not unavailable(name)]
        style, wide = {"description_width": "8em"}, {"width": "38em", "max_width": "98%"}
        percent = {"max": 1, "step": 0.001, "readout_format": ".1%", "layout": wide, "style": style}
        versions = [("smallest that fits", None), *((str(version), version) for version in VERSIONS)]
        self.controls = {
            "content": widgets.Text(layout=wide),
            "level": widgets.Dropdown(options=list(Level)),
            "version": widgets.Dropdown(options=versions),
            "print_width_mm": widgets.BoundedFloatText(description="width, mm", min=1, max=10_000),
            "damage": widgets.Dropdown(options=[(words(kind), kind) for kind in MODELS]),
            "seed": widgets.BoundedIntText(max=10**6),
            "severity": widgets.FloatSlider(description="area reached", **percent),
        }
        for name, control in self.controls.items():
            control.description, control.style = control.description or name, style
            control.value = getattr(state, name)
            control.observe(self._moved, "value")
        self.mark = widgets.FloatSlider(description="breaking point", disabled=True, **percent)
        self.mark.style.handle_color = SHADES[6]
        self.go = widgets.Button(description="go to it", layout={"width": "6em"})
        self.go.on_click(lambda _: severity.set_trait("value", min(1, np.ceil(self.mark.value * 1e3) / 1e3)))
        self.shown, self.answers = widgets.HTML(), widgets.HTML()
        content, *others, severity = self.controls.values()
        rows = [others[:3], others[3:], [severity], [self.mark, self.go]]
        boxes = [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows]
        super().__init__([content, *boxes, self.shown, self.answers], _dom_classes=["qrlab-explorer"])
        self._moved()

    def _moved(self, change: object = None) -> None:
        self._moves += 1
        try:
            self.view = State(**{name: control.value for name, control in self.controls.items()}).look()
            self.shown.value = self.view.page()
        except ValueError as problem:
            self.view, self.shown.value = None, f'<p role="alert">{html.escape(str(problem))}</p>'
        point = self.view.breaking_point if self.view else np.inf
        self.mark.value, self.go.disabled = min(1, point), bool(np.isinf(point))
        self.mark.layout.visibility = "hidden" if self.go.disabled else "visible"
        self._answer({})
        self.reading = _WORKER.submit(self._read, self._moves, self.view)

    def _read(self, move: int, view: View | None) -> dict[str, str]:
        said = {}
        for reader in self.readers if view else ():
            said |= {reader: view.read(reader)} if move == self._moves else {}
            if move == self._moves:  # nothing has moved since
                self._answer(said)
        return said

    def _answer(self, said: dict[str, str]) -> None:
        each = ", ".join(f"<b>{reader}</b> {said.get(reader, '…')}" for reader in self.readers)
        self.answers.value = f"<p>Readers, of a flawless picture: {each}</p>" if self.view else ""

    def _repr_mimebundle_(self, **options) -> dict:
        still = {"text/plain": "The explorer: run this cell in JupyterLab."}
        still |= {"image/png": b64encode(self.view.picture()).decode()} if self.view else {}
        return still if os.environ.get(STILL) else super()._repr_mimebundle_(**options) | still


def explore(content: str = State.content, level: Level | str = "M", **state) -> Explorer:
    """The explorer with its controls set; state: as for State, which raises ValueError."""
    return Explorer(State(content, level, **state))
