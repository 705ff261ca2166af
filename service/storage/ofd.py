"""The words of an OFD file (GB/T 33190), so that a page can show what it is about. Pure."""

from __future__ import annotations

import re
from io import BytesIO
from zipfile import ZipFile

from lxml import etree

from service.storage.rules import UNREADABLE

LONGEST = 3000
"""Characters that are shown."""
LARGEST = 2_000_000
"""Bytes of the pages' parts that are read together; a page of a letter has some ten thousand."""
MOST_PAGES = 30
MOST_LINES = 2000
_PAGE = re.compile(r"(?:^|/)Pages/Page_(\d+)/Content\.xml$")


def words_of(content: bytes) -> str:
    """The text of the pages, a run of letters a line, at most ``LONGEST`` characters; '' where none can be read.

    Pictures, drawings and layout are left out: no permissive library draws them.
    """
    lines: list[str] = []
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        with ZipFile(BytesIO(content)) as packed:
            pages = [(int(found[1]), one) for one in packed.infolist() if (found := _PAGE.search(one.filename))]
            room = LARGEST
            for _, part in sorted(pages, key=lambda page: page[0])[:MOST_PAGES]:
                room -= part.file_size
                if room < 0 or len(lines) > MOST_LINES or sum(map(len, lines)) >= LONGEST:
                    break
                lines += _runs(etree.fromstring(packed.read(part), parser))
    except (*UNREADABLE, etree.XMLSyntaxError):
        pass  # what was read until then is shown
    return "\n".join(lines)[:LONGEST]


def _runs(page: etree._Element) -> list[str]:
    found = ("".join(map(str, one.itertext("{*}TextCode"))).strip() for one in page.iter("{*}TextObject"))
    return [one for one in found if one]
