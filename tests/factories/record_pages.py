"""Pages of records: the names in their lists, the faults at their fields, a picture to upload."""

from __future__ import annotations

import re
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 17 + b"\x00\x00\x00\x00IEND\xaeB`\x82"


def wrong(page: Any) -> list[str]:
    """The fields at which an error stands."""
    return re.findall(r'class="form-error" id="f-(\w+)-error"', page.text)


def names(page: Any) -> list[str]:
    """The names of the rows of a list."""
    return re.findall(r'<td class="matter[^"]*"><a href="[^"]+">([^<]+)</a>', page.text)
