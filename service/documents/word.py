"""From template and data to a Word document, by docxtpl."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from docx.opc.exceptions import OpcError
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from service.documents.pdf import Printed
from service.documents.text import printable
from service.errors import Incident, NotFound

_log = logging.getLogger(__name__)


def render_word(template: Path, data: Mapping[str, Any]) -> Printed:
    """The .docx that ``template`` (a .docx of the office with ``{{ … }}`` in it) makes of ``data`` (JSON).

    Text that people typed is put in as text: it can be neither markup nor template. The template itself runs in a
    sandbox. Raises Invalid for too much text, NotFound for a missing template, Incident where the template fails.
    """
    if not template.is_file():
        raise NotFound(f"没有打印模板 {template.name}")
    made = BytesIO()
    try:
        document = DocxTemplate(str(template))
        document.render(printable(dict(data)), SandboxedEnvironment(undefined=StrictUndefined, autoescape=True))
        document.save(made)
    except (TemplateError, OpcError, zipfile.BadZipFile, KeyError, ValueError) as error:
        _log.warning("a Word template fails", exc_info=error)
        line = f"第 {error.lineno} 行" if isinstance(error, TemplateSyntaxError) else "其中的 {{ … }}"
        raise Incident(f"Word 模板 {template.name} 有误，请核对{line}；详情见技术日志") from error
    return Printed(made.getvalue())
