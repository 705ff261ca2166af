"""What of a talent is shown to whom. Pure."""

from __future__ import annotations

import re

TALENT_ID = re.compile(r"T[0-9]{4,9}")
LOWEST_CATEGORY, HIGHEST_CATEGORY = 1, 4
LOWEST_TYPE, HIGHEST_TYPE = 1, 5

CATEGORIES = {1: "一类人才", 2: "二类人才", 3: "三类人才", 4: "四类人才"}
"""Recognized talents (S1)."""

TYPES = {
    1: "诺贝尔奖得主、两院院士、战略科学家",
    2: "国家级领军人才",
    3: "省级领军人才",
    4: "地方级领军人才",
    5: "其他有突出贡献、较大影响力的高层次人才",
}
"""The five groups beside the recognized ones (S1)."""

HEAD, TAIL = 3, 4


def masked(phone: str) -> str:
    """A telephone number of which only the first three and the last four digits show: ``138****0000``.

    A short one shows its last two digits at most.
    """
    digits = "".join(sign for sign in phone if sign.isdigit())
    if len(digits) > HEAD + TAIL:
        return f"{digits[:HEAD]}{'*' * (len(digits) - HEAD - TAIL)}{digits[-TAIL:]}"
    return f"{'*' * (len(digits) - 2)}{digits[-2:]}"


def id_after(last: str | None) -> str:
    """The id that follows ``last`` (``None``: the first): ``T0001``, ``T0002`` …"""
    return f"T{1 if last is None else int(last[1:]) + 1:04d}"
