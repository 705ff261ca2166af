"""Files that go out: one answer that is a download."""

from __future__ import annotations

from io import BytesIO

from flask import Response, send_file

from service.documents import HEADER, MEDIA_TYPES, Printed
from service.spelling import code_point


def download(content: bytes, media_type: str, name: str, *, save: bool = True) -> Response:
    """A file as an answer that nobody keeps; ``save``: never shown as a page of this service."""
    answer = send_file(BytesIO(content), mimetype=media_type, as_attachment=save, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def printed(made: Printed, name: str, kind: str = "pdf", *, save: bool = True) -> Response:
    """A ``pdf`` or ``docx`` as an answer, whose header names the characters that it could not show."""
    answer = download(made.content, MEDIA_TYPES[kind], f"{name}.{kind}", save=save)
    if made.missing:
        answer.headers[HEADER] = " ".join(map(code_point, made.missing))
    return answer
