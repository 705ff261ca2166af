"""From template and data to a Word document, by docxtpl."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from lxml.etree import tostring

from service.documents.pdf import Printed
from service.documents.text import printable
from service.documents.word_faults import fault_of, unfit
from service.errors import Incident, LiaisonError, NotFound

_log = logging.getLogger(__name__)

STAMP_WIDTHS: Mapping[str, float] = {"seal": 42, "signature": 30}
"""Millimetres that a seal and a signature are wide, as in ``common.typ``."""


def render_word(template: Path, data: Mapping[str, Any]) -> Printed:
    """The .docx that ``template`` (a .docx of the office with ``{{ … }}`` in it) makes of ``data`` (JSON).

    Text that people typed is put in as text: it can be neither markup nor template. The template itself runs in a
    sandbox. Raises Invalid for too much text, NotFound for a missing template, Incident where the template fails.
    """
    if not template.is_file():
        raise NotFound(f"没有打印模板 {template.name}")
    return word_of(template.read_bytes(), template.name, data)


def word_of(template: bytes, name: str, data: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> Printed:
    """As ``render_word``, of the content of a template whose file is called ``name``.

    ``files`` are the pictures that ``data["stamps"]`` names: where a paper bears a seal, ``{{ stamps.seal }}`` is it.
    """
    made = BytesIO()
    if (fault := unfit(template)) is not None:
        raise Incident(f"Word 模板 {name} 有误：{fault}")
    try:
        document = DocxTemplate(BytesIO(template))
        given = {**printable(dict(data)), **_stamps(document, data, files or {})}
        document.render(given, SandboxedEnvironment(undefined=StrictUndefined, autoescape=True))
        document.save(made)
    except LiaisonError:
        raise
    except Exception as error:  # a template is somebody's program: it may fail in any way
        _log.warning("a Word template fails", exc_info=error)
        raise Incident(f"Word 模板 {name} 有误：{fault_of(template, error)}") from error
    return Printed(made.getvalue())


def word_fault(template: bytes, name: str, data: Mapping[str, Any]) -> str | None:
    """Why a template cannot be filled in with ``data``, in Chinese with the place; None where it can."""
    try:
        word_of(template, name, data)
    except LiaisonError as error:
        return error.message
    return None


class _Stamp(InlineImage):  # type: ignore[misc]  # the library ships no types
    """A picture that lies over the words beside it, as a seal does: ``InlineImage`` would push them away."""

    def _insert_image(self) -> str:
        pic = self.tpl.current_rendering_part.new_pic_inline(self.image_descriptor, self.width, self.height)
        extent, properties, frame, graphic = (
            _plain(pic, name) for name in ("extent", "docPr", "cNvGraphicFramePr", "graphic")
        )
        anchor = _ANCHOR.format(
            right=Mm(2), above=-Mm(16), extent=extent, properties=properties, frame=frame, graphic=graphic
        )
        return f'</w:t></w:r><w:r><w:drawing>{anchor}</w:drawing></w:r><w:r><w:t xml:space="preserve">'


_ANCHOR = (
    '<wp:anchor xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" distT="0" distB="0" '
    'distL="0" distR="0" simplePos="0" relativeHeight="251658240" behindDoc="0" locked="0" layoutInCell="1" '
    'allowOverlap="1"><wp:simplePos x="0" y="0"/>'
    '<wp:positionH relativeFrom="character"><wp:posOffset>{right}</wp:posOffset></wp:positionH>'
    '<wp:positionV relativeFrom="paragraph"><wp:posOffset>{above}</wp:posOffset></wp:positionV>'
    "{extent}<wp:wrapNone/>{properties}{frame}{graphic}</wp:anchor>"
)


def _plain(pic: Any, name: str) -> str:
    """A part of an inline picture as XML text."""
    [found] = pic.xpath(f"./*[local-name()='{name}']")
    return tostring(found, encoding="unicode")


def _stamps(document: DocxTemplate, data: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """``stamps`` as templates read it: pictures in place of the names of files; of data without any nothing."""
    named = data.get("stamps")
    if not isinstance(named, Mapping):
        return {}
    found = {
        kind: _Stamp(document, BytesIO(files[name]), width=Mm(STAMP_WIDTHS.get(kind, 30))) if name in files else ""
        for kind, name in named.items()
    }
    return {"stamps": found}
