"""Files that go out: one answer that is a download."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import file_digest
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import quote

from flask import Response, send_file

from service.documents import HEADER, MEDIA_TYPES, Printed
from service.spelling import code_point

PIECE = 64 * 1024
_IN_ASCII = str.maketrans({"时": "-", "分": ""})


def called(answer: Response, name: str) -> Response:
    """Says that the answer is a file ``name``: in full, and in ASCII for clients that read no other.

    The ASCII name begins with a letter or digit; the hour and minute in it (``20时26分``) stay two numbers.
    """
    kept = (one for one in name.translate(_IN_ASCII) if one.isascii() and one.isprintable() and one not in '"\\')
    short = "".join(kept).strip(" .-_()")
    suffix = Path(name).suffix
    if not short or not short.endswith(suffix):
        short = f"file{suffix}" if suffix.isascii() and suffix.isprintable() else "file"
    kind = str(answer.headers.get("Content-Disposition", "attachment")).partition(";")[0]
    full = "" if short == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    answer.headers["Content-Disposition"] = f'{kind}; filename="{short}"{full}'
    return answer


def download(content: bytes, media_type: str, name: str, *, save: bool = True) -> Response:
    """A file as an answer that nobody keeps; ``save``: never shown as a page of this service."""
    answer = called(send_file(BytesIO(content), mimetype=media_type, as_attachment=save, download_name=name), name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


class Written(Response):
    """A long file as an answer, read from the disk while it leaves. ``sha256``: of its bytes, in hexadecimal digits."""

    sha256: str


def written(write: Callable[[Path], object], media_type: str, name: str) -> Written:
    """A file that ``write`` puts at a path, as an answer: long ones are never held in memory."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path)
        size = path.stat().st_size
        content = path.open("rb")  # it stays readable when the folder is gone
    answer = Written(_read(content), mimetype=media_type)
    answer.sha256 = file_digest(content, "sha256").hexdigest()
    content.seek(0)
    answer.content_length = size
    answer.call_on_close(content.close)
    answer.headers["Content-Disposition"] = "attachment"
    answer.headers["Cache-Control"] = "no-store"
    called(answer, name)
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
