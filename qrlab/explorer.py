"""An explorer for JupyterLab: turn the controls, and see what is left of a symbol.

`View`, the exact model's answer, knows no widget.  Readers answer after it, in their own thread.
"""

import html
import io
import os
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from qrlab.checks import integer, number, one_of
from qrlab.damage import MODELS, painted
from qrlab.files import STILL
from qrlab.model import break_point, judge
from qrlab.placement import layout
from qrlab.readers import DECODERS, decode, unavailable
from qrlab.standard import VERSIONS, Level
from qrlab.symbols import make

QUIET_ZONE = 4
# Light and dark, as printed; in a wrong codeword that is corrected; in a lost block; a wrong module; black.
SHADES = ("#ffffff", "#b8bcc2", "#ffe2b8", "#d99a2b", "#cfe0f5", "#5d8fc9", "#8b0016", "#000000")
_KEY = {"wrong modules": 6, "the rest of codewords that can be corrected": 3, "lost blocks": 5}
_WORKER = ThreadPoolExecutor(1, "qrlab-explorer")  # one reader at a time, beside the moves


@dataclass(eq=False)
class View:
    """A damaged symbol as the controls say; ValueError, in one line, for what is not possible.

    version: 1 to 40, None: the smallest that fits; damage: a key of MODELS, drawn with seed (0 to 10⁶);
    severity: share of the area, 0 to 1; print_width_mm: with the quiet zone, 1 to 10,000.  Made of that:
    symbol; wrong: bool n×n, its wrong modules; judged: what they do to codewords and blocks; breaking_point:
    a severity, inf where it survives all of this damage.
    """

    content: str
    level: Level | str
    version: int | None = None
    damage: str = "blot"
    severity: float = 0.1
    seed: int = 1
    print_width_mm: float = 25.0

    def __post_init__(self) -> None:
        one_of("damage", self.damage, MODELS)
        number("severity", self.severity, 0, 1)
        integer("seed", self.seed, 0, 10**6)
        number("print_width_mm", self.print_width_mm, 1, 10_000)
        if not self.content:
            raise ValueError("content must not be empty: type what the symbol is to say")
        self.symbol = symbol = make(self.content, self.level, version=self.version)
        extra = {"level": symbol.level} if self.damage == "worst_codewords" else {}
        damage = MODELS[self.damage](self.seed, **extra)
        order = damage.order(symbol.size)
        self.wrong = painted(symbol.modules, order <= self.severity, damage.paint) != symbol.modules
        self.judged = judge(symbol, self.wrong)
        self.breaking_point = float(break_point(symbol, order, damage.paint))

    def shades(self) -> np.ndarray:
        """int n×n, indices into SHADES: what is wrong with each module."""
        here = layout(self.symbol.version, self.symbol.level)
        fate = np.where(self.judged.lost[here.block], 4, 2 * self.judged.codewords)
        return np.where(self.wrong, 6, np.append(fate, 0)[here.codeword] + self.symbol.modules)  # -1: the 0

    def read(self, reader: str) -> str:
        """A reader's answer, an outcome, to the damaged symbol drawn flawlessly."""
        return decode(self.symbol.modules ^ self.wrong, reader, self.symbol).outcome

    def picture(self, side_px: int = 400) -> bytes:
        """The symbol as a reader sees it, and beside it what is wrong, in SHADES: a PNG file."""
        seen = np.where(self.symbol.modules ^ self.wrong, len(SHADES) - 1, 0)
        image = np.hstack([np.pad(half, QUIET_ZONE) for half in (seen, self.shades())]).astype(np.uint8)
        px, out = max(1, side_px // len(image)), io.BytesIO()
        picture = Image.fromarray(image.repeat(px, axis=0).repeat(px, axis=1))
        picture.putpalette(bytes.fromhex("".join(SHADES).replace("#", "")))
        picture.save(out, "png", compress_level=1)
        return out.getvalue()

    def sentences(self) -> tuple[str, str, str]:
        """Its breaking point; what is wrong with it; its size."""
        symbol, counts, lost = self.symbol, self.judged.counts, self.judged.lost
        here, fullest = layout(symbol.version, symbol.level), np.argmax(counts)
        at, width, n = self.breaking_point, self.print_width_mm, symbol.size
        point = f"gives out at {at:.1%} of the area" if at < np.inf else "survives all of this damage"
        held = f"the fullest block has {counts[fullest]} of the {here.correctable[fullest]} it corrects"
        fate = f"{lost.sum()} of {len(lost)} blocks lost" if lost.any() else held
        found = f"At {self.severity:.1%}, {self.wrong.sum():,} modules and {counts.sum():,} of "
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


class Explorer:
    """The widget, .box; .view: what it shows, None for unusable content; .reading: the Future of the
    readers' answers to the last move.  Where QRLAB_STILL is set it shows itself as a picture."""

    def __init__(self, content: str, start: View) -> None:
        import ipywidgets as widgets  # comes with the notebooks' extra

        self.view: View | None = start
        self._moves = 0
        slow = ("model", "boofcv")  # no reader; Java takes seconds to start
        self.readers = [name for name in DECODERS if name not in slow and not unavailable(name)]
        style, wide = {"description_width": "8em"}, {"width": "38em", "max_width": "98%"}
        percent = {"max": 1, "step": 0.001, "readout_format": ".1%", "layout": wide, "style": style}
        versions = [("smallest that fits", None), *((str(version), version) for version in VERSIONS)]
        self.controls: dict[str, Any] = {
            "content": widgets.Text(layout=wide),
            "level": widgets.Dropdown(options=list(Level)),
            "version": widgets.Dropdown(options=versions),
            "print_width_mm": widgets.BoundedFloatText(description="width, mm", min=1, max=10_000),
            "damage": widgets.Dropdown(options=[(kind.replace("_", " "), kind) for kind in MODELS]),
            "seed": widgets.BoundedIntText(max=10**6),
            "severity": widgets.FloatSlider(description="area reached", **percent),
        }
        for name, control in self.controls.items():
            control.description, control.style = control.description or name, style
            control.value = content if name == "content" else getattr(start, name)
            control.observe(self._moved, "value")
        self.mark = widgets.FloatSlider(description="breaking point", disabled=True, **percent)
        self.mark.style.handle_color = SHADES[6]
        self.go = widgets.Button(description="go to it", layout={"width": "6em"})
        first, *others, last = self.controls.values()
        self.go.on_click(lambda _: last.set_trait("value", min(1, np.ceil(self.mark.value * 1e3) / 1e3)))
        self.shown, self.answers = widgets.HTML(), widgets.HTML()
        rows = [others[:3], others[3:], [last], [self.mark, self.go]]
        boxes = [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows]
        self.box = widgets.VBox([first, *boxes, self.shown, self.answers])
        self.box.add_class("qrlab-explorer")
        self._moved()

    def _moved(self, _: object = None) -> None:
        self._moves += 1
        try:
            self.view = View(**{name: control.value for name, control in self.controls.items()})
            self.shown.value = self.view.page()
        except ValueError as problem:
            self.view, self.shown.value = None, f'<p role="alert">{html.escape(str(problem))}</p>'
        point = self.view.breaking_point if self.view else np.inf
        self.mark.value, self.go.disabled = min(1, point), bool(np.isinf(point))
        self.mark.layout.visibility = "hidden" if self.go.disabled else "visible"
        self._answer({})
        self.reading = _WORKER.submit(self._read, self._moves, self.view)

    def _read(self, move: int, view: View | None) -> dict[str, str]:
        """The readers' answers one by one, as long as nothing has moved since."""
        said: dict[str, str] = {}
        for reader in self.readers:
            if view and move == self._moves:
                said[reader] = view.read(reader)
            if view and move == self._moves:  # still
                self._answer(said)
        return said

    def _answer(self, said: dict[str, str]) -> None:
        each = ", ".join(f"<b>{reader}</b> {said.get(reader, '…')}" for reader in self.readers)
        self.answers.value = f"<p>Readers, of a flawless picture: {each}</p>" if self.view else ""

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        still = {"text/plain": "The explorer: run this cell in JupyterLab."}
        if self.view:
            still["image/png"] = b64encode(self.view.picture()).decode()
        return still if os.environ.get(STILL) else self.box._repr_mimebundle_(**options) | still


def explore(
    content: str = "https://www.example.org/menu/table-12", level: Level | str = "M", **others: Any
) -> Explorer:
    """The explorer with its controls set: others by name, as for View, which raises ValueError."""
    if not isinstance(content, str):
        raise ValueError(f"content must be a str, not {type(content).__name__}")
    return Explorer(content, View("A", Level.parse(level), **others))
