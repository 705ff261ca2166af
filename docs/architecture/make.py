"""Draws ``layers.svg``, the stack of packages in ``service/``, from import-linter's contracts in ``pyproject.toml``.

``make docs`` after a change of the contracts or of a package's docstring, whose first
words stand under its name; ``tests/unit/test_layers_picture.py`` fails while the picture is stale.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

HOME = Path(__file__).resolve().parents[2]
PICTURE = Path(__file__).with_name("layers.svg")

WIDTH, MARGIN, GAP = 1200, 24, 12
HEAD, ROW, LINE = 64, 66, 22
LETTER = 6.4
"""About the width of a letter of the small type."""
COLOURS = {"people": ("#e6f4ea", "#2e7d4f"), "processes": ("#e8f0fb", "#2a5ea8"), "": ("#f6f6f4", "#6b6b66")}
"""The fill and the line of a package: on the people side, on the side of the processes, on neither."""


def main() -> None:
    PICTURE.write_text(drawn())


def drawn() -> str:
    """The picture as SVG text."""
    contracts = tomllib.loads((HOME / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    by_id = {one["id"]: one for one in contracts}
    layers = [_packages(line) for line in by_id["house"]["layers"]]
    sides = {_last(one): "people" for one in by_id["sides"]["source_modules"]}
    sides |= {_last(one): "processes" for one in by_id["sides"]["forbidden_modules"]}
    bottom = HEAD + len(layers) * ROW
    height = bottom + (len(contracts) + 2) * LINE + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        "<title>The layers of service/</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        _text(MARGIN, 30, "service/ : a line imports only the lines below it", size=18, weight="bold"),
        _text(
            MARGIN, 50, "Packages side by side do not import each other. 上面的可以引用下面的，反过来不行。", size=12
        ),
    ]
    for number, layer in enumerate(layers):
        parts += _row(layer, HEAD + number * ROW, sides)
    parts += _legend(bottom + LINE, contracts)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _row(layer: Sequence[str], top: int, sides: Mapping[str, str]) -> Iterator[str]:
    wide = (WIDTH - 2 * MARGIN - (len(layer) - 1) * GAP) / len(layer)
    for place, package in enumerate(layer):
        left = MARGIN + place * (wide + GAP)
        fill, line = COLOURS[sides.get(package, "")]
        size = f'width="{wide:.0f}" height="{ROW - 8}" rx="5"'
        yield f'<rect x="{left:.0f}" y="{top}" {size} fill="{fill}" stroke="{line}"/>'
        yield _text(left + wide / 2, top + 18, package, size=14, weight="bold", anchor="middle")
        for number, said in enumerate(
            wrap(_purpose(package), int((wide - 12) / LETTER), max_lines=2, placeholder=" …")
        ):
            yield _text(left + wide / 2, top + 34 + number * 14, said, size=11, anchor="middle")


def _legend(top: int, contracts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    left = float(MARGIN)
    for side, said in (("people", "the people side"), ("processes", "the side of the processes"), ("", "serving both")):
        fill, line = COLOURS[side]
        yield f'<rect x="{left:.0f}" y="{top - 11}" width="14" height="14" fill="{fill}" stroke="{line}"/>'
        yield _text(left + 20, top, said, size=12)
        left += 220
    yield _text(MARGIN, top + LINE, "Held by make check:", size=12, weight="bold")
    for number, contract in enumerate(contracts, start=2):
        yield _text(MARGIN, top + number * LINE, f"· {contract['name']}", size=12)


def _text(x: float, y: float, said: str, *, size: int, weight: str = "normal", anchor: str = "start") -> str:
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x:.0f}" y="{y:.0f}" {style} fill="#222">{escape(said)}</text>'


def _packages(line: str) -> list[str]:
    return re.findall(r"\w+", line)


def _last(module: str) -> str:
    return module.rpartition(".")[2]


def _purpose(package: str) -> str:
    """The first sentence of the package's docstring, without what is in brackets."""
    folder = HOME / "service" / package
    source = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    said = (ast.get_docstring(ast.parse(source.read_text())) or "").split("\n")[0]
    plain = re.sub(r" \([^)]*\)|``", "", said)
    return re.split(r"[.](?= |$)", plain)[0]


if __name__ == "__main__":
    main()
