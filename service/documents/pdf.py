"""From template and data to PDF, by Typst."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst

from service.documents.text import printable
from service.documents.type import SUPPLIED_TYPE, faces_of, marked, unprintable
from service.errors import Incident, NotFound
from service.spelling import code_point

SHARED = "common.typ"
"""The part that all templates share: it stands in the house's folder."""
SCREEN_PPI = 90
"""Points an inch of a page that is looked at on a screen."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A made document; ``missing`` are the characters that it could not show and marks, in the order of the paper."""

    content: bytes
    missing: tuple[str, ...] = ()


def render_files(
    files: Mapping[str, bytes],
    name: str,
    data: Mapping[str, Any],
    *,
    made_at: datetime,
    house: Path,
    type_folder: Path,
    missing: tuple[str, ...] | None = None,
) -> Printed:
    """The PDF that the template ``name`` among ``files`` makes; they may use what the folder ``house`` shares.

    As ``render``; ``missing`` are the characters of ``data`` that no type has, where that is known already.
    """
    with _laid_out(files, house) as folder:
        template = folder / f"{name}.typ"
        if missing is None:
            return render(template, data, made_at=made_at, type_folder=type_folder)
        return Printed(_compiled(template, data, made_at, type_folder, missing, format="pdf"), missing)


def render_pages(
    files: Mapping[str, bytes],
    name: str,
    data: Mapping[str, Any],
    *,
    made_at: datetime,
    house: Path,
    type_folder: Path,
    missing: tuple[str, ...],
) -> list[bytes]:
    """As ``render_files``: a picture (PNG) of each page, to be looked at on a screen.

    ``missing`` are the characters of ``data`` that no type has: to find them takes longer than all else.
    """
    with _laid_out(files, house) as folder:
        made = _compiled(folder / f"{name}.typ", data, made_at, type_folder, missing, format="png", ppi=SCREEN_PPI)
    return made if isinstance(made, list) else [made]


@contextmanager
def _laid_out(files: Mapping[str, bytes], house: Path) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        for file, content in {SHARED: (house / SHARED).read_bytes(), **files}.items():
            (Path(folder) / file).write_bytes(content)
        yield Path(folder)


def render(template: Path, data: Mapping[str, Any], *, made_at: datetime, type_folder: Path) -> Printed:
    """The PDF that ``template`` (a .typ file) makes of ``data`` (JSON).

    The template reads ``data`` as ``json(bytes(sys.inputs.data))`` and the names of the type to use, best first, as
    ``json(bytes(sys.inputs.type))``; it can read files of its own folder only. ``made_at`` (aware) is the date that
    the PDF carries: the same data, moment and type give the same bytes. Raises Invalid for too much text, NotFound for
    a missing template, Incident where the type is not installed or the template fails.

    A character that no installed type has is printed as ``MARK``; the template reads which these are as
    ``json(bytes(sys.inputs.missing))`` and says so on the paper.
    """
    _require(template)
    missing = unprintable(printable(dict(data)), type_folder)
    return Printed(_compiled(template, data, made_at, type_folder, missing, format="pdf"), missing)


def _require(template: Path) -> None:
    if not template.is_file():
        raise NotFound(f"没有打印模板 {template.name}")


def _compiled(
    template: Path, data: Mapping[str, Any], made_at: datetime, type_folder: Path, missing: tuple[str, ...], **how: Any
) -> Any:
    _require(template)
    faces, office = faces_of(type_folder)
    fit = printable(dict(data))
    inputs = {
        "data": json.dumps(marked(fit, missing), ensure_ascii=False, sort_keys=True),
        "type": json.dumps([*office, SUPPLIED_TYPE], ensure_ascii=False),
        "missing": json.dumps([code_point(sign) for sign in missing]),
    }
    try:
        return typst.compile(
            str(template),
            root=str(template.parent),
            font_paths=faces,
            sys_inputs=inputs,
            timestamp=int(made_at.timestamp()),
            **how,
        )
    except typst.TypstError as error:
        raise Incident(f"打印模板 {template.name} 有误：{error.message}") from error
