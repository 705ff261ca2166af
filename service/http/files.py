"""Files that go out: one answer that is a download."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from flask import Response, send_file

from service.documents import HEADER, MEDIA_TYPES, Printed
from service.spelling import code_point

PIECE = 64 * 1024


def download(content: bytes, media_type: str, name: str, *, save: bool = True) -> Response:
    """A file as an answer that nobody keeps; ``save``: never shown as a page of this service."""
    answer = send_file(BytesIO(content), mimetype=media_type, as_attachment=save, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def written(write: Callable[[Path], object], media_type: str, name: str) -> Response:
    """A file that ``write`` puts at a path, as an answer: long ones are never held in memory."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path)
        size = path.stat().st_size
        content = path.open("rb")  # it stays readable when the folder is gone
    answer = send_file(content, mimetype=media_type, as_attachment=True, download_name=name)
    answer.direct_passthrough, answer.response = False, _read(content)
    answer.content_length = size
    answer.call_on_close(content.close)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _read(content: BinaryIO) -> Iterator[bytes]:
    """A file piece by piece, closed when all is read."""
    with content:
        yield from iter(lambda: content.read(PIECE), b"")


def printed(made: Printed, name: str, kind: str = "pdf", *, save: bool = True) -> Response:
    """A ``pdf`` or ``docx`` as an answer, whose header names the characters that it could not show."""
    answer = download(made.content, MEDIA_TYPES[kind], f"{name}.{kind}", save=save)
    if made.missing:
        answer.headers[HEADER] = " ".join(map(code_point, made.missing))
    return answer
