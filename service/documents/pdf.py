"""From template and data to PDF, by Typst."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst
from pypdf import PdfWriter

from service.documents.text import printable
from service.documents.type import SUPPLIED_TYPE, faces_of, marked, official_faces, unprintable
from service.errors import Incident, NotFound
from service.spelling import code_point

SHARED = "common.typ"
"""The part that all templates share: it stands in the house's folder."""
STANDARD = "a-2b"
"""Papers are PDF/A-2b (ISO 19005-2): the type is in the file, and nothing in it needs anything from outside."""
SCREEN_PPI = 90
"""Points an inch of a page that is looked at on a screen."""

_PLACE = re.compile(r"┌─ ([^\n]*?\.typ):(\d+):\d+")


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


def bound(papers: Iterable[bytes]) -> bytes:
    """Several PDFs one after the other as one file, which is PDF/A as its first is: it keeps what that one declares."""
    first, *others = papers
    writer, made = PdfWriter(clone_from=BytesIO(first)), BytesIO()
    for paper in others:
        writer.append(BytesIO(paper))
    writer.write(made)
    return made.getvalue()


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
        "faces": json.dumps(_official(type_folder), ensure_ascii=False),
        "missing": json.dumps([code_point(sign) for sign in missing]),
    }
    if how["format"] == "pdf":
        how["pdf_standards"] = [STANDARD]
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
        raise Incident(f"打印模板 {template.name} 有误：{_where(error, template.name)}{error.message}") from error


def _official(type_folder: Path) -> dict[str, list[str]]:
    """The names of each kind of face that there is; a template uses that of the body for the others."""
    return {kind: [*names, SUPPLIED_TYPE] for kind, names in official_faces(type_folder).items() if names}


def _where(error: typst.TypstError, name: str) -> str:
    """The line that an error is about: of the template itself if the error names it, else of the shared part."""
    found: dict[str, str] = {}
    for file, line in _PLACE.findall(error.diagnostic or ""):
        found.setdefault(Path(file).name, line)
    if name in found:
        return f"第 {found[name]} 行，"
    return "".join(f"{file} 第 {line} 行，" for file, line in list(found.items())[:1])
