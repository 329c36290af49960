"""An explorer for JupyterLab: turn the controls, and see what is left of a symbol; `View` has no widget."""

import html
import os
from base64 import b64encode
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np

from qrlab.checks import in_ranges, of_type, one_of
from qrlab.damage import MODELS
from qrlab.files import STILL
from qrlab.model import break_point, judge
from qrlab.readers import decode, unavailable
from qrlab.symbols import VERSIONS, Level, layout, make

QUIET_ZONE = 4
# Light and dark, as printed; in a wrong codeword that is corrected; in a lost block; a wrong module; black.
SHADES = ("#ffffff", "#b8bcc2", "#ffe2b8", "#d99a2b", "#cfe0f5", "#5d8fc9", "#8b0016", "#000000")
PALETTE = np.array([bytearray.fromhex(shade[1:])[::-1] for shade in SHADES], np.uint8)  # as OpenCV has it
PAGE = Path(__file__).with_name("page").joinpath("explorer.html").read_text(encoding="utf-8")
# Of the page without Python.
CONTENTS = ("https://www.example.org/menu/table-12", "https://www.example.org/badge?id=" + 20 * "0123a")
KINDS = ("blot", "scratch", "stain", "speckle", "edge_wear", "logo")
# Readers that keep up with a slider.
READERS = ("zxing", "zxing-pure", "zbar", "opencv", "opencv-aruco", "quirc", "qrdec")


@dataclass(eq=False)
class View:
    """A damaged symbol as the controls say; ValueError for what is not possible.
    version: None: the smallest that fits; damage: a key of MODELS; severity: share of the area, 0 to 1;
    print_width_mm: with the quiet zone.  Made of that: symbol; damaged, wrong (bool n×n): its modules, and
    which changed; judged; breaking_point: a severity, inf where it survives all."""

    content: str = field(repr=False)  # it may be a secret
    level: Level | str
    version: int | None = None
    damage: str = "blot"
    severity: float = 0.1
    seed: Annotated[int, (0, 10**6)] = 1
    print_width_mm: Annotated[float, (1, 10_000)] = 25.0

    def __post_init__(self) -> None:
        one_of("damage", self.damage, MODELS)
        in_ranges(self)
        self.symbol = symbol = make(self.content, self.level, version=self.version)
        extra = {"level": symbol.level} if self.damage == "worst_codewords" else {}
        damage = MODELS[self.damage](self.seed, **extra)
        self.damaged = damage.apply(symbol.modules, self.severity)
        self.wrong = self.damaged != symbol.modules
        self.judged = judge(symbol, self.wrong)
        self.breaking_point = float(break_point(symbol, damage.order(symbol.size), damage.paint))

    def shades(self) -> np.ndarray:
        """int n×n, indices into SHADES: what is wrong with each module."""
        here = layout(self.symbol.version, self.symbol.level)
        fate = np.where(self.judged.lost[here.block], 4, 2 * self.judged.codewords)
        return np.where(self.wrong, 6, np.append(fate, 0)[here.codeword] + self.symbol.modules)  # -1: the 0

    def picture(self) -> bytes:
        """The symbol as a reader sees it, and beside it what is wrong, in SHADES: a PNG file."""
        halves = [np.pad(half, QUIET_ZONE) for half in (7 * self.damaged, self.shades())]
        px = max(1, 400 // len(halves[0]))
        image = PALETTE[np.hstack(halves)].repeat(px, axis=0).repeat(px, axis=1)
        return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 6])[1].tobytes()

    def sentences(self) -> tuple[str, str, str]:
        """Its breaking point; what is wrong with it; its size."""
        at, (codewords, counts, lost), symbol = self.breaking_point, self.judged, self.symbol
        point = f"gives out at {at:.1%} of the area" if at < np.inf else "survives all of this damage"
        limit = layout(symbol.version, symbol.level).correctable[0]  # the same in every block
        held = f"the fullest block has {counts.max()} of the {limit} it corrects"
        fate = f"{lost.sum()} of {len(lost)} blocks lost" if lost.any() else held
        found = f"At {self.severity:.1%}, {self.wrong.sum():,} modules and {codewords.sum():,} of "
        n, width = symbol.size, self.print_width_mm
        size = f"{len(symbol.content):,} bytes, version {symbol.version}-{symbol.level}: {n} × {n} modules "
        size += f"of {width / (n + 2 * QUIET_ZONE):.2f} mm, {width:g} mm wide with the quiet zone."
        return f"Error correction {point}.", f"{found}{len(codewords):,} codewords are wrong: {fate}.", size


def exported(seed: int = 1) -> list[dict[str, Any]]:
    """What a page without Python needs for CONTENTS, KINDS and every level: modules (0 and 1), each one's
    codeword (-1: none), each codeword's block, and of each kind of damage each module's severity, in
    thousandths rounded up, the paint, and the breaking point, in thousandths, None where all is survived."""
    found = []
    for content, level in product(CONTENTS, Level):
        symbol, damages = make(content, level), {}
        for kind in KINDS:
            damage = MODELS[kind](seed)
            order = damage.order(symbol.size)
            point = 1000 * float(break_point(symbol, order, damage.paint))
            steps = np.ceil(np.minimum(1000 * order, 1001) - 1e-9).astype(int).ravel().tolist()
            breaks = point if point < np.inf else None
            damages[kind] = {"order": steps, "paint": damage.paint, "breaks": breaks}
        here = layout(symbol.version, level)
        said = {"content": content, "level": level, "version": symbol.version, "size": symbol.size}
        said |= {"modules": symbol.modules.astype(int).ravel().tolist(), "damages": damages}
        said |= {"codeword": here.codeword.ravel().tolist(), "block": here.block.tolist()}
        found.append(said | {"correctable": int(here.correctable[0])})
    return found


class Explorer:
    """The widget, .box; .view: what it shows, None for unusable content; .reading: each reader's outcome.
    Where QRLAB_STILL is set it shows itself as a picture."""

    def __init__(self, content: str, start: View) -> None:
        import ipywidgets as widgets  # comes with the notebooks' extra

        self.readers = [name for name in READERS if not unavailable(name)]
        style, wide = {"description_width": "8em"}, {"width": "38em", "max_width": "98%"}
        percent = {"max": 1, "step": 0.001, "readout_format": ".1%", "layout": wide, "style": style}
        versions = [("smallest that fits", None), *zip(map(str, VERSIONS), VERSIONS)]
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
        self.shown = widgets.HTML()
        rows = [others[:3], others[3:], [last], [self.mark, self.go]]
        boxes = [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows]
        self.box = widgets.VBox([first, *boxes, self.shown]).add_class("qrlab-explorer")
        self._moved()

    def _moved(self, _: object = None) -> None:
        self.view, point = None, np.inf
        self.reading: dict[str, str] = {}
        try:
            self.view = view = View(**{name: control.value for name, control in self.controls.items()})
        except ValueError as problem:
            self.shown.value = f'<p role="alert">{html.escape(str(problem))}</p>'
        else:
            self.reading = {name: decode(view.damaged, name, view.symbol).outcome for name in self.readers}
            readers = ", ".join(f"<b>{name}</b> {outcome}" for name, outcome in self.reading.items())
            png, point = b64encode(view.picture()).decode(), view.breaking_point
            self.shown.value = PAGE.format(*view.sentences(), png=png, shades=SHADES, readers=readers)
        self.mark.value, self.go.disabled = min(1, point), bool(np.isinf(point))
        self.mark.layout.visibility = "hidden" if self.go.disabled else "visible"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        still = {"image/png": b64encode(self.view.picture()).decode()} if self.view else {}
        still["text/plain"] = "The explorer: run this cell in JupyterLab."
        return still if os.environ.get(STILL) else self.box._repr_mimebundle_(**options) | still


def explore(
    content: str = "https://www.example.org/menu/table-12", level: Level | str = "M", **others: Any
) -> Explorer:
    """The explorer with its controls set: others by name, as for View, which raises ValueError."""
    return Explorer(of_type("content", content, str), View("A", Level.parse(level), **others))
