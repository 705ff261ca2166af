"""Files that come in: one part of a multipart body."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from service.api.calls import BYTES
from service.errors import Finding, Invalid

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
    content = files[0].read()
    files[0].seek(0)  # what tells a repeated request from another reads it too
    return files[0].filename, content
