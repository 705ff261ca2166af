"""Files as people attach them: small ones that are what their names say."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy.orm import Session

from service.storage import Received, receive, store_of

PDF = b"%PDF-1.7 paper"
PNG = b"\x89PNG\r\n\x1a\npicture"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 compound"


def received(session: Session, name: str = "材料.pdf", content: bytes = PDF) -> Received:
    """A file in the store of the session's database."""
    return receive(store_of(session), None, name, content)


def packed(**parts: bytes) -> bytes:
    """A packed file of these parts; ``__`` in a name stands for a slash, ``_x_`` for a dot."""
    held = BytesIO()
    with ZipFile(held, "w", ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/").replace("_x_", "."), content)
    return held.getvalue()


OFD = packed(OFD_x_xml=b"<ofd:OFD/>", Doc_0__Document_x_xml=b"<ofd:Document/>")
DOCX = packed(**{"[Content_Types]_x_xml": b"<Types/>", "word__document_x_xml": b"<w:document/>"})
