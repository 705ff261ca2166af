"""Files that come in and go out: one part of a multipart body, one answer that is a download."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Response, request, send_file
from werkzeug.exceptions import UnsupportedMediaType

from service.api.calls import BYTES
from service.documents import HEADER, MEDIA_TYPES, Printed
from service.errors import Finding, Invalid
from service.spelling import code_point

ENVELOPE = 100_000
"""Bytes that a multipart body may have beyond its file."""


def one_file(name: str, description: str) -> dict[str, Any]:
    """The schema of a multipart body of one file, the part ``name``."""
    return {"type": "object", "required": [name], "properties": {name: {**BYTES, "description": description}}}


def uploaded(name: str, please: str) -> tuple[str, bytes]:
    """The file name and content of the one part ``name`` that a multipart body holds.

    Raises ``UnsupportedMediaType``, and ``Invalid``: ``please`` where the file is missing, or what else came.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    files = request.files.getlist(name)
    if unknown := sorted({*request.form, *request.files} - {name}):
        raise Invalid("有未知的字段", [Finding(f"/{one}", "没有这个字段，请删去") for one in unknown])
    if not files or not files[0].filename:
        raise Invalid(please, [Finding(f"/{name}", please)])
    if len(files) > 1:
        raise Invalid("一次只能上传一个文件", [Finding(f"/{name}", "一次只能上传一个文件，请逐个上传")])
    return files[0].filename, files[0].read()


def download(content: bytes, media_type: str, name: str) -> Response:
    """A file as an answer: saved by a browser, never shown as a page of this service."""
    return send_file(BytesIO(content), mimetype=media_type, as_attachment=True, download_name=name)


def printed(made: Printed, name: str, kind: str) -> Response:
    """A ``pdf`` or ``docx`` as an answer, whose header names the characters that it could not show."""
    answer = download(made.content, MEDIA_TYPES[kind], f"{name}.{kind}")
    if made.missing:
        answer.headers[HEADER] = " ".join(map(code_point, made.missing))
    return answer
